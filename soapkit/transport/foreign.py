"""The exceptions of libraries that are not imported here, told by the names of their classes."""

from __future__ import annotations

from soapkit.errors import ConnectError, Place, SoapkitError, TransportError, UsageError
from soapkit.errors import TimeoutError as NotInTimeError
from soapkit.transport.hops import without_userinfo

# The names that requests and httpx give, the special ones first.
_KINDS: tuple[tuple[str, type[SoapkitError], str], ...] = (
    ("ConnectTimeout", NotInTimeError, "no connection in time"),
    ("Timeout", NotInTimeError, "no response in time"),
    ("TimeoutException", NotInTimeError, "no response in time"),
    ("TimeoutError", NotInTimeError, "no response in time"),
    ("MissingSchema", UsageError, "not the address of a service"),
    ("InvalidSchema", UsageError, "not the address of a service"),
    ("InvalidURL", UsageError, "not the address of a service"),
    ("UnsupportedProtocol", UsageError, "not the address of a service"),
    ("InvalidHeader", UsageError, "the request cannot be sent"),
    ("ProxyError", ConnectError, "the proxy does not answer"),
    ("SSLError", ConnectError, "no secure connection"),
    ("ConnectError", ConnectError, "nobody answers there"),
    ("ChunkedEncodingError", ConnectError, "the connection broke before the response was whole"),
    ("ConnectionError", ConnectError, "no connection"),
    ("NetworkError", ConnectError, "the connection broke"),
    ("ProtocolError", ConnectError, "the connection broke before the response was whole"),
)


def told(error: Exception, url: str) -> SoapkitError:
    """The error in the kit's own words; raise it from the library's."""
    names = {kind.__name__ for kind in type(error).__mro__}
    place = Place(without_userinfo(url))
    for name, told_as, sentence in _KINDS:
        if name in names:
            return told_as(f"{sentence}: {error}", place=place)
    return TransportError(f"no response: {error or type(error).__name__}", place=place)
