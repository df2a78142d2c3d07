"""An entry in the cache -> its contract (`soapkit.wsdl.cache_write` is the way there).

An entry says where the components of a contract stand in its documents, and what was asked to find these. To believe
it, the same questions must have the same answers, and every document the same digest; then a component is parsed from
its own bytes when it is first asked for, and nothing else is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import msgspec
from lxml import etree
from lxml.etree import _Element

from soapkit.errors import Place, Problem, SoapkitError
from soapkit.wsdl.cache_entry import UNPACK, Chunk, Entry, Holder, Part, fingerprint_of
from soapkit.wsdl.later import Later, Named
from soapkit.wsdl.model import Binding, Contract, Definitions, PortType, Told
from soapkit.wsdl.operations import services_of
from soapkit.wsdl.page import Page
from soapkit.wsdl.read11 import (
    read_binding,
    read_bound_operation,
    read_message,
    read_operation,
    read_port_type,
    read_service,
    same_words,
)
from soapkit.wsdl.shapes import ContractShapes
from soapkit.wsdl.slices import around, parsed
from soapkit.xml.documents import Document, Documents, digest_of
from soapkit.xsd.document import SchemaDocument
from soapkit.xsd.schema import Declared, Schema
from soapkit.xsd.shapes import SchemaShapes

HeldT = TypeVar("HeldT", PortType, Binding)


def contract_from(packed: bytes, documents: Documents, whole: Callable[[], Contract]) -> Contract | None:
    """The contract of an entry; None if the entry is not (or no longer) that of the documents that are found now.

    `whole`: reads the contract without the cache, for those who look at its documents.
    """
    try:
        entry = UNPACK(packed)
    except msgspec.MsgspecError:
        return None
    return _Reader(entry, documents).contract(whole) if _still_true(entry, documents) else None


def _still_true(entry: Entry, documents: Documents) -> bool:
    """Whether each question has the answer that it had, and each document the bytes."""
    try:
        for written, base, namespace, answer in entry.asked:
            if _answer(documents, written, base, namespace) != answer:
                return False
        missing = all(_is_missing(documents, url) for url in entry.missing)
        return missing and all(digest_of(documents.data(url)) == digest for url, digest in entry.documents)
    except (SoapkitError, OSError):
        return False


def _answer(documents: Documents, written: str, base: str, namespace: str) -> str | None:
    try:
        return documents.resolve(written, base, namespace=namespace)
    except SoapkitError:
        return None


def _is_missing(documents: Documents, url: str) -> bool:
    try:
        documents.data(url)
    except SoapkitError:
        return True
    return False


class _Index(Mapping[str, Declared]):
    """The components of one symbol space, each parsed when it is looked up."""

    def __init__(self, reader: _Reader, names: Mapping[str, tuple[int, int, int, int]]) -> None:
        self._reader = reader
        self._names = names
        self._made: dict[str, Declared] = {}

    def __getitem__(self, name: str) -> Declared:
        made = self._made.get(name)
        if made is None:
            made = self._made.setdefault(name, self._reader.declared(*self._names[name]))
        return made

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class _Reader:
    def __init__(self, entry: Entry, documents: Documents) -> None:
        self.entry = entry
        self.documents = documents
        self.told = Told()
        self.urls = [url for url, _ in entry.documents]
        self.sources = [documents.source_of(url) for url in self.urls]
        self.data = [documents.data(url) for url in self.urls]
        self.prefixes = [{prefix or None: namespace for prefix, namespace in scope.items()} for scope in entry.scopes]
        self.wrappers = [around(scope) for scope in self.prefixes]
        nothing = etree.Element("nothing")  # whoever looks at roots is given the whole contract
        self.pages = [
            Page(Document(url, nothing, source), entry.target_namespace, self.told.warnings, {})
            for url, source in zip(self.urls, self.sources, strict=True)
        ]
        self.parts = [self._part(part, nothing) for part in entry.parts]

    def contract(self, whole: Callable[[], Contract]) -> Contract:
        entry = self.entry
        self.told.warnings.found += map(self._problem, entry.warnings)
        self.told.problems.found += map(self._problem, entry.problems)
        definitions = Definitions(
            entry.target_namespace,
            Named({name: partial(self._read, read_message, name, chunk) for name, chunk in entry.messages.items()}),
            {name: self._port_type(name, holder) for name, holder in entry.port_types.items()},
            {name: self._binding(name, holder) for name, holder in entry.bindings.items()},
            {name: self._read(read_service, name, chunk) for name, chunk in entry.services.items()},
            documentation=entry.documentation,
        )
        schema = Schema(
            tuple(self.parts),
            {space: _Index(self, names) for space, names in entry.index.items()},  # type: ignore[misc]  # the spaces of Schema
            self.told.warnings,
            _derived={kind: {name: tuple(low) for name, low in each.items()} for kind, each in entry.relations.items()},
        )
        shapes = ContractShapes(SchemaShapes(schema))
        services = services_of(definitions, shapes, self.told)
        return Contract(
            source=self.sources[0],
            target_namespace=entry.target_namespace,
            documentation=entry.documentation,
            services=services,
            shapes=shapes,
            outline=definitions,
            told=self.told,
            fingerprint=fingerprint_of(entry.documents, entry.links),
            _whole=whole,
        )

    # --- components -----------------------------------------------------------------------------------------------

    def _element(self, chunk: Chunk) -> _Element:
        piece = self.data[chunk.document][chunk.start : chunk.end]
        return parsed(piece, self.wrappers[chunk.scope], chunk.line, self.sources[chunk.document])

    def _read(self, read: Callable[[str, _Element, Page], Any], name: str, chunk: Chunk) -> Any:
        return read(name, self._element(chunk), self._page(chunk, name))

    def _page(self, chunk: Chunk, name: str) -> Page:
        page = self.pages[chunk.document]
        namespace = name[1:].rpartition("}")[0] if name.startswith("{") else ""
        return page if page.target_namespace == namespace else replace(page, target_namespace=namespace)

    def _port_type(self, name: str, holder: Holder) -> PortType:
        return self._held(name, holder, read_port_type, read_operation)

    def _binding(self, name: str, holder: Holder) -> Binding:
        return self._held(name, holder, read_binding, read_bound_operation)

    def _held(
        self,
        name: str,
        holder: Holder,
        read: Callable[[str, _Element, Page], HeldT],
        read_one: Callable[[str, _Element, Page], Any],
    ) -> HeldT:
        head, data = holder.head, self.data[holder.head.document]
        page = self._page(head, name)
        text = b"".join(data[start:end] for start, end in holder.pieces)
        if holder.tag:
            text += f"</{holder.tag}>".encode()
        held = read(name, parsed(text, self.wrappers[head.scope], head.line, self.sources[head.document]), page)

        def read_at(place: int) -> Any:
            called, start, end, line = holder.operations[place]
            return read_one(called, self._element(Chunk(head.document, start, end, line, holder.scope)), page)

        def written() -> bytes:
            if not holder.operations:
                return b""
            return same_words(data[holder.operations[0][1] : holder.operations[-1][2]], self.prefixes[holder.scope])

        return replace(held, operations=Later([called for called, *_ in holder.operations], read_at, written))

    def declared(self, part: int, start: int, end: int, line: int) -> Declared:
        """A component of a schema."""
        found = self.entry.parts[part]
        return Declared(self._element(Chunk(found.document, start, end, line, found.scope)), self.parts[part])

    def _part(self, part: Part, root: _Element) -> SchemaDocument:
        return SchemaDocument(
            root,
            self.urls[part.document],
            self.sources[part.document],
            part.target,
            self.told.warnings,
            self.prefixes[part.scope],
            frozenset(prefix or None for prefix in part.local_prefixes),
            part.qualified_elements,
            part.qualified_attributes,
            frozenset(part.block),
            frozenset(part.final),
            part.chameleon,
            tuple(part.aliases),
        )

    def _problem(self, told: tuple[str, int, str, int | None, int | None, str]) -> Problem:
        message, document, source, line, column, path = told
        return Problem(message, Place(self.sources[document] if document >= 0 else source, line, column, path))
