"""Whom we believe: certificates, chains, names, and whether one was revoked."""
