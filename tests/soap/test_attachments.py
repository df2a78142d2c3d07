"""Messages with attachments: MTOM and SwA, ours and those of others."""

import asyncio
import base64
import gc
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soapkit.attachment import Attachment, Spool
from soapkit.errors import LimitError, MessageError, SoapkitError, UsageError, XmlError
from soapkit.soap.attachments import AttachmentLimits, Package, Unpacker, pack_package, unpack_package
from soapkit.soap.envelope import Draft
from soapkit.soap.multipart import MultipartLimits
from soapkit.soap.transfer import QuotedPrintableDecoder
from soapkit.soap.version import SOAP_1_1, SOAP_1_2, Version
from soapkit.soap.wire import parse_media_type
from soapkit.soap.xop import include, inline, optimise
from soapkit.xml.parse import XmlLimits

PHOTO = Attachment(b"\x89PNG\r\n\x1a\n\0", "image/png", "photo@example.org")
DRAFT = Draft(SOAP_1_2, f'<p:put xmlns:p="urn:p"><p:photo>{include(PHOTO)}</p:photo></p:put>')


def packed(
    attachments: list[Attachment], version: Version = SOAP_1_2, xop: bool = True, envelope: bytes | None = None
) -> tuple[bytes, str]:
    body, fields = pack_package(envelope or DRAFT.to_bytes(), version, "urn:put", attachments, xop=xop)
    whole = b"".join(body)
    assert body.size == len(whole)
    assert b"".join(body) == whole
    return whole, dict(fields)["Content-Type"]


def text_in(package: Package) -> str | None:
    return inline(package).content[0][0].text


# --- our own ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [SOAP_1_1, SOAP_1_2])
@pytest.mark.parametrize("xop", [True, False])
def test_a_package_is_unpacked_as_it_was_packed(version: Version, xop: bool) -> None:
    others = [PHOTO, Attachment(b"", "text/plain", "empty@x"), Attachment(os.urandom(1000), "application/zip", "zip@x")]
    body, content_type = packed(others, version, xop, Draft(version, DRAFT.body).to_bytes())
    package = unpack_package(body, content_type)
    assert package.envelope.version is version
    assert list(package.attachments) == others
    assert package.xop is xop


def test_the_outer_header_says_what_mtom_wants_of_it() -> None:
    _, fields = pack_package(b"<a/>", SOAP_1_2, "urn:put", [], boundary="b")
    assert dict(fields) == {
        "Content-Type": 'multipart/related; type="application/xop+xml"; start-info="application/soap+xml"; '
        'start="<envelope@soapkit>"; boundary="b"; action="urn:put"'
    }
    _, fields = pack_package(b"<a/>", SOAP_1_1, "urn:put", [], boundary="b", xop=False)
    assert dict(fields) == {
        "Content-Type": 'multipart/related; type="text/xml"; start="<envelope@soapkit>"; boundary="b"',
        "SOAPAction": '"urn:put"',
    }


def test_the_root_part_is_written_first_with_its_type() -> None:
    body, _ = packed([PHOTO])
    lines = body.split(b"\r\n")
    assert lines[1:5] == [
        b'Content-Type: application/xop+xml; charset=utf-8; type="application/soap+xml"',
        b"Content-Transfer-Encoding: binary",
        b"Content-ID: <envelope@soapkit>",
        b"",
    ]


def test_a_header_of_an_attachment_cannot_add_another() -> None:
    for bad in (Attachment(b"", "a/b\r\nX: y"), Attachment(b"", content_id="a\r\nX: y")):
        with pytest.raises(UsageError):
            packed([bad])


def test_bytes_that_look_like_a_boundary_stay_bytes() -> None:
    tricky = Attachment(b"\r\n--soapkit-\r\n--\r\n\r\n--b--\r\n")
    body, content_type = packed([tricky])
    assert unpack_package(body, content_type).attachments[0].read() == tricky.read()


@given(st.lists(st.binary(max_size=200), max_size=3), st.integers(1, 50))
def test_how_a_body_is_cut_does_not_matter(contents: list[bytes], size: int) -> None:
    body, content_type = packed([Attachment(content, content_id=f"{n}@x") for n, content in enumerate(contents)])
    unpacker = Unpacker(content_type)
    for start in range(0, len(body), size):
        unpacker.feed(body[start : start + size])
    assert [attachment.read() for attachment in unpacker.finish().attachments] == contents


def test_a_plain_body_is_a_package_without_attachments() -> None:
    package = unpack_package(DRAFT.to_bytes(), "application/soap+xml; charset=utf-8")
    assert (package.attachments, package.xop) == ((), False)


# --- those of others ----------------------------------------------------------------------------------------------

ENVELOPE11 = (
    '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><put xmlns="urn:p"><photo>'
    '<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:{}"/></photo></put></S:Body></S:Envelope>'
)


def test_a_message_as_metro_writes_it() -> None:
    content_type = (
        'multipart/related; start="<rootpart*1f@example.jaxws.sun.com>"; type="application/xop+xml"; '
        'boundary="uuid:1f"; start-info="text/xml"'
    )
    body = (
        "--uuid:1f\r\nContent-Id: <rootpart*1f@example.jaxws.sun.com>\r\n"
        'Content-Type: application/xop+xml;charset=utf-8;type="text/xml"\r\nContent-Transfer-Encoding: binary\r\n\r\n'
        + ENVELOPE11.format("2a@example.jaxws.sun.com")
        + "\r\n--uuid:1f\r\nContent-Id: <2a@example.jaxws.sun.com>\r\nContent-Type: application/octet-stream\r\n"
        "Content-Transfer-Encoding: binary\r\n\r\n\r\n\x00\r\n\r\n--uuid:1f--"
    ).encode()
    package = unpack_package(body, content_type)
    assert package.attachments[0].read() == b"\r\n\x00\r\n"
    assert text_in(package) == "DQoADQo="


def test_a_message_as_gsoap_writes_it() -> None:
    content_type = (
        'multipart/related; charset=utf-8; boundary="==b=="; type="application/xop+xml"; '
        'start="<SOAP-ENV:Envelope>"; start-info="application/soap+xml; charset=utf-8"'
    )
    envelope = ENVELOPE11.format("id1").replace(SOAP_1_1.namespace, SOAP_1_2.namespace)
    body = (
        "--==b==\r\nContent-Type: application/xop+xml; charset=utf-8; type=application/soap+xml\r\n"
        "Content-Transfer-Encoding: binary\r\nContent-ID: <SOAP-ENV:Envelope>\r\n\r\n"
        f"<?xml version='1.0' encoding='UTF-8'?>\n{envelope}"
        "\r\n--==b==\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <id1>\r\n\r\nPNG"
        "\r\n--==b==--"
    )
    package = unpack_package(body.encode(), content_type)
    assert package.envelope.version is SOAP_1_2
    assert text_in(package) == base64.b64encode(b"PNG").decode()


def test_a_message_as_wcf_writes_it() -> None:
    content_type = (
        'multipart/related; type="application/xop+xml";start="<http://tempuri.org/0>";boundary="uuid:6+id=1";'
        'start-info="text/xml"'
    )
    body = (
        "\r\n--uuid:6+id=1\r\nContent-ID: <http://tempuri.org/0>\r\nContent-Transfer-Encoding: 8bit\r\n"
        'Content-Type: application/xop+xml;charset=utf-8;type="text/xml"\r\n\r\n'
        + ENVELOPE11.format("http%3A%2F%2Ftempuri.org%2F1%2F63")
        + "\r\n--uuid:6+id=1\r\nContent-ID: <http://tempuri.org/1/63>\r\nContent-Transfer-Encoding: binary\r\n"
        "Content-Type: application/octet-stream\r\n\r\nabc\r\n--uuid:6+id=1--\r\n"
    )
    assert text_in(unpack_package(body.encode(), content_type)) == "YWJj"


def soap_with_attachments(parts: str, **parameters: str) -> tuple[bytes, str]:
    more = "".join(f'; {name}="{value}"' for name, value in parameters.items())
    return parts.replace("\n", "\r\n").encode(), f'multipart/related; type="text/xml"; boundary="b"{more}'


PLAIN11 = '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body/></S:Envelope>'


def test_the_root_may_come_last_when_start_names_it() -> None:
    body, content_type = soap_with_attachments(
        f"--b\nContent-ID: <a>\n\none\n--b\nContent-ID: <root>\nContent-Type: text/xml\n\n{PLAIN11}\n--b--",
        start="<root>",
    )
    package = unpack_package(body, content_type)
    assert [attachment.read() for attachment in package.attachments] == [b"one"]


def test_the_first_part_is_the_root_when_nobody_names_one() -> None:
    body, content_type = soap_with_attachments(f"--b\n\n{PLAIN11}\n--b\nContent-Location: my%20pic.gif\n\nGIF\n--b--")
    package = unpack_package(body, content_type)
    assert (found := package.attachment("my pic.gif"))
    assert found.read() == b"GIF"
    assert found.content_type == "text/plain; charset=us-ascii"


def test_a_part_is_found_by_its_location_however_that_is_spelt() -> None:
    body, content_type = soap_with_attachments(f"--b\n\n{PLAIN11}\n--b\nContent-Location: http://x/a%20b\n\nGIF\n--b--")
    package = unpack_package(body, content_type)
    assert package.attachment("http://x/a%20b") is package.attachment("http://x/a b") is not None


@pytest.mark.parametrize("location", ["http://x/m/a%20b.gif", "a%20b.gif"])
def test_a_location_is_told_from_that_of_the_envelope(location: str) -> None:
    body, content_type = soap_with_attachments(
        f"--b\nContent-Location: http://x/m/claim.xml\n\n{PLAIN11}\n--b\nContent-Location: {location}\n\nGIF\n--b--"
    )
    package = unpack_package(body, content_type)
    assert package.attachment("a%20b.gif") is package.attachment("http://x/m/a%20b.gif") is not None
    assert package.attachment("b.gif") is None


def test_locations_that_are_no_uris_are_names_all_the_same() -> None:
    body, content_type = soap_with_attachments(
        f"--b\nContent-Location: http://[\n\n{PLAIN11}\n--b\nContent-Location: //[a\n\nGIF\n--b--"
    )
    assert unpack_package(body, content_type).attachment("//[a") is not None


def test_a_start_without_brackets_is_understood() -> None:
    body, content_type = soap_with_attachments(f"--b\nContent-ID: root\n\n{PLAIN11}\n--b--", start="root")
    assert unpack_package(body, content_type).envelope.version is SOAP_1_1


@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize(
    ("encoding", "text", "content"),
    [
        ("base64", "aGVs\nbG8g\nd29y bGQ=\n", b"hello world"),
        ("BASE64", "", b""),
        ("quoted-printable", "a=3Db=\nc =C3=A4\n", b"a=bc \xc3\xa4\r\n"),
        ("quoted-printable", "a" * 300 + "=\n=", b"a" * 300),
        ("quoted-printable", "a= \t\nb \t\nc \td=20 \t", b"ab\r\nc \td "),
        ("base64 (MIME)", "aGk=", b"hi"),
        ('"binary"', "hi", b"hi"),
        ("", "hi", b"hi"),
        ("8bit", "a=3D", b"a=3D"),
        ("7bit", "x", b"x"),
    ],
)
def test_transfer_encodings_are_undone(encoding: str, text: str, content: bytes, size: int) -> None:
    body, content_type = soap_with_attachments(
        f"--b\n\n{PLAIN11}\n--b\nContent-Transfer-Encoding: {encoding}\n\n{text}\n--b--"
    )
    unpacker = Unpacker(content_type)
    for start in range(0, len(body), size):
        unpacker.feed(body[start : start + size])
    assert unpacker.finish().attachments[0].read() == content


@pytest.mark.parametrize("size", [1, 1000])
def test_something_behind_the_padding_of_base64_is_no_base64_however_it_is_cut(size: int) -> None:
    body, content_type = soap_with_attachments(
        f"--b\n\n{PLAIN11}\n--b\nContent-Transfer-Encoding: base64\n\nQQ==QUJD\n--b--"
    )
    unpacker = Unpacker(content_type)
    with pytest.raises(MessageError, match="message: part '' is not in base64, as it says: "):
        for start in range(0, len(body), size):
            unpacker.feed(body[start : start + size])


def test_a_part_of_blanks_takes_no_longer_than_another() -> None:
    decoder = QuotedPrintableDecoder()
    blanks = b" " * 2_000_000  # a search from each of them would take minutes
    assert len(decoder.decode(blanks) + decoder.decode(b"x") + decoder.finish()) == len(blanks) + 1


def test_a_comment_may_follow_a_content_id() -> None:
    for field in ("<a@b> (the first)", "< a@b >", "a@b", "<a@b>"):
        body, content_type = soap_with_attachments(f"--b\n\n{PLAIN11}\n--b\nContent-ID: {field}\n\n1\n--b--")
        assert unpack_package(body, content_type).attachments[0].content_id == "a@b"


def test_quoted_printable_without_line_ends_waits_for_nothing() -> None:
    decoder = QuotedPrintableDecoder()
    assert [decoder.decode(piece) for piece in (b"a" * 1000, b"b=", b"3", b"Dc", b"d=\r", b"\n")] == [
        b"a" * 1000,
        b"b",
        b"",
        b"=c",
        b"d",
        b"",
    ]
    assert decoder.finish() == b""


def test_only_line_ends_end_a_header_line() -> None:
    header = "Content-Description: a\x0bContent-ID: <other>\u2028b\x85c\nContent-ID:\n <x>"
    body, content_type = soap_with_attachments(f"--b\n\n{PLAIN11}\n--b\n{header}\n\n1\n--b--")
    (attachment,) = unpack_package(body, content_type).attachments
    assert attachment.content_id == "x"
    assert attachment.headers["content-description"] == "a\x0bContent-ID: <other>\u2028b\x85c"


def test_a_root_that_says_it_is_xop_makes_the_package_one() -> None:
    root = f'Content-Type: application/xop+xml; type="text/xml"\n\n{PLAIN11}'
    body, _ = soap_with_attachments(f"--b\n{root}\n--b--")
    assert unpack_package(body, "multipart/related; boundary=b").xop


def test_an_id_means_its_own_part_before_one_that_is_spelt_otherwise() -> None:
    contents = [Attachment(b"1", content_id="a@b"), Attachment(b"2", content_id="a%40b")]
    package = Package(DRAFT.to_envelope(), tuple(contents))
    assert [package.attachment(f"cid:{name}") for name in ("a@b", "a%40b", "a%2540b")] == [
        contents[0],
        contents[0],
        contents[1],
    ]
    package = Package(DRAFT.to_envelope(), tuple(contents[::-1]))
    assert package.attachment("cid:a@b") is contents[0]


def test_white_space_around_a_reference_does_not_count() -> None:
    package = Package(DRAFT.to_envelope(), (PHOTO,))
    assert package.attachment("\n cid:photo@example.org ") is PHOTO


@pytest.mark.parametrize(
    ("location", "written"),
    [
        ("http://x/a%20b?c=d&e=ü", b"http://x/a%20b?c=d&e=%C3%BC"),
        ("my pic.gif", b"my%20pic.gif"),
        ("100%.txt", b"100%25.txt"),
    ],
)
def test_a_location_is_written_as_a_uri(location: str, written: bytes) -> None:
    body, content_type = packed([Attachment(b"", location=location)], xop=False)
    assert b"Content-Location: " + written + b"\r\n" in body
    assert unpack_package(body, content_type).attachment(location) is not None


def test_a_content_id_may_be_given_with_its_brackets() -> None:
    body, _ = packed([Attachment(b"", content_id="<a@b>")])
    assert b"Content-ID: <a@b>\r\n" in body


def test_an_attachment_may_have_the_id_that_the_envelope_would_have() -> None:
    body, content_type = packed([Attachment(b"1", content_id="envelope@soapkit")])
    (attachment,) = unpack_package(body, content_type).attachments
    assert (attachment.content_id, attachment.read()) == ("envelope@soapkit", b"1")


# --- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "parameters", "words"),
    [
        ("", {}, "its boundary never comes"),
        ("--b--", {}, "the multipart body has no part"),
        (f"--b\n\n{PLAIN11}", {}, "cut short in part 1"),
        (f"--b\n\n{PLAIN11}\n--b--", {"start": "<other>"}, "no part of the message has the content id 'other'"),
        (f"--b\n\n{PLAIN11}\n--b\nContent-ID: <a>\n\n1\n--b\nContent-ID: <a>\n\n2\n--b--", {}, "two parts .* 'a'"),
        (f"--b\n\n{PLAIN11}\n--b\nContent-Transfer-Encoding: x-uuencode\n\n1\n--b--", {}, "'x-uuencode', which is not"),
        (f"--b\n\n{PLAIN11}\n--b\nContent-Transfer-Encoding: base64\n\n!!!\n--b--", {}, "not in base64, as it says"),
        (f"--b\n\n{PLAIN11}\n--b\nContent-Transfer-Encoding: base64\n\nabc\n--b--", {}, "not in base64, as it says"),
        (f"--b\n\n{PLAIN11}\n--b\nContent-Transfer-Encoding: base64\n\nQQ==QUJD\n--b--", {}, "not in base64, as it"),
        ("--b\n\n\n--b--", {}, "an empty body"),
        ("--b\n\n<html>\n--b--", {}, "a page of HTML"),
    ],
)
def test_what_is_wrong_with_a_package_is_told(parts: str, parameters: dict[str, str], words: str) -> None:
    body, content_type = soap_with_attachments(parts, **parameters)
    with pytest.raises(MessageError, match=words):
        unpack_package(body, content_type)


def test_a_package_without_a_boundary_is_none() -> None:
    with pytest.raises(MessageError, match="no boundary"):
        unpack_package(b"", "multipart/related; type=text/xml")


def test_a_truncated_envelope_inside_a_package_is_told_with_its_line() -> None:
    body, content_type = soap_with_attachments(f"--b\n\n{PLAIN11[:-5]}\n--b--")
    with pytest.raises(XmlError, match="not well-formed") as caught:
        unpack_package(body, content_type)
    assert caught.value.place.line == 1


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (AttachmentLimits(total_bytes=100), "more than the 100 bytes"),
        (AttachmentLimits(multipart=MultipartLimits(parts=2)), "more than 2 parts"),
        (AttachmentLimits(multipart=MultipartLimits(header_bytes=10)), "more than 10 bytes"),
    ],
)
def test_limits_are_kept(limits: AttachmentLimits, words: str) -> None:
    body, content_type = packed([Attachment(b"x" * 60), Attachment(b"y" * 60)])
    with pytest.raises(LimitError, match=words):
        unpack_package(body, content_type, limits=limits)


def test_a_large_envelope_is_refused_while_it_comes() -> None:
    body, multipart = packed([])
    for content_type in ("text/xml", multipart):
        with pytest.raises(LimitError, match="more than the 10 bytes"):
            unpack_package(body, content_type, xml_limits=XmlLimits(bytes=10))


# --- files --------------------------------------------------------------------------------------------------------


def test_an_attachment_goes_from_file_to_file(tmp_path: Path) -> None:
    source = tmp_path / "report.pdf"
    source.write_bytes(b"%PDF" * 100_000)
    sent = Attachment.from_path(source)
    assert (sent.content_type, sent.size, sent.location) == ("application/pdf", 400_000, "report.pdf")
    body, content_type = packed([sent])
    (received,) = unpack_package(body, content_type, limits=AttachmentLimits(spool_bytes=1000)).attachments
    assert isinstance(received.content, Path)
    target = received.save(tmp_path / "copy.pdf")
    assert target.read_bytes() == source.read_bytes()
    with received.open() as stream:
        assert stream.read(4) == b"%PDF"


def test_a_temporary_file_goes_with_its_attachment() -> None:
    body, content_type = packed([Attachment(b"x" * 5000)])
    package = unpack_package(body, content_type, limits=AttachmentLimits(spool_bytes=1000))
    path = package.attachments[0].content
    assert isinstance(path, Path)
    assert path.exists()
    del package
    gc.collect()
    assert not path.exists()


def test_a_temporary_file_goes_when_the_message_breaks_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    body, content_type = packed([Attachment(b"x" * 5000)])
    unpacker = Unpacker(content_type, limits=AttachmentLimits(spool_bytes=1000))
    unpacker.feed(body[:-100])
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(MessageError):
        unpacker.finish()
    assert list(tmp_path.iterdir()) == []


def test_a_temporary_file_goes_when_nobody_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    body, content_type = packed([Attachment(b"x" * 5000), Attachment(b"y" * 5000)])
    unpacker = Unpacker(content_type, limits=AttachmentLimits(spool_bytes=1000))
    unpacker.feed(body[:-100])  # and then the caller hangs up
    assert len(list(tmp_path.iterdir())) == 2
    del unpacker
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_an_attachment_is_made_of_bytes_or_a_path() -> None:
    for content in (bytearray(b"hi"), memoryview(b"hi")):
        assert Attachment(content).read() == b"hi"
    for odd in ("report.pdf", None, 3):
        with pytest.raises(UsageError, match=r"made from bytes or a Path, not from .*; Attachment.from_path takes"):
            Attachment(odd)  # type: ignore[arg-type]  # as a user might


def test_async_code_reads_and_saves_without_blocking(tmp_path: Path) -> None:
    async def main() -> tuple[bytes, Path]:
        return await PHOTO.aread(), await PHOTO.asave(tmp_path / "photo.png")

    content, path = asyncio.run(main())
    assert content == path.read_bytes() == PHOTO.content


def test_a_small_attachment_stays_in_memory() -> None:
    spool = Spool(10)
    spool.write(b"0123456789")
    assert spool.attachment("a/b", "c", "").content == b"0123456789"


def test_a_large_attachment_passes_in_little_memory(tmp_path: Path) -> None:
    import tracemalloc

    source = tmp_path / "large.bin"
    source.write_bytes(bytes(64 * 1024 * 1024))
    body, fields = pack_package(DRAFT.to_bytes(), SOAP_1_2, "", [Attachment.from_path(source)])
    tracemalloc.start()
    unpacker = Unpacker(dict(fields)["Content-Type"])
    for piece in body:
        unpacker.feed(piece)
    package = unpacker.finish()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert package.attachments[0].size == 64 * 1024 * 1024
    assert peak < 4 * 1024 * 1024


# --- XOP ----------------------------------------------------------------------------------------------------------


def test_inline_undoes_optimise() -> None:
    content = base64.b64encode(os.urandom(2000)).decode()
    draft = Draft(SOAP_1_1, f'<a xmlns="urn:a"><b>{content}</b><c>{content[:40]}</c></a>')
    plain = draft.to_envelope().to_bytes()
    envelope = draft.to_envelope()
    attachments = optimise(envelope, {content: Attachment(base64.b64decode(content), content_id="a@b")})
    assert len(attachments) == 1
    assert len(envelope.content[0][0]) == 1
    body, content_type = packed(list(attachments), SOAP_1_1, envelope=envelope.to_bytes())
    assert inline(unpack_package(body, content_type)).to_bytes() == plain


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<x>{}</x>", "no attachment for 'cid:missing'"),
        ("<x>text{}</x>", "the only content"),
        ("<x>{}text</x>", "the only content"),
        ("<x>{}<y/></x>", "the only content"),
        ("<x>{}{}</x>", "the only content"),
    ],
)
def test_an_include_that_cannot_be_followed_is_told(content: str, words: str) -> None:
    reference = '<i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="cid:missing"/>'
    package = Package(Draft(SOAP_1_1, content.replace("{}", reference)).to_envelope(), (PHOTO,))
    with pytest.raises(MessageError, match=words) as caught:
        inline(package)
    assert caught.value.place.path.startswith("Envelope/Body/x")


@pytest.mark.parametrize("href", ["", "http://evil.example/x", "file:///etc/passwd", "cid:"])
def test_an_include_reaches_nothing_but_attachments(href: str) -> None:
    reference = f'<i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="{href}"/>'
    package = Package(Draft(SOAP_1_1, f"<x>{reference}</x>").to_envelope(), (PHOTO,))
    with pytest.raises(MessageError, match="no attachment"):
        inline(package)


def test_an_include_may_have_extensions_inside() -> None:
    extended = DRAFT.body.replace("/></p:photo>", '><x:hint xmlns:x="urn:x"/></xop:Include></p:photo>')
    body, content_type = packed([PHOTO], envelope=Draft(SOAP_1_2, extended).to_bytes())
    assert text_in(unpack_package(body, content_type)) == base64.b64encode(PHOTO.read()).decode()


def test_one_attachment_cannot_be_included_until_memory_is_full() -> None:
    photo = Attachment(b"x" * 1000, content_id="photo")
    draft = Draft(SOAP_1_1, "<x>" + f"<y>{include(photo)}</y>" * 1000 + "</x>")
    with pytest.raises(LimitError, match="more than 500,000 bytes inside the message"):
        inline(Package(draft.to_envelope(), (photo,)), limits=AttachmentLimits(total_bytes=500_000))


def test_many_attachments_are_found_in_linear_time() -> None:
    attachments = tuple(Attachment(b"x", content_id=f"{number}@x") for number in range(3000))
    draft = Draft(SOAP_1_1, "<x>" + "".join(f"<y>{include(each)}</y>" for each in attachments) + "</x>")
    started = time.thread_time()
    inline(Package(draft.to_envelope(), attachments))
    assert time.thread_time() - started < 2


def test_an_attachment_that_nothing_refers_to_is_refused_only_by_the_strict() -> None:
    other = Attachment(b"x", content_id="other@x")
    package = Package(DRAFT.to_envelope(), (PHOTO, other))
    with pytest.raises(MessageError, match="refers to its attachments other@x"):
        inline(package, strict=True)
    assert inline(Package(DRAFT.to_envelope(), (PHOTO, other))) is not None
    assert inline(Package(DRAFT.to_envelope(), (PHOTO,)), strict=True) is not None


def test_an_envelope_without_include_is_left_as_it_is() -> None:
    envelope = Draft(SOAP_1_1, "<a/>").to_envelope()
    assert inline(Package(envelope)) is envelope


@given(st.binary(max_size=400), st.sampled_from([";type=text/xml", ";start=x", ';type="application/xop+xml"', ""]))
def test_any_bytes_are_a_package_or_a_typed_error(body: bytes, parameters: str) -> None:
    try:
        unpack_package(b"--b\r\n" + body, "multipart/related; boundary=b" + parameters)
    except SoapkitError:
        return


@given(st.data())
def test_a_damaged_package_is_a_package_or_a_typed_error(data: st.DataObject) -> None:
    body, content_type = packed([PHOTO])
    damaged = bytearray(body)
    for _ in range(data.draw(st.integers(1, 5))):
        position = data.draw(st.integers(0, len(damaged) - 1))
        damaged[position : position + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=3))
    try:
        inline(unpack_package(bytes(damaged), content_type))
    except SoapkitError:
        return


def test_a_content_type_of_ours_reads_back() -> None:
    media_type = parse_media_type(packed([])[1])
    assert media_type.name == "multipart/related"
    assert media_type.parameters["start-info"] == "application/soap+xml"
    assert media_type.parameters["action"] == "urn:put"
