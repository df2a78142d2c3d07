"""What a message said beside a value travels with its copies, and is taken along where another value is made of it."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
import pytest

import soapkit
from soapkit.databinding.annotations import attribute, element
from soapkit.databinding.codec import Codecs
from soapkit.errors import UsageError
from soapkit.xml.parse import parse_message


class Line(msgspec.Struct, kw_only=True, dict=True):
    kind: Annotated[str, attribute("kind", default="plain")] = "plain"
    price: Annotated[int | None, element("price", nillable=True)]


class Order(msgspec.Struct, kw_only=True, dict=True):
    number: Annotated[int, element("number")]
    line: Annotated[list[Line], element("line")] = []


@dataclasses.dataclass
class Note:
    text: Annotated[str, element("text")]


class Own(msgspec.Struct, kw_only=True, dict=True):
    number: Annotated[int, element("number")]

    def __copy__(self) -> Own:
        return Own(number=self.number + 1)


class Bare(msgspec.Struct, kw_only=True):
    number: Annotated[int, element("number")]


LENIENT = Codecs(unknown="lenient")
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
ORDER = (
    f'<order {XSI} at="9"><new>1</new><number>7</number>so'
    '<line kind="plain"><price xsi:nil="true" why="sold"/></line><new>2</new></order>'
)
NOTE = "<note><text>a</text><new/></note>"


def read(xml: str, cls: type) -> Any:
    return LENIENT.codec(cls).decode(parse_message(xml.encode()))


def written(value: Any) -> str:
    return LENIENT.codec(type(value)).encode(value, type(value).__name__.lower())


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled])
@pytest.mark.parametrize(("cls", "xml"), [(Order, ORDER), (Note, NOTE)])
def test_a_copy_is_written_as_the_value_is(cls: type, xml: str, copied: Callable[[Any], Any]) -> None:
    value = read(xml, cls)
    again = copied(value)
    assert again == value
    assert written(again) == written(value)
    assert "<new" in written(again)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled])
def test_a_copy_goes_its_own_way(copied: Callable[[Any], Any]) -> None:
    value = read(ORDER, Order)
    before = written(value)
    again = copied(value)
    again.number = 8
    again.extra = 1
    assert written(value) == before
    assert not hasattr(value, "extra")


def test_a_value_made_of_the_fields_of_another_is_a_new_one() -> None:
    order, note = read(ORDER, Order), read(NOTE, Note)
    assert "new" not in written(msgspec.structs.replace(order, number=8))
    assert "new" not in written(dataclasses.replace(note, text="b"))


def test_which_may_take_along_what_was_said_beside_it() -> None:
    order, note = read(ORDER, Order), read(NOTE, Note)
    taken = soapkit.given_with(order).beside(msgspec.structs.replace(order, number=8))
    assert written(taken) == written(order).replace("7", "8")
    assert written(soapkit.given_with(note).beside(dataclasses.replace(note, text="b"))) == NOTE.replace("a<", "b<")


def test_where_it_has_room() -> None:
    with pytest.raises(UsageError, match="Bare has no room: expected a dataclass, or a Struct with dict=True"):
        soapkit.given_with(read(ORDER, Order)).beside(Bare(number=1))


def test_a_class_with_a_way_of_its_own_keeps_it() -> None:
    assert copy.copy(read("<own><number>1</number></own>", Own)).number == 2
