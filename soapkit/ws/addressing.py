"""WS-Addressing: where a message goes, what it is about, and where its answer belongs; as header blocks, both ways.

Sources: WS-Addressing 1.0 Core, SOAP Binding (W3C, 2006) and Metadata (2007); the member submission of August 2004,
which old .NET and Java stacks speak. What differs between the two is a field of a frozen `AddressingVersion`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Container, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias
from urllib.parse import SplitResult, unquote, urlsplit

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import NOWHERE, MessageError
from soapkit.soap.envelope import Envelope
from soapkit.soap.headers import blocks_for
from soapkit.soap.version import Version
from soapkit.xml.names import WSA, clark, local_name, namespace_of
from soapkit.xml.serialise import escape_attribute, escape_text, serialise
from soapkit.xml.walk import children, place_of, tag_of

WSA_2004: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing"

Label: TypeAlias = Literal["2005/08", "2004/08"]

_IS_REFERENCE: Final = clark(WSA, "IsReferenceParameter")


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
_REFERENCES: Final = ("From", "ReplyTo", "FaultTo")

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


# --- read ---------------------------------------------------------------------------------------------------------


def read_addressing(envelope: Envelope, roles: Container[str] = ()) -> Properties | None:
    """The addressing properties of a message; None where it has none. `roles`: that we play: blocks for others are not
    ours to read (SOAP Binding, 3.2).

    Raises `AddressingError` (a `MessageError`) for blocks that are doubled, or that lack their address or their text.
    """
    blocks = [block for block in blocks_for(envelope, roles) if tag_of(block) in HEADERS]
    if not blocks:
        return None
    version = VERSION_2005 if any(namespace_of(tag_of(block)) == WSA for block in blocks) else VERSION_2004
    known = Properties(version, message_id=_message_id(blocks, version))
    found: dict[str, _Element] = {}
    related = []
    for block in blocks:
        local = local_name(tag_of(block))
        if tag_of(block) != version.name(local):
            continue  # of the other version: beside a whole set of this one it says nothing
        if local == "RelatesTo":
            kind = (block.get("RelationshipType") or version.reply).strip()
            related.append((_text(block, known), version.reply if kind in ("wsa:Reply", version.reply) else kind))
        elif local in found:
            told = f"the header block {local} stands there twice"
            raise AddressingError("InvalidCardinality", told, block, request=known)
        else:
            found[local] = block
    references = {local: _reference(found[local], known) for local in _REFERENCES if local in found}
    to = EndpointReference(_text(found["To"], known), _parameters(envelope)) if "To" in found else None
    return Properties(
        version,
        _text(found["Action"], known) if "Action" in found else "",
        to,
        _text(found["MessageID"], known) if "MessageID" in found else "",
        tuple(related),
        references.get("From"),
        references.get("ReplyTo"),
        references.get("FaultTo"),
    )


def check_related(request: Properties, answer: Envelope) -> None:
    """Refuse an answer that says it belongs to another message (Core, 3.1).

    One that says nothing is taken: it came over the connection of the request. Raises `MessageError`.
    """
    found = read_addressing(answer)
    related = [message_id for message_id, kind in found.relates_to if kind == found.version.reply] if found else []
    if related and request.message_id not in related:
        raise MessageError(f"the answer relates to message {related[0]}, not to {request.message_id}")


def _message_id(blocks: Iterable[_Element], version: AddressingVersion) -> str:
    """The identifier of a message, for the fault that answers it where another block is wrong; empty where it does not
    have exactly one."""
    found = [_content(block) for block in blocks if tag_of(block) == version.name("MessageID")]
    return found[0] if len(found) == 1 else ""


def _content(block: _Element) -> str:
    return "".join(str(one) for one in block.itertext()).strip()


def _text(block: _Element, known: Properties) -> str:
    """`known`: what is known of the message, for the fault."""
    text = _content(block)
    if not text or len(block):
        told = f"{local_name(tag_of(block))} holds no URI"
        raise AddressingError("InvalidAddressingHeader", told, block, request=known)
    return text


def _reference(block: _Element, known: Properties) -> EndpointReference:
    version = known.version
    address = next(children(block, version.name("Address")), None)
    if address is None:
        told = f"{local_name(tag_of(block))} has no Address"
        raise AddressingError("MissingAddressInEPR", told, block, request=known)
    holders = [found for name in version.reference_holders for found in children(block, version.name(name))]
    return EndpointReference(_text(address, known), tuple(one for holder in holders for one in children(holder)))


def _parameters(envelope: Envelope) -> tuple[_Element, ...]:
    return tuple(block for block in envelope.headers if block.get(_IS_REFERENCE, "").strip() in ("true", "1"))


# --- write --------------------------------------------------------------------------------------------------------


def write_addressing(properties: Properties, soap: Version, *, must_understand: bool = False) -> tuple[str, ...]:
    """The header blocks for addressing properties, as text. The pair of `read_addressing`."""
    version = properties.version
    mandatory = f' soap:mustUnderstand="1" xmlns:soap="{soap.namespace}"' if must_understand else ""
    blocks = []
    if properties.to is not None:
        blocks.append(_block(version, "To", properties.to.address, mandatory))
    blocks.append(_block(version, "Action", properties.action, mandatory))
    if properties.message_id:
        blocks.append(_block(version, "MessageID", properties.message_id))
    for message_id, kind in properties.relates_to:
        said = "" if kind == version.reply else f' RelationshipType="{escape_attribute(kind)}"'
        blocks.append(_block(version, "RelatesTo", message_id, said))
    for local, reference in (
        ("From", properties.source),
        ("ReplyTo", properties.reply_to),
        ("FaultTo", properties.fault_to),
    ):
        if reference is not None:
            blocks.append(_written(version, local, reference))
    blocks += [_parameter(one, version) for one in (properties.to.parameters if properties.to is not None else ())]
    return tuple(blocks)


def _block(version: AddressingVersion, local: str, text: str, attributes: str = "") -> str:
    return f'<wsa:{local} xmlns:wsa="{version.namespace}"{attributes}>{escape_text(text)}</wsa:{local}>'


def _written(version: AddressingVersion, local: str, reference: EndpointReference) -> str:
    inside = "".join(serialise(one).decode() for one in reference.parameters)
    holder = version.reference_holders[-1]
    held = f"<wsa:{holder}>{inside}</wsa:{holder}>" if inside else ""
    address = f"<wsa:Address>{escape_text(reference.address)}</wsa:Address>"
    return f'<wsa:{local} xmlns:wsa="{version.namespace}">{address}{held}</wsa:{local}>'


def _parameter(element: _Element, version: AddressingVersion) -> str:
    """A reference parameter as a header block (SOAP Binding, 3.3); the old version marks it in no way."""
    copy = deepcopy(element)
    copy.tail = None
    if version is VERSION_2005:
        copy.set(_IS_REFERENCE, "true")
    return serialise(copy).decode()


# --- faults -------------------------------------------------------------------------------------------------------

# Subsubcodes stand below InvalidAddressingHeader (SOAP Binding, 6.4).
_BELOW_INVALID: Final = frozenset(
    {"InvalidCardinality", "MissingAddressInEPR", "InvalidAddress", "ActionMismatch", "OnlyAnonymousAddressSupported"}
)


class AddressingError(MessageError):
    """A message whose addressing headers are wrong. `subcode`: the local name of the fault that WS-Addressing 1.0 has
    for it; `problem`: the Clark name of the header block, or the action or address that is the matter; `version`: that
    the message speaks; `request`: its properties, as far as they are known."""

    def __init__(
        self,
        subcode: str,
        message: str,
        block: _Element | None = None,
        problem: str = "",
        bare: str | None = None,
        *,
        version: AddressingVersion | None = None,
        request: Properties | None = None,
    ) -> None:
        spoken = request.version if request is not None else version
        if spoken is None:
            spoken = VERSION_2004 if block is not None and namespace_of(tag_of(block)) == WSA_2004 else VERSION_2005
        outer = "InvalidAddressingHeader" if subcode in _BELOW_INVALID else subcode
        codes = (outer, subcode) if spoken is VERSION_2005 else (outer,)  # the submission has none below
        super().__init__(
            message,
            subcodes=dict.fromkeys(spoken.name(spoken.faults.get(one, one)) for one in codes),
            place=place_of(block, "message") if block is not None else NOWHERE,
            bare=bare,
        )
        self.subcode = subcode
        self.problem = problem or (tag_of(block) if block is not None else "")
        self.version = spoken
        self.request = request
        self.reason = spoken.reasons[outer]

    def answer(self) -> Properties:
        """The properties of the fault; it goes back over the connection, whatever the message says."""
        known, back = self.request.message_id if self.request else "", EndpointReference(self.version.anonymous)
        related = ((known, self.version.reply),) if known else ()
        return Properties(self.version, self.version.own_fault_action, back, new_message_id(), related)

    def detail(self) -> str:
        """The entry for the fault's detail; in SOAP 1.1 it stands in a header block (SOAP Binding, 6.3). The submission
        describes none."""
        if not self.problem or self.version is not VERSION_2005:
            return ""
        if self.subcode == "ActionNotSupported":
            inner = f"<wsa:Action>{escape_text(self.problem)}</wsa:Action>"
            return f'<wsa:ProblemAction xmlns:wsa="{WSA}">{inner}</wsa:ProblemAction>'
        name = _qname(self.problem)
        if name is None:
            return f'<wsa:ProblemIRI xmlns:wsa="{WSA}">{escape_text(self.problem)}</wsa:ProblemIRI>'
        return (
            f'<wsa:ProblemHeaderQName xmlns:wsa="{WSA}" xmlns:p="{escape_attribute(name.namespace or "")}">'
            f"p:{name.localname}</wsa:ProblemHeaderQName>"
        )

    def block(self) -> str:
        """For SOAP 1.1: the header block with the detail; empty where there is none."""
        inner = self.detail()
        return f'<wsa:FaultDetail xmlns:wsa="{WSA}">{inner}</wsa:FaultDetail>' if inner else ""


def _qname(problem: str) -> etree.QName | None:
    """The name that a Clark name says; None for an address, however odd."""
    try:
        return etree.QName(problem) if problem.startswith("{") else None
    except ValueError:
        return None


def missing(local: str, request: Properties | None = None) -> AddressingError:
    """The error for a header block that is required and is not there."""
    version = request.version if request is not None else VERSION_2005
    told = f"the header block wsa:{local} is required"
    return AddressingError("MessageAddressingHeaderRequired", told, problem=version.name(local), request=request)


# RFC 3986, 2. What has other characters is taken apart by each library in its own way: http://evil.example\@host/ is a
# URL of host to one and of evil.example to another.
_URI = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def is_allowed(address: str, allowed: Iterable[str]) -> bool:
    """Whether an address lies below one of these: the same scheme, host and port, and a path that starts like it. One
    that names a user, or whose path leads upwards, lies nowhere."""
    try:
        wanted = urlsplit(address)
        place = _place(wanted)
    except ValueError:  # no address at all, such as http://[::1 or one whose port is no number
        return False
    if not _URI.fullmatch(address) or not wanted.hostname or "@" in wanted.netloc:
        return False
    if {".", ".."} & set(unquote(wanted.path).split("/")):
        return False
    for one in allowed:
        known = urlsplit(one)
        base = known.path.rstrip("/")
        if _place(known) == place and (wanted.path == base or wanted.path.startswith(f"{base}/")):
            return True
    return False


def _place(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or _DEFAULT_PORTS.get(url.scheme)
