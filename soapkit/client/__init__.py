"""Calling operations."""
