"""An example element -> the same, its values as the identity constraints of its elements want them.

An example says the same text wherever a type allows it. Where a schema demands that values differ (``xs:unique``,
``xs:key``), the second of two alike is given another; where it demands that one refers to another (``xs:keyref``), it
does. What cannot be made to fit is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from lxml import etree
from lxml.etree import _Element

from soapkit.databinding.context import Context
from soapkit.databinding.lexical import collapse_blanks, parse_qname
from soapkit.databinding.sample_text import TextSampler
from soapkit.databinding.shape import (
    AnyType,
    ChoiceField,
    Constraint,
    ElementField,
    Record,
    RecordRef,
    Simple,
    Type,
)
from soapkit.xml.names import XSI_TYPE
from soapkit.xml.walk import children, tag_of


def keep_constraints(root: _Element, start: ElementField, context: Context, texts: TextSampler) -> None:
    """Change values below `root`, an example of the element `start`, until its constraints hold."""
    mender = _Mender(context, texts)
    mender.walk(root, start.type, start.constraints)
    mender.mend()


@dataclass(frozen=True, slots=True)
class _Constrained:
    node: _Element
    constraint: Constraint

    def rows(self) -> Iterator[tuple[_Element, tuple[_Value | None, ...]]]:
        """What the selector finds, each with the values of the fields (XSD part 1, 3.11.4)."""
        for target in self._find(self.node, self.constraint.selector):
            found = (self._find(target, path) for path in self.constraint.fields)
            yield target, tuple(_value(values[0]) if values else None for values in found)

    def _find(self, node: _Element, path: str) -> list[Any]:
        prefixes = {prefix: uri for prefix, uri in self.constraint.prefixes if prefix}
        try:
            return cast("list[Any]", node.xpath(path, namespaces=prefixes))
        except etree.XPathError:  # an expression beyond XPath, or a prefix that nobody declared
            return []


@dataclass(frozen=True, slots=True)
class _Value:
    """A text: of an element, or of its attribute."""

    node: _Element
    attribute: str | None

    @property
    def text(self) -> str:
        return (self.node.text or "") if self.attribute is None else self.node.get(self.attribute, "")

    def put(self, text: str) -> None:
        if self.attribute is None:
            self.node.text = text
        else:
            self.node.set(self.attribute, text)


def _value(found: Any) -> _Value:
    if isinstance(found, _Element):
        return _Value(found, None)
    return _Value(found.getparent(), found.attrname)  # a text of lxml's, which knows where it stood


@dataclass(slots=True)
class _Mender:
    context: Context
    texts: TextSampler
    constrained: list[_Constrained] = field(default_factory=list)
    types: dict[tuple[_Element, str | None], Simple] = field(default_factory=dict)
    others: dict[Simple, Iterator[str]] = field(default_factory=dict)
    referring: set[tuple[_Element, str | None]] = field(default_factory=set)

    # --- what stands where ---

    def walk(self, node: _Element, type_: Type, constraints: tuple[Constraint, ...]) -> None:
        """Find the constraints below a node, and the types of the texts."""
        said = node.get(XSI_TYPE)
        found = self.context.find(parse_qname(collapse_blanks(said), node.nsmap).text) if said else None
        type_ = found or type_
        if isinstance(type_, AnyType):
            return
        if isinstance(type_, RecordRef):
            self._record(node, self.context.shapes[type_.key])
        else:
            self.types[node, None] = type_
        self.constrained += [_Constrained(node, one) for one in constraints]

    def _record(self, node: _Element, record: Record) -> None:
        for attribute in record.attributes:
            if attribute.tag in node.attrib:
                self.types[node, attribute.tag] = attribute.type
        if record.text is not None:
            self.types[node, None] = record.text.type
        known = dict(self._fields(record))
        for child in children(node):
            if tag_of(child) in known:
                self.walk(child, *known[tag_of(child)])

    def _fields(self, record: Record) -> Iterator[tuple[str, tuple[Type, tuple[Constraint, ...]]]]:
        for leaf in record.elements:
            if isinstance(leaf, ElementField):
                yield leaf.tag, (leaf.type, leaf.constraints)
            elif isinstance(leaf, ChoiceField):
                for one in leaf.alternatives:
                    if one.tag is not None:
                        yield one.tag, (one.type, ())
                    elif isinstance(one.type, RecordRef):
                        yield from self._fields(self.context.shapes[one.type.key])

    # --- mending ---

    def mend(self) -> None:
        """Keys first, then what refers to them, then again what that made alike."""
        references = [one for one in self.constrained if one.constraint.kind == "keyref"]
        keys = [one for one in self.constrained if one.constraint.kind != "keyref"]
        known = {(one.node, one.constraint.name): one for one in keys}
        self.referring = {
            (value.node, value.attribute) for one in references for _, values in one.rows() for value in values if value
        }
        for last in (False, True):
            for one in keys:
                self._distinct(one, last=last)
            for one in references:
                referred = known.get((one.node, one.constraint.refer or ""))
                if referred is not None:
                    self._refer(one, referred)

    def _distinct(self, one: _Constrained, *, last: bool) -> None:
        seen: set[tuple[str, ...]] = set()
        for target, values in list(one.rows()):
            row = _texts(values)
            if row is None:
                continue
            while row in seen:
                if not self._change(values):
                    if last:
                        _remove(target, one.node)
                    break
                row = cast("tuple[str, ...]", _texts(values))
            else:
                seen.add(row)

    def _change(self, values: Iterable[_Value | None]) -> bool:
        """Give one of the values another text; whether one was found."""
        found = [value for value in values if value is not None]
        for value in sorted(found, key=lambda one: (one.node, one.attribute) in self.referring):
            type_ = self.types.get((value.node, value.attribute))
            if type_ is None:
                continue
            if type_ not in self.others:
                self.others[type_] = self.texts.others(type_)
            another = next(self.others[type_], None)
            if another is not None:
                value.put(another)
                return True
        return False

    def _refer(self, one: _Constrained, referred: _Constrained) -> None:
        known = [row for _, values in referred.rows() if (row := _texts(values)) is not None]
        for number, (target, values) in enumerate(list(one.rows())):
            row = _texts(values)
            if row is None or row in known:
                continue
            if not known:
                _remove(target, one.node)
                continue
            for value, text in zip(values, known[number % len(known)], strict=False):
                if value is not None:
                    value.put(text)


def _texts(values: Iterable[_Value | None]) -> tuple[str, ...] | None:
    """The texts of a row; None where a field is absent: such a row is not looked at."""
    texts = tuple(value.text.strip() for value in values if value is not None)
    return texts if len(texts) == len(tuple(values)) else None


def _remove(node: _Element, around: _Element) -> None:
    """Take out the item of a list that a node below `around` stands in; without a list, the node itself."""
    item = node
    while item is not around and next(item.itersiblings(tag_of(item), preceding=True), None) is None:
        parent = item.getparent()
        if parent is None:
            break
        item = parent
    taken = node if item is around else item
    holder = taken.getparent()
    if holder is not None:
        holder.remove(taken)
