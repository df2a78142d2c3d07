"""soapkit: a SOAP/WSDL toolkit.

    Client, AsyncClient     call operations: generated subclasses, or from_wsdl()
    asgi, wsgi              host services: a generated Protocol's implementation, or a decorated class
    Interceptor, Next       what stands around every call of a service; BlockingInterceptor, BlockingNext under WSGI
    service, operation      declare a service in code; header(): a parameter is a header block
    encode, decode          values and XML without SOAP; iter_decode() for the items of a large file
    nil, given_with         a nil value with attributes; what a message said beside a value
    typed                   a value with its xsi:type, where any type may stand
    Attachment              bytes that travel beside a message, in memory or in a file
    Fault, DeclaredFault    what a service raises and a client catches
    SoapkitError            the root of all errors (soapkit.errors)

Names are loaded when they are first used, so ``import soapkit`` stays quick and loads no HTTP or crypto library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from soapkit.errors import DeclaredFault, Fault, SoapkitError
from soapkit.version import __version__

if TYPE_CHECKING:
    from soapkit import errors, security, testing
    from soapkit.attachment import Attachment
    from soapkit.client.call import Exchange, Preview
    from soapkit.client.client import AsyncClient, Client
    from soapkit.databinding.codec import decode, encode
    from soapkit.databinding.given import given_with, nil
    from soapkit.databinding.items import iter_decode
    from soapkit.databinding.typed import typed
    from soapkit.databinding.values import Raw
    from soapkit.server.asgi import asgi
    from soapkit.server.code_first import header
    from soapkit.server.context import Call
    from soapkit.server.interceptors import BlockingInterceptor, BlockingNext, Interceptor, Next
    from soapkit.server.service import operation, service
    from soapkit.server.wsgi import wsgi
    from soapkit.wsdl.load import load_contract
    from soapkit.xsd.validate import validator_for

__all__ = [
    "AsyncClient",
    "Attachment",
    "BlockingInterceptor",
    "BlockingNext",
    "Call",
    "Client",
    "DeclaredFault",
    "Exchange",
    "Fault",
    "Interceptor",
    "Next",
    "Preview",
    "Raw",
    "SoapkitError",
    "__version__",
    "asgi",
    "decode",
    "encode",
    "errors",
    "given_with",
    "header",
    "iter_decode",
    "load_contract",
    "nil",
    "operation",
    "security",
    "service",
    "testing",
    "typed",
    "validator_for",
    "wsgi",
]

_HOMES = {
    "AsyncClient": "soapkit.client.client",
    "Attachment": "soapkit.attachment",
    "BlockingInterceptor": "soapkit.server.interceptors",
    "BlockingNext": "soapkit.server.interceptors",
    "Call": "soapkit.server.context",
    "Client": "soapkit.client.client",
    "Exchange": "soapkit.client.call",
    "Interceptor": "soapkit.server.interceptors",
    "Next": "soapkit.server.interceptors",
    "Preview": "soapkit.client.call",
    "Raw": "soapkit.databinding.values",
    "asgi": "soapkit.server.asgi",
    "decode": "soapkit.databinding.codec",
    "encode": "soapkit.databinding.codec",
    "given_with": "soapkit.databinding.given",
    "header": "soapkit.server.code_first",
    "iter_decode": "soapkit.databinding.items",
    "load_contract": "soapkit.wsdl.load",
    "nil": "soapkit.databinding.given",
    "operation": "soapkit.server.service",
    "service": "soapkit.server.service",
    "typed": "soapkit.databinding.typed",
    "validator_for": "soapkit.xsd.validate",
    "wsgi": "soapkit.server.wsgi",
}

_MODULES = {"errors", "security", "testing"}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    elif name in _MODULES:
        value = importlib.import_module(f"soapkit.{name}")
    else:
        raise AttributeError(f"module 'soapkit' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
