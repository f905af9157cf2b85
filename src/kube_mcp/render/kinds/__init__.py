"""What is worth saying first about an object of a known kind: one file is one family of kinds.

Every function takes a masked object and the moment, and returns lines; a missing or malformed
field is left out, never an error.
"""
