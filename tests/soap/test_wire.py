"""Envelopes in HTTP bodies: media types, actions, encodings."""

import codecs
import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soapkit.errors import LimitError, MessageError, SoapkitError, UsageError, XmlError
from soapkit.soap.envelope import Draft
from soapkit.soap.version import SOAP_1_1, SOAP_1_2, Version
from soapkit.soap.wire import (
    MediaType,
    describe_page,
    looks_like_html,
    pack,
    parse_media_type,
    quoted_action,
    read_action,
    unpack,
)
from soapkit.xml.parse import XmlLimits, parse_message

ENVELOPE = Draft(SOAP_1_1, '<x xmlns="urn:x">ä€</x>').to_bytes()
TEXT = ENVELOPE.decode()


# --- media types --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "parameters"),
    [
        ("text/xml", "text/xml", {}),
        ("Text/XML; Charset=UTF-8", "text/xml", {"charset": "UTF-8"}),
        ('application/soap+xml; action="urn:x;y=1"', "application/soap+xml", {"action": "urn:x;y=1"}),
        (r'a/b; q="say \"hi\" \\ there"', "a/b", {"q": r'say "hi" \ there'}),
        ("application/soap+xml;action=http://x/y?a=b", "application/soap+xml", {"action": "http://x/y?a=b"}),
        ("text/xml;charset='utf-8'", "text/xml", {"charset": "utf-8"}),
        ("text/xml; charset = utf-8 ;", "text/xml", {"charset": "utf-8"}),
        ("text/xml;; charset=utf-8", "text/xml", {"charset": "utf-8"}),
        ("text/xml; utf-8", "text/xml", {}),
        ("text/xml; charset=", "text/xml", {"charset": ""}),
        ('text/xml; charset=""', "text/xml", {"charset": ""}),
        ("text/xml, text/xml", "text/xml", {}),
        ('text/xml; charset="utf-8", text/html', "text/xml", {"charset": "utf-8"}),
        ("text/xml; charset=utf-8, text/xml; charset=utf-16", "text/xml", {"charset": "utf-8"}),
        ("a/b; action=http://x/y,z; c=d", "a/b", {"action": "http://x/y,z", "c": "d"}),
        ("text/xml; charset=utf-8; charset=utf-8", "text/xml", {"charset": "utf-8"}),
        (" text/xml ", "text/xml", {}),
        ("", "", {}),
        (None, "", {}),
    ],
)
def test_a_content_type_is_read(text: str | None, name: str, parameters: dict[str, str]) -> None:
    media_type = parse_media_type(text)
    assert (media_type.name, dict(media_type.parameters)) == (name, parameters)


@pytest.mark.parametrize(
    "text",
    ["xml", "text/", "/xml", "text xml/a", 'text/xml; a="b', 'text/xml; a="b"c', "a/b; c=d; c=e", "<a>/b"],
)
def test_a_content_type_that_readers_would_not_agree_on_is_refused(text: str) -> None:
    with pytest.raises(MessageError, match="Content-Type"):
        parse_media_type(text)


@given(st.text())
def test_any_content_type_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(MessageError):
        assert isinstance(parse_media_type(text), MediaType)


@given(st.lists(st.sampled_from(['"', "\\", ";", "=", " ", ",", "a/b", "x", "\t"]), max_size=40).map("".join))
def test_any_parameters_are_read_or_refused(text: str) -> None:
    with contextlib.suppress(MessageError):
        parse_media_type("text/xml" + text)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_an_action_is_read_as_it_was_written(action: str) -> None:
    fields = dict(pack(b"", SOAP_1_2, action)[1])
    assert read_action(SOAP_1_2, parse_media_type(fields["Content-Type"]), None) == action


@pytest.mark.parametrize("piece", [" ", ";", "=", '"', '\\"', "a=", ";a", '"; ', "; a=b c", ","])
def test_a_long_content_type_is_read_in_linear_time(piece: str) -> None:
    started = time.thread_time()
    with contextlib.suppress(MessageError):
        parse_media_type("text/xml; a=" + piece * 30_000 + '"')
    assert time.thread_time() - started < 1


# --- pack ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "action", "fields"),
    [
        (SOAP_1_1, "urn:go", {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '"urn:go"'}),
        (SOAP_1_1, "", {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}),
        (SOAP_1_1, None, {"Content-Type": "text/xml; charset=utf-8"}),
        (SOAP_1_2, "urn:go", {"Content-Type": 'application/soap+xml; charset=utf-8; action="urn:go"'}),
        (SOAP_1_2, "", {"Content-Type": "application/soap+xml; charset=utf-8"}),
        (SOAP_1_2, None, {"Content-Type": "application/soap+xml; charset=utf-8"}),
    ],
)
def test_the_action_stands_where_its_version_wants_it(
    version: Version, action: str | None, fields: dict[str, str]
) -> None:
    assert pack(ENVELOPE, version, action) == (ENVELOPE, tuple(fields.items()))


@pytest.mark.parametrize("action", ["urn:x\r\nX-Evil: 1", "a\nb", "a\0", "\u2028"])
def test_an_action_cannot_add_a_header_field(action: str) -> None:
    with pytest.raises(UsageError, match="cannot carry"):
        pack(ENVELOPE, SOAP_1_1, action)


def test_an_action_beyond_ascii_is_written_as_a_uri() -> None:
    assert quoted_action("urn:größe") == '"urn:gr%C3%B6%C3%9Fe"'


@pytest.mark.parametrize(
    ("version", "content_type", "soap_action", "action"),
    [
        (SOAP_1_1, "text/xml", '"urn:go"', "urn:go"),
        (SOAP_1_1, "text/xml", "urn:go", "urn:go"),
        (SOAP_1_1, "text/xml", '""', ""),
        (SOAP_1_1, "text/xml", None, ""),
        (SOAP_1_2, 'application/soap+xml; action="urn:go"', None, "urn:go"),
        (SOAP_1_2, "application/soap+xml; action=urn:go", None, "urn:go"),
        (SOAP_1_2, 'application/soap+xml; action="urn:go"', '"urn:other"', "urn:go"),
        (SOAP_1_2, "application/soap+xml", '"urn:go"', "urn:go"),
        (SOAP_1_1, 'text/xml; action="urn:go"', '""', "urn:go"),
    ],
)
def test_an_action_is_found(version: Version, content_type: str, soap_action: str | None, action: str) -> None:
    assert read_action(version, parse_media_type(content_type), soap_action) == action


# --- unpack -------------------------------------------------------------------------------------------------------


def text_of(body: bytes, content_type: str | None) -> str | None:
    return unpack(body, content_type).content[0].text


DECLARED = "<?xml version='1.0' encoding='{}'?>\n" + TEXT

LATIN = TEXT.replace("€", "")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (ENVELOPE, None),
        (ENVELOPE, "text/xml"),
        (ENVELOPE, "text/xml; charset=utf-8"),
        (ENVELOPE, 'text/xml; charset="UTF8"'),
        (ENVELOPE, "text/plain"),
        (b"\n " + ENVELOPE, "text/xml; charset=utf-8"),
        (codecs.BOM_UTF8 + ENVELOPE, "text/xml; charset=utf-8"),
        (codecs.BOM_UTF8 + ENVELOPE, "text/xml"),
        (codecs.BOM_UTF8 + ENVELOPE, "text/xml; charset=iso-8859-1"),
        (DECLARED.format("utf-8").encode(), "text/xml"),
        (DECLARED.format("UTF-8").encode(), "text/xml; charset=utf-8"),
        (b"\r\n" + DECLARED.format("UTF-8").encode(), "text/xml; charset=utf-8"),
        (DECLARED.format("iso-8859-1").encode(), "text/xml; charset=utf-8"),
        (TEXT.encode("utf-16"), "text/xml"),
        (TEXT.encode("utf-16"), "text/xml; charset=utf-16"),
        (TEXT.encode("utf-16-le"), "text/xml; charset=utf-16"),
        (TEXT.encode("utf-16-be"), "text/xml; charset=utf-16"),
        (TEXT.encode("utf-16-le"), "text/xml; charset=utf-16le"),
        (TEXT.encode("utf-16-be"), "text/xml; charset=UTF-16BE"),
        (DECLARED.format("utf-16").encode("utf-16"), "text/xml; charset=utf-16"),
        (DECLARED.format("utf-8").encode("utf-16"), "text/xml; charset=utf-8"),
        (TEXT.encode("utf-32"), "text/xml; charset=utf-32"),
        (TEXT.encode("cp1252"), "text/xml; charset=windows-1252"),
        (DECLARED.format("windows-1252").encode("cp1252"), "text/xml"),
        (DECLARED.format("windows-1252").encode("cp1252"), "text/xml; charset=windows-1252"),
    ],
)
def test_a_message_in_any_encoding_is_read(body: bytes, content_type: str | None) -> None:
    assert text_of(body, content_type) == "ä€"


def test_the_charset_counts_more_than_the_declaration() -> None:
    body = DECLARED.format("utf-8").replace("€", "").encode("iso-8859-1")
    assert text_of(body, "text/xml; charset=iso-8859-1") == "ä"


@pytest.mark.parametrize("charset", ["utf-7", "rot13", "unicode_escape", "base64", "no-such", "idna", "utf-8-sig\0"])
def test_a_charset_that_is_none_for_messages_is_refused(charset: str) -> None:
    with pytest.raises(XmlError, match="not known here"):
        unpack(b"+ADw-a/+AD4-", f"text/xml; charset={charset}")


def test_bytes_that_are_not_in_their_charset_are_refused_with_their_line() -> None:
    body = b"\n" + TEXT.encode("iso-8859-15")
    with pytest.raises(XmlError, match="byte 142 of the message is not in utf-8") as caught:
        unpack(b"<?xml version='1.0' encoding='iso-8859-1'?>" + body, "text/xml; charset=utf-8")
    assert caught.value.place.line == 2


@pytest.mark.parametrize("body", [b"", b"  \r\n "])
def test_an_empty_body_is_told(body: bytes) -> None:
    with pytest.raises(MessageError, match="found an empty body"):
        unpack(body, "text/xml")


def test_a_truncated_message_is_told_with_its_place() -> None:
    with pytest.raises(XmlError, match="not well-formed") as caught:
        unpack(ENVELOPE[:-9], "text/xml", source="https://bank.example/")
    assert caught.value.place.source == "https://bank.example/"
    assert caught.value.place.line == 1


def test_a_page_of_html_is_told_by_its_title() -> None:
    page = b"<!DOCTYPE html><html><head><title>\n Log in &amp; go </title></head><body><br></body></html>"
    with pytest.raises(MessageError, match="found a page of HTML with the title 'Log in & go'"):
        unpack(page, "text/html")


@pytest.mark.parametrize(
    ("body", "is_html"),
    [
        (b"<html></html>", True),
        (b" <!-- x --> <!DOCTYPE HTML PUBLIC>", True),
        (codecs.BOM_UTF8 + b"<?xml version='1.0'?><!doctype html>", True),
        (b"<html", True),
        (ENVELOPE, False),
        (b"<!-- <html> --><a/>", False),
        (b"<!--", False),
        (b"", False),
        (b"{}", False),
        (b"<!DOCTYPE a><html/>", False),
    ],
)
def test_html_is_told_from_xml(body: bytes, is_html: bool) -> None:
    assert looks_like_html(body) is is_html


@pytest.mark.parametrize("piece", [b"<!-- -->", b"<!--", b"<? ?>", b" ", b"<title", b"<title>", b"</title"])
def test_hostile_pages_are_looked_at_in_linear_time(piece: bytes) -> None:
    page = b"<!-- x -->" + piece * 50_000
    started = time.thread_time()
    looks_like_html(page)
    describe_page(page)
    with pytest.raises(SoapkitError):
        unpack(page, "text/html")
    assert time.thread_time() - started < 1


def test_limits_reach_the_parser() -> None:
    with pytest.raises(LimitError):
        unpack(ENVELOPE, "text/xml", limits=XmlLimits(bytes=10))


def test_a_doctype_is_refused() -> None:
    with pytest.raises(XmlError, match="DOCTYPE"):
        unpack(b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + ENVELOPE, "text/xml")


@given(st.binary(max_size=200), st.sampled_from([None, "text/xml; charset=utf-16", "text/xml; charset=utf-8", "a/b;c"]))
def test_any_bytes_are_a_message_or_a_typed_error(body: bytes, content_type: str | None) -> None:
    with contextlib.suppress(SoapkitError):
        unpack(body, content_type)


@given(st.data())
def test_a_damaged_message_is_a_message_or_a_typed_error(data: st.DataObject) -> None:
    body = bytearray(ENVELOPE)
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(body) - 1))
        body[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with contextlib.suppress(SoapkitError):
        unpack(bytes(body), "text/xml; charset=utf-8")


def test_the_place_of_what_is_not_well_formed_is_told_once() -> None:
    with pytest.raises(XmlError) as caught:
        parse_message(b"<a><b></a>")
    assert str(caught.value) == "message:1:11: not well-formed XML: Opening and ending tag mismatch: b line 1 and a"
