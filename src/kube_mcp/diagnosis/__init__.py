"""What is wrong with a cluster, and why: small checks over a `Scene`, folded under their causes.

Everything here is a function of its arguments: what was read comes in, findings go out. Reading
is the business of `access`, wording an answer that of `render`.
"""
