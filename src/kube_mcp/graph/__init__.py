"""How the objects of a cluster relate: who owns, selects, uses, routes to, binds and applies whom.

Here belongs what one object's fields say about another, read from a `Scene`; not whether either
is well.
"""
