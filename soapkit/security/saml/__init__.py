"""SAML assertions, 1.1 and 2.0: written, read, believed, confirmed."""
