"""Shape, element -> value, by table: the reference that generated decoders must agree with.

Every problem of a message is found before anything is raised, each with its path (``order.lines[3].qty``, a Python
expression from the value's name), its line, the text found and what was allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from typing import Any

from lxml.etree import _Element

from soapkit.databinding.actual import is_any_simple
from soapkit.databinding.by_table.findings import shown
from soapkit.databinding.by_table.given_read import OF_THE_MESSAGE, given_in, in_document_order, texts_between
from soapkit.databinding.by_table.passed_over import read_without
from soapkit.databinding.by_table.walker_texts import TextWalker, elements_of, text_of
from soapkit.databinding.compiled.surprise import Surprise
from soapkit.databinding.content.matching import Assigned, Chosen, Mismatch
from soapkit.databinding.content.nodes import allows
from soapkit.databinding.context import Bound, Context
from soapkit.databinding.given import keep
from soapkit.databinding.lexical import BLANKS, collapse_blanks
from soapkit.databinding.shape import (
    AnyField,
    AnyType,
    AttributeField,
    ChoiceField,
    ElementField,
    ElementLike,
    Key,
    RecordRef,
    TextField,
    Type,
)
from soapkit.databinding.simple import SimpleCodec, is_same, value_of
from soapkit.errors import MOST_TOLD
from soapkit.xml.names import XSI, XSI_NIL, XSI_TYPE, did_you_mean, local_name, namespace_of
from soapkit.xml.walk import tag_of

_DEEPEST_QUICK = 16  # records in each other that are tried with a generated decoder: each may be read in vain


def times(count: int | None) -> str:
    """How often, in words."""
    return "once" if count == 1 else f"{count} times"


class Walker(TextWalker):
    """Reads one message; `problems` grows on the way. Made anew for each.

    `nested`: reads the records inside in its place, where a generated decoder has asked for one level only; the first
    problem is its last. `quick`: a generated decoder, asked first for each of the records inside: of a million of them
    most are as they should be.
    """

    def __init__(
        self,
        context: Context,
        path: str,
        nested: Callable[[_Element, Key], Any] | None = None,
        quick: Callable[[_Element, Key], Any] | None = None,
    ) -> None:
        super().__init__(context, path, nested)
        self.quick = quick
        self.strange = False  # whether the last record had unknown elements: then the next has them too, mostly

    # --- an element -----------------------------------------------------------------------------------------------

    def element(
        self,
        element: _Element,
        type_: Type,
        *,
        codec: SimpleCodec | None = None,
        nillable: bool = False,
        default: str | None = None,
        fixed: str | None = None,
    ) -> Any:
        """The value of an element of a declared type. `codec`: that of a simple type, where it is at hand."""
        nil = element.get(XSI_NIL)
        if nil is not None and self._is_nil(element, nil, nillable or isinstance(type_, AnyType)):
            if fixed is not None:  # XSD part 1, 3.3.4
                self.problem(element, f"is nil (xsi:nil): expected the fixed value {shown(fixed)}")
            self._attributes_of_nil(element, type_)
            return None
        named, is_of_class = element.get(XSI_TYPE), True
        if named is not None:
            actual = self._actual_type(element, named, type_)
            if actual is not type_:
                if not isinstance(actual, RecordRef) and (isinstance(type_, AnyType) or is_any_simple(type_)):
                    return self._typed(element, named, actual, type_)
                is_of_class = False
                type_, codec = actual, None
        if isinstance(type_, RecordRef):
            return self.record(element, type_.key)
        if isinstance(type_, AnyType):
            return self._kept(element)
        value = self._simple(element, codec or self.context.simple(type_), default, fixed)
        if isinstance(value, Enum) and not is_of_class:  # a narrower type: the field holds what it is declared to hold
            return value.value
        return value

    def _is_nil(self, element: _Element, nil: str, allowed: bool) -> bool:
        text = collapse_blanks(nil)
        if text in ("false", "0"):
            return False
        if text not in ("true", "1"):
            self.problem(element, f"xsi:nil is {shown(nil)}: expected true or false", "has a wrong xsi:nil")
        elif not allowed:
            self.problem(element, "is nil (xsi:nil), which its type does not allow")
        elif elements_of(element) or text_of(element):
            self.problem(element, "is nil (xsi:nil) and has content: expected it to be empty")
        return True

    def _attributes_of_nil(self, element: _Element, type_: Type) -> None:
        """What a nil element has besides (XSD part 1, 3.3.4): as any other, but that none must be there, since most
        stacks leave them all out of what is nil."""
        if (named := element.get(XSI_TYPE)) is not None:
            type_ = self._actual_type(element, named, type_)
        if isinstance(type_, RecordRef):
            self._given_attributes(element, self.context.bound(type_.key))
        elif not isinstance(type_, AnyType):
            self._no_attributes(element)

    # --- a record -------------------------------------------------------------------------------------------------

    def record(self, element: _Element, key: Key) -> Any:
        """The value of an element whose type is a record."""
        if self.nested is not None:
            return self.nested(element, key)
        bound = self.context.bound(key)
        if self.quick is not None and len(self.path) < _DEEPEST_QUICK:
            ways = (self._passing_over, self._quickly) if self.strange else (self._quickly, self._passing_over)
            for way in ways:
                with suppress(Surprise):
                    return way(element, bound)
        return self.walk_record(element, bound)

    def _quickly(self, element: _Element, bound: Bound) -> Any:
        """By a generated decoder. Raises `Surprise`."""
        if self.quick is None or len(self.path) == 1:  # the whole was tried before
            raise Surprise
        return self.quick(element, bound.record.key)

    def _passing_over(self, element: _Element, bound: Bound) -> Any:
        """The same of what is left without its unknown elements, which are told. Raises `Surprise`."""
        if self.quick is None or self.context.settings.unknown != "lenient":
            raise Surprise
        children = elements_of(element)
        found = read_without(element, children, bound, self.quick)
        self.strange = found is not None
        if found is None:
            raise Surprise
        for place in found[1]:
            self._mismatch(element, children, bound, Mismatch("unknown", place), {})
        return found[0]

    def walk_record(self, element: _Element, bound: Bound) -> Any:
        """The same, by table in any case."""
        if bound.record.abstract:
            self.problem(element, f"has the abstract type {local_name(bound.record.name or '')}: expected xsi:type")
            return None
        before = self.wrong
        values = self._attributes(element, bound)
        children: list[_Element] = []
        if bound.record.text is not None:
            self._text_content(element, bound, bound.record.text, values)
        else:
            children = elements_of(element)
            self._content(element, children, bound, values)
            if not bound.mixed:
                self._no_text(element)
        return self._with_given(self.make(element, bound, values, before), element, children, bound, values)

    def children(self, elements: Sequence[_Element], parent: _Element, key: Key) -> Any:
        """A record without an element of its own, from the elements that stand for its fields."""
        bound = self.context.bound(key)
        before = self.wrong
        values: dict[str, Any] = {}
        self._content(parent, list(elements), bound, values)
        return self._with_given(self.make(parent, bound, values, before), None, elements, bound, values)

    def _with_given(
        self,
        value: Any,
        element: _Element | None,
        children: Sequence[_Element],
        bound: Bound,
        values: Mapping[str, Any],
    ) -> Any:
        """The instance, with what was said beside its values where it has room for that."""
        if bound.keeps and value is not None:
            keep(value, given_in(element, children, bound, values, self.context))
        return value

    def make(self, element: _Element, bound: Bound, values: dict[str, Any], before: int) -> Any:
        """The instance, if nothing was wrong since `before` problems."""
        if self.wrong > before:
            return None
        for name, absent in bound.absent.items():
            if name not in values:
                values[name] = absent.make()
        try:
            return bound.cls(**values)
        except (ValueError, TypeError) as error:  # the class's own checks
            self.problem(element, f"{bound.cls.__name__} refuses it: {error}", f"{bound.cls.__name__} refuses it")
            return None

    def _attributes(self, element: _Element, bound: Bound) -> dict[str, Any]:
        values = self._given_attributes(element, bound)
        for field in bound.record.attributes:
            if field.name not in values and field.tag not in element.keys():  # noqa: SIM118  a list; attrib is costly
                self._absent_attribute(element, bound, field, values)
        return values

    def _given_attributes(self, element: _Element, bound: Bound) -> dict[str, Any]:
        values: dict[str, Any] = {}
        rest: dict[str, str] = {}
        wildcard = bound.record.any_attribute
        for name, text in element.items():
            field = bound.attributes.get(name)
            if field is not None:
                self._attribute(element, bound, field, text, values)
            elif namespace_of(name) == XSI:
                continue
            elif wildcard is not None and allows(wildcard.namespaces, name):
                rest[name] = text
            elif namespace_of(name) not in OF_THE_MESSAGE:
                known = did_you_mean(name, bound.attributes)
                self.leniently(element, f"has the attribute {name}, which its type does not know{known}")
        if rest and wildcard is not None:
            values[wildcard.name] = rest
        return values

    def _attribute(
        self, element: _Element, bound: Bound, field: AttributeField, text: str, values: dict[str, Any]
    ) -> None:
        self.path.append(f".{field.name}")
        codec = bound.simple[field.name]
        try:
            value = codec.decode(text, lambda: element.nsmap)
            if field.fixed is not None and not is_same(value, value_of(field.fixed, codec)):
                self.problem(
                    element, f"{shown(text)}: expected the fixed value {shown(field.fixed)}", "is not the fixed value"
                )
            values[field.name] = value
        except ValueError as error:
            self.problem(element, f"{shown(text)} is not {codec.words}: {error}", f"is not {codec.words}")
        self.path.pop()

    def _absent_attribute(self, element: _Element, bound: Bound, field: AttributeField, values: dict[str, Any]) -> None:
        given = field.default if field.default is not None else field.fixed
        if field.required:
            self.problem(element, f"lacks the attribute {local_name(field.tag)}, which is required")
        elif given is not None:
            values[field.name] = value_of(given, bound.simple[field.name])

    def _text_content(self, element: _Element, bound: Bound, field: TextField, values: dict[str, Any]) -> None:
        self.path.append(f".{field.name}")
        values[field.name] = self._only_text(element, bound.simple[field.name], field.default, field.fixed)
        self.path.pop()

    def _no_text(self, element: _Element) -> None:
        for _, text in texts_between(element):
            found = shown(text.strip(BLANKS))
            self.leniently(element, f"has the text {found} between its elements", "has text between its elements")

    # --- content --------------------------------------------------------------------------------------------------

    def _content(self, element: _Element, children: list[_Element], bound: Bound, values: dict[str, Any]) -> None:
        assigned, mismatches = bound.model.assign([tag_of(child) for child in children])
        for number, mismatch in enumerate(mismatches):
            if self.wrong >= MOST_TOLD:  # there may be a million
                self.untold(len(mismatches) - number)
                break
            self._mismatch(element, children, bound, mismatch, assigned)
        if not bound.mixed:
            self._fields(children, bound.elements, assigned, values, bound.simple)
            return
        for leaf in bound.elements:
            if isinstance(leaf, ChoiceField) and leaf.mixed:
                values[leaf.name] = self._mixed(element, leaf, children, assigned.get(leaf.name, []))
            else:
                self._fields(children, (leaf,), assigned, values, bound.simple)

    def _fields(
        self,
        children: list[_Element],
        leaves: Sequence[ElementLike],
        assigned: Assigned,
        values: dict[str, Any],
        simple: Mapping[str, SimpleCodec],
    ) -> None:
        for leaf in leaves:
            found = assigned.get(leaf.name)
            if found:
                read = self._reader(leaf, children, simple.get(leaf.name))
                if leaf.many:
                    values[leaf.name] = [
                        self._at(f".{leaf.name}[{place}]", read, item) for place, item in enumerate(found)
                    ]
                else:
                    values[leaf.name] = self._at(f".{leaf.name}", read, found[-1])

    def _at(self, step: str, read: Callable[[Any], Any], item: Any) -> Any:
        self.path.append(step)
        value = read(item)
        self.path.pop()
        return value

    def _reader(self, leaf: ElementLike, children: list[_Element], codec: SimpleCodec | None) -> Callable[[Any], Any]:
        if isinstance(leaf, ElementField):
            return lambda place: self.element(
                children[place],
                leaf.type,
                codec=codec,
                nillable=leaf.nillable,
                default=leaf.default,
                fixed=leaf.fixed,
            )
        if isinstance(leaf, AnyField):
            return lambda place: self._kept(children[place])
        return lambda chosen: self._chosen(chosen, children)

    def _chosen(self, chosen: Chosen, children: list[_Element]) -> Any:
        alternative = chosen.alternative
        if chosen.group is None:
            return self.element(children[chosen.position], alternative.type, nillable=alternative.nillable)
        assert isinstance(alternative.type, RecordRef)
        bound = self.context.bound(alternative.type.key)
        before = self.wrong
        values: dict[str, Any] = {}
        self._fields(children, bound.elements, chosen.group, values, bound.simple)
        made = self.make(children[chosen.position], bound, values, before)
        if not bound.keeps:
            return made
        own = sorted(place for found in chosen.group.values() for place in found if isinstance(place, int))
        return self._with_given(made, None, [children[place] for place in own], bound, values)

    def _mixed(self, element: _Element, leaf: ChoiceField, children: list[_Element], found: Sequence[Any]) -> list[Any]:
        """Text and elements in document order."""
        chosen = {item.position: item for item in found}
        items: list[Any] = []
        for item in in_document_order(element):
            if isinstance(item, str):
                items.append(item)
            elif item in chosen:
                step = f".{leaf.name}[{len(items)}]"
                items.append(self._at(step, lambda chosen: self._chosen(chosen, children), chosen[item]))
        return items

    def _mismatch(
        self, element: _Element, children: list[_Element], bound: Bound, mismatch: Mismatch, assigned: Assigned
    ) -> None:
        """Tell one mismatch; in lenient mode, put a misplaced child where it belongs."""
        if mismatch.kind in ("missing", "too few"):
            self._lacking(element, children, bound, mismatch)
            return
        if mismatch.kind == "unknown" and self.warned >= MOST_TOLD:
            self.warned += 1
            return
        child = children[mismatch.position]
        tag = tag_of(child)
        known = bound.model.owner
        if mismatch.kind == "unknown":
            names = ", ".join(local_name(name) for name in list(known)[:12]) or "nothing"
            guess = did_you_mean(tag, known) if max(self.wrong, self.warned) < MOST_TOLD else ""  # it takes its time
            self.leniently(child, f"has the element {tag}, which its type does not know: expected {names}{guess}")
        elif mismatch.kind == "too many":
            leaf = bound.model.fields[mismatch.field]
            assert isinstance(leaf, ElementField)
            self.problem(child, f"has {local_name(tag)} more often than {times(leaf.maximum)}")
        elif self._may_move(bound, mismatch):
            self.leniently(child, f"has {local_name(tag)} out of order")
            assigned.setdefault(mismatch.field, []).append(mismatch.position)  # type: ignore[arg-type]  # an element's
        else:
            tell = self.problem if mismatch.field else self.leniently  # of no field: who knows less may pass it over
            tell(child, f"has {local_name(tag)} where it may not stand, beside what came before")

    def _may_move(self, bound: Bound, mismatch: Mismatch) -> bool:
        """Whether a misplaced child is only out of order; in a choice it is one too many."""
        leaf = bound.model.fields.get(mismatch.field)
        return isinstance(leaf, ElementField) and not bound.model.exclusive(mismatch.field)

    def _lacking(self, element: _Element, children: list[_Element], bound: Bound, mismatch: Mismatch) -> None:
        names = [local_name(tag) for tag in mismatch.tags]
        before = (
            f", before {local_name(tag_of(children[mismatch.position]))}" if mismatch.position < len(children) else ""
        )
        if mismatch.kind == "too few":
            leaf = bound.model.fields.get(mismatch.field)
            least = leaf.minimum if leaf is not None else 1
            self.problem(element, f"has {names[0]} fewer than {times(least)}")
        elif len(names) > 1:
            self.problem(element, f"lacks one of {', '.join(names)}{before}")
        else:
            self.problem(element, f"lacks {names[0] if names else 'an element of any name'}, which is required{before}")
