"""Where a caller reached us, and from where, as the proxies between tell it: X-Forwarded-*, or Forwarded (RFC 7239).

Law of this file: anybody can write these fields. They are believed where the connection comes from a proxy that the
service names, and no further back than each hop is such a proxy itself; what cannot be read is passed over.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import unquote

from msgspec.structs import replace

from soapkit.errors import UsageError
from soapkit.server.http import HttpRequest, is_host
from soapkit.transport.values import Headers

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Hop: TypeAlias = Mapping[str, str]
"""What one proxy says of the request that it was sent: ``for``, ``proto``, ``host``, ``prefix``."""

_PORTS = {"http": "80", "https": "443"}
_PREFIX = re.compile(r"(?:/[^/\s?#\\\x00-\x1f]+)+")
# RFC 7239, 4: pairs between semicolons, elements between commas; a value is a token or stands in quotes.
_PAIR = re.compile(r'\s*([A-Za-z0-9!#$%&\'*+.^_`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*))\s*([;,]|$)')
_NODE = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s\[\]:]+))(?::[\w.-]+)?|([0-9A-Fa-f:.]+)")


@dataclass(frozen=True)
class Networks:
    """Addresses and networks of proxies; ``unix``: whoever can open a socket on this machine.

    Raises `UsageError` for what is no address.

    >>> Networks(("10.1.0.0/16",)).have("10.1.2.3")
    True
    """

    names: tuple[str, ...]
    _networks: tuple[Network, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        try:
            networks = tuple(ipaddress.ip_network(one) for one in self.names if one != "unix")
        except ValueError as error:
            raise UsageError(f"no address or network of a proxy: {error}") from None
        object.__setattr__(self, "_networks", networks)

    def have(self, client: str) -> bool:
        """Whether an address is among them; an empty one is that of a socket on this machine."""
        if not client:
            return "unix" in self.names
        try:
            address = ipaddress.ip_address(client.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)  # ::ffff:10.1.2.3, where one socket listens for both
        return any(one in network for one in (address, mapped) if one is not None for network in self._networks)


@dataclass(frozen=True)
class Proxies:
    """The proxies before a service whose word is taken for the address, scheme, host and path that a caller used.

    `addresses`: of the proxies, or their networks; ``unix`` for a socket on this machine. `field`: which fields they
    set: ``X-Forwarded`` (``-For``, ``-Proto``, ``-Host``, ``-Port``, ``-Prefix``), or ``Forwarded`` (RFC 7239). Only of
    one kind, since a proxy lets the other through as its caller wrote it; all of its own it must set or take away.

    >>> Proxies(["10.1.0.0/16", "unix"], field="Forwarded").addresses
    ('10.1.0.0/16', 'unix')
    """

    addresses: tuple[str, ...]
    field: Literal["X-Forwarded", "Forwarded"]
    _networks: Networks

    def __init__(self, addresses: Iterable[str], *, field: Literal["X-Forwarded", "Forwarded"] = "X-Forwarded") -> None:
        if field not in _READERS:
            raise UsageError(f"field {field!r} is unknown; expected {' or '.join(_READERS)}")
        if isinstance(addresses, str):
            raise UsageError(f"expected a list of addresses of proxies, not the text {addresses!r}")
        names = tuple(addresses)
        object.__setattr__(self, "_networks", Networks(names))
        object.__setattr__(self, "addresses", names)
        object.__setattr__(self, "field", field)

    def told(self, request: HttpRequest) -> HttpRequest:
        """The request as its caller sent it: `client`, `scheme`, Host and `path`; `proxy` is who told so. The same
        where the connection is not from a proxy of these, or it says nothing."""
        if not self._networks.have(request.client):
            return request
        hops = _READERS[self.field](request.headers)
        if not hops:
            return request
        first = len(hops) - 1
        while first > 0 and self._networks.have(_address(hops[first].get("for", ""))):
            first -= 1

        def said(name: str) -> str:
            """By the outermost proxy that is believed, else by the next."""
            return next((hop[name] for hop in hops[first:] if hop.get(name)), "")

        scheme = said("proto").lower()
        host, prefix = said("host"), said("prefix").rstrip("/")
        return replace(
            request,
            client=_address(hops[first].get("for", "")) or request.client,
            scheme=scheme if scheme in _PORTS else request.scheme,
            headers=request.headers.with_(("Host", host)) if is_host(host) else request.headers,
            path=unquote(prefix) + request.path if _PREFIX.fullmatch(prefix) else request.path,
            proxy=request.client,
        )


def proxies_of(said: Proxies | Iterable[str] | None) -> Proxies | None:
    """The setting of a service; None where no proxy is believed."""
    if said is None or isinstance(said, Proxies):
        return said
    return Proxies(said)


def _address(node: str) -> str:
    """A node without its port: ``[2001:db8::1]:4711`` is 2001:db8::1; also ``unknown`` and ``_hidden``."""
    found = _NODE.fullmatch(node.strip())
    return "" if found is None else found[1] or found[2] or found[3]


def _forwarded(headers: Headers) -> Sequence[Hop]:
    """The elements of Forwarded, that of the nearest proxy last; none where one of them cannot be read."""
    value, hops = headers.get("forwarded", "").strip(), []
    hop: dict[str, str] = {}
    position = 0
    while position < len(value):
        pair = _PAIR.match(value, position)
        if pair is None:
            return ()
        hop[pair[1].lower()] = re.sub(r"\\(.)", r"\1", pair[2]) if pair[2] is not None else pair[3]
        if pair[4] != ";":
            hops.append(hop)
            hop = {}
        position = pair.end()
    return hops


def _x_forwarded(headers: Headers) -> Sequence[Hop]:
    """X-Forwarded-*, as hops: lists of one length stand side by side, and one value is that of the outermost proxy."""
    lists = {name: _list(headers, f"x-forwarded-{name}") for name in ("for", "proto", "host", "port", "prefix")}
    number = max(len(lists["for"]), 1) if any(lists.values()) else 0
    hops = []
    for distance in range(number, 0, -1):
        hop = {name: values[max(len(values) - distance, 0)] for name, values in lists.items() if values}
        host, port = hop.get("host", ""), hop.pop("port", "")
        if host and port.isdecimal() and not re.search(r":\d+$", host) and port != _PORTS.get(hop.get("proto", "")):
            hop["host"] = f"{host}:{port}"
        hops.append(hop)
    return hops


def _list(headers: Headers, name: str) -> list[str]:
    return [one for part in headers.get(name, "").split(",") if (one := part.strip())]


_READERS = {"X-Forwarded": _x_forwarded, "Forwarded": _forwarded}
