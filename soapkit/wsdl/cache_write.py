"""A contract -> its entry in the cache (`soapkit.wsdl.cache_read` is the way back)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml.etree import _Element

from soapkit.errors import Problem, Problems
from soapkit.wsdl.cache_entry import PACK, Chunk, Entry, Holder, Part
from soapkit.wsdl.model import Contract, Told
from soapkit.wsdl.page import page_for
from soapkit.wsdl.slices import Range, elements_of, line_at, ranges_of
from soapkit.xml.documents import Document, Documents, digest_of
from soapkit.xml.names import WSDL11, clark
from soapkit.xml.walk import children, tag_of
from soapkit.xsd.document import SchemaDocument
from soapkit.xsd.schema import Declared


def entry_of(contract: Contract, documents: Documents, before: Told) -> bytes | None:
    """The entry of a contract that was just read whole; None where its documents cannot be cut into pieces.

    `before`: what was told until its operations were looked at.
    """
    if contract.definitions.version != "1.1" or not all(url.startswith(_PLAIN) for url in documents.held):
        return None
    try:
        return PACK(_Writer(contract, documents).entry(before))
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
