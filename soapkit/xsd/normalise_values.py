"""Simple types, attributes and names, as `normalise` writes them: all that holds no elements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from soapkit.errors import ContractError
from soapkit.xml.names import XSD, is_ncname, local_name, split
from soapkit.xml.serialise import escape_attribute
from soapkit.xsd.model import Attribute, AttributeWildcard, ComplexType, Element, Facet, SimpleType, TypeUse
from soapkit.xsd.normalise_pages import ComponentKey, Page, Plan
from soapkit.xsd.patterns import objection
from soapkit.xsd.schema import Space

_XS: Final = f"{{{XSD}}}"
_KEPT_WHEN_LOOSE: Final = {"enumeration", "whiteSpace"}


def checked_name(clark_name: str) -> str:
    """A name that may be written into a document as it is. Raises `ContractError` for one that is none."""
    if not is_ncname(local_name(clark_name)):
        raise ContractError(f"{clark_name!r} is not a name (Namespaces in XML, 3)")
    return clark_name


@dataclass(slots=True)
class ValueWriter:
    """Writes the values of one component, at a grade of looseness."""

    plan: Plan
    page: Page
    key: ComponentKey
    grade: int

    def name(self, clark_name: str) -> str:
        """A Clark name as a QName of this document."""
        return self.page.name(clark_name)

    def reference(self, space: Space, clark_name: str) -> str:
        """A QName that refers to a global component, which is then written too."""
        checked_name(clark_name)
        self.plan.need(space, clark_name)
        return self.name(clark_name)

    def simple_type(self, component: SimpleType, name: str | None) -> str:
        named = f' name="{local_name(name)}"' if name else ""
        if self.grade > 1:
            inner = '<xs:union memberTypes="xs:string"/>'
        elif component.kind == "restriction":
            inner = self.restriction(component.base or f"{_XS}string", component.facets)
        elif component.kind == "list":
            attribute, child = self.simple_use(component.item or f"{_XS}string", "itemType")
            inner = f"<xs:list{attribute}>{child}</xs:list>"
        else:
            inner = self.union(component.members)
        return f"<xs:simpleType{named}>{inner}</xs:simpleType>"

    def simple_use(self, use: TypeUse, attribute: str) -> tuple[str, str]:
        """A simple type by name in `attribute`, or as a child."""
        found = self.plan.schema.type(use)
        if isinstance(found, ComplexType):
            return f' {attribute}="xs:string"', ""
        if isinstance(use, str):
            return f' {attribute}="{self.reference("type", found.name or use)}"', ""
        return "", self.simple_type(found, None)

    def union(self, members: tuple[TypeUse, ...]) -> str:
        uses = [self.simple_use(member, "memberTypes") for member in members]
        named = " ".join(attribute.partition('"')[2][:-1] for attribute, _ in uses if attribute)
        children = "".join(child for _, child in uses)
        return f'<xs:union memberTypes="{named}">{children}</xs:union>' if named else f"<xs:union>{children}</xs:union>"

    def restriction(self, base: TypeUse, facets: tuple[Facet, ...]) -> str:
        attribute, child = self.simple_use(base, "base")
        return f"<xs:restriction{attribute}>{child}{self.facets(facets, self.holds_names(base))}</xs:restriction>"

    def holds_names(self, use: TypeUse | None) -> bool:
        """Whether the values of a simple type are QNames, whose prefixes mean something."""
        while use is not None:
            if use in (f"{_XS}QName", f"{_XS}NOTATION"):
                return True
            found = self.plan.schema.type(use)
            use = found.base if isinstance(found, SimpleType) else None
        return False

    def facets(self, facets: tuple[Facet, ...], names: bool = False) -> str:
        """The facets of one step, each bound once (the last counts), at grade 1 only the enumeration."""
        kept: dict[str, Facet] = {}
        patterns = [facet.value for facet in facets if facet.name == "pattern"]
        objections = [(why, pattern) for pattern in patterns if (why := objection(pattern)) is not None]
        self.plan.relaxed += [
            (self.key, f"libxml2 {why} the pattern {pattern}; decoding checks it") for why, pattern in objections
        ]
        for number, facet in enumerate(facets):
            if facet.name == "pattern" and objections:
                continue  # one of several is enough (XSD part 2, 4.3.4): without this one the others would be too much
            if self.grade == 0 or facet.name in _KEPT_WHEN_LOOSE:
                repeats = facet.name in ("enumeration", "pattern")
                kept[f"{facet.name}{number}" if repeats else facet.name] = facet
        if "length" in kept:
            kept.pop("minLength", None)
            kept.pop("maxLength", None)
        return "".join(f'<xs:{facet.name} value="{self.facet_value(facet, names)}"/>' for facet in kept.values())

    def facet_value(self, facet: Facet, names: bool) -> str:
        """The value as written; of an enumeration of QNames, in the prefixes of this document."""
        if names and facet.clark is not None:
            return self.name(facet.clark)
        return escape_attribute(facet.value if facet.name in ("pattern", "enumeration") else facet.value.strip())

    def attribute(self, attribute: Attribute, *, top: bool) -> str:
        namespace, local = split(checked_name(attribute.tag))
        value = self.value_constraint(attribute, attribute.type)
        use = "" if top or attribute.use == "optional" else f' use="{attribute.use}"'
        if attribute.use == "required" and attribute.fixed is None:
            value = ""
        if not top and namespace and (namespace != self.page.namespace or self.is_global(attribute)):
            if not self.is_global(attribute):
                self.plan.made_attributes[attribute.tag] = attribute
            return f'<xs:attribute ref="{self.reference("attribute", attribute.tag)}"{use}{value}/>'
        form = ' form="qualified"' if namespace and not top else ""
        type_attribute, child = "", ""
        if attribute.type is not None:
            try:
                type_attribute, child = self.simple_use(attribute.type, "type")
            except ContractError as error:
                self.plan.gaps += error.problems
        return f'<xs:attribute name="{local}"{form}{type_attribute}{use}{value}>{child}</xs:attribute>'

    def is_global(self, attribute: Attribute) -> bool:
        return self.plan.schema.has("attribute", attribute.tag)

    def value_constraint(self, declared: Attribute | Element, type_: TypeUse | None) -> str:
        """The default or fixed value of a declaration."""
        kind, text = ("default", declared.default) if declared.fixed is None else ("fixed", declared.fixed)
        if self.grade > 0 or text is None:
            return ""
        if self.holds_names(type_):  # libxml2 compares their texts, prefixes and all
            if kind == "fixed":
                self.plan.relaxed.append((self.key, f"libxml2 cannot compare the QName {text}; decoding checks it"))
            return ""
        return f' {kind}="{escape_attribute(text)}"'

    def any_attribute(self, wildcard: AttributeWildcard) -> str:
        return f'<xs:anyAttribute{self.namespaces(wildcard.namespaces)} processContents="{wildcard.process}"/>'

    def namespaces(self, namespaces: tuple[str, ...]) -> str:
        """A namespace constraint. ``##other`` excludes the namespace of this document; another, written out, is any."""
        if namespaces == ("##any",):
            return ""
        if namespaces[:1] == ("##other",):
            return ' namespace="##other"' if self.page.namespace in namespaces[1:] else ""
        words = " ".join(name or "##local" for name in namespaces)
        return f' namespace="{escape_attribute(words)}"'
