"""Hosting operations."""
