"""What GET hands out: the page, the WSDL and its schemas, with addresses as the caller reached them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from soapkit.operations import Service
from soapkit.server.http import HttpRequest
from soapkit.server.page import page_for
from soapkit.transport.values import Headers, Response

Publish: TypeAlias = Callable[[str], Mapping[str, bytes]]
"""An address -> the documents of the contract with that address in them, by query: ``wsdl``, ``xsd=1``, ..."""

KEPT = 32  # addresses whose documents are kept: the Host header is the caller's, so their number must have an end


@dataclass(frozen=True, slots=True)
class Publication:
    """`publish` None: the contract is not at hand, so only the page is handed out."""

    service: Service
    publish: Publish | None
    _kept: dict[str, Mapping[str, bytes]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def respond(self, request: HttpRequest) -> Response:
        """The response to a GET or HEAD request."""
        parameters = request.parameters
        if not parameters:
            return _page(page_for(self.service, request.address, has_contract=self.publish is not None))
        documents = self._documents(request.address)
        for name, value in parameters.items():
            query = {"singlewsdl": "wsdl"}.get(name, name) + (f"={value}" if value else "")
            document = documents.get(query)
            if document is not None:
                return Response(200, Headers({"Content-Type": "text/xml; charset=utf-8"}), document)
        offered = ", ".join(f"?{query}" for query in documents) or "no documents"
        plain = Headers({"Content-Type": "text/plain; charset=utf-8"})
        return Response(404, plain, f"not found; this service offers {offered}\n".encode())

    def _documents(self, address: str) -> Mapping[str, bytes]:
        if self.publish is None:
            return {}
        with self._lock:
            if address not in self._kept:
                if len(self._kept) >= KEPT:
                    self._kept.pop(next(iter(self._kept)))
                self._kept[address] = self.publish(address)
            return self._kept[address]


def _page(html: str) -> Response:
    return Response(
        200,
        Headers(
            {
                "Content-Type": "text/html; charset=utf-8",
                # a contract's text is a stranger's: nothing in it may run, load or frame anything
                "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
                "form-action 'none'; frame-ancestors 'none'",
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",
            }
        ),
        html.encode(),
    )
