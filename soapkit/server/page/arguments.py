"""Operation -> example arguments of a call, as a dynamic client takes them: texts, dicts for records, lists.

What no text or dict can say (anything, a choice that repeats, a derived type) is left to the reader: `UNSAID`.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from lxml.etree import _Element

from soapkit.codegen.naming import field_name
from soapkit.databinding.sample.sample import sample_content, sample_element
from soapkit.databinding.shape import (
    Atomic,
    AttributeField,
    ElementField,
    Field,
    Record,
    RecordRef,
    Shapes,
    TextField,
    Type,
)
from soapkit.errors import SoapkitError
from soapkit.operations import Operation
from soapkit.server.page.words import occurrence
from soapkit.xml.names import XSI, local_name
from soapkit.xml.walk import tag_of

Argument: TypeAlias = Any
"""A text, a dict or a list of those."""

UNSAID: Final = "..."


class _Unsaid(Exception):
    """No plain value says it."""


def arguments_of(operation: Operation[Any, Any], shapes: Shapes) -> dict[str, Argument]:
    """The arguments that a call cannot be made without, by their Python names, from an example of its request."""
    message = operation.request
    record = shapes[message.record]
    needed = [field for field in record.fields if _is_needed(field)]
    try:
        if message.tag is None:
            inside, carrier = sample_content(message.record, shapes), None
        else:
            carrier = sample_element(message.tag, RecordRef(message.record), shapes)
            inside = list(carrier)
    except SoapkitError:  # there is no finite example
        inside, carrier = [], None
    name = _name if message.style == "wrapped" else _part_name
    found = {name(field): _or_unsaid(field, inside, carrier, shapes) for field in needed}
    for header in message.headers:
        if header.required:
            found[header.name] = _header(header.tag, header.type, shapes)
    return found


def _is_needed(field: Field) -> bool:
    return occurrence(field) == "required" or bool(getattr(field, "minimum", False))


def _name(field: Field) -> str:
    """As a client calls it that is made from the contract."""
    return field_name(local_name(field.tag) if isinstance(field, (ElementField, AttributeField)) else field.name)


def _part_name(field: Field) -> str:
    """The same of the part of a bare or rpc message, which is named apart from its element."""
    return field_name(field.name)


def _or_unsaid(field: Field, inside: list[_Element], carrier: _Element | None, shapes: Shapes) -> Argument:
    try:
        return _field(field, inside, carrier, shapes)
    except (_Unsaid, LookupError):
        return UNSAID


def _header(tag: str, type_: Type, shapes: Shapes) -> Argument:
    try:
        return _value(type_, sample_element(tag, type_, shapes), shapes)
    except (_Unsaid, SoapkitError):
        return UNSAID


def _field(field: Field, inside: list[_Element], carrier: _Element | None, shapes: Shapes) -> Argument:
    """What an element holds for one of its fields. Raises `LookupError` where it holds nothing."""
    if isinstance(field, ElementField):
        values = [_value(field.type, each, shapes) for each in inside if tag_of(each) == field.tag]
        return values if field.many else values[0]
    if isinstance(field, AttributeField) and carrier is not None:
        return str(carrier.attrib[field.tag])
    if isinstance(field, TextField) and carrier is not None:
        return carrier.text or ""
    raise _Unsaid


def _value(type_: Type, element: _Element, shapes: Shapes) -> Argument:
    if any(name.startswith(f"{{{XSI}}}") for name in map(str, element.attrib)):
        raise _Unsaid
    if isinstance(type_, RecordRef):
        return _record(shapes[type_.key], element, shapes)
    if len(element):
        raise _Unsaid
    if isinstance(type_, Atomic) and type_.builtin in ("QName", "NOTATION"):
        raise _Unsaid  # its prefix means something in the example only
    return element.text or ""


def _record(record: Record, element: _Element, shapes: Shapes) -> dict[str, Argument]:
    children, said = list(element), {}
    for field in record.fields:
        try:
            value = _field(field, children, element, shapes)
        except LookupError:
            continue
        if value != []:
            said[_name(field)] = value
    return said
