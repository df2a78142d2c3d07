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
import posixpath
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from lxml.etree import _Element

from soapkit.errors import NOWHERE, ContractError, LimitError, Place, Problem, SoapkitError, XmlError
from soapkit.xml.catalog import Catalog, read_catalog
from soapkit.xml.parse import DEFAULT_LIMITS, XmlLimits, parse_document

Fetch = Callable[[str], bytes]
"""Reads an http(s) URL: with the user's own transport, its TLS settings and passwords."""

_REMOTE = ("http", "https")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_DECLARED_ENCODING = re.compile(rb"""^(<\?xml[^>]*?)\s+encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_ENCODING_BY_START = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


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
    URL); `root`: its root element; `warnings`: what was wrong and tolerated.
    """

    url: str
    root: _Element
    source: str
    warnings: tuple[Problem, ...] = ()

    def place(self, element: _Element) -> Place:
        """Where an element of this document stands."""
        return Place(self.source, element.sourceline)


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
        self._size = 0
        self._mapping = {key: self._mapped(key, target) for key, target in (mapping or {}).items()}
        self._logical = {url: key for key, url in self._mapping.items() if urlsplit(key).scheme in _REMOTE}
        self._catalogs = self._load_catalogs(url_of_path(Path(catalog))) if catalog is not None else ()

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
        url = name if urlsplit(name).scheme in _REMOTE else f"memory:/{name}"
        # text has no encoding any more, whatever its declaration says
        self._given[url] = _DECLARED_ENCODING.sub(rb"\1", data.encode()) if isinstance(data, str) else data
        return url

    def locate(self, source: str | Path | bytes) -> str:
        """The URL of what a user names: a path, a URL, or the bytes themselves. A string that starts with ``<`` is XML.

        Raises `ContractError` when there is no such file.
        """
        if isinstance(source, bytes) or (isinstance(source, str) and source.lstrip("\ufeff \t\r\n").startswith("<")):
            return self.give(source)
        if isinstance(source, str) and source in self._mapping:
            return self._mapping[source]
        if isinstance(source, str) and urlsplit(source).scheme in (*_REMOTE, "file", "zip", "memory"):
            return urldefrag(source).url
        path = Path(source)
        if not path.exists():
            raise ContractError(f"no such file: {path}")
        if path.is_dir():
            raise ContractError(f"expected a file, found a folder: {path}")
        return url_of_path(path)

    def resolve(self, location: str, base: str, *, place: Place = NOWHERE, namespace: str = "") -> str:
        """The URL that `location`, written in the document at `base`, leads to. Nothing is read yet.

        `place`: of the importing element; `namespace`: the one it imports, which the mapping may name too. Raises
        `ContractError` when the document at `base` may not refer to that URL.
        """
        written = location.strip()
        url = urldefrag(join_urls(written, base)).url
        # what stands for a URL may refer to its neighbours there
        logical = urldefrag(join_urls(written, self._logical[base])).url if base in self._logical else ""
        for key in (written, url, logical, namespace):
            found = self._looked_up(key) if key else None
            if found is not None:
                return self._links.setdefault((base, written), found)
        if _is_downgrade(url, base):
            # what a server writes that does not know of the proxy in front of it
            secure = urlsplit(url)._replace(scheme="https", netloc=urlsplit(base).netloc).geturl()
            self._warnings.append(Problem(f"{url} leads from https back to http; {secure} was read", place))
            url = secure
        self._check_allowed(url, base, place)
        return self._links.setdefault((base, written), url)

    def _looked_up(self, key: str) -> str | None:
        if key in self._mapping:
            return self._mapping[key]
        return next((url for catalog in self._catalogs if (url := catalog.lookup(key)) is not None), None)

    def _check_allowed(self, url: str, base: str, place: Place) -> None:
        to, origin = urlsplit(url).scheme, urlsplit(base).scheme
        if to == "file" and origin != "file":
            raise ContractError(
                f"a document from elsewhere may not make us read the local file {url!r}; "
                "expected a location at its own origin, or a mapping or catalog entry for this one",
                place=place,
            )
        if to in _REMOTE and not self._allow_remote and not _same_origin(url, base):
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
            if len(self._read) >= self._limits.documents:
                raise ContractError(
                    f"more than {self._limits.documents:,} documents; the contract imports without end, or the limit "
                    "must be raised (DocumentLimits)",
                    place=place,
                )
            data = self._bytes(url, place, expected)
            self._size += len(data)
            if self._size > self._limits.bytes:
                raise ContractError(
                    f"the documents have more than {self._limits.bytes:,} bytes together; expected a smaller contract, "
                    "or a higher limit (DocumentLimits)",
                    place=place,
                )
            self._read[url] = self._parsed(data, url)
        return self._read[url]

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
        if scheme in _REMOTE:
            return self._fetched(url, place, expected)
        if scheme == "memory":
            raise ContractError(
                f"expected {expected} at {self.source_of(url)!r}, but the contract was given as bytes, which have no "
                "folder; a mapping says where that document is",
                place=place,
            )
        raise ContractError(f"expected {expected} at a file or http(s) URL, found {url!r}", place=place)

    def _bytes_of_file(self, path: Path, place: Place, expected: str) -> bytes:
        found = next((candidate for candidate in _spellings(path) if candidate.is_file()), None)
        if found is None:
            raise ContractError(f"expected {expected} at {path}; there is no such file", place=place)
        size = found.stat().st_size
        if size > self._limits.xml.bytes:
            raise self._too_large(str(found), size, place)
        try:
            return found.read_bytes()
        except OSError as error:
            raise ContractError(f"expected {expected} at {found}; {error.strerror}", place=place) from None

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
            mended = _mended(data)
            if mended is None:
                raise ContractError(problems=error.problems) from None
            text, assumed = mended
            try:
                root = parse_document(text, source=source, limits=self._limits.xml, base_url=url)
            except XmlError:
                raise ContractError(problems=error.problems) from None
            return Document(url, root, source, (Problem(assumed, Place(source, 1)),))

    # --- the user's own words -------------------------------------------------------------------------------------

    def _mapped(self, key: str, target: str | Path | bytes) -> str:
        if isinstance(target, bytes):
            return self.give(target, key)
        if isinstance(target, str) and urlsplit(target).scheme in (*_REMOTE, "file", "zip", "memory"):
            return target
        return url_of_path(Path(target))

    def _load_catalogs(self, url: str) -> tuple[Catalog, ...]:
        """The catalog and those that it names as next, each once."""
        found: dict[str, Catalog] = {}
        waiting = [url]
        while waiting:
            current = waiting.pop(0)
            if current not in found:
                data = self._bytes(current, NOWHERE, "an XML catalog")
                document = self._parsed(data, current)
                found[current] = read_catalog(document.root, current, join_urls, document.source)
                waiting.extend(found[current].next)
        return tuple(found.values())


# --- URLs and paths -----------------------------------------------------------------------------------------------


def url_of_path(path: Path) -> str:
    """The ``file:`` URL of a path."""
    return path.absolute().as_uri()


def path_of_url(url: str) -> Path:
    """The path of a ``file:`` URL."""
    path = unquote(urlsplit(url).path)
    return Path(path[1:] if re.match(r"/[A-Za-z]:", path) else path)  # file:///C:/x on Windows


def join_urls(location: str, base: str) -> str:
    """`location`, as written in the document at `base`, as a URL.

    >>> join_urls("../a.xsd", "zip:file:///x.zip!/wsdl/b.wsdl")
    'zip:file:///x.zip!/a.xsd'
    """
    # Windows tools write backslashes, which no URL may hold
    location = location.replace("\\", "/")
    if urlsplit(base).scheme in ("zip", "memory") and not urlsplit(location).scheme:
        container, inside, folder = base.rpartition("!/") if "!/" in base else base.partition("memory:/")
        joined = posixpath.normpath(posixpath.join("/", posixpath.dirname(folder), location)).lstrip("/")
        return f"{container}{inside}{joined}" if location else base
    if re.match(r"[A-Za-z]:/", location):  # a path with a drive is not a URL of scheme c
        return "file:///" + location
    return urljoin(base, location)


def _same_origin(url: str, base: str) -> bool:
    """The same host and port; from http to https is no step to elsewhere, the other way it is."""
    to, origin = urlsplit(url), urlsplit(base)
    if (to.hostname or "") != (origin.hostname or ""):
        return False
    if to.scheme == origin.scheme:
        return _port(url) == _port(base)
    return (to.scheme, origin.scheme) == ("https", "http") and to.port is None and origin.port is None


def _is_downgrade(url: str, base: str) -> bool:
    """Whether a document read over https refers to its own host over plain http."""
    to, origin = urlsplit(url), urlsplit(base)
    return (to.scheme, origin.scheme) == ("http", "https") and to.hostname == origin.hostname and _port(url) == 80


def _port(url: str) -> int | None:
    parts = urlsplit(url)
    return parts.port or _DEFAULT_PORTS.get(parts.scheme)


def _spellings(path: Path) -> list[Path]:
    """The path, and what a sloppy contract may have meant by it: doubly quoted, or of other case (from Windows)."""
    candidates = [path, Path(unquote(str(path)))]
    if not path.exists() and path.parent.is_dir():
        candidates += [sibling for sibling in path.parent.iterdir() if sibling.name.lower() == path.name.lower()]
    return candidates


# --- encodings ----------------------------------------------------------------------------------------------------


def _mended(data: bytes) -> tuple[bytes, str] | None:
    """Bytes whose declared encoding is not the true one, as UTF-8 without a declaration of it; and what was assumed.

    None where there is nothing to mend.
    """
    stripped = data.lstrip()
    if stripped != data and stripped.startswith(b"<?xml"):
        return stripped, "white space stands before the XML declaration; it was ignored (XML 1.0, 2.8)"
    declared = _DECLARED_ENCODING.match(data.removeprefix(b"\xef\xbb\xbf"))
    named = declared.group(2).decode() if declared else "UTF-8"
    for encoding in (*(code for start, code in _ENCODING_BY_START if data.startswith(start)), "utf-8", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        body = _DECLARED_ENCODING.sub(rb"\1", text.encode("utf-8"))
        name = "windows-1252" if encoding == "cp1252" else encoding.removesuffix("-sig")
        return body, f"the encoding is said to be {named} and is not; {name} was assumed (XML 1.0, 4.3.3)"
    return None
