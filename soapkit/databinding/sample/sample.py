"""Shape -> an example value, as XML and as Python.

`sample_element` needs no classes: it works on the shapes of a schema as well as on described classes. `sample` decodes
what that gives. Minimal: what must be there. Full: all that may be, each list with two items, recursion once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from lxml import etree
from lxml.etree import _Element

from soapkit.databinding.codec import Codecs, declared
from soapkit.databinding.content.nodes import allows
from soapkit.databinding.context import Context, Settings
from soapkit.databinding.sample.keys import keep_constraints
from soapkit.databinding.sample.text import TextSampler
from soapkit.databinding.shape import (
    All,
    AnyField,
    AnyType,
    AttributeField,
    Choice,
    ChoiceField,
    Constraint,
    ElementField,
    Key,
    Particle,
    Record,
    RecordRef,
    Sequence,
    Shapes,
    Simple,
    Type,
)
from soapkit.databinding.simple import value_of
from soapkit.errors import ContractError, DataError
from soapkit.xml.names import XSI, clark
from soapkit.xml.parse import parse_message
from soapkit.xml.serialise import escape_attribute, escape_text, serialise
from soapkit.xml.walk import tag_of

_ENDLESS = 1_000_000  # the height of a record that no finite element satisfies
_MAX_ELEMENTS = 2_000  # likewise; types that hold each other grow without a reasonable end
_TOO_MANY = 100_000  # elements that must be there, beyond which there is no example
_MAX_DEPTH = 24  # elements inside each other, beyond which only what must be there is written


def sample(type_: Type | type, shapes: Shapes, *, full: bool = False, seed: int = 0) -> Any:
    """An example value of a type whose records have classes.

    `full`: all optional parts too. `seed`: 0 for the plainest example, any other for varied ones, each time the same.
    Raises `DataError` where no finite value exists, or none is found by the facets.
    """
    codec = Codecs(shapes).codec(type_)
    return codec.decode(sample_element("sample", codec.type, shapes, full=full, seed=seed))


def sample_element(
    tag: str,
    type_: Type,
    shapes: Shapes,
    *,
    full: bool = False,
    seed: int = 0,
    elements: Iterable[ElementField] = (),
) -> _Element:
    """An example element named `tag` (Clark name), valid by its type.

    `elements`: global elements that may stand for ``xs:any`` with ``processContents="strict"``; where none are given,
    those of ``shapes.global_elements()``, if it has that method. Otherwise as `sample`.
    """
    sampler = _Sampler(shapes, full, seed, tuple(elements))
    text = _told(lambda: sampler.element(tag, type_))
    element = parse_message(declared(text, sampler.context).encode(), source="sample")
    sampler.keep_constraints([element], [ElementField(tag, tag, type_, constraints=_constraints_of(tag, shapes))])
    return element


def sample_content(
    key: Key, shapes: Shapes, *, full: bool = False, seed: int = 0, elements: Iterable[ElementField] = ()
) -> list[_Element]:
    """Example elements for the fields of a record without an element of its own: a bare body. As `sample_element`."""
    sampler = _Sampler(shapes, full, seed, tuple(elements))
    text = _told(lambda: sampler.particle(shapes[key].content))
    around = etree.fromstring(f"<around{sampler.context.declarations(text)}>{text}</around>")
    found = [parse_message(serialise(child), source="sample") for child in around]
    fields = {leaf.tag: leaf for leaf in shapes[key].elements if isinstance(leaf, ElementField)}
    known = [element for element in found if element.tag in fields]
    sampler.keep_constraints(known, [fields[tag_of(element)] for element in known])
    return found


def _told(write: Callable[[], str]) -> str:
    try:
        return write()
    except RecursionError:
        raise DataError("an example would have elements nested too deeply to be read") from None


def _constraints_of(tag: str, shapes: Shapes) -> tuple[Constraint, ...]:
    """The identity constraints of a global element; none where the shapes know no elements, being classes."""
    find = getattr(shapes, "element", None)
    try:
        return find(tag).constraints if find is not None else ()
    except ContractError:  # the wrapper of an rpc message is declared nowhere
        return ()


class _Sampler:
    """Writes one example."""

    def __init__(self, shapes: Shapes, full: bool, seed: int, elements: tuple[ElementField, ...]) -> None:
        self.shapes = shapes
        self.full = full
        self.given = elements
        self.context = Context(shapes, {}, Settings())
        self.texts = TextSampler(self.context, seed)
        self.open: list[Key] = []  # the records that this place is inside of
        self.heights = _Heights(shapes)
        self.left = _MAX_ELEMENTS

    @cached_property
    def elements(self) -> tuple[ElementField, ...]:
        """What may stand for a strict wildcard, asked for only where there is one."""
        known = getattr(self.shapes, "global_elements", None)
        return self.given or (tuple(known()) if known is not None else ())

    def keep_constraints(self, elements: list[_Element], fields: list[ElementField]) -> None:
        """Make the examples keep the identity constraints of their elements; most schemas have none."""
        for element, field in zip(elements, fields, strict=True):
            keep_constraints(element, field, self.context, self.texts)

    # --- elements -------------------------------------------------------------------------------------------------

    def element(self, tag: str, type_: Type, fixed: str | None = None) -> str:
        name = self.context.qualified(tag)
        self.left -= 1
        if self.left < _MAX_ELEMENTS - _TOO_MANY:
            raise DataError(f"an example would need more than {_TOO_MANY:,} elements")
        if isinstance(type_, AnyType):
            return f"<{name}/>"
        if not isinstance(type_, RecordRef):
            return f"<{name}>{escape_text(self._simple(type_, fixed))}</{name}>"
        record, said = self._concrete(type_.key)
        self.open.append(record.key)
        attributes = "".join(self._attribute(field) for field in record.attributes)
        if record.text is not None:
            content = escape_text(self._simple(record.text.type, record.text.fixed or fixed))
        else:
            content = self.particle(record.content)
        self.open.pop()
        return f"<{name}{said}{attributes}>{content}</{name}>"

    def _concrete(self, key: Key) -> tuple[Record, str]:
        """The record itself, or of an abstract one the least of those derived from it, with its xsi:type."""
        record = self.shapes[key]
        if not record.abstract:
            return record, ""
        known = [self.shapes[one] for one in derived_keys(key, self.shapes)]
        derived = [one for one in known if not one.abstract and one.name is not None]
        if not derived:
            raise DataError(f"{record.name or key} is abstract, and no type is derived from it")
        least = min(derived, key=lambda one: self.heights.of_record(one.key))
        assert least.name is not None
        return least, f' {self.context.prefix(XSI)}:type="{self.context.qualified(least.name)}"'

    def _simple(self, type_: Simple, fixed: str | None) -> str:
        if fixed is None:
            return self.texts.text(type_)
        codec = self.context.simple(type_)
        return codec.encode(value_of(fixed, codec), self.context.prefix, False) if codec.contextual else fixed

    def _attribute(self, field: AttributeField) -> str:
        if not (field.required or self.full or field.fixed is not None):
            return ""
        text = self._simple(field.type, field.fixed)
        if text == field.default and not field.required:
            return ""  # what is said by leaving it out
        return f' {self.context.qualified(field.tag)}="{escape_attribute(text)}"'

    # --- content --------------------------------------------------------------------------------------------------

    def particle(self, particle: Particle) -> str:
        if isinstance(particle, ElementField):
            times = self._times(particle, self._wanted(particle))
            return "".join(self.element(particle.tag, particle.type, particle.fixed) for _ in range(times))
        if isinstance(particle, ChoiceField):
            return self._choice_field(particle)
        if isinstance(particle, AnyField):
            return "".join(self._any(particle) for _ in range(self._times(particle, False)))
        if particle.optional and not self._wanted(particle):
            return ""
        if isinstance(particle, Choice):
            return self._choice(particle)
        return "".join(self.particle(inner) for inner in particle.particles)

    def _times(self, field: ElementField | ChoiceField | AnyField, wanted: bool) -> int:
        most = field.maximum if field.maximum is not None else max(2, field.minimum)
        times = max(field.minimum, min(most, 2 if field.many else 1)) if wanted else field.minimum
        if times > _TOO_MANY:
            raise DataError(f"an example would need {times:,} times {field.name}; at most {_TOO_MANY:,} are made")
        return times

    def _wanted(self, particle: Particle) -> bool:
        """Whether something optional is written: in a full example, unless it leads back to where we are."""
        if not self.full or len(self.open) > _MAX_DEPTH or self.left <= 0:
            return False
        if _is_abstract(particle):
            return False
        return not self._leads_back(particle) and self.heights.of(particle) < _ENDLESS

    def _leads_back(self, particle: Particle) -> bool:
        if isinstance(particle, (Sequence, Choice, All)):
            return any(self._leads_back(inner) for inner in particle.particles)
        if isinstance(particle, AnyField):
            return False
        types = (
            [particle.type]
            if isinstance(particle, ElementField)
            else [alternative.type for alternative in particle.alternatives]
        )
        return any(isinstance(type_, RecordRef) and self._is_open(type_.key) for type_ in types)

    def _is_open(self, key: Key) -> bool:
        if self.shapes[key].abstract:
            return any(one in self.open for one in derived_keys(key, self.shapes))
        return key in self.open

    def _choice(self, particle: Choice) -> str:
        if not particle.particles:
            return ""
        possible = [inner for inner in particle.particles if not _is_abstract(inner)] or particle.particles
        heights = [self.heights.of(inner) for inner in possible]
        finite = [inner for inner, height in zip(possible, heights, strict=True) if height < _ENDLESS]
        free = [inner for inner in finite if not self._leads_back(inner)]
        if free:
            return self.particle(free[self.texts.pick(len(free))])
        if not finite:
            raise DataError("a choice has no branch that ends")
        return self.particle(possible[heights.index(min(heights))])

    def _choice_field(self, field: ChoiceField) -> str:
        finite = [one for one in field.alternatives if self.heights.of_type(one.type) < _ENDLESS]
        free = [one for one in finite if not (isinstance(one.type, RecordRef) and self._is_open(one.type.key))]
        usable = free or sorted(finite, key=lambda one: self.heights.of_type(one.type))[:1]
        if not usable:
            return ""
        count = field.minimum
        if self.full and len(self.open) <= _MAX_DEPTH and self.left > 0 and (free or field.minimum):
            most = field.maximum if field.maximum is not None else max(len(free), field.minimum)
            count = max(field.minimum, min(most, len(free) if field.many else 1))
        if field.model is not None and self.left > 0:
            return "a text " + self.particle(field.model)
        if field.mixed:  # which elements go together is not known: one alone is most often valid
            count = min(count, 1)
        start = self.texts.pick(len(usable))
        found = ["a text "] if field.mixed else []
        for place in range(count):
            alternative = usable[(start + place) % len(usable)]
            if alternative.tag is not None:
                found.append(self.element(alternative.tag, alternative.type))
            else:
                assert isinstance(alternative.type, RecordRef)
                self.open.append(alternative.type.key)
                found.append(self.particle(self.shapes[alternative.type.key].content) or self._some(alternative.type))
                self.open.pop()
        return "".join(found)

    def _some(self, ref: RecordRef) -> str:
        """A group record whose parts are all optional: its first element, since nothing would not count."""
        for leaf in self.shapes[ref.key].elements:
            if isinstance(leaf, ElementField):
                return self.element(leaf.tag, leaf.type, leaf.fixed)
        return ""

    def _any(self, field: AnyField) -> str:
        if field.process == "strict":
            fitting = [
                one
                for one in self.elements
                if allows(field.namespaces, one.tag)
                and not one.abstract
                and not (isinstance(one.type, RecordRef) and self._is_open(one.type.key))
            ]
            least = min(fitting, key=lambda one: self.heights.of_type(one.type), default=None)
            if least is not None and self.heights.of_type(least.type) < _ENDLESS:
                return self.element(least.tag, least.type, least.fixed)
        namespaces = [name for name in field.namespaces if not name.startswith("##")]
        other = field.namespaces[:1] in (("##any",), ("##other",))
        return f"<{self.context.qualified(clark('urn:example:any' if other else namespaces[0], 'any'))}/>"


def _is_abstract(particle: Particle) -> bool:
    return isinstance(particle, ElementField) and particle.abstract


def derived_keys(key: Key, shapes: Shapes) -> tuple[Key, ...]:
    """The records derived from that of `key`, directly or not: of a class, those of its subclasses."""
    if isinstance(key, type):
        subclasses: list[type] = key.__subclasses__()
        below = [cls for cls in subclasses if cls in shapes]
        return (*below, *(lower for cls in below for lower in derived_keys(cls, shapes)))
    known = getattr(shapes, "derived", None)
    if known is not None:
        return tuple(known(key))
    found: set[Key] = {key}
    grown = True
    while grown:
        more = {one.key for one in shapes.values() if one.base is not None and one.base.key in found} - found
        found |= more
        grown = bool(more)
    return tuple(one for one in shapes if one in found and one != key)


class _Heights:
    """How deep the least element of a type is; `_ENDLESS` where it cannot end. Found once for all that is reachable."""

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes
        self.known: dict[Key, int] = {}

    def of_type(self, type_: Type) -> int:
        return self.of_record(type_.key) if isinstance(type_, RecordRef) else 1

    def of_record(self, key: Key) -> int:
        if key not in self.known:
            self._settle(key)
        return self.known[key]

    def of(self, particle: Particle) -> int:
        """The height of what a particle must hold at least once it is entered."""
        if isinstance(particle, ElementField):
            return self.of_type(particle.type)
        if isinstance(particle, ChoiceField):
            return min((self.of_type(one.type) for one in particle.alternatives), default=0)
        if isinstance(particle, AnyField):
            return 1
        heights = [self._needed(inner) for inner in particle.particles]
        return (min if isinstance(particle, Choice) else max)(heights, default=0)

    def _needed(self, particle: Particle) -> int:
        """Nothing, for what may be left out."""
        if isinstance(particle, (Sequence, Choice, All)):
            return 0 if particle.optional else self.of(particle)
        return 0 if particle.minimum == 0 else self.of(particle)

    def _settle(self, start: Key) -> None:
        """From endless for all, down to what each really needs, until nothing changes."""
        keys: list[Key] = []
        waiting = [start]
        while waiting:
            key = waiting.pop()
            if key in self.known:
                continue
            self.known[key] = _ENDLESS
            keys.append(key)
            waiting.extend(self._next(key))
        changed = True
        while changed:
            changed = False
            for key in reversed(keys):  # what is deepest first: then once is mostly enough
                height = min(_ENDLESS, 1 + self._record_height(key))
                if height < self.known[key]:
                    self.known[key], changed = height, True

    def _next(self, key: Key) -> Iterable[Key]:
        record = self.shapes[key]
        if record.abstract:
            yield from derived_keys(key, self.shapes)
        for leaf in record.elements:
            if isinstance(leaf, ElementField) and isinstance(leaf.type, RecordRef):
                yield leaf.type.key
            elif isinstance(leaf, ChoiceField):
                yield from (one.type.key for one in leaf.alternatives if isinstance(one.type, RecordRef))

    def _record_height(self, key: Key) -> int:
        record = self.shapes[key]
        if record.abstract:
            return min((self.known.get(one, _ENDLESS) for one in derived_keys(key, self.shapes)), default=_ENDLESS)
        return self._needed(record.content)
