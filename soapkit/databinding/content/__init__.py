"""Which child of a record belongs to which field."""
