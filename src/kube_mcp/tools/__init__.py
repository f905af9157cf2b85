"""What an assistant can ask: one file is one tool, and the file's name is the tool's name.

A tool turns checked arguments into one bounded text. It reads through `kube_mcp.access.Cluster`
and says it through `kube_mcp.render`; it opens no connection and keeps no state of its own.
"""
