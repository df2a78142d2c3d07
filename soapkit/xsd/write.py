"""Shapes -> schema documents, one for each namespace: the way back of `soapkit.xsd.shapes`.

    schemas = write_schemas([Element to declare, ...], shapes)        # {"urn:example:bank": <xs:schema ...>}

Written are the given elements, the types they lead to, and types asked for by key. A record with a name becomes a
global type, one without a type in line (unless it contains itself: then it is given a name).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from lxml import etree
from lxml.etree import _Element

from soapkit.databinding.shape import (
    All,
    AnyField,
    AnyType,
    Atomic,
    AttributeField,
    Choice,
    ChoiceField,
    Constraint,
    ElementField,
    Key,
    Particle,
    Record,
    RecordRef,
    Sequence,
    Shapes,
    Simple,
    Type,
    reachable,
)
from soapkit.xml.names import XMIME, XSD, clark, local_name, namespace_of, split
from soapkit.xsd.known import is_known_namespace
from soapkit.xsd.write_pages import Page, Pages, occurring, set_documentation, set_namespaces, set_value
from soapkit.xsd.write_simple import SimpleTypes

_XS: Final = f"{{{XSD}}}"


def write_schemas(
    elements: Iterable[ElementField],
    shapes: Shapes,
    *,
    types: Iterable[Key] = (),
    simple_types: Iterable[Simple] = (),
    locations: Mapping[str, str] | None = None,
) -> dict[str, _Element]:
    """The schema of each namespace that `elements` (declared globally) and `types` lead to, in the order they are met.

    `simple_types`: named simple types that nothing else leads to. `locations`: where the schema of another namespace is
    found; without it imports name the namespace alone, as inline schemas of one WSDL do.
    """
    elements = list(elements)
    pages = Pages()
    writing = _Writing(shapes, {element.tag: element for element in elements}, pages, SimpleTypes(pages))
    for element in elements:
        pages.page(namespace_of(element.tag))
        writing.add_element(element)
    for key in types:
        writing.record_name(key, "")
    for simple in simple_types:
        writing.simple.name_of(simple)
    return pages.roots(locations or {})


def write_schema(
    namespace: str, elements: Iterable[ElementField], shapes: Shapes, *, types: Iterable[Key] = ()
) -> _Element:
    """The schema of one namespace alone; `write_schemas` gives those of the namespaces that it imports too.

    >>> from soapkit.xml.serialise import serialise
    >>> number = ElementField("number", "{urn:x}number", Atomic("int"))
    >>> serialise(write_schema("urn:x", [number], {})[0])[-30:]
    b' name="number" type="xs:int"/>'
    """
    schemas = write_schemas(elements, shapes, types=types)
    return schemas[namespace] if namespace in schemas else Page(namespace).root({})


@dataclass(slots=True)
class _Writing:
    """What elements and records lead to, on its pages."""

    shapes: Shapes
    declared: dict[str, ElementField]
    pages: Pages
    simple: SimpleTypes
    named: dict[Key, str] = field(default_factory=dict)

    def _is_declared(self, element: ElementField) -> bool:
        """Whether a global element says the same as a local one; one with the anonymous type of a global one is it."""
        if isinstance(element.type, RecordRef) and element.type.key == _key_of_global(element.tag):
            return True
        known = self.declared.get(element.tag)
        return known is not None and _saying(known) == _saying(element)

    # --- global components ---

    def add_element(self, element: ElementField) -> None:
        """Declare a global element, once."""
        page = self.pages.page(namespace_of(element.tag))
        if element.tag not in page.elements:
            page.elements[element.tag] = etree.Element("declared")  # its type may lead back to it
            page.elements[element.tag] = self.element(replace(element, minimum=1, maximum=1), page, top=True)

    def record_name(self, key: Key, namespace: str) -> str | None:
        """The Clark name of the type of a record, which is then written; None for one that stands in line."""
        record = self.shapes[key]
        name = record.name or self.named.get(key)
        if name is None and not _is_of_element(key) and _contains_itself(key, self.shapes):
            name = self.named[key] = self._free_name(record, namespace)
        if name is not None:
            page = self.pages.page(namespace_of(name))
            if name not in page.types:
                page.types[name] = etree.Element("declared")
                page.types[name] = self.record(record, page, local_name(name))
        return name

    def _free_name(self, record: Record, namespace: str) -> str:
        """A name for an anonymous record that contains itself."""
        key = record.key if isinstance(record.key, str) else record.key.__name__
        local = key.rpartition("}")[2].rpartition("/")[2].partition("[")[0] or "anonymous"
        name, number = f"{{{namespace}}}{local}" if namespace else local, 1
        taken = {other.name for other in self.shapes.values()} | set(self.named.values())
        while name in taken:
            number += 1
            name = f"{{{namespace}}}{local}{number}" if namespace else f"{local}{number}"
        return name

    # --- types ---

    def set_type(self, owner: _Element, type_: Type, page: Page) -> None:
        """Give an element its type, by name or in line."""
        if isinstance(type_, AnyType):
            owner.set("type", page.name(f"{_XS}anyType"))
        elif isinstance(type_, RecordRef):
            name = self.record_name(type_.key, page.namespace)
            if name is not None:
                owner.set("type", page.name(name))
            else:
                owner.append(self.record(self.shapes[type_.key], page, None))
        else:
            self.simple.set_type(owner, type_, page)

    def record(self, record: Record, page: Page, name: str | None) -> _Element:
        """``xs:complexType``."""
        element = etree.Element(f"{_XS}complexType")
        if name:
            element.set("name", name)
        if record.abstract:
            element.set("abstract", "true")
        if record.mixed:
            element.set("mixed", "true")
        set_documentation(element, record.documentation)
        base = self.shapes[record.base.key] if record.base is not None else None
        body = element
        if record.text is not None:
            method = record.derivation or "extension"
            body = etree.SubElement(etree.SubElement(element, f"{_XS}simpleContent"), f"{_XS}{method}")
            self._text(body, record, base, page)
        elif base is not None:
            method = record.derivation or "extension"
            body = etree.SubElement(etree.SubElement(element, f"{_XS}complexContent"), f"{_XS}{method}")
            body.set("base", page.name(self._base_name(base, page)))
        if record.text is None:
            self._content(body, _own_content(record, base), page)
        self._attributes(body, record, base, page)
        return element

    def _base_name(self, base: Record, page: Page) -> str:
        """The name of a base type, which must have one."""
        name = self.record_name(base.key, page.namespace)
        if name is None:
            name = self.named[base.key] = self._free_name(base, page.namespace)
            page.types[name] = self.record(base, page, local_name(name))
        return name

    def _text(self, body: _Element, record: Record, base: Record | None, page: Page) -> None:
        assert record.text is not None
        if base is not None:
            body.set("base", page.name(self._base_name(base, page)))
            if record.derivation == "restriction" and (base.text is None or base.text.type != record.text.type):
                body.append(self.simple.definition(replace(record.text.type, name=None), page, None))
            return
        name = self.simple.name_of(record.text.type)
        if name is None:  # the base of an extension must have a name
            name = self._free_name(record, page.namespace).rstrip("0123456789") + "Value"
            page.types[name] = self.simple.definition(record.text.type, page, local_name(name))
        body.set("base", page.name(name))

    # --- attributes ---

    def _attributes(self, body: _Element, record: Record, base: Record | None, page: Page) -> None:
        inherited = {each.tag: each for each in base.attributes} if base is not None else {}
        extends = record.derivation == "extension"
        for each in record.attributes:
            known = inherited.pop(each.tag, None)
            if known is None or not extends:
                body.append(self.attribute(each, page))
        if base is not None and not extends:
            for gone in inherited.values():
                element = self.attribute(replace(gone, required=False, default=None, fixed=None), page)
                element.set("use", "prohibited")
                body.append(element)
        wildcard = record.any_attribute
        if wildcard is not None and not (extends and base is not None and base.any_attribute == wildcard):
            element = etree.SubElement(body, f"{_XS}anyAttribute", processContents=wildcard.process)
            set_namespaces(element, wildcard.namespaces, page)
            set_documentation(element, wildcard.documentation)

    def attribute(self, attribute: AttributeField, page: Page, *, top: bool = False) -> _Element:
        """``xs:attribute``: local, or a reference into its namespace."""
        namespace, local = split(attribute.tag)
        element = etree.Element(f"{_XS}attribute")
        if namespace and not top:
            element.set("ref", page.name(attribute.tag))
            home = self.pages.page(namespace)
            if not is_known_namespace(namespace) and attribute.tag not in home.attributes:
                plain = replace(attribute, default=None, fixed=None, required=False, documentation="")
                home.attributes[attribute.tag] = self.attribute(plain, home, top=True)
        else:
            element.set("name", local)
            self.simple.set_type(element, attribute.type, page)
        if attribute.required and not top:
            element.set("use", "required")
        set_value(element, attribute, page)
        set_documentation(element, attribute.documentation)
        return element

    # --- content ---

    def _content(self, body: _Element, content: Particle, page: Page) -> None:
        written = list(self.particles(content, page))
        if not written:
            return
        if len(written) == 1 and written[0].tag in (f"{_XS}sequence", f"{_XS}choice", f"{_XS}all"):
            body.append(written[0])
        else:
            etree.SubElement(body, f"{_XS}sequence").extend(written)

    def particles(self, particle: Particle, page: Page) -> Iterator[_Element]:
        """A particle as one element of the schema; nothing for an empty group."""
        if isinstance(particle, ElementField):
            yield self.element(particle, page)
        elif isinstance(particle, AnyField):
            element = etree.Element(f"{_XS}any", processContents=particle.process)
            set_namespaces(element, particle.namespaces, page)
            set_documentation(element, particle.documentation)
            yield occurring(element, particle.minimum, particle.maximum)
        elif isinstance(particle, ChoiceField):
            yield from self.choice(particle, page)
        elif particle.particles:
            element = etree.Element(f"{_XS}{_COMPOSITORS[type(particle)]}")
            if particle.optional:
                element.set("minOccurs", "0")
            for inner in particle.particles:
                element.extend(self.particles(inner, page))
            yield element

    def choice(self, choice: ChoiceField, page: Page) -> Iterator[_Element]:
        """A repeated group: the group record it holds, or a choice of its alternatives."""
        if choice.model is not None:
            yield from self.particles(choice.model, page)
            return
        inner: list[_Element] = []
        for alternative in choice.alternatives:
            if alternative.tag is not None:
                only = ElementField(
                    local_name(alternative.tag), alternative.tag, alternative.type, nillable=alternative.nillable
                )
                inner.append(self.element(only, page))
            elif isinstance(alternative.type, RecordRef):
                inner.extend(self.particles(self.shapes[alternative.type.key].content, page))
        if len(inner) == 1 and len(choice.alternatives) == 1 and inner[0].get("minOccurs") is None:
            repeated = inner[0]
            if repeated.tag == f"{_XS}choice":  # a repeated sequence of one choice, which is no repeated choice
                repeated = etree.Element(f"{_XS}sequence")
                repeated.append(inner[0])
            yield occurring(repeated, choice.minimum, choice.maximum)
        elif inner:
            element = etree.Element(f"{_XS}choice")
            element.extend(
                each[0] if each.tag == f"{_XS}sequence" and len(each) == 1 and not each.attrib else each
                for each in inner
            )
            yield occurring(element, choice.minimum, choice.maximum)

    def element(self, element: ElementField, page: Page, *, top: bool = False) -> _Element:
        """``xs:element``: global, local, or a reference into another namespace."""
        namespace, local = split(element.tag)
        written = etree.Element(f"{_XS}element")
        if not top and namespace and (namespace != page.namespace or self._is_declared(element)):
            self.add_element(element)
            written.set("ref", page.name(element.tag))
            if element.documentation != self.declared.get(element.tag, element).documentation:
                set_documentation(written, element.documentation)
            return occurring(written, element.minimum, element.maximum)
        written.set("name", local)
        if not top and not namespace and page.namespace:
            written.set("form", "unqualified")
        occurring(written, element.minimum, element.maximum)
        if element.nillable:
            written.set("nillable", "true")
        set_value(written, element, page)
        set_documentation(written, element.documentation)
        self.set_type(written, element.type, page)
        if isinstance(element.type, Atomic) and element.type.content_types:
            written.set(clark(XMIME, "expectedContentTypes"), element.type.content_types)
        written.extend(_constraint(each, page) for each in element.constraints)
        return written


def _constraint(constraint: Constraint, page: Page) -> _Element:
    """``xs:unique``, ``xs:key``, ``xs:keyref``; the prefixes of its XPaths become those of the page."""
    prefixes = dict(constraint.prefixes)

    def in_page(xpath: str) -> str:
        return _PREFIX.sub(lambda found: page.name(f"{{{prefixes.get(found[1], '')}}}"), xpath)

    element = etree.Element(f"{_XS}{constraint.kind}", name=local_name(constraint.name))
    if constraint.refer is not None:
        element.set("refer", page.name(constraint.refer))
    etree.SubElement(element, f"{_XS}selector", xpath=in_page(constraint.selector))
    for xpath in constraint.fields:
        etree.SubElement(element, f"{_XS}field", xpath=in_page(xpath))
    return element


_PREFIX: Final = re.compile(r"([^\W\d][\w.\-]*):(?!:)")  # not that of an axis, ``child::``
_COMPOSITORS: Final[dict[type, str]] = {Sequence: "sequence", Choice: "choice", All: "all"}


def _own_content(record: Record, base: Record | None) -> Particle:
    """What a record adds to the content of the record it extends; all of it, if it restricts or has no base."""
    content = record.content
    if base is None or record.derivation != "extension" or not base.content.particles:
        return content
    if record.mixed and base.mixed:
        return _added_alternatives(content, base)
    if content == base.content:
        return Sequence()
    inherited = base.content
    first = inherited.particles if isinstance(inherited, Sequence) and not inherited.optional else (inherited,)
    return Sequence(content.particles[len(first) :])


def _added_alternatives(content: Particle, base: Record) -> Particle:
    known = {each for leaf in base.elements if isinstance(leaf, ChoiceField) for each in leaf.alternatives}
    assert isinstance(content, Sequence)
    mixed = content.particles[0]
    assert isinstance(mixed, ChoiceField)
    added = tuple(each for each in mixed.alternatives if each not in known)
    return Sequence((replace(mixed, alternatives=added, model=None),)) if added else Sequence()


def _key_of_global(tag: str) -> str:
    """The key of the anonymous type of a global element (see `soapkit.xsd.shapes`)."""
    namespace, local = split(tag)
    return f"{{{namespace}}}/{local}" if namespace else f"/{local}"


def _is_of_element(key: Key) -> bool:
    """Whether a key is that of the anonymous type of a global element, which is referred to by the element."""
    return isinstance(key, str) and key.rpartition("}")[2].count("/") == 1 and key.rpartition("}")[2].startswith("/")


def _saying(element: ElementField) -> tuple[object, ...]:
    return element.type, element.nillable, element.default, element.fixed


def _contains_itself(key: Key, shapes: Shapes) -> bool:
    """Whether an anonymous record is reached from its own fields without passing a named one."""
    record = shapes[key]
    inner = [
        type_.key
        for leaf in record.elements
        for type_ in (
            [leaf.type]
            if isinstance(leaf, ElementField)
            else [each.type for each in leaf.alternatives]
            if isinstance(leaf, ChoiceField)
            else []
        )
        if isinstance(type_, RecordRef)
    ]
    return key in reachable(inner, shapes)
