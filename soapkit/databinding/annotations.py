"""What a class says of its XML: element(), attribute(), text(), choice(), any_element(), any_attribute(), xml_type().

    __xml_namespace__ = "urn:example:bank"        # of the types and elements of this module

    @xml_type("account", content="(iban, (balance | note)?)")
    class Account(Struct, kw_only=True):
        iban: Annotated[str, element("iban"), Facets(max_length=34)]
        balance: Annotated[Decimal | None, element("balance")] = None
        note: Annotated[str | None, element("note")] = None
        kind: Annotated[AccountKind, attribute("kind")] = AccountKind.CURRENT

A field without an annotation is an element of the field's own name. These are plain values; `describe` reads them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

ClassT = TypeVar("ClassT", bound=type)

Form = Literal["qualified", "unqualified"]


# Each is a mark of its own, equal to no other: typing keeps what it has made of equal arguments, and to it
# ``int | str`` is ``str | int``. So ``Annotated[str | int, element("a")]`` would be the
# ``Annotated[int | str, element("a")]`` of another class, and the order of a union tells how a text is read.


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """See `element`."""

    name: str
    type: Any = None
    namespace: str | None = None
    form: Form | None = None
    min_occurs: int | None = None
    max_occurs: int | Literal["unbounded"] | None = None
    nillable: bool = False
    default: str | None = None
    fixed: str | None = None
    content_types: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Attribute:
    """See `attribute`."""

    name: str
    namespace: str | None = None
    required: bool | None = None
    default: str | None = None
    fixed: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """See `text`."""

    default: str | None = None
    fixed: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """See `group`."""

    type: Any


@dataclass(frozen=True, slots=True, eq=False)
class ChoiceOf:
    """See `choice`."""

    alternatives: tuple[Element | Group, ...]
    min_occurs: int | None = None
    max_occurs: int | Literal["unbounded"] | None = None
    mixed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class AnyElement:
    """See `any_element`."""

    namespaces: tuple[str, ...] = ("##any",)
    process: Literal["strict", "lax", "skip"] = "strict"
    min_occurs: int | None = None
    max_occurs: int | Literal["unbounded"] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class AnyAttribute:
    """See `any_attribute`."""

    namespaces: tuple[str, ...] = ("##any",)
    process: Literal["strict", "lax", "skip"] = "strict"


@dataclass(frozen=True, slots=True, eq=False)
class Builtin:
    """See `xsd`."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Enumeration:
    """See `enumeration`."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class XmlType:
    """What `xml_type` keeps in a class, as ``__xml_type__``."""

    name: str | None
    namespace: str | None = None
    content: str | None = None
    abstract: bool = False
    group: bool = False
    restriction: bool = False
    builtin: str | None = None


def element(
    name: str,
    type: Any = None,  # noqa: A002  the word of the schema
    *,
    namespace: str | None = None,
    form: Form | None = None,
    min_occurs: int | None = None,
    max_occurs: int | Literal["unbounded"] | None = None,
    nillable: bool = False,
    default: str | None = None,
    fixed: str | None = None,
    content_types: str = "",
) -> Element:
    """The field is the child element `name`.

    `namespace`: of the element, where it is not that of the class (``""``: none). `form`: where it is not the
    module's ``__xml_element_form__`` (``qualified`` unless said). `min_occurs`, `max_occurs`: where they do not follow
    from the Python type (a list: 0 to ``"unbounded"``; an optional: 0 to 1; else 1). `nillable`: may be ``xsi:nil``,
    in Python None; absent is `msgspec.UNSET`. `default`, `fixed`: lexical, for an empty element. `type`: only inside
    `choice`. `content_types`: of a `soapkit.Attachment` or `bytes`, what they may be, as an Accept header says it:
    ``"image/jpeg"`` (xmime:expectedContentTypes; Describing Media Content of Binary Data in XML, 3.1).
    """
    return Element(name, type, namespace, form, min_occurs, max_occurs, nillable, default, fixed, content_types)


def attribute(
    name: str,
    *,
    namespace: str | None = None,
    required: bool | None = None,
    default: str | None = None,
    fixed: str | None = None,
) -> Attribute:
    """The field is the attribute `name`, in no namespace unless said; required unless the field has a default."""
    return Attribute(name, namespace, required, default, fixed)


def text(*, default: str | None = None, fixed: str | None = None) -> Text:
    """The field is the element's text (simple content)."""
    return Text(default, fixed)


def group(type: Any) -> Group:  # noqa: A002
    """Inside `choice`: the fields of this class, in line (``@xml_type(None, group=True)``)."""
    return Group(type)


def choice(
    *alternatives: Element | Group,
    min_occurs: int | None = None,
    max_occurs: int | Literal["unbounded"] | None = None,
    mixed: bool = False,
) -> ChoiceOf:
    """The field is one of several elements, told apart by class: ``choice(element("cat", Cat), element("dog", Dog))``.

    A list holds them in document order; with `mixed`, text stands between them as `str`.
    """
    return ChoiceOf(alternatives, min_occurs, max_occurs, mixed)


def any_element(
    *namespaces: str,
    process: Literal["strict", "lax", "skip"] = "strict",
    min_occurs: int | None = None,
    max_occurs: int | Literal["unbounded"] | None = None,
) -> AnyElement:
    """The field keeps elements of no known type as `soapkit.Raw` (xs:any)."""
    return AnyElement(namespaces or ("##any",), process, min_occurs, max_occurs)


def any_attribute(*namespaces: str, process: Literal["strict", "lax", "skip"] = "strict") -> AnyAttribute:
    """The field is a ``dict[str, str]`` of all other attributes, by Clark name (xs:anyAttribute)."""
    return AnyAttribute(namespaces or ("##any",), process)


def xsd(name: str) -> Builtin:
    """The built-in type of XSD, where it does not follow from the Python type: ``Annotated[int, xsd("short")]``."""
    return Builtin(name)


def enumeration(*values: str) -> Enumeration:
    """The value of a list or a union is one of these, as XML writes them:
    ``Annotated[list[int], xsd("list"), enumeration("1 2", "3 4")]``. Of other types an `Enum` says it."""
    return Enumeration(values)


def xml_type(
    name: str | None,
    *,
    namespace: str | None = None,
    content: str | None = None,
    abstract: bool = False,
    group: bool = False,
    restriction: bool = False,
    builtin: str | None = None,
) -> Callable[[ClassT], ClassT]:
    """Say of a class or an enumeration what its name and body do not.

    `name`: of the schema type, None if anonymous; `namespace`: where it is not the module's. `content`: the model of
    the class's *own* element fields where it is not simply their sequence, in the notation of DTDs, with the names of
    the Python fields: ``(a, (b | (c, d))?, e)``; ``&`` for xs:all. It follows that of the base class. `restriction`:
    the type restricts its base: `content` then speaks of all fields, inherited ones too, and replaces that of the
    base. `group`: a group record, whose fields are written in line. `builtin`: of an enumeration whose values are not
    ``xs:string``: the built-in type its values belong to.
    """

    def mark(cls: ClassT) -> ClassT:
        cls.__xml_type__ = XmlType(name, namespace, content, abstract, group, restriction, builtin)  # type: ignore[attr-defined]  # read back by describe
        return cls

    return mark
