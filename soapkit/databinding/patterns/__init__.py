"""The regular expressions of XSD: read, and matched in bounded time."""
