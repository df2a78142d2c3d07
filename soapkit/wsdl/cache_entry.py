"""What the cache keeps of a contract: where its components stand in its documents, as plain values."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from soapkit.version import __version__
from soapkit.xml.documents import digest_of

WORTH = 64 * 1024
"""Bytes of documents from which on an entry is worth its while: smaller contracts are read in a few milliseconds."""

_FORMAT = 1


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


PACK = msgspec.msgpack.Encoder().encode
UNPACK = msgspec.msgpack.Decoder(Entry).decode


def key_of(url: str, data: bytes) -> str:
    """The key of the contract whose first document has these bytes at this URL."""
    return sha256(f"{_FORMAT} {__version__} {url} {digest_of(data)}".encode()).hexdigest()


def fingerprint_of(documents: list[tuple[str, str]], links: list[tuple[str, str, str]]) -> str:
    """What tells a contract from others: its documents (URL, digest), and how they refer to each other."""
    return sha256(repr((sorted(documents), sorted(links))).encode()).hexdigest()
