"""Python values and their shapes: the first waist of the house."""
