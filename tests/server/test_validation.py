"""Schema validation modes of a service, for all operations and for one: requests and replies that are wrong."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest

import soapkit
from soapkit.codegen.generate import module_in_memory
from soapkit.errors import UsageError, ValidationError
from soapkit.exchange.validation import Checks, checks_for
from soapkit.testing import loopback
from soapkit.transport.values import Headers, Request, Response
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract

HEAD = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'


@soapkit.service("urn:example:words", name="Words")
class Written:
    @soapkit.operation
    def say(self, word: list[str]) -> list[str]: ...

    @soapkit.operation
    def tell(self, word: list[str]) -> list[str]: ...


@cache
def contract() -> Contract:
    """The contract of `Words`: no word stands twice in a message, which libxml2 sees and no type says."""
    text = loopback(soapkit.asgi(Written())).send(Request("http://words/?wsdl", method="GET")).body.decode()
    once = '<xs:unique name="{}"><xs:selector xpath="*"/><xs:field xpath="."/></xs:unique></xs:element>'
    begin, *rest = re.split(r"(?<=</xs:complexType>)\s*</xs:element>", text)
    return load_contract("".join([begin, *(once.format(f"u{at}") + one for at, one in enumerate(rest))]).encode())


@cache
def words() -> type:
    """A service that says one word twice, and of several each once."""
    known = contract()
    module = module_in_memory(known.services, known.shapes, name="words_in_memory")

    class Words(module.Words):  # type: ignore[name-defined,misc]  # generated in memory
        def say(self, *, word: list[str]) -> list[str]:
            return word * 2 if len(word) == 1 else sorted({*word})

        tell = say

    return Words


def said(operation: str, *given: str, **settings: Any) -> Response:
    app = soapkit.asgi(words()(), contract=contract(), **settings)
    inside = "".join(f"<word>{word}</word>" for word in given)
    body = f'{HEAD}<{operation} xmlns="urn:example:words">{inside}</{operation}></s:Body></s:Envelope>'
    return loopback(app).send(Request("http://words/", body.encode(), Headers({"Content-Type": "text/xml"})))


def outcome(operation: str, **settings: Any) -> str:
    """Whether a request that is wrong is refused, and a reply that is."""
    refused = said(operation, "a", "a", **settings), said(operation, "a", **settings)
    assert [b"soap:Client" in one.body for one in refused] == [refused[0].status != 200, False]
    return " ".join(what for what, one in zip(("request", "reply"), refused, strict=True) if one.status != 200)


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("off", ""),
        ("none", ""),
        ("in", "request"),
        ("request", "request"),
        ("both", "request reply"),
        ("out", "reply"),
        ("response", "reply"),
    ],
)
def test_a_mode_checks_the_messages_that_it_names(mode: Any, told: str) -> None:
    assert outcome("say", validate=mode) == told
    assert said("say", "a", "b", validate=mode).status == 200


def test_an_operation_may_be_checked_in_another_way_than_the_others() -> None:
    settings: Any = {"validate": {"say": "response", "*": "in"}}
    assert (outcome("say", **settings), outcome("tell", **settings)) == ("reply", "request")
    settings = {"validate": {"tell": "both"}}
    assert (outcome("say", **settings), outcome("tell", **settings)) == ("", "request reply")


def test_a_client_checks_by_operation() -> None:
    app = soapkit.asgi(words()(), contract=contract())
    settings: Any = {"validate": {"say": "request", "tell": "in"}, "transport": loopback(app)}
    with soapkit.Client.from_wsdl(contract(), "http://words/", **settings) as client:
        assert client.say(word=["a"]) == ["a", "a"]
        with pytest.raises(ValidationError):
            client.say(word=["a", "a"])
        assert client.tell(word=["a", "b"]) == ["a", "b"]
        with pytest.raises(ValidationError):
            client.tell(word=["a"])


@pytest.mark.parametrize(
    ("validate", "told"),
    [
        ("input", "'input' is none of off, none, in"),
        ({"say": "input"}, "'input' is none of"),
        ({"sey": "in"}, "Words has no operation 'sey'"),
    ],
)
def test_what_no_service_can_be_checked_for_is_told_when_it_is_made(validate: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        soapkit.asgi(Written(), validate=validate)


def test_a_setting_without_operations_is_for_all() -> None:
    service = soapkit.asgi(Written()).endpoints[""].service
    assert checks_for({"*": "out"}, service) == Checks("out")


def test_a_contract_beside_one_that_is_written_from_code_is_refused() -> None:
    with pytest.raises(UsageError, match="Words is made from code"):
        soapkit.asgi(Written(), contract=contract())
