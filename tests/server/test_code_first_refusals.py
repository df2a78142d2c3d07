"""What no contract can say is refused when the class is decorated: with file, line, method and parameter."""

from __future__ import annotations

import collections
import enum
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypedDict

import annotated_types
import msgspec
import pydantic
import pytest
from msgspec import Meta

import soapkit
from soapkit.databinding.annotations import attribute, element, text, xml_type, xsd
from soapkit.errors import UsageError
from soapkit.server.service import operation, service


class Typed(TypedDict):
    a: int


class Odd(enum.Enum):
    A = object()


@dataclass
class Holder:
    mapping: dict[str, int]


class Cat(msgspec.Struct):
    a: int


class Dog(msgspec.Struct):
    a: int


class Both(msgspec.Struct):
    first: Cat | Dog
    second: Cat | Dog


class Mixed(enum.Enum):
    A = 1
    B = "b"


class Nothing(enum.Enum):
    pass


class Bits(enum.Flag):
    A = 1
    B = 2


class TwoAttributes(msgspec.Struct):
    first: Annotated[int, attribute("a")]
    second: Annotated[int, attribute("a")]


class TwoTexts(msgspec.Struct):
    first: Annotated[int, text()]
    second: Annotated[int, text()]


class TextAndElement(msgspec.Struct):
    said: Annotated[str, text()]
    more: int


class Misnamed(msgspec.Struct):
    a: Annotated[int, element("1 a")]


class Abroad(msgspec.Struct):
    a: Annotated[int, element("a", namespace="no uri")]


Untyped = collections.namedtuple("Untyped", "a b")  # noqa: PYI024  what is refused


class Defaulted(msgspec.Struct):
    a: int = "many"  # type: ignore[assignment]


class Detail(msgspec.Struct):
    a: int


class Refused(soapkit.DeclaredFault[Detail]):
    pass


def decorated(annotation: Any, **declaration: Any) -> None:
    def go(self: object, what: Any) -> None: ...

    go.__annotations__ = {"what": annotation, "return": None}
    service("urn:x")(type("Bad", (), {"go": operation(**declaration)(go)}))


TYPES: list[tuple[Any, str]] = [
    (
        dict[str, int],
        r"dict\[str, int\] has no counterpart in XSD; expected a list of a Struct or dataclass with a key",
    ),
    (set[int], "expected a list"),
    (tuple[int, str], "NamedTuple with a name for each item"),
    (Typed, "Typed has no counterpart in XSD; expected a Struct or dataclass: a dict does not say which type it is"),
    (complex, "complex has no counterpart in XSD"),
    (object(), "has no counterpart in XSD"),
    (Odd, "the values of Odd have no counterpart in XSD"),
    (Holder, r"Holder.mapping: dict\[str, int\] has no counterpart"),
    (list[list[Cat]], "expected a type that is written as text"),
    (str | int, "put str last"),
    (Both, "Both: first and second are both element Cat"),
    (Annotated[int, Meta(max_length=3)], "max_length says nothing of xs:long"),
    (Annotated[str, Meta(ge=3)], "ge says nothing of xs:string"),
    (Annotated[str, Meta(pattern="(?=a)b")], r"pattern|\(\?="),
    (Annotated[int, Meta(multiple_of=5)], "no facet of XSD says multiple_of: check it in the method"),
    (Annotated[int, annotated_types.MultipleOf(5)], "no facet of XSD says multiple_of"),
    (Annotated[int, annotated_types.Predicate(abs)], r"no facet of XSD says Predicate"),
    (Annotated[str, pydantic.AfterValidator(str.upper)], "no facet of XSD says AfterValidator"),
    (Untyped, "Untyped does not say of what type a, b is; expected a class of typing.NamedTuple"),
    (Annotated[str, Meta(min_length=3, max_length=2)], "its facets leave no value"),
    (Annotated[int, Meta(ge=3, lt=3)], "its facets leave no value"),
    (Annotated[int, xsd("date")], "a value of xs:date is no int in Python; expected date"),
    (Mapping[str, int], r"expected a list of a Struct or dataclass with a key"),
    (Literal["a", 1], "has values of several types"),
    (Literal[Mixed.A], "has members of an Enum; expected Mixed itself"),
    (Mixed, r"the values of Mixed are of several types \(int, str\)"),
    (Nothing, "Nothing has no members"),
    (Bits, "the members of Bits, a Flag, add up; expected int"),
    (Cat | str, r"Cat, str\] is no one element; expected a name for each member: Annotated\[..., choice"),
    (Annotated[Cat | Dog, element("pet")], "is no one element"),
    (TwoAttributes, "first and second are both attribute a; name one of them otherwise, with attribute"),
    (TwoTexts, "TwoTexts.second: first is the text of the element already"),
    (TextAndElement, r"said is the text of the element, which then has no elements \(more\)"),
    (Misnamed, "Misnamed.a: '1 a' is no name in XML"),
    (Abroad, "Abroad.a: 'no uri' is no URI"),
    (Defaulted, "Defaulted.a: the default 'many' is no value of its type: expected digits"),
]


@pytest.mark.parametrize(("annotation", "reason"), TYPES, ids=[row[1][:40] for row in TYPES])
def test_a_type_that_no_contract_can_say_is_refused(annotation: Any, reason: str) -> None:
    with pytest.raises(UsageError, match=rf"test_code_first_refusals\.py:\d+: Bad\.go: parameter 'what': .*({reason})"):
        decorated(annotation)


ROWS: list[tuple[Any, dict[str, Any], str]] = [
    (list[int], {"style": "bare"}, "'what' is a list, which a part of a bare message cannot be"),
    (int | None, {"style": "rpc"}, "'what' is optional, which a part of a rpc message cannot be"),
    (int, {"style": "encoded"}, "style 'encoded' is unknown; expected wrapped, bare, rpc"),
    (int, {"name": "1st"}, "'1st' is no name in XML"),
    (int, {"raises": [ValueError]}, r"raises ValueError, which is no fault: class ValueError\(soapkit.DeclaredFault"),
    (int, {"one_way": True, "raises": [Refused]}, "is one-way: there is no reply"),
    (int, {"reply_headers": {"seen": list[int]}}, "reply header 'seen' is a list"),
    (int, {"reply_headers": {"seen": dict[str, int]}}, r"reply header 'seen': dict\[str, int\] has no counterpart"),
]


@pytest.mark.parametrize(("annotation", "declaration", "reason"), ROWS, ids=[row[2][:40] for row in ROWS])
def test_a_declaration_that_no_contract_can_say_is_refused(
    annotation: Any, declaration: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UsageError, match=rf"test_code_first_refusals\.py:\d+: Bad\.go: {reason}"):
        decorated(annotation, **declaration)


def test_two_parameters_are_too_many_for_a_bare_message() -> None:
    with pytest.raises(UsageError, match=r"Bad\.go: is bare, and has 2 parameters \(a, b\)"):

        @service("urn:x", style="bare")
        class Bad:
            @operation
            def go(self, a: int, b: int) -> None: ...


def test_a_parameter_that_cannot_be_named_is_refused() -> None:
    with pytest.raises(UsageError, match="parameter 'a' cannot be given by name"):

        @service("urn:x")
        class Bad:
            @operation
            def go(self, a: int, /) -> None: ...


def test_a_default_that_is_no_value_of_its_type_is_refused() -> None:
    with pytest.raises(UsageError, match=r"Bad\.go: parameter 'a': the default 'many' is no value of its type"):

        @service("urn:x")
        class Bad:
            @operation
            def go(self, a: int = "many") -> None:  # type: ignore[assignment]
                ...


@pytest.mark.parametrize("declared", [property(abs), functools.partialmethod(abs), 5])
def test_an_operation_is_a_function(declared: Any) -> None:
    with pytest.raises(UsageError, match=r"is no function: expected a def, or async def"):
        operation(declared)


@pytest.mark.parametrize("namespace", ["", "no uri", "urn:größe", "http://example.com/{id}"])
def test_a_namespace_that_is_no_uri_is_refused(namespace: str) -> None:
    with pytest.raises(UsageError, match="such as urn:example:clock"):
        service(namespace)


def test_a_result_without_annotation_is_refused() -> None:
    with pytest.raises(UsageError, match=r"Bad\.go: what it returns needs an annotation"):

        @service("urn:x")
        class Bad:
            @operation
            def go(self, a: int): ...  # type: ignore[no-untyped-def]


def test_two_methods_of_one_operation_name_are_refused() -> None:
    with pytest.raises(UsageError, match=r"Bad\.two: one is operation 'one' too"):

        @service("urn:x")
        class Bad:
            @operation
            def one(self) -> None: ...

            @operation(name="one")
            def two(self) -> None: ...


def test_an_operation_named_like_the_reply_of_another_is_refused() -> None:
    with pytest.raises(UsageError, match="the request of askResponse and the reply of ask are both element"):

        @service("urn:x")
        class Bad:
            @operation
            def ask(self) -> None: ...

            @operation(name="askResponse")
            def other(self) -> None: ...


def test_two_classes_of_one_name_are_refused() -> None:
    @xml_type("Cat")
    class Other(msgspec.Struct):
        b: int

    def go(self: object, a: Any, b: Any) -> None: ...

    go.__annotations__ = {"a": Cat, "b": Other, "return": None}
    with pytest.raises(UsageError, match=r"Cat and .*Other are both type {urn:x}Cat; give one .* xml_type"):
        service("urn:x")(type("Bad", (), {"go": operation(go)}))


def test_two_fields_of_one_element_name_are_refused() -> None:
    class Twice(msgspec.Struct):
        a: int
        b: Annotated[int, element("a")]

    def go(self: object, it: Any) -> None: ...

    go.__annotations__ = {"it": Twice, "return": None}
    with pytest.raises(UsageError, match="a and b are both element a"):
        service("urn:x")(type("Bad", (), {"go": operation(go)}))


def test_what_is_not_yet_defined_is_looked_up_when_it_is_hosted() -> None:
    @service("urn:x")
    class Late:
        @operation
        def go(self, a: Nowhere) -> None:  # type: ignore[name-defined]  # noqa: F821
            ...

    with pytest.raises(UsageError, match=r"Late\.go: its annotations name something unknown: .*Nowhere"):
        soapkit.asgi(Late())


@soapkit.service("urn:x")
class OfOne:
    def __init__(self, one: int) -> None:
        self.one = one

    @soapkit.operation
    def give(self) -> int:
        return self.one


def test_a_class_that_takes_arguments_is_not_made_by_the_host() -> None:
    with pytest.raises(UsageError, match=r"OfOne is not made without arguments .*'one'.*: hand over an object of it"):
        soapkit.asgi(OfOne)
    assert soapkit.asgi(OfOne(1)).endpoints


def test_a_class_that_serves_nothing_is_not_made() -> None:
    with pytest.raises(UsageError, match="TypeError is no service"):
        soapkit.asgi(TypeError)
