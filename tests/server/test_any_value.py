"""What is annotated with Any: a value of a type that the contract has, or XML under the name of its place."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import pytest

import soapkit
from soapkit.errors import Fault, UsageError
from soapkit.testing import loopback
from soapkit.transport.values import Headers, Request


@dataclass
class Base:
    number: int


@dataclass
class Further(Base):
    name: str


@dataclass
class Named:
    base: Base


@dataclass
class Strange:
    number: int


class Values:
    @soapkit.operation
    def echo(self, value: Any) -> Any:
        return value

    @soapkit.operation
    def give(self, kind: str) -> Any:
        kinds = {"further": Further(1, "x"), "named": Named(Base(2)), "base": Base(3), "strange": Strange(4)}
        return kinds[kind]


SERVED = soapkit.asgi(soapkit.service("urn:x", types=[Named, Further])(Values), validate="both")


def client() -> Any:
    contract = loopback(SERVED).send(Request("http://localhost/?wsdl", method="GET")).body
    return soapkit.Client.from_wsdl(contract, transport=loopback(SERVED))


@pytest.mark.parametrize("inner", ["text", "<b>5</b>", '<b xmlns="">5</b>tail', ""])
def test_xml_of_no_type_goes_back_under_the_name_of_its_place(inner: str) -> None:
    body = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><echo xmlns="urn:x">'
        f"<value>{inner}</value></echo></s:Body></s:Envelope>"
    )
    request = Request("http://localhost/", body.encode(), Headers({"Content-Type": "text/xml"}))
    reply = loopback(SERVED).send(request)
    assert reply.status == 200
    assert f"{inner}</result>" in reply.body.decode() or not inner


@pytest.mark.parametrize("kind", ["further", "named", "base"])
def test_a_value_of_a_type_that_the_service_names_is_valid_and_known(kind: str) -> None:
    with client() as caller:
        assert type(caller.give(kind=kind)).__name__.lower() == kind
        assert caller.echo(value=caller.give(kind=kind)) == caller.give(kind=kind)


def test_a_value_of_a_type_that_the_contract_lacks_is_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    with client() as caller, caplog.at_level(logging.ERROR), pytest.raises(Fault, match="internal error"):
        caller.give(kind="strange")
    assert "giveResponse.result: is Strange, which the contract does not have" in caplog.text
    assert "soapkit.service(types=[Strange]) adds it" in caplog.text


@pytest.mark.parametrize("wrong", [int, Any, list[int], "Named"])
def test_what_is_no_class_with_fields_is_no_further_type(wrong: Any) -> None:
    with pytest.raises(UsageError, match="is no class with fields"):
        soapkit.service("urn:x", types=[wrong])
