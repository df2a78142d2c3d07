"""Contracts: WSDL -> Operations, and back."""
