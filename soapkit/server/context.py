"""Call: what a handler may know of the call it serves, beside its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from soapkit.attachment import Attachment
from soapkit.operations import Operation
from soapkit.server.http import HttpRequest
from soapkit.soap.envelope import Envelope
from soapkit.soap.security_result import SecurityResult
from soapkit.soap.wire import Unparsed


@dataclass(frozen=True, slots=True)
class Call:
    """A handler gets it by annotating a parameter: ``def transfer(self, *, source: str, ..., call: Call)``.

    `headers`: the request's declared header blocks, typed, by part name; `envelope`: the whole message, as the security
    layer let it through; `security`: who signed, what was covered, None without security; `http`: the request around
    it; `attachments`: what came beside the envelope. `reply_headers`: put the reply's declared header blocks here, by
    part name; `reply_parts`: the parts that the contract sends beside the reply, by name, bytes or an `Attachment`;
    `reply_attachments`: put here what else is to travel beside the reply.
    """

    operation: Operation[Any, Any]
    headers: Mapping[str, Any]
    message: Envelope | Unparsed = field(repr=False)
    security: SecurityResult | None
    http: HttpRequest
    reply_headers: dict[str, object] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    reply_attachments: list[Attachment] = field(default_factory=list)
    reply_parts: dict[str, Attachment | bytes] = field(default_factory=dict)

    @property
    def envelope(self) -> Envelope:
        """The whole message as a tree, as the security layer let it through; parsed now where nobody needed it yet."""
        return self.message if isinstance(self.message, Envelope) else self.message.envelope
