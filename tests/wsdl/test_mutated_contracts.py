"""However a contract is broken, it is read or told: no other error comes out."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from soapkit.cli.inspection import describe
from soapkit.errors import SoapkitError
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.publish import published
from soapkit.wsdl.write11 import write_wsdl
from soapkit.xml.documents import Documents

WSDL = Path(__file__).resolve().parent.parent.parent / "wsdl"
OURS = ("bank.wsdl", "bare.wsdl", "rpc-literal.wsdl", "headers.wsdl", "faults.wsdl")
TEXTS = ("", " ", "x", "nope:thing", "-1", "99999999999999", "##any", "${x}/y", "a b", "unbounded", "é:ü", "y" * 5000)
PLACES = ("http://x y", "http://[x", "http://x:port/", "file:///etc/passwd", "zip:file:///x!/y", "a%00b", "..", "#")


def mutate(root: etree._Element, chance: random.Random) -> None:
    """Break one thing."""
    elements = list(root.iter(etree.Element))
    element, other = chance.choice(elements), chance.choice(elements)
    names = sorted(element.attrib)
    kind = chance.randrange(6)
    if kind == 0 and element is not root:
        element.getparent().remove(element)  # type: ignore[union-attr]  # all but the root have one
    elif kind == 1 and names:
        del element.attrib[chance.choice(names)]
    elif kind == 2 and names:
        element.set(chance.choice(names), chance.choice(TEXTS + PLACES))
    elif kind == 3 and other not in element.iterancestors() and other is not element:
        element.append(other)
    elif kind == 4:
        element.tag = other.tag
    elif names and other.attrib:
        element.set(chance.choice(names), chance.choice(sorted(other.attrib.values())))


@pytest.mark.parametrize("name", OURS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), times=st.integers(1, 6))
def test_a_broken_contract_is_read_or_told(name: str, seed: int, times: int) -> None:
    chance = random.Random(seed)
    root = etree.parse(WSDL / name).getroot()
    for _ in range(times):
        mutate(root, chance)
    documents = Documents(mapping={"bank.xsd": WSDL / "bank.xsd"})
    try:
        contract = load_contract(etree.tostring(root), documents=documents, usable=chance.random() < 0.5)
        describe(contract)
        published(contract, "http://localhost/")
        for service in contract.services:
            write_wsdl(service, contract.shapes)
    except SoapkitError as error:
        assert str(error)


@pytest.mark.parametrize("name", OURS)
@settings(max_examples=60, deadline=None)
@given(at=st.floats(0, 1), byte=st.integers(0, 255))
def test_a_damaged_byte_is_read_or_told(name: str, at: float, byte: int) -> None:
    data = bytearray((WSDL / name).read_bytes())
    data[int(at * (len(data) - 1))] = byte
    try:
        load_contract(bytes(data), documents=Documents(mapping={"bank.xsd": WSDL / "bank.xsd"}))
    except SoapkitError as error:
        assert str(error)
