"""The parts of a schema document that are simple: simple types, facets, attributes; and what all parts share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

from lxml.etree import _Element

from soapkit.xml.names import WSDL11, XSD, local_name
from soapkit.xml.prose import prose
from soapkit.xsd.document import SchemaDocument
from soapkit.xsd.model import (
    Attribute,
    AttributeGroup,
    AttributeGroupRef,
    AttributeRef,
    AttributeUse,
    AttributeWildcard,
    Facet,
    Process,
    SimpleType,
    TypeUse,
    Use,
)

XS: Final = f"{{{XSD}}}"
ANNOTATION: Final = f"{XS}annotation"
DOCUMENTATION: Final = f"{XS}documentation"
SIMPLE_TYPE: Final = f"{XS}simpleType"
RESTRICTION: Final = f"{XS}restriction"
EXTENSION: Final = f"{XS}extension"
ARRAY_TYPE: Final = f"{{{WSDL11}}}arrayType"

ATTRIBUTES: Final = {f"{XS}attribute", f"{XS}attributeGroup", f"{XS}anyAttribute"}
_FACETS: Final = {
    *("length", "minLength", "maxLength", "pattern", "enumeration", "whiteSpace", "totalDigits", "fractionDigits"),
    *("maxInclusive", "maxExclusive", "minInclusive", "minExclusive"),
}
# XSD 1.1 (structures, 3.4, 3.12, 3.13; datatypes, 4.3.13, 4.3.16) and drafts: told, then passed over.
_BEYOND_1_0: Final = {
    *("assert", "assertion", "alternative", "openContent", "defaultOpenContent", "override", "explicitTimezone"),
}
_MAY_BE_EMPTY: Final = {
    f"{XS}{name}"
    for name in ("string", "normalizedString", "token", "anyURI", "hexBinary", "base64Binary", "anySimpleType")
}
_DRAFT_FACETS: Final = {"precision": "totalDigits", "scale": "fractionDigits"}


# --- what several components have -----------------------------------------------------------------------------------


def documentation_of(element: _Element) -> str:
    """The text of ``xs:annotation/xs:documentation`` below `element`, paragraphs apart."""
    if not len(element):
        return ""
    parts = [
        prose("".join(text.itertext()))
        for annotation in element.iterchildren(ANNOTATION)
        for text in annotation.iterchildren(DOCUMENTATION)
    ]
    return "\n\n".join(part for part in parts if part) if parts else ""


def flag(element: _Element, name: str) -> bool:
    value = element.get(name)
    return value is not None and value.strip() in ("true", "1")


def occurs(document: SchemaDocument, element: _Element) -> tuple[int, int | None]:
    """minOccurs and maxOccurs, 1 and 1 unless said (XSD part 1, 3.9.2)."""
    low, high = element.get("minOccurs"), element.get("maxOccurs")
    if low is None and high is None:
        return 1, 1
    minimum = _number(document, element, "minOccurs", low)
    if high is not None and high.strip() in ("unbounded", "*"):
        return minimum, None
    maximum = _number(document, element, "maxOccurs", high)
    if high is None and minimum > 1:
        maximum = minimum
        document.warn(f"minOccurs={minimum} is above maxOccurs, which is 1 unless given (3.9.6); read as both", element)
    elif maximum < minimum:
        if low is not None and maximum > 0:
            document.warn(f"minOccurs={minimum} is above maxOccurs={maximum} (3.9.6); both read as {maximum}", element)
        minimum = maximum
    return minimum, maximum


def _number(document: SchemaDocument, element: _Element, name: str, text: str | None) -> int:
    if text is None:
        return 1
    if text.strip().isascii() and text.strip().isdigit():
        return int(text)
    document.warn(f"{name}={text!r} is not a number; read as 1", element)
    return 1


def words(element: _Element, name: str, default: frozenset[str]) -> frozenset[str]:
    text = element.get(name)
    return default if text is None else frozenset(text.split())


def is_qualified(element: _Element, default: bool) -> bool:
    form = element.get("form")
    return default if form is None else form.strip() == "qualified"


def name_of(document: SchemaDocument, element: _Element) -> str:
    """The name attribute; a component without one gets a name nobody can refer to."""
    name = (element.get("name") or "").strip()
    if not name:
        document.warn(f"{local_name(str(element.tag))} has neither name nor ref; passed over by references", element)
        return "unnamed"
    return name


def unexpected(document: SchemaDocument, parent: _Element, child: _Element) -> None:
    local = local_name(str(child.tag))
    if local in _BEYOND_1_0:
        document.warn(f"xs:{local} belongs to XML Schema 1.1; it is not checked, the rest is used", child)
    else:
        document.warn(f"{local} may not stand in {local_name(str(parent.tag))}; passed over", child)


def children_of(element: _Element) -> Iterator[_Element]:
    """The children that are elements of XML Schema, annotations aside."""
    for child in element:
        tag = child.tag
        if isinstance(tag, str) and tag != ANNOTATION and tag.startswith(XS):
            yield child


# --- simple types ---------------------------------------------------------------------------------------------------


def parse_simple_type(document: SchemaDocument, element: _Element, name: str | None = None) -> SimpleType:
    """``xs:simpleType`` (XSD part 1, 3.14.2)."""
    documentation, place = documentation_of(element), document.place(element)
    final = words(element, "final", document.final)
    for child in children_of(element):
        if child.tag == RESTRICTION:
            base, facets = _restriction(document, child)
            return SimpleType(name, "restriction", base, None, (), facets, final, documentation, place)
        if child.tag == f"{XS}list":
            item = simple_type_of(document, child, "itemType") or _missing(document, child, "itemType")
            return SimpleType(name, "list", None, item, (), (), final, documentation, place)
        if child.tag == f"{XS}union":
            members: list[TypeUse] = [document.qname(text, child) for text in (child.get("memberTypes") or "").split()]
            members += [parse_simple_type(document, inner) for inner in child.iterchildren(SIMPLE_TYPE)]
            if not members:
                members.append(_missing(document, child, "memberTypes"))
            return SimpleType(name, "union", None, None, tuple(members), (), final, documentation, place)
    if element.get("base") is not None:  # drafts: <simpleType base="..."> facets </simpleType>
        base, facets = _restriction(document, element)
        return SimpleType(name, "restriction", base, None, (), facets, final, documentation, place)
    document.warn("a simple type must be a restriction, a list or a union (3.14.2); read as xs:string", element)
    return SimpleType(name, "restriction", f"{XS}string", None, (), (), final, documentation, place)


def _missing(document: SchemaDocument, element: _Element, what: str) -> str:
    document.warn(f"{local_name(str(element.tag))} says no {what}; read as xs:string", element)
    return f"{XS}string"


def _restriction(document: SchemaDocument, element: _Element) -> tuple[TypeUse, tuple[Facet, ...]]:
    base = simple_type_of(document, element, "base") or _missing(document, element, "base")
    facets = tuple(parse_facets(document, element))
    if isinstance(base, str) and base.startswith(XS) and base not in _MAY_BE_EMPTY:
        facets = tuple(facet for facet in facets if not _matches_nothing(document, element, facet, base))
    return base, facets


def _matches_nothing(document: SchemaDocument, element: _Element, facet: Facet, base: str) -> bool:
    """Whether a pattern is empty, as editors leave it behind, for values that never are: then there would be none."""
    empty = facet.name == "pattern" and not facet.value
    if empty:
        document.warn(f"an empty pattern matches no xs:{local_name(base)} (XSD part 2, 4.3.4); passed over", element)
    return empty


def parse_facets(document: SchemaDocument, element: _Element) -> Iterator[Facet]:
    """The facets below a restriction (XSD part 2, 4.3)."""
    for child in children_of(element):
        name = local_name(str(child.tag))
        name = _DRAFT_FACETS.get(name, name)
        if name not in _FACETS:
            if name not in ("simpleType", "attribute", "attributeGroup", "anyAttribute"):
                unexpected(document, element, child)
            continue
        value = child.get("value")
        if value is None:
            document.warn(f"facet {name} has no value; passed over", child)
            continue
        qualified = document.clark_or_none(value, child) if name == "enumeration" else None
        yield Facet(name, value, qualified, documentation_of(child), document.place(child))


def simple_type_of(document: SchemaDocument, element: _Element, attribute: str) -> TypeUse | None:
    """The simple type that `element` names in `attribute` or holds in line, None for neither."""
    named = element.get(attribute)
    if named is not None and named.strip():
        return document.base_name(named, element) if attribute == "base" else document.qname(named, element)
    inline = element.find(SIMPLE_TYPE) if len(element) else None
    return parse_simple_type(document, inline) if inline is not None else None


# --- attributes -----------------------------------------------------------------------------------------------------


def parse_attribute(document: SchemaDocument, element: _Element, *, top: bool = False) -> Attribute | AttributeRef:
    """``xs:attribute`` (XSD part 1, 3.2.2)."""
    use = cast("Use", (element.get("use") or "optional").strip())
    if use not in ("optional", "required", "prohibited"):
        document.warn(f"use={use!r} is none of optional, required, prohibited; read as optional", element)
        use = "optional"
    default, fixed = element.get("default"), element.get("fixed")
    documentation, place = documentation_of(element), document.place(element)
    array_type = _array_type(document, element)
    clark = document.clark_or_none(default if fixed is None else fixed, element)
    reference = element.get("ref")
    if reference is not None and not top:
        name = document.qname(reference, element)
        return AttributeRef(name, use, default, fixed, array_type, documentation, place, clark)
    local = name_of(document, element)
    qualified = top or is_qualified(element, document.qualified_attributes)
    tag = document.name(local) if qualified else local
    type_ = simple_type_of(document, element, "type")
    return Attribute(tag, type_, use, default, fixed, array_type, documentation, place, clark)


def _array_type(document: SchemaDocument, element: _Element) -> str | None:
    """wsdl:arrayType with its QName resolved: ``tns:Item[,][]`` -> ``{urn:x}Item[,][]``."""
    if len(element.attrib) < 2:
        return None
    text = element.get(ARRAY_TYPE)
    if text is None:  # in a wrong namespace, or in none
        text = next((value for name, value in element.items() if local_name(str(name)) == "arrayType"), None)
    if text is None:
        return None
    name, bracket, sizes = text.strip().partition("[")
    return document.qname(name, element) + bracket + sizes


def parse_attributes(
    document: SchemaDocument, element: _Element
) -> tuple[tuple[AttributeUse, ...], AttributeWildcard | None]:
    uses: list[AttributeUse] = []
    wildcard: AttributeWildcard | None = None
    for child in element:
        if child.tag not in ATTRIBUTES:
            continue
        kind = local_name(str(child.tag))
        if kind == "attribute":
            uses.append(parse_attribute(document, child))
        elif kind == "attributeGroup":
            name = document.qname(child.get("ref") or child.get("name") or "", child)
            uses.append(AttributeGroupRef(name, document.place(child)))
        else:
            wildcard = AttributeWildcard(*parse_wildcard(document, child), documentation_of(child))
    return tuple(uses), wildcard


def parse_attribute_group(document: SchemaDocument, element: _Element) -> AttributeGroup:
    """A global ``xs:attributeGroup`` (XSD part 1, 3.6.2)."""
    attributes, wildcard = parse_attributes(document, element)
    return AttributeGroup(
        document.name(name_of(document, element)),
        attributes,
        wildcard,
        documentation_of(element),
        document.place(element),
    )


def parse_wildcard(document: SchemaDocument, element: _Element) -> tuple[tuple[str, ...], Process]:
    """The namespace constraint and processContents (XSD part 1, 3.10.2)."""
    process = (element.get("processContents") or "strict").strip()
    if process not in ("strict", "lax", "skip"):
        document.warn(f"processContents={process!r} is none of strict, lax, skip; read as lax", element)
        process = "lax"
    words = (element.get("namespace") or "##any").split()
    if "##any" in words:
        namespaces: tuple[str, ...] = ("##any",)
    elif "##other" in words:
        namespaces = ("##other", document.target) if not document.target else ("##other", document.target, "")
    else:
        meaning = {"##targetNamespace": document.target, "##local": ""}
        namespaces = tuple(dict.fromkeys(meaning.get(word, word) for word in words))
    return namespaces, cast("Process", process)
