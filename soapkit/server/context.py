"""Call: what a handler, or an interceptor, may know of the call it serves, beside the parameters."""

# ruff: noqa: RUF008, RUF009  (a Struct copies its defaults; the linter takes Call for a dataclass alone)

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from soapkit.attachment import Attachment
from soapkit.errors import UsageError
from soapkit.operations import Operation
from soapkit.server.certificates import CertificateHeader, ClientCertificate, certificate_of
from soapkit.server.http import HttpRequest
from soapkit.soap.envelope import Envelope
from soapkit.soap.security_result import SecurityResult
from soapkit.soap.wire import Unparsed
from soapkit.transport.values import Response
from soapkit.ws.addressing import Properties

# RFC 9110, 5.6.2 and 5.5: what a field's name and value are made of; a line break would begin another field.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
# What frames the message: the host's and soapkit's to say, and wrong from anybody else.
_FRAMING = frozenset({"connection", "content-encoding", "content-length", "content-type", "transfer-encoding"})
_WITHOUT_BODY = frozenset({204, 205, 304})


class ResponseHead(msgspec.Struct):
    """What the HTTP response says around the reply, or the fault: `headers` are added to soapkit's own, or take their
    place; `status` None: as the SOAP binding has it."""

    status: int | None = None
    headers: dict[str, str] = {}

    def put_on(self, response: Response) -> Response:
        """A response with these. Raises `UsageError` for what HTTP cannot carry."""
        if self.status is None and not self.headers:
            return response
        for name, value in self.headers.items():
            if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
                raise UsageError(f"no HTTP header field: {name!r}: {value!r}", bare=f"no HTTP header field: {name!r}")
            if name.lower() in _FRAMING:
                raise UsageError(f"{name} is said by soapkit, not by call.response")
        if self.status is not None and (not 200 <= self.status <= 599 or self.status in _WITHOUT_BODY):
            raise UsageError(f"no status of a response with a body: {self.status}")
        return replace(
            response, status=self.status or response.status, headers=response.headers.with_(*self.headers.items())
        )


@dataclass(init=False, repr=False, eq=False, match_args=False)  # so that dataclasses.replace() takes it
class Call(msgspec.Struct, frozen=True):
    """A handler gets it by annotating a parameter: ``def transfer(self, *, source: str, ..., call: Call)``.

    `value`: the request's record; `headers`: its declared header blocks, typed, by part name; `envelope`: the whole
    message, as the security layer let it through; `security`: who signed, what was covered, None without security;
    `addressing`: its WS-Addressing properties, None where it has none; `http`: the request around it;
    `client_certificate`: whom TLS says it is from; `deadline`: when the answer must be there, by ``time.monotonic()``;
    `job`: the number of a call that goes through a dispatcher, the same each time it is performed; `taken_up`: whether
    it was taken from the queue, rather than is on its way there;
    `attachments`: what came beside the envelope. `reply_headers`: put the reply's declared header blocks here, by part
    name; `reply_parts`: the parts that the contract sends beside the reply, by name, bytes or an `Attachment`;
    `reply_attachments`: put here what else is to travel beside the reply; `response`: status and header fields of the
    HTTP response around the reply, or around the fault.
    """

    operation: Operation[Any, Any]
    headers: Mapping[str, Any]
    message: Envelope | Unparsed
    security: SecurityResult | None
    http: HttpRequest
    reply_headers: dict[str, object] = {}
    attachments: tuple[Attachment, ...] = ()
    reply_attachments: list[Attachment] = []
    reply_parts: dict[str, Attachment | bytes] = {}
    value: Any = None
    addressing: Properties | None = None
    response: ResponseHead = msgspec.field(default_factory=ResponseHead)
    deadline: float | None = None
    certificate_header: CertificateHeader | None = None
    job: str | None = None
    taken_up: bool = False
    told_certificate: ClientCertificate | None = None

    def __repr__(self) -> str:
        return f"Call({self.operation.name!r}, {self.http!r})"

    @property
    def envelope(self) -> Envelope:
        """The whole message as a tree, as the security layer let it through; parsed now where nobody needed it yet."""
        return self.message if isinstance(self.message, Envelope) else self.message.envelope

    @property
    def client_certificate(self) -> ClientCertificate | None:
        """The certificate that the caller showed when it connected (mutual TLS), None where it showed none: as the
        server says, or a proxy that the service believes (`soapkit.server.certificates`)."""
        return self.told_certificate or certificate_of(self.http, self.certificate_header)

    @property
    def seconds_left(self) -> float | None:
        """The seconds until the `deadline`, for a timeout of what the handler waits for; None without one."""
        return None if self.deadline is None else max(self.deadline - time.monotonic(), 0.0)
