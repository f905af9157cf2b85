"""A read-only Kubernetes MCP server."""

__version__ = "0.1.0"
