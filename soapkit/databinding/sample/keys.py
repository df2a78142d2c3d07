"""An example element -> the same, its values as the identity constraints of its elements want them.

An example says the same text wherever a type allows it. Where a schema demands that values differ (``xs:unique``,
``xs:key``), the second of two alike is given another; where it demands that one refers to another (``xs:keyref``), it
does. What cannot be made to fit is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from lxml import etree
from lxml.etree import _Element

from soapkit.databinding.context import Context
from soapkit.databinding.lexical import collapse_blanks, parse_qname
from soapkit.databinding.sample.text import TextSampler
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

    def rows(self) -> Iterator[tuple[_Element, _Row]]:
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


_Row: TypeAlias = "tuple[_Value | None, ...]"


def _put(values: _Row, texts: tuple[str, ...]) -> None:
    for value, text in zip(values, texts, strict=True):
        if value is not None:
            value.put(text)


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
    minimum: dict[_Element, int] = field(default_factory=dict)
    referring: set[tuple[_Element, str | None]] = field(default_factory=set)
    referred: set[_Element] = field(default_factory=set)

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
        known = {field.tag: field for field in self._fields(record)}
        for child in children(node):
            child_field = known.get(tag_of(child))
            if child_field is not None:
                self.minimum[child] = child_field.minimum
                self.walk(child, child_field.type, child_field.constraints)

    def _fields(self, record: Record) -> Iterator[ElementField]:
        for leaf in record.elements:
            if isinstance(leaf, ElementField):
                yield leaf
            elif isinstance(leaf, ChoiceField):
                for one in leaf.alternatives:
                    if one.tag is not None:
                        yield ElementField(leaf.name, one.tag, one.type)
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
                        self._remove(target, one.node)
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
        known = [(found, values) for found, values in referred.rows() if _texts(values) is not None]
        for number, (target, values) in enumerate(list(one.rows())):
            row = _texts(values)
            if row is None:
                continue
            same = [found for found, others in known if _texts(others) == row]
            if same:
                self.referred.update(same)
            elif not (
                self._follow(values, [*known[number % len(known) :], *known] if known else []) or self._lead(row, known)
            ):
                self._remove(target, one.node)

    def _follow(self, values: _Row, keys: list[tuple[_Element, _Row]]) -> bool:
        """Give what refers the texts of a key that its types allow; whether there is one."""
        for found, others in keys:
            texts = _texts(others)
            if texts is not None and self._fits(values, texts):
                _put(values, texts)
                self.referred.add(found)
                return True
        return False

    def _lead(self, texts: tuple[str, ...], keys: list[tuple[_Element, _Row]]) -> bool:
        """Give a key that nothing refers to yet the texts of what refers; whether there is one whose types allow it."""
        for found, others in keys:
            if found not in self.referred and self._fits(others, texts):
                _put(others, texts)
                self.referred.add(found)
                return True
        return False

    def _fits(self, values: _Row, texts: tuple[str, ...]) -> bool:
        if len(values) != len(texts):
            return False
        types = [self.types.get((value.node, value.attribute)) if value is not None else None for value in values]
        return all(type_ is None or self.texts.valid(type_, text) for type_, text in zip(types, texts, strict=True))

    def _remove(self, node: _Element, around: _Element) -> None:
        """Take out what is nearest to a node below `around` and may be absent: itself, or what it stands in."""
        item = node
        while item is not around:
            parent = item.getparent()
            if parent is None:
                return
            if len(list(parent.iterchildren(tag_of(item)))) > self.minimum.get(item, 1):
                parent.remove(item)
                return
            item = parent


def _texts(values: Iterable[_Value | None]) -> tuple[str, ...] | None:
    """The texts of a row; None where a field is absent: such a row is not looked at."""
    texts = tuple(value.text.strip() for value in values if value is not None)
    return texts if len(texts) == len(tuple(values)) else None
