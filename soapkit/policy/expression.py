"""WS-Policy expressions as values: what a policy says, as written.

    Policy        all of its items; may have an id and a name, and stand inside an assertion
    All           each of its items
    ExactlyOne    one of its items
    Reference     a policy that stands elsewhere
    Assertion     one demand: a name, attributes, parameters, a nested policy

Source: WS-Policy 1.5 Framework, sections 3 and 4; the submission of WS-Policy 1.2 says the same in another namespace.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from lxml.etree import _Element

from soapkit.errors import NOWHERE, Place
from soapkit.xml.names import local_name, namespace_of
from soapkit.xml.walk import children, tag_of

Said: TypeAlias = tuple[object, ...]
"""An element as a value: its tag, attributes, text and children, without what only spells it (prefixes, blanks)."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A child of an assertion that is no policy, such as ``sp:Body``. Two are equal that say the same."""

    element: _Element = field(compare=False)
    said: Said = field(repr=False)

    @property
    def name(self) -> str:
        """The Clark name of the element."""
        return tag_of(self.element)

    @property
    def text(self) -> str:
        """Its text, without blanks around it."""
        return (self.element.text or "").strip()

    def get(self, attribute: str) -> str:
        """An attribute by local name or Clark name, ``""`` where there is none."""
        return (self.element.get(attribute) or "").strip()


@dataclass(frozen=True, slots=True)
class Assertion:
    """One demand. `attributes`: by Clark name, without Optional and Ignorable; `nested`: the policy inside it, None
    where there is none, which is something else than an empty one (WS-Policy 1.5, 4.3.2)."""

    name: str
    attributes: tuple[tuple[str, str], ...] = ()
    parameters: tuple[Parameter, ...] = ()
    nested: Policy | None = None
    text: str = ""
    optional: bool = False
    ignorable: bool = False
    place: Place = field(default=NOWHERE, compare=False)

    @property
    def local(self) -> str:
        """Its local name."""
        return local_name(self.name)

    @property
    def namespace(self) -> str:
        """Its namespace."""
        return namespace_of(self.name)

    @property
    def inner(self) -> tuple[Assertion, ...]:
        """The assertions directly in the nested policy; all of it, in the normal form."""
        items = self.nested.items if self.nested is not None else ()
        return tuple(item for item in items if isinstance(item, Assertion))

    def attribute(self, local: str) -> str:
        """An attribute of any namespace by its local name, ``""`` where there is none."""
        return next((value for name, value in self.attributes if local_name(name) == local), "")


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to a policy: `uri` as written, from the document at `base`. `digest`: that of what it refers to, as
    base64, where it says one, and the URI of how that is made."""

    uri: str
    base: str = field(default="", compare=False)
    place: Place = field(default=NOWHERE, compare=False)
    root: _Element | None = field(default=None, compare=False, repr=False)
    digest: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class All:
    """Each of its items."""

    items: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class ExactlyOne:
    """One of its items; without any, nothing can satisfy it (WS-Policy 1.5, 4.1)."""

    items: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """All of its items. `id`: what a fragment names it by; `name`: its absolute URI; `left_out`: whether it is empty in
    the normal form, all that stood in it being optional."""

    items: tuple[Expression, ...] = ()
    id: str = ""
    name: str = ""
    place: Place = field(default=NOWHERE, compare=False)
    left_out: bool = field(default=False, compare=False)


Expression: TypeAlias = Policy | All | ExactlyOne | Reference | Assertion


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to satisfy a policy: all of these assertions, each with at most one alternative nested in it.

    Their order says nothing (WS-Policy 1.5, 3.2): two alternatives are `alike` in whatever order.
    """

    assertions: tuple[Assertion, ...] = ()

    def __iter__(self) -> Iterator[Assertion]:
        return iter(self.assertions)

    def alike(self, other: Alternative) -> bool:
        """Whether both say the same, in whatever order."""
        return _alike(self.assertions, other.assertions)

    def named(self, *names: str) -> tuple[Assertion, ...]:
        """The assertions with one of these local names."""
        return tuple(assertion for assertion in self.assertions if assertion.local in names)


def _alike(one: tuple[Assertion, ...], other: tuple[Assertion, ...]) -> bool:
    left = list(other)
    for assertion in one:
        match = next((at for at, candidate in enumerate(left) if _same(assertion, candidate)), None)
        if match is None:
            return False
        del left[match]
    return not left


def _same(one: Assertion, other: Assertion) -> bool:
    simple = (one.name, one.attributes, one.parameters, one.text, one.ignorable, one.nested is None)
    if simple != (other.name, other.attributes, other.parameters, other.text, other.ignorable, other.nested is None):
        return False
    return _alike(one.inner, other.inner)


def said(element: _Element) -> Said:
    """What an element says, as a value that can be compared."""
    attributes = tuple(sorted((str(name), str(value).strip()) for name, value in element.attrib.items()))
    inside = tuple(said(entry) for entry in children(element))
    return (tag_of(element), attributes, (element.text or "").strip(), inside)
