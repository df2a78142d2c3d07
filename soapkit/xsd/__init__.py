"""XML Schema: documents -> components -> Shapes, and back."""
