"""Check an element against its schema, with line and path.

The schema is written afresh (`soapkit.xsd.normalise`), for what the element at hand needs of it, and given to
libxml2. It is compiled at the first check of an element of that name, and kept.
"""

from __future__ import annotations

import re
import threading
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, Final

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import ContractError, Place, Problem, ValidationError
from soapkit.xml.names import XSD, XSI, XSI_TYPE, clark, did_you_mean, local_name
from soapkit.xml.walk import path_of, tag_of
from soapkit.xsd.model import ComplexType, Element, SimpleType
from soapkit.xsd.normalise import normalise
from soapkit.xsd.normalise_pages import DRIVER, ComponentKey, Normalised
from soapkit.xsd.resolve import chain_of
from soapkit.xsd.schema import Schema, Space

_ATTEMPTS: Final = 40
_TIMES: Final = 8  # a schema that messages made grow so often is then compiled whole
_PART: Final = "soapkit:part"
_OWN: Final = (f"{{{XSD}}}", f"{{{XSI}}}")


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A compiled schema, what it was made of and for, and how often it was made anew."""

    schema: etree.XMLSchema
    normalised: Normalised
    roots: frozenset[ComponentKey]
    times: int


@dataclass(slots=True)
class Validator:
    """Checks elements against a schema. One may be used by many threads. Made by `validator_for`.

    `loosened` grows while schemas are compiled: the components that libxml2 refuses as the contract writes them, with
    its words; they are checked less strictly.
    """

    schema: Schema
    loosened: dict[ComponentKey, str] = field(default_factory=dict)
    _grades: dict[ComponentKey, int] = field(default_factory=dict)
    _compiled: dict[ComponentKey, _Compiled] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def check(self, element: _Element) -> None:
        """Return if `element` is valid; else raise `ValidationError` with every problem."""
        found = self.problems(element)
        if found:
            raise ValidationError(problems=found)

    def problems(self, element: _Element, *, source: str = "") -> tuple[Problem, ...]:
        """Everything that is wrong with `element`; nothing if it is valid. `source` names its document in the places.

        Raises `ContractError` when the schema cannot be compiled at all.
        """
        tag = tag_of(element)
        if not self.schema.has("element", tag):
            return (self._undeclared(element, source),)
        with self._lock:  # an lxml schema keeps the log of its last run
            compiled = self._compiled_for(("element", tag), element)
            if compiled.schema.validate(element):
                return ()
            return tuple(_told(entry, element, source) for entry in compiled.schema.error_log)

    def problems_as(self, element: _Element, type_name: str, *, source: str = "") -> tuple[Problem, ...]:
        """Everything that is wrong with `element` as one of the type `type_name`, whatever its own name.

        So are the parts of an rpc message checked, whose elements no schema declares (WSDL 1.1, 3.5).
        """
        tag = f"{{{_PART}}}part"
        copy = etree.Element(tag, dict(element.attrib), nsmap=element.nsmap)
        copy.text = element.text
        copy.extend(deepcopy(child) for child in element)
        part = Element(tag, type_name, nillable=True)
        path = path_of(element)
        with self._lock:
            compiled = self._compiled_for(("type", type_name), copy, part)
            if compiled.schema.validate(copy):
                return ()
            told = [_told(entry, copy, source) for entry in compiled.schema.error_log]
        return tuple(
            Problem(each.message, replace(each.place, line=each.place.line or element.sourceline, path=path + rest))
            for each in told
            for rest in [each.place.path.removeprefix("part")]
        )

    def _undeclared(self, element: _Element, source: str) -> Problem:
        tag = tag_of(element)
        near = did_you_mean(tag, self.schema.names("element"))
        return Problem(
            f"no schema declares element {tag}{near}", Place(source, element.sourceline, path=path_of(element))
        )

    def _compiled_for(self, root: ComponentKey, element: _Element, part: Element | None = None) -> _Compiled:
        """The schema for `root` and for whatever else this element brings: xsi:type, elements under wildcards.

        `part`: an element of the type `root` that is declared just to be checked.
        """
        known = self._compiled.get(root)
        have = known.normalised.components if known is not None else frozenset()
        brought = self._brought(element) - have
        if known is None:
            known = self._compiled[root] = self.compile(frozenset({root}) | brought, part=part)
        elif brought:
            more = brought if known.times < _TIMES else self._everything()
            known = self._compiled[root] = self.compile(known.roots | more, known.times + 1, part)
        return known

    def _everything(self) -> frozenset[ComponentKey]:
        spaces: tuple[Space, ...] = ("element", "attribute", "type")
        return frozenset((space, name) for space in spaces for name in self.schema.names(space))

    def _brought(self, element: _Element) -> frozenset[ComponentKey]:
        """The global elements and attributes that occur, and the types that xsi:type names."""
        found: set[ComponentKey] = {("element", tag) for tag in {tag_of(each) for each in element.iter(etree.Element)}}
        for each in element.iter(etree.Element):
            for name in each.keys():  # noqa: SIM118  an element iterates over its children
                if name[0] != "{":
                    continue
                found.add(("attribute", name))
                if name == XSI_TYPE:
                    prefix, _, local = (each.get(name) or "").strip().rpartition(":")
                    found.add(("type", clark(each.nsmap.get(prefix or None), local)))
        return frozenset(key for key in found if not key[1].startswith(_OWN) and self.schema.has(*key))

    def compile(self, roots: frozenset[ComponentKey], times: int = 1, part: Element | None = None) -> _Compiled:
        """Compile the schema of some components, writing looser what libxml2 refuses. `times`: how often for one root.

        Raises `ContractError` with the refusals when that leads nowhere.
        """
        refusals: list[Problem] = []
        for _ in range(_ATTEMPTS):
            normalised = normalise(self.schema, roots, self._grades, extra=(part,) if part is not None else ())
            try:
                return _Compiled(_compile(normalised), normalised, roots, times)
            except etree.XMLSchemaParseError as error:
                refusals = self._loosen(normalised, error)
                if not refusals:
                    message = f"libxml2 cannot compile the schema: {error}"
                    raise ContractError(message) from None
        raise ContractError(problems=refusals)

    def _loosen(self, normalised: Normalised, error: etree.XMLSchemaParseError) -> list[Problem]:
        """Write looser, from now on, the components that an error speaks of. What it says, if that changed anything."""
        changed: dict[ComponentKey, str] = {}
        for entry in error.error_log:
            owners = normalised.owners.get(entry.filename or "", ())
            number = (entry.line or 0) - 2  # the first line is the root
            if 0 <= number < len(owners):
                changed.setdefault(owners[number], entry.message)
            elif not entry.line:  # of facets that contradict each other it does not say where
                simple = (key for keys in normalised.owners.values() for key in keys if self._is_simple(key))
                changed.update(dict.fromkeys(simple, entry.message))
        told: list[Problem] = []
        for key, message in changed.items():
            grade = self._grades.get(key, 0) + 1
            for each in self._with_bases(key) if grade > 1 else (key,):
                if self._grades.get(each, 0) < grade <= 2:
                    self._grades[each] = grade
                    self.loosened.setdefault(each, message)
                    told.append(Problem(f"{each[0]} {each[1]}: {message}"))
        return told

    def _is_simple(self, key: ComponentKey) -> bool:
        return key[0] == "type" and isinstance(self.schema.type(key[1]), SimpleType)

    def _with_bases(self, key: ComponentKey) -> tuple[ComponentKey, ...]:
        """A type and those it is derived from: what a type allows, its bases must allow too."""
        if key[0] != "type":
            return (key,)
        found = self.schema.type(key[1])
        if not isinstance(found, ComplexType):
            return (key,)
        return tuple(("type", step.name) for step in chain_of(self.schema, found) if step.name is not None)


def validator_for(schema: Schema) -> Validator:
    """A validator of the elements that `schema` declares. Nothing is compiled until something is checked."""
    return Validator(schema)


class _InMemory(etree.Resolver):
    """Gives libxml2 the documents it asks for from memory; nothing else is ever read."""

    def __init__(self, documents: dict[str, str]) -> None:
        super().__init__()
        self._documents = documents

    def resolve(self, system_url: str | None, public_id: str | None, context: Any) -> Any:  # Any: lxml's own handles
        text = self._documents.get(system_url or "", "<nothing/>")
        return self.resolve_string(text, context, base_url=system_url)


def _compile(normalised: Normalised) -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True, resolve_entities=False, huge_tree=True)
    documents = dict(normalised.documents)
    parser.resolvers.add(_InMemory(documents))
    return etree.XMLSchema(etree.fromstring(documents[DRIVER], parser))


# --- what libxml2 says, in words a person can use ---------------------------------------------------------------------

_STEP = re.compile(r"(?:([^/:\[\]]+):)?([^/:\[\]]+)(?:\[(\d+)\])?")
_SUBJECT = re.compile(r"Element '([^']*)'(?:, attribute '([^']*)')?: ", re.DOTALL)
# libxml2's sentences that leave out what a person needs, and ours, with the name of the element it speaks of.
_REWORDED: Final = (
    (
        re.compile(r"This element is not expected\. Expected is (?:one of )?\( (.*) \)\."),
        "element {name} is not expected here; expected {0}",
    ),
    (re.compile(r"This element is not expected\."), "element {name} is not expected here; nothing more is"),
    (
        re.compile(r"Missing child element\(s\)\. Expected is (?:one of )?\( (.*) \)\."),
        "an element is missing at its end; expected {0}",
    ),
    (
        re.compile(r"Character content other than whitespace is not allowed.*", re.DOTALL),
        "text is not allowed here, only elements",
    ),
)


def _told(entry: etree._LogEntry, element: _Element, source: str) -> Problem:
    place = _at(entry.path or "", element)
    subject = _SUBJECT.match(entry.message)
    message = entry.message[subject.end() :] if subject else entry.message
    for pattern, sentence in _REWORDED:
        found = pattern.fullmatch(message)
        if found is not None:
            message = sentence.format(*found.groups(), name=tag_of(place))
    if subject and subject.group(2):
        message = f"attribute {subject.group(2)}: {message}"
    return Problem(message.removesuffix("."), Place(source, place.sourceline, path=path_of(place)))


def _at(path: str, element: _Element) -> _Element:
    """The element at libxml2's path, which counts from `element` and cannot name default namespaces."""
    current = element
    for step in path.strip("/").split("/")[1:]:
        found = _STEP.fullmatch(step)
        if found is None:
            break
        prefix, name, number = found.group(1), found.group(2), int(found.group(3) or 1)
        alike = [
            child
            for child in current.iterchildren(etree.Element)
            if name == "*" or (local_name(tag_of(child)) == name and child.prefix == prefix)
        ]
        if number > len(alike):
            break
        current = alike[number - 1]
    return current
