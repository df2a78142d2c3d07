"""SOAP arrays: what a type says of its items (SOAP 1.1, 5.4.2; WSDL 1.1, 2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from soapkit.errors import NOWHERE, Place
from soapkit.xml.names import SOAP11_ENC, SOAP12_ENC, local_name
from soapkit.xsd.model import ANY_TYPE_NAME, AttributeRef, ComplexType, Element, Group, Particle, TypeUse
from soapkit.xsd.resolve import Attributes, chain_of
from soapkit.xsd.schema import Schema

ARRAYS: Final = frozenset({f"{{{SOAP11_ENC}}}Array", f"{{{SOAP12_ENC}}}Array"})
ARRAY_TYPE: Final = f"{{{SOAP11_ENC}}}arrayType"


@dataclass(frozen=True, slots=True)
class ArrayItem:
    """The items of an array: the element they are written in (any name is read), and their type."""

    tag: str
    type: TypeUse
    place: Place = NOWHERE

    @property
    def name(self) -> str:
        """The local name of the element."""
        return local_name(self.tag)


def is_array(schema: Schema, component: ComplexType) -> bool:
    """Whether a type is the array of SOAP encoding, or derived from it."""
    return any(step.name in ARRAYS or step.base in ARRAYS for step in chain_of(schema, component))


def array_item(schema: Schema, component: ComplexType, attributes: Attributes) -> ArrayItem:
    """What the items of an array are: as ``wsdl:arrayType`` says, else its only element, else anything.

    ``Item[][]`` is an array of arrays; ``Item[,]`` has two dimensions and one list of items, row by row.
    """
    element = next((found for step in chain_of(schema, component) for found in _elements(step.content)), None)
    tag = element.tag if element is not None else "item"
    place = element.place if element is not None else component.place
    for use in attributes.uses:
        if use.array_type:
            inner = use.array_type[: use.array_type.rindex("[")] if "[" in use.array_type else use.array_type
            return ArrayItem(tag, _array_of(inner, place) if inner.endswith("]") else inner, place)
    if element is not None and element.type is not None:
        return ArrayItem(tag, element.type, place)
    return ArrayItem(tag, ANY_TYPE_NAME, place)


def _array_of(array_type: str, place: Place) -> ComplexType:
    use = AttributeRef(ARRAY_TYPE, array_type=array_type, place=place)
    return ComplexType(None, next(iter(sorted(ARRAYS))), "restriction", attributes=(use,), place=place)


def _elements(particle: Particle | None) -> list[Element]:
    if isinstance(particle, Element):
        return [particle]
    return [found for inner in particle.particles for found in _elements(inner)] if isinstance(particle, Group) else []
