"""Codecs as straight lines of Python, written for one type: over a tree, or over the text of a message."""
