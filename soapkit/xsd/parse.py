"""One element of a schema document -> the component it declares.

Read leniently: what breaks a rule of XML Schema but can be understood is understood, with a warning that names the
rule and what was assumed. References are names here; nothing is looked up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, cast

from lxml.etree import _Element

from soapkit.databinding.shape import Constraint
from soapkit.xml.names import XMIME, XSD, clark, local_name, namespace_of
from soapkit.xsd.document import SchemaDocument
from soapkit.xsd.model import (
    ANY_TYPE_NAME,
    Attribute,
    AttributeWildcard,
    ComplexType,
    Component,
    Compositor,
    Element,
    ElementRef,
    Group,
    GroupRef,
    Method,
    NamedGroup,
    Notation,
    Particle,
    TypeUse,
    Wildcard,
)
from soapkit.xsd.parse_simple import (
    ATTRIBUTES,
    EXTENSION,
    RESTRICTION,
    SIMPLE_TYPE,
    XS,
    children_of,
    documentation_of,
    flag,
    is_qualified,
    name_of,
    occurs,
    parse_attribute,
    parse_attribute_group,
    parse_attributes,
    parse_facets,
    parse_simple_type,
    parse_wildcard,
    simple_type_of,
    unexpected,
    words,
)

COMPLEX_TYPE: Final = f"{XS}complexType"
_MODEL_GROUPS: Final = {f"{XS}sequence", f"{XS}choice", f"{XS}all"}
_XMIME: Final = (XMIME, "http://www.w3.org/2004/11/xmlmime", "http://www.w3.org/2004/06/xmlmime")
_CONSTRAINTS: Final = {f"{XS}unique", f"{XS}key", f"{XS}keyref"}


# --- particles ------------------------------------------------------------------------------------------------------


def type_of(document: SchemaDocument, element: _Element) -> TypeUse | None:
    """The type of an element: that it names, or holds in line; None for neither."""
    if not len(element):
        return simple_type_of(document, element, "type")
    named = bool((element.get("type") or "").strip())
    for child in children_of(element):
        if child.tag in _CONSTRAINTS or (child.tag == SIMPLE_TYPE and not named):
            continue
        if named and child.tag in (SIMPLE_TYPE, COMPLEX_TYPE):
            document.warn("the element names a type and holds one (3.3.3); the one named is used", child)
        elif child.tag == COMPLEX_TYPE:
            return parse_complex_type(document, child)
        elif child.tag in _MODEL_GROUPS and not named:
            document.warn("an element's content must stand in a complexType (3.3.2); read as if it did", element)
            return parse_complex_type(document, element)
        else:
            unexpected(document, element, child)
    return simple_type_of(document, element, "type")


def parse_element(document: SchemaDocument, element: _Element, *, top: bool = False) -> Element | ElementRef:
    """``xs:element`` (XSD part 1, 3.3.2)."""
    minimum, maximum = (1, 1) if top else occurs(document, element)
    place = document.place(element)
    documentation = documentation_of(element)
    reference = element.get("ref")
    if reference is not None and not top:
        return ElementRef(document.qname(reference, element), minimum, maximum, documentation, place)
    local = name_of(document, element)
    qualified = top or is_qualified(element, document.qualified_elements)
    tag = document.name(local) if qualified else local
    heads = element.get("substitutionGroup") if top else None
    default, fixed = element.get("default"), element.get("fixed")
    return Element(
        tag,
        type_of(document, element),
        minimum,
        maximum,
        flag(element, "nillable"),
        default,
        fixed,
        flag(element, "abstract"),
        tuple(document.qname(head, element) for head in heads.split()) if heads else (),
        words(element, "block", document.block),
        words(element, "final", document.final),
        tuple(_constraint(document, child) for child in element if child.tag in _CONSTRAINTS) if len(element) else (),
        documentation,
        place,
        document.clark_or_none(default if fixed is None else fixed, element),
        _content_types_of(element),
    )


def _content_types_of(element: _Element) -> str:
    """``xmime:expectedContentTypes`` (Describing Media Content of Binary Data in XML, 3.1); the drafts' too."""
    for name, value in element.items():
        if namespace_of(name) in _XMIME and local_name(name) == "expectedContentTypes":
            return " ".join(value.split())
    return ""


def _constraint(document: SchemaDocument, element: _Element) -> Constraint:
    """``xs:unique``, ``xs:key``, ``xs:keyref`` (XSD part 1, 3.11.2)."""
    selector = element.find(f"{XS}selector")
    fields = list(element.iterchildren(f"{XS}field"))
    refer = element.get("refer")
    prefixes = dict(element.nsmap)
    for inner in (*fields, *([selector] if selector is not None else [])):
        prefixes.update(inner.nsmap)
    return Constraint(
        cast("Literal['unique', 'key', 'keyref']", local_name(cast("str", element.tag))),
        document.name(name_of(document, element)),
        (selector.get("xpath") or ".") if selector is not None else ".",
        tuple(field.get("xpath") or "." for field in fields),
        document.qname(refer, element) if refer else None,
        tuple((prefix, namespace) for prefix, namespace in prefixes.items() if prefix),
        document.place(element),
    )


def parse_particle(document: SchemaDocument, element: _Element) -> Particle | None:
    """Anything that may stand in a model group; None (with a warning) for what may not."""
    parse = _PARTICLES.get(cast("str", element.tag))
    return parse(document, element) if parse else None


def _group(document: SchemaDocument, element: _Element) -> Group:
    """``xs:sequence``, ``xs:choice``, ``xs:all`` (XSD part 1, 3.8.2)."""
    particles: list[Particle] = []
    for child in children_of(element):
        particle = parse_particle(document, child)
        if particle is None:
            unexpected(document, element, child)
        else:
            particles.append(particle)
    kind = cast("Compositor", local_name(cast("str", element.tag)))
    return Group(kind, tuple(particles), *occurs(document, element), document.place(element))


def _group_use(document: SchemaDocument, element: _Element) -> Particle | None:
    """``xs:group`` where particles stand: a reference; sloppily, a definition in place."""
    reference = element.get("ref") or element.get("name")
    if not reference:
        return None
    return GroupRef(document.qname(reference, element), *occurs(document, element), document.place(element))


def _any(document: SchemaDocument, element: _Element) -> Wildcard:
    namespaces, process = parse_wildcard(document, element)
    low, high = occurs(document, element)
    return Wildcard(namespaces, process, low, high, documentation_of(element), document.place(element))


_PARTICLES: Final[dict[str, Callable[[SchemaDocument, _Element], Particle | None]]] = {
    f"{XS}element": parse_element,
    f"{XS}sequence": _group,
    f"{XS}choice": _group,
    f"{XS}all": _group,
    f"{XS}group": _group_use,
    f"{XS}any": _any,
}


def parse_named_group(document: SchemaDocument, element: _Element) -> NamedGroup:
    """A global ``xs:group`` (XSD part 1, 3.7.2)."""
    content = _content(document, element)
    if not isinstance(content, Group):
        content = Group("sequence", () if content is None else (content,))
    return NamedGroup(
        document.name(name_of(document, element)), content, documentation_of(element), document.place(element)
    )


# --- complex types --------------------------------------------------------------------------------------------------


def parse_complex_type(document: SchemaDocument, element: _Element, name: str | None = None) -> ComplexType:
    """``xs:complexType`` (XSD part 1, 3.4.2)."""
    outer = element.find(f"{XS}complexContent")
    simple = False
    if outer is None:
        outer = element.find(f"{XS}simpleContent")
        simple = outer is not None
    body, derivation, base = element, None, None
    mixed = flag(element, "mixed") or element.get("content") == "mixed"
    if outer is not None:
        inner = _derivation(document, outer)
        if inner is not None:
            body = inner
            derivation = cast("Method", local_name(cast("str", inner.tag)))
            base = document.base_name(inner.get("base") or _base_missing(document, inner, simple), inner)
        if outer.get("mixed") is not None:
            mixed = flag(outer, "mixed")
    elif element.get("base") is not None:  # drafts: <complexType base="..." derivedBy="extension">
        derivation = "restriction" if element.get("derivedBy") == "restriction" else "extension"
        base = document.qname(element.get("base") or "", element)
    attributes, wildcard = parse_attributes(document, body)
    inline = body.find(SIMPLE_TYPE) if simple else None
    content = None if simple else _content(document, body)
    if base == ANY_TYPE_NAME and not simple:
        if derivation == "extension":  # all that xs:anyType allows, then its own (3.4.7)
            mixed, content = True, _after_anything(content)
            wildcard = wildcard or AttributeWildcard(process="lax")
        base = derivation = None
    return ComplexType(
        name,
        base,
        derivation,
        content,
        attributes,
        wildcard,
        mixed,
        flag(element, "abstract"),
        simple,
        parse_simple_type(document, inline) if inline is not None else None,
        tuple(parse_facets(document, body)) if simple and derivation == "restriction" else (),
        words(element, "block", document.block),
        words(element, "final", document.final),
        documentation_of(element),
        document.place(element),
    )


def _after_anything(content: Particle | None) -> Group:
    anything = Wildcard(process="lax", minimum=0, maximum=None)
    return Group("sequence", (anything, content) if content is not None else (anything,))


def _derivation(document: SchemaDocument, outer: _Element) -> _Element | None:
    for child in children_of(outer):
        if child.tag in (RESTRICTION, EXTENSION):
            return child
        unexpected(document, outer, child)
    document.warn(f"{local_name(str(outer.tag))} has neither restriction nor extension (3.4.2); read as empty", outer)
    return None


def _base_missing(document: SchemaDocument, element: _Element, simple: bool) -> str:
    assumed = "string" if simple else "anyType"
    document.warn(f"{local_name(str(element.tag))} names no base; xs:{assumed} assumed", element)
    prefix = next((prefix for prefix, namespace in element.nsmap.items() if namespace == XSD), None)
    return f"{prefix}:{assumed}" if prefix else assumed


_BESIDE_CONTENT: Final = ATTRIBUTES | {f"{XS}simpleContent", f"{XS}complexContent"}


def _content(document: SchemaDocument, element: _Element) -> Particle | None:
    """The one model group of a type or named group.

    Several, or bare elements without a group around them, break XSD part 1, 3.4.2 and are read as a sequence.
    """
    particles: list[Particle] = []
    for child in children_of(element):
        if child.tag in _BESIDE_CONTENT:
            continue
        particle = parse_particle(document, child)
        if particle is None:
            unexpected(document, element, child)
        else:
            particles.append(particle)
    if not particles:
        return None
    if len(particles) == 1 and isinstance(particles[0], (Group, GroupRef)):
        return particles[0]
    document.warn(
        f"{local_name(str(element.tag))} must hold one sequence, choice, all or group (3.4.2); read as a sequence of "
        "what it holds",
        element,
    )
    return Group("sequence", tuple(particles), 1, 1, document.place(element))


def _notation(document: SchemaDocument, element: _Element) -> Notation:
    name = document.name(name_of(document, element))
    return Notation(name, element.get("public"), element.get("system"), document.place(element))


# --- global components ----------------------------------------------------------------------------------------------


def _global_name(document: SchemaDocument, element: _Element) -> str:
    return clark(document.target, (element.get("name") or "").strip())


PARSERS: Final[dict[str, Callable[[SchemaDocument, _Element], Component]]] = {
    "element": lambda document, element: cast("Element", parse_element(document, element, top=True)),
    "complexType": lambda document, element: parse_complex_type(document, element, _global_name(document, element)),
    "simpleType": lambda document, element: parse_simple_type(document, element, _global_name(document, element)),
    "group": parse_named_group,
    "attribute": lambda document, element: cast("Attribute", parse_attribute(document, element, top=True)),
    "attributeGroup": parse_attribute_group,
    "notation": _notation,
}
"""How a child of ``xs:schema`` is read, by local name."""
