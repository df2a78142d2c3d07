"""A call that was received -> Job, and back: what of a call goes through a queue.

Not what only the connection has, nor keys: who signed is told, which parts were signed is not, so that a handler which
asks finds nothing signed. A reply that is to be encrypted under a key that came with its request cannot be.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from soapkit.exchange.processor import Received
from soapkit.server.context import Call
from soapkit.server.dispatch import Job
from soapkit.server.http import HttpRequest
from soapkit.soap.envelope import Envelope
from soapkit.soap.security_result import SecurityResult
from soapkit.soap.wire import Unparsed
from soapkit.transport.binding import action_of, request_for
from soapkit.transport.values import Headers

# What stays behind: credentials, and what describes the bytes that came rather than those that go.
_LEFT = {
    "authorization",
    "proxy-authorization",
    "cookie",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "soapaction",
    "transfer-encoding",
}


def new_job_id() -> str:
    """A number for a job."""
    return str(uuid.uuid4())


def job_of(call: Call, received: Received, path: str, *, xop: bool) -> Job:
    """What goes through the queue. `xop`: whether the message came as MTOM."""
    message = received.message
    envelope = message.body if isinstance(message, Unparsed) else message.to_bytes()
    http = call.http
    action = call.addressing.action if call.addressing is not None else action_of(received.version, http.headers)
    request = request_for(http.address, received.version, action, envelope, attachments=received.attachments, xop=xop)
    certificate, hidden = call.client_certificate, set(_LEFT)
    if call.certificate_header is not None:
        hidden.add(call.certificate_header.name.lower())
    security = received.security
    return Job(
        id=call.job or new_job_id(),
        path=path,
        operation=received.operation.name,
        body=request.body if request.stream is None else b"".join(request.stream),
        content_type=request.headers.get("content-type", ""),
        action=action,
        headers=tuple(pair for pair in http.headers.pairs if pair[0].lower() not in hidden),
        address=http.address,
        client=http.client,
        secured=security is not None,
        signer=_der(security.signer) if security is not None else b"",
        signer_name=security.signer_name if security is not None else "",
        username=security.username if security is not None else None,
        certificate=certificate.der if certificate is not None else b"",
    )


def request_of(job: Job) -> HttpRequest:
    """The request that a job came from, as far as it went through the queue."""
    url = urlsplit(job.address)
    fields = [("Content-Type", job.content_type), *([("SOAPAction", f'"{job.action}"')] if job.action else [])]
    return HttpRequest(
        "POST",
        url.path,
        headers=Headers([*job.headers, *fields]),
        body=job.body,
        scheme=url.scheme or "http",
        server=url.netloc or "localhost",
        client=job.client,
    )


def security_of(job: Job, envelope: Envelope) -> SecurityResult | None:
    """What was believed of the message when it came; None where nothing was asked of it."""
    if not job.secured:
        return None
    signer = _certificate(job.signer) if job.signer else None
    return SecurityResult(envelope, signer=signer, signer_name=job.signer_name, username=job.username)


def _der(certificate: Any) -> bytes:
    write: Callable[..., bytes] | None = getattr(certificate, "public_bytes", None)
    if write is None:
        return b""
    from cryptography.hazmat.primitives.serialization import Encoding  # whoever verified has it

    return write(Encoding.DER)


def _certificate(der: bytes) -> Any:
    from cryptography.x509 import load_der_x509_certificate

    return load_der_x509_certificate(der)
