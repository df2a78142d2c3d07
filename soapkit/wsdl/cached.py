"""A contract <-> its entry in the cache.

An entry says where the components of a contract stand in its documents, and what was asked to find these. To believe
it, the same questions must have the same answers, and every document the same digest; then a component is parsed from
its own bytes when it is first asked for, and nothing else is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any, TypeVar

import msgspec
from lxml import etree
from lxml.etree import _Element

from soapkit.errors import Place, Problem, Problems, SoapkitError
from soapkit.version import __version__
from soapkit.wsdl.later import Later, Named
from soapkit.wsdl.model import Binding, Contract, Definitions, PortType, Told
from soapkit.wsdl.operations import services_of
from soapkit.wsdl.page import Page, page_for
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
from soapkit.wsdl.slices import Range, around, elements_of, line_at, parsed, ranges_of
from soapkit.xml.documents import Document, Documents, digest_of
from soapkit.xml.names import WSDL11, clark
from soapkit.xml.walk import children, tag_of
from soapkit.xsd.document import SchemaDocument
from soapkit.xsd.schema import Declared, Schema
from soapkit.xsd.shapes import SchemaShapes

WORTH = 64 * 1024
"""Bytes of documents from which on an entry is worth its while: smaller contracts are read in a few milliseconds."""

_FORMAT = 1
HeldT = TypeVar("HeldT", PortType, Binding)


class Chunk(msgspec.Struct, array_like=True, frozen=True):
    """Where an element stands, and by which prefixes it is read (a place in `Entry.scopes`)."""

    document: int
    start: int
    end: int
    line: int
    scope: int


class Holder(msgspec.Struct, array_like=True, frozen=True):
    """A port type or binding: its start tag and what stands in it beside operations, in pieces; its operations."""

    head: Chunk
    tag: str  # as its end tag has it
    pieces: list[tuple[int, int]]
    operations: list[tuple[str, int, int, int]]  # name, start, end, line
    scope: int  # of its operations


class Part(msgspec.Struct, array_like=True, frozen=True):
    """A schema document, as its components see it: see `soapkit.xsd.document.SchemaDocument`."""

    document: int
    target: str
    scope: int
    local_prefixes: list[str]
    qualified_elements: bool
    qualified_attributes: bool
    block: list[str]
    final: list[str]
    chameleon: bool
    aliases: list[tuple[str, str]]


class Entry(msgspec.Struct, array_like=True, frozen=True):
    """All of a contract. `documents`: URL and digest, the first one first."""

    documents: list[tuple[str, str]]
    asked: list[tuple[str, str, str, str | None]]
    missing: list[str]
    links: list[tuple[str, str, str]]
    scopes: list[dict[str, str]]
    parts: list[Part]
    index: dict[str, dict[str, tuple[int, int, int, int]]]  # space, name: part, start, end, line
    relations: dict[str, dict[str, list[str]]]
    messages: dict[str, Chunk]
    port_types: dict[str, Holder]
    bindings: dict[str, Holder]
    services: dict[str, Chunk]
    target_namespace: str
    documentation: str
    warnings: list[tuple[str, int, str, int | None, int | None, str]]
    problems: list[tuple[str, int, str, int | None, int | None, str]]


_PACK = msgspec.msgpack.Encoder().encode
_UNPACK = msgspec.msgpack.Decoder(Entry).decode


def key_of(url: str, data: bytes) -> str:
    """The key of the contract whose first document has these bytes at this URL."""
    return sha256(f"{_FORMAT} {__version__} {url} {digest_of(data)}".encode()).hexdigest()


# --- contract -> entry --------------------------------------------------------------------------------------------


def entry_of(contract: Contract, documents: Documents, before: Told) -> bytes | None:
    """The entry of a contract that was just read whole; None where its documents cannot be cut into pieces.

    `before`: what was told until its operations were looked at.
    """
    if contract.definitions.version != "1.1" or not all(url.startswith(_PLAIN) for url in documents.held):
        return None
    try:
        return _PACK(_Writer(contract, documents).entry(before))
    except ValueError:  # an encoding, entities, another spelling of XML Schema
        return None


_PLAIN = ("file:", "http:", "https:", "memory:")


class _Writer:
    def __init__(self, contract: Contract, documents: Documents) -> None:
        self.contract = contract
        self.documents = documents
        self.urls = {url: number for number, url in enumerate(documents.held)}
        self.scopes: dict[tuple[tuple[str, str], ...], int] = {}
        self.parts: dict[int, int] = {}
        self.written: list[Part] = []
        self.ranges: dict[_Element, Range] = {}
        for document in contract.documents:
            self._measure(document)

    def _measure(self, document: Document) -> None:
        if (document.root.getroottree().docinfo.encoding or "UTF-8").upper() not in ("UTF-8", "ASCII", "US-ASCII"):
            raise ValueError("an encoding in which bytes are not what they seem")
        if document.warnings:
            raise ValueError("its bytes were mended")
        elements, ranges = elements_of(document.root), ranges_of(self.documents.held[document.url])
        if len(elements) != len(ranges) or any(
            each.tag != found.name for each, found in zip(elements, ranges, strict=True)
        ):
            raise ValueError("the tree is not what was written")
        self.ranges.update(zip(elements, ranges, strict=True))

    def entry(self, before: Told) -> Entry:
        contract, documents = self.contract, self.documents
        definitions, schema = contract.definitions, contract.schema
        index: dict[str, dict[str, tuple[int, int, int, int]]] = {
            space: {name: self._declared(declared) for name, declared in names.items()}
            for space, names in schema.index.items()
        }
        relations = schema.relations()
        found: dict[str, dict[str, Any]] = {"message": {}, "portType": {}, "binding": {}, "service": {}}
        for document in definitions.documents:
            if page_for(document, Problems()).policies:
                raise ValueError("policies are referred to across the document")
            target = (document.root.get("targetNamespace") or "").strip()
            for local, names in found.items():
                for element in children(document.root, clark(WSDL11, local)):
                    name = clark(target, (element.get("name") or "").strip())
                    make = self._holder if local in ("portType", "binding") else self._chunk
                    names.setdefault(name, make(document.url, element))
        return Entry(
            documents=[(url, digest_of(data)) for url, data in documents.held.items()],
            asked=[(*question, answer) for question, answer in documents.asked.items()],
            missing=list(documents.missing),
            links=[(base, written, url) for (base, written), url in contract.links.items()],
            scopes=[dict(scope) for scope in self.scopes],
            parts=self.written,
            index=index,
            relations={kind: {name: list(lower) for name, lower in each.items()} for kind, each in relations.items()},
            messages=found["message"],
            port_types=found["portType"],
            bindings=found["binding"],
            services=found["service"],
            target_namespace=definitions.target_namespace,
            documentation=definitions.documentation,
            warnings=[self._problem(problem) for problem in before.warnings.found],
            problems=[self._problem(problem) for problem in before.problems.found],
        )

    def _declared(self, declared: Declared) -> tuple[int, int, int, int]:
        found = self.ranges[declared.element]
        return (
            self._part(declared.document),
            found.start,
            found.end,
            self._line(declared.document.url, declared.element),
        )

    def _line(self, url: str, element: _Element) -> int:
        return line_at(self.documents.held[url], self.ranges[element], element)

    def _part(self, document: SchemaDocument) -> int:
        number = self.parts.get(id(document))
        if number is None:
            number = self.parts[id(document)] = len(self.written)
            self.written.append(
                Part(
                    document=self.urls[document.url],
                    target=document.target,
                    scope=self._scope(document.prefixes),
                    local_prefixes=[prefix or "" for prefix in sorted(document.local_prefixes, key=str)],
                    qualified_elements=document.qualified_elements,
                    qualified_attributes=document.qualified_attributes,
                    block=sorted(document.block),
                    final=sorted(document.final),
                    chameleon=document.chameleon,
                    aliases=list(document.aliases),
                )
            )
        return number

    def _scope(self, prefixes: Mapping[str | None, str]) -> int:
        scope = tuple((prefix or "", namespace) for prefix, namespace in prefixes.items())
        return self.scopes.setdefault(scope, len(self.scopes))

    def _chunk(self, url: str, element: _Element) -> Chunk:
        found = self.ranges[element]
        parent = element.getparent()
        scope = self._scope(parent.nsmap if parent is not None else {})
        return Chunk(self.urls[url], found.start, found.end, self._line(url, element), scope)

    def _holder(self, url: str, element: _Element) -> Holder:
        head = self._chunk(url, element)
        data = self.documents.held[url]
        inner = list(children(element))
        first = min((self.ranges[each].start for each in inner), default=head.end)
        pieces, operations = [(head.start, first)], []
        for each in inner:
            found = self.ranges[each]
            if tag_of(each) == _OPERATION:
                operations.append(((each.get("name") or "").strip(), found.start, found.end, self._line(url, each)))
            else:
                pieces.append((found.start, found.end))
        tag = data[head.start + 1 : head.end].split(None, 1)[0].decode()
        return Holder(head, tag if inner else "", pieces, operations, self._scope(element.nsmap))

    def _problem(self, problem: Problem) -> tuple[str, int, str, int | None, int | None, str]:
        place = problem.place
        known = next((number for url, number in self.urls.items() if self.documents.source_of(url) == place.source), -1)
        return problem.message, known, place.source, place.line, place.column, place.path


_OPERATION = clark(WSDL11, "operation")


# --- entry -> contract --------------------------------------------------------------------------------------------


def contract_from(packed: bytes, documents: Documents, whole: Callable[[], Contract]) -> Contract | None:
    """The contract of an entry; None if the entry is not (or no longer) that of the documents that are found now.

    `whole`: reads the contract without the cache, for those who look at its documents.
    """
    try:
        entry = _UNPACK(packed)
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


def fingerprint_of(documents: list[tuple[str, str]], links: list[tuple[str, str, str]]) -> str:
    """What tells a contract from others: its documents (URL, digest), and how they refer to each other."""
    return sha256(repr((sorted(documents), sorted(links))).encode()).hexdigest()
