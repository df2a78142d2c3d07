"""A body in SOAP encoding -> the literal form that the codecs know (SOAP 1.1, section 5; SOAP 1.2 part 2, section 3).

A value may stand apart and be referred to. So the literal form is made by following references, giving the items of
arrays the name that the contract has for them, and putting the parts of a structure in the contract's order.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Final

from lxml import etree
from lxml.etree import _Element

from soapkit.databinding.binary import INCLUDE, carried
from soapkit.databinding.codec import Codecs
from soapkit.databinding.context import Context
from soapkit.databinding.lexical import collapse_blanks, parse_qname
from soapkit.databinding.shape import (
    ANY_TYPE,
    AnyType,
    Atomic,
    ElementField,
    Record,
    RecordRef,
    Type,
)
from soapkit.errors import DecodeError, LimitError, MessageError
from soapkit.exchange.encoded import (
    ARRAY_TYPE,
    ARRAYS,
    DUPLICATE_ID,
    MISSING_ID,
    RPC,
    accessors,
    declared_type,
    is_array,
)
from soapkit.operations import Message
from soapkit.xml.make import make_child, make_element
from soapkit.xml.names import (
    SOAP11,
    SOAP11_ENC,
    SOAP12,
    SOAP12_ENC,
    XSD,
    XSI,
    XSI_NIL,
    XSI_TYPE,
    clark,
    local_name,
    namespace_of,
    split,
)
from soapkit.xml.walk import children, path_of, place_of, tag_of

logger = logging.getLogger("soapkit.exchange")

_XSD_OF_OLD: Final = frozenset({"http://www.w3.org/1999/XMLSchema", "http://www.w3.org/2000/10/XMLSchema"})
_XSI_OF_OLD: Final = ("http://www.w3.org/1999/XMLSchema-instance", "http://www.w3.org/2000/10/XMLSchema-instance")
_NILS: Final = (XSI_NIL, *(clark(namespace, name) for namespace in _XSI_OF_OLD for name in ("nil", "null")))
_TYPES: Final = (XSI_TYPE, *(clark(namespace, "type") for namespace in _XSI_OF_OLD))
# What belongs to the encoding, and not to the values.
_OF_ENCODING: Final = frozenset({SOAP11, SOAP12, SOAP11_ENC, SOAP12_ENC, XSI, *_XSI_OF_OLD})
_ID, _REF, _ARRAY_SIZE, _NODE_TYPE = (clark(SOAP12_ENC, name) for name in ("id", "ref", "arraySize", "nodeType"))
_SIZES = re.compile(r"(\*|[0-9]+)([ \t\r\n]+[0-9]+)*")  # SOAP 1.2 part 2, 3.1.6
_NODE_TYPES = frozenset({"simple", "struct", "array"})  # 3.1.7
_GROWTH = 50  # how many times larger references may make a message
_ROOM = 20_000  # elements that any message may grow to


def literal_body(
    message: Message, body: _Element, codecs: Codecs, within: _Element | None = None
) -> tuple[list[_Element], Mapping[_Element, _Element]]:
    """The children of a Body in SOAP encoding, as a literal message would have them. The pair of `encoded_text`.

    `within`: where the values that are referred to may stand; the Body unless said. Beside the children: which element
    of the message each element in them was made of.

    Raises `MessageError` where another operation's wrapper stands there, or, in SOAP 1.2, a second element that nothing
    refers to (part 2, 4.2.3); `DecodeError` for a reference that leads nowhere, in a circle or to more than one, and
    for attributes of the encoding that break its rules (3.1.5 to 3.1.7); `LimitError` where references make the message
    grow without measure.
    """
    reader = _Reader(codecs.context, body if within is None else within)
    record = codecs.shapes[message.record]
    if message.tag is None:
        around = reader.struct(make_element("around", nsmap=_nsmap(body)), body, record)
        return list(children(around)), reader.made_of
    entries = [entry for entry in children(body) if entry.get(clark(SOAP11_ENC, "root")) != "0"]
    wrapper = next((entry for entry in entries if tag_of(entry) == message.tag), entries[0] if entries else None)
    if wrapper is None:
        raise MessageError(
            f"expected one element {message.tag} in the Body, found nothing", place=place_of(body, "message")
        )
    if namespace_of(tag_of(body)) == SOAP12:
        _check_alone(wrapper, entries)
    made = make_element(tag_of(wrapper), nsmap=_nsmap(wrapper))
    made.sourceline = wrapper.sourceline  # type: ignore[misc]  # as below
    reader.made_of[made] = wrapper
    return [reader.call(made, reader.target(wrapper), record)], reader.made_of


def _check_alone(wrapper: _Element, entries: list[_Element]) -> None:
    """The Body holds one call; peers that write SOAP 1.1's way put beside it what is referred to."""
    for entry in entries:
        if entry is not wrapper and entry.get("id") is None and entry.get(_ID) is None:
            raise MessageError(
                f"element {tag_of(entry)} may not stand beside {tag_of(wrapper)}: the Body holds one call",
                place=place_of(entry, "message"),
            )


def _nsmap(element: _Element) -> dict[str | None, str]:
    return {prefix: uri for prefix, uri in element.nsmap.items() if uri}


def _check_alone_with_id(element: _Element, other: _Element) -> None:
    """Ids of SOAP 1.2 are the encoding's own, and each is the only one of its value (part 2, 3.1.5.1 and 3.2)."""
    name = element.get(_ID)
    if name is not None and other.get(_ID) is not None:
        raise DecodeError(
            f"has the id {name!r}, as {path_of(other)} has",
            place=place_of(element),
            bare="has the id of another",
            subcode=DUPLICATE_ID,
        )


class _Reader:
    """Makes the literal form of one message."""

    def __init__(self, context: Context, within: _Element) -> None:
        self.context = context
        elements = list(within.iter(etree.Element))
        self.left = max(_GROWTH * len(elements), _ROOM)
        self.by_id: dict[str, _Element] = {}
        self.repeated: set[str] = set()  # ids that more than one element has
        for element in elements:
            name = (element.get("id") or element.get(_ID) or "").strip()
            if name and self.by_id.setdefault(name, element) is not element:
                self.repeated.add(name)
                _check_alone_with_id(element, self.by_id[name])
        self.made_of: dict[_Element, _Element] = {}
        self.open: list[_Element] = []  # the referred elements that this place is inside of

    # --- references ---

    def target(self, element: _Element) -> _Element:
        """What an element refers to, itself where it refers to nothing (SOAP 1.1, 5.4.1; SOAP 1.2 part 2, 3.1.5)."""
        passed = [element]
        while (name := self._referred(element)) is not None:
            found = self.by_id.get(name)
            if found is None:
                raise DecodeError(
                    f"refers to {name!r}, which nothing here is called",
                    place=place_of(element),
                    bare="refers to nothing",
                    subcode=MISSING_ID,
                )
            if name in self.repeated:
                raise DecodeError(
                    f"refers to {name!r}, as more than one element is called",
                    place=place_of(element),
                    bare="refers to several elements",
                    subcode=DUPLICATE_ID,
                )
            if found in passed or found in self.open:
                raise DecodeError(
                    f"refers to {name!r}, which leads back here: values in a circle cannot be read",
                    place=place_of(element),
                    bare="refers to itself in a circle",
                )
            passed.append(found)
            element = found
        return element

    def _referred(self, element: _Element) -> str | None:
        href = element.get("href")
        if href is not None and href.startswith("#") and len(element) == 0:
            return href[1:].strip()
        ref = element.get(_REF)
        if ref is not None and element.get(_ID) is not None:
            raise DecodeError("has both id and ref: it is a value, or refers to one", place=place_of(element))
        return ref.strip().removeprefix("#") if ref is not None else None

    def _count(self, element: _Element) -> None:
        self.left -= 1
        if self.left < 0:
            raise LimitError("references make the message grow without measure", place=place_of(element))

    # --- values ---

    def value(self, parent: _Element, tag: str, element: _Element, type_: Type) -> None:
        """Write what an accessor holds below `parent`, as an element `tag` of a type."""
        self._count(element)
        target = self.target(element)
        node_type = target.get(_NODE_TYPE)
        if node_type is not None and node_type not in _NODE_TYPES:
            raise DecodeError(
                f"nodeType {node_type!r} is not simple, struct or array",
                place=place_of(target),
                bare="has a wrong nodeType",
            )
        made = make_child(parent, tag, nsmap=_nsmap(target))
        made.sourceline = element.sourceline  # type: ignore[misc]  # lxml lets it be set, its stubs do not know
        self.made_of[made] = element
        if any(one.get(name, "").strip() in ("true", "1") for one in (element, target) for name in _NILS):
            made.set(XSI_NIL, "true")
            return
        if target is not element:
            self.open.append(target)
        self._content(made, target, type_, self._said(element) or self._said(target))
        if target is not element:
            self.open.pop()

    def _content(self, made: _Element, target: _Element, type_: Type, said: str | None) -> None:
        found = self.context.find(said) if said else None
        if isinstance(type_, AnyType):
            self._anything(made, target, said, found)
        elif isinstance(type_, RecordRef):
            actual = type_.key
            if isinstance(found, RecordRef) and found.key != actual and self.context.derives(found.key, actual):
                actual = found.key
                self._name_type(made, said or "")
            self._record(made, target, self.context.shapes[actual])
        else:
            self._copy_text(made, target)

    def _record(self, made: _Element, target: _Element, record: Record) -> None:
        if is_array(record):
            self._array(made, target, record)
        elif record.text is not None:
            self._copy_attributes(made, target)
            self._copy_text(made, target)
        else:
            self.struct(made, target, record)

    def _anything(self, made: _Element, target: _Element, said: str | None, found: Type | None) -> None:
        """A value of no declared type: as its xsi:type says, else as it stands."""
        array_type = target.get(ARRAY_TYPE)
        if isinstance(found, RecordRef):
            self._name_type(made, said or "")
            self._record(made, target, self.context.shapes[found.key])
        elif found is not None:
            assert isinstance(found, Atomic) or said
            self._name_type(made, said or "")
            self._copy_text(made, target)
        elif (said in ARRAYS or array_type is not None) and isinstance(
            self.context.find(clark(SOAP11_ENC, "Array")), RecordRef
        ):
            self._content(made, target, ANY_TYPE, clark(SOAP11_ENC, "Array"))
        else:
            if said is not None:
                self._name_type(made, said)
            self._copy_attributes(made, target)
            made.text = target.text
            for child in children(target):
                self.value(made, tag_of(child), child, ANY_TYPE)

    def _said(self, element: _Element) -> str | None:
        """The Clark name of the type that xsi:type names; the built-in types by the names that XSD has for them."""
        text = next((value for name in _TYPES if (value := element.get(name))), None)
        if text is None:
            return None
        try:
            name = parse_qname(collapse_blanks(text), element.nsmap).text
        except ValueError:
            return None
        namespace, local = split(name)
        if namespace in _XSD_OF_OLD:
            return clark(XSD, local)
        if namespace in (SOAP11_ENC, SOAP12_ENC) and local not in ("Array", "Struct"):
            return clark(XSD, {"base64": "base64Binary"}.get(local, local))  # SOAP 1.1, 5.2.3
        return name

    def _name_type(self, made: _Element, name: str) -> None:
        """Say the type, with a prefix that means its namespace where it stands."""
        namespace, local = split(name)
        prefix = next((one for one, uri in made.nsmap.items() if uri == namespace and one), None)
        if prefix is not None:
            made.set(XSI_TYPE, f"{prefix}:{local}")
        elif not namespace or made.nsmap.get(None) == namespace:
            made.set(XSI_TYPE, local)

    # --- structures ---

    def call(self, made: _Element, wrapper: _Element, record: Record) -> _Element:
        """The wrapper of a call or its answer: parts by name; where the names are the peer's own, by position.

        The name of a result is not significant (SOAP 1.1, 7.1), and some peers name parameters themselves.
        """
        fields = [one for one in record.elements if isinstance(one, ElementField)]
        accessors = [one for one in children(wrapper) if namespace_of(tag_of(one)) != RPC]
        known = {local_name(one.tag) for one in fields}
        if any(local_name(tag_of(one)) in known for one in accessors) or len(accessors) > len(fields):
            return self.struct(made, wrapper, record)
        if accessors:
            logger.warning("the parts of %s have names of their own; they are read by position", tag_of(wrapper))
        for one, accessor in zip(fields, accessors, strict=False):
            self.value(made, one.tag, accessor, one.type)
        return made

    def struct(self, made: _Element, target: _Element, record: Record) -> _Element:
        """A structure: its accessors by name, in any order, qualified or not (SOAP 1.1, 5.1), in its type's order. One
        that is left out says the same as one that is nil (SOAP 1.1, 5.1; SOAP 1.2 part 2, 3.1.3)."""
        self._copy_attributes(made, target)
        waiting = [child for child in children(target) if namespace_of(tag_of(child)) != RPC]
        for tag, type_, many, nil in accessors(record):
            named = [one for one in waiting if tag_of(one) == tag]
            named = named or [one for one in waiting if local_name(tag_of(one)) == local_name(tag)]
            for one in named if many else named[:1]:
                waiting.remove(one)
                self.value(made, tag, one, type_)
            if nil and not named:
                self._leave_out(made, tag)
        for one in waiting:  # what the type does not know: the decoder says so
            if one.get("id") is None or target is not one.getparent() or tag_of(target) != tag_of(made):
                self.value(made, tag_of(one), one, ANY_TYPE)
        return made

    def _leave_out(self, made: _Element, tag: str) -> None:
        self._count(made)
        make_child(made, tag).set(XSI_NIL, "true")

    def _array(self, made: _Element, target: _Element, record: Record) -> None:
        """An array: its items by position, whatever they are called (SOAP 1.1, 5.4.2)."""
        (item,) = (one for one in record.elements if isinstance(one, ElementField))
        sizes = _sizes(target)
        if len(sizes) > 1:
            self._keep_dimensions(made, record, sizes)
        place = _offset(target.get(clark(SOAP11_ENC, "offset")), sizes)
        itemised = self._item_type(target) if isinstance(item.type, AnyType) else None
        for child in children(target):
            position = child.get(clark(SOAP11_ENC, "position"))
            place = _offset(position, sizes) if position is not None else place
            while len(made) < place:  # what was not sent (5.4.2.1, 5.4.2.2)
                self._leave_out(made, item.tag)
            self.value(made, item.tag, child, item.type)
            if itemised is not None and made[-1].get(XSI_TYPE) is None and made[-1].get(XSI_NIL) is None:
                self._retype(made[-1], child, itemised)
            place += 1

    def _retype(self, made: _Element, child: _Element, name: str) -> None:
        """An item of anything, that only the array says the type of."""
        made.attrib.clear()
        del made[:]
        made.text = None
        self._content(made, self.target(child), ANY_TYPE, name)

    def _item_type(self, target: _Element) -> str | None:
        said = target.get(ARRAY_TYPE) or target.get(clark(SOAP12_ENC, "itemType"))
        if said is None:
            return None
        try:
            name = parse_qname(collapse_blanks(said).partition("[")[0], target.nsmap).text
        except ValueError:
            return None
        return None if "]" in said[: said.rfind("[")] or local_name(name) in ("anyType", "ur-type") else name

    def _keep_dimensions(self, made: _Element, record: Record, sizes: list[int]) -> None:
        """An array of several dimensions is a list, row by row; its value says the dimensions."""
        known = declared_type(record) or clark(XSD, "anyType[]")
        made.set(ARRAY_TYPE, f"{known[: known.rfind('[')]}[{','.join(map(str, sizes))}]")

    # --- copies ---

    def _copy_attributes(self, made: _Element, target: _Element) -> None:
        for name, value in target.attrib.items():
            if namespace_of(str(name)) not in _OF_ENCODING and name not in ("id", "href"):
                made.set(name, value)

    def _copy_text(self, made: _Element, target: _Element) -> None:
        href = target.get("href", "")
        if href[:4].lower() == "cid:" and len(target) == 0:
            self._attach(made, target, href)
            return
        made.text = target.text
        if len(target) and not len(made) and isinstance(target.tag, str):
            for child in children(target):  # markup in a simple value: the decoder says so
                self.value(made, tag_of(child), child, ANY_TYPE)

    def _attach(self, made: _Element, target: _Element, href: str) -> None:
        """Content that travels beside the message (SOAP Messages with Attachments, 3), as XOP would say it."""
        if not carried():
            raise DecodeError(
                f"refers to {href!r}, and no attachment came with it",
                place=place_of(target),
                bare="refers to an attachment that is not there",
            )
        etree.SubElement(made, INCLUDE).set("href", href)


def _sizes(target: _Element) -> list[int]:
    """The dimensions that an array says: ``xsd:int[2,3]``, or ``2 3`` (SOAP 1.2); none where it says none."""
    said = target.get(ARRAY_TYPE, "")
    inside = said[said.rfind("[") + 1 : said.rfind("]")]
    text = inside if "[" in said else target.get(_ARRAY_SIZE, "")
    if "[" not in said and text and _SIZES.fullmatch(collapse_blanks(text)) is None:
        raise DecodeError(
            f"arraySize {text!r} is not a list of sizes, the first perhaps *",
            place=place_of(target),
            bare="has a wrong arraySize",
        )
    parts = text.replace(",", " ").split()
    return [int(part) if part.isdigit() and len(part) < 10 else 0 for part in parts]


def _offset(text: str | None, sizes: list[int]) -> int:
    """The place that ``[2]`` or ``[1,0]`` names, counted row by row."""
    parts = (text or "").strip().strip("[]").split(",")
    if not all(part.strip().isdigit() and len(part) < 10 for part in parts):
        return 0
    place = 0
    for number, part in enumerate(parts):
        size = sizes[number] if number < len(sizes) and len(parts) > 1 else 1
        place = place * size + int(part) if len(parts) > 1 else int(part)
    return place
