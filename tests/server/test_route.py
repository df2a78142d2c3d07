"""Which operation a request is for, where the Body does not tell."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from soapkit.codegen.generate import module_in_memory
from soapkit.exchange.flow import run
from soapkit.server.endpoint import Endpoint
from soapkit.server.host import endpoint_for
from soapkit.server.http import HttpRequest
from soapkit.soap.fault import read_fault
from soapkit.soap.wire import unpack
from soapkit.transport.values import Headers
from soapkit.wsdl.load import load_contract

S11 = "http://schemas.xmlsoap.org/soap/envelope/"

WSDL = """<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:x="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t" name="Alike">
 <w:types><x:schema targetNamespace="urn:t"><x:element name="word" type="x:string"/></x:schema></w:types>
 <w:message name="m"><w:part name="p" element="t:word"/></w:message>
 <w:portType name="Alike">{operations}</w:portType>
 <w:binding name="b" type="t:Alike"><s:binding transport="http://schemas.xmlsoap.org/soap/http"/>{bound}</w:binding>
 <w:service name="Alike"><w:port name="p" binding="t:b"><s:address location="http://localhost/"/></w:port></w:service>
</w:definitions>"""
OPERATION = '<w:operation name="{}"><w:input message="t:m"/><w:output message="t:m"/></w:operation>'
BOUND = """<w:operation name="{}"><s:operation soapAction="{}"/><w:input><s:body use="literal"/></w:input>
 <w:output><s:body use="literal"/></w:output></w:operation>"""

Ask = Callable[..., str]


@pytest.fixture
def service(tmp_path: Path) -> Callable[..., Endpoint]:
    """``service(one="urn:one", two="urn:two")``: operations that all take the element ``word``, with their actions."""

    def made(**actions: str) -> Endpoint:
        path = tmp_path / "alike.wsdl"
        path.write_text(
            WSDL.format(
                operations="".join(map(OPERATION.format, actions)),
                bound="".join(BOUND.format(name, action) for name, action in actions.items()),
            )
        )
        contract = load_contract(path)
        module: Any = module_in_memory(contract.services, contract.shapes, name="alike")
        handlers = {name: lambda self, name=name, **_: name for name in actions}
        return endpoint_for(type("Alike", (module.Alike,), handlers)(), contract=contract)

    return made


def answer(endpoint: Endpoint, action: str | None, body: str = '<word xmlns="urn:t">hi</word>') -> str:
    """The operation that was called; or why none was."""
    message = f'<e:Envelope xmlns:e="{S11}"><e:Body>{body}</e:Body></e:Envelope>'.encode()
    fields = {"Content-Type": "text/xml"} | ({} if action is None else {"SOAPAction": f'"{action}"'})
    response = run(endpoint.respond(HttpRequest("POST", "/", headers=Headers(fields), body=message)))
    envelope = unpack(response.body)
    fault = read_fault(envelope)
    if fault is None:
        return envelope.content[0].text or ""
    assert fault.code.name == "Sender"
    return fault.reason


def test_the_body_decides_whatever_the_action_says(service: Callable[..., Endpoint]) -> None:
    """WS-I BP 1.1, R1127."""
    endpoint = service(one="urn:one")
    assert [answer(endpoint, action) for action in ("urn:one", "urn:other", "", None)] == ["one"] * 4


def test_the_action_tells_apart_what_looks_alike(service: Callable[..., Endpoint]) -> None:
    endpoint = service(one="urn:one", two="urn:two")
    assert [answer(endpoint, action) for action in ("urn:two", "urn:one")] == ["two", "one"]


@pytest.mark.parametrize(("action", "told"), [("urn:tow", "did you mean urn:two"), ("", "none"), (None, "none")])
def test_what_no_action_tells_apart_is_not_guessed(
    service: Callable[..., Endpoint], action: str | None, told: str
) -> None:
    reason = answer(service(one="urn:one", two="urn:two"), action)
    assert "expected one of urn:one, urn:two, found" in reason
    assert told in reason


def test_who_has_no_action_is_meant_by_none(service: Callable[..., Endpoint]) -> None:
    """WS-I BP 1.1, R2745: an operation without soapAction is called with an empty one."""
    endpoint = service(one="urn:one", two="")
    assert [answer(endpoint, action) for action in ("urn:one", "", None)] == ["one", "two", "two"]


def test_operations_that_look_alike_are_told_at_the_start(
    service: Callable[..., Endpoint], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "soapkit.server"):
        service(one="urn:one", two="urn:two")
    (record,) = [each for each in caplog.records if "take the same" in each.message]
    assert (record.levelname, "the action tells them apart" in record.message) == ("INFO", True)


@pytest.mark.parametrize("actions", [("urn:same", "urn:same"), ("", "")])
def test_operations_that_nothing_tells_apart_are_warned_of(
    service: Callable[..., Endpoint], actions: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    endpoint = service(one=actions[0], two=actions[1])
    assert (
        "operations one, two of Alike take the same {urn:t}word in the Body; without WS-Addressing two cannot be called"
        in caplog.text
    )
    assert answer(endpoint, actions[0]) == "one"


def test_an_unknown_body_is_told_with_what_is_near(service: Callable[..., Endpoint]) -> None:
    reason = answer(service(one="urn:one"), "urn:one", '<wrod xmlns="urn:t"/>')
    assert "no operation takes {urn:t}wrod; did you mean {urn:t}word" in reason
