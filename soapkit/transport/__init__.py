"""HTTP, as values and as senders."""
