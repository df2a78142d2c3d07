"""What the tests of XML Schema share: a schema from text."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from soapkit.errors import Problems
from soapkit.xml.documents import Documents
from soapkit.xml.parse import parse_document
from soapkit.xsd.load import Source, load_schema
from soapkit.xsd.schema import Schema

HEAD = (
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:x" xmlns:o="urn:other" targetNamespace="urn:x"'
    ' elementFormDefault="qualified"'
)

SchemaOf = Callable[..., Schema]


def whole(text: str) -> str:
    """The children of a schema as a schema of ``urn:x``; a whole schema as it is."""
    return text if text.lstrip().startswith(("<xs:schema", "<?xml", "<schema")) else f"{HEAD}>{text}</xs:schema>"


def make_schema(text: str, *, strict: bool = False, **others: str) -> Schema:
    documents = Documents(mapping={f"{name}.xsd": whole(other).encode() for name, other in others.items()})
    url = documents.give(whole(text), "main.xsd")
    root = parse_document(whole(text).encode(), source="main.xsd")
    return load_schema([Source(root, url, "main.xsd")], documents, Problems(), strict=strict)


@pytest.fixture
def schema_of() -> SchemaOf:
    """``schema_of(text, strict=False, other=text of other.xsd)``: text may be the children of the schema alone."""
    return make_schema


@pytest.fixture
def whole_text() -> Callable[[str], str]:
    """The text of a whole schema from that of its children."""
    return whole
