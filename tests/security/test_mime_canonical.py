"""MIME header fields and content in canonical form (WSS SwA Profile 1.1, 5.4)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soapkit.attachment import Attachment
from soapkit.errors import SecurityError, XmlError
from soapkit.security.mime_canonical import canonical_content, canonical_fields


@pytest.mark.parametrize(
    ("name", "value", "canonical"),
    [
        ("content-type", "Text/XML; Charset=UTF-8", 'text/xml;charset="utf-8"'),
        ("content-type", ' application/pdf ; b="x;y"; a=1', 'application/pdf;a="1";b="x;y"'),
        ("content-type", r'a/b; name="q\"\x\\"', r'a/b;name="q\"x\\"'),
        ("content-type", "text/plain", "text/plain"),
        ("content-type", "text/plain;", "text/plain"),
        ("content-type", "text/plain (said (by) whom); charset=us-ascii", 'text/plain;charset="us-ascii"'),
        ("content-disposition", "ATTACHMENT; filename=A.PDF; Kind=Odd", 'attachment;filename="a.pdf";kind="Odd"'),
        ("content-disposition", 'inline; filename="a (b).pdf"', 'inline;filename="a (b).pdf"'),
        ("content-disposition", "inline; filename*=utf-8'en'%c3%a9", 'inline;filename="é"'),
        ("content-disposition", 'inline; name*1=two; name*0="one "', 'inline;name="one two"'),
        ("content-disposition", "inline; name*0*=iso-8859-1''%e9; name*1*=%e8", 'inline;name="éè"'),
        ("content-id", "<a@b> (mine)", "<a@b>"),
        ("content-location", " http://x/%20A ", "http://x/%20A"),
        ("content-description", "=?utf-8?q?caf=C3=A9?= (really)", "café "),
    ],
)
def test_each_field_has_one_form(name: str, value: str, canonical: str) -> None:
    lines = canonical_fields({"content-type": "x/y"} | {name: value}).decode().split("\r\n")
    assert next(line for line in lines if line.lower().startswith(name)).partition(":")[2] == canonical


def test_the_fields_of_the_profile_are_taken_in_the_order_of_their_names() -> None:
    fields = {"content-type": "a/b", "x-other": "1", "content-id": "<i@x>", "content-disposition": "inline"}
    fields |= {"content-location": "l", "content-description": "d", "content-transfer-encoding": "base64"}
    assert canonical_fields(fields) == (
        b"Content-Description:d\r\nContent-Disposition:inline\r\nContent-ID:<i@x>\r\n"
        b"Content-Location:l\r\nContent-Type:a/b\r\n"
    )


def test_a_part_without_a_type_is_plain_text() -> None:
    assert canonical_fields({}) == b'Content-Type:text/plain;charset="us-ascii"\r\n'


@pytest.mark.parametrize(
    "value",
    [
        "attachment; filename=evil.exe; filename=good.pdf",
        "attachment; filename*=utf-8''evil.exe; filename=good.pdf",
        "attachment; filename*0=a; filename*0=b",
        "attachment; filename*=no-such-charset''%41",
    ],
)
def test_a_parameter_in_which_readers_could_see_different_values_is_refused(value: str) -> None:
    with pytest.raises(SecurityError):
        canonical_fields({"content-disposition": value})


def content(data: bytes | Path, kind: str) -> bytes:
    return b"".join(canonical_content(Attachment(data, kind)))


def test_text_has_lines_that_end_in_cr_lf() -> None:
    assert content(b"a\nb\rc\r\nd\n\re\r", "Text/Plain; charset=utf-8") == b"a\r\nb\r\nc\r\nd\r\n\r\ne\r\n"
    assert content(b"a\nb\r\n", "application/json") == b"a\nb\r\n"


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a"]), max_size=12), st.integers(1, 4))
def test_it_does_not_matter_how_text_is_cut(pieces: list[bytes], size: int) -> None:
    text = b"".join(pieces)

    class Cut(Attachment):
        def chunks(self) -> Iterator[bytes]:
            yield from (text[at : at + size] for at in range(0, len(text), size))

    assert b"".join(canonical_content(Cut(text, "text/plain"))) == content(text, "text/plain")


def test_xml_is_in_its_exclusive_canonical_form() -> None:
    text = b"<?xml version='1.0'?><?style x?><a  b='1' xmlns:u='urn:u'><!-- c --><d/></a>"
    canonical = b'<?style x?>\n<a b="1"><d></d></a>'
    for kind in ("text/xml", "application/XML; charset=utf-8", "application/x+xml", "image/svg+xml"):
        assert content(text, kind) == canonical
    assert content(text, "application/octet-stream") == text


@pytest.mark.parametrize("text", [b"no xml", b"<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>"])
def test_what_calls_itself_xml_and_is_none_has_no_form(text: bytes) -> None:
    with pytest.raises(XmlError):
        content(text, "text/xml")
