"""Of several header blocks of one name, none that must be processed is passed over."""

from __future__ import annotations

from typing import Annotated

import pytest

import soapkit
from soapkit.testing import loopback
from soapkit.transport.values import Headers, Request

SOAP = {"1.1": "http://schemas.xmlsoap.org/soap/envelope/", "1.2": "http://www.w3.org/2003/05/soap-envelope"}
TYPES = {"1.1": "text/xml", "1.2": "application/soap+xml"}
NEXT = {"1.1": 'actor="http://schemas.xmlsoap.org/soap/actor/next"', "1.2": f'role="{SOAP["1.2"]}/role/next"'}


@soapkit.service("urn:h")
class Desk:
    @soapkit.operation
    def ask(self, ticket: Annotated[int | None, soapkit.header()] = None) -> int:
        return ticket or 0

    @soapkit.operation
    def order(self, ticket: Annotated[int, soapkit.header()]) -> int:
        return ticket


def answer(operation: str, blocks: str, version: str) -> str:
    message = (
        f'<s:Envelope xmlns:s="{SOAP[version]}"><s:Header xmlns="urn:h">{blocks.format(next=NEXT[version])}</s:Header>'
        f'<s:Body><h:{operation} xmlns:h="urn:h"/></s:Body></s:Envelope>'
    )
    headers = Headers({"Content-Type": TYPES[version], "SOAPAction": '""'})
    return loopback(soapkit.wsgi(Desk())).send(Request("http://x/", message.encode(), headers)).body.decode()


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize(
    "blocks",
    [
        '<ticket>1</ticket><ticket s:mustUnderstand="1">2</ticket>',
        '<ticket s:{next} s:mustUnderstand="1">1</ticket><ticket s:mustUnderstand="1">2</ticket>',
        '<ticket>1</ticket><ticket>2</ticket><ticket s:mustUnderstand="true">3</ticket>',
    ],
)
def test_one_that_must_be_understood_is_read_or_the_message_refused(blocks: str, version: str) -> None:
    told = answer("ask", blocks, version)
    assert "the header {urn:h}ticket stands there" in told
    assert "times: expected one of them" in told
    assert ("Client<" if version == "1.1" else "Sender<") in told


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_one_that_the_contract_requires_stands_there_once(version: str) -> None:
    assert "stands there 2 times" in answer("order", "<ticket>1</ticket><ticket>2</ticket>", version)
    assert ">2<" in answer("order", "<ticket>2</ticket>", version)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize(
    "blocks",
    [
        "<ticket>1</ticket><ticket>2</ticket>",
        '<ticket s:mustUnderstand="1">1</ticket><ticket>2</ticket>',
        '<ticket s:{next}>1</ticket><ticket s:mustUnderstand="0">2</ticket>',
    ],
)
def test_of_others_the_first_is_read(blocks: str, version: str) -> None:
    assert ">1</" in answer("ask", blocks, version)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_those_for_somebody_else_do_not_count(version: str) -> None:
    other = "actor" if version == "1.1" else "role"
    blocks = f'<ticket>1</ticket><ticket s:{other}="urn:else" s:mustUnderstand="1">2</ticket>'
    assert ">1</" in answer("ask", blocks, version)
