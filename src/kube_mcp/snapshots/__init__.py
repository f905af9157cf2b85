"""A cluster made of files: answers the same paths as an API server, from objects in memory.

Reads and writes the folder a snapshot is, and prints tables as the API server does. Knows
neither MCP nor the client above it, which cannot tell this from the real thing.
"""
