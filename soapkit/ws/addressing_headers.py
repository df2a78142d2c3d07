"""Addressing properties <-> header blocks.

found = read_addressing(envelope)               # None where the message has none
blocks = write_addressing(properties, SOAP_1_2)   # as text
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from copy import deepcopy
from typing import Final

from lxml.etree import _Element

from soapkit.errors import MessageError
from soapkit.soap.envelope import Envelope
from soapkit.soap.headers import blocks_for
from soapkit.soap.version import Version
from soapkit.ws.addressing import (
    HEADERS,
    VERSION_2004,
    VERSION_2005,
    AddressingVersion,
    EndpointReference,
    Properties,
)
from soapkit.ws.addressing_faults import AddressingError
from soapkit.xml.names import WSA, clark, local_name, namespace_of
from soapkit.xml.serialise import escape_attribute, escape_text, serialise
from soapkit.xml.walk import children, tag_of

_REFERENCES: Final = ("From", "ReplyTo", "FaultTo")
_IS_REFERENCE: Final = clark(WSA, "IsReferenceParameter")


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
