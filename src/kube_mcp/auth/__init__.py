"""Who is calling: turns a bearer token into a `Caller`, or into one coded reason why not.

Knows OpenID Connect and OAuth words only; knows neither Kubernetes nor MCP.
"""
