"""Laws, on content models drawn by chance: what follows the model is valid, and what is written reads back the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from soapkit.databinding.shape import ChoiceField, RecordRef, reachable
from soapkit.errors import Problems
from soapkit.xml.documents import Documents
from soapkit.xsd.load import Source, load_schema
from soapkit.xsd.resolve import intersection, union
from soapkit.xsd.schema import Schema
from soapkit.xsd.shapes import SchemaShapes
from soapkit.xsd.validate import validator_for
from soapkit.xsd.write import write_schemas

TYPES = {"xs:int": "7", "xs:string": "x", "xs:date": "2026-11-23", "Item": "<n>1</n>"}
ITEM = '<xs:complexType name="Item"><xs:sequence><xs:element name="n" type="xs:int"/></xs:sequence></xs:complexType>'


@dataclass(frozen=True)
class Particle:
    """A particle: an element of a name and type, or a group of particles."""

    kind: str
    minimum: int
    maximum: int | None
    name: str = ""
    type: str = ""
    particles: tuple[Particle, ...] = ()

    def schema(self) -> str:
        occurs = f'minOccurs="{self.minimum}" maxOccurs="{"unbounded" if self.maximum is None else self.maximum}"'
        if self.kind == "element":
            return f'<xs:element name="{self.name}" type="{self.type}" {occurs}/>'
        return f"<xs:{self.kind} {occurs}>{''.join(each.schema() for each in self.particles)}</xs:{self.kind}>"

    def instance(self, chance: random.Random) -> str:
        """XML that follows the model."""
        most = self.minimum + 2 if self.maximum is None else self.maximum
        return "".join(self.once(chance) for _ in range(chance.randint(self.minimum, most)))

    def once(self, chance: random.Random) -> str:
        if self.kind == "element":
            return f"<{self.name}>{TYPES[self.type]}</{self.name}>"
        if self.kind == "choice":
            return chance.choice(self.particles).instance(chance)
        return "".join(each.instance(chance) for each in self.particles)


OCCURRENCES = st.sampled_from([(1, 1), (0, 1), (0, None), (1, None), (0, 3), (2, 2)])


# One type for one name, as XSD part 1, 3.8.6 (Element Declarations Consistent) demands.
TYPE_OF = dict(zip("abcdefgh", list(TYPES) * 2, strict=True))

ELEMENTS = st.builds(
    lambda name, occurs: Particle("element", *occurs, name, TYPE_OF[name]), st.sampled_from("abcdefgh"), OCCURRENCES
)


def groups(inner: st.SearchStrategy[Particle]) -> st.SearchStrategy[Particle]:
    return st.builds(
        lambda kind, occurs, particles: Particle(kind, *occurs, particles=tuple(particles)),
        st.sampled_from(["sequence", "choice"]),
        OCCURRENCES,
        st.lists(inner, min_size=1, max_size=4),
    )


MODELS = groups(st.recursive(ELEMENTS, groups, max_leaves=8))
EXAMPLES = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def type_of(model: Particle) -> str:
    return f'{ITEM}<xs:element name="t"><xs:complexType>{model.schema()}</xs:complexType></xs:element>'


@EXAMPLES
@given(MODELS, st.integers(0, 1000))
def test_what_follows_a_model_is_valid(schema_of: Callable[..., Schema], model: Particle, seed: int) -> None:
    validator = validator_for(schema_of(type_of(model)))
    text = f'<t xmlns="urn:x">{model.instance(random.Random(seed))}</t>'
    assert validator.problems(etree.fromstring(text)) == ()


@EXAMPLES
@given(MODELS, st.integers(0, 1000))
def test_what_is_written_accepts_what_was_meant(schema_of: Callable[..., Schema], model: Particle, seed: int) -> None:
    shapes = SchemaShapes(schema_of(type_of(model)))
    schemas = write_schemas([shapes.element("{urn:x}t")], shapes)
    again = load_schema(
        [Source(root, "memory:/x.xsd") for root in schemas.values()], Documents(), Problems(), strict=True
    )
    text = f'<t xmlns="urn:x">{model.instance(random.Random(seed))}</t>'
    assert validator_for(again).problems(etree.fromstring(text)) == ()


@EXAMPLES
@given(MODELS)
def test_fields_differ_in_name_and_alternatives_in_class(schema_of: Callable[..., Schema], model: Particle) -> None:
    shapes = SchemaShapes(schema_of(type_of(model)))
    for record in reachable(["{urn:x}/t"], shapes).values():
        names = [field.name for field in record.elements]
        assert len(names) == len(set(names))
        for field in record.elements:
            if isinstance(field, ChoiceField):
                keys = [each.type.key for each in field.alternatives if isinstance(each.type, RecordRef)]
                assert len(keys) == len(field.alternatives) == len(set(keys))


NAMESPACES = st.one_of(
    st.just(("##any",)),
    st.lists(st.sampled_from(["", "u", "v"]), max_size=3, unique=True).map(lambda names: ("##other", *names)),
    st.lists(st.sampled_from(["", "u", "v"]), max_size=3, unique=True).map(tuple),
)


def allows(namespaces: tuple[str, ...], name: str) -> bool:
    if namespaces == ("##any",):
        return True
    return name not in namespaces[1:] if namespaces[:1] == ("##other",) else name in namespaces


@pytest.mark.parametrize("name", ["", "u", "v", "w"])
@given(NAMESPACES, NAMESPACES)
def test_wildcards_are_sets(name: str, one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert allows(intersection(one, other), name) == (allows(one, name) and allows(other, name))
    assert allows(union(one, other), name) == (allows(one, name) or allows(other, name))
