"""Codecs by table: the reference that compiled ones must agree with, and what tells all that is wrong with a value."""
