"""Where types and messages meet: the journey of a message."""
