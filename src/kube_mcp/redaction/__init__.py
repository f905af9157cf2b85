"""What looks like a credential is masked here, once, before anything above the client sees it.

Pure functions of their arguments: objects and text in, the same with ``<masked: 24 chars>`` out.
Names decide first (`names`), then values (`values`, `patterns`); references stay readable.
"""
