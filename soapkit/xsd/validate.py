"""Check an element against its schema, with line and path.

The schema is written afresh (`soapkit.xsd.normalise`), for what the element at hand needs of it, and given to
libxml2. It is compiled at the first check of an element of that name, and kept.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import MOST_TOLD, Place, Problem, ValidationError, and_more
from soapkit.xml.make import make_element
from soapkit.xml.names import SOAP11, SOAP12, WSU, XSD, XSI, XSI_TYPE, clark, did_you_mean, local_name
from soapkit.xml.positions import starts_in_tree
from soapkit.xml.walk import path_of, tag_of
from soapkit.xsd.compile import Compiled, Compiler
from soapkit.xsd.model import Element
from soapkit.xsd.normalise_pages import ComponentKey
from soapkit.xsd.schema import Schema, Space

_MOST_ROOTS: Final = 40  # a schema that messages made grow so far is then compiled whole
_KEPT: Final = 8  # schemas for one element, each for other messages, where one for all would take long to compile
_PART: Final = "soapkit:part"
_UNDECLARED: Final = "No matching global element declaration available, but demanded by the strict wildcard"
Found: TypeAlias = "tuple[Problem, _Element]"
"""What is wrong, and at which element."""
ByItsType: TypeAlias = "Callable[[Found, str], Iterable[Found]]"
"""What becomes of one that no schema declares, in the message of this name."""

_OWN: Final = (f"{{{XSD}}}", f"{{{XSI}}}")


@dataclass(slots=True)
class Validator:
    """Checks elements against a schema. One may be used by many threads. Made by `validator_for`."""

    schema: Schema
    _compiler: Compiler
    _compiled: dict[ComponentKey, list[Compiled]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def loosened(self) -> dict[ComponentKey, str]:
        """The components that libxml2 refuses as the contract writes them, with its words; checked less strictly."""
        return self._compiler.loosened

    def compile(self, roots: frozenset[ComponentKey]) -> Compiled:
        """Compile some components and all they lead to. Raises `ContractError` when libxml2 does not take them."""
        with self._lock:
            return self._compiler.compile(roots)

    def check(self, element: _Element) -> None:
        """Return if `element` is valid; else raise `ValidationError` with every problem."""
        found = self._found(element, "")
        if found:
            starts = starts_in_tree([at for _, at in found])
            raise ValidationError(problems=[problem for problem, _ in found]).at_starts(starts)

    def problems(self, element: _Element, *, source: str = "") -> tuple[Problem, ...]:
        """Everything that is wrong with `element`; nothing if it is valid. `source` names its document in the places.

        Raises `ContractError` when the schema cannot be compiled at all.
        """
        return tuple(problem for problem, _ in self._found(element, source))

    def _found(self, element: _Element, source: str) -> tuple[Found, ...]:
        tag = tag_of(element)
        if not self.schema.has("element", tag):
            return ((self._undeclared(element, source), element),)
        with self._lock:  # an lxml schema keeps the log of its last run
            return _checked(self._compiled_for(("element", tag), element), element, source, self._by_its_type)

    def _by_its_type(self, found: Found, source: str) -> Iterable[Found]:
        """An element under a strict wildcard that nobody declares is checked by the type that it says: that is enough
        (XSD part 1, 3.10.4 and 3.3.4), and libxml2 asks for a declaration all the same."""
        _, at = found
        said = _type_named(at) if XSI_TYPE in at.attrib else ""
        if not self.schema.has("type", said):
            return (found,)
        return ((problem, at) for problem in self.problems_as(at, said, source=source))

    def problems_as(self, element: _Element, type_name: str, *, source: str = "") -> tuple[Problem, ...]:
        """Everything that is wrong with `element` as one of the type `type_name`, whatever its own name.

        So are the parts of an rpc message checked, whose elements no schema declares (WSDL 1.1, 3.5).
        """
        tag = f"{{{_PART}}}part"
        copy = make_element(tag, element.attrib, element.nsmap)
        copy.text = element.text
        copy.extend(deepcopy(child) for child in element)
        part = Element(tag, type_name, nillable=True)
        path = path_of(element)
        with self._lock:
            told = _checked(self._compiled_for(("type", type_name), copy, part), copy, source)
        return tuple(
            replace(each, place=replace(each.place, line=each.place.line or element.sourceline, path=path + rest))
            for each, _ in told
            for rest in [each.place.path.removeprefix("part")]
        )

    def _undeclared(self, element: _Element, source: str) -> Problem:
        tag = tag_of(element)
        near = did_you_mean(tag, self.schema.names("element"))
        return Problem(
            f"no schema declares element {tag}{near}", Place(source, element.sourceline, path=path_of(element))
        )

    def _compiled_for(self, root: ComponentKey, element: _Element, part: Element | None = None) -> Compiled:
        """The schema for `root` and for whatever else this element brings: xsi:type, elements under wildcards.

        `part`: an element of the type `root` that is declared just to be checked.
        """
        known = self._compiled.setdefault(root, [])
        tags = frozenset(tag_of(each) for each in element.iter(etree.Element))
        brought = self._brought(element, tags)
        for compiled in known:
            if brought <= compiled.normalised.components and (compiled.tags is None or tags <= compiled.tags):
                return compiled
        roots = frozenset({root}) | brought
        if known and known[0].tags is None:  # one for all that was brought so far; at last, for everything
            roots |= known[0].roots
            roots |= self._everything() if len(roots) > _MOST_ROOTS else frozenset()
            known.clear()
        known.insert(0, self._compiler.compile(roots, tags, part))
        del known[_KEPT:]
        return known[0]

    def _everything(self) -> frozenset[ComponentKey]:
        spaces: tuple[Space, ...] = ("element", "attribute", "type")
        return frozenset((space, name) for space in spaces for name in self.schema.names(space))

    def _brought(self, element: _Element, tags: frozenset[str]) -> frozenset[ComponentKey]:
        """The global elements and attributes that occur, and the types that xsi:type names."""
        found: set[ComponentKey] = {("element", tag) for tag in tags}
        for each in element.iter(etree.Element):
            for name in each.keys():  # noqa: SIM118  an element iterates over its children
                found.add(("attribute", name))
                if name == XSI_TYPE:
                    found.add(("type", _type_named(each)))
        return frozenset(key for key in found if not key[1].startswith(_OWN) and self.schema.has(*key))


def validator_for(schema: Schema) -> Validator:
    """A validator of the elements that `schema` declares. Nothing is compiled until something is checked."""
    return Validator(schema, Compiler(schema))


def _type_named(element: _Element) -> str:
    prefix, _, local = (element.get(XSI_TYPE) or "").strip().rpartition(":")
    return clark(element.nsmap.get(prefix or None), local)


def _checked(
    compiled: Compiled,
    element: _Element,
    source: str,
    by_its_type: ByItsType | None = None,
) -> tuple[Found, ...]:
    """What is wrong with an element. `by_its_type`: what becomes of one that no schema declares."""
    try:
        if compiled.schema.validate(element):
            return ()
    except etree.XMLSchemaValidateError as error:  # libxml2 gave up
        told = "libxml2 cannot check the element"
        return ((Problem(f"{told}: {error}", Place(source, element.sourceline), told), element),)
    found: list[Found] = []
    more = undeclared = 0
    for entry in compiled.schema.error_log:
        if _of_the_message(entry):
            continue
        if len(found) >= MOST_TOLD:
            more += 1
            continue
        one = _told(entry, element, source)
        undeclared += one[0].message == _UNDECLARED
        if by_its_type is None or one[0].message != _UNDECLARED or undeclared > MOST_TOLD:
            found.append(one)
        else:
            found.extend(by_its_type(one, source))
    return (*found, (and_more(more), element)) if more else tuple(found)


# --- what libxml2 says, in words a person can use ---------------------------------------------------------------------

_MESSAGE_ATTRIBUTE: Final = re.compile(
    rf"Element '[^']*', attribute '\{{({'|'.join(map(re.escape, (WSU, SOAP11, SOAP12)))})\}}[^']*': "
    r"The attribute '[^']*' is not allowed\."
)
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


def _of_the_message(entry: etree._LogEntry) -> bool:
    """Whether all that is wrong is an attribute of the message that stands on a value: wsu:Id, encodingStyle.

    No schema of a payload knows them, and yet signatures (WSS 1.1, 4.3) and SOAP (1.2 part 1, 5.1.1) put them there.
    """
    return _MESSAGE_ATTRIBUTE.fullmatch(entry.message) is not None


def _told(entry: etree._LogEntry, element: _Element, source: str) -> Found:
    place = _at(entry.path or "", element)
    subject = _SUBJECT.match(entry.message)
    message = entry.message[subject.end() :] if subject else entry.message
    bare: str | None = f"is not valid ({_rule_of(entry)})"  # libxml2 quotes what stands there, as it stands there
    for pattern, sentence in _REWORDED:
        found = pattern.fullmatch(message)
        if found is not None:
            message, bare = sentence.format(*found.groups(), name=tag_of(place)), None
    if subject and subject.group(2):
        message = f"attribute {subject.group(2)}: {message}"
        bare = bare and f"attribute {subject.group(2)}: {bare}"
    return Problem(message.removesuffix("."), Place(source, place.sourceline, path=path_of(place)), bare), place


def _rule_of(entry: etree._LogEntry) -> str:
    """The rule that was broken, as the specification calls it: cvc-pattern-valid (XSD part 1, appendix C.1)."""
    return str(entry.type_name).removeprefix("SCHEMAV_").replace("_", "-").lower()


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
