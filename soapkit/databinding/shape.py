"""Shape: what a type looks like, in XML and in Python.

The first waist of the house. XSD components (`soapkit.xsd.shapes`) and annotated classes
(`soapkit.databinding.describe`) come in; decoder, encoder, schema document, generated class and sample value go out.

A `Simple` shape (`Atomic`, `ListOf`, `UnionOf`) is a value written as text. A `Record` is a complex type. Since
records refer to each other in circles, they do so by key (`RecordRef`), looked up in `Shapes`: the Python class once
there is one, before that the name of the schema component.

The content of a record is a tree of `Sequence`, `Choice` and `All` whose leaves are the record's fields. Groups in the
tree occur once, or not at all (`optional`). A group that repeats is a field of its own, a `ChoiceField`: a list whose
items are the alternatives, in document order. So is a substitution group, and the content of a mixed type. An
alternative is an element whose class alone tells which it is, or a *group record*: a record without an element of its
own, whose fields are written in line (`Alternative.tag` None).

    <sequence maxOccurs="unbounded"> a b </sequence>       one ChoiceField, one alternative: a group record (a, b)
    <choice maxOccurs="unbounded"> x:X y:Y s:string        one ChoiceField: X | Y | a group record (s)
    <choice> a (b c) </choice>                             three optional fields, Choice((a, Sequence((b, c))))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from soapkit.attachment import Attachment
from soapkit.errors import NOWHERE, Place

Key: TypeAlias = "type | str"
"""What a record is looked up by: its Python class; before there is one, the name of its schema component."""

UNBOUNDED = None
"""`maximum` of a field that may occur without end."""


# --- simple types -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Facets:
    """The constraining facets of XSD part 2, section 4.3. Bounds are lexical (text), as the schema gives them.

    `patterns`: one entry for each derivation step, all of which must match; within a step, alternatives, any of which
    may (4.3.4.3). XSD regular expressions, as written. Also an annotation: ``Annotated[str, Facets(max_length=34)]``.
    """

    length: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    total_digits: int | None = None
    fraction_digits: int | None = None
    min_inclusive: str | None = None
    max_inclusive: str | None = None
    min_exclusive: str | None = None
    max_exclusive: str | None = None
    patterns: tuple[tuple[str, ...], ...] = ()
    white_space: Literal["preserve", "replace", "collapse"] | None = None  # None: as the built-in type says


NO_FACETS = Facets()


@dataclass(frozen=True, slots=True)
class EnumValue:
    """One permitted value: its lexical form (a QName or NOTATION as a Clark name) and what the schema says of it."""

    value: str
    documentation: str = ""


@dataclass(frozen=True, slots=True)
class Atomic:
    """One value of a built-in type of XSD, with facets.

    `builtin`: the local name of the built-in type, such as ``decimal`` or ``token``. `name`: Clark name of the schema
    type, None if anonymous. `enumeration`: the permitted values, none if any. `python`: the `Enum` class that stands
    for the enumeration, once there is one; or a class that `soapkit.databinding.adapted` knows. `content_types`: of
    xs:base64Binary, what its bytes may be, as an Accept header says it (xmime:expectedContentTypes).
    """

    builtin: str
    name: str | None = None
    facets: Facets = NO_FACETS
    enumeration: tuple[EnumValue, ...] = ()
    python: type[Any] | None = None
    documentation: str = ""
    content_types: str = ""

    @property
    def refers(self) -> bool:
        """Whether its text is the URI of an attachment, which is the value (`SWA_REF`)."""
        return self.python is Attachment and self.builtin == "anyURI"


SWA_REF = "{http://ws-i.org/profiles/basic/1.1/xsd}swaRef"
"""An xs:anyURI whose value is the attachment that it refers to (WS-I Attachments Profile 1.0, 4.4)."""


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of values between blanks (xs:list). Facets on length count items."""

    item: Simple
    name: str | None = None
    facets: Facets = NO_FACETS
    enumeration: tuple[EnumValue, ...] = ()
    documentation: str = ""


@dataclass(frozen=True, slots=True)
class UnionOf:
    """A value of the first member that accepts its text (xs:union)."""

    members: tuple[Simple, ...]
    name: str | None = None
    facets: Facets = NO_FACETS
    enumeration: tuple[EnumValue, ...] = ()
    documentation: str = ""


Simple: TypeAlias = "Atomic | ListOf | UnionOf"


# --- references to types ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecordRef:
    """A complex type, by key."""

    key: Key


@dataclass(frozen=True, slots=True)
class AnyType:
    """xs:anyType: whatever xsi:type says; without it, the element itself is kept (`soapkit.databinding.values.Raw`)."""


Type: TypeAlias = "Simple | RecordRef | AnyType"

ANY_TYPE = AnyType()


# --- fields -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Constraint:
    """An identity constraint of an element (XSD part 1, 3.11): kept for validation and for examples.

    `selector`, `fields`: XPaths; `prefixes`: what their prefixes mean.
    """

    kind: Literal["unique", "key", "keyref"]
    name: str
    selector: str
    fields: tuple[str, ...]
    refer: str | None = None
    prefixes: tuple[tuple[str, str], ...] = ()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class ElementField:
    """Child elements of one name.

    `name`: of the Python attribute (before code generation: the local name of the element). `tag`: Clark name.
    `minimum`, `maximum`: occurrences, None without end. `many`: the Python value is a list; a restriction keeps the
    list of its base even where only one may occur. `default`, `fixed`: lexical; taken when the element is *empty*
    (XSD part 1, 3.3.1), never when it is absent. `abstract`: no message may have the element itself (3.3.4), so no
    example has it.
    """

    name: str
    tag: str
    type: Type
    minimum: int = 1
    maximum: int | None = 1
    many: bool = False
    nillable: bool = False
    default: str | None = None
    fixed: str | None = None
    documentation: str = ""
    place: Place = NOWHERE
    constraints: tuple[Constraint, ...] = field(default=(), compare=False, repr=False)
    abstract: bool = field(default=False, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of the things that may stand in a `ChoiceField`: an element (`tag`), or a group record's fields (None)."""

    tag: str | None
    type: Type
    nillable: bool = False


@dataclass(frozen=True, slots=True)
class ChoiceField:
    """A place where one of several things stands, once or repeatedly, in document order.

    `mixed`: text stands between the elements, as `str` items of the list. Then `minimum` is 0, `maximum` None, and
    `model` says how the elements stand where that is simple: for examples only, since any order is read and written.
    """

    name: str
    alternatives: tuple[Alternative, ...]
    minimum: int = 1
    maximum: int | None = 1
    many: bool = False
    mixed: bool = False
    documentation: str = ""
    place: Place = NOWHERE
    model: Sequence | Choice | All | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AnyField:
    """xs:any: elements of no known type, kept as they are.

    `namespaces`: which are allowed: namespace names (``""`` for none); ``##any`` alone for all; ``##other`` first,
    then the names excluded. `process`: processContents.
    """

    name: str
    namespaces: tuple[str, ...] = ("##any",)
    process: Literal["strict", "lax", "skip"] = "strict"
    minimum: int = 1
    maximum: int | None = 1
    many: bool = False
    documentation: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class AttributeField:
    """An attribute. `default`: taken when it is absent; `fixed`: so too, and always written."""

    name: str
    tag: str
    type: Simple
    required: bool = False
    default: str | None = None
    fixed: str | None = None
    documentation: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class AnyAttributeField:
    """xs:anyAttribute: a dict from Clark name to text. `namespaces` as in `AnyField`."""

    name: str
    namespaces: tuple[str, ...] = ("##any",)
    process: Literal["strict", "lax", "skip"] = "strict"
    documentation: str = ""


@dataclass(frozen=True, slots=True)
class TextField:
    """The text of a type with simple content."""

    name: str
    type: Simple
    default: str | None = None
    fixed: str | None = None
    documentation: str = ""


ElementLike: TypeAlias = "ElementField | ChoiceField | AnyField"
Field: TypeAlias = "ElementField | ChoiceField | AnyField | AttributeField | AnyAttributeField | TextField"


# --- content models -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sequence:
    """All of the particles, in this order; or none, if `optional`."""

    particles: tuple[Particle, ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the particles; or none, if `optional`."""

    particles: tuple[Particle, ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class All:
    """All of the particles, in any order; or none, if `optional`."""

    particles: tuple[Particle, ...] = ()
    optional: bool = False


Particle: TypeAlias = "Sequence | Choice | All | ElementField | ChoiceField | AnyField"

EMPTY = Sequence()


@dataclass(frozen=True, slots=True)
class Record:
    """A complex type: what its element may contain and carry, and the class that holds it.

    `key`: see `Key`. `name`: Clark name of the schema type, None if anonymous. `base`: the type it is derived from,
    whose Python class it inherits; `content` and `attributes` are whole, those of the base included. `abstract`: only
    derived types may occur. `group`: a group record, without an element of its own. `text`: of simple content, which
    excludes elements.
    """

    key: Key
    name: str | None = None
    content: Sequence | Choice | All = EMPTY
    attributes: tuple[AttributeField, ...] = ()
    any_attribute: AnyAttributeField | None = None
    text: TextField | None = None
    base: RecordRef | None = None
    derivation: Literal["extension", "restriction"] | None = None
    abstract: bool = False
    group: bool = False
    documentation: str = ""
    place: Place = NOWHERE

    @property
    def elements(self) -> tuple[ElementLike, ...]:
        """The fields of the content, in document order; one that stands in several branches of a choice, once."""
        found: dict[str, ElementLike] = {}
        for leaf in leaves(self.content):
            found.setdefault(leaf.name, leaf)
        return tuple(found.values())

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field: attributes, then text or elements."""
        fields: list[Field] = [*self.attributes]
        if self.any_attribute is not None:
            fields.append(self.any_attribute)
        if self.text is not None:
            fields.append(self.text)
        return (*fields, *self.elements)

    @property
    def mixed(self) -> bool:
        """Whether text stands between its elements."""
        return any(isinstance(leaf, ChoiceField) and leaf.mixed for leaf in leaves(self.content))


Shapes: TypeAlias = Mapping[Key, Record]
"""Records by key."""


def leaves(particle: Particle) -> Iterator[ElementLike]:
    """The fields below a particle, in document order."""
    if isinstance(particle, (Sequence, Choice, All)):
        for inner in particle.particles:
            yield from leaves(inner)
    else:
        yield particle


def may_be_empty(particle: Particle) -> bool:
    """Whether a particle may be nothing at all."""
    if isinstance(particle, Choice):
        return particle.optional or any(may_be_empty(inner) for inner in particle.particles)
    if isinstance(particle, (ElementField, ChoiceField, AnyField)):
        return particle.minimum == 0
    return particle.optional or all(may_be_empty(inner) for inner in particle.particles)


def reachable(start: Iterator[Key] | tuple[Key, ...] | list[Key], shapes: Shapes) -> dict[Key, Record]:
    """The records that `start` lead to by their fields and bases, themselves included, in the order they are met."""
    found: dict[Key, Record] = {}
    waiting = list(start)[::-1]
    while waiting:
        key = waiting.pop()
        if key in found:
            continue
        record = found[key] = shapes[key]
        waiting.extend(reversed(list(_references(record))))
    return found


def _references(record: Record) -> Iterator[Key]:
    if record.base is not None:
        yield record.base.key
    for leaf in record.elements:
        if isinstance(leaf, ElementField):
            types: tuple[Type, ...] = (leaf.type,)
        elif isinstance(leaf, ChoiceField):
            types = tuple(alternative.type for alternative in leaf.alternatives)
        else:
            types = ()
        for type_ in types:
            if isinstance(type_, RecordRef):
                yield type_.key
