"""WS-Addressing: where a message goes, what it is about, and where its answer belongs, as values.

`soapkit.ws.addressing_headers` reads and writes them as header blocks, `soapkit.ws.addressing_faults` has the faults.

Sources: WS-Addressing 1.0 Core, SOAP Binding (W3C, 2006) and Metadata (2007); the member submission of August 2004,
which old .NET and Java stacks speak. What differs between the two is a field of a frozen `AddressingVersion`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from lxml.etree import _Element

from soapkit.xml.names import WSA, clark

WSA_2004: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing"

Label: TypeAlias = Literal["2005/08", "2004/08"]


@dataclass(frozen=True, slots=True)
class AddressingVersion:
    """What one version of WS-Addressing says differently.

    `anonymous`: the address of "the other end of this connection"; `none`: that of "nobody", which the old version does
    not have; `fault_action`: of faults that the contract does not declare; `reply`: the relationship of an answer;
    `reference_holders`: the elements of an endpoint reference whose children become header blocks. `own_fault_action`:
    of the faults that WS-Addressing itself defines; `faults`: what these are called where not as in version 1.0, and
    `reasons`: the sentences that it has for them.
    """

    label: Label
    namespace: str
    anonymous: str
    none: str | None
    fault_action: str
    reply: str
    reference_holders: tuple[str, ...]
    own_fault_action: str
    reasons: Mapping[str, str]
    faults: Mapping[str, str] = field(default_factory=dict)

    def name(self, local: str) -> str:
        """The Clark name of one of its elements."""
        return clark(self.namespace, local)


_REASONS: Final = {
    "InvalidAddressingHeader": "A header representing a Message Addressing Property is not valid and the message cannot"
    " be processed",
    "MessageAddressingHeaderRequired": "A required header representing a Message Addressing Property is not present",
    "ActionNotSupported": "The action cannot be processed at the receiver",
    "DestinationUnreachable": "No route can be determined to reach the destination role defined by [destination]",
    "EndpointUnavailable": "The endpoint is unable to process the message at this time",
}
_REASONS_2004: Final = _REASONS | {
    "InvalidAddressingHeader": "A message information header is not valid and the message cannot be processed.",
    "MessageAddressingHeaderRequired": "A required message information header, To, MessageID, or Action, is not"
    " present.",
}

VERSION_2005: Final = AddressingVersion(
    "2005/08",
    WSA,
    f"{WSA}/anonymous",
    f"{WSA}/none",
    f"{WSA}/soap/fault",
    f"{WSA}/reply",
    ("ReferenceParameters",),
    f"{WSA}/fault",  # SOAP Binding, 6
    _REASONS,
)
VERSION_2004: Final = AddressingVersion(
    "2004/08",
    WSA_2004,
    f"{WSA_2004}/role/anonymous",
    None,
    f"{WSA_2004}/fault",
    "wsa:Reply",
    ("ReferenceProperties", "ReferenceParameters"),
    f"{WSA_2004}/fault",  # of the submission, 4
    _REASONS_2004,
    {
        "InvalidAddressingHeader": "InvalidMessageInformationHeader",
        "MessageAddressingHeaderRequired": "MessageInformationHeaderRequired",
    },
)
BY_LABEL: Final[dict[Label, AddressingVersion]] = {"2005/08": VERSION_2005, "2004/08": VERSION_2004}

_SINGLE: Final = ("To", "Action", "MessageID", "From", "ReplyTo", "FaultTo")

HEADERS: Final = frozenset(
    version.name(local) for version in (VERSION_2005, VERSION_2004) for local in (*_SINGLE, "RelatesTo", "FaultDetail")
)
"""Clark names of the header blocks that a node with WS-Addressing understands."""


@dataclass(frozen=True, slots=True)
class EndpointReference:
    """Where messages may be sent. `parameters`: elements that go with them as header blocks, as they are (Core, 2.1).

    >>> EndpointReference("https://orders.example/soap")
    EndpointReference(address='https://orders.example/soap', parameters=())
    """

    address: str
    parameters: tuple[_Element, ...] = ()


@dataclass(frozen=True, slots=True)
class Properties:
    """The message addressing properties (Core, 3.1). `relates_to`: identifiers of other messages with the relationship
    to each, that of an answer first."""

    version: AddressingVersion = VERSION_2005
    action: str = ""
    to: EndpointReference | None = None
    message_id: str = ""
    relates_to: tuple[tuple[str, str], ...] = ()
    source: EndpointReference | None = None
    reply_to: EndpointReference | None = None
    fault_to: EndpointReference | None = None

    def goes_to(self, *, fault: bool = False) -> EndpointReference:
        """Where the answer belongs: to FaultTo for a fault, to ReplyTo, else to the other end (Core, 3.4)."""
        chosen = self.fault_to if fault and self.fault_to is not None else self.reply_to
        return chosen or EndpointReference(self.version.anonymous)

    def is_anonymous(self, reference: EndpointReference) -> bool:
        """Whether a reference is the other end of the connection."""
        return reference.address in ("", self.version.anonymous)

    def is_none(self, reference: EndpointReference) -> bool:
        """Whether a reference is nobody: what would be sent there is dropped (Core, 2.1)."""
        return self.version.none is not None and reference.address == self.version.none

    def answer(self, action: str, *, fault: bool = False) -> Properties:
        """The properties of the answer to a message with these (Core, 3.4)."""
        goes_to = self.goes_to(fault=fault)
        related = ((self.message_id, self.version.reply),) if self.message_id else ()
        return Properties(self.version, action, goes_to, new_message_id(), related)


@dataclass(frozen=True, slots=True)
class Addressing:
    """How a client addresses its messages.

    `version`: ``2005/08`` (W3C) or ``2004/08`` (old stacks). `to`: the service, by default the address that is called;
    with reference parameters where it was given some. `reply_to`, `fault_to`: where answers go, by default back over
    the same connection. `must_understand`: the service must know what the blocks mean, as .NET writes it.

    >>> Client.from_wsdl("orders.wsdl", addressing=Addressing(must_understand=True))        # doctest: +SKIP
    """

    version: Label = "2005/08"
    to: EndpointReference | None = None
    reply_to: EndpointReference | None = None
    fault_to: EndpointReference | None = None
    must_understand: bool = False

    def properties(self, address: str, action: str, *, one_way: bool = False) -> Properties:
        """Those of a request."""
        version = BY_LABEL[self.version]
        answered = None if one_way and self.reply_to is None else self.reply_to or EndpointReference(version.anonymous)
        target = self.to or EndpointReference(address)
        return Properties(version, action, target, new_message_id(), (), None, answered, self.fault_to)


def new_message_id() -> str:
    """An identifier that no other message has."""
    return f"urn:uuid:{uuid.uuid4()}"


def default_action(namespace: str, port_type: str, message: str, delimiter: str = "") -> str:
    """The Action of a message for which a contract says none (Metadata, 4.4.4). `message`: the name of the input, the
    output, or ``operation/Fault/name``. `delimiter`: between them, by default as the namespace has it.

    >>> default_action("urn:example:bank", "Bank", "transferRequest")
    'urn:example:bank:Bank:transferRequest'
    >>> default_action("http://bank.example/", "Bank", "transferRequest")
    'http://bank.example/Bank/transferRequest'
    """
    delimiter = delimiter or (":" if namespace.startswith("urn:") else "/")
    return delimiter.join((namespace.removesuffix(delimiter), port_type, *message.split("/")))
