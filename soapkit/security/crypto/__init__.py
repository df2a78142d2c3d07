"""Keys, algorithms, and the two providers of primitives. Knows no message."""
