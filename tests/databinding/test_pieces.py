"""What is written in pieces is, joined, what is written whole."""

from __future__ import annotations

from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct, defstruct

import soapkit
from soapkit.databinding.annotations import attribute, element, xml_type
from soapkit.databinding.by_table.scribe import Scribe
from soapkit.databinding.codec import Codecs
from soapkit.databinding.shape import RecordRef
from soapkit.errors import EncodeError

__xml_namespace__ = "urn:p"

ROOT = "{urn:p}root"


class Item(Struct, kw_only=True):
    text: Annotated[str, element("text")]
    number: Annotated[int | None, element("number", namespace="urn:n")] = None


@xml_type("special")
class Special(Item, kw_only=True):
    more: Annotated[str, element("more", namespace="urn:m")]


class Result(Struct, kw_only=True):
    kind: Annotated[str | None, attribute("kind")] = None
    items: Annotated[list[Item], element("item")] = []
    between: Annotated[str | None, element("between")] = None
    others: Annotated[list[Item], element("other", max_occurs=300)] = []
    words: Annotated[list[str], element("word")] = []
    nils: Annotated[list[Item | None], element("nil", nillable=True)] = []


class Reply(Struct, kw_only=True):
    before: Annotated[str | None, element("before")] = None
    result: Annotated[Result | None, element("result")] = None
    after: Annotated[int | None, element("after")] = None
    next: Annotated[Reply | None, element("next")] = None


@xml_type("bare", group=True)
class Bare(Struct, kw_only=True):
    reply: Annotated[Reply, element("reply")]


CODECS = Codecs()
REPLY = CODECS.codec(Reply)

texts = st.text("ab<&>\"' \n\tü€\r", max_size=8)
plain = st.builds(Item, text=texts, number=st.none() | st.integers(0, 9))
items = plain | st.builds(Special, text=texts, more=texts)


def some(item: st.SearchStrategy[Item]) -> st.SearchStrategy[list[Item]]:
    """No items, a few, as many as make a piece, and more."""
    return st.builds(
        lambda few, times: (few * 200)[:times],
        st.lists(item, min_size=1, max_size=5),
        st.sampled_from([0, 2, 64, 65, 150]),
    )


results = st.builds(
    Result,
    kind=st.none() | texts,
    items=some(items),
    between=st.none() | texts,
    others=some(plain),
    words=st.lists(texts, max_size=2),
    nils=st.lists(st.none() | plain, max_size=2),
)
replies = st.builds(Reply, before=st.none() | texts, result=st.none() | results, after=st.none() | st.integers(0, 9))
chains = st.builds(Reply, result=st.none() | results, next=st.none() | replies)


@settings(max_examples=60, deadline=None)
@given(replies | chains)
def test_pieces_are_together_the_element_that_the_scribe_writes(reply: Reply) -> None:
    scribe = Scribe(CODECS.context, "root")
    written = b"".join(REPLY.encode_pieces(reply, ROOT))
    assert written == REPLY.encode(reply, ROOT).encode()
    assert not scribe.problems
    assert written.partition(b">")[2] == scribe.element(ROOT, reply, RecordRef(Reply)).encode().partition(b">")[2]
    assert soapkit.decode(written, Reply) == reply


@settings(max_examples=30, deadline=None)
@given(replies)
def test_a_bare_body_is_the_same_in_pieces(reply: Reply) -> None:
    codec = CODECS.record(Bare)
    bare = Bare(reply=reply)
    assert b"".join(codec.encode_children_pieces(bare)) == codec.encode_children(bare).encode()


def test_a_long_list_makes_several_pieces_and_a_short_one_does_not() -> None:
    items = [Item(text="x")] * 200
    assert len(REPLY.encode_pieces(Reply(result=Result(items=items)), ROOT)) > 4
    assert len(CODECS.codec(Result).encode_pieces(Result(items=items[:10]), ROOT)) == 3  # around the declarations


def test_a_prefix_that_a_late_item_alone_uses_is_declared_in_the_first_tag() -> None:
    items = [*[Item(text="x")] * 200, Special(text="y", more="z"), Item(text="x", number=1)]
    first = b"".join(REPLY.encode_pieces(Reply(result=Result(items=list(items))), ROOT)).partition(b">")[0]
    assert b"urn:m" in first
    assert b"urn:n" in first
    assert b"XMLSchema-instance" in first


def test_what_is_wrong_in_a_long_list_is_told_with_its_place() -> None:
    items = [Item(text="x") for _ in range(200)]
    items[100].text = 5  # type: ignore[assignment]  # that is the test
    items[150].text = "\0"
    with pytest.raises(EncodeError) as caught:
        REPLY.encode_pieces(Reply(result=Result(items=items)), ROOT)
    told = str(caught.value)
    assert "result.items[100].text" in told
    assert "result.items[150].text" in told


def test_a_list_longer_than_its_type_allows_is_refused() -> None:
    with pytest.raises(EncodeError, match="at most 300"):
        REPLY.encode_pieces(Reply(result=Result(others=[Item(text="x")] * 301)), ROOT)


def test_an_element_may_have_a_name_that_python_does_not_print() -> None:
    class Named(Struct):
        one: Annotated[Item, element("o\u200cne")]
        many: Annotated[list[Item], element("ma\u200cny")]

    named = Named(Item(text="x"), [Item(text="y")] * 100)
    assert soapkit.decode(soapkit.encode(named, "n"), Named) == named


def test_types_that_double_at_each_step_are_looked_through_once() -> None:
    inner: type = Item
    for number in range(60):
        fields = [(name, Annotated[inner | None, element(name)], None) for name in ("a", "b")]
        inner = defstruct(f"Step{number}", fields, namespace={"__xml_namespace__": "urn:p"})
    assert soapkit.encode(inner(), "step") == b"<step/>"
