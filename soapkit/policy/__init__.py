"""What a contract demands of security, as settings."""
