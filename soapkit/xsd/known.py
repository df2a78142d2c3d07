"""The well-known schemas, as tables: known without a network."""

from __future__ import annotations

from functools import cache

from soapkit.xml.names import SOAP11_ENC, XML, XSD
from soapkit.xsd.model import Attribute, AttributeWildcard, ComplexType, Component, Group, Wildcard

_SPACES: dict[tuple[str, str], Component] = {
    ("attribute", f"{{{XML}}}lang"): Attribute(f"{{{XML}}}lang", "{http://www.w3.org/2001/XMLSchema}language"),
    ("type", f"{{{SOAP11_ENC}}}Array"): ComplexType(
        f"{{{SOAP11_ENC}}}Array",
        content=Group("sequence", (Wildcard(process="lax", minimum=0, maximum=None),)),
        wildcard=AttributeWildcard(process="lax"),
    ),
    ("attribute", f"{{{SOAP11_ENC}}}arrayType"): Attribute(f"{{{SOAP11_ENC}}}arrayType", f"{{{XSD}}}string"),
}


def is_known_namespace(namespace: str) -> bool:
    return namespace == XML


def known_component(space: str, name: str) -> Component | None:
    return _SPACES.get((space, name))


@cache
def known_names(space: str) -> frozenset[str]:
    return frozenset(name for inner, name in _SPACES if inner == space)
