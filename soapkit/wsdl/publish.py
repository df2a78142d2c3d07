"""A contract's documents -> the same documents as a server hands them out: its own address, imports by query.

GET /bank?wsdl       the first document, with the address of every SOAP port replaced
GET /bank?wsdl=1     the first WSDL document that it imports, directly or not
GET /bank?xsd=1      the first schema
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

from lxml.etree import _Element

from soapkit.wsdl.extensions import SOAP_VERSIONS
from soapkit.wsdl.model import Contract
from soapkit.wsdl.read11 import is_schema
from soapkit.xml.documents import Document
from soapkit.xml.names import WSDL11, WSDL20, clark, local_name, namespace_of
from soapkit.xml.serialise import serialise
from soapkit.xml.walk import tag_of

_LINKS = {
    (WSDL11, "import"): "location",
    (WSDL20, "import"): "location",
    (WSDL20, "include"): "location",
}
_SCHEMA_LINKS = ("import", "include", "redefine", "override")


def published(contract: Contract, address: str) -> dict[str, bytes]:
    """The documents of a contract by the query that asks for them: ``wsdl``, ``wsdl=1``, ``xsd=1``, ...

    `address`: where the service was reached; it takes the place of the address of every SOAP port, and imports become
    relative to it.

    >>> sorted(published(load_contract("wsdl/bank.wsdl"), "https://bank.example/soap"))
    ['wsdl', 'xsd=1']
    """
    base = address.partition("?")[0]
    documents = _linked(contract)
    queries: dict[str, str] = {}
    schemas = wsdls = 0
    for document in documents:
        if is_schema(document.root):
            schemas += 1
            queries[document.url] = f"xsd={schemas}"
        else:
            queries[document.url] = f"wsdl={wsdls}" if wsdls else "wsdl"
            wsdls += 1
    return {queries[document.url]: _rewritten(document, contract, queries, base) for document in documents}


def _linked(contract: Contract) -> tuple[Document, ...]:
    """The documents that the first one leads to, itself first."""
    by_url = {document.url: document for document in contract.documents}
    found: dict[str, Document] = {}
    waiting = [contract.definitions.documents[0].url]
    while waiting:
        url = waiting.pop(0)
        if url in by_url and url not in found:
            found[url] = by_url[url]
            waiting += [contract.links.get((url, location), "") for _, _, location in _links(found[url].root)]
    return tuple(found.values())


def _links(root: _Element) -> Iterator[tuple[_Element, str, str]]:
    """The elements that refer to other documents: element, attribute, location as written."""
    for element in root.iter("{*}import", "{*}include", "{*}redefine", "{*}override"):
        namespace, local = namespace_of(tag_of(element)), local_name(tag_of(element))
        attribute = _LINKS.get((namespace, local))
        if attribute is None and "XMLSchema" in namespace and local in _SCHEMA_LINKS:
            attribute = "schemaLocation"
        location = (element.get(attribute) or "").strip() if attribute is not None else ""
        if attribute is not None and location:
            yield element, attribute, location


def _rewritten(document: Document, contract: Contract, queries: dict[str, str], address: str) -> bytes:
    root = deepcopy(document.root)
    for element, attribute, location in _links(root):
        query = queries.get(contract.links.get((document.url, location), ""))
        if query is not None:
            element.set(attribute, f"{address}?{query}")
    for port in root.iter("{*}address"):
        if namespace_of(tag_of(port)) in SOAP_VERSIONS:
            port.set("location", address)
    for endpoint in root.iter(clark(WSDL20, "endpoint")):
        endpoint.set("address", address)
    return serialise(root, declaration=True)
