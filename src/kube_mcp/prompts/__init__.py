"""Questions people ask again and again, ready to be filled in: one file is one prompt.

A prompt is text for a model that has this server's tools; it reads no cluster itself.
"""
