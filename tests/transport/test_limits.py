"""Bodies within limits, compressed or not."""

import contextlib
import gzip
import os
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soapkit.errors import LimitError, SoapkitError, TransportError, UsageError
from soapkit.transport.coding import coding_for, compress, encoded
from soapkit.transport.limits import BodyReader, HttpLimits, expand
from soapkit.transport.values import Headers, Response


@given(st.binary(max_size=200_000), st.sampled_from(["gzip", "deflate"]))
def test_a_body_is_expanded_as_it_was_compressed(body: bytes, coding: str) -> None:
    assert expand(compress(body, coding), coding) == body


@given(st.binary(max_size=2000), st.sampled_from(["gzip", "deflate"]), st.data())
def test_how_a_body_is_cut_into_pieces_does_not_matter(body: bytes, coding: str, data: st.DataObject) -> None:
    packed = compress(body, coding)
    reader = BodyReader(coding)
    while packed:
        size = data.draw(st.integers(1, len(packed)))
        reader.feed(packed[:size])
        packed = packed[size:]
    assert reader.finish() == body


def test_several_gzip_members_follow_each_other() -> None:
    assert expand(gzip.compress(b"one") + gzip.compress(b"two"), "gzip") == b"onetwo"


def test_padding_after_the_end_does_not_matter() -> None:
    assert expand(gzip.compress(b"one") + b"\0" * 10, "gzip") == b"one"
    assert expand(zlib.compress(b"one") + b"garbage", "deflate") == b"one"


def test_identity_is_no_coding() -> None:
    assert expand(b"plain", "identity") == expand(b"plain", None) == expand(b"plain", "") == b"plain"


def test_the_same_body_is_compressed_to_the_same_bytes() -> None:
    assert compress(b"x" * 100) == compress(b"x" * 100)


def test_an_unknown_coding_is_refused() -> None:
    with pytest.raises(UsageError, match="'br'"):
        compress(b"x", "br")
    with pytest.raises(TransportError, match="'br'"):
        expand(b"x", "br")


def test_limits_on_what_comes_and_on_what_it_expands_to() -> None:
    random = os.urandom(3_000_000)
    with pytest.raises(LimitError, match="more than the 1,000 bytes"):
        expand(random, None, HttpLimits(bytes=1000))
    with pytest.raises(LimitError, match="expands to more than the 2,000,000 bytes"):
        expand(compress(random), "gzip", HttpLimits(expanded=2_000_000))
    with pytest.raises(LimitError, match="more than 50-fold"):
        expand(compress(b"x" * 3_000_000), "gzip", HttpLimits(ratio=50))


def test_a_small_body_may_shrink_as_much_as_it_likes() -> None:
    assert len(expand(compress(b"x" * 1_000_000), "gzip", HttpLimits(ratio=50))) == 1_000_000


def test_a_bomb_is_refused_at_a_fifth_of_its_size() -> None:
    bomb = compress(b"\0" * 100_000_000)
    tracemalloc.start()
    with pytest.raises(LimitError):
        expand(bomb, "gzip")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 25_000_000


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate"]))
def test_any_bytes_expand_or_are_refused(body: bytes, coding: str) -> None:
    with contextlib.suppress(SoapkitError):
        expand(body, coding)


@pytest.mark.parametrize(
    ("field", "coding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br", "gzip"),
        ("deflate, GZIP;q=0.5", "gzip"),
        ("x-gzip", "gzip"),
        ("*", "gzip"),
        ("deflate", "deflate"),
        ("gzip;q=0, br, Deflate;q=0.1", "deflate"),
        ("gzip; q=0.0, *", "deflate"),
        ("gzip;q=0", None),
        ("*, gzip;q=0, deflate;q=0", None),
        ("*;q=0", None),
        ("identity", None),
        ("", None),
        (None, None),
    ],
)
def test_an_accept_encoding_is_read(field: str | None, coding: str | None) -> None:
    assert coding_for(field) == coding


def test_a_response_is_compressed_where_it_is_worth_it() -> None:
    large = Response(200, Headers({"Content-Type": "text/xml"}), b"<a/>" * 1000, "OK")
    for coding in ("gzip", "deflate"):
        coded = encoded(large, coding)
        assert (coded.headers["content-encoding"], coded.headers["vary"]) == (coding, "Accept-Encoding")
        assert expand(coded.body, coding) == large.body
    assert encoded(large, None) is large
    small = Response(200, body=b"<a/>")
    assert encoded(small, "gzip") is small
