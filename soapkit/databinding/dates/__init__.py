"""Dates, times and durations as XSD has them, beyond what the standard library holds."""
