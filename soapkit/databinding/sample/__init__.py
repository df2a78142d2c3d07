"""Example values of a Shape, valid by all that the schema says."""
