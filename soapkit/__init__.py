"""The face of soapkit."""
