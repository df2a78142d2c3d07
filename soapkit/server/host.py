"""An object that serves -> Endpoint: contract first (a generated Protocol) or code first (`soapkit.service`).

What only contracts and pages need (`wsdl`, `xsd`, `page`: a third of all modules) is loaded when it is needed: a
service from code that does not validate answers calls without.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

from soapkit.databinding.codec import Codecs
from soapkit.databinding.described.docstrings import DocumentedShapes
from soapkit.errors import UsageError
from soapkit.exchange.body import codecs_for
from soapkit.exchange.message_security import MessageSecurity
from soapkit.exchange.observing import Observer
from soapkit.exchange.parts import DEFAULT_THRESHOLD
from soapkit.exchange.processor import Processor, Validator
from soapkit.exchange.validation import Validations, checks_for
from soapkit.operations import Service
from soapkit.server.addressed import AddressedReplies, Use, addressing_use
from soapkit.server.beside import Beside, pages_of, together
from soapkit.server.certificates import CertificateHeader
from soapkit.server.dispatch import Dispatcher, handing_of
from soapkit.server.endpoint import Endpoint
from soapkit.server.fault_answers import FaultAnswers
from soapkit.server.handed_on import HandedOn
from soapkit.server.health import Health, probes_for
from soapkit.server.hosted import handlers_of
from soapkit.server.http import ResponderT
from soapkit.server.intake import Intake
from soapkit.server.interceptors import NONE, Chain
from soapkit.server.limits import DEFAULT_HOST_LIMITS, HANDLER_SECONDS, HostLimits
from soapkit.server.policies import PolicyUse, policies_of
from soapkit.server.proxies import Proxies, proxies_of
from soapkit.server.publication import SINGLE, Publication, Publish
from soapkit.server.route import Router
from soapkit.server.service import service_of
from soapkit.server.serving import Serving
from soapkit.soap.attachments import DEFAULT_ATTACHMENT_LIMITS, AttachmentLimits
from soapkit.transport.limits import HttpLimits
from soapkit.transport.values import AsyncTransport, Transport
from soapkit.ws.addressing import HEADERS as ADDRESSING_HEADERS
from soapkit.xml.parse import DEFAULT_LIMITS, XmlLimits

if TYPE_CHECKING:
    from soapkit.server.conversation import Agreements  # it knows of cryptography
    from soapkit.server.page.site import Site
    from soapkit.wsdl.model import Contract

DEFAULT_LIMIT = 64 * 1024 * 1024  # bytes of a request


class Settings(TypedDict, total=False):
    """How a service is hosted.

    `security`: a `soapkit.security.Security`, applied to replies, verified on requests. `validate`: check bodies
    against the contract's schema when they come ``in``, go ``out``, or ``both``; ``off`` unless said; by operation:
    ``{"transfer": "both", "*": "in"}`` (`soapkit.exchange.validation`). `contract`: the
    WSDL to hand out at ``?wsdl``, or that contract loaded, where the generated package does not carry it. `details`:
    tell senders what was wrong with their messages; True unless said. `limit`: bytes of a request, 64 MiB unless said.
    `sender_fault_status`: the HTTP status of a SOAP 1.2 Sender fault, 400 as the binding says; 500 for old .NET peers,
    which take nothing else. `rpc_result`: whether rpc replies in SOAP 1.2 name their return value (``rpc:result``);
    False unless said, since no contract describes it and zeep refuses it. `mtom`: send replies as MTOM, always or
    never; where the request was, unless said.
    `mtom_threshold`: bytes from which binary content then travels beside the envelope, 1,024 unless said. `gzip`:
    compress replies for callers that take that; False unless said. Compressed requests are read in any case.
    `addressing`: how WS-Addressing is taken: ``accepted`` where a request has it; ``required``; ``off``. Unless said,
    ``required`` where the policy that `security` is from demands it, else ``accepted``.
    `policy`: whether a contract that is written from code says what `security` demands, as WS-SecurityPolicy:
    ``published`` where it can be said, unless said (else a warning tells what cannot); ``required``: a service whose
    policy cannot be said does not start; ``off``.
    `reply_to`: addresses (and all below them) that a request may have its answer sent to; none unless said.
    `reply_transport`: what sends such answers, with a proxy, credentials or trust of its own; urllib3 unless said.
    `any_action`: serve requests whose WS-Addressing Action is that of no operation by their Body, for peers that make
    one up; False unless said, when they get the fault ActionNotSupported.
    `to`: addresses (and all below them) that a request may say it is for, in WS-Addressing's To; any, unless said.
    `roles`: URIs of the roles (SOAP 1.1: actors) that the service plays beside ``next`` and the ultimate receiver; none
    unless said. `understood`: Clark names of header blocks that the service understands though no operation declares
    them, such as ``{urn:example:audit}trace``, which an interceptor or a handler reads; what must be understood and is
    not is refused.
    `try_it`: whether the page offers a form that calls the service; on loopback only, unless said.
    `receive_seconds`: for a request to arrive in, 120 unless said; `handler_seconds`: for a handler to answer in, 60
    unless said; `in_flight`: requests served at once by one process, 1,000 unless said. None: without end.
    `proxies`: addresses and networks of the proxies that say, in ``X-Forwarded-*``, who calls and under which address
    the service was reached; nobody unless said. A `soapkit.server.proxies.Proxies` where they say it in ``Forwarded``.
    `certificate_header`: where a proxy before the service tells the certificates of its callers; nowhere unless said.
    `xml_limits`, `attachment_limits`: of a message, such as ``XmlLimits(depth=100)`` of `soapkit.xml.parse`.
    `health`: whether ``/healthz`` and ``/readyz`` answer beside the service; a `soapkit.server.health.Health` says what
    readiness depends on. `observers`: who is told of each call, for traces, metrics and logs
    (`soapkit.exchange.observing`); one that has a ``page`` answers at its ``path`` beside the service.
    `dispatcher`: a `soapkit.server.dispatch.Dispatcher`, which takes calls to a queue; `dispatched`: of which
    operations, all one-way ones unless said. One that is not is handed on where its answer goes elsewhere (`reply_to`).
    """

    security: MessageSecurity | None
    validate: Validations
    contract: str | Path | Contract | None
    details: bool
    limit: int
    sender_fault_status: int
    rpc_result: bool
    mtom: bool
    mtom_threshold: int
    gzip: bool
    try_it: bool | None
    addressing: Use
    policy: PolicyUse
    reply_to: Iterable[str]
    reply_transport: Transport | AsyncTransport | None
    any_action: bool
    to: Iterable[str]
    roles: Iterable[str]
    understood: Iterable[str]
    receive_seconds: float | None
    handler_seconds: float | None
    in_flight: int | None
    xml_limits: XmlLimits
    attachment_limits: AttachmentLimits
    proxies: Proxies | Iterable[str] | None
    certificate_header: CertificateHeader | None
    health: Health | bool
    observers: Sequence[Observer]
    dispatcher: Dispatcher | None
    dispatched: Iterable[str] | None


def endpoint_for(
    implementation: object, interceptors: Chain = NONE, *, path: str = "", **settings: Unpack[Settings]
) -> Endpoint:
    """The endpoint for an object (or a class that can be made without arguments). `path`: where it will stand.

    Raises `soapkit.errors.UsageError` for an object that serves nothing, or lacks an operation,
    `soapkit.errors.ContractError` for a contract that cannot be read, and `soapkit.errors.SecurityError` where a policy
    is required that cannot be said.
    """
    contract = settings.get("contract")
    limit = settings.get("limit", DEFAULT_LIMIT)
    served = _made(implementation) if isinstance(implementation, type) else implementation
    cls = type(served)
    service: Service | None = getattr(cls, "__soapkit_service__", None)
    known: Contract | None = None
    if service is not None:
        known = _loaded(contract or _carried(cls))
    else:
        service = service_of(cls)
        if contract is not None:
            raise UsageError(f"{service.name} is made from code, and so is its contract: leave contract= away")
    codecs = codecs_for(service, written=known is None and _carried(cls) is None)
    publish = _publish(service, known, codecs, settings)
    checks = checks_for(settings.get("validate", "off"), service)
    if known is None and checks.any and publish is not None:
        known = _loaded(publish("http://localhost/")["wsdl"])
    declared = frozenset(header.tag for operation in service.operations for header in operation.request.headers)
    understood = frozenset(settings.get("understood", ()))
    addressing = AddressedReplies(
        addressing_use(settings.get("addressing"), settings.get("security")),
        tuple(settings.get("reply_to", ())),
        settings.get("reply_transport"),
        to=tuple(settings.get("to", ())),
        any_action=settings.get("any_action", False),
    )
    if addressing.use != "off":
        understood |= ADDRESSING_HEADERS
    validator = _validator(known) if known is not None and checks.any else None
    processor = Processor(
        codecs,
        settings.get("security"),
        validator,
        checks,
        understood | declared,
        declared - understood,
        frozenset(settings.get("roles", ())),
        rpc_result=settings.get("rpc_result", False),
    )
    seconds, certificates = settings.get("handler_seconds", HANDLER_SECONDS), settings.get("certificate_header")
    intake = Intake(
        processor,
        Router(service, codecs.shapes),
        addressing,
        HttpLimits(bytes=limit, expanded=limit),
        settings.get("xml_limits", DEFAULT_LIMITS),
        settings.get("attachment_limits", DEFAULT_ATTACHMENT_LIMITS),
        seconds,
        certificates,
    )
    serving = Serving(
        service,
        handlers_of(served, service),
        processor,
        interceptors,
        settings.get("mtom"),
        settings.get("mtom_threshold", DEFAULT_THRESHOLD),
        seconds,
        certificates,
    )
    faults = FaultAnswers(service, processor, settings.get("details", True), settings.get("sender_fault_status", 400))
    handing = handing_of(settings.get("dispatcher"), settings.get("dispatched"), service, path)
    return Endpoint(
        service,
        intake,
        serving,
        faults,
        Publication(cache(partial(_site, service, known, codecs)), publish, settings.get("try_it")),
        tuple(settings.get("observers", ())),
        settings.get("gzip", False),
        HandedOn(handing, intake, serving, faults) if handing is not None else None,
        _agreements(settings.get("security")),
        proxies_of(settings.get("proxies")),
    )


def _made(cls: type) -> object:
    """An object of a class that serves. Raises `UsageError` for one that serves nothing, and for one that takes
    arguments."""
    if not hasattr(cls, "__soapkit_service__"):
        service_of(cls)
    try:
        inspect.signature(cls).bind()
    except TypeError as error:
        raise UsageError(f"{cls.__name__} is not made without arguments ({error}): hand over an object of it") from None
    made: object = cls()
    return made


def _agreements(security: MessageSecurity | None) -> Agreements | None:
    """What answers requests for security contexts, where settings have a conversation."""
    if getattr(security, "conversation", None) is None:
        return None
    from soapkit.server.conversation import agreements_of  # it knows of cryptography: only where it is used

    return agreements_of(security)


def host_limits(settings: Settings) -> HostLimits:
    """The limits of the application that these settings ask for."""
    return HostLimits(
        receive_seconds=settings.get("receive_seconds", DEFAULT_HOST_LIMITS.receive_seconds),
        in_flight=settings.get("in_flight", DEFAULT_HOST_LIMITS.in_flight),
    )


def host_probes(settings: Settings) -> Beside | None:
    """What answers beside the services: the probes that these settings ask for, and the pages of observers."""
    pages = pages_of(settings.get("observers", ()))
    return together(probes_for(settings.get("health", False), settings.get("security")), pages)


def _carried(cls: type) -> Path | None:
    """The contract that a generated package carries beside its modules; a package in memory carries none."""
    for base in cls.__mro__:
        name = vars(base).get("__soapkit_contract__")
        if isinstance(name, str):
            return Path(sys.modules[base.__module__].__file__ or "").parent / name
    return None


def _loaded(contract: str | bytes | Path | Contract | None) -> Contract | None:
    """A contract, wherever it is."""
    if not isinstance(contract, (str, bytes, Path)):
        return contract
    from soapkit.wsdl.load import load_contract

    return load_contract(contract)


def _validator(contract: Contract) -> Validator:
    from soapkit.xsd.validate import validator_for

    return validator_for(contract.schema)


def _site(service: Service, contract: Contract | None, codecs: Codecs) -> Site:
    """The pages of a service: told by its contract, which says more than the classes made from it."""
    from soapkit.server.page.site import Site

    if contract is not None:
        for told in contract.services:
            if (told.name, told.port_type) == (service.name, service.port_type):
                return Site(told, contract.shapes, served=(_documented(service, contract), codecs.shapes))
    return Site(service, DocumentedShapes(codecs.shapes))


def _documented(service: Service, contract: Contract) -> Service:
    """A service from generated classes, each operation with its documentation, which only the contract has."""
    told = contract.definitions.port_types.get(service.port_type)
    words: dict[str, list[str]] = {}
    for each in told.operations if told is not None else ():
        words.setdefault(each.name, []).append(each.documentation)
    said = ((words.get(each.name) or [each.documentation]).pop(0) for each in service.operations)
    return replace(
        service,
        operations=[replace(each, documentation=one) for each, one in zip(service.operations, said, strict=True)],
    )


def _publish(service: Service, contract: Contract | None, codecs: Codecs, settings: Settings) -> Publish | None:
    """Where the documents for GET come from: the contract as it was written, or one written from the code."""
    if contract is not None:
        return partial(_documents, contract)
    policies = policies_of(
        service,
        codecs.shapes,
        settings.get("security"),
        use=settings.get("policy", "published"),
        addressing=addressing_use(settings.get("addressing"), settings.get("security")) == "required",
    )

    def written(address: str) -> Mapping[str, bytes]:
        from soapkit.wsdl.later import Named
        from soapkit.wsdl.write11 import write_wsdl

        shapes = DocumentedShapes(codecs.shapes)
        return Named({"wsdl": lambda: write_wsdl(service, shapes, address=address, policies=policies(address))})

    return written


def _documents(contract: Contract, address: str) -> Mapping[str, bytes]:
    """A contract as it was written, with an address in it."""
    from soapkit.wsdl.later import Named
    from soapkit.wsdl.publish import publishers
    from soapkit.wsdl.single import single

    return Named({**publishers(contract, address), SINGLE: partial(single, contract, address)})


def endpoints_for(
    implementations: object, interceptors: Chain = NONE, **settings: Unpack[Settings]
) -> Mapping[str, Endpoint]:
    """Endpoints by path; a single object serves every path (``""``)."""
    if isinstance(implementations, Mapping):
        paths = {"/" + str(path).strip("/"): implementation for path, implementation in implementations.items()}
    else:
        paths = {"": implementations}
    return {path: endpoint_for(each, interceptors, path=path, **settings) for path, each in paths.items()}


def endpoint_at(endpoints: Mapping[str, ResponderT], path: str) -> ResponderT | None:
    """The endpoint that serves a path."""
    return endpoints.get("/" + path.strip("/")) or endpoints.get("")


def paths_of(services: Sequence[Service]) -> dict[str, Service]:
    """A path for each service: none for the only one, else its name; a second of one name is numbered."""
    if len(services) == 1:
        return {"": services[0]}
    found: dict[str, Service] = {}
    for service in services:
        number = sum(1 for known in found.values() if known.name == service.name)
        found[f"{service.name}-{number + 1}" if number else service.name] = service
    return found
