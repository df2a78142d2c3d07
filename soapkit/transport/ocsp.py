"""A question to an OCSP responder by POST: how `soapkit.security.OcspResponders` reach one."""

from __future__ import annotations

from collections.abc import Callable

from soapkit.errors import HttpError
from soapkit.transport.limits import HttpLimits
from soapkit.transport.urllib3 import Urllib3Transport
from soapkit.transport.values import Headers, Request, Transport

_KIND, _ANSWER = "application/ocsp-request", "application/ocsp-response"


def poster(
    transport: Transport | None = None, *, seconds: float = 5.0, largest: int = 65_536
) -> Callable[[str, bytes], bytes]:
    """A function from an address and the bytes of a request to those of the response (RFC 6960, appendix A).

    `seconds`: for the whole exchange; `largest`: bytes of the response. `transport`: the one to use instead, with its
    own TLS settings, proxy and limits; it must follow no redirects, which lead to hosts that nobody allowed.

    Raises `HttpError` for any status but 200 and any other kind of document, and what the transport raises.
    """
    if transport is None:
        limits = HttpLimits(
            bytes=largest, expanded=largest, connect_seconds=seconds, read_seconds=seconds, total_seconds=seconds
        )
        transport = Urllib3Transport(limits=limits)
    used = transport

    def post(address: str, request: bytes) -> bytes:
        fields = Headers({"Content-Type": _KIND, "Accept": _ANSWER})
        response = used.send(Request(address, request, fields))
        kind = (response.headers.get("content-type") or "").partition(";")[0].strip().lower()
        if response.status != 200 or kind != _ANSWER:
            told = f"HTTP {response.status} {response.reason}".strip() if response.status != 200 else kind or "nothing"
            raise HttpError(
                f"{address}: expected an OCSP response, got {told:.120}", status=response.status, body=response.body
            )
        return response.body

    return post
