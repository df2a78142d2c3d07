"""One SOAP message, without I/O."""
