"""Joins "who is calling" to "read as whom": `Cluster` is all that a tool may touch.

What leaves here is bounded, already masked, and honest about what could not be read.
"""
