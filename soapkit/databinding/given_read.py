"""An element -> what it says beside its value. The pair of what `soapkit.databinding.scribe` writes of it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lxml.etree import _Element

from soapkit.databinding.content import allows
from soapkit.databinding.context import Bound
from soapkit.databinding.given import Given, has_default, order_of
from soapkit.databinding.shape import All, AnyType, ElementField, RecordRef
from soapkit.databinding.simple import value_of
from soapkit.databinding.values import Raw
from soapkit.xml.names import SOAP11, SOAP12, WSU, XMIME, XSI, XSI_NIL, namespace_of
from soapkit.xml.walk import tag_of

OF_THE_MESSAGE = frozenset((XSI, WSU, SOAP11, SOAP12, XMIME))
"""Attributes that belong to the message, not to the value: xsi:schemaLocation, wsu:Id, encodingStyle, and the
xmime:contentType that peers write beside an xop:Include."""


def says_why_nil(element: _Element) -> bool:
    """Whether an element is nil and has attributes of its own."""
    return is_nil(element) and any(namespace_of(name) not in OF_THE_MESSAGE for name in element.keys())  # noqa: SIM118


def is_nil(element: _Element) -> bool:
    """Whether xsi:nil says so."""
    return element.get(XSI_NIL, "").strip() in ("true", "1")


def given_in(
    element: _Element | None,
    children: Sequence[_Element],
    bound: Bound,
    values: Mapping[str, Any],
    *,
    unknown: bool,
) -> Given:
    """What an element says beside `values`. `element` None: `children` stand without one of their own.

    `unknown`: whether what the type does not know was passed over, and is to be kept.
    """
    attributes = _defaults_given(element, bound, values) if element is not None else frozenset()
    order: tuple[str, ...] = ()
    if isinstance(bound.record.content, All):
        names = {leaf.tag: leaf.name for leaf in bound.record.elements if isinstance(leaf, ElementField)}
        order = order_of([names[tag] for tag in map(tag_of, children) if tag in names], bound.record)
    beside = dict(_beside_values(children, bound, values, unknown=unknown))
    if not unknown:
        return Given(attributes, order, children=beside)
    strange = dict(_unknown_attributes(element, bound)) if element is not None else {}
    places = list(_unknown_places(children, bound))
    kept = tuple(Raw(children[place]) for place in places)
    return Given(attributes, order, strange, kept, tuple(place - at for at, place in enumerate(places)), beside)


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


def _unknown_places(children: Sequence[_Element], bound: Bound) -> Iterator[int]:
    if bound.record.text is None and not bound.record.mixed:
        _, mismatches = bound.model.assign([tag_of(child) for child in children])
        yield from sorted(mismatch.position for mismatch in mismatches if mismatch.kind == "unknown")


def _beside_values(
    children: Sequence[_Element], bound: Bound, values: Mapping[str, Any], *, unknown: bool
) -> Iterator[tuple[tuple[str, int], tuple[Any, Mapping[str, str]]]]:
    """The attributes of elements whose values have no room for them: nil, or of a simple type."""
    if not unknown and not any(map(is_nil, children)):
        return
    fields = {each.tag: each for each in bound.record.elements if isinstance(each, ElementField)}
    seen: dict[str, int] = {}
    for child in children:
        field = fields.get(tag_of(child))
        if field is None:
            continue
        place = seen[field.tag] = seen.get(field.tag, -1) + 1
        if not is_nil(child) and (not unknown or isinstance(field.type, (RecordRef, AnyType))):
            continue
        found = {name: text for name, text in child.items() if namespace_of(name) not in OF_THE_MESSAGE}
        if found:
            value = values.get(field.name)
            if field.many and isinstance(value, list):
                value = value[place] if place < len(value) else None
            yield (field.name, place if field.many else 0), (value, found)
