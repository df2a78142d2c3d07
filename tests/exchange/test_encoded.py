"""SOAP encoding: what peers write is read, what is written says its types."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

import soapkit
from soapkit.codegen.generate import module_in_memory
from soapkit.databinding.codec import Codecs
from soapkit.errors import DecodeError, LimitError, SoapkitError
from soapkit.exchange.body import codecs_for, decode_body, encode_body
from soapkit.operations import Service
from soapkit.soap.attachments import pack_package
from soapkit.soap.envelope import Envelope
from soapkit.soap.version import SOAP_1_1, SOAP_1_2, Version
from soapkit.testing import FakeTransport, loopback
from soapkit.transport.values import Headers, Response
from soapkit.wsdl.load import load_contract
from soapkit.xml.names import SOAP11_ENC, SOAP12_ENC, XSI_TYPE
from soapkit.xml.parse import parse_message
from soapkit.xml.positions import columns_from

ENVELOPE = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/"
  xmlns:enc12="http://www.w3.org/2003/05/soap-encoding" xmlns:l="urn:example:library">
  <s:Body s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">{body}</s:Body></s:Envelope>"""


@pytest.fixture(scope="module")
def library(root: Path) -> Any:
    contract = load_contract(root / "wsdl" / "rpc-encoded.wsdl")
    return module_in_memory(contract.services, contract.shapes, name="library_in_memory")


@pytest.fixture(scope="module")
def service(library: Any) -> Service:
    return library.LibraryClient.service  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def codecs(service: Service) -> Codecs:
    return codecs_for(service)


@pytest.fixture
def read(service: Service, codecs: Codecs) -> Callable[..., Any]:
    """``read(text of the Body, operation, "request" or "reply")``: the record."""

    def reader(body: str, operation: str = "add", direction: str = "request") -> Any:
        envelope = Envelope.read(parse_message(ENVELOPE.format(body=body).encode()))
        return decode_body(getattr(service.operation(operation), direction), envelope.body, codecs)

    return reader


@pytest.fixture
def write(service: Service, codecs: Codecs) -> Callable[..., etree._Element]:
    def writer(record: Any, operation: str, version: Version = SOAP_1_1) -> etree._Element:
        body = encode_body(service.operation(operation).request, record, codecs, version)
        return etree.fromstring(b"".join(body))

    return writer


BOOK = (
    '<title xsi:type="xsd:string">Emma</title><shelf>novels</shelf><price>7.50</price>'
    "<author><name>Jane</name></author>"
)


def test_a_plain_structure_is_read(read: Callable[..., Any]) -> None:
    request = read(f'<l:add><book xsi:type="l:Book">{BOOK}</book><copies xsi:type="xsd:int">2</copies></l:add>')
    assert (request.book.title, request.book.price, request.book.author.name) == ("Emma", Decimal("7.50"), "Jane")
    assert request.copies == 2


def test_accessors_come_in_any_order_and_may_be_qualified(read: Callable[..., Any]) -> None:
    request = read(
        "<l:add><l:copies>2</l:copies><l:book><author><name>Jane</name></author><price>1</price>"
        "<l:shelf>science</l:shelf><title>Emma</title></l:book></l:add>"
    )
    assert (request.book.title, request.book.shelf.value) == ("Emma", "science")


def test_values_that_stand_apart_are_found(read: Callable[..., Any]) -> None:
    request = read(
        '<l:add><book href="#b"/><copies href="#n"/></l:add>'
        '<multiRef id="b" enc:root="0" xsi:type="l:Book"><title href="#t"/><shelf>novels</shelf><price xsi:nil="1"/>'
        '<author href="#a"/></multiRef><multiRef id="a"><name href="#t"/></multiRef>'
        '<multiRef id="t" xsi:type="enc:string">Emma</multiRef><multiRef id="n" xsi:type="xsd:int">2</multiRef>'
    )
    book = request.book
    assert (book.title, book.author.name, book.price, request.copies) == ("Emma", "Emma", None, 2)


def test_references_of_soap_1_2_are_found(read: Callable[..., Any]) -> None:
    book = BOOK.replace("<name>Jane</name>", '<name enc12:ref="t"/>')
    request = read(f'<l:add><book>{book}</book><copies enc12:id="t">2</copies></l:add>')
    assert request.book.author.name == "2"


@pytest.mark.parametrize(
    ("array", "words"),
    [
        ('<words enc:arrayType="xsd:string[2]"><item>a</item><item>b</item></words>', ["a", "b"]),
        (
            '<words xsi:type="enc:Array" enc:arrayType="xsd:int[2]"><x>a</x><enc:string>b</enc:string></words>',
            ["a", "b"],
        ),
        ('<words enc:arrayType="xsd:string[]"/>', []),
        ('<words enc:arrayType="xsd:string[4]" enc:offset="[2]"><i>c</i><i>d</i></words>', [None, None, "c", "d"]),
        ('<words enc:arrayType="xsd:string[4]"><i enc:position="[3]">d</i></words>', [None, None, None, "d"]),
        ('<words enc:arrayType="xsd:string[1]"><i xsi:nil="true"/></words>', [None]),
        ('<words enc12:itemType="xsd:string" enc12:arraySize="2"><i>a</i><i>b</i></words>', ["a", "b"]),
        ("<words><item>a</item></words>", ["a"]),
    ],
)
def test_an_array_is_read_however_it_is_written(array: str, words: list[str | None], read: Callable[..., Any]) -> None:
    assert read(f"<l:find>{array}</l:find>", "find").words.item == words


def test_parts_with_names_of_their_own_are_read_by_position(read: Callable[..., Any]) -> None:
    assert read("<l:addResponse><return>5</return></l:addResponse>", "add", "reply").total == 5
    result = '<r:result xmlns:r="http://www.w3.org/2003/05/soap-rpc">total</r:result>'
    assert read(f"<l:addResponse>{result}<total>5</total></l:addResponse>", "add", "reply").total == 5


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('<l:add><book href="#gone"/><copies>1</copies></l:add>', "refers to 'gone', which nothing here is called"),
        (
            '<l:add><book href="#b"/><copies>1</copies></l:add><m id="b"><title href="#c"/></m><m id="c" href="#c"/>',
            "refers to 'c', which leads back here: values in a circle cannot be read",
        ),
        (f"<l:add><book>{BOOK}</book><copies>two</copies></l:add>", "add.copies: 'two' is not xs:int"),
        (f"<l:add><book>{BOOK}<extra/></book><copies>2</copies></l:add>", "has the element extra"),
        (f"<l:add><book>{BOOK.replace('novels', 'poems')}</book><copies>2</copies></l:add>", "'poems' is not"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(body: str, said: str, read: Callable[..., Any]) -> None:
    with pytest.raises(DecodeError) as caught:
        read(body)
    assert said in str(caught.value)


def test_each_is_told_with_line_and_column_of_what_came(service: Service, codecs: Codecs) -> None:
    body = '<l:add>\n <book href="#b"/> <copies>two</copies></l:add>\n<m id="b"><title/>  <shelf>poems</shelf></m>'
    data = ENVELOPE.format(body=body).encode()
    with pytest.raises(DecodeError) as caught, columns_from(data):
        decode_body(service.operation("add").request, Envelope.read(parse_message(data)).body, codecs)
    told = {problem.place.path: (problem.place.line, problem.place.column) for problem in caught.value.problems}
    assert told["add.copies"] == (5, 20)
    assert told["add.book.shelf"] == (6, 21)


def test_references_that_make_a_message_grow_are_stopped(read: Callable[..., Any]) -> None:
    bomb = "".join(f'<m id="i{level}"><a href="#i{level + 1}"/><b href="#i{level + 1}"/></m>' for level in range(40))
    with pytest.raises(LimitError, match="grow without measure"):
        read(f'<l:add><book href="#i0"/><copies>1</copies></l:add>{bomb}<m id="i40">x</m>')


def test_what_is_written_says_its_types_and_sizes(library: Any, write: Callable[..., etree._Element]) -> None:
    words = library.ArrayOfString(item=["a", None])
    book = library.Book(
        title="Emma", shelf=library.Shelf.NOVELS, price=None, author=library.Author(name="Jane"), words=words
    )
    wrapper = write(library.AddRequest(book=book, copies=2), "add")
    types = {element.tag: element.get(XSI_TYPE) for element in wrapper.iter() if element.get(XSI_TYPE)}
    prefix = next(prefix for prefix, uri in wrapper.nsmap.items() if uri == "urn:example:library" and prefix)
    assert types == {
        "book": f"{prefix}:Book",
        "title": "xsd:string",
        "shelf": f"{prefix}:Shelf",
        "author": f"{prefix}:Author",
        "name": "xsd:string",
        "words": f"{prefix}:ArrayOfString",
        "item": "xsd:string",
        "copies": "xsd:int",
    }
    assert wrapper.find("book/words").get(f"{{{SOAP11_ENC}}}arrayType") == "xsd:string[2]"
    assert wrapper.get("{http://schemas.xmlsoap.org/soap/envelope/}encodingStyle") == SOAP11_ENC


def test_soap_1_2_says_the_same_in_its_own_words(library: Any, write: Callable[..., etree._Element]) -> None:
    wrapper = write(library.FindRequest(words=library.ArrayOfString(item=["a"])), "find", SOAP_1_2)
    array = wrapper.find("words")
    assert array.get(f"{{{SOAP12_ENC}}}itemType") == "xsd:string"
    assert array.get(f"{{{SOAP12_ENC}}}arraySize") == "1"
    assert wrapper.get("{http://www.w3.org/2003/05/soap-envelope}encodingStyle") == SOAP12_ENC


def test_client_and_service_speak_it(library: Any) -> None:
    class MyLibrary(library.Library):  # type: ignore[misc, name-defined]  # made in memory
        def add(self, *, book: Any, copies: int) -> int:
            return copies + len(book.words.item)

        def find(self, *, words: Any) -> Any:
            shelf = library.Shelf.SCIENCE
            books = [library.Book(title=word, shelf=shelf, price=Decimal(1), author=None) for word in words.item]
            return library.ArrayOfBook(item=books)

    with library.LibraryClient(transport=loopback(soapkit.asgi(MyLibrary()))) as client:
        words = library.ArrayOfString(item=["a", "b"])
        book = library.Book(title="t", shelf=library.Shelf.NOVELS, price=Decimal("1.5"), author=None, words=words)
        assert client.add(book=book, copies=3) == 5
        assert [one.title for one in client.find(words=words).item] == ["a", "b"]


def test_a_value_in_a_header_is_taken_only_where_nothing_is_signed(service: Service, codecs: Codecs) -> None:
    text = ENVELOPE.format(body='<l:add><book href="#b"/><copies>1</copies></l:add>').replace(
        "<s:Body", f'<s:Header><l:held><l:x id="b">{BOOK}</l:x></l:held></s:Header><s:Body'
    )
    envelope = Envelope.read(parse_message(text.encode()))
    request = service.operation("add").request
    assert decode_body(request, envelope.body, codecs, envelope.root).book.title == "Emma"
    with pytest.raises(SoapkitError, match="which nothing here is called"):
        decode_body(request, envelope.body, codecs)


SWA = b"""<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:t="urn:swa" targetNamespace="urn:swa"
  xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<message name="in"/><message name="out"><part name="scan" type="xs:base64Binary"/></message>
<portType name="P"><operation name="get"><input message="t:in"/><output message="t:out"/></operation></portType>
<binding name="B" type="t:P"><soap:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/>
  <operation name="get"><input><soap:body use="encoded" namespace="urn:swa"/></input>
    <output><soap:body use="encoded" namespace="urn:swa"/></output></operation></binding>
<service name="S"><port name="Q" binding="t:B"><soap:address location="http://localhost/"/></port></service>
</definitions>"""


def scan_sent_as(*attachments: soapkit.Attachment) -> Any:
    """What a client makes of a scan that a peer of before MTOM sends beside its reply."""
    reply = ENVELOPE.format(body='<w:getResponse xmlns:w="urn:swa"><scan href="cid:a%20b@x"/></w:getResponse>').encode()
    body, fields = pack_package(reply, SOAP_1_1, None, attachments, xop=False)
    kind = dict(fields)["Content-Type"] if attachments else "text/xml"
    transport = FakeTransport(Response(200, Headers({"Content-Type": kind}), b"".join(body) if attachments else reply))
    return soapkit.Client.from_wsdl(SWA, "http://a/", transport=transport).get()


def test_a_value_may_travel_beside_the_message() -> None:
    """SOAP Messages with Attachments (W3C note, 2000), 3: Axis 1 and SOAP::Lite send binary content so."""
    assert scan_sent_as(soapkit.Attachment(b"\x89PNG", "image/png", "a b@x")) == b"\x89PNG"


def test_a_value_beside_the_message_that_is_not_there_is_told() -> None:
    with pytest.raises(DecodeError, match="refers to 'cid:a%20b@x', and no attachment came with it"):
        scan_sent_as()
    with pytest.raises(DecodeError, match="the message has no attachment for 'cid:a%20b@x'"):
        scan_sent_as(soapkit.Attachment(b"\x89PNG", "image/png", "c@x"))
