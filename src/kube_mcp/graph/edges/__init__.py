"""One file is one relation: the kinds it reads, and the edges it draws between their objects.

An edge points from the object whose fields (or whose existence) make the relation.
"""
