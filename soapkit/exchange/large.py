"""Large messages are read in pieces, and what is decoded is let go: memory holds the values, not a tree beside them.

A tree takes nine times the bytes of its message. So where a message is large, nothing is asked of it that needs it
whole (a signature, a schema), and its type has one list that can make it so, the items of that list are decoded while
the parser goes on. What stands around them then takes the ordinary journey, with the first items in it.

Law of this file: it never refuses. Whatever is wrong with a message is found again by who reads it whole, and told
there with its place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from lxml import etree

from soapkit.databinding.by_table.given_read import says_why_nil
from soapkit.databinding.given import given_with
from soapkit.databinding.shape import RecordRef
from soapkit.errors import SoapkitError
from soapkit.exchange.items import ItemPlace, item_places
from soapkit.exchange.plain import Resolve
from soapkit.exchange.processor import Processor, Received
from soapkit.exchange.sending import with_items
from soapkit.soap.envelope import Envelope
from soapkit.soap.rules import check_rules
from soapkit.soap.version import SOAP_1_1, SOAP_1_2
from soapkit.soap.wire import Unparsed, is_utf8
from soapkit.xml.names import split
from soapkit.xml.parse import may_have_too_many
from soapkit.xml.pieces import ElementReader
from soapkit.xml.serialise import escape_attribute
from soapkit.xml.walk import tag_of

Receive: TypeAlias = Callable[[Envelope], Received]
"""The ordinary journey of a message."""

LARGE = 1_000_000  # bytes
_PIECE = 128 * 1024
_HEAD = 64 * 1024  # bytes in which the first element of the Body begins
_STYLE = b":encodingStyle"
_BODIES = {version.body for version in (SOAP_1_1, SOAP_1_2)}


def receive_large(
    processor: Processor,
    data: bytes,
    content_type: str,
    resolve: Resolve,
    receive: Receive,
    *,
    request: bool,
    least: int = LARGE,
) -> Received | None:
    """The message in `data`, read in pieces; None where it is to be read whole.

    `resolve`: which operation and message the first element in a Body stands for; `receive`: the journey that what
    stands around the items takes. `request`: whether it is one, or a reply. `least`: bytes of what is large.
    """
    if len(data) < least or not is_utf8(content_type):
        return None
    if processor.security is not None or processor.may_check_coming(request=request) or may_have_too_many(data):
        return None
    if _STYLE in data:  # which is looked for in all of a Body
        return None
    try:
        envelope = _envelope_of(data)
        if envelope is None:
            return None
        operation, message = resolve(envelope)
        place = _only_place(item_places(message, processor.codecs))
        if place is None or message.tag != tag_of(envelope.content[0]):
            return None
        path, keep = place.path(message, envelope.version), max(place.field.minimum, 1)
        reader = ElementReader(path, keep=keep)
        codec = processor.codecs.codec(place.field.type)
        items = []
        for start in range(0, len(data), _PIECE):
            for element in reader.feed(data[start : start + _PIECE]):
                if place.field.nillable and says_why_nil(element, place.field.type):
                    return None  # what it says is kept with its place among all of the items
                items.append(codec.decode(element, nillable=place.field.nillable))
        around = Envelope.read(reader.finish())
        check_rules(around)
        received = receive(around)
    except SoapkitError:
        return None
    most = place.field.maximum
    if _says_more(received.value, place):
        return None
    if received.operation is not operation or len(items) <= keep or (most is not None and len(items) > most):
        return None
    value = with_items(received.value, place, items)
    return Received(operation, value, received.headers, Unparsed(data, content_type, around.version))


def _says_more(record: Any, place: ItemPlace) -> bool:
    """Whether something stood between the items, or around them, that is kept with its place among all of them."""
    for name in place.names:
        given = given_with(record)
        if given.unknown_elements or given.texts or given.children:
            return True
        record = getattr(record, name, None)
    return False


def _envelope_of(data: bytes) -> Envelope | None:
    """An envelope with the first element in the Body of a message, and nothing else."""
    parser = etree.XMLPullParser(events=("start",), resolve_entities=False, no_network=True, load_dtd=False)
    try:
        for start in range(0, _HEAD, 4096):
            parser.feed(data[start : start + 4096])
            for _, element in parser.read_events():
                parent = element.getparent()
                if parent is not None and parent.tag in _BODIES:
                    return _around(split(tag_of(parent))[0], *split(tag_of(element)))
    except etree.XMLSyntaxError:
        pass
    return None


def _around(soap: str, namespace: str, local: str) -> Envelope:
    element = f'<e:{local} xmlns:e="{escape_attribute(namespace)}"/>' if namespace else f"<{local}/>"
    text = f'<soap:Envelope xmlns:soap="{soap}"><soap:Body>{element}</soap:Body></soap:Envelope>'
    return Envelope.parse(text.encode())


def _only_place(places: tuple[ItemPlace, ...]) -> ItemPlace | None:
    """The one list that is nearest, if its items are records: those of simple types may have defaults."""
    nearest = min((len(place.names) for place in places), default=0)
    first = [place for place in places if len(place.names) == nearest]
    return first[0] if len(first) == 1 and isinstance(first[0].field.type, RecordRef) else None
