"""The Shapes of a contract: those of its schema, and a record for the content of every rpc and bare message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, count

from soapkit.databinding.shape import ElementField, Key, Record, Type
from soapkit.errors import NOWHERE, ContractError, Place
from soapkit.xsd.shapes import SchemaShapes


@dataclass(frozen=True, slots=True)
class ContractShapes(Mapping[Key, Record]):
    """Records by key. Those of messages have keys such as ``message:{urn:example:rpc}temperatureRequest``."""

    schema: SchemaShapes
    messages: dict[Key, Record] = field(default_factory=dict)

    def __getitem__(self, key: Key) -> Record:
        return self.messages[key] if key in self.messages else self.schema[key]

    def __iter__(self) -> Iterator[Key]:
        return chain(self.messages, self.schema)

    def __len__(self) -> int:
        return len(self.messages) + len(self.schema)

    def element(self, tag: str, place: Place = NOWHERE) -> ElementField:
        """The global element of this Clark name. Raises `ContractError` at `place` when no schema declares it."""
        return self.schema.element(tag, place)

    def type(self, name: str, place: Place = NOWHERE) -> Type:
        """The type of this Clark name. Raises `ContractError` at `place` when no schema declares it."""
        return self.schema.type(name, place)

    def derived(self, key: Key) -> tuple[Key, ...]:
        """The named records derived from one, directly or not: what xsi:type may put in its place."""
        return self.schema.derived(key) if key not in self.messages else ()

    def global_elements(self) -> tuple[ElementField, ...]:
        """The global elements that can be used, in document order: what may stand for a strict wildcard."""
        found = []
        for name in self.schema.schema.names("element"):
            try:
                found.append(self.element(name))
            except ContractError:  # one that cannot be used serves as no example
                continue
        return tuple(found)

    def add_message(self, record: Record) -> Key:
        """Keep the record of a message; its key. A record like one that is there already shares its key; a different
        one of the same key is given another."""
        for number in count(1):
            key = record.key if number == 1 else f"{record.key}#{number}"
            known = self.messages.setdefault(key, replace(record, key=key))
            if known == replace(record, key=key, place=known.place):
                return key
        raise AssertionError("count() ends never")
