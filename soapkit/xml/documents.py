"""Documents by location: a file, a URL, bytes, a mapping, a catalog, a zip archive.

The law of this file: the documents of a contract are found here and nowhere else.

* A document that came from elsewhere (a URL, bytes, an archive) never makes us read a local file.
* A document never makes us go to another host than its own, unless `allow_remote`.
* What the user says by hand (mapping, catalog) comes first, and is trusted.
* Every document is read once; their number and size are limited.

There is no HTTP library here: whoever has one hands in `fetch`.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

from lxml.etree import _Element

from soapkit.errors import NOWHERE, ContractError, LimitError, Place, Problem, SoapkitError, XmlError
from soapkit.xml.catalog import Catalog, look_up, read_catalog
from soapkit.xml.encodings import begun, mended, without_encoding
from soapkit.xml.locations import (
    LOCAL,
    REMOTE,
    container_of,
    is_downgrade,
    join_urls,
    path_of_url,
    same_origin,
    spellings,
    url_of_path,
)
from soapkit.xml.parse import DEFAULT_LIMITS, XmlLimits, parse_document
from soapkit.xml.prefixes import declared

Fetch = Callable[[str], bytes]
"""Reads an http(s) URL: with the user's own transport, its TLS settings and passwords."""


_MENDINGS = 20  # of one document: a wrong encoding, prefixes that nothing declares
_HTML = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)

# The largest contracts known have 5 MB. Hundreds of namespaces on the root are harmless: none is ever canonicalised.
CONTRACT_LIMITS = replace(DEFAULT_LIMITS, bytes=64 * 1024 * 1024, in_scope=10_000)


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """How much may be read for one contract: documents, bytes of all together, and `xml` of each."""

    documents: int = 2_000
    bytes: int = 256 * 1024 * 1024
    xml: XmlLimits = CONTRACT_LIMITS


DEFAULT_DOCUMENT_LIMITS = DocumentLimits()


@dataclass(frozen=True, slots=True)
class Document:
    """A document that was read.

    `url`: its identity, which relative locations in it start from; `source`: what a person knows it by (a path, a
    URL); `root`: its root element; `warnings`: what was wrong and tolerated; `digest`: of its bytes, as they were read.
    """

    url: str
    root: _Element
    source: str
    warnings: tuple[Problem, ...] = ()
    digest: str = ""

    def place(self, element: _Element) -> Place:
        """Where an element of this document stands."""
        return Place(self.source, element.sourceline)


def digest_of(data: bytes) -> str:
    """What tells the bytes of one document from those of another: their SHA-256."""
    return sha256(data).hexdigest()


class Documents:
    """One loader for all documents of a contract. Each is read once and kept.

    `fetch`: reads http(s) URLs; without it they are refused. It must not follow a redirect to another host.
    `mapping`: where a location, a URL or a namespace really is: a path, a URL, or the bytes themselves.
    `catalog`: path of an OASIS XML catalog. `allow_remote`: documents may refer to other hosts than their own.

    >>> documents = Documents(mapping={"http://example.org/a.xsd": b"<a/>"})
    >>> documents.read(documents.resolve("http://example.org/a.xsd", "")).root.tag
    'a'
    """

    def __init__(
        self,
        *,
        fetch: Fetch | None = None,
        mapping: Mapping[str, str | Path | bytes] | None = None,
        catalog: str | Path | None = None,
        allow_remote: bool = False,
        limits: DocumentLimits = DEFAULT_DOCUMENT_LIMITS,
    ) -> None:
        self._fetch = fetch
        self._allow_remote = allow_remote
        self._limits = limits
        self._given: dict[str, bytes] = {}
        self._read: dict[str, Document] = {}
        self._links: dict[tuple[str, str], str] = {}
        self._warnings: list[Problem] = []
        self._held: dict[str, bytes] = {}
        self._known: set[str] = set()
        self._size = 0
        self._asked: dict[tuple[str, str, str], str | None] = {}
        self._missing: dict[str, None] = {}
        self._mapping = {key: self._mapped(key, target) for key, target in (mapping or {}).items()}
        self._logical = {url: key for key, url in self._mapping.items() if urlsplit(key).scheme in REMOTE}
        self._catalogs = self._load_catalogs(url_of_path(Path(catalog))) if catalog is not None else {}

    # --- what is there --------------------------------------------------------------------------------------------

    @property
    def documents(self) -> tuple[Document, ...]:
        """What was read so far, in order."""
        return tuple(self._read.values())

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What was wrong with documents and locations so far, and tolerated."""
        return (*self._warnings, *(warning for document in self._read.values() for warning in document.warnings))

    @property
    def links(self) -> Mapping[tuple[str, str], str]:
        """Where each location led that was resolved so far: by URL of the document it stands in, and as written."""
        return self._links

    @property
    def asked(self) -> Mapping[tuple[str, str, str], str | None]:
        """All that `resolve` was asked so far, by location, base and namespace, with its answer; None for a refusal."""
        return self._asked

    @property
    def missing(self) -> tuple[str, ...]:
        """The URLs that could not be read so far."""
        return tuple(self._missing)

    @property
    def held(self) -> Mapping[str, bytes]:
        """The bytes of documents, by URL, until `release`."""
        return self._held

    def release(self) -> None:
        """Let go of the bytes of documents; what was parsed stays."""
        self._held.clear()

    def source_of(self, url: str) -> str:
        """What a person knows a document by: a path below the working directory, a whole path, or the URL."""
        if not url.startswith("file:"):
            return url.removeprefix("memory:/")
        path = path_of_url(url)
        relative = os.path.relpath(path)
        return str(path) if relative.startswith("..") else relative

    # --- where it is ----------------------------------------------------------------------------------------------

    def give(self, data: bytes | str, name: str = "contract.wsdl") -> str:
        """Keep a document that is at hand, and return its URL. What it refers to is found by the mapping only."""
        url = name if urlsplit(name).scheme in REMOTE else f"memory:/{name}"
        # text has no encoding any more, whatever its declaration says
        self._given[url] = without_encoding(data.encode()) if isinstance(data, str) else data
        return url

    def locate(self, source: str | Path | bytes) -> str:
        """The URL of what a user names: a path, a URL, or the bytes themselves. A string that starts with ``<`` is XML.

        Raises `ContractError` when there is no such file.
        """
        if isinstance(source, bytes) or (isinstance(source, str) and source.lstrip("\ufeff \t\r\n").startswith("<")):
            return self.give(source)
        if isinstance(source, str) and source in self._mapping:
            return self._mapping[source]
        path = Path(source)
        try:
            if isinstance(source, str) and urlsplit(source).scheme in (*REMOTE, *LOCAL):
                return urldefrag(source).url
            exists = path.exists()
        except (OSError, ValueError) as error:
            raise ContractError(f"expected a path, a URL or XML, found {str(source)[:60]!r}: {error}") from None
        if not exists:
            raise ContractError(f"no such file: {path}")
        if path.is_dir():
            raise ContractError(f"expected a file, found a folder: {path}")
        return url_of_path(path)

    def resolve(self, location: str, base: str, *, place: Place = NOWHERE, namespace: str = "") -> str:
        """The URL that `location`, written in the document at `base`, leads to. Nothing is read yet.

        `place`: of the importing element; `namespace`: the one it imports, which the mapping may name too. Raises
        `ContractError` for what is no URL, and when the document at `base` may not refer to that URL.
        """
        self._asked[location, base, namespace] = None
        try:
            found = self._resolved(location, base, place, namespace)
        except ValueError as error:  # urllib's word for a bad host or port
            raise ContractError(f"expected a path or a URL, found {location!r}: {error}", place=place) from None
        self._asked[location, base, namespace] = found
        return found

    def _resolved(self, location: str, base: str, place: Place, namespace: str) -> str:
        written = location.strip()
        url = urldefrag(join_urls(written, base)).url
        # what stands for a URL may refer to its neighbours there
        logical = urldefrag(join_urls(written, self._logical[base])).url if base in self._logical else ""
        for key in (written, url, logical, namespace):
            found = self._looked_up(key) if key else None
            if found is not None:
                return self._links.setdefault((base, written), found)
        if is_downgrade(url, base):
            # what a server writes that does not know of the proxy in front of it
            secure = urlsplit(url)._replace(scheme="https", netloc=urlsplit(base).netloc).geturl()
            self._warnings.append(Problem(f"{url} leads from https back to http; {secure} was read", place))
            url = secure
        self._check_allowed(url, base, place)
        return self._links.setdefault((base, written), url)

    def _looked_up(self, key: str) -> str | None:
        if key in self._mapping:
            return self._mapping[key]
        first = next(iter(self._catalogs), None)
        return None if first is None else look_up(key, first, self._catalogs)

    def _check_allowed(self, url: str, base: str, place: Place) -> None:
        to, origin = urlsplit(url).scheme, urlsplit(base).scheme
        if to in LOCAL and origin != "file" and container_of(url) != container_of(base):
            raise ContractError(
                f"a document from elsewhere may not make us read the local file {url!r}; "
                "expected a location at its own origin, or a mapping or catalog entry for this one",
                place=place,
            )
        if to in REMOTE and not self._allow_remote and not same_origin(url, base):
            raise ContractError(
                f"{url} is at another origin than the document that refers to it; "
                "allow_remote lets it be read, a mapping or catalog says what stands for it",
                place=place,
            )

    # --- what it says ---------------------------------------------------------------------------------------------

    def read(self, url: str, *, place: Place = NOWHERE, expected: str = "a document") -> Document:
        """The document at a URL, from `resolve` or `locate`.

        `place`: of the importing element; `expected`: what it should be, for the error. Raises `ContractError` when it
        is not there or is not XML, and beyond the limits.
        """
        if url not in self._read:
            data = self.data(url, place=place, expected=expected)
            self._read[url] = replace(self._parsed(data, url), digest=digest_of(data))
        return self._read[url]

    def data(self, url: str, *, place: Place = NOWHERE, expected: str = "a document") -> bytes:
        """The bytes at a URL, as `read` reads them, which raises as this does."""
        if url in self._held:
            return self._held[url]
        if url not in self._known and len(self._known) >= self._limits.documents:
            raise ContractError(
                f"more than {self._limits.documents:,} documents; the contract imports without end, or the limit "
                "must be raised (DocumentLimits)",
                place=place,
            )
        try:
            data = self._bytes(url, place, expected)
        except (SoapkitError, OSError):
            self._missing[url] = None
            raise
        self._size += 0 if url in self._known else len(data)
        self._known.add(url)
        if self._size > self._limits.bytes:
            raise ContractError(
                f"the documents have more than {self._limits.bytes:,} bytes together; expected a smaller contract, "
                "or a higher limit (DocumentLimits)",
                place=place,
            )
        self._held[url] = data
        return data

    def entries(self, url: str) -> tuple[str, ...]:
        """The URLs of the files in the zip archive at `url`; none if it is not an archive."""
        if not url.startswith("file:") or not zipfile.is_zipfile(path_of_url(url)):
            return ()
        with zipfile.ZipFile(path_of_url(url)) as archive:
            return tuple(f"zip:{url}!/{entry.filename}" for entry in archive.infolist() if not entry.is_dir())

    def _bytes(self, url: str, place: Place, expected: str) -> bytes:
        scheme = urlsplit(url).scheme
        if url in self._given:
            return self._given[url]
        if scheme == "file":
            return self._bytes_of_file(path_of_url(url), place, expected)
        if scheme == "zip":
            return self._bytes_of_entry(url, place, expected)
        if scheme in REMOTE:
            return self._fetched(url, place, expected)
        if scheme == "memory":
            raise ContractError(
                f"expected {expected} at {self.source_of(url)!r}, but the contract was given as bytes, which have no "
                "folder; a mapping says where that document is",
                place=place,
            )
        raise ContractError(f"expected {expected} at a file or http(s) URL, found {url!r}", place=place)

    def _bytes_of_file(self, path: Path, place: Place, expected: str) -> bytes:
        try:
            found = next((candidate for candidate in spellings(path) if candidate.is_file()), None)
            if found is None:
                raise ContractError(f"expected {expected} at {path}; there is no such file", place=place)
            size = found.stat().st_size
            if size > self._limits.xml.bytes:
                raise self._too_large(str(found), size, place)
            return found.read_bytes()
        except (OSError, ValueError) as error:  # not readable; a name that no file can have
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ContractError(f"expected {expected} at {str(path)[:200]!r}; {reason}", place=place) from None

    def _bytes_of_entry(self, url: str, place: Place, expected: str) -> bytes:
        archive_url, _, name = url.removeprefix("zip:").partition("!/")
        try:
            with zipfile.ZipFile(path_of_url(archive_url)) as archive:
                entry = archive.getinfo(unquote(name))
                if entry.file_size > self._limits.xml.bytes:
                    raise ContractError(
                        f"{name} has {entry.file_size:,} bytes; at most {self._limits.xml.bytes:,} are read",
                        place=place,
                    )
                with archive.open(entry) as stream:
                    # the size that an archive declares need not be true
                    return stream.read(self._limits.xml.bytes + 1)
        except KeyError:
            raise ContractError(
                f"expected {expected} at {name!r}; the archive has no such entry", place=place
            ) from None
        except (OSError, zipfile.BadZipFile, RuntimeError) as error:
            raise ContractError(f"the archive cannot be read: {error}", place=place) from None

    def _too_large(self, name: str, size: int, place: Place) -> ContractError:
        return ContractError(f"{name} has {size:,} bytes; at most {self._limits.xml.bytes:,} are read", place=place)

    def _fetched(self, url: str, place: Place, expected: str) -> bytes:
        if self._fetch is None:
            raise ContractError(f"{url} cannot be read without `fetch`; expected a local file here", place=place)
        try:
            return self._fetch(url)
        except (SoapkitError, OSError) as error:
            if place is NOWHERE and isinstance(error, SoapkitError):
                raise  # the user's own URL: the transport's words are the right ones
            raise ContractError(f"expected {expected} at {url}; {error}", place=place) from error

    def _parsed(self, data: bytes, url: str) -> Document:
        source = self.source_of(url)
        try:
            return Document(url, parse_document(data, source=source, limits=self._limits.xml, base_url=url), source)
        except LimitError as error:
            raise ContractError(problems=error.problems) from None
        except XmlError as error:
            if _HTML.match(data):
                raise ContractError(
                    "expected XML, found an HTML page; the WSDL of a service is often found by ?wsdl at the end of its "
                    "address",
                    place=Place(source, 1),
                ) from None
            return self._mended(data, url, error)

    def _mended(self, data: bytes, url: str, error: XmlError) -> Document:
        """The document as it was most likely meant. Raises `ContractError` where nobody can tell, with what is left."""
        source, told = self.source_of(url), error
        assumed: list[Problem] = []
        while len(assumed) < _MENDINGS:
            prefixed, blank = declared(data, str(error)), begun(data)
            second = prefixed or blank or (mended(data) if not assumed else None)
            if second is None:
                break
            data, words = second
            assumed.append(Problem(words, error.place if prefixed else Place(source, 1)))
            try:
                root = parse_document(data, source=source, limits=self._limits.xml, base_url=url)
            except XmlError as another:
                error = another
                told = another if blank else told
            else:
                return Document(url, root, source, tuple(assumed))
        raise ContractError(problems=told.problems) from None

    # --- the user's own words -------------------------------------------------------------------------------------

    def _mapped(self, key: str, target: str | Path | bytes) -> str:
        if isinstance(target, bytes):
            return self.give(target, key)
        if isinstance(target, str) and urlsplit(target).scheme in (*REMOTE, "file", "zip", "memory"):
            return target
        return url_of_path(Path(target))

    def _load_catalogs(self, url: str) -> dict[str, Catalog]:
        """The catalog and those that it names, each once."""
        found: dict[str, Catalog] = {}
        waiting = [url]
        while waiting:
            current = waiting.pop(0)
            if current not in found:
                data = self._bytes(current, NOWHERE, "an XML catalog")
                document = self._parsed(data, current)
                found[current] = read_catalog(document.root, current, join_urls, document.source)
                waiting.extend((*found[current].next, *(catalog for _, catalog in found[current].delegates)))
        return found
