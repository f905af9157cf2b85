"""What operators see: logs, metrics and the audit trail, all about calls and never about content.

Nothing here knows Kubernetes or the protocol; layers above hand in words and numbers. Labels of
metrics come from fixed sets only, so that no caller can grow them.
"""
