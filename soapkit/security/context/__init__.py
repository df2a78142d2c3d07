"""Security contexts (WS-SecureConversation): a secret that both sides agreed on, and where it is kept."""
