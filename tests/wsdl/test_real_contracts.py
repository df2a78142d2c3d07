"""Contracts of the kinds that people meet: each loads, with every operation that its ports declare."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from soapkit.xml.documents import Documents


def load(corpus: Path, path: str, *, usable: bool = True) -> Contract:
    urls = json.loads((corpus / "_common" / "urlmap.json").read_text())
    mapping = {url: corpus / "_common" / file for url, file in urls.items()}
    return load_contract(corpus / path, documents=Documents(mapping=mapping), usable=usable)


# Where it is; how many operations its SOAP ports declare; two of them, with their signatures in brief.
KINDS = {
    "a Java one (CXF)": ("juddi--juddi-api-flattened/juddi-api-flattened.wsdl", 10, ("get_publisherDetail",)),
    "a WCF one": ("PackageGenerator--MyBoardPack/MyBoardPack.wsdl", 128, ()),
    "a WCF one, split into parts": ("PackageGenerator--Service1/Service1.wsdl", 2, ("order", "offer")),
    "an asmx one": ("sharepoint-wsdl--Lists.asmx/Lists.asmx.xml", 28, ("GetListItems", "UpdateListItems")),
    "Salesforce partner": ("KDSoap--salesforce-partner/salesforce-partner.wsdl", 32, ("login", "query", "upsert")),
    "ONVIF device": ("python-onvif-zeep--deviceio/devicemgmt.wsdl", 82, ("GetDeviceInformation", "SetHostname")),
    "Exchange": ("PackageGenerator--ews.services/services.wsdl", 101, ("FindItem", "GetItem")),
    "VIES": ("savon--vies/vies.xml", 2, ("checkVat", "checkVatApprox")),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_contract_of_this_kind_loads_whole(corpus: Path, kind: str) -> None:
    path, count, some = KINDS[kind]
    contract = load(corpus, path)
    assert contract.problems == ()
    (service,) = contract.services
    names = [operation.name for operation in service.operations]
    assert len(names) == count
    assert set(some) <= set(names)


def test_vies_is_told_as_it_is_called(corpus: Path) -> None:
    contract = load(corpus, "savon--vies/vies.xml")
    check = contract.operation("checkVat")
    assert check.request.style == "wrapped"
    assert [field.name for field in contract.shapes[check.request.record].fields] == ["countryCode", "vatNumber"]
    assert check.unwrap is None


def test_salesforce_has_its_session_header(corpus: Path) -> None:
    query = load(corpus, "KDSoap--salesforce-partner/salesforce-partner.wsdl").operation("query")
    assert "SessionHeader" in [header.name for header in query.request.headers]
    assert "MalformedQueryFault" in [fault.name for fault in query.faults]


def test_every_operation_of_a_sample_of_the_corpus_is_present_or_told(corpus: Path) -> None:
    rows = (line.split("\t") for line in (corpus / "INDEX.tsv").read_text().splitlines()[1:])
    usable = [row[0] for row in rows if row[7] == "yes" and row[13] == "yes"]
    silent: list[str] = []
    for path in usable[::40]:
        silent += [f"{path}: {name}" for name in _silent(load(corpus, path, usable=False))]
    assert silent == []


def _silent(contract: Contract) -> list[str]:
    """The operations that a SOAP port declares, and that are neither offered nor told."""
    definitions = contract.definitions
    offered = {(service.port_type, operation.name) for service in contract.services for operation in service.operations}
    told = [problem.message for problem in (*contract.problems, *contract.notes)]
    bindings = [
        definitions.bindings[port.binding]
        for service in definitions.services.values()
        for port in service.ports
        if port.binding in definitions.bindings
    ]
    return [
        operation.name
        for binding in bindings
        if binding.protocol == "soap"
        for operation in binding.operations
        if (binding.port_type, operation.name) not in offered
        and not any(f"operation {operation.name} " in message for message in told)
    ]
