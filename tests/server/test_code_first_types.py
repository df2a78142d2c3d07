"""Every Python type that a contract can say: its values go out and come back as they were, valid by that contract."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, TypeVar
from uuid import UUID

import annotated_types
import msgspec
import pydantic
import pytest
from lxml import etree
from msgspec import Meta

from soapkit import Call, Client, asgi
from soapkit.databinding.annotations import attribute, element, xsd
from soapkit.databinding.shape import ElementField, Facets, RecordRef
from soapkit.errors import EncodeError, UsageError
from soapkit.exchange.body import codecs_for
from soapkit.operations import Operation, Service
from soapkit.server.service import operation, service, service_of
from soapkit.testing import loopback
from soapkit.transport.values import Request
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.write11 import write_wsdl
from soapkit.xsd.validate import validator_for

ItemT = TypeVar("ItemT")
Iban = NewType("Iban", str)


class Colour(enum.StrEnum):
    RED = "red"
    GREEN = "green"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Plain(enum.Enum):
    A = "a"
    B = "b"


class Ratio(enum.Enum):
    HALF = Decimal("0.5")
    WHOLE = Decimal(1)


class Switch(enum.Enum):
    ON = True
    OFF = False


class Item(msgspec.Struct, kw_only=True):
    """An item."""

    name: str
    "What it is called."
    amount: int = 3


@dataclass
class Point:
    x: int
    y: float = 1.5
    tags: list[str] = field(default_factory=list)


class Size(NamedTuple):
    width: int
    unit: str = "mm"


class Tree(msgspec.Struct):
    name: str
    children: list[Tree] = []


class Page(msgspec.Struct, Generic[ItemT]):
    items: list[ItemT]
    next: int | None = None


@dataclass
class Pair(Generic[ItemT]):
    left: ItemT
    right: ItemT | None = None


class Items(Page[Item]):
    owner: str = ""


class Animal(msgspec.Struct, kw_only=True):
    id: int


class Cat(Animal, kw_only=True):
    lives: int = 9


class Dog(Animal, kw_only=True):
    bark: str = ""


class Renamed(msgspec.Struct, rename="camel"):
    unit_price: Decimal


class Tagged(msgspec.Struct, kw_only=True):
    kind: Annotated[Colour, attribute("kind")]
    value: Annotated[str, element("the-value"), Meta(max_length=5)]


ROWS: list[tuple[Any, Any]] = [
    (str, "é<&> "),
    (int, -(2**63)),
    (bool, True),
    (float, float("inf")),
    (Decimal, Decimal("1.10")),
    (bytes, b"\0\xff"),
    (datetime, datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)),
    (date, date(2026, 1, 2)),
    (time, time(1, 2, 3)),
    (timedelta, timedelta(days=-1, microseconds=5)),
    (UUID, UUID(int=5)),
    (Colour, Colour.RED),
    (Level, Level.HIGH),
    (Plain, Plain.A),
    (Ratio, Ratio.HALF),
    (Switch, Switch.OFF),
    (Literal["a", "b"], "a"),
    (Literal[1, 2], 2),
    (Literal["a", None], None),  # noqa: PYI061  as some write it
    (Annotated[int, xsd("short")], 3),
    (Annotated[int, xsd("integer")], 2**70),
    (Annotated[bytes, xsd("hexBinary")], b"\xff"),
    (Annotated[str, xsd("anyURI")], "urn:x"),
    (Annotated[str, Facets(max_length=3)], "abc"),
    (Annotated[str, Meta(pattern="^[A-Z]+$")], "ABC"),
    (Annotated[str, Meta(pattern="^A|[|]B$")], "x|B"),
    (Annotated[int, Meta(ge=1, le=5)], 3),
    (Annotated[list[str], Meta(min_length=1, max_length=2)], ["long enough"]),
    (Annotated[list[str], annotated_types.Len(1, 2)], ["long enough"]),
    (Annotated[timedelta, xsd("duration")], timedelta(hours=3)),
    (Annotated[Decimal, Facets(fraction_digits=2)], Decimal("9.99")),
    (Annotated[timedelta, Facets(min_inclusive="PT0S")], timedelta(hours=3)),
    (Iban, "DE1"),
    (str | None, None),
    (str | None, ""),
    (int | None, 0),
    (list[int], [1, 2]),
    (list[str], []),
    (Sequence[str], ["a b"]),
    (list[Colour], [Colour.RED, Colour.GREEN]),
    (list[int | None], [1, None, 3]),
    (list[UUID], [UUID(int=1)]),
    (Annotated[list[int], xsd("list")], [1, 2]),
    (int | str, 5),
    (int | str, "x"),
    (date | datetime, date(2026, 1, 2)),
    (Item, Item(name="x")),
    (Item | None, None),
    (Point, Point(x=1, tags=["a"])),
    (Size, Size(3)),
    (list[Size], [Size(3), Size(4, "cm")]),
    (Tree, Tree("a", [Tree("b", []), Tree("c", [Tree("d", [])])])),
    (Page[Item], Page(items=[Item(name="q")], next=2)),
    (Page[str], Page(items=["q"])),
    (Page[Page[int]], Page(items=[Page(items=[1])])),
    (Pair[int], Pair(1)),
    (Pair[Item], Pair(Item(name="a"), Item(name="b"))),
    (Items, Items([Item(name="q")], None, "ada")),
    (Animal, Cat(id=1, lives=3)),
    (list[Animal], [Dog(id=1, bark="wau"), Animal(id=2)]),
    (Cat | Dog, Dog(id=1)),
    (list[Cat | Dog], [Dog(id=1), Cat(id=2), Dog(id=3)]),
    (Item | Point | None, Point(x=1)),
    (Item | Point | None, None),
    (Page[Cat | Dog], Page(items=[Dog(id=1), Cat(id=2)])),
    (Renamed, Renamed(unit_price=Decimal("0.5"))),
    (Tagged, Tagged(kind=Colour.RED, value="x")),
]


def service_with(annotation: Any) -> Service:
    def echo(self: object, value: Any) -> Any: ...

    echo.__annotations__ = {"value": annotation, "return": annotation}
    return service_of(service("urn:example:echo")(type("Echo", (), {"echo": operation(echo)})))


def written(service: Service) -> tuple[Any, bytes]:
    codecs = codecs_for(service)
    return codecs, write_wsdl(service, codecs.shapes, address="http://localhost/")


@pytest.mark.parametrize(("annotation", "value"), ROWS, ids=[str(row[0])[:50] for row in ROWS])
def test_a_value_of_this_type_goes_out_valid_and_comes_back_the_same(annotation: Any, value: Any) -> None:
    service = service_with(annotation)
    codecs, wsdl = written(service)
    (echo,) = service.operations
    for message, record in ((echo.request, {"value": value}), (echo.reply, {"result": value})):
        assert message is not None
        assert isinstance(message.record, type)
        codec = codecs.codec(RecordRef(message.record))
        root = etree.fromstring(codec.encode(message.record(**record), message.tag))
        validator_for(load_contract(wsdl, strict=True).schema).check(root)
        (back,) = (getattr(codec.decode(root), name) for name in record)
        assert back == value
        assert type(back) is type(value)


def test_a_generic_is_named_after_what_fills_it() -> None:
    _, wsdl = written(service_with(Page[Pair[int] | None]))
    assert b'<xs:complexType name="PageOfPairOfInt">' in wsdl


def test_the_text_under_a_field_is_its_documentation() -> None:
    from soapkit.databinding.described.docstrings import DocumentedShapes

    record = DocumentedShapes(codecs_for(service_with(Item)).shapes)[Item]
    name = record.elements[0]
    assert isinstance(name, ElementField)
    assert name.documentation == "What it is called."


def test_a_description_in_meta_is_its_documentation() -> None:
    _, wsdl = written(service_with(Annotated[int, Meta(description="Counted from 1.")]))
    assert b"<xs:documentation>Counted from 1.</xs:documentation>" in wsdl


def test_the_length_of_a_list_is_how_often_its_element_stands() -> None:
    service = service_with(Annotated[list[str], Meta(min_length=1, max_length=2)])
    codecs, wsdl = written(service)
    (value,) = etree.fromstring(wsdl).xpath('//*[@name="value"]')
    assert (value.get("minOccurs", "1"), value.get("maxOccurs")) == ("1", "2")
    (echo,) = service.operations
    assert isinstance(echo.request.record, type)
    with pytest.raises(EncodeError, match="value"):
        codecs.codec(RecordRef(echo.request.record)).encode(echo.request.record(value=["a", "b", "c"]), "echo")


@pytest.mark.parametrize(("annotation", "accepted"), [(Switch, "true 1 false 0"), (Literal[True], "true 1")])
def test_booleans_are_enumerated_as_xml_schema_allows(annotation: Any, accepted: str) -> None:
    _, wsdl = written(service_with(annotation))
    (schema,) = etree.fromstring(wsdl).iter("{http://www.w3.org/2001/XMLSchema}schema")
    validator = etree.XMLSchema(etree.fromstring(etree.tostring(schema)))  # libxml2 itself: ours reads more
    texts = ["true", "1", "false", "0", ""]
    message = '<echo xmlns="urn:example:echo"><value>{}</value></echo>'
    assert " ".join(text for text in texts if validator.validate(etree.fromstring(message.format(text)))) == accepted


@pytest.mark.parametrize(
    ("mark", "facet"),
    [
        (annotated_types.Gt(5), "minExclusive"),
        (annotated_types.Interval(ge=5), "minInclusive"),
        (pydantic.Field(le=5), "maxInclusive"),
    ],
)
def test_what_other_libraries_say_of_a_value_is_in_the_contract(mark: Any, facet: str) -> None:
    _, wsdl = written(service_with(Annotated[int, mark]))
    assert f'<xs:{facet} value="5"/>'.encode() in wsdl


def test_another_member_than_the_union_has_is_refused() -> None:
    service = service_with(Cat | Dog)
    codecs, _ = written(service)
    (echo,) = service.operations
    assert isinstance(echo.request.record, type)
    with pytest.raises(EncodeError, match="value"):
        codecs.codec(RecordRef(echo.request.record)).encode(echo.request.record(value=Item(name="x")), "echo")


def test_operations_stand_in_the_order_of_the_class() -> None:
    @service("urn:x")
    class Two:
        @operation
        def second(self) -> None: ...

        @operation
        def first(self) -> None: ...

    assert [each.name for each in service_of(Two).operations] == ["second", "first"]


def test_a_method_that_a_subclass_overrides_stays_an_operation() -> None:
    @service("urn:x")
    class Base:
        @operation
        def ask(self, a: int) -> None: ...

    class Better(Base):
        def ask(self, a: int) -> None: ...

    (ask,) = service_of(Better).operations
    assert isinstance(ask, Operation)
    assert ask.name == "ask"


def test_functions_are_operations_too() -> None:
    @operation(name="Half")
    def half(a: int) -> float:
        """Of a."""
        return a / 2

    async def twice(a: int, call: Call) -> int:
        return 2 * a

    sums = service("urn:x", name="Sums", operations=[half, twice])
    (first, second) = service_of(sums).operations
    assert (first.name, first.documentation, second.name) == ("Half", "Of a.", "twice")
    transport = loopback(asgi(sums))
    wsdl = transport.send(Request("http://sums/?wsdl", method="GET")).body
    assert Client.from_wsdl(wsdl, transport=transport).twice(a=2) == 4


def test_a_service_of_functions_needs_a_name() -> None:
    with pytest.raises(UsageError, match="needs a name"):
        service("urn:x", operations=[test_functions_are_operations_too])  # type: ignore[call-overload]


def test_static_and_class_methods_are_operations_too() -> None:
    @service("urn:x")
    class Two:
        @staticmethod
        @operation
        def one(a: int) -> None: ...

        @operation
        @classmethod
        def two(cls, b: int) -> None: ...

    fields = {each.name: each.request.record.__struct_fields__ for each in service_of(Two).operations}
    assert fields == {"one": ("a",), "two": ("b",)}
