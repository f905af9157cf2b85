"""One file is one check; the file's name, with dashes, is the finding's code.

A check never imports another: what two of them share lives one level up.
"""
