"""Client and AsyncClient: what every generated client inherits.

A generated method makes the request record and calls `_call`; everything else is here. Making a client does no I/O:
connections are opened by the first call.
"""

from __future__ import annotations

import copy
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias, TypeVar

from soapkit.attachment import Attachment
from soapkit.client.call import Exchange, Preview, call
from soapkit.client.channel import check_channel
from soapkit.client.connection import Connection, aiohttp_transport, urllib3_transport
from soapkit.client.route import Route, Understood, addressing_for, agreement_for, choose_port
from soapkit.client.stream import Stream, Streaming
from soapkit.databinding.codec import Codecs
from soapkit.errors import UsageError
from soapkit.exchange.body import codecs_for
from soapkit.exchange.flow import arun, run
from soapkit.exchange.flow import call as do
from soapkit.exchange.message_security import MessageSecurity
from soapkit.exchange.observing import Observer
from soapkit.exchange.parts import DEFAULT_THRESHOLD
from soapkit.exchange.pending import PendingReplies
from soapkit.exchange.processor import Processor, Validator
from soapkit.exchange.validation import Validations, checks_for
from soapkit.operations import Operation, Service
from soapkit.soap.attachments import DEFAULT_ATTACHMENT_LIMITS, AttachmentLimits
from soapkit.soap.version import BY_LABEL
from soapkit.ws.addressing import Addressing
from soapkit.xml.names import did_you_mean, local_name
from soapkit.xml.parse import DEFAULT_LIMITS, XmlLimits

if TYPE_CHECKING:
    from soapkit.wsdl.model import Contract  # loaded where a contract is read, not by every client

RequestT = TypeVar("RequestT")
ReplyT = TypeVar("ReplyT")

DEFAULT_TIMEOUT = 60.0  # seconds
_LISTED = 30  # names in an error message


View: TypeAlias = Literal["value", "exchange", "preview", "stream"]
"""What a call returns. A generated method promises the value; for the other views the generator declares classes of
their own, so a type checker knows, while at run time it is the same method of a copy of the client."""


class BaseClient:
    """What blocking and async clients share: the settings, and where calls go.

    `address`: overrides that of the contract. `port`, `version` (``"1.1"``, ``"1.2"``): which of the contract's ports
    to use; the first if neither is given. `security`: a `soapkit.security.Security`. `transport`: what carries
    requests; by default urllib3 for `Client`, aiohttp for `AsyncClient`, made at the first call. `timeout`: seconds
    for one exchange, None for no end. `headers`: values of declared header blocks by part name, sent with every
    operation that declares them. `validate` and `validator`: check bodies against the schema when they come in
    (``in``), go out (``out``) or ``both``. `unknown`: what to do with elements that the contract does not know in a
    reply: ``strict`` refuses them, ``lenient`` passes them over and keeps them beside the value
    (`soapkit.given_with`). `mtom`: send messages as MTOM, binary content from `mtom_threshold` bytes on beside the
    envelope; what comes as MTOM is read in any case. `addressing`: send WS-Addressing headers (True, or a
    `soapkit.ws.addressing.Addressing` that says how); where the contract demands them, unless said. `observers`: who
    is told of each call, for traces and metrics (`soapkit.exchange.observing`). `pending`: where the answers come that
    `addressing` has sent elsewhere (``reply_to``): a call waits for its own there (`soapkit.server.answers`).
    `xml_limits`, `attachment_limits`: of a reply, such as ``XmlLimits(bytes=2**30)`` of `soapkit.xml.parse`; how much
    comes over the wire is a matter of the transport (`soapkit.transport.limits.HttpLimits`).

    Raises `UsageError` for a port or version that the contract does not have, and where no address is known.
    """

    service: ClassVar[Service]
    _make_transport: ClassVar[Callable[[], Any]]  # of clients that are given none

    def __init__(
        self,
        address: str | None = None,
        *,
        port: str | None = None,
        version: Literal["1.1", "1.2"] | None = None,
        security: MessageSecurity | None = None,
        transport: Any = None,  # Transport or AsyncTransport, narrowed by the subclasses
        timeout: float | None = DEFAULT_TIMEOUT,
        headers: Mapping[str, object] | None = None,
        validate: Validations = "off",
        validator: Validator | None = None,
        unknown: Literal["strict", "lenient"] = "strict",
        mtom: bool = False,
        mtom_threshold: int = DEFAULT_THRESHOLD,
        addressing: Addressing | bool | None = None,
        observers: Iterable[Observer] = (),
        pending: PendingReplies | None = None,
        xml_limits: XmlLimits = DEFAULT_LIMITS,
        attachment_limits: AttachmentLimits = DEFAULT_ATTACHMENT_LIMITS,
    ) -> None:
        chosen = choose_port(self.service, port, version)
        target = address or chosen.address
        if not target:
            raise UsageError(f"the contract gives no address for {self.service.name}: give one")
        check_channel(security, target, transport)
        if security is not None and any(operation.http is not None for operation in self.service.operations[:1]):
            raise UsageError(f"port {chosen.name} is called without SOAP: nothing can be signed or encrypted there")
        checks = checks_for(validate, self.service)
        if checks.any and validator is None:
            raise UsageError(f"validate={validate!r} needs a validator (soapkit.validator_for(contract.schema))")
        understood = Understood(self.service)
        codecs = _codecs_of(type(self), unknown)
        addressed = addressing_for(addressing, chosen, security)
        if pending is not None and (addressed is None or addressed.reply_to is None):
            raise UsageError("pending= needs an address that answers come to: addressing=Addressing(reply_to=...)")
        soap = BY_LABEL[version or chosen.version]
        security, agreement = agreement_for(security, target, soap, addressed, timeout)
        self._route = Route(
            address=target,
            version=soap,
            actions=chosen.actions,
            processor=Processor(codecs, security, validator, checks, understood),
            headers=dict(headers or {}),
            timeout=timeout,
            threshold=mtom_threshold if mtom else None,
            service=self.service,
            addressing=addressed,
            agreement=agreement,
            observers=tuple(observers),
            pending=pending,
            xml_limits=xml_limits,
            attachment_limits=attachment_limits,
        )
        self._connection = Connection(transport, type(self)._make_transport)
        # set by a dynamic client, whose values come as people type
        self._loosen: Callable[[Any, str], Any] | None = None
        self._view: View = "value"
        self._attachments: tuple[Attachment, ...] = ()
        self._path = ""  # of the list that a stream gives

    @property
    def types(self) -> ModuleType:
        """The package of this client, with the classes of the contract: ``client.types.Person(name="Ada")``."""
        return sys.modules[type(self).__module__.rpartition(".")[0] or type(self).__module__]

    @property
    def address(self) -> str:
        """Where calls go."""
        return self._route.address

    @property
    def with_exchange(self) -> Any:
        """The same operations, each returning the `Exchange`: value, both messages, headers, timing."""
        return self._seen_as("exchange")

    @property
    def preview(self) -> Any:
        """The same operations, each returning its message as a `Preview`, and sending nothing."""
        return self._seen_as("preview")

    def with_attachments(self, *attachments: Attachment) -> Self:
        """The same operations, whose requests take these attachments along: SOAP with Attachments, or further parts of
        an MTOM message. What comes beside a reply is in `Exchange.attachments`.

        >>> bank.with_attachments(Attachment.from_path("contract.pdf")).open_account(owner="Ada")  # doctest: +SKIP
        """
        client = copy.copy(self)
        client._attachments = attachments
        return client

    @property
    def streaming(self) -> Any:
        """The same operations, each giving the items of its reply one by one, as they come: ``stream`` by their
        names."""
        return Streaming(self.stream)

    if TYPE_CHECKING:

        def stream(self, operation: str, path: str = "", /, **arguments: Any) -> Any: ...

    def _streamed(self, operation: str, path: str) -> tuple[Self, str]:
        """The client whose methods give streams, and the name of the method."""
        try:
            found = self.service.operation(operation)
        except KeyError:
            raise UsageError(
                f"{type(self).__name__} has no operation {operation!r}{did_you_mean(operation, self._methods())}"
            ) from None
        client = self._seen_as("stream")
        client._path = path
        return client, found.method or found.name

    def _stream_of(self, operation: Operation[Any, Any], record: Any, headers: Mapping[str, object] | None) -> Stream:
        return Stream(self._route, operation, record, headers, self._path, self._attachments)

    def _seen_as(self, view: View) -> Self:
        client = copy.copy(self)
        client._view = view
        return client

    def _record(self, operation: Operation[Any, Any], request: Any) -> Any:
        if self._loosen is None:
            return request
        tag = operation.request.tag  # what the encoder calls it too
        return self._loosen(request, operation.name if tag is None else local_name(tag))

    def _previewed(self, operation: Operation[Any, Any], record: Any, headers: Mapping[str, object] | None) -> Any:
        parts = self._route.outgoing(operation, headers, self._attachments)
        request = self._route.request(operation, record, headers, parts)
        return Preview(operation.name, request.url, request.body, request.headers, tuple(parts.attachments))

    def _presented(self, exchange: Exchange[Any]) -> Any:
        return exchange.value if self._view == "value" else exchange

    @classmethod
    def _methods(cls) -> list[str]:
        """The names of the operations, as methods."""
        return [operation.method or operation.name for operation in cls.service.operations]

    if not TYPE_CHECKING:  # a type checker would take any name for an operation

        def __getattr__(self, name: str) -> Any:
            # Only reached for a name that is not there: say which operation was meant.
            if name.startswith("_"):
                raise AttributeError(name)
            known = self._methods()
            meant = did_you_mean(name, known)
            listed = ", ".join(known[:_LISTED]) + (f" and {len(known) - _LISTED} more" if len(known) > _LISTED else "")
            raise _UnknownOperation(f"{type(self).__name__} has no operation {name!r}{meant} (it has {listed})")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._route.address!r}, {self._route.version!r})"


class _UnknownOperation(UsageError, AttributeError):
    """Both what soapkit raises for an unknown operation and what Python expects for a missing attribute."""


class Client(BaseClient):
    """Calls operations, blocking. One client serves many threads.

    Used by a generated subclass, or without generated code::

        with soapkit.Client.from_wsdl("wsdl/bank.wsdl") as bank:
            receipt = bank.transfer(source="DE1", target="DE2", amount="10.00")
    """

    _make_transport = staticmethod(urllib3_transport)

    def _call(
        self,
        operation: Operation[RequestT, ReplyT],
        request: RequestT,
        headers: Mapping[str, object] | None = None,
    ) -> ReplyT:
        record = self._record(operation, request)
        if self._view == "preview":
            return self._previewed(operation, record, headers)  # type: ignore[no-any-return]  # see View
        transport = self._connection.transport()
        if self._view == "stream":
            return self._stream_of(operation, record, headers).items(transport)  # type: ignore[return-value]  # see View
        return self._presented(run(call(self._route, transport, operation, record, headers, self._attachments)))  # type: ignore[no-any-return]  # see View

    def stream(self, operation: str, path: str = "", /, **arguments: Any) -> Iterator[Any]:
        """The items of a repeated element of an operation's reply, one by one, while they come: memory holds one.

        `path`: fields from what the call returns to the list (``page.records``), where it has several. `arguments`: of
        the operation. The request is sent when the first item is asked for; who leaves the iterator early closes the
        connection.

        Raises `UsageError` for an operation without such a list, and on a client that verifies or validates replies.
        What is wrong with an item is raised when its turn comes, what is wrong around them at the end.

        >>> for record in client.stream("ListRecords", since=date(2026, 1, 1)):         # doctest: +SKIP
        ...     print(record.name)
        """
        client, method = self._streamed(operation, path)
        items: Iterator[Any] = getattr(client, method)(**arguments)
        return items

    def close(self) -> None:
        """Give back what was agreed on; let go of connections, if the client made its transport itself."""
        if self._route.agreement is not None:
            run(self._route.agreement.end(self._connection.transport))
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @classmethod
    def from_wsdl(
        cls,
        contract: str | Path | bytes | Contract,
        address: str | None = None,
        *,
        service: str | None = None,
        strict: bool = False,
        cache: bool = True,
        **settings: Any,  # those of the constructor
    ) -> Any:
        """A client for a contract, without generated code: its classes and methods are made when they are first used.

        `contract`: a path, a URL, bytes, or what `load_contract` gave. `service`: which of several. `strict` and
        `cache`: as in `load_contract`. What is left goes to the constructor.
        """
        from soapkit.client.dynamic import client_for  # the contract wing only where a contract is read

        return client_for(contract, cls, address, service, strict, settings, cache=cache)


class AsyncClient(BaseClient):
    """Calls operations in an event loop: the same names, with ``await``."""

    _make_transport = staticmethod(aiohttp_transport)

    async def _call(
        self,
        operation: Operation[RequestT, ReplyT],
        request: RequestT,
        headers: Mapping[str, object] | None = None,
    ) -> ReplyT:
        record = self._record(operation, request)
        if self._view == "preview":
            return self._previewed(operation, record, headers)  # type: ignore[no-any-return]  # see View
        transport = self._connection.transport()
        if self._view == "stream":
            return self._stream_of(operation, record, headers).items_async(transport)  # type: ignore[return-value]  # see View
        return self._presented(await arun(call(self._route, transport, operation, record, headers, self._attachments)))  # type: ignore[no-any-return]  # see View

    async def stream(self, operation: str, path: str = "", /, **arguments: Any) -> AsyncIterator[Any]:
        """As `Client.stream`: ``async for record in client.stream("ListRecords")``."""
        client, method = self._streamed(operation, path)
        async for item in await getattr(client, method)(**arguments):
            yield item

    async def aclose(self) -> None:
        """As `Client.close`."""
        if self._route.agreement is not None:
            await arun(self._route.agreement.end(self._connection.transport))
        await self._connection.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    @classmethod
    async def from_wsdl(
        cls,
        contract: str | Path | bytes | Contract,
        address: str | None = None,
        *,
        service: str | None = None,
        strict: bool = False,
        cache: bool = True,
        **settings: Any,
    ) -> Any:
        """As `Client.from_wsdl`; the contract is read in a thread, so the event loop is never blocked."""
        from soapkit.client.dynamic import client_for  # as in Client

        return await arun(do(partial(client_for, contract, cls, address, service, strict, settings, cache=cache)))


def _codecs_of(cls: type[BaseClient], unknown: Literal["strict", "lenient"]) -> Codecs:
    """The codecs of a client class: compiled once, shared by all its clients."""
    with _sharing:
        shared = cls.__dict__.get("_codecs")
        if shared is None:
            shared = cls._codecs = {}  # type: ignore[attr-defined]  # a cache, of no concern to users
        if unknown not in shared:
            shared[unknown] = codecs_for(cls.service, unknown)
        codecs: Codecs = shared[unknown]
        return codecs


_sharing = threading.Lock()
