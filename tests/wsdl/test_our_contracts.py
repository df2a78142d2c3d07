"""The contracts in ``wsdl/`` are valid by the judgement of others, and the README names each."""

from __future__ import annotations

from pathlib import Path

import docutils.core
import pytest
import zeep
from lxml import etree

from soapkit.wsdl.load import load_contract

WSDL = Path(__file__).resolve().parent.parent.parent / "wsdl"
OURS = ("bank.wsdl", "bare.wsdl", "rpc-literal.wsdl", "headers.wsdl", "faults.wsdl", "split/shop.wsdl")
SCHEMA = "{http://www.w3.org/2001/XMLSchema}schema"


# That of rpc-encoded.wsdl imports the schema of SOAP encoding, which libxml2 does not bring along.
ALONE = sorted(path for path in WSDL.rglob("*.wsdl") if path.name != "rpc-encoded.wsdl")


@pytest.mark.parametrize("path", ALONE, ids=lambda path: path.name)
def test_libxml2_takes_the_types(path: Path) -> None:
    for schema in etree.parse(path).iter(SCHEMA):
        alone = etree.fromstring(etree.tostring(schema), base_url=str(path))
        etree.XMLSchema(etree.ElementTree(alone))


@pytest.mark.parametrize("name", OURS)
def test_zeep_finds_the_same_operations(name: str) -> None:
    theirs = zeep.Client(str(WSDL / name)).wsdl
    (ours,) = load_contract(WSDL / name).services
    (service,) = theirs.services.values()
    assert service.name == ours.name
    for port in service.ports.values():
        assert sorted(port.binding._operations) == sorted(operation.name for operation in ours.operations)


def test_the_readme_names_each_contract_and_renders() -> None:
    text = (WSDL / "README.rst").read_text()
    docutils.core.publish_doctree(text, settings_overrides={"halt_level": 2, "report_level": 2})
    for path in [*WSDL.glob("*.wsdl"), *WSDL.glob("*.xsd"), WSDL / "split" / "shop.wsdl"]:
        assert path.name in text
