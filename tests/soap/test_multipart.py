"""The multipart reader: whatever the stream is cut into, the parts come out as they went in."""

import contextlib
import time
from email.generator import BytesGenerator
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from soapkit.errors import LimitError, MessageError, SoapkitError, UsageError
from soapkit.soap.multipart import (
    DEFAULT_MULTIPART_LIMITS,
    MultipartLimits,
    MultipartReader,
    PartBegin,
    PartData,
    PartEnd,
    new_boundary,
    write_multipart,
)

Parts = list[tuple[dict[str, str], bytes]]


def read(
    stream: bytes, boundary: str = "b", size: int = 0, limits: MultipartLimits = DEFAULT_MULTIPART_LIMITS
) -> Parts:
    """The parts of a stream that comes in pieces of `size` bytes (0: whole)."""
    reader = MultipartReader(boundary, limits=limits)
    parts: Parts = []
    open_part = False
    for start in range(0, len(stream), size or len(stream) or 1):
        for event in reader.feed(stream[start : start + (size or len(stream))]):
            if isinstance(event, PartBegin):
                assert not open_part
                parts.append((dict(event.headers), b""))
                open_part = True
            elif isinstance(event, PartData):
                assert open_part and event.data
                parts[-1] = (parts[-1][0], parts[-1][1] + event.data)
            else:
                assert isinstance(event, PartEnd) and open_part
                open_part = False
    reader.finish()
    assert not open_part
    return parts


TWO_PARTS: Parts = [({"a": "1", "b": "2"}, b"1"), ({"c": "3"}, b"2")]
SIZES = [0, 1, 2, 3, 7, 64]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("stream", "parts"),
    [
        (b"--b\r\nA: 1\r\n\r\nx\r\n--b--\r\n", [({"a": "1"}, b"x")]),
        (b"--b\r\n\r\nx\r\n--b--", [({}, b"x")]),
        (b"--b\r\n\r\n\r\n--b--", [({}, b"")]),
        (b"--b\r\nA: 1\r\n\r\n--b--", [({"a": "1"}, b"")]),
        (b"--b\r\n\r\n--b\r\n\r\nx\r\n--b--", [({}, b""), ({}, b"x")]),
        (b"--b\r\nA: 1\r\nB: 2\r\n\r\n1\r\n--b\r\nC: 3\r\n\r\n2\r\n--b--\r\n", TWO_PARTS),
        (b"preamble\r\nmore --b\r\n--b\r\n\r\nx\r\n--b--\r\nepilogue\r\n--b\r\n", [({}, b"x")]),
        (b"\r\n--b  \t\r\n\r\nx\r\n--b \r\n\r\ny\r\n--b-- \r\n", [({}, b"x"), ({}, b"y")]),
        (b"--b\r\n\r\nx\r\n--bb\r\ny\r\n--b--", [({}, b"x\r\n--bb\r\ny")]),
        (b"--b\r\n\r\n--bb\r\n--b--", [({}, b"--bb")]),
        (b"--b\r\n\r\nx--b\r\n\n--b\r\n--b--", [({}, b"x--b\r\n\n--b")]),
        (b"--b\r\n\r\n\r\r\n\r\r\n-\r\n--\r\n--b--", [({}, b"\r\r\n\r\r\n-\r\n--")]),
        (b"--b\r\nA: one\r\n two\r\n\tthree\r\nA: four\r\n five\r\n\r\nx\r\n--b--", [({"a": "one two three"}, b"x")]),
        (b"--b\nA: 1\n\nx\r\n\ny\n--b\n\nz\n--b--\n", [({"a": "1"}, b"x\r\n\ny"), ({}, b"z")]),
        (b"--bx\r\n--b\r\n\r\nx\r\n--b--", [({}, b"x")]),
        (b"--b--", []),
    ],
)  # fmt: skip
def test_a_multipart_is_read(stream: bytes, parts: Parts, size: int) -> None:
    assert read(stream, size=size) == parts


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (b"", "never comes"),
        (b"hello", "never comes"),
        (b"--bb\r\n\r\n", "never comes"),
        (b"x--b\r\n\r\n", "never comes"),
        (b"--b", "never comes"),
        (b"--b\r\nA: 1", "cut short in part 1"),
        (b"--b\r\n\r\nx", "cut short in part 1"),
        (b"--b\r\n\r\nx\r\n--b", "cut short in part 1"),
        (b"--b\r\n\r\nx\r\n--b-", "cut short in part 1"),
        (b"--b\r\n\r\nx\r\n--b\r\n", "cut short in part 2"),
        (b"--b\r\nno colon\r\n\r\nx\r\n--b--", "no name"),
        (b"--b\r\n: 1\r\n\r\nx\r\n--b--", "no name"),
    ],
)
def test_what_is_no_multipart_is_told(stream: bytes, words: str, size: int) -> None:
    with pytest.raises(MessageError, match=words):
        read(stream, size=size)


@pytest.mark.parametrize("boundary", ["", " ", "a ", "ä", "a\r\nb", "x" * 300])
def test_what_is_no_boundary_is_told(boundary: str) -> None:
    with pytest.raises(MessageError, match="no boundary"):
        MultipartReader(boundary)


@pytest.mark.parametrize("size", [0, 5])
@pytest.mark.parametrize(
    ("stream", "limits", "words"),
    [
        (b"--b\r\n\r\nx\r\n" * 4 + b"--b--", MultipartLimits(parts=3), "more than 3 parts"),
        (b"--b\r\nA: " + b"x" * 200 + b"\r\n\r\n\r\n--b--", MultipartLimits(header_bytes=100), "more than 100 bytes"),
        (b"--b\r\nA: " + b"x" * 200, MultipartLimits(header_bytes=100), "more than 100 bytes"),
        (b"x" * 200, MultipartLimits(preamble_bytes=100), "outside the parts"),
        (b"--b\r\n\r\nx\r\n--b--" + b"x" * 200, MultipartLimits(preamble_bytes=100), "outside the parts"),
    ],
)
def test_limits_are_kept(stream: bytes, limits: MultipartLimits, words: str, size: int) -> None:
    with pytest.raises(LimitError, match=words):
        read(stream, size=size, limits=limits)


PIECES = st.sampled_from([b"\r", b"\n", b"\r\n", b"-", b"--", b"b", b"--b", b"\r\n--b", b" ", b"x", b":", b"\0\xff"])
CONTENT = st.lists(PIECES, max_size=12).map(b"".join)
HEADER = st.dictionaries(
    st.sampled_from(["A", "Content-ID", "X"]), st.sampled_from(["1", "<a@b>", "x; y=z"]), max_size=3
)


@given(st.lists(st.tuples(HEADER, CONTENT), min_size=1, max_size=4), st.integers(0, 20))
@example([({}, b"--b-x")], 1)
def test_parts_are_read_as_they_were_written(parts: Parts, size: int) -> None:
    boundary = "=_no-content-holds-this"
    stream = b"".join(write_multipart(boundary, [(headers, [body]) for headers, body in parts]))
    expected = [({name.lower(): value for name, value in headers.items()}, body) for headers, body in parts]
    assert read(stream, boundary, size) == expected


@given(CONTENT, st.integers(1, 10))
def test_how_a_stream_is_cut_does_not_matter(stream: bytes, size: int) -> None:
    def outcome(cut: int) -> object:
        try:
            return read(b"--b\r\n" + stream, size=cut)
        except SoapkitError as error:
            return str(error)

    assert outcome(size) == outcome(0)


@given(st.binary(max_size=300), st.integers(0, 9))
def test_any_bytes_are_read_or_refused(stream: bytes, size: int) -> None:
    try:
        read(b"--b\r\n" + stream, size=size)
    except SoapkitError:
        return


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=4), st.integers(0, 30))
def test_what_the_standard_library_writes_is_read(contents: list[bytes], size: int) -> None:
    message = MIMEMultipart("related")
    for content in contents:
        message.attach(
            MIMEApplication(content, _encoder=lambda part: part.add_header("Content-Transfer-Encoding", "x"))
        )
    stream = BytesIO()
    BytesGenerator(stream, policy=message.policy.clone(linesep="\r\n")).flatten(message)
    boundary = message.get_boundary()
    assert boundary
    assert len(read(stream.getvalue().partition(b"\r\n\r\n")[2], boundary, size)) == len(contents)


@pytest.mark.parametrize("piece", [b"\r", b"\r\n", b"\r\n--", b"\r\n--b", b"\r\n--b ", b"--b\n", b"\r\n--bb\r\n"])
@pytest.mark.parametrize("size", [1, 1000])
def test_hostile_content_is_read_in_linear_time(piece: bytes, size: int) -> None:
    content = piece * (20_000 if size == 1 else 200_000)
    stream = b"--b\r\n\r\n" + content + b"\r\n--b--"
    started = time.thread_time()
    with contextlib.suppress(SoapkitError):
        read_only(stream, size)
    assert time.thread_time() - started < 4


def read_only(stream: bytes, size: int) -> int:
    reader = MultipartReader("b")
    total = 0
    for start in range(0, len(stream), size):
        for event in reader.feed(stream[start : start + size]):
            total += len(event.data) if isinstance(event, PartData) else 0
    reader.finish()
    return total


def test_large_parts_pass_without_being_held() -> None:
    reader = MultipartReader("b")
    list(reader.feed(b"--b\r\n\r\n"))
    piece = bytes(range(256)) * 256
    for _ in range(200):
        for event in reader.feed(piece):
            assert isinstance(event, PartData)
        assert len(reader._buffer) < 100


def test_headers_that_cannot_be_written_are_refused() -> None:
    for headers in ({"A": "x\r\nB: y"}, {"A b": "x"}, {"Ä": "x"}):
        with pytest.raises(UsageError, match="cannot be written"):
            list(write_multipart("b", [(headers, [])]))


def test_a_boundary_is_new_each_time() -> None:
    assert new_boundary() != new_boundary()
    MultipartReader(new_boundary())
