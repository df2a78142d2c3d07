"""A Spyne application served by soapkit: both SOAP versions, the page, security, limits, any ASGI or WSGI host.

Spyne reads the arguments and calls the functions, with its events, headers and context, as under its own server;
soapkit does all before and after: the contract that Spyne wrote says what comes in and goes out.

Python 3.11 only: Spyne does not import on later ones. It is a bridge to cross, not a house to live in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from lxml import etree
from lxml.etree import _Element

from soapkit.codegen.generate import module_in_memory
from soapkit.databinding.codec import Codecs
from soapkit.errors import ContractError, Fault, FaultCode, SoapkitError, UsageError
from soapkit.exchange.body import codecs_for, decode_body, decode_headers
from soapkit.operations import Operation, Service
from soapkit.server.context import Call
from soapkit.server.http import HttpRequest
from soapkit.soap.envelope import Envelope
from soapkit.wsdl.extensions import SOAP_OVER_HTTP
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from soapkit.xml.names import WSDL11, WSDL11_SOAP11, WSDL11_SOAP12, clark, local_name, namespace_of
from soapkit.xml.walk import tag_of

try:
    from spyne import Fault as SpyneFault
    from spyne.application import Application
    from spyne.interface.wsdl import Wsdl11
    from spyne.protocol.soap import Soap11
    from spyne.protocol.xml import XmlDocument
    from spyne.server import ServerBase
    from spyne.server.wsgi import WsgiMethodContext
except ImportError as error:  # on Python 3.12 and later it does not import, wherever it is
    raise UsageError(f"this needs Spyne, on Python 3.11: pip install 'soapkit[spyne]' ({error})") from None


_OTHER = {WSDL11_SOAP11: (WSDL11_SOAP12, "Soap12"), WSDL11_SOAP12: (WSDL11_SOAP11, "Soap11")}


class _Host(ServerBase):  # type: ignore[misc]  # Spyne has no types
    """What Spyne calls a server: where its contexts come from. `transport`: what it writes into its contract."""

    transport = SOAP_OVER_HTTP


def served(application: Application) -> dict[str, Any]:
    """The services of a Spyne application, as `soapkit.asgi` and `soapkit.wsgi` take them, with their contract:
    ``soapkit.asgi(**served(application))``.

    Its ``in_protocol`` must be one of Spyne's SOAP protocols; callers may use both versions. Raises `UsageError` where
    it is not, `ContractError` where what Spyne writes is no contract.

    >>> app = soapkit.asgi(**served(application), validate="in")                         # doctest: +SKIP
    """
    if not isinstance(application.in_protocol, Soap11):  # Soap12 is one, in Spyne
        raise UsageError(f"{application.name} is not served by SOAP: its in_protocol is {application.in_protocol!r}")
    host = _Host(application)
    contract = _contract(application)
    module = module_in_memory(contract.services, contract.shapes, name=f"soapkit_spyne_{id(application):x}")
    found = {
        service.name: _Served.of(service, host)
        for service in (getattr(value, "service", None) for value in list(vars(module).values()))
        if isinstance(service, Service)
    }
    if not found:
        raise ContractError(f"{application.name} has no service that can be called")
    implementation: Any = found if len(found) > 1 else next(iter(found.values()))
    return {"implementation": implementation, "contract": contract}


def _contract(application: Application) -> Contract:
    document = Wsdl11(application.interface)
    document.build_interface_document("http://localhost/")
    return load_contract(_in_both_versions(etree.fromstring(document.get_interface_document())))


def _in_both_versions(definitions: _Element) -> bytes:
    """Spyne's contract, which has ports for the version of its protocol, with others for the other version."""
    bindings = {binding.get("name"): binding for binding in definitions.iter(clark(WSDL11, "binding"))}
    for port in list(definitions.iter(clark(WSDL11, "port"))):
        own = namespace_of(tag_of(port[0]))  # of its soap:address
        other, suffix = _OTHER[own]
        binding = bindings[port.get("binding", "").rpartition(":")[2]]
        for element, named in ((binding, ("name",)), (port, ("name", "binding"))):
            copied = deepcopy(element)
            for attribute in named:
                copied.set(attribute, f"{element.get(attribute)}{suffix}")
            for inner in copied.iter(f"{{{own}}}*"):
                inner.tag = clark(other, local_name(tag_of(inner)))
            element.addnext(copied)
    return etree.tostring(definitions)


class _Served:
    """Makes the object for a service."""

    def __init__(self, service: Service, host: _Host) -> None:
        self._service, self._host = service, host
        self._codecs = codecs_for(service)
        self._lock = threading.Lock()

    @classmethod
    def of(cls, service: Service, host: _Host) -> object:
        """An object whose methods are the functions of Spyne."""
        serving = cls(service, host)
        methods = {one.method or one.name: serving._method(one) for one in service.operations}
        return type(f"Spyne{service.name}", (), {"__soapkit_service__": service, **methods})()

    def _method(self, operation: Operation[Any, Any]) -> Callable[..., Any]:
        def call(_self: object, *, soapkit_call: Call, **_arguments: Any) -> Any:
            return self._call(operation, soapkit_call)

        return call

    def _call(self, operation: Operation[Any, Any], call: Call) -> Any:
        raised: list[Exception] = []
        context = self._context(call, raised)
        if context.in_error is None:
            self._host.get_out_object(context)
        error = context.out_error or context.in_error
        if error is not None:
            raise raised[0] if raised else _fault(error, operation, self._codecs)
        call.response.headers.update(_said(context.transport.resp_headers))
        if operation.reply is None:
            return None
        self._host.app.out_protocol.serialize(context, message=self._host.app.out_protocol.RESPONSE)
        envelope = Envelope.read(etree.fromstring(etree.tostring(context.out_document)))
        call.reply_headers.update(decode_headers(operation.reply.headers, envelope, self._codecs))
        return operation.value_of(decode_body(operation.reply, envelope.body, self._codecs))

    def _context(self, call: Call, raised: list[Exception]) -> Any:
        """Spyne's context of a call: its arguments read, its function not yet called."""
        protocol = self._host.app.in_protocol
        first = WsgiMethodContext(self._host, _environ(call.http), protocol.mime_type)
        first.in_string = [_envelope(call.envelope, protocol.ns_soap_env)]
        first.transport.soapkit_call = call
        context = self._host.generate_contexts(first, "UTF-8")[0]
        if context.in_error is None:
            self._host.get_in_object(context)
        function = context.function

        def noting(*args: Any, **kwargs: Any) -> Any:  # Spyne makes a fault of any exception, with its text
            try:
                return function(*args, **kwargs)
            except SpyneFault:
                raise
            except Exception as error:
                raised.append(error)
                raise

        if function is not None:
            context.function = noting
        return context


def _environ(http: HttpRequest) -> dict[str, Any]:
    """The request as WSGI has it, whichever host it came from: what functions find in ``ctx.transport.req_env``."""
    server, _, port = http.server.partition(":")
    fields = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in http.headers.pairs}
    return {
        **http.extra,
        **fields,
        "REQUEST_METHOD": http.method,
        "PATH_INFO": http.path,
        "QUERY_STRING": http.query,
        "CONTENT_TYPE": http.headers.get("content-type", ""),
        "REMOTE_ADDR": http.client,
        "SERVER_NAME": server,
        "SERVER_PORT": port or "80",
        "wsgi.url_scheme": http.scheme,
    }


def _envelope(envelope: Envelope, namespace: str) -> bytes:
    """The message in the SOAP version that Spyne was told of."""
    root = etree.Element(f"{{{namespace}}}Envelope", nsmap={"s": namespace})
    headers = [deepcopy(block) for block in envelope.headers]
    if headers:
        etree.SubElement(root, f"{{{namespace}}}Header").extend(headers)
    etree.SubElement(root, f"{{{namespace}}}Body").extend([deepcopy(entry) for entry in envelope.content])
    return etree.tostring(root)


def _said(headers: Any) -> dict[str, str]:
    """The header fields that a function set, but for what soapkit says itself."""
    ours = {"connection", "content-encoding", "content-length", "content-type", "transfer-encoding"}
    return {str(name): str(value) for name, value in headers.items() if str(name).lower() not in ours}


def _fault(error: Any, operation: Operation[Any, Any], codecs: Codecs) -> SoapkitError:
    """Spyne's fault as ours: of the declared class, with its members in the detail, where there is one."""
    code = "Sender" if str(error.faultcode).startswith("Client") else "Receiver"
    namespace, name = type(error).get_namespace(), type(error).get_type_name()
    for declared in operation.faults:
        if declared.tag == f"{{{namespace}}}{name}" and declared.exception is not None:
            parent = etree.Element("fault")
            XmlDocument().complex_to_parent(None, type(error), error, parent, namespace, name)
            made = declared.exception(codecs.codec(declared.type).decode(parent[0]), str(error.faultstring))
            assert isinstance(made, Fault)
            made.code = FaultCode(code)
            return made
    return Fault(str(error.faultstring), code=code)
