"""Real schemas: all types become Shapes, and libxml2 compiles what is written of them, whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from soapkit.errors import Problems
from soapkit.xml.documents import Documents
from soapkit.xml.names import WSDL11
from soapkit.xml.parse import parse_message
from soapkit.xsd.load import Source, load_schema
from soapkit.xsd.schema import Schema
from soapkit.xsd.shapes import SchemaShapes
from soapkit.xsd.validate import validator_for

CONTRACTS = [
    ("PackageGenerator--ews.services/services.wsdl", 1200),  # Exchange
    ("KDSoap--salesforce-partner/salesforce-partner.wsdl", 50),
    ("onvif-specs--analytics/ver10/device/wsdl/devicemgmt.wsdl", 700),  # wildcards after optional elements
    ("gsoap--examples/examples.derived.wsdl", 400),  # W3C databinding patterns
    ("ms-interop--MS-LISTSWS/MS-LISTSWS.wsdl", 100),  # extensions of xs:all
    ("vsphere-web-service-spring-server--vim/vim.wsdl", 4000),
    ("cxf--ws-trust-1.4-service/ws-trust-1.4-service.wsdl", 30),
    ("ipf--ch-ppq-1/wsdl/ch-ppq-1.wsdl", 100),  # SAML, XACML: substitution groups
    ("wsdl-to-postman--loopRefGroupA-B-C-A/loopRefGroupA-B-C-A.wsdl", 1),  # groups in a circle
    ("php-soap-wsdl--duplicate-typenames/redefine-xsd.wsdl", 1),
    ("axis1--ArrayTest/ArrayTest.wsdl", 1),  # XML Schema of 1999
]


def schemas_of(path: Path, documents: Documents) -> Iterator[Source]:
    """The schemas inside a WSDL and the WSDLs it imports."""
    waiting, seen = [documents.locate(path)], set()
    while waiting:
        url = waiting.pop(0)
        if url in seen:
            continue
        seen.add(url)
        document = documents.read(url)
        for types in document.root.iter(f"{{{WSDL11}}}types"):
            yield from (Source(child, url, document.source) for child in types if str(child.tag).endswith("}schema"))
        imports = document.root.iter(f"{{{WSDL11}}}import")
        waiting += [documents.resolve(each.get("location", ""), url) for each in imports]


def schema_at(corpus: Path, path: str) -> Schema:
    common = corpus / "_common"
    known = json.loads((common / "urlmap.json").read_text(encoding="utf-8"))
    documents = Documents(mapping={url: common / file for url, file in known.items()})
    return load_schema(list(schemas_of(corpus / path, documents)), documents, Problems())


@pytest.mark.parametrize(("path", "records"), CONTRACTS, ids=[path for path, _ in CONTRACTS])
def test_all_of_a_contract_can_be_used(path: str, records: int, corpus: Path) -> None:
    schema = schema_at(corpus, path)
    shapes = SchemaShapes(schema)
    assert len(shapes) >= records
    assert not shapes._failed
    compiled = validator_for(schema).compile(
        frozenset(
            {("element", name) for name in schema.names("element")} | {("type", name) for name in schema.names("type")}
        )
    )
    assert compiled.normalised.gaps == ()


def test_a_message_of_a_contract_that_is_slow_to_compile_is_checked_by_what_it_needs_of_it(corpus: Path) -> None:
    validator = validator_for(schema_at(corpus, "Salesforce-Data-Management-Tool--enterprise/enterprise.wsdl"))

    def told(fields: str) -> list[str]:
        text = (
            '<create xmlns="urn:enterprise.soap.sforce.com" xmlns:s="urn:sobject.enterprise.soap.sforce.com" '
            'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><sObjects xsi:type="s:Account">'
            f'<s:Id xsi:nil="true"/>{fields}</sObjects></create>'
        )
        return [str(problem) for problem in validator.problems(parse_message(text.encode()))]

    assert told("<s:Name>A</s:Name>") == []
    assert "Nmae is not expected here" in told("<s:Nmae>A</s:Nmae>")[0]
    assert "is not a valid value" in told("<s:NumberOfEmployees>x</s:NumberOfEmployees>")[0]
    assert "AccountNumber is not expected here" in told("<s:Name>A</s:Name><s:AccountNumber>1</s:AccountNumber>")[0]
    # all of it takes libxml2 15 seconds
    assert all(compiled.tags is not None for kept in validator._compiled.values() for compiled in kept)


def test_recorded_messages_are_valid_where_they_are(corpus: Path) -> None:
    validator = validator_for(schema_at(corpus, "gsoap--examples/examples.derived.wsdl"))
    folder = corpus / "gsoap--examples" / "messages.d"
    told = {}
    for file in sorted(folder.glob("*-soap11.xml")):
        body = next(each for each in parse_message(file.read_bytes()) if str(each.tag).endswith("}Body"))
        told[file.name] = [problem for element in body for problem in validator.problems(element)]
    assert len(told) > 500
    assert sum(not problems for problems in told.values()) / len(told) > 0.94  # the others break their own schema
