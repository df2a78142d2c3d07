"""A contract's documents -> the same documents as a server hands them out: its own address, imports by query.

GET /bank?wsdl       the first document, with the address of every SOAP port replaced
GET /bank?wsdl=1     the first WSDL document that it imports, directly or not
GET /bank?xsd=1      the first schema

All of it in one document: `soapkit.wsdl.single`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import partial

from lxml.etree import _Element

from soapkit.errors import Problem
from soapkit.wsdl.extensions import SOAP_VERSIONS
from soapkit.wsdl.model import Contract
from soapkit.wsdl.page import is_schema
from soapkit.xml.documents import Document
from soapkit.xml.names import WSDL11, WSDL20, clark, local_name, namespace_of
from soapkit.xml.serialise import serialise
from soapkit.xml.walk import tag_of
from soapkit.xsd.known import is_known_namespace

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

    >>> from soapkit.wsdl.load import load_contract
    >>> sorted(published(load_contract("wsdl/bank.wsdl"), "https://bank.example/soap"))
    ['wsdl', 'xsd=1']
    """
    return {query: made() for query, made in publishers(contract, address).items()}


def publishers(contract: Contract, address: str) -> dict[str, Callable[[], bytes]]:
    """What makes each of the documents that `published` gives, by the query that asks for it."""
    base = address.partition("?")[0]
    queries = queries_of(contract)
    targets = {url: f"{base}?{query}" for url, query in queries.items()}
    documents = reachable(contract)
    return {queries[document.url]: partial(_rewritten, document, contract, targets, base) for document in documents}


def queries_of(contract: Contract) -> dict[str, str]:
    """The query that asks for each document of a contract, by its URL."""
    queries: dict[str, str] = {}
    schemas = wsdls = 0
    for document in reachable(contract):
        if is_schema(document.root):
            schemas += 1
            queries[document.url] = f"xsd={schemas}"
        else:
            queries[document.url] = f"wsdl={wsdls}" if wsdls else "wsdl"
            wsdls += 1
    return queries


def bundled(contract: Contract) -> dict[str, bytes]:
    """The documents of a contract by file name, the first one first, their imports relative to one folder.

    What a generated package carries, and what a build needs to read a contract without a network.

    >>> from soapkit.wsdl.load import load_contract
    >>> list(bundled(load_contract("wsdl/bank.wsdl")))
    ['bank.wsdl', 'bank.xsd']
    """
    names = bundle_names(contract)
    return {names[document.url]: _rewritten(document, contract, names, None) for document in reachable(contract)}


def bundle_names(contract: Contract) -> dict[str, str]:
    """The file names that `bundled` gives, by the URL of the document, the first one first."""
    names: dict[str, str] = {}
    for document in reachable(contract):
        name = _file_name(document)
        stem, _, suffix = name.rpartition(".")
        taken = {known.lower() for known in names.values()}
        number = 2
        while name.lower() in taken:
            name = f"{stem}-{number}.{suffix}"
            number += 1
        names[document.url] = name
    return names


def unread_links(contract: Contract) -> tuple[Problem, ...]:
    """The documents that a contract refers to and that could not be read, each at the element that refers to it.

    The schemas that soapkit knows by itself are not missed.
    """
    by_url = {document.url for document in contract.documents}
    return tuple(
        Problem(f"it refers to {location}, which could not be read", document.place(element))
        for document in reachable(contract)
        for element, _, location in links_of(document.root)
        if contract.links.get((document.url, location)) not in by_url
        and not is_known_namespace(element.get("namespace") or "")
    )


def _file_name(document: Document) -> str:
    """A plain file name for a document, from its URL; a stranger's path never leads out of the folder."""
    path, _, query = document.url.partition("?")
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", path.rpartition("/")[2].rpartition(".")[0] or path.rpartition("/")[2])
    number = re.sub(r"[^A-Za-z0-9]+", "-", query)
    suffix = "xsd" if is_schema(document.root) else "wsdl"
    return f"{(stem + (f'-{number}' if number else '')).strip('-') or 'contract'}.{suffix}"


def reachable(contract: Contract) -> tuple[Document, ...]:
    """The documents of a contract that the first one leads to, itself first."""
    by_url = {document.url: document for document in contract.documents}
    found: dict[str, Document] = {}
    waiting = [contract.definitions.documents[0].url]
    while waiting:
        url = waiting.pop(0)
        if url in by_url and url not in found:
            found[url] = by_url[url]
            waiting += [contract.links.get((url, location), "") for _, _, location in links_of(found[url].root)]
    return tuple(found.values())


def links_of(root: _Element) -> Iterator[tuple[_Element, str, str]]:
    """The elements that refer to other documents: element, attribute, location as written."""
    for element in root.iter("{*}import", "{*}include", "{*}redefine", "{*}override"):
        namespace, local = namespace_of(tag_of(element)), local_name(tag_of(element))
        attribute = _LINKS.get((namespace, local))
        if attribute is None and "XMLSchema" in namespace and local in _SCHEMA_LINKS:
            attribute = "schemaLocation"
        location = (element.get(attribute) or "").strip() if attribute is not None else ""
        if attribute is not None and location:
            yield element, attribute, location


def _rewritten(document: Document, contract: Contract, targets: Mapping[str, str], address: str | None) -> bytes:
    """A document with its links led to `targets` (by URL), and its ports to `address`, if one is given."""
    root = deepcopy(document.root)
    for element, attribute, location in links_of(root):
        target = targets.get(contract.links.get((document.url, location), ""))
        if target is not None:
            element.set(attribute, target)
    if address is not None:
        set_address(root, address)
    return serialise(root, declaration=True)


def set_address(root: _Element, address: str) -> None:
    """Lead every SOAP port of a WSDL document to an address."""
    for port in root.iter("{*}address"):
        if namespace_of(tag_of(port)) in SOAP_VERSIONS:
            port.set("location", address)
    for endpoint in root.iter(clark(WSDL20, "endpoint")):
        endpoint.set("address", address)
