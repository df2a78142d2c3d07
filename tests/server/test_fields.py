"""The header fields of requests that have the same ones are read once."""

from __future__ import annotations

from soapkit.server.fields import headers_of
from soapkit.transport.binding import announced
from soapkit.transport.values import Headers

RAW = [(b"content-type", b"text/xml; charset=utf-8"), (b"soapaction", b'"urn:x"'), (b"content-length", b"12")]


def test_the_same_fields_are_the_same_value() -> None:
    assert headers_of(list(RAW)) is headers_of(list(RAW))
    assert headers_of(RAW)["SOAPAction"] == '"urn:x"'


def test_credentials_are_not_kept() -> None:
    raw = [*RAW, (b"authorization", b"Basic eDp5")]
    assert headers_of(raw) is not headers_of(raw)
    assert headers_of(raw)["Authorization"] == "Basic eDp5"


def test_a_long_head_is_not_kept() -> None:
    raw = [*RAW, (b"x-note", b"a" * 5000)]
    assert headers_of(raw) is not headers_of(raw)


def test_pairs_may_be_lists_and_no_number_of_heads_is_too_many() -> None:
    assert headers_of([[b"a", b"b"]])["A"] == "b"  # type: ignore[list-item]  # as ASGI allows
    for number in range(200):
        assert headers_of([(b"traceparent", str(number).encode())])["traceparent"] == str(number)


def test_what_fields_announce_is_found_out_once() -> None:
    said = headers_of(RAW).known(announced)
    assert said is headers_of(RAW).known(announced)
    assert (said.action, said.length, said.is_multipart) == ("urn:x", 12, False)


def test_a_length_that_is_no_number_is_none_and_one_of_many_digits_the_largest() -> None:
    lengths = [Headers({"Content-Length": text}).known(announced).length for text in ("", "-1", "1e3", "9" * 5000)]
    assert lengths[:3] == [-1, -1, -1]
    assert lengths[3] > 10**18
