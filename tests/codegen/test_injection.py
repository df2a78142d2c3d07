"""A contract that tries to be Python code, or a path: whatever it says stays data."""

from __future__ import annotations

import ast
import builtins
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import soapkit
from soapkit.codegen.generate import generated, module_in_memory, render, write_package
from soapkit.codegen.plan import Options
from soapkit.codegen.plan_services import plan_package
from soapkit.codegen.skeleton import skeleton_source
from soapkit.databinding.describe import describe
from soapkit.databinding.shape import (
    Alternative,
    AnyField,
    Atomic,
    AttributeField,
    ChoiceField,
    ElementField,
    EnumValue,
    Facets,
    Key,
    Record,
    RecordRef,
    Sequence,
)
from soapkit.errors import SoapkitError
from soapkit.operations import FaultDetail, Header, Message, Operation, Port, Service
from soapkit.testing import FakeTransport
from soapkit.wsdl.load import load_contract

CODE = "__import__('builtins').soapkit_was_here()"
ATTACKS = [
    f'"""\n{CODE}\n"""',
    f"'''\n{CODE}\n'''",
    f"\n{CODE}\n",
    f"\r{CODE}",
    f"\x0c{CODE}",
    f"\u2028{CODE}",
    f'"); {CODE}; ("',
    f"'); {CODE}; ('",
    f'\\"); {CODE} #',
    f"x: {CODE} = 1",
    f"{{{CODE}}}",
    f"]; {CODE}; [",
    "../../../tmp/evil",
    "/etc/passwd",
    "__init__",
    "services",
    "\\",
    "\u202e",
]


def contract(text: str) -> tuple[list[Service], dict[Key, Record]]:
    """A service and its types, with `text` wherever a contract has a text of its own."""
    kind = Atomic("string", f"{{{text}}}{text}", Facets(), (EnumValue(text, text), EnumValue("b")), documentation=text)
    plain = Atomic("string", f"{{{text}}}p{text}", Facets(patterns=((text,),), min_inclusive=text), documentation=text)
    anonymous = Atomic("string", enumeration=(EnumValue(text, text),))
    other = Record(f"{{{text}}}o{text}", f"{{{text}}}o{text}", documentation=text)
    thing = Record(
        f"{{{text}}}{text}/t",
        f"{{{text}}}t{text}",
        Sequence(
            (
                ElementField(text, f"{{{text}}}{text}", plain, fixed=text, documentation=text),
                ElementField(f"{text}2", f"{{urn:x}}{text}", kind, default=text, documentation=text),
                ElementField("a", f"{{urn:y}}{text}", anonymous),
                ChoiceField("c" + text, (Alternative(f"{{{text}}}{text}", RecordRef(other.key)),), documentation=text),
                AnyField("n" + text, (text,), documentation=text),
            )
        ),
        (
            AttributeField("x" + text, f"{{{text}}}{text}", kind, default=text, documentation=text),
            AttributeField("y" + text, text or "y", Atomic("string"), fixed=text),
        ),
        documentation=text,
    )
    header = Header(text, f"{{{text}}}{text}", plain, documentation=text)
    fault = FaultDetail(text, f"{{{text}}}{text}", RecordRef(other.key), documentation=text, action=text)
    message = Message(thing.key, f"{{{text}}}{text}", headers=(header,), encoding_style=text, action=text)
    operation: Operation[Any, Any] = Operation(
        text, message, message, action=text, method=text, faults=(fault,), documentation=text
    )
    port = Port(text, text, "1.1", text, {text: text})
    services = [Service(text, text, f"{{{text}}}{text}", (operation,), (port,), documentation=text)]
    return services, {other.key: other, thing.key: thing}


@pytest.fixture
def alarm(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Is told when a contract's text was run."""
    rung: list[str] = []
    monkeypatch.setattr(builtins, "soapkit_was_here", lambda: rung.append("run"), raising=False)
    yield rung


def calls(source: str) -> set[str]:
    """What a module calls when it is loaded."""
    return {ast.unparse(node.func) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)}


EXPECTED_CALLS = calls("\n".join(render(plan_package(*contract("plain"), name="p")).values())) | {
    "lazy_module",
    "field",
}


@pytest.mark.parametrize("text", ATTACKS)
def test_nothing_of_a_contract_is_run(text: str, alarm: list[str]) -> None:
    services, shapes = contract(text)
    module = module_in_memory(services, shapes, "attacked")
    for value in vars(module).values():
        if isinstance(value, type) and "Struct" in str(value.__mro__):
            describe(value)
    assert alarm == []


@pytest.mark.parametrize("text", ATTACKS)
def test_what_a_contract_says_comes_out_as_it_was(text: str) -> None:
    services, shapes = contract(text)
    module = module_in_memory(services, shapes, "told")
    made = importlib.import_module(f"{module.__name__}.services")
    (service,) = [value for value in vars(made).values() if isinstance(value, Service)]
    (operation,) = service.operations
    assert (service.name, service.namespace, operation.name, operation.action) == (text, text, text, text)
    assert service.ports[0].address == text
    assert operation.request.tag == f"{{{text}}}{text}"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=40) | st.sampled_from(ATTACKS))
def test_no_text_makes_a_generated_module_call_anything_new(text: str) -> None:
    package = plan_package(*contract(text), name="p")
    for name, source in {**render(package), "skeleton": skeleton_source(package)}.items():
        ast.parse(source)
        if name != "skeleton":
            functions = {call.rstrip("_") for call in calls(source) if not call[0].isupper()}
            assert functions <= EXPECTED_CALLS, name


@pytest.mark.parametrize("text", ATTACKS)
def test_no_file_leaves_the_folder(text: str, tmp_path: Path) -> None:
    files = render(plan_package(*contract(text), name="p", options=Options(generated_from=text)))
    write_package(files, tmp_path / "inside" / "made")
    assert {path.parent for path in tmp_path.rglob("*") if path.is_file()} == {tmp_path / "inside" / "made"}
    assert {source.splitlines()[0][:12] for source in files.values() if source} == {"# Generated "}


WSDL = r'''<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
 xmlns:t="urn:t" xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t">
<types><xs:schema targetNamespace="urn:t">
 <xs:simpleType name="self"><xs:annotation><xs:documentation>"""\
__import__("os")</xs:documentation></xs:annotation><xs:restriction base="xs:string">
  <xs:pattern value="&quot;&quot;&quot;\"/><xs:enumeration value="&apos;);evil("/></xs:restriction></xs:simpleType>
 <xs:element name="go"><xs:complexType><xs:sequence>
  <xs:element name="class" type="t:self" default="&apos;);evil("/><xs:element name="None" type="xs:string"/>
  <xs:element name="self" type="xs:string"/><xs:element name="return" type="xs:string" minOccurs="0"/>
 </xs:sequence></xs:complexType></xs:element></xs:schema></types>
<message name="go"><part name="p" element="t:go"/></message>
<portType name="P"><operation name="go"><input message="t:go"/></operation></portType>
<binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
<operation name="go"><soap:operation soapAction="&quot;);evil("/><input><soap:body use="literal"/></input></operation>
</binding><service name="S"><port name="S" binding="t:B"><soap:address location="http://x/&quot;\"/></port></service>
</definitions>'''


def test_a_hostile_document_makes_a_harmless_client(alarm: list[str]) -> None:
    client = soapkit.Client.from_wsdl(WSDL, transport=FakeTransport(b""))
    sent = client.preview.go(class_="');evil(", none="", self_="", return_=None)
    assert b"');evil(" in sent.request
    assert client.types.Self.__members__.keys() == {"EVIL"}
    assert alarm == []


@pytest.mark.parametrize("text", ATTACKS)
def test_no_name_of_an_operation_leaves_the_package(text: str, alarm: list[str]) -> None:
    hostile = WSDL.replace('name="go"', f"name={quoteattr(text)}").replace("t:go", f"t:{escape(text)}")
    try:
        client = soapkit.Client.from_wsdl(hostile, transport=FakeTransport(b""))
    except SoapkitError:
        return
    assert all(name.isidentifier() for name in type(client)._methods())
    list(client.service.operations)
    assert alarm == []


def test_a_hostile_document_becomes_a_harmless_package(tmp_path: Path, alarm: list[str]) -> None:
    result = generated(load_contract(WSDL.encode()), tmp_path / "made")
    source = result.files["services.py"]
    assert "def go(self, *, class_: Self, none: str, self_: str, return_: str | None = None) -> None:" in source
    assert "evil" not in calls(source)
    assert alarm == []
