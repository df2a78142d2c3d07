"""load_contract(): a contract, of any version of WSDL, from anywhere.

documents -> Definitions -> Schema -> Shapes -> Services -> Contract
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache as cache_call
from pathlib import Path

from soapkit.errors import ContractError, Place, Problems
from soapkit.wsdl.cache_entry import WORTH, fingerprint_of, key_of
from soapkit.wsdl.cache_read import contract_from
from soapkit.wsdl.cache_write import entry_of
from soapkit.wsdl.model import Contract, Definitions, Sources, Told
from soapkit.wsdl.operations import services_of
from soapkit.wsdl.page import is_schema
from soapkit.wsdl.read11 import DEFINITIONS, read_wsdl11
from soapkit.wsdl.read20 import DESCRIPTIONS, read_wsdl20
from soapkit.wsdl.shapes import ContractShapes
from soapkit.wsdl.store import Store, folder
from soapkit.xml.documents import Document, Documents, digest_of
from soapkit.xml.names import WSDL11, clark, local_name
from soapkit.xml.walk import children, tag_of
from soapkit.xsd.load import Source, load_schema
from soapkit.xsd.shapes import SchemaShapes

READERS: dict[str, Callable[..., Definitions]] = {DEFINITIONS: read_wsdl11, **dict.fromkeys(DESCRIPTIONS, read_wsdl20)}
"""What reads a document, by the Clark name of its root element."""


def load_contract(
    source: str | Path | bytes,
    *,
    documents: Documents | None = None,
    strict: bool = False,
    usable: bool = True,
    cache: bool = True,
) -> Contract:
    """Read a contract.

    `source`: a path, an ``http(s):`` URL, a zip archive, or the bytes of a WSDL document. `documents`: where to find
    what it imports, and how to read URLs. `strict`: a rule that the contract breaks is an error. `usable` False: a
    contract is returned even if none of its operations can be used. `cache`: a large contract that was read before, and
    whose documents have not changed since, is taken from the cache on disk (`soapkit.wsdl.store`), where
    ``SOAPKIT_CACHE`` allows it.

    Raises `ContractError` when the source is not a contract, and when it has operations and none can be used; all that
    is wrong is told together. What costs single operations only stands in `Contract.problems`.

    >>> load_contract("wsdl/bank.wsdl").service().operation("transfer").unwrap
    'receipt'
    """
    documents = documents if documents is not None else Documents()
    url = documents.locate(source)
    kept = folder() if cache and usable and not strict else None
    if kept is not None and (found := _from_cache(url, documents, Store(kept))) is not None:
        return found
    read = _read(url, documents)
    contract = read.contract
    if usable and not any(service.operations for service in contract.services) and contract.told.problems.found:
        # an import that could not be read is a warning, and here the cause: it is told first
        told = contract.told
        Problems([*dict.fromkeys((*told.warnings.found, *told.problems.found))]).raise_as(ContractError)
    if strict:
        contract.schema.read_everything()
        Problems([*contract.problems, *contract.warnings]).raise_as(ContractError)
    if kept is not None and sum(map(len, documents.held.values())) >= WORTH:
        entry = entry_of(contract, documents, read.before)
        if entry is not None:
            Store(kept).put(key_of(url, documents.data(url)), entry)
    documents.release()
    return contract


def _from_cache(url: str, documents: Documents, store: Store) -> Contract | None:
    if documents.entries(url):
        return None
    data = documents.data(url, expected="a WSDL document")
    if len(data) < WORTH and not _imports(data):
        return None
    entry = store.get(key_of(url, data))
    whole = cache_call(lambda: _read(url, documents).contract)
    return None if entry is None else contract_from(entry, documents, whole)


def _imports(data: bytes) -> bool:
    """Whether a small document may lead to large ones."""
    return b"import" in data or b"include" in data


@dataclass(frozen=True, slots=True)
class _Read:
    """A contract, and what was told until its operations were looked at."""

    contract: Contract
    before: Told


def _read(url: str, documents: Documents) -> _Read:
    first = _first_document(documents, url)
    told = Told()
    definitions = _reader(first)(first, documents, warnings=told.warnings, problems=told.problems)
    schema = load_schema(
        [Source(found.element, found.document.url, found.document.source) for found in definitions.schemas],
        documents,
        told.warnings,
    )
    before = Told(Problems([*told.warnings.found, *documents.warnings]), Problems([*told.problems.found]))
    shapes = ContractShapes(SchemaShapes(schema))
    services = services_of(definitions, shapes, told)
    _check_filled(first)
    told.warnings.found += documents.warnings
    digests = {document.url: document.digest for document in documents.documents}
    read = [(url, digests.get(url) or digest_of(data)) for url, data in documents.held.items()]
    links = [(base, written, found) for (base, written), found in documents.links.items()]
    contract = Contract(
        source=first.source,
        target_namespace=definitions.target_namespace,
        documentation=definitions.documentation,
        services=services,
        shapes=shapes,
        outline=definitions,
        told=told,
        fingerprint=fingerprint_of(read, links),
        _sources=Sources(definitions, schema, documents.documents, dict(documents.links)),
    )
    return _Read(contract, before)


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
