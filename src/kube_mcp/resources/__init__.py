"""Parts of a cluster that have an address, ``k8s://cluster/...``: one file is one of them.

People attach these to a conversation by hand; what a model should find by itself is a tool.
"""
