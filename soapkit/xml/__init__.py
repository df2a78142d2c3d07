"""XML as a tree: knows no SOAP."""
