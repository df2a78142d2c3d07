"""What a host answers to a request that no endpoint gets to see: too large, too slow, too many, cut short.

Each is a fault in the SOAP version of the request, so that a SOAP client can tell what happened; the HTTP status is
that of the HTTP condition (RFC 9110, 15.5 and 15.6), since the message itself was never processed.
"""

from __future__ import annotations

from dataclasses import replace

from soapkit.exchange.faults import plain_fault
from soapkit.soap.envelope import Draft
from soapkit.transport.binding import announced, response_for, version_of_media_type
from soapkit.transport.values import Headers, Response

_CLOSE = ("Connection", "close")  # the rest of the request would else be read as the next one


def is_announced_too_large(headers: Headers, limit: int) -> bool:
    """Whether the Content-Length of a request is beyond `limit`: then none of it need be read."""
    return headers.known(announced).length > limit


def too_large(headers: Headers, limit: int) -> Response:
    """413: the body is larger than `limit` bytes."""
    return _refused(headers, 413, "Sender", f"the request is too large; at most {limit:,} bytes are read", _CLOSE)


def too_slow(headers: Headers, seconds: float) -> Response:
    """408: the request did not arrive in time (RFC 9110, 15.5.9)."""
    return _refused(headers, 408, "Sender", f"the request did not arrive within {seconds:g} s", _CLOSE)


def cut_short(headers: Headers) -> Response:
    """400: the body ended before its announced length; mostly told to nobody."""
    return _refused(headers, 400, "Sender", "the request was cut short", _CLOSE)


def too_many(headers: Headers, retry_after: int) -> Response:
    """503 with Retry-After: as many requests are in flight as may be."""
    reason = "the service is at its limit; try again later"
    return _refused(headers, 503, "Receiver", reason, ("Retry-After", str(retry_after)), _CLOSE)


def _refused(headers: Headers, status: int, code: str, reason: str, *fields: tuple[str, str]) -> Response:
    version = version_of_media_type(headers.get("content-type"))
    if version is None:
        plain = Headers((("Content-Type", "text/plain; charset=utf-8"), *fields))
        return Response(status, plain, f"{reason}\n".encode())
    body = Draft(version, plain_fault(version, code, reason)).to_bytes()
    response = response_for(version, body, status=status)
    return replace(response, headers=response.headers.with_(*fields))
