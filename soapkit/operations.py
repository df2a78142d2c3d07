"""Operation, Service: one call, a set of calls.

The second waist of the house. WSDL (`soapkit.wsdl.operations`), a generated module and a decorated class come in;
client, server and WSDL go out.

Every message style comes to the same two things: a record whose fields are the parameters, and where it is written.

    document/literal wrapped    tag = the wrapper element, record = its type
    rpc/literal, rpc/encoded    tag = {namespace of soap:body}operation, record = one unqualified field a part
    document/literal bare       tag None: the record's fields are the children of Body, one field a part
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from soapkit.databinding.shape import Key, Type
from soapkit.errors import NOWHERE, Place

RequestT = TypeVar("RequestT")
ReplyT = TypeVar("ReplyT")

Style: TypeAlias = Literal["wrapped", "bare", "rpc"]


@dataclass(frozen=True, slots=True)
class Header:
    """A header block that a message declares.

    `name`: of the part, and of the Python parameter; `tag`: Clark name of the element; `required`: the contract says
    ``wsdl:required``, so that a call without it is refused before it is sent.
    """

    name: str
    tag: str
    type: Type
    required: bool = False
    documentation: str = ""


@dataclass(frozen=True, slots=True)
class AttachedPart:
    """A part that travels beside the envelope, as the contract's MIME binding says (WSDL 1.1, 5).

    `name`: of the Python parameter; `part`: as the contract writes it; `types`: the media types that it may have.
    """

    name: str
    part: str
    types: tuple[str, ...] = ()
    documentation: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What stands in the Body in one direction, and in the Header, and beside the envelope.

    `record`: the key of the record whose fields are the parameters. `tag`: the element around them, None if they
    stand in the Body itself. `encoded`: use="encoded" (SOAP 1.1, section 5), in `encoding_style`.
    """

    record: Key
    tag: str | None
    style: Style = "wrapped"
    headers: tuple[Header, ...] = ()
    encoded: bool = False
    encoding_style: str = ""
    action: str = ""  # WS-Addressing Action, where the contract says one
    attached: tuple[AttachedPart, ...] = ()


@dataclass(frozen=True, slots=True)
class FaultDetail:
    """A declared fault: the element in ``detail``, its type, and the exception that carries it (once there is one)."""

    name: str
    tag: str
    type: Type
    exception: builtins.type[Exception] | None = None
    documentation: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class HttpUse:
    """How an operation is called without SOAP (WSDL 1.1, 4): `verb`, and `location` below the port's address.

    `parameters`: in the ``query``, in the ``path`` (in place of ``(name)`` in the location), in a ``form`` that is
    posted; or ``xml``: the only part is posted as it is.
    """

    verb: str
    location: str
    parameters: Literal["query", "path", "form", "xml"] = "query"


@dataclass(frozen=True, slots=True)
class Operation(Generic[RequestT, ReplyT]):
    """One call.

    `name`: as the contract writes it; `method`: the Python method (set when code is generated, else like `name`).
    `action`: the SOAPAction of SOAP 1.1 and the action parameter of SOAP 1.2. `reply` None: one-way. `unwrap`: the
    name of the reply record's only field, which the call then returns instead of the record; decided here, once, and
    never by what a reply happens to hold. `http`: how it is called without SOAP, for a port with an HTTP binding.
    """

    name: str
    request: Message
    reply: Message | None
    action: str = ""
    method: str = ""
    unwrap: str | None = None
    faults: tuple[FaultDetail, ...] = ()
    documentation: str = ""
    place: Place = NOWHERE
    http: HttpUse | None = None

    @property
    def one_way(self) -> bool:
        """Whether no reply is expected."""
        return self.reply is None

    def value_of(self, record: Any) -> Any:
        """What a call returns for a reply record: its only field (`unwrap`), or the record."""
        return record if self.unwrap is None else getattr(record, self.unwrap)

    def record_for(self, value: Any) -> Any:
        """The reply record for what a handler returned: the pair of `value_of`.

        A reply without fields is made here, since its handler returns nothing.
        """
        assert self.reply is not None
        record = self.reply.record
        if self.unwrap is not None and isinstance(record, type):
            return record(**{self.unwrap: value})
        return record() if value is None and isinstance(record, type) else value


@dataclass(frozen=True, slots=True)
class Port:
    """Where a service is reached, and in which SOAP version.

    `version`: ``1.1`` or ``1.2``. `address`: a URL, empty if the contract gives none. `actions`: the SOAPAction of
    operations (by their contract name) that differ in this port's binding. `addressing`: the version of WS-Addressing
    that the contract demands.
    """

    name: str
    address: str
    version: Literal["1.1", "1.2"] = "1.1"
    binding: str = ""
    actions: dict[str, str] = field(default_factory=dict)
    place: Place = NOWHERE
    addressing: Literal["", "2005/08", "2004/08"] = ""


@dataclass(frozen=True, slots=True)
class Service:
    """A port type as one or more ports offer it: a set of operations and the addresses where they are reached.

    Ports whose bindings agree in all but SOAP version and action are one service; others are several of one name.
    `port_type`: Clark name. `types`: classes that its messages do not lead to, for where any type may stand.
    """

    name: str
    namespace: str
    port_type: str
    operations: Sequence[Operation[Any, Any]]
    ports: tuple[Port, ...] = ()
    documentation: str = ""
    place: Place = NOWHERE
    types: tuple[type, ...] = ()

    def operation(self, name: str) -> Operation[Any, Any]:
        """The operation of this contract name or method name. Raises `KeyError`."""
        for operation in self.named(name) or self.operations:
            if name in (operation.name, operation.method):
                return operation
        raise KeyError(name)

    def named(self, name: str) -> Sequence[Operation[Any, Any]]:
        """The operations of this contract name, in order."""
        named = getattr(self.operations, "named", None)  # those of a contract are read one by one (wsdl/later.py)
        if named is None:
            return [operation for operation in self.operations if operation.name == name]
        found: Sequence[Operation[Any, Any]] = named(name)
        return found
