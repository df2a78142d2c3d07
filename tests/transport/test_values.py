"""Requests, responses and header fields as values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soapkit.transport.values import Headers, Request, Response


def test_header_fields_are_found_whatever_their_case() -> None:
    headers = Headers({"Content-Type": "text/xml"})
    assert headers["content-type"] == headers["CONTENT-TYPE"] == "text/xml"
    assert "Content-TYPE" in headers
    assert headers.get("accept") is None


def test_a_field_that_came_twice_is_joined_and_still_there_one_by_one() -> None:
    headers = Headers([("Set-Cookie", "a=1"), ("set-cookie", "b=2")])
    assert headers["Set-Cookie"] == "a=1, b=2"
    assert headers.pairs == (("Set-Cookie", "a=1"), ("set-cookie", "b=2"))
    assert len(headers) == 1


def test_replacing_a_field_leaves_the_others() -> None:
    headers = Headers({"Accept": "text/xml", "User-Agent": "x"}).with_(("accept", "*/*"))
    assert headers.pairs == (("User-Agent", "x"), ("accept", "*/*"))


@given(st.dictionaries(st.from_regex(r"\A[A-Za-z-]{1,8}\Z"), st.text(max_size=5), max_size=5))
def test_equal_fields_are_equal_values_with_equal_hashes(fields: dict[str, str]) -> None:
    left, right = Headers(fields), Headers([(name.upper(), value) for name, value in fields.items()])
    if len({name.lower() for name in fields}) == len(fields):
        assert left == right
        assert hash(left) == hash(right)


def test_requests_and_responses_cannot_be_changed() -> None:
    for value in (Request("http://x/"), Response(200)):
        with pytest.raises(AttributeError):
            value.body = b""  # type: ignore[misc]


def test_a_response_is_told_without_its_body() -> None:
    assert "secret" not in repr(Response(200, body=b"secret"))
