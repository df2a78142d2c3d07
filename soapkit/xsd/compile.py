"""Schema components -> a schema that libxml2 has compiled; what it refuses is written looser, until it takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lxml import etree

from soapkit.errors import ContractError, Problem
from soapkit.xsd.model import ComplexType, Element, SimpleType
from soapkit.xsd.normalise import normalise
from soapkit.xsd.normalise_pages import DRIVER, ComponentKey, Normalised
from soapkit.xsd.resolve import chain_of
from soapkit.xsd.schema import Schema

_ATTEMPTS: Final = 40
_HEAVY: Final = 300_000_000  # nanoseconds


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled schema, what it was made of and for. `tags`: the only elements it is for; None if for all."""

    schema: etree.XMLSchema
    normalised: Normalised
    roots: frozenset[ComponentKey]
    tags: frozenset[str] | None = None


@dataclass(slots=True)
class Compiler:
    """Compiles parts of a schema. Remembers what libxml2 refused, in `loosened` with its words, and what is `heavy`."""

    schema: Schema
    loosened: dict[ComponentKey, str] = field(default_factory=dict)
    grades: dict[ComponentKey, int] = field(default_factory=dict)
    heavy: set[frozenset[ComponentKey]] = field(default_factory=set)

    def compile(
        self, roots: frozenset[ComponentKey], tags: frozenset[str] | None = None, part: Element | None = None
    ) -> Compiled:
        """The schema of some components and all they lead to.

        `tags`: the elements that it will check, to which it is then restricted if compiling all of it would take long.
        `part`: a global element to declare although the schema does not. Raises `ContractError` with the refusals when
        libxml2 cannot be brought to take it.
        """
        refusals: list[Problem] = []
        extra = (part,) if part is not None else ()
        for _ in range(_ATTEMPTS):
            only = tags if roots in self.heavy else None
            normalised = normalise(self.schema, roots, self.grades, extra=extra, tags=only)
            if only is None and tags is not None and normalised.cost > _HEAVY:
                self.heavy.add(roots)
                continue
            for key, message in normalised.relaxed:
                self.loosened.setdefault(key, message)
            try:
                return Compiled(_compile(normalised), normalised, roots, only)
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
            grade = self.grades.get(key, 0) + 1
            for each in self._with_bases(key) if grade > 1 else (key,):
                if self.grades.get(each, 0) < grade <= 2:
                    self.grades[each] = grade
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


class _InMemory(etree.Resolver):
    """Gives libxml2 the documents it asks for from memory; nothing else is ever read."""

    def __init__(self, documents: Mapping[str, str]) -> None:
        super().__init__()
        self._documents = documents

    def resolve(self, system_url: str | None, public_id: str | None, context: Any) -> Any:  # Any: lxml's own handles
        text = self._documents.get(system_url or "", "<nothing/>")
        return self.resolve_string(text, context, base_url=system_url)


def _compile(normalised: Normalised) -> etree.XMLSchema:
    # recover: from namespace names that libxml2 does not take for URIs; what is read is our own
    parser = etree.XMLParser(no_network=True, resolve_entities=False, huge_tree=True, recover=True)
    documents = dict(normalised.documents)
    parser.resolvers.add(_InMemory(documents))
    return etree.XMLSchema(etree.fromstring(documents[DRIVER], parser))
