"""What a message said beside its values comes back: defaults that were given, the order of an xs:all."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest

import soapkit
from soapkit.databinding.annotations import attribute, element, xml_type


class Item(msgspec.Struct, kw_only=True, dict=True):
    opaque: Annotated[bool, attribute("opaque", default="false")] = False
    kind: Annotated[str, attribute("kind", default="plain")] = "plain"
    name: Annotated[str, element("name")]


class Plain(msgspec.Struct, kw_only=True):
    opaque: Annotated[bool, attribute("opaque", default="false")] = False
    name: Annotated[str, element("name")]


@xml_type("Any", content="(a & b & c?)")
class AnyOrder(msgspec.Struct, kw_only=True, dict=True):
    a: Annotated[int, element("a")]
    b: Annotated[int, element("b")]
    c: Annotated[int | None, element("c")] = None


@pytest.mark.parametrize(
    "xml",
    [
        b'<Item opaque="false"><name>x</name></Item>',
        b'<Item opaque="false" kind="plain"><name>x</name></Item>',
        b'<Item kind="plain"><name>x</name></Item>',
        b"<Item><name>x</name></Item>",
        b'<Item opaque="true"><name>x</name></Item>',
    ],
)
def test_an_attribute_given_with_its_default_is_written_again(xml: bytes) -> None:
    item = soapkit.decode(xml, Item)
    assert soapkit.encode(item) == xml
    assert soapkit.encode(item) == xml  # and does not wear off


@pytest.mark.parametrize(
    "xml",
    [b"<Any><b>2</b><a>1</a></Any>", b"<Any><a>1</a><b>2</b></Any>", b"<Any><c>3</c><b>2</b><a>1</a></Any>"],
)
def test_the_order_of_an_all_is_written_again(xml: bytes) -> None:
    assert soapkit.encode(soapkit.decode(xml, AnyOrder)) == xml


def test_a_field_that_is_set_later_stands_last() -> None:
    value = soapkit.decode(b"<Any><b>2</b><a>1</a></Any>", AnyOrder)
    value.c = 3
    assert soapkit.encode(value) == b"<Any><b>2</b><a>1</a><c>3</c></Any>"


def test_a_value_changed_is_the_new_one() -> None:
    item = soapkit.decode(b'<Item opaque="false"><name>x</name></Item>', Item)
    item.opaque = True
    assert soapkit.encode(item) == b'<Item opaque="true"><name>x</name></Item>'


def test_it_is_no_part_of_the_value() -> None:
    given = soapkit.decode(b'<Item opaque="false"><name>x</name></Item>', Item)
    absent = soapkit.decode(b"<Item><name>x</name></Item>", Item)
    assert given == absent
    assert repr(given) == repr(absent)
    assert msgspec.json.encode(given) == msgspec.json.encode(absent)


@pytest.mark.parametrize("cls", [Plain, Item])
def test_a_value_made_in_python_leaves_defaults_out(cls: Any) -> None:
    assert soapkit.encode(cls(name="x"), "i") == b"<i><name>x</name></i>"


def test_a_class_without_room_keeps_nothing() -> None:
    xml = b'<Plain opaque="false"><name>x</name></Plain>'
    assert soapkit.encode(soapkit.decode(xml, Plain)) == b"<Plain><name>x</name></Plain>"
