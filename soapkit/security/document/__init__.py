"""XML Signature and XML Encryption of plain documents, without an envelope."""
