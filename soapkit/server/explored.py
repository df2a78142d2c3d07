"""The page for a service that runs elsewhere: any contract, its operations tried through a proxy on this machine.

A browser lets a page call its own address only, so messages go through us. What keeps the proxy from being anybody's:
it passes messages on to addresses of an allow-list only; a message must carry a token that only our own page has; and
a request must ask for this machine by a name of its own, whatever some name server says.
"""

from __future__ import annotations

import hmac
import logging
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from soapkit.errors import SoapkitError
from soapkit.exchange.flow import Flow, send
from soapkit.operations import Service
from soapkit.server.asgi import Asgi
from soapkit.server.host import paths_of
from soapkit.server.http import HttpRequest, is_loopback
from soapkit.server.page.site import Site, Visit
from soapkit.soap.version import BY_LABEL
from soapkit.transport.binding import RequestReader, version_of_media_type
from soapkit.transport.hops import url_for_log
from soapkit.transport.limits import DEFAULT_HTTP_LIMITS, HttpLimits
from soapkit.transport.urllib3 import Urllib3Transport
from soapkit.transport.values import Headers, Request, Response, Transport
from soapkit.wsdl.model import Contract

logger = logging.getLogger("soapkit.server")

_PLAIN = Headers({"Content-Type": "text/plain; charset=utf-8"})
_TOKEN_FIELD = "X-Soapkit-Token"  # noqa: S105  the name of a field; of our own pages; a page of another origin cannot send it without asking
SEND = "?send"


def explored(
    contract: Contract,
    *,
    allowed: Iterable[str] = (),
    transport: Transport | None = None,
    token: str | None = None,
    timeout: float = 60.0,
) -> Asgi:
    """An application that shows the page of every service of a contract, each at a path of its own where there are
    several.

    `allowed`: addresses that messages are passed on to; those that the contract gives, unless said. `transport`: what
    sends them, with its TLS settings and logins. `token`: for tests; a random one unless said. `timeout`: seconds.

    >>> explored(soapkit.load_contract("wsdl/bank.wsdl"))           # doctest: +SKIP
    """
    chosen = tuple(allowed)
    given = token or secrets.token_urlsafe(32)
    sender = transport or Urllib3Transport()
    paths = paths_of(contract.services)
    endpoints = {
        f"/{path}".rstrip("/"): Explored(
            _site(service, contract), contract.source, chosen or _addresses(service), sender, given, timeout=timeout
        )
        for path, service in paths.items()
    }
    if len(endpoints) > 1:
        first = next(iter(endpoints.values()))
        endpoints[""] = replace(first, others=tuple((service.name, path) for path, service in paths.items()))
    return Asgi(endpoints)


def _site(service: Service, contract: Contract) -> Site:
    labels = dict.fromkeys(port.version for port in service.ports)
    versions = tuple(BY_LABEL[label] for label in labels)
    return Site(service, contract.shapes, versions) if versions else Site(service, contract.shapes)


def _addresses(service: Service) -> tuple[str, ...]:
    return tuple(dict.fromkeys(port.address for port in service.ports if port.address))


@dataclass(frozen=True, slots=True)
class Explored:
    """One service of a contract, to be looked at. `addresses`: where its messages may go, the first if nothing else is
    said; `others`: the services of the contract with their paths, for the page that lists them."""

    site: Site
    contract: str
    addresses: tuple[str, ...]
    transport: Transport = field(repr=False)
    token: str = field(repr=False)
    timeout: float = 60.0
    others: tuple[tuple[str, str], ...] = ()
    limits: HttpLimits = DEFAULT_HTTP_LIMITS

    def reader(self, headers: Headers) -> RequestReader:
        """What takes the body of a request with parts while it comes."""
        return RequestReader(headers, self.limits)

    def respond(self, request: HttpRequest) -> Flow[Response]:
        """The flow of one HTTP request: a page, or a message passed on."""
        if not is_loopback(request.host):
            return Response(421, _PLAIN, b"this address is for browsers on this machine\n")
        if request.method in ("GET", "HEAD"):
            return self._page(request)
        if request.method != "POST" or "send" not in request.parameters:
            return Response(405, _PLAIN.with_(("Allow", "GET, HEAD")), b"messages go to ?send\n")
        if not hmac.compare_digest(request.headers.get(_TOKEN_FIELD, ""), self.token):
            return Response(403, _PLAIN, b"expected the token of the page\n")
        return (yield from self._pass_on(request))

    def turned_away(self, request: HttpRequest, status: int) -> None:
        """Nobody observes what is explored."""

    def _page(self, request: HttpRequest) -> Response:
        ports = tuple((port.name, port.version, port.address) for port in self.site.service.ports)
        visit = Visit(
            request.address,
            self.contract,
            endpoints=ports,
            try_it=bool(self.addresses),
            send=SEND,
            token=self.token,
            target=self.addresses[0] if self.addresses else "",
            others=self.others,
        )
        found = self.site.respond(request.parameters, visit)
        return found or Response(404, _PLAIN, b"not found\n")

    def _pass_on(self, request: HttpRequest) -> Flow[Response]:
        """Send a message to the service, and hand on what it answers."""
        content_type = request.headers.get("content-type", "")
        version = version_of_media_type(content_type)
        if version is None:
            return Response(415, _PLAIN, b"expected a SOAP message\n")
        if not self.addresses:
            return Response(502, _PLAIN, b"the contract gives no address; say one with --address\n")
        fields = {"Content-Type": content_type}
        if "soapaction" in request.headers:
            fields["SOAPAction"] = request.headers["soapaction"]
        address = self._address_for(version.label)
        try:
            answer = yield from send(
                self.transport, Request(address, request.body, Headers(fields), timeout=self.timeout)
            )
        except SoapkitError as error:
            logger.info("%s did not answer: %s", url_for_log(address), error.for_log)
            return Response(502, _PLAIN, f"{error}\n".encode())
        told = answer.headers.get("content-type", "application/octet-stream")
        headers = {"Content-Type": told, "X-Content-Type-Options": "nosniff"}
        return Response(answer.status, Headers(headers), answer.body)

    def _address_for(self, label: str) -> str:
        """The address of the first port in a version that messages may go to."""
        fitting = (port.address for port in self.site.service.ports if port.version == label)
        return next((address for address in fitting if address in self.addresses), self.addresses[0])
