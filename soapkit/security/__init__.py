"""WS-Security: apply() and verify()."""
