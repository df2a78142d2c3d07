"""What comparing with another validator on real contracts has shown, each on the shortest message that shows it."""

from __future__ import annotations

from typing import Annotated, TypeVar

import pytest
from msgspec import Struct

from soapkit.databinding.annotations import attribute, element, text, xml_type
from soapkit.databinding.codec import Codecs
from soapkit.databinding.describe import DescribedShapes
from soapkit.databinding.sample import sample_content
from soapkit.databinding.shape import RecordRef
from soapkit.errors import DecodeError
from soapkit.xml.parse import parse_message

__xml_namespace__ = "urn:example:found"
T = TypeVar("T")
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:x="urn:example:found"'


@xml_type("proxy", content="(endpoints & running & transports)")
class Proxy(Struct, kw_only=True):
    endpoints: Annotated[list[str], element("endpoint")] = []
    running: Annotated[bool | None, element("running")] = None
    transports: Annotated[list[str], element("transport", max_occurs=2)] = []


@xml_type("email")
class Email(Struct, kw_only=True):
    value: Annotated[str, text()]
    use: Annotated[str | None, attribute("use")] = None


@xml_type("note")
class Note(Struct, kw_only=True):
    author: Annotated[str, element("author")]


@xml_type("body")
class Body(Struct, kw_only=True):
    summer: Annotated[str, element("été")]


CODECS = Codecs(DescribedShapes("urn:example:found"), types={"{urn:example:found}email": RecordRef(Email)})


def read(cls: type[T], xml: str) -> T:
    return CODECS.codec(cls).decode(parse_message(xml.encode()))  # type: ignore[no-any-return]


def test_elements_that_repeat_in_an_all_group_may_stand_apart() -> None:
    tags = "<x:endpoint>1</x:endpoint><x:running>true</x:running><x:endpoint>2</x:endpoint>"
    assert read(Proxy, f"<p {XSI}>{tags}</p>") == Proxy(endpoints=["1", "2"], running=True)


def test_but_not_more_often_than_they_may() -> None:
    tags = "<x:transport>1</x:transport><x:transport>2</x:transport><x:running>true</x:running>"
    assert read(Proxy, f"<p {XSI}>{tags}</p>").transports == ["1", "2"]
    with pytest.raises(DecodeError, match="has transport more often than 2 times"):
        read(Proxy, f"<p {XSI}>{tags}<x:transport>3</x:transport></p>")


def test_an_element_of_a_simple_type_may_say_a_type_that_extends_it_with_attributes() -> None:
    assert read(Note, f'<n {XSI}><x:author xsi:type="x:email">me</x:author></n>') == Note(author="me")


def test_attributes_for_which_a_text_has_no_room_are_told_not_lost() -> None:
    with pytest.raises(DecodeError, match="author: has the attribute use"):
        read(Note, f'<n {XSI}><x:author xsi:type="x:email" use="work">me</x:author></n>')


def test_a_bare_body_has_an_example_whose_element_is_named_beyond_ascii() -> None:
    (entry,) = sample_content(Body, CODECS.shapes)
    assert entry.tag == "{urn:example:found}été"
