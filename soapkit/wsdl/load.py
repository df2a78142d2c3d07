"""load_contract(): a contract, of any version of WSDL, from anywhere.

documents -> Definitions -> Schema -> Shapes -> Services -> Contract
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from soapkit.errors import ContractError, Place, Problems
from soapkit.wsdl.model import Contract, Definitions, Told
from soapkit.wsdl.operations import services_of
from soapkit.wsdl.page import is_schema
from soapkit.wsdl.read11 import DEFINITIONS, read_wsdl11
from soapkit.wsdl.read20 import DESCRIPTIONS, read_wsdl20
from soapkit.wsdl.shapes import ContractShapes
from soapkit.xml.documents import Document, Documents
from soapkit.xml.names import WSDL11, clark, local_name
from soapkit.xml.walk import children, tag_of
from soapkit.xsd.load import Source, load_schema
from soapkit.xsd.shapes import SchemaShapes

READERS: dict[str, Callable[..., Definitions]] = {DEFINITIONS: read_wsdl11, **dict.fromkeys(DESCRIPTIONS, read_wsdl20)}
"""What reads a document, by the Clark name of its root element."""


def load_contract(
    source: str | Path | bytes, *, documents: Documents | None = None, strict: bool = False, usable: bool = True
) -> Contract:
    """Read a contract.

    `source`: a path, an ``http(s):`` URL, a zip archive, or the bytes of a WSDL document. `documents`: where to find
    what it imports, and how to read URLs. `strict`: a rule that the contract breaks is an error. `usable` False: a
    contract is returned even if none of its operations can be used.

    Raises `ContractError` when the source is not a contract, and when it has operations and none can be used; all that
    is wrong is told together. What costs single operations only stands in `Contract.problems`.

    >>> load_contract("wsdl/bank.wsdl").service().operation("transfer").unwrap
    'receipt'
    """
    documents = documents if documents is not None else Documents()
    first = _first_document(documents, documents.locate(source))
    told = Told()
    definitions = _reader(first)(first, documents, warnings=told.warnings, problems=told.problems)
    schema = load_schema(
        [Source(found.element, found.document.url, found.document.source) for found in definitions.schemas],
        documents,
        told.warnings,
    )
    shapes = ContractShapes(SchemaShapes(schema))
    services = services_of(definitions, shapes, told)
    _check_filled(first)
    told.warnings.found += documents.warnings
    if usable and not any(service.operations for service in services) and told.problems.found:
        # an import that could not be read is a warning, and here the cause: it is told first
        Problems([*dict.fromkeys((*told.warnings.found, *told.problems.found))]).raise_as(ContractError)
    contract = Contract(
        source=first.source,
        definitions=definitions,
        schema=schema,
        shapes=shapes,
        services=services,
        documents=documents.documents,
        links=dict(documents.links),
        told=told,
    )
    if strict:
        schema.read_everything()
        Problems([*contract.problems, *contract.warnings]).raise_as(ContractError)
    return contract


def _first_document(documents: Documents, url: str) -> Document:
    """The document at a URL; of an archive, the one WSDL in it that no other imports."""
    entries = documents.entries(url)
    if not entries:
        return documents.read(url, expected="a WSDL document")
    found = [documents.read(entry) for entry in entries if entry.lower().endswith(".wsdl")]
    imported = {
        documents.resolve(element.get("location", ""), document.url)
        for document in found
        for element in children(document.root, clark(WSDL11, "import"))
    }
    first = [document for document in found if document.url not in imported]
    if len(first) == 1:
        return first[0]
    names = ", ".join(document.source for document in first or found) or "none"
    raise ContractError(
        f"expected an archive with one WSDL document that no other imports; found {names}. Name one as "
        f"zip:{url}!/name.wsdl",
        place=Place(documents.source_of(url)),
    )


def _reader(first: Document) -> Callable[..., Definitions]:
    root, tag = first.root, tag_of(first.root)
    if tag in READERS:
        return READERS[tag]
    if is_schema(root):
        reason = "this is a schema, which has no operations; a contract is the WSDL that uses it"
    elif local_name(tag).lower() == "html":
        reason = "this is an HTML page; the WSDL is often found by ?wsdl at the end of the address"
    elif local_name(tag) in ("definitions", "description"):
        reason = f"its namespace is that of no known version of WSDL; found {tag}"
    else:
        reason = f"found element {tag}"
    raise ContractError(
        f"expected a WSDL document, element {DEFINITIONS}; {reason}", place=Place(first.source, root.sourceline)
    )


def _check_filled(first: Document) -> None:
    """Raise `ContractError` for a document without any definition."""
    if not any(local_name(tag_of(element)) != "documentation" for element in children(first.root)):
        raise ContractError(
            "the document defines nothing; expected messages, a port type, a binding and a service",
            place=Place(first.source, first.root.sourceline),
        )
