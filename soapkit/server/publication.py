"""What GET hands out: the pages, the WSDL and its schemas, with addresses as the caller reached them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from soapkit.server.http import HttpRequest
from soapkit.transport.values import Headers, Response
from soapkit.xml.serialise import escape_attribute

if TYPE_CHECKING:
    from soapkit.server.page.site import Site, Visit

Publish: TypeAlias = Callable[[str], Mapping[str, bytes]]
"""An address -> the documents of the contract with that address in them, by query: ``wsdl``, ``xsd=1``, ..."""

SINGLE = "singlewsdl"  # as .NET names it: the whole contract in one document
_HERE = "{scheme}://address.invalid/d41f7c"  # stands for the address in documents that are kept


@dataclass(frozen=True, slots=True)
class Publication:
    """`site`: the pages, made when the first is asked for. `publish` None: the contract is not at hand, so only the
    pages are handed out. `try_it`: whether the pages offer a form that calls the service; None: to browsers on this
    machine, that asked for this machine."""

    site: Callable[[], Site]
    publish: Publish | None
    try_it: bool | None = None
    _kept: dict[str, Mapping[str, bytes]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def respond(self, request: HttpRequest) -> Response:
        """The response to a GET or HEAD request."""
        parameters = request.parameters
        here = _HERE.format(scheme=request.address.partition(":")[0])
        documents = self._documents(here)
        for name, value in parameters.items():
            query = name + (f"={value}" if value else "")
            # a contract written from code is one document
            document = documents.get(query) or (documents.get("wsdl") if query == SINGLE else None)
            if document is not None:
                document = document.replace(here.encode(), escape_attribute(request.address).encode())
                return Response(200, Headers({"Content-Type": "text/xml; charset=utf-8"}), document)
        page = self.site().respond(parameters, self._visit(request, _told(documents)))
        if page is not None:
            return page
        offered = ", ".join(f"?{query}" for query in _told(documents)) or "no documents"
        plain = Headers({"Content-Type": "text/plain; charset=utf-8"})
        return Response(404, plain, f"not found; this service offers {offered}\n".encode())

    def _visit(self, request: HttpRequest, documents: tuple[str, ...]) -> Visit:
        from soapkit.server.page.site import Visit  # calls need no pages

        try_it = request.is_local if self.try_it is None else self.try_it
        contract = f"{request.address}?wsdl" if documents else ""
        return Visit(request.address, contract, try_it=try_it, documents=documents)

    def _documents(self, here: str) -> Mapping[str, bytes]:
        """The documents, made once for HTTP and once for HTTPS: under which address they are asked for is up to the
        caller, whose Host header it comes from, and a large contract takes seconds."""
        with self._lock:
            if here not in self._kept:
                self._kept[here] = self.publish(here) if self.publish is not None else {}
            return self._kept[here]


def _told(documents: Mapping[str, bytes]) -> tuple[str, ...]:
    """The queries of the documents that a contract is made of."""
    return tuple(query for query in documents if query != SINGLE)
