"""One element of a schema document -> the component it declares.

Read leniently: what breaks a rule of XML Schema but can be understood is understood, with a warning that names the
rule and what was assumed. References are names here; nothing is looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Literal, cast

from lxml.etree import _Element

from soapkit.xml.names import WSDL11, XSD, clark, local_name
from soapkit.xsd.document import SchemaDocument
from soapkit.xsd.model import (
    ANY_TYPE_NAME,
    Attribute,
    AttributeGroup,
    AttributeGroupRef,
    AttributeRef,
    AttributeUse,
    AttributeWildcard,
    ComplexType,
    Component,
    Compositor,
    Constraint,
    Element,
    ElementRef,
    Facet,
    Group,
    GroupRef,
    Method,
    NamedGroup,
    Notation,
    Particle,
    Process,
    SimpleType,
    TypeUse,
    Use,
    Wildcard,
)

XS: Final = f"{{{XSD}}}"
ANNOTATION: Final = f"{XS}annotation"
DOCUMENTATION: Final = f"{XS}documentation"
SIMPLE_TYPE: Final = f"{XS}simpleType"
COMPLEX_TYPE: Final = f"{XS}complexType"
RESTRICTION: Final = f"{XS}restriction"
EXTENSION: Final = f"{XS}extension"
ARRAY_TYPE: Final = f"{{{WSDL11}}}arrayType"

_MODEL_GROUPS: Final = {f"{XS}sequence", f"{XS}choice", f"{XS}all"}
_ATTRIBUTES: Final = {f"{XS}attribute", f"{XS}attributeGroup", f"{XS}anyAttribute"}
_CONSTRAINTS: Final = {f"{XS}unique", f"{XS}key", f"{XS}keyref"}
_FACETS: Final = {
    *("length", "minLength", "maxLength", "pattern", "enumeration", "whiteSpace", "totalDigits", "fractionDigits"),
    *("maxInclusive", "maxExclusive", "minInclusive", "minExclusive"),
}
# XSD 1.1 (structures, 3.4, 3.12, 3.13; datatypes, 4.3.13, 4.3.16) and drafts: told, then passed over.
_BEYOND_1_0: Final = {
    *("assert", "assertion", "alternative", "openContent", "defaultOpenContent", "override", "explicitTimezone"),
}
_DRAFT_FACETS: Final = {"precision": "totalDigits", "scale": "fractionDigits"}


# --- what several components have -----------------------------------------------------------------------------------


def documentation_of(element: _Element) -> str:
    """The text of ``xs:annotation/xs:documentation`` below `element`, paragraphs apart."""
    parts = [
        "".join(text.itertext()).strip()
        for annotation in element.iterchildren(ANNOTATION)
        for text in annotation.iterchildren(DOCUMENTATION)
    ]
    return "\n\n".join(part for part in parts if part) if parts else ""


def _flag(element: _Element, name: str) -> bool:
    value = element.get(name)
    return value is not None and value.strip() in ("true", "1")


def _occurs(document: SchemaDocument, element: _Element) -> tuple[int, int | None]:
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


def _set(element: _Element, name: str, default: frozenset[str]) -> frozenset[str]:
    text = element.get(name)
    return default if text is None else frozenset(text.split())


def _qualified(element: _Element, default: bool) -> bool:
    form = element.get("form")
    return default if form is None else form.strip() == "qualified"


def _name(document: SchemaDocument, element: _Element) -> str:
    """The name attribute; a component without one gets a name nobody can refer to."""
    name = (element.get("name") or "").strip()
    if not name:
        document.warn(f"{local_name(str(element.tag))} has neither name nor ref; passed over by references", element)
        return "unnamed"
    return name


def _unexpected(document: SchemaDocument, parent: _Element, child: _Element) -> None:
    local = local_name(str(child.tag))
    if local in _BEYOND_1_0:
        document.warn(f"xs:{local} belongs to XML Schema 1.1; it is not checked, the rest is used", child)
    else:
        document.warn(f"{local} may not stand in {local_name(str(parent.tag))}; passed over", child)


def _children(element: _Element) -> Iterator[_Element]:
    """The children that are elements of XML Schema, annotations aside."""
    for child in element:
        tag = child.tag
        if isinstance(tag, str) and tag != ANNOTATION and tag.startswith(XS):
            yield child


# --- simple types ---------------------------------------------------------------------------------------------------


def parse_simple_type(document: SchemaDocument, element: _Element, name: str | None = None) -> SimpleType:
    """``xs:simpleType`` (XSD part 1, 3.14.2)."""
    documentation, place = documentation_of(element), document.place(element)
    final = _set(element, "final", document.final)
    for child in _children(element):
        if child.tag == RESTRICTION:
            base, facets = _restriction(document, child)
            return SimpleType(name, "restriction", base, None, (), facets, final, documentation, place)
        if child.tag == f"{XS}list":
            item = _type_of(document, child, "itemType") or _missing(document, child, "itemType")
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
    base = _type_of(document, element, "base") or _missing(document, element, "base")
    return base, tuple(parse_facets(document, element))


def parse_facets(document: SchemaDocument, element: _Element) -> Iterator[Facet]:
    """The facets below a restriction (XSD part 2, 4.3)."""
    for child in _children(element):
        name = local_name(str(child.tag))
        name = _DRAFT_FACETS.get(name, name)
        if name not in _FACETS:
            if name not in ("simpleType", "attribute", "attributeGroup", "anyAttribute"):
                _unexpected(document, element, child)
            continue
        value = child.get("value")
        if value is None:
            document.warn(f"facet {name} has no value; passed over", child)
            continue
        qualified = document.clark_or_none(value, child) if name == "enumeration" else None
        yield Facet(name, value, qualified, documentation_of(child), document.place(child))


def _type_of(document: SchemaDocument, element: _Element, attribute: str) -> TypeUse | None:
    """The type that `element` names in `attribute` or holds in line, None for neither."""
    named = element.get(attribute)
    if named is not None and named.strip():
        return document.base_name(named, element) if attribute == "base" else document.qname(named, element)
    for child in element:
        if child.tag == SIMPLE_TYPE:
            return parse_simple_type(document, child)
        if child.tag == COMPLEX_TYPE:
            return parse_complex_type(document, child)
        if child.tag in _MODEL_GROUPS and element.tag == f"{XS}element":
            document.warn("an element's content must stand in a complexType (3.3.2); read as if it did", element)
            return parse_complex_type(document, element)
    return None


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
    reference = element.get("ref")
    if reference is not None and not top:
        name = document.qname(reference, element)
        return AttributeRef(name, use, default, fixed, array_type, documentation, place)
    local = _name(document, element)
    qualified = top or _qualified(element, document.qualified_attributes)
    tag = document.name(local) if qualified else local
    return Attribute(tag, _type_of(document, element, "type"), use, default, fixed, array_type, documentation, place)


def _array_type(document: SchemaDocument, element: _Element) -> str | None:
    """wsdl:arrayType with its QName resolved: ``tns:Item[,][]`` -> ``{urn:x}Item[,][]``."""
    text = element.get(ARRAY_TYPE)
    if text is None:
        text = element.get("arrayType")
    if text is None:
        return None
    name, bracket, sizes = text.strip().partition("[")
    return document.qname(name, element) + bracket + sizes


def _attributes(
    document: SchemaDocument, element: _Element
) -> tuple[tuple[AttributeUse, ...], AttributeWildcard | None]:
    uses: list[AttributeUse] = []
    wildcard: AttributeWildcard | None = None
    for child in element:
        if child.tag not in _ATTRIBUTES:
            continue
        kind = local_name(str(child.tag))
        if kind == "attribute":
            uses.append(parse_attribute(document, child))
        elif kind == "attributeGroup":
            name = document.qname(child.get("ref") or child.get("name") or "", child)
            uses.append(AttributeGroupRef(name, document.place(child)))
        else:
            wildcard = AttributeWildcard(*_wildcard(document, child), documentation_of(child))
    return tuple(uses), wildcard


def parse_attribute_group(document: SchemaDocument, element: _Element) -> AttributeGroup:
    """A global ``xs:attributeGroup`` (XSD part 1, 3.6.2)."""
    attributes, wildcard = _attributes(document, element)
    return AttributeGroup(
        document.name(_name(document, element)),
        attributes,
        wildcard,
        documentation_of(element),
        document.place(element),
    )


def _wildcard(document: SchemaDocument, element: _Element) -> tuple[tuple[str, ...], Process]:
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


# --- particles ------------------------------------------------------------------------------------------------------


def parse_element(document: SchemaDocument, element: _Element, *, top: bool = False) -> Element | ElementRef:
    """``xs:element`` (XSD part 1, 3.3.2)."""
    minimum, maximum = (1, 1) if top else _occurs(document, element)
    place = document.place(element)
    documentation = documentation_of(element)
    reference = element.get("ref")
    if reference is not None and not top:
        return ElementRef(document.qname(reference, element), minimum, maximum, documentation, place)
    local = _name(document, element)
    qualified = top or _qualified(element, document.qualified_elements)
    tag = document.name(local) if qualified else local
    heads = element.get("substitutionGroup") if top else None
    return Element(
        tag,
        _type_of(document, element, "type"),
        minimum,
        maximum,
        _flag(element, "nillable"),
        element.get("default"),
        element.get("fixed"),
        _flag(element, "abstract"),
        tuple(document.qname(head, element) for head in heads.split()) if heads else (),
        _set(element, "block", document.block),
        _set(element, "final", document.final),
        tuple(_constraint(document, child) for child in element if child.tag in _CONSTRAINTS),
        documentation,
        place,
    )


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
        document.name(_name(document, element)),
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
    for child in _children(element):
        particle = parse_particle(document, child)
        if particle is None:
            _unexpected(document, element, child)
        else:
            particles.append(particle)
    kind = cast("Compositor", local_name(cast("str", element.tag)))
    return Group(kind, tuple(particles), *_occurs(document, element), document.place(element))


def _group_use(document: SchemaDocument, element: _Element) -> Particle | None:
    """``xs:group`` where particles stand: a reference; sloppily, a definition in place."""
    reference = element.get("ref") or element.get("name")
    if not reference:
        return None
    return GroupRef(document.qname(reference, element), *_occurs(document, element), document.place(element))


def _any(document: SchemaDocument, element: _Element) -> Wildcard:
    namespaces, process = _wildcard(document, element)
    occurs = _occurs(document, element)
    return Wildcard(namespaces, process, *occurs, documentation_of(element), document.place(element))


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
        document.name(_name(document, element)), content, documentation_of(element), document.place(element)
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
    mixed = _flag(element, "mixed") or element.get("content") == "mixed"
    if outer is not None:
        inner = _derivation(document, outer)
        if inner is not None:
            body = inner
            derivation = cast("Method", local_name(cast("str", inner.tag)))
            base = document.base_name(inner.get("base") or _base_missing(document, inner, simple), inner)
        if outer.get("mixed") is not None:
            mixed = _flag(outer, "mixed")
    elif element.get("base") is not None:  # drafts: <complexType base="..." derivedBy="extension">
        derivation = "restriction" if element.get("derivedBy") == "restriction" else "extension"
        base = document.qname(element.get("base") or "", element)
    attributes, wildcard = _attributes(document, body)
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
        _flag(element, "abstract"),
        simple,
        parse_simple_type(document, inline) if inline is not None else None,
        tuple(parse_facets(document, body)) if simple and derivation == "restriction" else (),
        _set(element, "block", document.block),
        _set(element, "final", document.final),
        documentation_of(element),
        document.place(element),
    )


def _after_anything(content: Particle | None) -> Group:
    anything = Wildcard(process="lax", minimum=0, maximum=None)
    return Group("sequence", (anything, content) if content is not None else (anything,))


def _derivation(document: SchemaDocument, outer: _Element) -> _Element | None:
    for child in _children(outer):
        if child.tag in (RESTRICTION, EXTENSION):
            return child
        _unexpected(document, outer, child)
    document.warn(f"{local_name(str(outer.tag))} has neither restriction nor extension (3.4.2); read as empty", outer)
    return None


def _base_missing(document: SchemaDocument, element: _Element, simple: bool) -> str:
    assumed = "string" if simple else "anyType"
    document.warn(f"{local_name(str(element.tag))} names no base; xs:{assumed} assumed", element)
    prefix = next((prefix for prefix, namespace in element.nsmap.items() if namespace == XSD), None)
    return f"{prefix}:{assumed}" if prefix else assumed


_BESIDE_CONTENT: Final = _ATTRIBUTES | {f"{XS}simpleContent", f"{XS}complexContent"}


def _content(document: SchemaDocument, element: _Element) -> Particle | None:
    """The one model group of a type or named group.

    Several, or bare elements without a group around them, break XSD part 1, 3.4.2 and are read as a sequence.
    """
    particles: list[Particle] = []
    for child in _children(element):
        if child.tag in _BESIDE_CONTENT:
            continue
        particle = parse_particle(document, child)
        if particle is None:
            _unexpected(document, element, child)
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
    name = document.name(_name(document, element))
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
