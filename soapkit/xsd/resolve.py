"""Tie references, merge what derivation inherits: attributes, wildcards, base chains, substitution groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from soapkit.errors import NOWHERE, ContractError, Place
from soapkit.xml.names import XML
from soapkit.xsd.model import (
    ANY_TYPE_NAME,
    Attribute,
    AttributeRef,
    AttributeUse,
    AttributeWildcard,
    ComplexType,
    Element,
    ElementRef,
    Group,
    GroupRef,
    TypeUse,
)
from soapkit.xsd.schema import Schema


@dataclass(frozen=True, slots=True)
class Attributes:
    """The attribute uses of a type, references followed, those of its base included; and its attribute wildcard."""

    uses: tuple[Attribute, ...] = ()
    wildcard: AttributeWildcard | None = None


NO_ATTRIBUTES = Attributes()


def base_of(schema: Schema, component: ComplexType) -> ComplexType | None:
    """The complex type that `component` is derived from; None for xs:anyType and for a simple type."""
    if component.base is None or component.base == ANY_TYPE_NAME:
        return None
    found = schema.type(component.base, component.place)
    return found if isinstance(found, ComplexType) else None


def chain_of(schema: Schema, component: ComplexType) -> Iterator[ComplexType]:
    """`component` and the complex types it is derived from, upwards. Raises `ContractError` on a circle (3.4.6)."""
    seen: set[str] = set()
    current: ComplexType | None = component
    while current is not None:
        if current.name is not None:
            if current.name in seen:
                raise ContractError(f"type {current.name} is derived from itself (3.4.6)", place=current.place)
            seen.add(current.name)
        yield current
        current = base_of(schema, current)


def attributes_of(schema: Schema, component: ComplexType) -> Attributes:
    """The attributes of a complex type (XSD part 1, 3.4.2): its base's, its own and those of its groups."""
    found = NO_ATTRIBUTES
    for step in reversed(tuple(chain_of(schema, component))):
        found = _derived(found, own_attributes(schema, step), step)
    return replace(found, uses=tuple(use for use in found.uses if use.use != "prohibited"))


def own_attributes(schema: Schema, component: ComplexType) -> Attributes:
    """The attributes that a type itself names, groups unfolded."""
    uses, wildcards = _unfold(schema, component.attributes, set())
    own = component.wildcard
    for other in wildcards:  # 3.4.2: the intersection of its own and those of its groups, processed as its own says
        own = other if own is None else replace(own, namespaces=intersection(own.namespaces, other.namespaces))
    return Attributes(tuple({use.tag: use for use in uses}.values()), own)


def _derived(base: Attributes, own: Attributes, step: ComplexType) -> Attributes:
    merged = {use.tag: use for use in base.uses}
    merged.update((use.tag, use) for use in own.uses)
    uses = tuple(merged.values())
    if step.derivation == "restriction" or base.wildcard is None:
        # A restriction without a wildcard has none, whatever its base has (3.4.2).
        return Attributes(uses, own.wildcard)
    if own.wildcard is None:
        return Attributes(uses, base.wildcard)
    namespaces = union(own.wildcard.namespaces, base.wildcard.namespaces)
    return Attributes(uses, replace(own.wildcard, namespaces=namespaces))


def _unfold(
    schema: Schema, uses: tuple[AttributeUse, ...], done: set[str]
) -> tuple[list[Attribute], list[AttributeWildcard]]:
    """The attributes of uses, groups unfolded; each group once, which also ends circles."""
    found: list[Attribute] = []
    wildcards: list[AttributeWildcard] = []
    for use in uses:
        if isinstance(use, Attribute):
            found.append(use)
        elif isinstance(use, AttributeRef):
            found.append(attribute_for(schema, use))
        elif use.name not in done:
            done.add(use.name)
            group = schema.attribute_group(use.name, use.place)
            inner, more = _unfold(schema, group.attributes, done)
            found += (each for each in inner if each.use != "prohibited")  # which means nothing in a group (3.6.2)
            wildcards += [*([group.wildcard] if group.wildcard is not None else []), *more]
    return found, wildcards


def attribute_for(schema: Schema, use: AttributeRef) -> Attribute:
    """The attribute that a reference uses, with what the use says of it.

    One that no schema declares is taken as text, with a warning: it costs its type only.
    """
    try:
        declared = schema.attribute(use.name, use.place)
    except ContractError as error:
        if not use.name.startswith(f"{{{XML}}}"):
            schema.tell(f"{error.problems[0].message}; read as text", use.place)
        declared = Attribute(use.name)
    return replace(
        declared,
        use=use.use,
        default=use.default if use.default is not None else declared.default if use.fixed is None else None,
        fixed=use.fixed if use.fixed is not None else declared.fixed,
        array_type=use.array_type,
        documentation=use.documentation or declared.documentation,
        place=use.place,
        clark=declared.clark if use.default is None and use.fixed is None else use.clark,
    )


# --- elements -------------------------------------------------------------------------------------------------------


def type_use_of(schema: Schema, element: Element) -> TypeUse:
    """The type of an element: its own, that of the head of its substitution group (3.3.2), else xs:anyType."""
    seen = {element.tag}
    current = element
    while current.type is None and current.substitutes and current.substitutes[0] not in seen:
        seen.add(current.substitutes[0])
        current = schema.element(current.substitutes[0], current.place)
    return current.type if current.type is not None else ANY_TYPE_NAME


def substitutes_of(schema: Schema, head: Element) -> tuple[Element, ...]:
    """The elements that may stand where the global element `head` is referred to: itself unless abstract, and members.

    A member that cannot be read is passed over with a warning.
    """
    found = [] if head.abstract else [head]
    if "substitution" in head.block or "#all" in head.block:
        return tuple(found)
    for name in schema.members(head.tag):
        try:
            member = schema.element(name, head.place)
            schema.type(type_use_of(schema, member), member.place)
        except ContractError as error:
            for problem in error.problems:
                schema.tell(problem.message, problem.place)
            continue
        if not member.abstract:
            found.append(member)
    return tuple(found)


def element_of(schema: Schema, use: ElementRef) -> Element:
    """The global element that a particle refers to, with the particle's occurrences."""
    declared = schema.element(use.name, use.place)
    return replace(
        declared,
        minimum=use.minimum,
        maximum=use.maximum,
        documentation=use.documentation or declared.documentation,
        place=use.place,
    )


def group_of(schema: Schema, use: GroupRef) -> Group:
    """The model group that a reference uses, with its occurrences."""
    content = schema.group(use.name, use.place).content
    return replace(
        content,
        minimum=content.minimum * use.minimum,
        maximum=product(content.maximum, use.maximum),
    )


def product(one: int | None, other: int | None) -> int | None:
    """The product of two maxima, where None is without end.

    >>> product(2, 3), product(None, 0), product(None, 1)
    (6, 0, None)
    """
    if one == 0 or other == 0:
        return 0
    return None if one is None or other is None else one * other


# --- wildcards ------------------------------------------------------------------------------------------------------


def _excluded(namespaces: tuple[str, ...]) -> frozenset[str] | None:
    """The names that a constraint excludes; None if it lists what it allows instead."""
    if namespaces == ("##any",):
        return frozenset()
    return frozenset(namespaces[1:]) if namespaces[:1] == ("##other",) else None


def _all_but(excluded: frozenset[str]) -> tuple[str, ...]:
    return ("##other", *sorted(excluded, key=lambda name: (not name, name))) if excluded else ("##any",)


def intersection(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """The namespaces that both constraints allow (XSD part 1, 3.10.6)."""
    not_one, not_other = _excluded(one), _excluded(other)
    if not_one is not None and not_other is not None:
        return _all_but(not_one | not_other)
    if not_one is not None:
        return tuple(name for name in other if name not in not_one)
    if not_other is not None:
        return tuple(name for name in one if name not in not_other)
    return tuple(name for name in one if name in other)


def union(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """The namespaces that one of two constraints allows (XSD part 1, 3.10.6)."""
    not_one, not_other = _excluded(one), _excluded(other)
    if not_one is not None and not_other is not None:
        return _all_but(not_one & not_other)
    if not_one is not None:
        return _all_but(not_one - set(other))
    if not_other is not None:
        return _all_but(not_other - set(one))
    return tuple(dict.fromkeys((*one, *other)))


def circle(name: str, place: Place = NOWHERE) -> ContractError:
    """The error of a definition that contains itself."""
    return ContractError(f"{name} is defined by itself (XSD part 1, 3.8.6)", place=place)
