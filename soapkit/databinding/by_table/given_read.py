"""An element -> what it says beside its value. The pair of what `by_table.scribe` writes of it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

from lxml.etree import _Element

from soapkit.databinding.binary import kept_whole
from soapkit.databinding.content.matching import Assigned, Chosen, Mismatch
from soapkit.databinding.content.nodes import allows
from soapkit.databinding.context import Bound, Context
from soapkit.databinding.described.classes import is_record_class
from soapkit.databinding.given import Given, has_default, is_nil_unsaid, order_of
from soapkit.databinding.lexical import BLANKS, parse_qname
from soapkit.databinding.shape import All, AnyType, ChoiceField, ElementField, RecordRef, Type
from soapkit.databinding.simple import SimpleCodec, value_of
from soapkit.databinding.values import QName, Raw
from soapkit.xml.names import SOAP11, SOAP12, WSU, XMIME, XMLNS, XSI, XSI_NIL, XSI_TYPE, clark, is_ncname, namespace_of
from soapkit.xml.walk import tag_of

OF_THE_MESSAGE = frozenset((XSI, WSU, SOAP11, SOAP12, XMIME))
"""Attributes that belong to the message, not to the value: xsi:schemaLocation, wsu:Id, encodingStyle, and the
xmime:contentType that peers write beside an xop:Include."""


def says_why_nil(element: _Element, type_: Type) -> bool:
    """Whether an element of this declared type is nil, and says more of that."""
    said = XSI_TYPE if isinstance(type_, (RecordRef, AnyType)) else ""
    return is_nil(element) and any(
        name == said or namespace_of(name) not in OF_THE_MESSAGE for name in map(str, element.keys())
    )


def attributes_beside(element: _Element, type_: Type, context: Context) -> dict[str, str]:
    """The attributes of an element that has no value, or a simple one: its own, by Clark name, and the type that it
    says it is, where that is not the declared one.

    A QName is its Clark name, since prefixes do not travel. Where nobody knows what a text is that could be one, the
    declaration of its prefix stands beside it, by its own Clark name (Namespaces in XML, 3).
    """
    actual = _type_said(element, type_, context)
    known = context.bound(actual.key) if isinstance(actual, RecordRef) else None
    found = {} if actual is type_ else {XSI_TYPE: _name_said(element)}
    declared: dict[str, str] = {}
    for name, text in element.items():
        if namespace_of(name) in OF_THE_MESSAGE:
            continue
        field = known.attributes.get(name) if known is not None else None
        if known is None or field is None:
            found[name] = text
            declared |= _prefixes_in(text, element)
        else:
            codec = known.simple[field.name]
            found[name] = _in_clark_names(text, codec, element) if codec.contextual else text
    return found | declared


def _type_said(element: _Element, declared: Type, context: Context) -> Type:
    """The type that a nil element says it is of; the declared one where it says none, or none that may stand there."""
    if element.get(XSI_TYPE) is None or not is_nil(element) or not isinstance(declared, (RecordRef, AnyType)):
        return declared
    with suppress(ValueError):
        said = context.find(_name_said(element))
        if said is not None and (
            isinstance(declared, AnyType) or (isinstance(said, RecordRef) and context.derives(said.key, declared.key))
        ):
            return declared if said == declared else said
    return declared


def _name_said(element: _Element) -> str:
    return parse_qname(element.get(XSI_TYPE, "").strip(BLANKS), element.nsmap).text


def _in_clark_names(text: str, codec: SimpleCodec, element: _Element) -> str:
    """A text with its QNames as Clark names; as it is, where it is no value of its type."""
    try:
        value = codec.decode(text, lambda: element.nsmap)
    except ValueError:
        return text
    if isinstance(value, list):
        parts = zip(value, text.split(), strict=True)
        return " ".join(item.text if isinstance(item, QName) else part for item, part in parts)
    return value.text if isinstance(value, QName) else text


def _prefixes_in(text: str, element: _Element) -> dict[str, str]:
    """The declarations of prefixes that a text may use, by their Clark names."""
    found = {}
    for part in text.split():
        prefix, colon, local = part.partition(":")
        if colon and is_ncname(local) and prefix in element.nsmap:
            found[clark(XMLNS, prefix)] = element.nsmap[prefix]
    return found


def is_nil(element: _Element) -> bool:
    """Whether xsi:nil says so."""
    return element.get(XSI_NIL, "").strip() in ("true", "1")


def given_in(
    element: _Element | None,
    children: Sequence[_Element],
    bound: Bound,
    values: Mapping[str, Any],
    context: Context,
) -> Given:
    """What an element says beside `values`. `element` None: `children` stand without one of their own.

    What the type does not know is kept where `context` passes it over.
    """
    unknown = context.settings.unknown == "lenient"
    attributes = _defaults_given(element, bound, values) if element is not None else frozenset()
    order: tuple[str, ...] = ()
    if isinstance(bound.record.content, All):
        names = {leaf.tag: leaf.name for leaf in bound.elements if isinstance(leaf, ElementField)}
        order = order_of([names[tag] for tag in map(tag_of, children) if tag in names], bound.record)
    if not unknown and not any(map(is_nil, children)):
        return Given(attributes, order)
    assigned, mismatches = bound.model.assign([tag_of(child) for child in children])
    at = _places_of_choices(element, bound, assigned)
    beside = dict(_beside_values(children, bound, values, at, context))
    if not unknown:
        return Given(attributes, order, children=beside)
    named = dict(_unknown_attributes(element, bound)) if element is not None else {}
    strange = [each.position for each in mismatches if each.kind == "unknown" or _is_homeless(each)]
    kept = tuple(kept_whole(children[place]) for place in strange)
    if element is not None and bound.mixed:
        places = _places_between_items(element, strange, at)
    else:
        places = tuple(place - before for before, place in enumerate(strange))
    texts = tuple(texts_between(element)) if element is not None and bound.only_elements else ()
    return Given(attributes, order, named, kept, places, texts, beside)


def _is_homeless(mismatch: Mismatch) -> bool:
    """Whether a child stands where it may not, and no field is named like it: only a wildcard could have it."""
    return mismatch.kind == "misplaced" and not mismatch.field


def texts_between(element: _Element) -> Iterator[tuple[int, str]]:
    """The texts between child elements that are more than white space, each with the number of elements before it."""
    before = 0
    for item in in_document_order(element):
        if isinstance(item, int):
            before = item + 1
        elif item.strip(BLANKS):
            yield before, item


def in_document_order(element: _Element) -> Iterator[str | int]:
    """What stands in mixed content: its texts, whole although comments may stand in them, and the places of the child
    elements among themselves."""
    text, place = element.text or "", 0
    for node in element:
        if isinstance(node.tag, str):
            if text:
                yield text
            yield place
            text, place = "", place + 1
        text += node.tail or ""
    if text:
        yield text


def _defaults_given(element: _Element, bound: Bound, values: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(
        field.name
        for field in bound.record.attributes
        if has_default(field)
        and field.tag in element.attrib
        and values[field.name] == value_of(field.default or "", bound.simple[field.name])
    )


def _unknown_attributes(element: _Element, bound: Bound) -> Iterator[tuple[str, str]]:
    wildcard = bound.record.any_attribute
    for name, text in element.items():
        if name in bound.attributes or namespace_of(name) in OF_THE_MESSAGE:
            continue
        if wildcard is None or not allows(wildcard.namespaces, name):
            yield name, text


def _places_between_items(element: _Element, strange: Sequence[int], items: Mapping[int, _Item]) -> tuple[int, ...]:
    """Before which item of the list of a mixed content each of the unknown elements stands. `items`: the places of
    elements that items begin with; a group record has several."""
    unknown, known, found = frozenset(strange), 0, []
    for item in in_document_order(element):
        if item in unknown:
            found.append(known)
        elif isinstance(item, str) or item in items:
            known += 1
    return tuple(found)


_Item: TypeAlias = "tuple[ChoiceField, int, Chosen]"


def _places_of_choices(element: _Element | None, bound: Bound, assigned: Assigned) -> dict[int, _Item]:
    """By place of a child that an item of a choice field begins with: the field, the place in its list, the choice."""
    found = {}
    for field in bound.elements:
        if not isinstance(field, ChoiceField):
            continue
        chosen = {one.position: one for one in assigned.get(field.name, ()) if not isinstance(one, int)}
        if field.mixed and element is not None:
            items = [one for one in in_document_order(element) if isinstance(one, str) or one in chosen]
        else:
            items = list(chosen)
        for at, place in enumerate(items):
            if isinstance(place, int):
                found[place] = field, at, chosen[place]
    return found


def _beside_values(
    children: Sequence[_Element],
    bound: Bound,
    values: Mapping[str, Any],
    choices: Mapping[int, _Item],
    context: Context,
) -> Iterator[tuple[tuple[str, int], tuple[Any, Mapping[str, str]]]]:
    """The attributes of elements whose values have no room for them: nil, or of a simple type."""
    fields = {each.tag: each for each in bound.elements if isinstance(each, ElementField)}
    seen: dict[str, int] = {}
    unknown = context.settings.unknown == "lenient"
    for at, child in enumerate(children):
        field: ElementField | ChoiceField
        if at in choices:
            field, place, chosen = choices[at]
            type_ = chosen.alternative.type
            if chosen.group is not None:
                continue  # it keeps what its own elements say
        elif (single := fields.get(tag_of(child))) is not None:
            field, type_ = single, single.type
            place = seen[field.name] = seen.get(field.name, -1) + 1
        else:
            continue
        if not is_nil(child) and (not unknown or isinstance(type_, (RecordRef, AnyType))):
            continue
        value = values.get(field.name)
        if field.many and isinstance(value, list):
            value = value[place] if place < len(value) else None
        if isinstance(value, Raw) or is_record_class(type(value)):
            continue  # it has room for them
        found = attributes_beside(child, type_, context)
        if found or (is_nil(child) and isinstance(field, ElementField) and is_nil_unsaid(field)):
            yield (field.name, place if field.many else 0), (value, found)
