"""How answers look: one file is one format; data in, text out, within a budget.

Nothing here reads anything. Text that comes from the cluster is framed as data, and what was left
out is always said.
"""
