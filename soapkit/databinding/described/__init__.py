"""Annotated classes read: their fields, their texts, the shapes of their annotations."""
