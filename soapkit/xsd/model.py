"""Schema components, frozen: what one schema document says, before references are followed.

The words are those of XML Schema part 1. A reference is a Clark name; a type is used by its name or stands in line.
Each component knows its `Place`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from soapkit.databinding.shape import Constraint
from soapkit.errors import NOWHERE, Place
from soapkit.xml.names import XSD

Process: TypeAlias = Literal["strict", "lax", "skip"]
Use: TypeAlias = Literal["optional", "required", "prohibited"]
Method: TypeAlias = Literal["extension", "restriction"]
Compositor: TypeAlias = Literal["sequence", "choice", "all"]

UNBOUNDED: Final = None
"""`maximum` of a particle that may occur without end."""

ANY_NAMESPACE: Final = ("##any",)


# --- simple types -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Facet:
    """A constraining facet. `name`: ``enumeration``, ``pattern``, ``maxLength`` ...; `value`: as written.

    `clark`: of an enumeration value that could be a QName, its Clark name by the prefixes in scope.
    """

    name: str
    value: str
    clark: str | None = None
    documentation: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class SimpleType:
    """A simple type: a built-in one, a restriction of `base`, a list of `item`, or a union of `members`.

    `name`: Clark name, None if anonymous.
    """

    name: str | None
    kind: Literal["builtin", "restriction", "list", "union"]
    base: TypeUse | None = None
    item: TypeUse | None = None
    members: tuple[TypeUse, ...] = ()
    facets: tuple[Facet, ...] = ()
    final: frozenset[str] = frozenset()
    documentation: str = ""
    place: Place = NOWHERE


# --- attributes ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute declaration, global or local. `type` None: xs:anySimpleType.

    `array_type`: ``wsdl:arrayType`` on it (WSDL 1.1, 2.2), the QName resolved: ``{urn:x}Item[]``. `clark`: of a
    `default` or `fixed` that could be a QName, its Clark name by the prefixes in scope.
    """

    tag: str
    type: TypeUse | None = None
    use: Use = "optional"
    default: str | None = None
    fixed: str | None = None
    array_type: str | None = None
    documentation: str = ""
    place: Place = NOWHERE
    clark: str | None = None


@dataclass(frozen=True, slots=True)
class AttributeRef:
    """A use of the global attribute `name`."""

    name: str
    use: Use = "optional"
    default: str | None = None
    fixed: str | None = None
    array_type: str | None = None
    documentation: str = ""
    place: Place = NOWHERE
    clark: str | None = None


@dataclass(frozen=True, slots=True)
class AttributeGroupRef:
    """A use of the attribute group `name`."""

    name: str
    place: Place = NOWHERE


AttributeUse: TypeAlias = "Attribute | AttributeRef | AttributeGroupRef"


@dataclass(frozen=True, slots=True)
class AttributeWildcard:
    """xs:anyAttribute.

    `namespaces`: ``##any`` alone; ``##other``, then the names excluded; or the names allowed, ``""`` for none.
    """

    namespaces: tuple[str, ...] = ANY_NAMESPACE
    process: Process = "strict"
    documentation: str = ""


@dataclass(frozen=True, slots=True)
class AttributeGroup:
    """A named attribute group."""

    name: str
    attributes: tuple[AttributeUse, ...] = ()
    wildcard: AttributeWildcard | None = None
    documentation: str = ""
    place: Place = NOWHERE


# --- particles ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Element:
    """An element declaration, global (occurring once) or local with its occurrences.

    `type` None: that of the head of its substitution group, else xs:anyType. `substitutes`: the heads it may stand for.
    `clark`: as for an `Attribute`. `content_types`: its xmime:expectedContentTypes, as written.
    """

    tag: str
    type: TypeUse | None = None
    minimum: int = 1
    maximum: int | None = 1
    nillable: bool = False
    default: str | None = None
    fixed: str | None = None
    abstract: bool = False
    substitutes: tuple[str, ...] = ()
    block: frozenset[str] = frozenset()
    final: frozenset[str] = frozenset()
    constraints: tuple[Constraint, ...] = ()
    documentation: str = ""
    place: Place = NOWHERE
    clark: str | None = None
    content_types: str = ""


@dataclass(frozen=True, slots=True)
class ElementRef:
    """A use of the global element `name`."""

    name: str
    minimum: int = 1
    maximum: int | None = 1
    documentation: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Group:
    """A model group in line: its particles in sequence, one of them, or all in any order."""

    kind: Compositor
    particles: tuple[Particle, ...] = ()
    minimum: int = 1
    maximum: int | None = 1
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class GroupRef:
    """A use of the named group `name`."""

    name: str
    minimum: int = 1
    maximum: int | None = 1
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Wildcard:
    """xs:any. `namespaces` as in `AttributeWildcard`."""

    namespaces: tuple[str, ...] = ANY_NAMESPACE
    process: Process = "strict"
    minimum: int = 1
    maximum: int | None = 1
    documentation: str = ""
    place: Place = NOWHERE


Particle: TypeAlias = "Element | ElementRef | Group | GroupRef | Wildcard"


@dataclass(frozen=True, slots=True)
class NamedGroup:
    """A named model group."""

    name: str
    content: Group
    documentation: str = ""
    place: Place = NOWHERE


# --- complex types ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ComplexType:
    """A complex type as written.

    `base` and `derivation`: as written, None where the short form (a restriction of xs:anyType) is used. `simple`:
    simple content, whose restriction may give a simple type (`simple_type`) and `facets`. `content`: of its own; that
    of the base is not in it.
    """

    name: str | None
    base: TypeUse | None = None
    derivation: Method | None = None
    content: Particle | None = None
    attributes: tuple[AttributeUse, ...] = ()
    wildcard: AttributeWildcard | None = None
    mixed: bool = False
    abstract: bool = False
    simple: bool = False
    simple_type: SimpleType | None = None
    facets: tuple[Facet, ...] = ()
    block: frozenset[str] = frozenset()
    final: frozenset[str] = frozenset()
    documentation: str = ""
    place: Place = NOWHERE


TypeUse: TypeAlias = "str | SimpleType | ComplexType"
AnyTypeDefinition: TypeAlias = "SimpleType | ComplexType"


@dataclass(frozen=True, slots=True)
class Notation:
    """A notation declaration."""

    name: str
    public: str | None = None
    system: str | None = None
    place: Place = NOWHERE


Component: TypeAlias = "SimpleType | ComplexType | Element | Attribute | NamedGroup | AttributeGroup | Notation"


# --- what is built in ---------------------------------------------------------------------------------------------

_ATOMIC = """
    anySimpleType string boolean decimal float double duration dateTime time date gYearMonth gYear gMonthDay gDay gMonth
    hexBinary base64Binary anyURI QName NOTATION
    normalizedString token language NMTOKEN Name NCName ID IDREF ENTITY
    integer nonPositiveInteger negativeInteger long int short byte
    nonNegativeInteger unsignedLong unsignedInt unsignedShort unsignedByte positiveInteger
"""
_LISTS = {"NMTOKENS": "NMTOKEN", "IDREFS": "IDREF", "ENTITIES": "ENTITY"}

ANY_TYPE_NAME: Final = f"{{{XSD}}}anyType"
ANY_SIMPLE_TYPE_NAME: Final = f"{{{XSD}}}anySimpleType"

ANY_TYPE: Final = ComplexType(
    ANY_TYPE_NAME,
    content=Group("sequence", (Wildcard(process="lax", minimum=0, maximum=UNBOUNDED),)),
    wildcard=AttributeWildcard(process="lax"),
    mixed=True,
)

BUILTINS: Final[dict[str, AnyTypeDefinition]] = {
    ANY_TYPE_NAME: ANY_TYPE,
    **{f"{{{XSD}}}{local}": SimpleType(f"{{{XSD}}}{local}", "builtin") for local in _ATOMIC.split()},
    **{
        f"{{{XSD}}}{local}": SimpleType(
            f"{{{XSD}}}{local}", "list", item=f"{{{XSD}}}{item}", facets=(Facet("minLength", "1"),)
        )
        for local, item in _LISTS.items()
    },
}
"""The built-in types by Clark name (XSD part 2, 3)."""

# What later and earlier versions of the language call their built-in types, and the type of XSD 1.0 that holds them.
FOREIGN_BUILTINS: Final = {
    "dateTimeStamp": "dateTime",
    "yearMonthDuration": "duration",
    "dayTimeDuration": "duration",
    "anyAtomicType": "anySimpleType",
    "error": "string",
    "ur-type": "anyType",
    "timeInstant": "dateTime",
    "timeDuration": "duration",
    "recurringDuration": "duration",
    "timePeriod": "duration",
    "recurringDate": "gMonthDay",
    "recurringDay": "gDay",
    "month": "gYearMonth",
    "year": "gYear",
    "century": "gYear",
    "uriReference": "anyURI",
    "uri": "anyURI",
    "binary": "base64Binary",
    "CDATA": "normalizedString",
}


def is_builtin(name: str) -> bool:
    """Whether a Clark name is that of a built-in type of XSD 1.0.

    >>> is_builtin("{http://www.w3.org/2001/XMLSchema}decimal")
    True
    """
    return name in BUILTINS
