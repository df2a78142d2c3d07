"""Schema documents -> Schema: follow include, import and redefine.

Every document is read once for each namespace it is read into (a chameleon include gives it that of the includer).
Circles are harmless. Imports without a location, or of a namespace that is well known or stands in line, need nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, cast

from lxml.etree import _Element

from soapkit.errors import ContractError, Problems, SoapkitError
from soapkit.xml.names import WSDL11, WSDL20, XML, XSD, local_name, split
from soapkit.xml.walk import tag_of
from soapkit.xsd.document import SCHEMA, SchemaDocument, document_for
from soapkit.xsd.known import is_known_namespace
from soapkit.xsd.parse_simple import XS, unexpected
from soapkit.xsd.schema import SPACES, Declared, Schema, Space, empty_index, same_text

INCLUDE: Final = f"{XS}include"
IMPORT: Final = f"{XS}import"
REDEFINE: Final = f"{XS}redefine"
_OVERRIDE: Final = f"{XS}override"
_PASSED_OVER: Final = {INCLUDE, IMPORT, f"{XS}annotation"}


class Document(Protocol):
    """A document that was read: its URL, what a person knows it by, and its root."""

    @property
    def url(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def root(self) -> _Element: ...


class Documents(Protocol):
    """What reads documents by location: `soapkit.xml.documents.Documents`, or a mapping in a test."""

    def resolve(self, location: str, base: str) -> str:
        """The URL of `location` in the document at `base`. Raises `SoapkitError` where it may not be read."""
        ...

    def read(self, url: str) -> Document:
        """The document at `url`. Raises `SoapkitError` when it cannot be had."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """A schema to start from: its ``xs:schema`` element, and the URL of the document in which it stands.

    `source`: what a person knows that document by, where it is not the URL.
    """

    root: _Element
    url: str
    source: str = ""


def load_schema(sources: Sequence[Source], documents: Documents, warnings: Problems, *, strict: bool = False) -> Schema:
    """The schema of `sources` (the inline schemas of a WSDL, or schema documents) and of all they lead to.

    References are followed when they are used: a dangling one costs only what needs it. Broken rules are told in
    `warnings`, now and while components are read; with `strict` everything is read at once, and what was found
    raises `ContractError`.

    >>> from soapkit.xml.parse import parse_document
    >>> root = parse_document(b'<schema xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="u"/>', source="a")
    >>> from soapkit.xml.documents import Documents
    >>> load_schema([Source(root, "memory:/a")], Documents(), Problems()).namespaces
    ('u',)
    """
    loading = _Loading(documents, warnings if not strict else Problems())
    for source in sources:
        loading.take(source.root, source.url, source.source or source.url)
    loading.follow()
    schema = Schema(tuple(loading.read), loading.index, loading.warnings)
    if strict:
        schema.read_everything()
        loading.warnings.raise_as(ContractError)
    return schema


@dataclass(slots=True)
class _Loading:
    """What has been read so far, and what waits to be."""

    documents: Documents
    warnings: Problems
    index: dict[Space, dict[str, Declared]] = field(default_factory=empty_index)
    read: list[SchemaDocument] = field(default_factory=list)
    seen: set[tuple[str, int, str]] = field(default_factory=set)
    fetched: dict[str, list[tuple[_Element, str, str]]] = field(default_factory=dict)
    inline: set[str] = field(default_factory=set)
    waiting: list[SchemaDocument] = field(default_factory=list)

    def take(self, root: _Element, url: str, source: str, target: str | None = None) -> None:
        """Note the components of the schema `root`, unless done; what it refers to waits for `follow`."""
        own = (root.get("targetNamespace") or "").strip()
        chameleon = target is not None and not own
        namespace = target if chameleon and target else own
        position = id(root) if root.getparent() is not None else 0  # several may stand in line in one document
        if (url, position, namespace) in self.seen:
            return
        self.seen.add((url, position, namespace))
        document = document_for(root, url, source, self.warnings, target=namespace, chameleon=chameleon)
        self.read.append(document)
        self.inline.add(namespace)
        for child in document.root:
            space = SPACES.get(cast("str", child.tag))
            if space is not None:
                self._declare(space, Declared(child, document))
            elif child.tag == REDEFINE:
                self._redefine(document, child)
            elif child.tag == _OVERRIDE:
                document.warn("xs:override belongs to XML Schema 1.1; read as xs:redefine", child)
                self._redefine(document, child)
            elif isinstance(child.tag, str) and child.tag not in _PASSED_OVER:
                self._unknown(document, child)
        self.waiting.append(document)

    def follow(self) -> None:
        """Read what the documents include and import, until nothing is left."""
        while self.waiting:
            document = self.waiting.pop(0)
            for child in document.root.iterchildren(INCLUDE, IMPORT):
                if child.tag == INCLUDE:
                    self._include(document, child)
                else:
                    self._import(document, child)

    def _unknown(self, document: SchemaDocument, child: _Element) -> None:
        """A component written in the wrong case, or in another namespace, is one all the same; others are told."""
        namespace, local = split(tag_of(child))
        meant = next((tag for tag in SPACES if local_name(tag).casefold() == local.casefold()), None)
        if meant is None:
            unexpected(document, document.root, child)
            return
        document.warn(
            f"{tag_of(child)} stands where {local_name(meant)} of XML Schema may (3.15.2); read as that", child
        )
        if namespace != XSD:
            for inner in child.iter(f"{{{namespace}}}*" if namespace else "*"):
                inner.tag = f"{XS}{local_name(tag_of(inner))}"
        child.tag = meant
        self._declare(SPACES[meant], Declared(child, document))

    def _declare(self, space: str, declared: Declared) -> None:
        local = (declared.element.get("name") or "").strip()
        if not local:
            declared.document.warn(f"a global {space} has no name (XSD part 1, 3.15.2); passed over", declared.element)
            return
        names = self.index[space]  # type: ignore[index]  # a value of SPACES
        name = declared.document.name(local)
        first = names.setdefault(name, declared)
        if first.element is not declared.element and not same_text(first.element, declared.element):
            declared.document.warn(
                f"{space} {name} is declared twice, differently (3.15.6); the one at {first.place} is used",
                declared.element,
            )

    def _include(self, document: SchemaDocument, element: _Element) -> None:
        for root, url, source in self._roots(document, element, "include"):
            own = (root.get("targetNamespace") or "").strip()
            if own and own != document.target:
                document.warn(
                    f"include of {url}, whose target namespace is {own!r}, not {document.target!r} (4.2.1); "
                    "read as an import",
                    element,
                )
            self.take(root, url, source, document.target)

    def _import(self, document: SchemaDocument, element: _Element) -> None:
        namespace = (element.get("namespace") or "").strip()
        location = _location(element)
        if not location or namespace in (XSD, XML) or (is_known_namespace(namespace) and _is_absolute(location)):
            return
        for root, url, source in self._roots(document, element, "import", namespace):
            own = (root.get("targetNamespace") or "").strip()
            if own != namespace:
                document.warn(
                    f"import of namespace {namespace!r} from {url}, whose target namespace is {own!r} (4.2.3); "
                    "its own is used",
                    element,
                )
            self.take(root, url, source)

    def _redefine(self, document: SchemaDocument, element: _Element) -> None:
        """XSD part 1, 4.2.2: read the other document, then put these components in the place of its own."""
        for root, url, source in self._roots(document, element, "redefine"):
            self.take(root, url, source, document.target)
        self.follow_now(document)
        for child in element:
            space = SPACES.get(cast("str", child.tag))
            if space is None:
                continue
            local = (child.get("name") or "").strip()
            name = document.name(local)
            names = self.index[space]
            before = names.get(name)
            if before is None:
                document.warn(f"redefine of {space} {name}, which the redefined schema does not declare", child)
                names[name] = Declared(child, document)
                continue
            original = _free_name(names, name)
            names[original] = before
            names[name] = Declared(child, document.inside_redefine(local, original))

    def follow_now(self, upto: SchemaDocument) -> None:
        """Read what waits, except what `upto` itself leads to: what is redefined may come through an include."""
        self.waiting = [document for document in self.waiting if document is not upto]
        self.follow()

    def _roots(
        self, document: SchemaDocument, element: _Element, verb: str, namespace: str = ""
    ) -> Iterator[tuple[_Element, str, str]]:
        """The schemas at the schemaLocation of `element`: one; those that a WSDL there holds; none, with a warning."""
        location = _location(element)
        if not location:
            document.warn(f"{verb} without schemaLocation; passed over", element)
            return
        try:
            url = self.documents.resolve(location, document.url)
            if url not in self.fetched:
                self.fetched[url] = []
                found = self.documents.read(url)
                self.fetched[url] = [(root, url, found.source) for root in _schemas(found.root)]
                if not self.fetched[url]:
                    document.warn(f"{verb} of {location}, which is not a schema but {found.root.tag!s}", element)
        except SoapkitError as error:
            self._unread(document, element, location, namespace, error)
            return
        yield from self.fetched[url]

    def _unread(
        self, document: SchemaDocument, element: _Element, location: str, namespace: str, error: SoapkitError
    ) -> None:
        if namespace and is_known_namespace(namespace):
            return
        reason = error.problems[0].message if error.problems else str(error)
        place = document.place(element)
        if namespace and namespace in self.inline:
            self.warnings.add(f"{location} cannot be read ({reason}); the schema of {namespace} at hand is used", place)
        else:
            self.warnings.add(f"{location} cannot be read ({reason}); what needs it will fail", place)


def _schemas(root: _Element) -> Iterator[_Element]:
    """The schema that a document is, or the schemas that a WSDL holds."""
    if root.tag == SCHEMA or (isinstance(root.tag, str) and local_name(root.tag) == "schema"):
        yield root
    elif isinstance(root.tag, str) and root.tag.startswith((f"{{{WSDL11}}}", f"{{{WSDL20}}}")):
        for types in root.iterchildren(f"{{{WSDL11}}}types", f"{{{WSDL20}}}types"):
            yield from (child for child in types if isinstance(child.tag, str) and local_name(child.tag) == "schema")


def _location(element: _Element) -> str:
    """The schemaLocation, also where it is written ``schemalocation``."""
    return (element.get("schemaLocation") or element.get("schemalocation") or "").strip()


def _is_absolute(location: str) -> bool:
    return location.startswith(("http://", "https://", "urn:"))


def _free_name(names: dict[str, Declared], name: str) -> str:
    """A name for the component that is redefined: ``{urn:x}address`` -> ``{urn:x}address.original``."""
    free = f"{name}.original"
    while free in names:
        free += ".original"
    return free
