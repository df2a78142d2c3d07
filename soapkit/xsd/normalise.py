"""Schema components -> closed schema documents that libxml2 accepts, one for each namespace.

The law of this file: what is written is complete (every import, every component that the start leads to, nothing
else) and says what the contract says, as far as libxml2 can be told. What it refuses is written looser, at the grade
that `Looser` asks for; what nobody declares is written as anything. `Normalised.gaps` tells the second.

One line of a document is one component, so that a complaint about a line is a complaint about a component.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from soapkit.databinding.shape import Constraint
from soapkit.errors import ContractError, Problem
from soapkit.xml.names import XML, XSD, local_name, namespace_of, split
from soapkit.xml.serialise import escape_attribute
from soapkit.xsd.arrays import is_array
from soapkit.xsd.content import MOST_PARTICLES
from soapkit.xsd.model import (
    ANY_TYPE_NAME,
    ComplexType,
    Element,
    ElementRef,
    Group,
    GroupRef,
    Particle,
    SimpleType,
    TypeUse,
    Wildcard,
)
from soapkit.xsd.normalise_pages import ComponentKey, Looser, Normalised, Plan
from soapkit.xsd.normalise_values import ValueWriter, checked_name
from soapkit.xsd.resolve import (
    attributes_of,
    base_of,
    chain_of,
    element_of,
    group_of,
    own_attributes,
    product,
    type_use_of,
)
from soapkit.xsd.schema import Schema, Space

_XS: Final = f"{{{XSD}}}"
_ANYTHING: Final = Wildcard(process="lax", minimum=0, maximum=None)
_LARGEST: Final = 4096  # libxml2 counts occurrences with an automaton; a bound beyond this is written as none
_BLOCKABLE: Final = {"extension", "restriction", "substitution"}
_KEPT_WHEN_LOOSE: Final = {"enumeration", "whiteSpace"}


def normalise(
    schema: Schema,
    roots: Iterable[ComponentKey],
    looser: Looser | None = None,
    *,
    extra: Iterable[Element] = (),
    tags: frozenset[str] | None = None,
) -> Normalised:
    """The documents that `roots` and all they lead to need.

    `extra`: global elements to declare although the schema does not. `tags`: the names of all elements that will be
    checked; what could only matter to others is left out, which changes nothing for them.
    """
    plan = Plan(schema, looser or {}, tags, made_elements={element.tag: element for element in extra})
    for root in roots:
        plan.need(*root)
    while plan.waiting or plan.declare_local_elements():
        _write(plan, plan.waiting.pop())
    return plan.finish()


def _write(plan: Plan, key: ComponentKey) -> None:
    """Write one component on a line of its namespace's document."""
    space, name = key
    page = plan.page(namespace_of(name))
    grade = plan.looser.get(key, 0)
    writer = _Writer(plan, ValueWriter(plan, page, key, grade), grade)
    try:
        line = writer.component(space, name)
    except ContractError as error:
        plan.gaps += error.problems
        line = writer.anything(space, name)
    except RecursionError:
        plan.gaps.append(Problem(f"{space} {name} is nested too deeply to be checked"))
        line = writer.anything(space, name)
    page.lines.append(line.replace("\n", "&#10;"))
    page.owners.append(key)


@dataclass(slots=True)
class _Writer:
    """Writes one component into a page, at a grade of looseness."""

    plan: Plan
    values: ValueWriter
    grade: int
    _groups: tuple[str, ...] = ()

    # --- global components ---

    def component(self, space: Space, name: str) -> str:
        schema = self.plan.schema
        if space == "element":
            return self.element(self.plan.made_elements.get(name) or schema.element(name), top=True)
        if space == "type":
            found = schema.type(name)
            return self.complex_type(found) if isinstance(found, ComplexType) else self.values.simple_type(found, name)
        if space == "group":
            content = self.model(schema.group(name).content)
            if self.grade > 0:  # the group of a definition occurs once (3.7.2)
                content = f"<xs:sequence>{content}</xs:sequence>"
            return f'<xs:group name="{local_name(name)}">{content}</xs:group>'
        attribute = self.plan.made_attributes.get(name) or schema.attribute(name)
        return self.values.attribute(attribute, top=True)

    def anything(self, space: Space, name: str) -> str:
        """A component in place of one that cannot be written."""
        local = local_name(name)
        if space == "type":
            return f'<xs:complexType name="{local}" mixed="true">{self.open_content()}</xs:complexType>'
        if space == "group":
            return f'<xs:group name="{local}"><xs:sequence>{self.any(_ANYTHING)}</xs:sequence></xs:group>'
        return f'<xs:{space} name="{local}"/>'

    def open_content(self) -> str:
        inner = f"<xs:sequence>{self.any(_ANYTHING)}</xs:sequence>"
        return f'{inner}<xs:anyAttribute processContents="lax"/>'

    # --- types ---

    def type_use(self, use: TypeUse) -> tuple[str, str]:
        """A type as an attribute ``type="..."``, or as a child."""
        if isinstance(use, ComplexType):
            return "", self.complex_type(use)
        if isinstance(use, SimpleType):
            return "", self.values.simple_type(use, None)
        return f' type="{self.type_name(use)}"', ""

    def type_name(self, use: str) -> str:
        """A type by name; one that nobody declares as xs:anyType, and a gap."""
        try:
            found = self.plan.schema.type(use)
            return self.values.reference("type", found.name or use)
        except ContractError as error:
            self.plan.gaps += error.problems
            return "xs:anyType"

    def complex_type(self, component: ComplexType) -> str:
        named = f' name="{local_name(component.name)}"' if component.name else ""
        flags = (' mixed="true"' if self.is_mixed(component) else "") + (
            ' abstract="true"' if component.abstract else ""
        )
        block = self.block(component.block - {"substitution"}) if component.name else ""
        return f"<xs:complexType{named}{flags}{block}>{self.body(component)}</xs:complexType>"

    def block(self, block: frozenset[str]) -> str:
        words = "#all" if "#all" in block else " ".join(sorted(block & _BLOCKABLE))
        return f' block="{words}"' if words else ""

    def is_mixed(self, component: ComplexType) -> bool:
        if component.mixed or (self.grade > 1 and not component.simple):
            return True
        base = base_of(self.plan.schema, component)
        return base is not None and component.derivation == "extension" and self.is_mixed(base)

    def body(self, component: ComplexType) -> str:
        schema = self.plan.schema
        if is_array(schema, component):
            return self.open_content()
        bottom = tuple(chain_of(schema, component))[-1]
        has_text = component.simple or bottom.simple or self.simple_base(bottom)
        if component.base is None or component.base == ANY_TYPE_NAME:
            return self.open_content() if self.grade > 1 else self.own(component)
        base = self.type_name(component.base) if isinstance(component.base, str) else "xs:anyType"
        method = component.derivation or "extension"
        attributes = self.attributes(component)
        if has_text:
            return f"<xs:simpleContent>{self.text_body(component, base, method, attributes)}</xs:simpleContent>"
        mixed = ' mixed="true"' if self.is_mixed(component) else ""
        content = self.content(component.content, extends=method == "extension")
        return (
            f'<xs:complexContent{mixed}><xs:{method} base="{base}">{content}{attributes}</xs:{method}>'
            "</xs:complexContent>"
        )

    def simple_base(self, bottom: ComplexType) -> bool:
        if bottom.base is None:
            return False
        return not isinstance(self.plan.schema.type(bottom.base), ComplexType)

    def text_body(self, component: ComplexType, base: str, method: str, attributes: str) -> str:
        """The derivation of a type with simple content. A restriction of a simple type (3.4.2) is its extension."""
        if method == "restriction" and base_of(self.plan.schema, component) is not None:
            inner = self.values.simple_type(component.simple_type, None) if component.simple_type is not None else ""
            facets = self.values.facets(component.facets)
            return f'<xs:restriction base="{base}">{inner}{facets}{attributes}</xs:restriction>'
        return f'<xs:extension base="{base}">{attributes}</xs:extension>'

    def own(self, component: ComplexType) -> str:
        return self.content(component.content) + self.attributes(component)

    # --- attributes ---

    def attributes(self, component: ComplexType) -> str:
        """The attributes that a type adds to its base's, or (in a restriction) changes."""
        schema = self.plan.schema
        own = own_attributes(schema, component)
        base = base_of(schema, component)
        inherited = (
            {use.tag for use in attributes_of(schema, base).uses}
            if base is not None and component.derivation == "extension"
            else set()
        )
        uses = "".join(
            self.values.attribute(use, top=False)
            for use in own.uses
            if use.tag not in inherited and (use.use != "prohibited" or component.derivation == "restriction")
        )
        return uses + (self.values.any_attribute(own.wildcard) if own.wildcard is not None else "")

    # --- particles ---

    def occurs(self, particle: Particle) -> str:
        minimum, maximum = particle.minimum, particle.maximum
        low = "" if minimum == 1 else f' minOccurs="{min(minimum, _LARGEST)}"'
        if maximum == 1:
            return low
        unbounded = maximum is None or maximum > _LARGEST
        return f'{low} maxOccurs="{"unbounded" if unbounded else maximum}"'

    def content(self, particle: Particle | None, *, extends: bool = False) -> str:
        """The content of a type: exact, at grade 1 its elements in any order and number, at 2 anything.

        A type at grade 2 extends types of grade 2, which allow anything already.
        """
        if particle is None or particle.maximum == 0:
            return ""
        if self.plan.size(particle) > MOST_PARTICLES:
            raise ContractError(
                f"a content model unfolds to more than {MOST_PARTICLES:,} particles", place=particle.place
            )
        if self.grade > 1:
            return "" if extends else f"<xs:sequence>{self.any(_ANYTHING)}</xs:sequence>"
        if isinstance(particle, GroupRef) and self.grade == 0:
            return self.particle(particle)
        return self.model(particle)

    def model(self, particle: Particle) -> str:
        if self.grade == 0:
            written = self.particle(particle)
            return written if isinstance(particle, Group) else f"<xs:sequence>{written}</xs:sequence>"
        leaves = list(self.leaves(particle))
        if any(isinstance(leaf, Wildcard) for leaf in leaves):
            return self.open_model(particle)
        once: dict[str, str] = {}
        for leaf in leaves:
            if not isinstance(leaf, Wildcard):
                tag = leaf.tag if isinstance(leaf, Element) else leaf.name
                once.setdefault(tag, self.particle(replace(leaf, minimum=1, maximum=1)))
        return f'<xs:choice minOccurs="0" maxOccurs="unbounded">{"".join(once.values())}</xs:choice>'

    def open_model(self, particle: Particle) -> str:
        """A sequence with a wildcard that overlaps its elements: exact as far as that is clear, then anything.

        What may be one of the elements or something else is left to the wildcard, which checks by name.
        """
        clear: list[Particle] = []
        if isinstance(particle, Group) and particle.kind == "sequence" and particle.maximum == 1 and particle.minimum:
            clear = list(itertools.takewhile(lambda each: isinstance(each, (Element, ElementRef)), particle.particles))
            while clear and clear[-1].minimum == 0:
                clear.pop()
            if clear and clear[-1].maximum != clear[-1].minimum:
                clear[-1] = replace(clear[-1], maximum=clear[-1].minimum)
        for leaf in self.leaves(particle):
            if not isinstance(leaf, Wildcard):
                self.plan.open_to(leaf)
        return f"<xs:sequence>{''.join(map(self.particle, clear))}{self.any(_ANYTHING)}</xs:sequence>"

    def leaves(self, particle: Particle) -> Iterable[Element | ElementRef | Wildcard]:
        if isinstance(particle, GroupRef):
            if particle.name not in self._groups:
                before, self._groups = self._groups, (*self._groups, particle.name)
                yield from self.leaves(group_of(self.plan.schema, particle))
                self._groups = before
        elif isinstance(particle, Group):
            for inner in particle.particles:
                yield from self.leaves(inner)
        elif particle.maximum != 0:
            yield particle

    def particle(self, particle: Particle) -> str:
        if particle.maximum == 0:
            return ""
        if isinstance(particle, Element):
            return self.element(particle, top=False)
        if isinstance(particle, ElementRef):
            return self.element_ref(particle)
        if isinstance(particle, Wildcard):
            return self.any(particle)
        if isinstance(particle, GroupRef):
            group = self.plan.schema.group(particle.name, particle.place)
            return f'<xs:group ref="{self.values.reference("group", group.name)}"{self.occurs(particle)}/>'
        if _nested_counts(particle) > 2:
            message = "libxml2 miscounts repetitions three deep; the outermost is not counted"
            self.plan.relaxed.append((self.values.key, message))
            particle = replace(particle, minimum=min(particle.minimum, 1), maximum=None)
        particles = particle.particles
        if particle.kind == "sequence":
            optional = [each for each in particles if isinstance(each, Element) and each.minimum == 0]
            # one is kept: without any, the content would be empty, and not even blanks could stand in it
            absent = {id(each) for each in [each for each in optional if not self.plan.is_about(each)][1:]}
            particles = tuple(each for each in particles if id(each) not in absent)
            self.plan.cost += 5 * (len(optional) - len(absent)) ** 3  # libxml2's check for determinism is cubic
        inner = "".join(map(self.particle, map(_without_groups_of_one, particles)))
        return f"<xs:{particle.kind}{self.occurs(particle)}>{inner}</xs:{particle.kind}>"

    def element(self, element: Element, *, top: bool) -> str:
        namespace, local = split(checked_name(element.tag))
        form = "" if top or not namespace else ' form="qualified"'
        try:
            use = type_use_of(self.plan.schema, element) if self.plan.is_about(element) else ANY_TYPE_NAME
            type_attribute, child = self.type_use(use)
        except ContractError as error:
            self.plan.gaps += error.problems
            use, type_attribute, child = ANY_TYPE_NAME, "", ""
        flags = ' nillable="true"' if element.nillable else ""
        if top and element.abstract:
            flags += ' abstract="true"'
        if top and element.substitutes and self.plan.schema.has("element", element.substitutes[0]):
            flags += f' substitutionGroup="{self.values.reference("element", element.substitutes[0])}"'
        flags += self.block(element.block)
        value = self.values.value_constraint(element, use) if self.plan.is_about(element) else ""
        occurs = "" if top else self.occurs(element)
        constraints = "".join(map(self.constraint, element.constraints)) if self.grade == 0 else ""
        return (
            f'<xs:element name="{local}"{form}{type_attribute}{occurs}{flags}{value}>{child}{constraints}</xs:element>'
        )

    def element_ref(self, use: ElementRef) -> str:
        if use.name.startswith(_XS):  # a schema inside a message, as .NET DataSets have it
            inside = Wildcard((XSD,), "skip", use.minimum, use.maximum)
            return self.any(inside)
        try:
            element = element_of(self.plan.schema, use)
        except ContractError as error:
            self.plan.gaps += error.problems
            return self.any(Wildcard((namespace_of(use.name),), "lax", use.minimum, use.maximum))
        return f'<xs:element ref="{self.values.reference("element", element.tag)}"{self.occurs(use)}/>'

    def any(self, wildcard: Wildcard) -> str:
        namespaces, occurs = self.values.namespaces(wildcard.namespaces), self.occurs(wildcard)
        return f'<xs:any{namespaces} processContents="{wildcard.process}"{occurs}/>'

    def constraint(self, constraint: Constraint) -> str:
        kind, name = constraint.kind, local_name(checked_name(constraint.name))
        declared = "".join(
            f' xmlns:{prefix}="{escape_attribute(namespace)}"'
            for prefix, namespace in constraint.prefixes
            if namespace != XML
        )
        refer = ""
        if constraint.refer is not None:
            refer = f' refer="{self.values.name(constraint.refer)}"'
        fields = "".join(f'<xs:field xpath="{escape_attribute(xpath)}"/>' for xpath in constraint.fields)
        selector = f'<xs:selector xpath="{escape_attribute(constraint.selector)}"/>'
        inner = f"{selector}{fields}".replace("<xs:selector", f"<xs:selector{declared}").replace(
            "<xs:field", f"<xs:field{declared}"
        )
        return f'<xs:{kind} name="{name}"{refer}>{inner}</xs:{kind}>'


def _without_groups_of_one(particle: Particle) -> Particle:
    """A repeated group of one particle as that particle, repeated: ``(a?){0,3}`` is ``a{0,3}``."""
    while isinstance(particle, Group) and len(particle.particles) == 1 and particle.particles[0].minimum < 2:
        inner = particle.particles[0]
        low, high = particle.minimum * inner.minimum, product(particle.maximum, inner.maximum)
        particle = replace(inner, minimum=low, maximum=high)
    return particle


def _nested_counts(particle: Particle) -> int:
    """How deep bounded repetitions stand in each other."""
    counts = particle.maximum is not None and particle.maximum > 1
    inner = map(_nested_counts, particle.particles) if isinstance(particle, Group) else ()
    return counts + max(inner, default=0)
