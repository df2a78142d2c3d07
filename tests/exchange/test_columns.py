"""What is wrong with a message is told with line and column, by clients, services and `soapkit.decode`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from lxml import etree

import soapkit
from soapkit.errors import DecodeError, Place, ValidationError
from soapkit.testing import FakeTransport, loopback
from soapkit.transport.values import Headers, Request


@dataclass
class Line:
    item: str
    qty: int


@dataclass
class Order:
    number: int
    lines: list[Line]


@soapkit.service("urn:orders")
class Orders:
    @soapkit.operation
    def place(self, order: Order) -> Order:
        return order


ORDER = """<order>
  <number>7</number>
  <lines><item>nut</item><qty>1</qty></lines>  <lines><item>bolt</item> <qty>many</qty></lines>
  <lines><qty>2</qty></lines>
</order>"""


def places(error: soapkit.SoapkitError) -> list[tuple[str, int | None, int | None]]:
    return [(problem.place.path, problem.place.line, problem.place.column) for problem in error.problems]


def test_each_problem_of_a_message_has_path_line_and_column() -> None:
    with pytest.raises(DecodeError) as caught:
        soapkit.decode(ORDER, Order)
    assert places(caught.value) == [("order.lines[1].qty", 3, 73), ("order.lines[2]", 4, 3)]
    assert str(caught.value).startswith("line 3, column 73: order.lines[1].qty: 'many' is not xs:long")


def test_a_tree_has_lines_only() -> None:
    with pytest.raises(DecodeError) as caught:
        soapkit.decode(etree.fromstring(ORDER), Order)
    assert caught.value.place.line == 3
    assert caught.value.place.column is None


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "utf-8-sig"])
def test_columns_count_characters_in_any_encoding(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?><order c="ü"><number>x</number></order>'
    with pytest.raises(DecodeError) as caught:
        soapkit.decode(text.encode(encoding), Order)
    assert caught.value.problems[-1].place == Place(line=1, column=text.index("<number>") + 1, path="order.number")


WSDL = loopback(soapkit.asgi(Orders())).send(Request("http://x/?wsdl", method="GET")).body
ENVELOPE = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><placeResponse xmlns="urn:orders">
  <result><number>x</number></result></placeResponse></s:Body></s:Envelope>"""


def test_a_client_tells_the_column_of_what_it_cannot_read_in_a_reply() -> None:
    with (
        soapkit.Client.from_wsdl(WSDL, "http://x/", transport=FakeTransport(ENVELOPE.encode())) as orders,
        pytest.raises(DecodeError) as caught,
    ):
        orders.place(order={"number": 1, "lines": []})
    assert (caught.value.place.line, caught.value.place.column) == (2, 11)


def test_so_does_one_that_validates() -> None:
    with (
        soapkit.Client.from_wsdl(
            WSDL, "http://x/", transport=FakeTransport(ENVELOPE.encode()), validate="in"
        ) as orders,
        pytest.raises(ValidationError) as caught,
    ):
        orders.place(order={"number": 1, "lines": []})
    assert (caught.value.place.line, caught.value.place.column) == (2, 11)


@pytest.mark.parametrize("settings", [{}, {"validate": "in"}])
def test_a_service_with_details_tells_the_column_of_what_it_cannot_read(settings: dict[str, Any]) -> None:
    request = ENVELOPE.replace("placeResponse", "place").replace("result>", "order>")
    application = loopback(soapkit.asgi(Orders(), details=True, **settings))
    headers = Headers((("Content-Type", "text/xml"),))
    reply = application.send(Request("http://x/", body=request.encode(), headers=headers))
    assert reply.status == 500
    assert b"line 2, column 10" in reply.body
