"""Shapes become classes: what a class says is what its Shape says, and it reads as a person would write it."""

from __future__ import annotations

import gc
from collections.abc import Callable
from decimal import Decimal
from types import ModuleType
from typing import Any, get_type_hints

import msgspec
import pytest

from soapkit.codegen.classes import types_source
from soapkit.codegen.generate import render
from soapkit.codegen.plan import Package
from soapkit.databinding.shape import (
    ANY_TYPE,
    All,
    Alternative,
    AnyAttributeField,
    AnyField,
    Atomic,
    AttributeField,
    Choice,
    ChoiceField,
    ElementField,
    EnumValue,
    Facets,
    Field,
    ListOf,
    Record,
    RecordRef,
    Sequence,
    TextField,
    Type,
    UnionOf,
)

STRING, INT, DECIMAL = Atomic("string"), Atomic("int"), Atomic("decimal")
KIND = Atomic("string", "{urn:test}Kind", enumeration=(EnumValue("a"), EnumValue("b", "The second.")))

Losses = Callable[..., list[Any]]
PackageOf = Callable[..., Package]
ModuleOf = Callable[..., ModuleType]


def element(name: str, type_: Type = STRING, **more: Any) -> ElementField:
    return ElementField(name, f"{{urn:test}}{name}", type_, **more)


def record(*fields: Field, key: str = "{urn:test}Thing", **more: Any) -> Record:
    elements = tuple(field for field in fields if isinstance(field, (ElementField, ChoiceField, AnyField)))
    attributes = tuple(field for field in fields if isinstance(field, AttributeField))
    return Record(key, key, more.pop("content", Sequence(elements)), attributes, **more)


def line_of(package: Package, name: str) -> str:
    """The line of a field, without its indentation."""
    source = types_source(package.types.modules[0], package)
    return next(line.strip() for line in source.splitlines() if line.strip().startswith(f"{name}: "))


@pytest.mark.parametrize(
    ("field", "line"),
    [
        (element("name"), 'name: Annotated[str, element("name")]'),
        (element("bookingDate", Atomic("date")), 'booking_date: Annotated[date, element("bookingDate")]'),
        (element("note", minimum=0), 'note: Annotated[str | None, element("note")] = None'),
        (element("size", INT), 'size: Annotated[int, element("size"), xsd("int")]'),
        (element("n", INT, minimum=0), 'n: Annotated[int | None, element("n"), xsd("int")] = None'),
        (
            element("closed", Atomic("dateTime"), minimum=0, nillable=True),
            'closed: Annotated[datetime | None | UnsetType, element("closed", nillable=True)] = UNSET',
        ),
        (element("paid", nillable=True), 'paid: Annotated[str | None, element("paid", nillable=True)]'),
        (
            element("owner", many=True, minimum=1, maximum=None),
            'owner: Annotated[list[str], element("owner", min_occurs=1)]',
        ),
        (
            element("tag", many=True, minimum=0, maximum=5),
            'tag: Annotated[list[str], element("tag", max_occurs=5)] = []',
        ),
        (
            element("iban", Atomic("string", facets=Facets(max_length=34))),
            'iban: Annotated[str, element("iban"), Facets(max_length=34)]',
        ),
        (element("any", ANY_TYPE), 'any: Annotated[object, element("any")]'),
        (
            element("codes", ListOf(INT), many=True, minimum=0, maximum=None),
            'codes: Annotated[list[Annotated[list[Annotated[int, xsd("int")]], xsd("list")]], element("codes")] = []',
        ),
        (element("fix", fixed="x"), 'fix: Annotated[Literal["x"], element("fix", min_occurs=1, fixed="x")] = "x"'),
        (
            ElementField("plain", "plain", STRING),
            'plain: Annotated[str, element("plain", form="unqualified")]',
        ),
        (
            ElementField("far", "{urn:far}far", STRING),
            'far: Annotated[str, element("far", namespace="urn:far")]',
        ),
        (AttributeField("id", "id", STRING, required=True), 'id: Annotated[str, attribute("id")]'),
        (AttributeField("id", "id", STRING), 'id: Annotated[str | None, attribute("id")] = None'),
        (AttributeField("kind", "kind", KIND, default="a"), 'kind: Annotated[Kind, attribute("kind")] = Kind.A'),
        (
            AttributeField("rate", "rate", DECIMAL, default="1.50"),
            'rate: Annotated[Decimal, attribute("rate")] = Decimal("1.50")',
        ),
        (AttributeField("n", "n", INT, default="7"), 'n: Annotated[int, attribute("n"), xsd("int")] = 7'),
        (
            AttributeField("v", "v", STRING, fixed="1"),
            'v: Annotated[Literal["1"], attribute("v", fixed="1")] = "1"',
        ),
        (
            AttributeField("day", "day", Atomic("date"), default="2026-11-24"),
            'day: Annotated[date | None, attribute("day", default="2026-11-24")] = None',
        ),
        (
            AttributeField("lang", "{http://www.w3.org/XML/1998/namespace}lang", STRING),
            'lang: Annotated[str | None, attribute("lang", namespace="http://www.w3.org/XML/1998/namespace")] = None',
        ),
        (
            AnyField("rest", ("##other", "urn:test"), "lax", 0, None, many=True),
            'rest: Annotated[list[Raw], any_element("##other", "urn:test", process="lax")] = []',
        ),
    ],
)
def test_a_field_is_one_line(package_of: PackageOf, field: Field, line: str) -> None:
    filler = [element(f"e{number}") for number in range(3)]  # most elements are qualified
    assert line_of(package_of(record(field, *filler)), line.partition(":")[0]) == line


RECORDS: dict[str, list[Record]] = {
    "a choice": [record(content=Choice((element("a"), element("b"))))],
    "an optional group": [
        record(content=Sequence((element("a"), Sequence((element("b"), element("c")), optional=True))))
    ],
    "all, in any order": [record(content=All((element("a"), element("b", minimum=0))))],
    "nested groups": [
        record(
            content=Sequence(
                (Choice((element("a"), Sequence((element("b"), element("c"))))), Choice((element("d"),), optional=True))
            )
        )
    ],
    "a choice with an empty branch": [record(content=Choice((Sequence(), element("a"))))],
    "a repeated choice": [
        record(
            ChoiceField(
                "items",
                (
                    Alternative("{urn:test}cat", RecordRef("{urn:test}Cat")),
                    Alternative("{urn:test}dog", RecordRef("{urn:test}Dog")),
                    Alternative(None, RecordRef("{urn:test}Thing/group")),
                ),
                minimum=0,
                maximum=None,
                many=True,
            )
        ),
        record(element("name"), key="{urn:test}Cat"),
        record(element("name"), key="{urn:test}Dog"),
        Record("{urn:test}Thing/group", None, Sequence((element("note"),)), group=True),
    ],
    "mixed content": [
        record(
            ChoiceField(
                "content",
                (Alternative("{urn:test}b", RecordRef("{urn:test}Bold")),),
                minimum=0,
                maximum=None,
                many=True,
                mixed=True,
            )
        ),
        record(element("text"), key="{urn:test}Bold"),
    ],
    "simple content": [
        record(AttributeField("unit", "unit", STRING), text=TextField("value", DECIMAL), key="{urn:test}Weight")
    ],
    "any attribute": [record(element("a"), any_attribute=AnyAttributeField("more", process="lax"))],
    "a list and a union": [
        record(
            element("numbers", ListOf(INT, "{urn:test}Numbers", Facets(max_length=3))),
            element("either", UnionOf((INT, KIND), "{urn:test}Either")),
            element("nested", UnionOf((ListOf(INT), STRING))),
            AttributeField("flags", "flags", Atomic("NMTOKENS")),
        )
    ],
    "an extension": [
        record(element("a"), AttributeField("x", "x", STRING), key="{urn:test}Base", abstract=True),
        record(
            element("a"),
            element("b"),
            AttributeField("x", "x", STRING),
            AttributeField("y", "y", INT, required=True),
            key="{urn:test}More",
            base=RecordRef("{urn:test}Base"),
            derivation="extension",
        ),
    ],
    "an extension by a choice": [
        record(element("a"), key="{urn:test}Base"),
        record(
            content=Sequence((element("a"), Choice((element("b"), element("c"))))),
            key="{urn:test}More",
            base=RecordRef("{urn:test}Base"),
            derivation="extension",
        ),
    ],
    "a restriction": [
        record(element("a", minimum=0), element("b", minimum=0), key="{urn:test}Wide"),
        record(
            element("b", Atomic("string", facets=Facets(max_length=3))),
            key="{urn:test}Narrow",
            base=RecordRef("{urn:test}Wide"),
            derivation="restriction",
        ),
    ],
    "a circle": [
        record(
            element("child", RecordRef("{urn:test}Thing"), minimum=0), element("peer", RecordRef("{urn:other}Peer"))
        ),
        Record(
            "{urn:other}Peer",
            "{urn:other}Peer",
            Sequence((ElementField("back", "{urn:other}back", RecordRef("{urn:test}Thing"), minimum=0),)),
        ),
    ],
    "names that hide types": [
        record(
            element("date", Atomic("date")),
            element("other", Atomic("date")),
            element("list", INT, many=True, minimum=0, maximum=None),
            element("element"),
            element("str"),
            element("text", Atomic("base64Binary")),
            element("int", INT),
        )
    ],
    "numbers as enumeration": [
        record(
            element("level", Atomic("int", "{urn:test}Level", enumeration=(EnumValue("1"), EnumValue("02")))),
            element("rate", Atomic("decimal", enumeration=(EnumValue("1.0"), EnumValue("2.5")))),
        )
    ],
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_class_says_what_its_shape_says(name: str, record_losses: Losses) -> None:
    assert record_losses(*RECORDS[name]) == []


def test_namespaces_that_inherit_from_each_other_share_a_module(package_of: PackageOf, record_losses: Losses) -> None:
    def named(name: str, base: str | None, *fields: ElementField) -> Record:
        ref = None if base is None else RecordRef(base)
        return Record(name, name, Sequence(fields), base=ref, derivation=None if base is None else "extension")

    a, b = ElementField("a", "{urn:a}a", STRING), ElementField("b", "{urn:b}b", STRING)
    c = ElementField("c", "{urn:a}c", STRING)
    records = [named("{urn:a}A", None, a), named("{urn:b}B", "{urn:a}A", a, b), named("{urn:a}C", "{urn:b}B", a, b, c)]
    assert [len(module.classes) for module in package_of(*records).types.modules] == [3]
    assert record_losses(*records) == []


def test_a_base_class_of_another_namespace_is_imported_first_and_an_annotation_never(module_of: ModuleOf) -> None:
    thing = Record(
        "{urn:a}Thing", "{urn:a}Thing", Sequence((ElementField("x", "{urn:a}x", RecordRef("{urn:b}More"), minimum=0),))
    )
    more = Record("{urn:b}More", "{urn:b}More", thing.content, base=RecordRef("{urn:a}Thing"), derivation="extension")
    module = module_of(thing, more)
    assert get_type_hints(module.Thing)["x"].__args__[0].__mro__[1] is module.Thing


def test_a_large_namespace_is_split_with_bases_first(package_of: PackageOf) -> None:
    def numbered(number: int) -> Record:
        base = RecordRef(f"{{urn:test}}T{number + 1:03}") if number < 24 else None
        return record(key=f"{{urn:test}}T{number:03}", base=base, derivation="extension" if base else None)

    package = package_of(*map(numbered, range(25)), classes_per_module=10)
    assert [module.name for module in package.types.modules] == ["test_1", "test_2", "test_3"]
    assert [len(module.classes) for module in package.types.modules] == [10, 10, 5]
    assert package.types.modules[0].classes[0].name == "T024"
    for source in render(package).values():
        compile(source, "made", "exec")


def test_a_default_from_another_module_is_made_with_the_instance(package_of: PackageOf) -> None:
    kind = Atomic("string", "{urn:far}Kind", enumeration=(EnumValue("a"),))
    package = package_of(record(AttributeField("kind", "kind", kind, default="a")))
    expected = 'kind: Annotated[far.Kind, attribute("kind", default="a")] = field(default_factory=lambda: far.Kind.A)'
    assert expected in render(package)["test.py"]


def test_the_form_that_most_elements_have_is_said_once(package_of: PackageOf) -> None:
    package = package_of(record(*(ElementField(name, name, STRING) for name in "abc"), element("d")))
    source = types_source(package.types.modules[0], package)
    assert '__xml_element_form__ = "unqualified"' in source
    assert 'a: Annotated[str, element("a")]' in source
    assert 'd: Annotated[str, element("d", form="qualified")]' in source


def test_anonymous_types_that_are_called_like_a_named_one_give_way(package_of: PackageOf) -> None:
    package = package_of(
        Record("{urn:test}account", None, Sequence((element("x", RecordRef("{urn:far}Account")),))),
        Record("{urn:far}Account", "{urn:far}Account"),
    )
    assert {plan.name for module in package.types.modules for plan in module.classes} == {"AccountElement", "Account"}


def test_names_that_differ_only_in_case_or_hyphens_stay_apart(module_of: ModuleOf) -> None:
    module = module_of(
        record(element("a-b"), element("a_b"), element("aB"), key="{urn:test}thing"),
        record(key="{urn:test}Thing"),
        record(key="{urn:test}th-ing"),
    )
    structs = [
        value for value in vars(module).values() if isinstance(value, type) and issubclass(value, msgspec.Struct)
    ]
    assert len({cls.__name__ for cls in structs if cls is not msgspec.Struct}) == 3
    assert ("a_b", "a_b_2", "a_b_3") in {cls.__struct_fields__ for cls in structs}


def test_an_instance_is_made_with_keywords_and_has_the_defaults(module_of: ModuleOf) -> None:
    module = module_of(
        record(
            element("name"),
            element("tags", many=True, minimum=0, maximum=None),
            AttributeField("r", "r", DECIMAL, default="1"),
        )
    )
    made = module.Thing(name="x")
    assert (made.name, made.tags, made.r) == ("x", [], Decimal(1))
    with pytest.raises(TypeError, match="name"):
        module.Thing()


def test_the_collector_looks_only_at_what_can_be_part_of_a_cycle(module_of: ModuleOf) -> None:
    module = module_of(
        record(element("name"), key="{urn:test}Party"),
        record(
            element("name"),
            element("of", RecordRef("{urn:test}Party"), minimum=0),
            key="{urn:test}Branch",
            base=RecordRef("{urn:test}Party"),
            derivation="extension",
        ),
        record(element("party", RecordRef("{urn:test}Party")), key="{urn:test}Order"),
    )
    assert not gc.is_tracked(module.Order(party=module.Party(name="x")))
    branch = module.Branch(name="x")
    branch.of = branch
    assert gc.is_tracked(branch)
    assert gc.is_tracked(module.Order(party=branch))


def test_documentation_is_where_python_looks_for_it(package_of: PackageOf, module_of: ModuleOf) -> None:
    documented = record(element("a", documentation="About a."), documentation="About it.")
    assert module_of(documented).Thing.__doc__ == "About it."
    assert (
        '    """About a."""'
        in types_source(package_of(documented).types.modules[0], package_of(documented)).splitlines()
    )
