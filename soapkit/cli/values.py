"""A value as JSON, as `soapkit call` and `soapkit sample --json` print it."""

from __future__ import annotations

from typing import Any

import msgspec

from soapkit.attachment import Attachment


def as_json(value: Any) -> str:  # Any: whatever class the contract gave
    """The value as indented JSON: binary content as base64, soapkit's own values as XML writes them."""
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=_plain), indent=2).decode()


def _plain(value: Any) -> str | bytes:
    return value.read() if isinstance(value, Attachment) else str(value)
