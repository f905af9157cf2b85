"""The small languages Kubernetes writes in fields: quantities, selectors, times.

Pure functions of their arguments, beside `kube_mcp.objects` in the lowest layer.
"""
