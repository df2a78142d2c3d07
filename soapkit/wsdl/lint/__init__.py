"""The WS-I Basic Profile on descriptions: which of its requirements a contract breaks."""
