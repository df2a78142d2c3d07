"""The items of a repeated element of a reply: where they stand, and how they are read while it comes.

    place = item_place(operation, codecs)
    items = ReplyItems(processor, version, operation, place)
    for piece in response:
        for item in items.feed(piece): ...
    for item in items.finish(): ...                 # raises the fault, where the reply is one

What stands around the items is checked as ever when the reply has ended. A reply that is verified or validated cannot
be read in pieces: it is believed whole, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from soapkit.databinding.by_table.given_read import attributes_beside
from soapkit.databinding.codec import Codec, Codecs
from soapkit.databinding.given import given_with, nil
from soapkit.databinding.shape import ElementField, RecordRef
from soapkit.errors import DecodeError, MessageError, Place, Problem, UsageError
from soapkit.exchange.processor import Processor
from soapkit.operations import Message, Operation
from soapkit.soap.envelope import Envelope
from soapkit.soap.version import Version
from soapkit.xml.names import did_you_mean, local_name
from soapkit.xml.parse import DEFAULT_LIMITS, XmlLimits
from soapkit.xml.pieces import ElementReader
from soapkit.xml.walk import tag_of


@dataclass(frozen=True, slots=True)
class ItemPlace:
    """Where items stand. `names`: of the fields from the message's record to the list; `tags`: of their elements, the
    last one that of an item; `field`: the list."""

    names: tuple[str, ...]
    tags: tuple[str, ...]
    field: ElementField

    def below(self, name: str, tag: str) -> ItemPlace:
        """The same place, seen from the record that has it in its field `name`."""
        return ItemPlace((name, *self.names), (tag, *self.tags), self.field)

    def items_of(self, record: Any) -> Any:
        """What stands there in a record; an empty tuple where there is nothing on the way."""
        for name in self.names:
            record = getattr(record, name, None)
            if record is None:
                return ()
        return record

    def told_of(self, record: Any) -> Iterator[Any]:
        """The same one by one, as a stream gives them: a nil item with the attributes that it came with."""
        *way, last = self.names
        for name in way:
            record = getattr(record, name, None)
        said = given_with(record)
        for place, item in enumerate(getattr(record, last, None) or ()):
            attributes = said.attributes_of(last, place) if item is None else {}
            yield nil(attributes) if attributes else item

    def path(self, message: Message, version: Version) -> tuple[str, ...]:
        """The tags from the Envelope to an item."""
        around = () if message.tag is None else (message.tag,)
        return (version.envelope, version.body, *around, *self.tags)


_DEEPEST = 4  # fields on the way to a list that are looked through


def item_places(message: Message, codecs: Codecs) -> tuple[ItemPlace, ...]:
    """Every place of a message where items can be read or sent one by one; none in SOAP encoding, where a value may
    refer to any other."""
    return () if message.encoded else tuple(_places(message.record, codecs, _DEEPEST))


def _places(key: Any, codecs: Codecs, depth: int) -> Iterator[ItemPlace]:
    model = codecs.context.bound(key).model
    for field in codecs.shapes[key].elements:
        if not isinstance(field, ElementField) or model.is_shared(field.tag):
            continue  # or which list an element of its name belongs to is not told by its place
        if field.many:
            yield ItemPlace((field.name,), (field.tag,), field)
        elif isinstance(field.type, RecordRef) and depth:
            for place in _places(field.type.key, codecs, depth - 1):
                yield place.below(field.name, field.tag)


def item_place(operation: Operation[Any, Any], codecs: Codecs, path: str = "") -> ItemPlace:
    """The place of a reply's items. `path`: fields from what the call returns to the list (``page.records``); not
    needed where there is but one list.

    Raises `UsageError` where there is none, or none of this path, or several to choose from.
    """
    if operation.reply is None:
        raise UsageError(f"{operation.name} is one-way: there is no reply to stream")
    places = item_places(operation.reply, codecs)
    known = {".".join(_from_value(place, operation)): place for place in places}
    if path:
        if path not in known:
            meant = did_you_mean(path, known)
            raise UsageError(f"the reply of {operation.name} has no list {path!r}; it has {_listed(known)}{meant}")
        return known[path]
    nearest = min((len(place.names) for place in places), default=0)
    first = [place for place in places if len(place.names) == nearest]
    if len(first) != 1:
        raise UsageError(f"say which list of the reply of {operation.name} to stream: it has {_listed(known)}")
    return first[0]


def _from_value(place: ItemPlace, operation: Operation[Any, Any]) -> tuple[str, ...]:
    return place.names[1:] if operation.unwrap == place.names[0] else place.names


def _listed(known: dict[str, ItemPlace]) -> str:
    return ", ".join(name or "the reply itself" for name in known) or "none"


class ReplyItems:
    """Takes a reply piece by piece and gives its items: `feed` each piece, then `finish`.

    Raises what `Processor.receive_reply` raises; the fault, where the reply is one, in `finish`.
    """

    def __init__(
        self,
        processor: Processor,
        version: Version,
        operation: Operation[Any, Any],
        place: ItemPlace,
        limits: XmlLimits = DEFAULT_LIMITS,
    ) -> None:
        check_streamable(processor)
        assert operation.reply is not None
        self._processor = processor
        self._operation = operation
        self._place = place
        self._codec: Codec = processor.codecs.codec(place.field.type)
        around = (
            "Body" if operation.reply.tag is None else local_name(operation.reply.tag)
        )  # as who reads it whole says
        self._name = ".".join((around, *place.names))
        keep = max(place.field.minimum, 1)
        path = place.path(operation.reply, version)
        self._reader = ElementReader(path, keep=keep, source=operation.name, limits=limits)
        self._count = 0

    def feed(self, piece: bytes) -> Iterator[Any]:
        """The items that end in the next piece of the body."""
        for element in self._reader.feed(piece):
            with self._reader.telling():
                if not self._count:  # the Header is whole by now: what it demands comes before anything is believed
                    self._processor.believed(Envelope.read(element.getroottree().getroot()))
                field = self._place.field
                item = self._codec.decode(
                    element,
                    nillable=field.nillable,
                    default=field.default,
                    fixed=field.fixed,
                    path=f"{self._name}[{self._count}]",
                )
                if item is None and (attributes := attributes_beside(element, field.type, self._codec.context)):
                    item = nil(attributes)
            self._count += 1
            yield item

    def finish(self) -> Iterator[Any]:
        """Check what stood around the items. What it gives are items too: of a reply that was no stream."""
        root = self._reader.finish()
        with self._reader.telling():
            received = self._processor.receive_reply(Envelope.read(root), self._operation)
        most = self._place.field.maximum
        if most is not None and self._count > most:
            problem = f"has {self._count} items: expected at most {most}"
            raise DecodeError(problems=[Problem(problem, Place(self._operation.name, path=self._name))])
        if not self._count:
            yield from self._place.told_of(received.value)


def check_streamable(processor: Processor) -> None:
    """Raise `UsageError` where messages are to be verified or validated, which only a whole one can be."""
    if processor.security is not None:
        raise UsageError("a reply that must be verified is read whole: call the operation itself, without stream")
    if processor.may_check_coming(request=False):
        raise UsageError("a reply that must be validated is read whole: call the operation itself, without stream")


def split_at(envelope: Envelope, message: Message, place: ItemPlace) -> tuple[bytes, bytes]:
    """The bytes of a message before and after the place where further items go: behind those that stand there."""
    current = envelope.body
    around = () if message.tag is None else (message.tag,)
    for tag in (*around, *place.tags):
        found = [child for child in current if tag_of(child) == tag]
        if not found:
            raise MessageError(f"the message has no element {tag}")
        current = found[-1]
    parent = current.getparent()
    assert parent is not None
    mark = parent.makeelement("soapkit-more")
    current.addnext(mark)
    head, _, tail = envelope.to_bytes().partition(b"<soapkit-more/>")
    return head, tail
