"""The API server, read-only. Knows Kubernetes; knows neither MCP nor OIDC."""
