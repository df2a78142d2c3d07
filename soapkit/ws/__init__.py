"""Other header specifications."""
