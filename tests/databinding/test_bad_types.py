"""What xsi:type and xsi:nil may not say is refused, with its path, its line and what was expected."""

from __future__ import annotations

from typing import Annotated

import pytest
from msgspec import Struct

from soapkit.databinding.annotations import element, xml_type
from soapkit.databinding.codec import decode
from soapkit.errors import DecodeError

__xml_namespace__ = "urn:example:zoo"

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:z="urn:example:zoo"'


@xml_type("animal", abstract=True)
class Animal(Struct, kw_only=True):
    name: Annotated[str, element("name")]


@xml_type("dog")
class Dog(Animal, kw_only=True):
    pass


@xml_type("stone")
class Stone(Struct, kw_only=True):
    weight: Annotated[int, element("weight")]


@xml_type("cage")
class Cage(Struct, kw_only=True):
    animals: Annotated[list[Animal], element("animal")] = []
    stone: Annotated[Stone | None, element("stone")] = None


def refused(inside: str) -> str:
    with pytest.raises(DecodeError) as caught:
        decode(f'<z:cage {XSI} xmlns="urn:example:zoo">\n{inside}</z:cage>', Cage)
    return str(caught.value)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('<animal xsi:type="z:cat"><name>x</name></animal>', "names {urn:example:zoo}cat, a type nobody declares"),
        ('<animal xsi:type="z:animal"><name>x</name></animal>', "abstract type animal: expected xsi:type"),
        ("<animal><name>x</name></animal>", "abstract type animal: expected xsi:type"),
        ('<animal xsi:type="q:dog"><name>x</name></animal>', "xsi:type is 'q:dog'"),
        ('<animal xsi:type="z:dog" xsi:nil="true"/>', "is nil (xsi:nil), which its type does not allow"),
    ],
)
def test_an_item_of_a_type_that_may_not_stand_there_is_refused_with_its_place(said: str, expected: str) -> None:
    told = refused(said)
    assert expected in told
    assert "animals[0]" in told
    assert "2" in told  # the line


def test_the_problems_of_one_message_are_told_together() -> None:
    told = refused('<animal xsi:type="z:cat"/><animal xsi:type="z:stone"/><stone><weight>heavy</weight></stone>')
    assert "animals[0]" in told
    assert "animals[1]" in told
    assert "'heavy'" in told
    assert "stone.weight" in told
