"""A dynamic client makes classes and methods when they are first used; they are those of the generated package."""

from __future__ import annotations

import dataclasses
import inspect
import sys
import threading
import traceback
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

import soapkit
from soapkit.client.dynamic import UnusableOperation
from soapkit.codegen.generate import module_in_memory
from soapkit.databinding.describe import describe
from soapkit.databinding.shape import RecordRef
from soapkit.errors import EncodeError, UsageError
from soapkit.testing import FakeTransport
from soapkit.wsdl.load import load_contract

WSDL = Path(__file__).resolve().parent.parent.parent / "wsdl"
OURS = ("bank.wsdl", "bare.wsdl", "rpc-literal.wsdl", "headers.wsdl", "faults.wsdl", "split/shop.wsdl")

ENUMS = """\
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:t="urn:t" targetNamespace="urn:t"
             xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/">
  <types>
    <schema xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t" elementFormDefault="qualified">
      <simpleType name="Colour"><restriction base="string"><enumeration value="red"/></restriction></simpleType>
      <simpleType name="Colours"><list itemType="t:Colour"/></simpleType>
      <simpleType name="Code"><restriction base="string"><maxLength value="3"/></restriction></simpleType>
      <complexType name="Thing" abstract="true"><sequence>
        <element name="colour" type="t:Colour"/>
        <element name="size"><simpleType><restriction base="string"><enumeration value="s"/><enumeration value="l"/>
          </restriction></simpleType></element>
      </sequence></complexType>
      <complexType name="Ball"><complexContent><extension base="t:Thing"><sequence>
        <element name="code" type="t:Code"/><element name="again" type="t:Ball" minOccurs="0"/>
      </sequence><attribute name="colours" type="t:Colours"/></extension></complexContent></complexType>
      <complexType name="Unused"><sequence/></complexType>
      <element name="throw"><complexType><sequence><element name="thing" type="t:Thing"/></sequence></complexType>
      </element>
      <element name="throwResponse"><complexType><sequence><element name="any" type="anyType"/></sequence></complexType>
      </element>
      <element name="broken" type="t:Missing"/>
    </schema>
  </types>
  <message name="in"><part name="parameters" element="t:throw"/></message>
  <message name="out"><part name="parameters" element="t:throwResponse"/></message>
  <message name="broken"><part name="parameters" element="t:broken"/></message>
  <portType name="Play">
    <operation name="throw"><input message="t:in"/><output message="t:out"/></operation>
    <operation name="broken"><input message="t:broken"/></operation>
  </portType>
  <binding name="B" type="t:Play">
    <soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="throw">
      <input><soap:body use="literal"/></input><output><soap:body use="literal"/></output>
    </operation>
    <operation name="broken"><input><soap:body use="literal"/></input></operation>
  </binding>
  <service name="PlayService"><port name="P" binding="t:B"><soap:address location="http://play/"/></port></service>
</definitions>
"""


def plain(value: Any, numbers: dict[type, int]) -> Any:
    """A shape as plain values: a class is the number in which it was met."""
    if isinstance(value, RecordRef):
        assert isinstance(value.key, type)
        return numbers.setdefault(value.key, len(numbers))
    if isinstance(value, type):
        members = list(value.__members__) if issubclass(value, Enum) else []
        return [members or numbers.setdefault(value, len(numbers))]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [
            each.name for each in dataclasses.fields(value) if each.name not in ("place", "documentation", "model")
        ]
        return [type(value).__name__, {name: plain(getattr(value, name), numbers) for name in names}]
    return [plain(item, numbers) for item in value] if isinstance(value, tuple) else value


def family(operations: Any, namespace: str) -> Iterator[Any]:
    """All that the messages of operations are made of, as plain values."""
    numbers: dict[type, int] = {}
    for operation in operations:
        for message in (operation.request, *([operation.reply] if operation.reply is not None else ())):
            numbers.setdefault(message.record, len(numbers))
            yield operation.name, operation.method, operation.unwrap, plain(message.headers, numbers)
        yield [(fault.exception.__name__, plain(fault.type, numbers)) for fault in operation.faults]
    done = 0
    while done < len(numbers):
        cls = list(numbers)[done]
        done += 1
        if not issubclass(cls, Enum):
            yield plain(describe(cls, namespace), numbers)


@pytest.mark.parametrize("name", OURS)
def test_a_dynamic_client_has_the_types_of_the_generated_package(name: str) -> None:
    contract = load_contract(WSDL / name)
    generated = module_in_memory(contract.services, contract.shapes, "compared")
    clients = [each for each in vars(generated).values() if isinstance(each, type) and issubclass(each, soapkit.Client)]
    live = soapkit.Client.from_wsdl(contract, "http://localhost/").service
    static = next(each.service for each in clients if each.service.name == live.name)  # type: ignore[attr-defined]
    ours = list(family(live.operations, live.namespace))
    assert ours == list(family(static.operations, static.namespace))


@pytest.fixture
def play() -> Any:
    return soapkit.Client.from_wsdl(ENUMS, transport=FakeTransport(b""))


def test_what_no_call_reaches_is_not_made() -> None:
    client = soapkit.Client.from_wsdl(ENUMS.replace("PlayService", "LazyService"))
    package = client.types.__name__
    assert [name for name in sys.modules if name.startswith(f"{package}.")] == [f"{package}._types"]
    client.preview.throw(thing=client.types.Ball(colour="red", size="s", code="abc"))
    made = {name.rpartition(".")[2].rpartition("_")[0] for name in sys.modules if name.startswith(f"{package}.")}
    assert {"ball", "thing", "colour"} <= made
    assert "unused" not in made


def test_a_method_has_the_signature_of_the_generated_one(play: Any) -> None:
    assert str(inspect.signature(play.throw)) == "(*, thing: 'Thing') -> 'object'"
    assert {"throw", "broken"} <= set(dir(play))


def test_a_subclass_writes_its_type_and_xsi_type_finds_its_class(play: Any) -> None:
    ball = play.types.Ball(colour=play.types.Colour.RED, size="s", code="abc")
    sent = play.preview.throw(thing=ball).request
    assert b'xsi:type="' in sent
    decoded = type(play)(
        transport=FakeTransport(
            b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
            b'<throwResponse xmlns="urn:t"><any xmlns:t="urn:t" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
            b' i:type="t:Ball" colours="red red"><colour>red</colour><size>l</size><code>x</code></any></throwResponse>'
            b"</s:Body></s:Envelope>"
        )
    ).throw(thing=ball)
    assert isinstance(decoded, play.types.Ball)
    assert (decoded.colour, decoded.colours) == (play.types.Colour.RED, [play.types.Colour.RED] * 2)


def test_facets_hold(play: Any) -> None:
    with pytest.raises(EncodeError, match="code"):
        play.preview.throw(thing=play.types.Ball(colour="red", size="s", code="far too long"))


@pytest.mark.parametrize("name", ["Ball", "Thing", "Colour", "ThingSize", "Code", "Throw"])
def test_each_name_of_the_generated_package_is_found(play: Any, name: str) -> None:
    assert name in dir(play.types)
    assert getattr(play.types, name) is getattr(play.types, name)


def test_a_name_that_is_not_there_is_told(play: Any) -> None:
    with pytest.raises(AttributeError, match="Bell"):
        play.types.Bell  # noqa: B018  the look is the test


def test_the_modules_of_the_generated_package_hand_out_the_same_classes(play: Any) -> None:
    assert play.types.t.Ball is play.types.Ball


def test_an_operation_that_cannot_be_used_says_why(play: Any) -> None:
    with pytest.raises(UnusableOperation, match=r"operation broken cannot be used: type \{urn:t\}Missing"):
        play.broken()
    assert not hasattr(play, "broken")


def test_an_unknown_operation_is_told_without_making_any(play: Any) -> None:
    with pytest.raises(UsageError, match="did you mean throw"):
        play.thrown()


def test_the_same_contract_has_the_same_classes() -> None:
    one, other = (soapkit.Client.from_wsdl(ENUMS) for _ in range(2))
    assert type(one) is type(other)
    assert one.types.Ball is other.types.Ball


def test_a_schema_without_namespace_may_have_lists_of_enumerations_without_name(tmp_path: Path) -> None:
    values = '<x:simpleType><x:restriction base="x:string"><x:enumeration value="red"/></x:restriction></x:simpleType>'
    field = '<x:complexType><x:sequence><x:element name="with" type="Colours"/></x:sequence></x:complexType>'
    colours = (
        '<x:schema xmlns:x="http://www.w3.org/2001/XMLSchema" xmlns=""><x:simpleType name="Colours">'
        f'<x:list>{values}</x:list></x:simpleType><x:element name="throw">{field}</x:element></x:schema></types>'
    )
    part = '<w:part xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns="" name="parameters" element="throw"/>'
    text = ENUMS.replace("</types>", colours).replace('<part name="parameters" element="t:throw"/>', part)
    (tmp_path / "paint.wsdl").write_text(text)
    client = soapkit.Client.from_wsdl(tmp_path / "paint.wsdl", transport=FakeTransport(b""))
    assert b"<with>red red</with>" in client.preview.throw(with_=["red", "red"]).request


def test_two_operations_with_the_same_fault_raise_one_exception() -> None:
    client = soapkit.Client.from_wsdl(WSDL / "faults.wsdl", "http://localhost/")
    faults = [fault for operation in client.service.operations for fault in operation.faults]
    by_name = {(fault.name, fault.tag): fault.exception for fault in faults}
    assert all(fault.exception is by_name[fault.name, fault.tag] for fault in faults)
    for fault in faults:
        assert getattr(client.types, fault.exception.__name__) is fault.exception  # type: ignore[union-attr]


def test_a_traceback_shows_the_source_of_a_method(play: Any) -> None:
    with pytest.raises(EncodeError) as caught:
        play.preview.throw(thing=3)
    assert any("self._call(" in (frame.line or "") for frame in traceback.extract_tb(caught.value.__traceback__))


def test_many_threads_may_make_the_same_classes_at_once() -> None:
    client = soapkit.Client.from_wsdl(ENUMS.replace("PlayService", "BusyService"), transport=FakeTransport(b""))
    made: list[Any] = []

    def by_method() -> None:
        made.append((client.throw.__func__, client.types.Ball))

    def by_operation() -> None:
        (operation,) = client.service.operations
        made.append((client.throw.__func__, client.types.Ball, operation))

    threads = [threading.Thread(target=target, daemon=True) for target in (by_method, by_operation) * 8]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(made) == 16
    assert {(method, cls) for method, cls, *_ in made} == {(client.throw.__func__, client.types.Ball)}
