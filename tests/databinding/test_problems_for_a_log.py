"""What is wrong with a value or a message, as a log may say it: without the value."""

from __future__ import annotations

from dataclasses import make_dataclass
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

import pytest
from msgspec import Meta

import soapkit
from soapkit.databinding.annotations import attribute, element, xsd
from soapkit.databinding.builtins import BUILTINS
from soapkit.errors import DecodeError, EncodeError

SHOWN = "hunter2"
ANYTHING = {"string", "normalizedString", "token", "anySimpleType", "anyType", "anyURI", "Name", "NCName", "NMTOKEN"}
ANYTHING |= {"NMTOKENS", "ID", "IDREF", "IDREFS", "QName", "ENTITY", "ENTITIES", "NOTATION"}


class Colour(Enum):
    RED = "red"


TYPES: dict[str, Any] = {
    name: Annotated[BUILTINS[name].classes[0], xsd(name)] for name in sorted(set(BUILTINS) - ANYTHING)
}
TYPES |= {
    "enumeration": Colour,
    "length": Annotated[str, Meta(max_length=3)],
    "pattern": Annotated[str, Meta(pattern="^[0-9]*$")],
    "list": Annotated[list[int], xsd("int")],
    "union": int | Decimal,
    "flag": bool,
}


@pytest.mark.parametrize("kind", [element, attribute])
@pytest.mark.parametrize("type_", TYPES.values(), ids=TYPES)
def test_no_type_repeats_what_cannot_be_read_as_it(type_: Any, kind: Any) -> None:
    cls = make_dataclass("One", [("value", Annotated[type_, kind("value")])])
    text = f"<One><value>{SHOWN}!</value></One>" if kind is element else f"<One value='{SHOWN}!'/>"
    with pytest.raises(DecodeError, match=SHOWN) as caught:
        soapkit.decode(text.encode(), cls)
    assert SHOWN not in caught.value.for_log
    assert "value" in caught.value.for_log


@pytest.mark.parametrize("kind", [element, attribute])
@pytest.mark.parametrize("type_", TYPES.values(), ids=TYPES)
def test_no_type_repeats_what_cannot_be_written_as_it(type_: Any, kind: Any) -> None:
    cls = make_dataclass("One", [("value", Annotated[type_, kind("value")])])
    with pytest.raises(EncodeError) as caught:
        soapkit.encode(cls(f"{SHOWN}!"))
    assert SHOWN not in caught.value.for_log
    assert "value" in caught.value.for_log
