"""What generated code raises when a message is not what it expects: the walkers then look for themselves."""

from __future__ import annotations


class Surprise(Exception):
    """Never leaves `soapkit.databinding`: `Codec` answers it by walking the whole message."""
