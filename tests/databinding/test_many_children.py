"""A message with very many children is read, or refused, in time that grows with their number and no faster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from soapkit.databinding.annotations import element
from soapkit.databinding.by_table.walker import Walker
from soapkit.databinding.codec import Codecs
from soapkit.databinding.shape import RecordRef
from soapkit.errors import DecodeError
from soapkit.xml.parse import parse_message


@dataclass
class Item:
    a: int


@dataclass
class Order:
    number: int
    items: list[Item]
    xs: list[int]


@dataclass
class Three:
    a: Annotated[list[int], element("a", min_occurs=3)]
    b: int


def read(content: str, unknown: Any = "strict") -> Any:
    codec = Codecs(unknown=unknown).codec(RecordRef(Order))
    return codec.decode(parse_message(f"<Order>{content}</Order>".encode()))


def test_a_hundred_thousand_out_of_order_are_refused_at_once() -> None:
    with pytest.raises(DecodeError, match="Order: has number out of order") as caught:
        read("<xs>1</xs><number>1</number><items><a>1</a></items>" * 20_000)
    assert str(caught.value).endswith("and 9,900 more like these")


def test_or_put_in_order_by_a_lenient_reader() -> None:
    order = read("<xs>1</xs><items><a>1</a></items>" * 9_000 + "<number>1</number>", "lenient")
    assert (order.number, len(order.items), len(order.xs)) == (1, 9_000, 9_000)


def test_of_a_single_one_out_of_order_there_may_be_no_second() -> None:
    with pytest.raises(DecodeError, match="has number more often than once"):
        read("<xs>1</xs><number>1</number><number>2</number>", "lenient")


def test_what_is_wrong_is_looked_for_until_ten_thousand_are_found() -> None:
    with pytest.raises(DecodeError) as caught:
        read("<number>1</number>" + "<items><a>x</a></items>" * 10_100)
    assert [one.place.path for one in caught.value.problems[:2]] == ["Order.items[0].a", "Order.items[1].a"]
    assert str(caught.value).endswith("and 9,900 more like these")


def counting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the elements that are read by table from now on."""
    walked: list[str] = []
    by_table = Walker.walk_record

    def counted(self: Walker, element: Any, bound: Any) -> Any:
        walked.append(element.tag)
        return by_table(self, element, bound)

    monkeypatch.setattr(Walker, "walk_record", counted)
    return walked


@pytest.mark.parametrize("item", ["<items><a>x</a></items>", "<items><a>1</a><new/></items>", "<items/>"])
def test_whatever_is_wrong_with_the_items(item: str, monkeypatch: pytest.MonkeyPatch) -> None:
    walked = counting(monkeypatch)
    with pytest.raises(DecodeError) as caught:
        read("<number>1</number>" + item * 12_000)
    assert str(caught.value).endswith("and 9,900 more like these")
    assert walked.count("items") < 20_010  # each first by its own function, which asks the table


def test_of_many_items_only_those_that_are_wrong_are_read_by_table(monkeypatch: pytest.MonkeyPatch) -> None:
    walked = counting(monkeypatch)
    with pytest.raises(DecodeError, match=r"Order.items\[99\].a: 'x' is not"):
        read("<number>1</number>" + "<items><a>1</a></items>" * 99 + "<items><a>x</a></items>")
    assert walked.count("items") <= 3


def test_where_too_few_came_some_that_are_out_of_order_do_not_suffice() -> None:
    with pytest.raises(DecodeError) as caught:
        Codecs().codec(RecordRef(Three)).decode(parse_message(b"<t><b>1</b><a>1</a></t>"))
    assert [one.message for one in caught.value.problems] == ["has a fewer than 3 times", "has a out of order"]


def test_texts_between_very_many_children_are_written_again_in_time_that_grows_with_their_number() -> None:
    xml = f"<Order><number>1</number>{'<xs>1</xs>y<z/>' * 10_000}</Order>"
    codec = Codecs(unknown="lenient").codec(RecordRef(Order))
    assert codec.encode(codec.decode(parse_message(xml.encode())), "Order") == xml
