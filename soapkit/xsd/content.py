"""The content model of one complex type -> the tree of fields of its record.

The law of this file: a leaf of the tree is a field, and fields of one record differ in name; a field that stands at
several places of the tree (in branches of a choice, of which only one occurs) is the same field. Groups of the tree
occur once or not at all; a group that repeats is one `ChoiceField`. No rule of order or occurrence is lost, but where
branches of a repeated choice repeat themselves their bounds are multiplied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from soapkit.databinding.shape import (
    All,
    Alternative,
    AnyField,
    Choice,
    ChoiceField,
    ElementField,
    RecordRef,
    Sequence,
)
from soapkit.databinding.shape import Particle as Field
from soapkit.databinding.shape import Type as FieldType
from soapkit.errors import ContractError, Place
from soapkit.xml.names import local_name, namespace_of
from soapkit.xsd.field_names import Content, as_content
from soapkit.xsd.model import Element, ElementRef, Group, GroupRef, Particle, Wildcard
from soapkit.xsd.resolve import element_of, group_of, product, substitutes_of
from soapkit.xsd.schema import Schema
from soapkit.xsd.simple_shapes import constraint_value

MOST_PARTICLES = 20_000

_KINDS: dict[str, type[Sequence | Choice | All]] = {"sequence": Sequence, "choice": Choice, "all": All}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a content model needs of the whole.

    `type_of`: the type of an element, local (its path below an owner's key) or global; `add_group`: make a group record
    under a key from particles or ready fields; `descends`: whether the record of one key derives from that of another.
    """

    schema: Schema
    type_of: Callable[[Element, str], FieldType]
    global_type: Callable[[Element], FieldType]
    add_group: Callable[[str, Group | ElementField, Place], RecordRef]
    descends: Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One thing that may stand in a repeated group: an element, or the content of a group record."""

    element: ElementField | None = None
    is_global: bool = False
    group: Group | None = None


@dataclass(slots=True)
class ContentBuilder:
    """Builds the content of one record, whose key is `owner`."""

    around: Surroundings
    owner: str
    _counts: dict[str, int] = field(default_factory=dict)
    _groups: tuple[str, ...] = ()
    _spent: int = 0

    def build(self, particle: Particle | None, *, mixed: bool = False) -> Content:
        """The content of a type whose own particle this is."""
        if mixed:
            return Sequence((self._mixed(particle),))
        made = self._convert(particle) if particle is not None else None
        return as_content(made)

    def _spend(self, particle: Particle) -> None:
        """Groups that refer to groups grow like rabbits: unfold so many particles for one record, and no more."""
        self._spent += 1
        if self._spent > MOST_PARTICLES:
            message = f"the content of {self.owner} unfolds to more than {MOST_PARTICLES:,} particles"
            raise ContractError(message, place=particle.place)

    # --- particles that stand once ---

    def _convert(self, particle: Particle) -> Field | None:
        if particle.maximum == 0:
            return None
        self._spend(particle)
        if isinstance(particle, Element):
            return self._field(particle, is_global=False)
        if isinstance(particle, ElementRef):
            return self._reference(particle)
        if isinstance(particle, Wildcard):
            return self._any(particle)
        if isinstance(particle, GroupRef):
            return self._inside(particle, self._group)
        return self._group(particle)

    def _inside(self, use: GroupRef, make: Callable[[Group], Field | None]) -> Field | None:
        """`make` of the group that is referred to; a group inside itself (3.8.6) is cut off with a warning."""
        if use.name in self._groups:
            self.around.schema.tell(f"group {use.name} contains itself (3.8.6); cut off here", use.place)
            return None
        before, self._groups = self._groups, (*self._groups, use.name)
        try:
            return make(group_of(self.around.schema, use))
        finally:
            self._groups = before

    def _group(self, group: Group) -> Field | None:
        if group.maximum == 0:
            return None
        if group.maximum is None or group.maximum > 1:
            return self._repeated(group)
        particles: list[Field] = []
        kind = _KINDS[group.kind]
        optional = group.minimum == 0
        for inner in group.particles:
            made = self._convert(inner)
            if made is None:
                optional = optional or (kind is Choice and inner.maximum != 0)  # an empty branch: nothing need occur
                continue
            if isinstance(made, (Sequence, Choice)) and type(made) is kind and not made.optional:
                particles.extend(made.particles)
            else:
                particles.append(made)
        if len(particles) == 1:
            return made_optional(particles[0]) if optional else particles[0]
        return kind(tuple(particles), optional) if particles else None

    def _field(self, element: Element, *, is_global: bool) -> ElementField:
        around = self.around
        type_ = around.global_type(element) if is_global else around.type_of(element, self.owner)
        return ElementField(
            local_name(element.tag),
            element.tag,
            type_,
            element.minimum,
            element.maximum,
            element.maximum is None or element.maximum > 1,
            element.nillable,
            constraint_value(around.schema, type_, element.default, element.clark, element.place),
            constraint_value(around.schema, type_, element.fixed, element.clark, element.place),
            element.documentation,
            element.place,
            element.constraints,
            element.abstract,
        )

    def _reference(self, use: ElementRef) -> Field:
        """A reference to an element; to the head of a substitution group, a choice of its members (3.3.6)."""
        head = element_of(self.around.schema, use)
        candidates = [
            _Candidate(self._field(replace(element, minimum=1, maximum=1), is_global=True), is_global=True)
            for element in substitutes_of(self.around.schema, head)
        ] or [_Candidate(self._field(replace(head, minimum=1, maximum=1), is_global=True), is_global=True)]
        return self._choice_field(
            candidates, local_name(use.name), use.minimum, use.maximum, head.documentation, use.place
        )

    def _any(self, wildcard: Wildcard) -> AnyField:
        return AnyField(
            "any",
            wildcard.namespaces,
            wildcard.process,
            wildcard.minimum,
            wildcard.maximum,
            wildcard.maximum is None or wildcard.maximum > 1,
            wildcard.documentation,
            wildcard.place,
        )

    # --- groups that repeat ---

    def _repeated(self, group: Group) -> Field | None:
        alone = self._alone(group)
        if alone is not None:
            return alone
        candidates, emptiable, widest = self._candidates(group)
        if not candidates:
            return None
        minimum = 0 if emptiable else group.minimum
        maximum = product(group.maximum, widest)
        return self._choice_field(candidates, group.kind, minimum, maximum, "", group.place, many=True)

    def _alone(self, group: Group) -> Field | None:
        """A repeated group around one element or wildcard is that, repeated: ``(a?)*`` is ``a*``."""
        inner: Particle = group
        minimum, maximum = 1, 1
        depth = len(self._groups)
        while isinstance(inner, (Group, GroupRef)):
            if isinstance(inner, GroupRef):
                depth += 1
                if depth > 50:  # a group that contains itself: told where it is converted
                    return None
                inner = group_of(self.around.schema, inner)
            minimum *= inner.minimum
            maximum = product(maximum, inner.maximum)  # type: ignore[assignment]  # None is without end
            particles = [particle for particle in inner.particles if particle.maximum != 0]
            if len(particles) != 1:
                return None
            inner = particles[0]
        minimum, maximum = minimum * inner.minimum, product(maximum, inner.maximum)  # type: ignore[assignment]
        return self._convert(replace(inner, minimum=minimum, maximum=maximum))

    def _candidates(self, group: Group) -> tuple[list[_Candidate], bool, int | None]:
        """What may stand in a repeated group; whether nothing at all may; and by how much a branch repeats."""
        if group.kind != "choice":
            return [_Candidate(group=replace(group, minimum=1, maximum=1))], emptiable(self, group), 1
        found: list[_Candidate] = []
        nothing, widest = not group.particles, 1
        for branch in group.particles:
            if branch.maximum == 0:
                nothing = True
                continue
            inner, empty, width = self._branch(branch)
            found += inner
            nothing = nothing or empty
            reach = product(branch.maximum, width)
            widest = None if reach is None or widest is None else max(widest, reach)  # type: ignore[assignment]
        return found, nothing, widest

    def _branch(self, branch: Particle) -> tuple[list[_Candidate], bool, int | None]:
        self._spend(branch)
        empty = branch.minimum == 0
        if isinstance(branch, Element):
            once = replace(branch, minimum=1, maximum=1)
            return [_Candidate(self._field(once, is_global=False))], empty, 1
        if isinstance(branch, ElementRef):
            head = element_of(self.around.schema, branch)
            members = substitutes_of(self.around.schema, head) or (head,)
            once_each = [self._field(replace(member, minimum=1, maximum=1), is_global=True) for member in members]
            return [_Candidate(member, is_global=True) for member in once_each], empty, 1
        if isinstance(branch, Wildcard):
            alone = Group("sequence", (replace(branch, minimum=1, maximum=1),), place=branch.place)
            return [_Candidate(group=alone)], empty, 1
        if isinstance(branch, GroupRef):
            if branch.name in self._groups:
                message = f"group {branch.name} contains itself (3.8.6); cut off here"
                self.around.schema.tell(message, branch.place)
                return [], True, 1
            before, self._groups = self._groups, (*self._groups, branch.name)
            try:
                inner, inner_empty, width = self._branch(group_of(self.around.schema, branch))
                return inner, empty or inner_empty, width
            finally:
                self._groups = before
        live = [particle for particle in branch.particles if particle.maximum != 0]
        if branch.kind == "choice" or len(live) == 1:
            inner, inner_empty, width = self._candidates(replace(branch, kind="choice", particles=tuple(live)))
            return inner, empty or inner_empty, width
        if not live:
            return [], True, 1
        return [_Candidate(group=replace(branch, minimum=1, maximum=1))], empty or emptiable(self, branch), 1

    def _mixed(self, particle: Particle | None) -> ChoiceField:
        """Mixed content: every element that may stand in it, in one list with the text between (3.4.2)."""
        found: list[_Candidate] = []
        if particle is not None:
            flat = Group("choice", tuple(self._flat(particle)))
            found = self._candidates(flat)[0]
        alternatives = self._alternatives(found, "mixed")
        model = None
        if particle is not None and not self._repeats(particle):
            model = as_content(self._convert(particle))
        return ChoiceField("content", alternatives, 0, None, many=True, mixed=True, model=model)

    def _repeats(self, particle: Particle) -> bool:
        """Whether a group in it occurs more than once, which takes group records to tell."""
        if isinstance(particle, Group):
            return particle.maximum != 1 or any(map(self._repeats, particle.particles))
        if isinstance(particle, ElementRef):
            head = element_of(self.around.schema, particle)
            return len(substitutes_of(self.around.schema, head)) != 1
        return isinstance(particle, GroupRef)

    def _flat(self, particle: Particle) -> Iterable[Particle]:
        self._spend(particle)
        if isinstance(particle, GroupRef):
            if particle.name in self._groups:
                return
            before, self._groups = self._groups, (*self._groups, particle.name)
            yield from self._flat(group_of(self.around.schema, particle))
            self._groups = before
        elif isinstance(particle, Group):
            for inner in particle.particles:
                yield from self._flat(inner)
        else:
            yield particle

    # --- choices as fields ---

    def _choice_field(
        self,
        candidates: list[_Candidate],
        name: str,
        minimum: int,
        maximum: int | None,
        documentation: str,
        place: Place,
        *,
        many: bool = False,
    ) -> ElementField | ChoiceField:
        many = many or maximum is None or maximum > 1
        sole = candidates[0].element if len(candidates) == 1 else None
        if sole is not None:
            return replace(sole, minimum=minimum, maximum=maximum, many=many)
        alternatives = self._alternatives(candidates, name)
        return ChoiceField(name, alternatives, minimum, maximum, many, False, documentation, place)

    def _alternatives(self, candidates: list[_Candidate], name: str) -> tuple[Alternative, ...]:
        self._counts[name] = number = self._counts.get(name, 0) + 1
        elements: dict[str, _Candidate] = {}
        for candidate in candidates:  # the same element in two branches is one alternative
            if candidate.element is not None:
                elements.setdefault(candidate.element.tag, candidate)
        bare = self._told_apart_by_class([candidate.element for candidate in elements.values() if candidate.element])
        labels: dict[str, int] = {}
        found: dict[str, Alternative] = {}
        for candidate in candidates:
            if candidate.element is None:
                assert candidate.group is not None
                base = f"{self.owner}/{name}[{number}]"
                label = _label(candidate.group) if len(candidates) > 1 else ""
                key = _free(f"{base}/{label}" if label else base, labels)
                record = self.around.add_group(key, candidate.group, candidate.group.place)
                found[key] = Alternative(None, record)
                continue
            element = candidate.element
            if element.tag in found:
                continue
            if element.tag in bare:
                found[element.tag] = Alternative(element.tag, element.type)
                continue
            if candidate.is_global:
                key = f"{_in_namespace(element.tag)}/element()/{local_name(element.tag)}"
            else:
                key = _free(f"{self.owner}/{name}[{number}]/{element.name}", labels)
            found[element.tag] = Alternative(None, self.around.add_group(key, element, element.place))
        return tuple(found.values())

    def _told_apart_by_class(self, elements: list[ElementField]) -> set[str]:
        """The tags whose values tell by their class alone which element they are."""
        keys: dict[str, list[ElementField]] = {}
        for element in elements:
            if isinstance(element.type, RecordRef):
                keys.setdefault(str(element.type.key), []).append(element)
        return {
            alone[0].tag
            for key, alone in keys.items()
            if len(alone) == 1
            and not alone[0].nillable
            and alone[0].default is None
            and alone[0].fixed is None
            and not any(other != key and self.around.descends(other, key) for other in keys)
        }


def emptiable(builder: ContentBuilder, particle: Particle, depth: int = 0) -> bool:
    """Whether a particle is satisfied by nothing (XSD part 1, 3.9.6)."""
    if particle.minimum == 0 or particle.maximum == 0 or depth > 50:
        return True
    if isinstance(particle, GroupRef):
        return emptiable(builder, group_of(builder.around.schema, particle), depth + 1)
    if isinstance(particle, Group):
        inner = (emptiable(builder, each, depth + 1) for each in particle.particles)
        return any(inner) or not particle.particles if particle.kind == "choice" else all(inner)
    return False


def made_optional(made: Field) -> Field:
    """A particle that need not occur: ``(a)?`` is ``a?``."""
    if isinstance(made, (Sequence, Choice, All)):
        return replace(made, optional=True)
    return replace(made, minimum=0) if made.minimum == 1 else Sequence((made,), optional=made.minimum > 1)


def extended(base: Content, own: Content) -> Content:
    """The content of an extension: that of the base, then its own (XSD part 1, 3.4.2)."""
    if not own.particles:
        return base
    if not base.particles:
        return own
    first = base.particles if isinstance(base, Sequence) and not base.optional else (base,)
    second = own.particles if isinstance(own, Sequence) and not own.optional else (own,)
    return Sequence((*first, *second))


# --- keys -----------------------------------------------------------------------------------------------------------


def _label(group: Group) -> str:
    """A word for a group record: its first element, or its kind."""
    for particle in group.particles:
        if isinstance(particle, Element):
            return local_name(particle.tag)
        if isinstance(particle, (ElementRef, GroupRef)):
            return local_name(particle.name)
        if isinstance(particle, Wildcard):
            return "any"
        return _label(particle)
    return group.kind


def _free(key: str, used: dict[str, int]) -> str:
    used[key] = times = used.get(key, 0) + 1
    return key if times == 1 else f"{key}[{times}]"


def _in_namespace(tag: str) -> str:
    namespace = namespace_of(tag)
    return f"{{{namespace}}}" if namespace else ""
