"""Repeated elements one by one: read while a reply comes, sent while a handler makes them, read from a file."""

from __future__ import annotations

import asyncio
import gzip
import io
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import soapkit
from soapkit.errors import DecodeError, Fault, HttpError, LimitError, MessageError, UsageError, XmlError
from soapkit.testing import FakeTransport, loopback
from soapkit.transport.urllib3 import Urllib3Transport
from soapkit.transport.values import Headers, OpenResponse, Request, Response
from soapkit.xml.parse import XmlLimits
from soapkit.xml.pieces import ElementReader


class Entry(msgspec.Struct, kw_only=True):
    number: int
    text: str = ""


class Page(msgspec.Struct, kw_only=True):
    total: int
    entries: list[Entry] = []
    after: str | None = None


@soapkit.service("urn:journal")
class Journal:
    made = 0
    closed = False

    @soapkit.operation
    def entries(self, count: int) -> Iterator[Entry]:
        Journal.made = 0
        for number in range(count):
            if number == 7_777:
                raise RuntimeError("the disk is gone")
            Journal.made += 1
            yield Entry(number=number, text=f"é & <{number}>")

    @soapkit.operation
    async def later(self, count: int) -> AsyncIterator[int]:
        for number in range(count):
            await asyncio.sleep(0)
            yield number

    @soapkit.operation
    def page(self, count: int) -> Page:
        entries: Any = iter([Entry(number=number) for number in range(count)])
        return Page(total=count, entries=entries, after="the end")

    @soapkit.operation
    def fails(self) -> list[str]:
        raise Fault("not today")

    @soapkit.operation
    def fails_at_once(self) -> Iterator[str]:
        raise Fault("not even one")
        yield ""


WSDL = loopback(soapkit.asgi(Journal())).send(Request("http://x/?wsdl", method="GET")).body
HOSTS = [soapkit.asgi, soapkit.wsgi]


@pytest.fixture(params=HOSTS)
def journal(request: pytest.FixtureRequest) -> Any:
    return soapkit.Client.from_wsdl(WSDL, "http://x/", transport=loopback(request.param(Journal())))


@pytest.mark.parametrize("count", [0, 1, 2, 1_500])
def test_what_a_handler_yields_is_what_a_caller_gets(journal: Any, count: int) -> None:
    expected = [(number, f"é & <{number}>") for number in range(count)]
    assert [(one.number, one.text) for one in journal.entries(count=count)] == expected
    assert [(one.number, one.text) for one in journal.streaming.entries(count=count)] == expected
    assert journal.later(count=count) == list(range(count))
    assert list(journal.stream("later", count=count)) == list(range(count))


def test_what_stands_around_the_items_stays_in_its_place(journal: Any) -> None:
    page = journal.page(count=300)
    assert (page.total, len(page.entries), page.after) == (300, 300, "the end")
    assert [one.number for one in journal.stream("page", "entries", count=3)] == [0, 1, 2]


def test_a_handler_that_fails_at_once_is_answered_with_a_fault(journal: Any) -> None:
    with pytest.raises(Fault, match="not even one"):
        journal.fails_at_once()
    with pytest.raises(Fault, match="not today"):
        list(journal.streaming.fails())


def test_a_secured_or_validated_reply_is_sent_whole() -> None:
    application = soapkit.asgi(Journal(), validate="both")
    response = loopback(application)
    client = soapkit.Client.from_wsdl(WSDL, "http://x/", transport=response)
    assert len(client.entries(count=10)) == 10


# --- over sockets -------------------------------------------------------------------------------------------------


def test_items_arrive_while_the_others_are_made(serve: Callable[..., str]) -> None:
    address = serve(soapkit.asgi(Journal()))
    with soapkit.Client.from_wsdl(WSDL, address) as journal:
        items = journal.stream("entries", count=7_000)
        assert next(items).number == 0
        items.close()  # the connection with it: the service stops
        exchange = journal.with_exchange.entries(count=7_000)
    assert len(exchange.value) == 7_000
    assert exchange.response_headers["transfer-encoding"] == "chunked"


def test_async_clients_get_the_same(serve: Callable[..., str]) -> None:
    address = serve(soapkit.asgi(Journal()))

    async def main() -> tuple[list[int], list[int]]:
        async with await soapkit.AsyncClient.from_wsdl(WSDL, address) as journal:
            one = [item.number async for item in journal.stream("entries", count=3_000)]
            return one, [item async for item in journal.streaming.later(count=3)]

    assert asyncio.run(main()) == (list(range(3_000)), [0, 1, 2])


def test_a_handler_that_fails_in_the_middle_breaks_the_reply_off(serve: Callable[..., str]) -> None:
    address = serve(soapkit.asgi(Journal()))
    with (
        soapkit.Client.from_wsdl(WSDL, address) as journal,
        pytest.raises(soapkit.SoapkitError, match=r"broke|cut short|not well-formed"),
    ):
        list(journal.stream("entries", count=10_000))


# --- what comes ---------------------------------------------------------------------------------------------------

ENVELOPE = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">{header}<s:Body><entriesResponse '
    'xmlns="urn:journal">{inside}</entriesResponse></s:Body></s:Envelope>'
)


class Pieces:
    """A transport whose replies come in pieces of three bytes."""

    size = 3

    def __init__(self, body: str, status: int = 200, content_type: str = "text/xml; charset=utf-8") -> None:
        self.body, self.status, self.headers = body.encode(), status, Headers({"Content-Type": content_type})

    def send(self, request: Request) -> Response:
        raise AssertionError("a stream was asked for")

    def open(self, request: Request) -> OpenResponse:
        pieces = (self.body[start : start + self.size] for start in range(0, len(self.body), self.size))
        return OpenResponse(self.status, self.headers, "", pieces, lambda: None)

    def close(self) -> None: ...


def received(inside: str, header: str = "", **settings: Any) -> list[Any]:
    transport = Pieces(ENVELOPE.format(header=header, inside=inside), **settings)
    got = []
    with soapkit.Client.from_wsdl(WSDL, "http://x/", transport=transport) as journal:
        for item in journal.stream("entries", count=0):
            got.append(item)
    return got


def item(number: object) -> str:
    return f"<result><number>{number}</number><text/></result>"


def test_items_are_read_however_the_reply_is_cut() -> None:
    assert [one.number for one in received("".join(map(item, range(50))))] == list(range(50))


@pytest.mark.parametrize("charset", ["utf-16", "iso-8859-1"])
def test_a_reply_in_another_encoding_is_read_whole(charset: str) -> None:
    transport = Pieces("", content_type=f"text/xml; charset={charset}")
    transport.body = ENVELOPE.format(header="", inside=item(1)).encode(charset)
    with soapkit.Client.from_wsdl(WSDL, "http://x/", transport=transport) as journal:
        assert [one.number for one in journal.stream("entries", count=0)] == [1]


@pytest.mark.parametrize(
    ("head", "encoding", "charset"),
    [
        ('<?xml version="1.0" encoding="iso-8859-1"?>', "utf-8", "; charset=utf-8"),
        ('<?xml version="1.0" encoding="nope"?>', "utf-8", "; charset=utf-8"),
        ('<?xml version="1.0" encoding="iso-8859-1"?>', "iso-8859-1", ""),
        ('\n<?xml version="1.0"?>', "utf-8", ""),
        ("\n", "utf-8", "; charset=utf-8"),
        ("\ufeff", "utf-8", "; charset=utf-8"),
        ('\ufeff<?xml version="1.0" encoding="us-ascii"?>', "utf-8", "; charset=utf-8"),
        ("", "utf-16", "; charset=utf-8"),
        ("", "utf-16", ""),
        ("", "utf-32", "; charset=utf-8"),
        (f'<?xml version="1.0"{" " * 2000}?>', "utf-8", ""),
    ],
)
def test_a_stream_is_in_the_encoding_that_a_whole_reply_would_be_in(head: str, encoding: str, charset: str) -> None:
    transport = Pieces("", content_type=f"text/xml{charset}")
    inside = "<result><number>1</number><text>ü</text></result>" * 2
    transport.body = (head + ENVELOPE.format(header="", inside=inside)).encode(encoding)
    with soapkit.Client.from_wsdl(WSDL, "http://x/", transport=transport) as journal:
        assert [one.text for one in journal.stream("entries", count=0)] == ["ü", "ü"]


@pytest.mark.parametrize(("body", "words"), [("", "an empty body"), (" ", "an empty body"), ("{}", "that starts")])
def test_what_is_no_reply_is_told_as_ever(body: str, words: str) -> None:
    transport = Pieces(body)
    with (
        soapkit.Client.from_wsdl(WSDL, "http://x/", transport=transport) as journal,
        pytest.raises(HttpError, match=words),
    ):
        list(journal.stream("entries", count=0))


def test_an_item_that_does_not_fit_is_told_when_its_turn_comes() -> None:
    transport = Pieces(ENVELOPE.format(header="", inside=item(1) + item("x") + item(3)))
    with soapkit.Client.from_wsdl(WSDL, "http://x/", transport=transport) as journal:
        items = journal.stream("entries", count=0)
        assert next(items).number == 1
        with pytest.raises(DecodeError, match=r"result\[1\].number: 'x' is not") as caught:
            next(items)
    place = caught.value.problems[0].place
    assert (place.line, place.column) == (
        1,
        len(ENVELOPE.partition("{inside}")[0]) - len("{header}") + len(item(1)) + 9,
    )


def test_what_is_wrong_around_the_items_has_its_column_too() -> None:
    with pytest.raises(DecodeError) as caught:
        received("\n" + item(1) + "\n" + item(2) + " <more/>")
    assert [(one.place.line, one.place.column) for one in caught.value.problems] == [(3, len(item(2)) + 2)]
    with pytest.raises(DecodeError) as caught:
        received("\n x" + item(1))
    assert [(one.place.line, one.place.column) for one in caught.value.problems] == [
        (1, ENVELOPE.format(header="", inside="").index("<entries") + 1)
    ]


@pytest.mark.parametrize(
    ("inside", "error", "words"),
    [
        (item(1) + "<more/>", DecodeError, "more"),
        (item(1) + item(2) + "text", DecodeError, "text"),
        (item(1) + "<result>", XmlError, "not well-formed"),
        (item(1) + "<?pi?>", XmlError, "processing instruction"),
    ],
)
def test_what_is_wrong_around_the_items_is_told_at_the_end(inside: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        received(inside)


@pytest.mark.parametrize(
    "odd", ["<text x:nil='true'/>", "<x:text/>", "<text xmlns:x='urn:x' xmlns:y='urn:x' x:a='' y:a=''/>"]
)
@pytest.mark.parametrize("unknown", ["strict", "lenient"])
def test_an_item_with_a_name_that_means_nothing_is_not_given(odd: str, unknown: Any) -> None:
    transport = Pieces(
        ENVELOPE.format(header="", inside=item(1) + f"<result><number>2</number>{odd}</result>" + item(3))
    )
    got = []
    with (
        soapkit.Client.from_wsdl(WSDL, "http://x/", transport=transport, unknown=unknown) as journal,
        pytest.raises(XmlError, match="not well-formed XML: "),
    ):
        for one in journal.stream("entries", count=0):
            got.append(one.number)
    assert got == [1]


def test_a_header_that_must_be_understood_comes_before_any_item() -> None:
    header = '<s:Header><x:h xmlns:x="urn:x" s:mustUnderstand="1"/></s:Header>'
    transport = Pieces(ENVELOPE.format(header=header, inside=item(1)))
    with (
        soapkit.Client.from_wsdl(WSDL, "http://x/", transport=transport) as journal,
        pytest.raises(MessageError, match="urn:x"),
    ):
        next(journal.stream("entries", count=0))


@pytest.mark.parametrize("status", [200, 500])
def test_a_fault_in_place_of_items_is_raised(status: int) -> None:
    fault = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Server'
        "</faultcode><faultstring>no</faultstring></s:Fault></s:Body></s:Envelope>"
    )
    with (
        soapkit.Client.from_wsdl(WSDL, "http://x/", transport=Pieces(fault, status)) as journal,
        pytest.raises(Fault, match="no"),
    ):
        list(journal.stream("entries", count=0))


def test_a_doctype_is_refused_before_any_item() -> None:
    transport = Pieces('<!DOCTYPE x [<!ENTITY a "b">]>' + ENVELOPE.format(header="", inside=item(1)))
    with (
        soapkit.Client.from_wsdl(WSDL, "http://x/", transport=transport) as journal,
        pytest.raises(XmlError, match="DOCTYPE"),
    ):
        next(journal.stream("entries", count=0))


def test_a_transport_that_cannot_stream_still_gives_items() -> None:
    body = ENVELOPE.format(header="", inside=item(1)).encode()
    with soapkit.Client.from_wsdl(WSDL, "http://x/", transport=FakeTransport(body)) as journal:
        assert [one.number for one in journal.stream("entries", count=0)] == [1]


def test_what_cannot_be_streamed_is_told_before_anything_is_sent(journal: Any) -> None:
    with pytest.raises(UsageError, match="no operation 'entrys'; did you mean entries"):
        journal.stream("entrys")
    with pytest.raises(UsageError, match="no list 'entrie'; it has entries"):
        journal.stream("page", "entrie", count=1)
    validating = soapkit.Client.from_wsdl(WSDL, "http://x/", transport=Urllib3Transport(), validate="in")
    with pytest.raises(UsageError, match="must be validated is read whole"):
        validating.stream("entries", count=1)


def test_a_page_in_place_of_a_reply_is_told_as_ever() -> None:
    for page in ("<html><title>Login</title></html>", "<!doctype html><title>Login</title>"):
        transport = Pieces(page)
        with (
            soapkit.Client.from_wsdl(WSDL, "http://x/", transport=transport) as journal,
            pytest.raises(HttpError, match="a page of HTML with the title 'Login'"),
        ):
            list(journal.stream("entries", count=0))


def test_what_is_wrong_has_the_path_that_a_whole_reply_would_have() -> None:
    body = ENVELOPE.format(header="", inside=item(1) + item("x"))
    told = []
    with soapkit.Client.from_wsdl(WSDL, "http://x/", transport=FakeTransport(body.encode())) as journal:
        for call in (lambda: journal.entries(count=0), lambda: list(journal.stream("entries", count=0))):
            with pytest.raises(DecodeError) as caught:
                call()
            told.append(str(caught.value))
    with pytest.raises(DecodeError) as caught:
        received(item(1) + item("x"))
    assert told == [str(caught.value)] * 2
    assert ", column " in told[0]
    assert "entriesResponse.result[1].number" in told[0]


def test_what_stands_between_items_has_its_column_when_they_are_gone() -> None:
    many = "".join(map(item, range(50)))
    inside = f"\n{many} <more/>{many}\n <a/><b/>{many}"
    with pytest.raises(DecodeError) as caught:
        received(inside)
    assert [(one.place.line, one.place.column) for one in caught.value.problems] == [(2, len(many) + 2), (3, 2), (3, 6)]


def test_many_elements_between_items_are_told_in_their_time() -> None:
    inside = "".join(item(number) + "<more/>" for number in range(2000))
    with pytest.raises(DecodeError, match="and 1,900 more") as caught:
        received(inside)
    assert caught.value.problems[0].place.column is not None


def test_an_error_of_a_stream_carries_what_was_sent() -> None:
    transport = Pieces(ENVELOPE.format(header="", inside=item("x")))
    with (
        soapkit.Client.from_wsdl(WSDL, "http://x/", transport=transport) as journal,
        pytest.raises(DecodeError) as caught,
    ):
        list(journal.stream("entries", count=7))
    exchange = caught.value.exchange
    assert b">7<" in exchange.request
    assert (exchange.operation, exchange.status) == ("entries", 200)


def test_attachments_go_with_the_request_of_a_stream() -> None:
    sent: list[Request] = []

    class Recording(Pieces):
        def open(self, request: Request) -> OpenResponse:
            sent.append(request)
            return super().open(request)

    transport = Recording(ENVELOPE.format(header="", inside=item(1)))
    with soapkit.Client.from_wsdl(WSDL, "http://x/", transport=transport) as journal:
        list(journal.with_attachments(soapkit.Attachment(b"the filter")).stream("entries", count=0))
    assert sent[0].stream is not None
    assert b"the filter" in b"".join(sent[0].stream)


# --- names and texts that libxml2 does not like -------------------------------------------------------------------

CYRILLIC = "urn:\N{CYRILLIC CAPITAL LETTER O}\N{CYRILLIC SMALL LETTER BE} x"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("inside", [item(1) + item(2), ""])
def test_a_namespace_name_need_not_be_a_uri_in_a_stream(inside: str, encoding: str) -> None:
    transport = Pieces("", content_type="text/xml")
    head = f'<?xml version="1.0" encoding="{encoding}"?>'
    body = head + ENVELOPE.format(header="", inside=inside).replace("<s:Body", f'<s:Body xmlns:o="{CYRILLIC}"')
    transport.body = body.encode(encoding)
    with soapkit.Client.from_wsdl(WSDL, "http://x/", transport=transport) as journal:
        assert [one.number for one in journal.stream("entries", count=0)] == [1, 2][: len(inside)]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (f'<x xmlns="{CYRILLIC}"/><more', "not well-formed XML: (?!.*URI)"),
        (f'<x xmlns="{CYRILLIC}"/><p:more/>', "prefix p on more is not defined"),
        ('<x xmlns="urn:}x"/>', "not a valid URI"),
        (f'<x xmlns="{CYRILLIC}"/>' * 60, "not a valid URI"),
    ],
)
def test_what_else_is_wrong_beside_such_a_name_is_told(wrong: str, words: str) -> None:
    with pytest.raises(XmlError, match=words):
        received(item(1) + wrong)


LONG = "x" * 11_000_000


@pytest.mark.parametrize("number", [1, 2])
def test_a_text_of_an_item_may_be_long(number: int) -> None:
    document = f"<a>{entries(1)}<entry><number>{number}</number><text>{LONG}</text></entry>{entries(3)}</a>".encode()
    pieces = [document[start : start + 65_536] for start in range(0, len(document), 65_536)]
    found = [(one.number, len(one.text)) for one in soapkit.iter_decode(pieces, Entry, "a/entry")]
    assert found == [(1, 0), (number, len(LONG)), (3, 0)]
    with pytest.raises(LimitError, match="11,000,000 characters; at most 10,500,000"):
        list(soapkit.iter_decode(pieces, Entry, "a/entry", limits=XmlLimits(text=10_500_000)))
    with pytest.raises(LimitError, match="a limit of the parser"):
        list(soapkit.iter_decode([b"<!DOCTYPE a>", *pieces], Entry, "b/entry"))


def test_depth_has_an_end_in_pieces_too() -> None:
    for around in ("<a><entry>{}</entry></a>", "<a><b>{}</b><entry><number>1</number></entry></a>"):
        for levels, limits, most in ((300, XmlLimits(), 256), (20, XmlLimits(depth=6), 6)):
            deep = around.format("<x>" * levels + "</x>" * levels).encode()
            with pytest.raises(
                LimitError, match=f"nested more than {most - 1 if '<a><entry' in around else most} deep"
            ):
                reader = ElementReader(("a", "entry"), keep=1, limits=limits)
                for piece in (deep[:3], deep[3:]):
                    list(reader.feed(piece))
                reader.finish()


# --- files --------------------------------------------------------------------------------------------------------

DOCUMENT = '<?xml version="1.0"?><?style x?><a xmlns="urn:a"><b><number>9</number></b><c>{}</c><c>{}</c></a>'


def entries(*numbers: int) -> str:
    return "".join(f'<entry xmlns=""><number>{number}</number></entry>' for number in numbers)


def test_a_file_is_read_element_by_element(tmp_path: Path) -> None:
    path = tmp_path / "large.xml"
    path.write_text(DOCUMENT.format(entries(1, 2), entries(3)))
    for source in (path, str(path), io.BytesIO(path.read_bytes()), [path.read_bytes()[:90], path.read_bytes()[90:]]):
        assert [one.number for one in soapkit.iter_decode(source, Entry, "a/c/entry")] == [1, 2, 3]
    assert [one.number for one in soapkit.iter_decode(path, Entry, "{urn:a}a/c/entry")] == [1, 2, 3]
    assert list(soapkit.iter_decode(path, Entry, "{urn:b}a/c/entry")) == []


def test_what_is_wrong_in_a_file_is_told_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "large.xml"
    path.write_text("<a>\n<entry><number>1</number></entry>\n<entry><number>one</number></entry></a>")
    with pytest.raises(DecodeError, match=r"large.xml:3:8: entry\[1\].number: 'one' is not"):
        list(soapkit.iter_decode(path, Entry, "a/entry"))
    path.write_text("<a>\n<entry>")
    with pytest.raises(XmlError, match=r"large.xml:2"):
        list(soapkit.iter_decode(path, Entry, "a/entry"))


@pytest.mark.parametrize("size", [1, 7, 1000, 100_000])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "iso-8859-1", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_column_is_right_however_a_document_is_cut(encoding: str, size: int) -> None:
    good = "<entry><!--<number>--><number>7</number><text><![CDATA[<number>]]>ü</text></entry>"
    bad = good.replace("<number>7", "<number\n>ü")
    head = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")[:10]}"?>'
    text = f"{head}<a>{good * 400}\n{good * 400}{bad}{good}<number>8</number></a>"
    data = text.encode(encoding)
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    with pytest.raises(DecodeError) as caught:
        list(soapkit.iter_decode(pieces, Entry, "a/entry"))
    place = caught.value.place
    assert (place.line, place.column, place.path) == (
        2,
        400 * len(good) + bad.index("<number\n") + 1,
        "entry[800].number",
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("size", [3, 100_000])
def test_what_is_wrong_around_the_items_has_its_column_in_every_encoding(size: int, encoding: str) -> None:
    head, inside = f'<?xml version="1.0" encoding="{encoding}"?>', "\N{GRINNING FACE}\n" + item(1) + "\N{GRINNING FACE}"
    transport = Pieces("", content_type="text/xml")
    transport.body, transport.size = (head + ENVELOPE.format(header="", inside=inside)).encode(encoding), size
    with (
        soapkit.Client.from_wsdl(WSDL, "http://x/", transport=transport) as journal,
        pytest.raises(DecodeError) as caught,
    ):
        list(journal.stream("entries", count=0))
    column = len(head) + ENVELOPE.format(header="", inside="").index("<entries") + 1
    assert [(one.place.line, one.place.column) for one in caught.value.problems] == [(1, column)] * 2


def test_an_encoding_that_is_declared_across_pieces_hides_no_attributes() -> None:
    attributes = b" ".join(b'a%d+AD0-"1"' % number for number in range(600))
    document = b'<?xml version="1.0" encoding="utf-7"?><a><entry ' + attributes + b"><number>1</number></entry></a>"
    with pytest.raises(LimitError, match="has 600 attributes"):
        list(soapkit.iter_decode([document[:12], document[12:]], Entry, "a/entry"))


def test_a_file_that_gzip_has_compressed_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.xml.gz"
    document = DOCUMENT.format(entries(1, 2), entries(*range(3, 3000))).encode()
    for data in (gzip.compress(document), gzip.compress(document[:90]) + gzip.compress(document[90:]) + bytes(9)):
        path.write_bytes(data)
        for source in (path, [data[at : at + 7] for at in range(0, len(data), 7)], [data[:1], data[1:]]):
            assert [one.number for one in soapkit.iter_decode(source, Entry, "a/c/entry")] == list(range(1, 3000))


@pytest.mark.parametrize(("cut", "words"), [(slice(0, -20), "cut short"), (slice(0, 12), "cut short")])
def test_and_what_is_wrong_with_it_is_told(cut: slice, words: str, tmp_path: Path) -> None:
    path = tmp_path / "large.xml.gz"
    path.write_bytes(gzip.compress(DOCUMENT.format(entries(1), entries(2)).encode())[cut])
    with pytest.raises(XmlError, match=rf"large.xml.gz: the gzip file is {words}"):
        list(soapkit.iter_decode(path, Entry, "a/c/entry"))
    with pytest.raises(XmlError, match=r"document: the gzip file is damaged"):
        list(soapkit.iter_decode([b"\x1f\x8bnonsense"], Entry, "a/c/entry"))


def test_attributes_that_hide_in_an_encoding_are_counted_in_pieces_too() -> None:
    attributes = b" ".join(b'a%d+AD0-"1"' % number for number in range(600))
    document = b'<?xml version="1.0" encoding="utf-7"?><a><entry ' + attributes + b"><number>1</number></entry></a>"
    with pytest.raises(LimitError, match="has 600 attributes"):
        list(soapkit.iter_decode([document[:60], document[60:]], Entry, "a/entry"))


@pytest.mark.parametrize(
    ("entry", "limits", "words"),
    [
        ("<entry" + "".join(f' a{number}="1"' for number in range(600)) + "/>", XmlLimits(), "has 600 attributes"),
        (
            "<entry>" + "".join(f'<a xmlns:p{n}="urn:{n}">' for n in range(140)) + "</a>" * 140 + "</entry>",
            XmlLimits(),
            "in scope",
        ),
        (f"<entry>{'<a>' * 300}{'</a>' * 300}</entry>", XmlLimits(), "more than 254 deep"),
        (f"<entry>{'<a>' * 4}{'</a>' * 4}</entry>", XmlLimits(depth=5), "more than 3 deep"),
        (f"<entry><number>{'1' * 1001}</number></entry>", XmlLimits(text=1000), "1,001 characters"),
    ],
    ids=["attributes", "namespaces", "deep", "depth", "text"],
)
@pytest.mark.parametrize("size", [100, 100_000])
def test_no_item_is_beyond_a_limit_wherever_a_piece_ends(entry: str, limits: XmlLimits, words: str, size: int) -> None:
    document = f"<a><c><entry><number>1</number></entry>{entry}</c></a>".encode()
    pieces = [document[at : at + size] for at in range(0, len(document), size)]
    with pytest.raises(LimitError, match=words):
        list(soapkit.iter_decode(pieces, Entry, "a/c/entry", limits=limits))


def test_a_path_names_elements() -> None:
    with pytest.raises(UsageError, match="is no path"):
        list(soapkit.iter_decode([b"<a/>"], Entry, "a//b"))


def test_a_document_without_the_elements_does_not_fill_the_memory() -> None:
    limits = XmlLimits(bytes=1000)
    with pytest.raises(LimitError, match="1,000 bytes without an element entry"):
        list(soapkit.iter_decode([b"<a>", *[b"<x>1</x>" * 100] * 3], Entry, "a/entry", limits=limits))
    many = [b"<a>", *[b"<entry><number>1</number></entry>"] * 1000, b"</a>"]
    assert sum(1 for _ in soapkit.iter_decode(many, Entry, "a/entry", limits=limits)) == 1000
