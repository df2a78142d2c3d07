"""Header blocks: whom they are for, and which of them must be understood.

SOAP 1.1, 4.2.2 and 4.2.3; SOAP 1.2 part 1, 2.2 to 2.7 and 5.2.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urljoin

from lxml.etree import _Element

from soapkit.errors import MessageError
from soapkit.soap.envelope import Envelope
from soapkit.soap.version import SOAP_1_1, SOAP_1_2, Version
from soapkit.xml.names import SOAP12, clark, split
from soapkit.xml.serialise import escape_attribute
from soapkit.xml.walk import children, place_of, tag_of

Understood: TypeAlias = "Container[str] | Callable[[_Element], bool]"
"""The header blocks that a node understands: their Clark names, or a function that is asked for each."""

# WCF writes this block, with mustUnderstand, into messages that use no WS-Addressing. It says what the HTTP header
# says already.
IGNORED = frozenset({"{http://schemas.microsoft.com/ws/2005/05/addressing/none}Action"})

# The blocks that SOAP 1.2 itself defines (part 1, 5.4.7 and 5.4.8): they stand in faults, for information.
_UPGRADE = clark(SOAP12, "Upgrade")
_NOT_UNDERSTOOD = clark(SOAP12, "NotUnderstood")

# SOAP 1.2 takes all of xs:boolean (part 1, 5.2.3). SOAP 1.1 has 0 and 1 only (4.2.3, BP 1.1 R1013), but true and false
# are met on real wires and mean only one thing.
_BOOLEANS = {"1": True, "true": True, "0": False, "false": False}

_RELAY = clark(SOAP12, "relay")


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """A header block with what SOAP says of it.

    `role`: whom it is for, empty for the ultimate receiver; `relay`: an intermediary that does not process the block
    passes it on (SOAP 1.2 only).
    """

    element: _Element
    name: str
    role: str = ""
    must_understand: bool = False
    relay: bool = False


def read_headers(envelope: Envelope) -> tuple[HeaderBlock, ...]:
    """The header blocks, in order.

    Raises `MessageError` (code ``Sender``) for a mustUnderstand or relay that is no boolean.
    """
    return tuple(_read(element, envelope.version) for element in envelope.headers)


def is_for_us(block: HeaderBlock, version: Version, roles: Container[str] = (), *, ultimate: bool = True) -> bool:
    """Whether a node processes this block. Every node is ``next``; none is ``none``.

    `roles`: the roles it plays besides; `ultimate`: whether it is the ultimate receiver (an endpoint) or an
    intermediary.
    """
    return _plays(block.role, version, roles, ultimate)


def blocks_for(envelope: Envelope, roles: Container[str] = ()) -> tuple[_Element, ...]:
    """The header blocks that the ultimate receiver of a message may process, in order: those for others are none of
    its business, whatever they are called (SOAP 1.2 part 1, 2.4 and 2.6; SOAP 1.1, 4.2.2)."""
    version = envelope.version
    return tuple(block for block in envelope.headers if _plays(role_of(block, version), version, roles, ultimate=True))


def must_understand(block: _Element, version: Version) -> bool:
    """Whether a header block must be processed by whom it is for. Raises `MessageError` for what is no boolean."""
    return _boolean(block, version.must_understand)


def _plays(role: str, version: Version, roles: Container[str], ultimate: bool) -> bool:
    if not role or role == version.ultimate_receiver_role:
        return ultimate
    if role == version.none_role:
        return False
    return role == version.next_role or role in roles


def check_understood(
    envelope: Envelope, understood: Understood = (), *, roles: Container[str] = (), ultimate: bool = True
) -> None:
    """Refuse a message with a mandatory header block for us that we do not understand.

    Call it before anything is processed (SOAP 1.2 part 1, 2.6). Raises `MessageError`: code ``MustUnderstand``, its
    `not_understood` the names of all such blocks, each once; ``Sender`` as `read_headers` does.

    >>> envelope = Envelope.parse(b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body/></s:Envelope>')
    >>> check_understood(envelope, {"{http://www.w3.org/2005/08/addressing}Action"})
    """
    if envelope.header is None:
        return
    version = envelope.version
    missing = [
        block
        for block in read_headers(envelope)  # all of them: what is malformed is refused, whomever it is for
        if block.must_understand
        and is_for_us(block, version, roles, ultimate=ultimate)
        and not _is_understood(block, understood)
    ]
    if missing:
        names = tuple(dict.fromkeys(block.name for block in missing))
        raise MessageError(
            "the header block must be understood, and is not: " + ", ".join(names),
            code="MustUnderstand",
            not_understood=names,
            role=missing[0].role,
            place=place_of(missing[0].element, "message"),
        )


def is_forwarded(
    block: HeaderBlock, version: Version, processed: bool, roles: Container[str] = (), *, inserted: bool = False
) -> bool:
    """Whether an intermediary passes this block on (SOAP 1.2 part 1, 2.7.2, table 4; SOAP 1.1, 4.2.2).

    `processed`: it understood the block and acted on it; `inserted`: the block's own rules put it back.
    """
    if not is_for_us(block, version, roles, ultimate=False):
        return True
    return inserted or (not processed and block.relay)


def not_understood_blocks(names: Iterable[str]) -> tuple[str, ...]:
    """For a SOAP 1.2 MustUnderstand fault: a NotUnderstood block for each Clark name, as text (part 1, 5.4.8)."""
    return tuple(
        f'<soap:NotUnderstood xmlns:soap="{SOAP12}" xmlns:not="{escape_attribute(namespace)}" qname="not:{local}"/>'
        for namespace, local in map(split, names)
    )


def upgrade_block(supported: Iterable[Version] = (SOAP_1_2, SOAP_1_1)) -> str:
    """For a VersionMismatch fault: the Upgrade block, as text, with the envelopes that are taken here, the best first.

    It is a block of SOAP 1.2 in a SOAP 1.1 message too (SOAP 1.2 part 1, 5.4.7 and appendix A).
    """
    entries = "".join(
        f'<soap:SupportedEnvelope xmlns:ns{number}="{version.namespace}" qname="ns{number}:Envelope"/>'
        for number, version in enumerate(supported, 1)
    )
    return f'<soap:Upgrade xmlns:soap="{SOAP12}">{entries}</soap:Upgrade>'


def read_not_understood(envelope: Envelope) -> tuple[str, ...]:
    """The Clark names in the NotUnderstood blocks of a fault. The pair of `not_understood_blocks`."""
    return tuple(qname_in(block, block.get("qname", "")) for block in envelope.headers if block.tag == _NOT_UNDERSTOOD)


def read_upgrade(envelope: Envelope) -> tuple[str, ...]:
    """The Clark names of the envelopes that the Upgrade block of a fault offers. The pair of `upgrade_block`."""
    upgrades = (block for block in envelope.headers if block.tag == _UPGRADE)
    return tuple(qname_in(entry, entry.get("qname", "")) for block in upgrades for entry in children(block))


def qname_in(element: _Element, text: str) -> str:
    """The Clark name for a prefixed name in the scope of `element`; an undeclared prefix costs only the namespace."""
    prefix, colon, local = text.strip().partition(":")
    return clark(element.nsmap.get(prefix), local) if colon else clark(element.nsmap.get(None), prefix)


def _read(element: _Element, version: Version) -> HeaderBlock:
    return HeaderBlock(
        element,
        tag_of(element),
        role_of(element, version),
        must_understand(element, version),
        version is not SOAP_1_1 and _boolean(element, _RELAY),
    )


def role_of(element: _Element, version: Version) -> str:
    """Whom a block is for. A relative URI counts from the xml:base in scope (SOAP 1.2 part 1, section 6)."""
    role = (element.get(version.role) or "").strip()
    if not role or ":" in role:
        return role
    try:
        return urljoin(element.base or "", role)
    except ValueError:  # the base is no URI
        return role


def _boolean(element: _Element, attribute: str) -> bool:
    text = element.get(attribute)
    if text is None:
        return False
    value = _BOOLEANS.get(text.strip())
    if value is None:
        raise MessageError(
            f"attribute {attribute} has the value {text!r}; allowed are 0, 1, false and true",
            place=place_of(element, "message"),
        )
    return value


def _is_understood(block: HeaderBlock, understood: Understood) -> bool:
    if block.name in IGNORED or block.name in (_UPGRADE, _NOT_UNDERSTOOD):
        return True
    return understood(block.element) if callable(understood) else block.name in understood
