"""Schema components -> Shapes.

`SchemaShapes` is a mapping from key to `Record`, each made when it is first asked for. Keys:

    {urn:x}Order                        a named complex type
    {urn:x}/order                       the anonymous type of the global element order
    {urn:x}/order/lines/line            that of the element line, in lines, in order
    {urn:x}Order/lines                  that of the element lines in the named type Order
    {urn:x}Order/choice[1]/text         a group record: the element text, in the first repeated choice of Order
    {urn:x}Order/sequence[1]            a group record: the content of the first repeated sequence
    {urn:x}/element()/circle            a group record: the global element circle, which its class alone does not tell

The last step of a key (after the last ``/`` or ``}``) is the name a person would give it. Field names are local names
of elements and attributes; among the elements of one record they are distinct (`soapkit.xsd.content`), and an
attribute may have the name of an element. A field that stands at several places of the content tree is one field.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace

from soapkit.databinding.shape import (
    ANY_TYPE,
    EMPTY,
    All,
    AnyAttributeField,
    AnyField,
    AttributeField,
    Choice,
    ElementField,
    Key,
    Record,
    RecordRef,
    Sequence,
    TextField,
    Type,
    leaves,
)
from soapkit.databinding.shape import Particle as Field
from soapkit.errors import NOWHERE, ContractError, Place, Problem
from soapkit.xml.names import local_name, namespace_of
from soapkit.xsd.arrays import array_item, is_array
from soapkit.xsd.content import ContentBuilder, Surroundings, extended
from soapkit.xsd.field_names import Content, as_content, with_distinct_names
from soapkit.xsd.model import ANY_SIMPLE_TYPE_NAME, ANY_TYPE_NAME, Attribute, ComplexType, Element, Group, TypeUse
from soapkit.xsd.resolve import Attributes, attributes_of, base_of, chain_of, type_use_of
from soapkit.xsd.schema import Schema
from soapkit.xsd.simple_shapes import SimpleShapes, constraint_value, simple_or_error, with_content_types


class SchemaShapes(Mapping[Key, Record]):
    """The records of a schema, by key; its elements and types as fields and types.

    A record that cannot be made, since it refers to what no schema declares, raises `ContractError` (each time it is
    asked for) with the place of the reference. Iterating makes every record that can be made; what cannot is told
    in `problems`. One may be used by many threads.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.simple = SimpleShapes(schema)
        self._made: dict[str, Record] = {}
        self._failed: dict[str, ContractError] = {}
        self._anonymous: dict[str, ComplexType] = {}
        self._keys: dict[int, str] = {}
        self._elements: dict[str, ElementField] = {}
        self._around = Surroundings(schema, self._local_type, self._global_type, self._add_group, self._descends)
        self._above: dict[str, frozenset[str | None]] = {}
        self._all: tuple[str, ...] | None = None
        self._open: set[str] = set()
        self._lock = threading.RLock()

    # --- what is asked ---

    def element(self, tag: str, place: Place = NOWHERE) -> ElementField:
        """The global element `tag` as a field that occurs once.

        Raises `ContractError` when it, or its type, is unknown.
        """
        made = self._elements.get(tag)
        if made is None:
            with self._lock:
                element = self.schema.element(tag, place)
                type_ = self._global_type(element)
                made = self._elements[tag] = ElementField(
                    local_name(element.tag),
                    element.tag,
                    type_,
                    nillable=element.nillable,
                    default=constraint_value(self.schema, type_, element.default, element.clark, element.place),
                    fixed=constraint_value(self.schema, type_, element.fixed, element.clark, element.place),
                    documentation=element.documentation,
                    place=element.place,
                    constraints=element.constraints,
                    abstract=element.abstract,
                )
        return made

    def type(self, name: str, place: Place = NOWHERE) -> Type:
        """The type `name`, declared or built-in. Raises `ContractError` when it is unknown."""
        with self._lock:
            return self._use(name, "", place)

    def derived(self, key: Key) -> tuple[Key, ...]:
        """The named complex types derived from a named one, transitively: what may stand in its place by xsi:type."""
        return tuple(
            name
            for name in self.schema.derived_types(str(key))
            if isinstance(self.schema.type(name, NOWHERE), ComplexType)
        )

    def allowed(self, field: AnyField) -> tuple[str, ...]:
        """The global elements (Clark names) that may stand where a wildcard does, in document order."""
        namespaces = field.namespaces
        if namespaces[:1] == ("##any",):
            return tuple(self.schema.names("element"))
        other = namespaces[:1] == ("##other",)
        return tuple(
            tag for tag in self.schema.names("element") if (namespace_of(tag) in namespaces[other:]) is not other
        )

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was told so far: broken rules, what was assumed, and records that could not be made."""
        failed = [problem for error in self._failed.values() for problem in error.problems]
        return tuple(dict.fromkeys((*self.schema.warnings.found, *failed)))

    def __getitem__(self, key: Key) -> Record:
        made = self._made.get(key) if isinstance(key, str) else None
        if made is not None:
            return made
        if not isinstance(key, str):
            raise KeyError(key)
        if key in self._failed:
            raise self._failed[key]
        try:
            with self._lock:
                return self._make(key)
        except RecursionError:
            error = ContractError(f"{key} is nested, or derived, too deeply")
            self._failed[key] = error
            raise error from None
        except ContractError as error:
            self._failed[key] = error
            raise

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, str):
            return False
        try:
            return self[key] is not None
        except (KeyError, ContractError):
            return False

    def __iter__(self) -> Iterator[Key]:
        return iter(self._everything())

    def __len__(self) -> int:
        return len(self._everything())

    def _everything(self) -> tuple[str, ...]:
        if self._all is None:
            for name in self.schema.names("type"):
                self._try(name)
            for tag in self.schema.names("element"):
                try:
                    self.element(tag)
                except ContractError as error:
                    self._failed.setdefault(tag, error)
            done = -1
            while done != len(self._anonymous):
                done = len(self._anonymous)
                for key in list(self._anonymous):
                    self._try(key)
            self._all = tuple(self._made)
        return self._all

    def _try(self, key: str) -> None:
        try:
            self[key]
        except (KeyError, ContractError):  # a simple type; or told in `problems`
            return

    # --- records ---

    def _make(self, key: str) -> Record:
        component = self._anonymous.get(key)
        if component is None:
            component = self._named(key)
        if component is None and key in self._made:  # a group record, made with its owner
            return self._made[key]
        if component is None:
            raise KeyError(key)
        for step in reversed(tuple(chain_of(self.schema, component))[1:]):  # from the top, however long the chain is
            if step.name is not None and step.name != ANY_TYPE_NAME and step.name not in self._made:
                self._made[step.name] = self._record(step.name, step)
        record = self._record(key, component)
        return self._made.setdefault(key, record)

    def _named(self, key: str) -> ComplexType | None:
        """The complex type of a key that was not met yet: a named type, or one that its owners lead to."""
        namespace, local = namespace_of(key), local_name(key)
        if "/" not in local:
            found = self.schema.type(key)
            return found if isinstance(found, ComplexType) else None
        prefix = f"{{{namespace}}}" if namespace else ""
        steps = local.split("/")
        if steps[:2] == ["", "element()"]:
            element = self.element(prefix + "/".join(steps[2:]))
            self._add_group(key, element, element.place)
            return None
        for count in range(1, len(steps)):
            owner = "/".join(steps[:count])
            if owner:
                self._try(prefix + owner)
            elif count == 1:
                self.element(prefix + steps[1])
            if key in self._made or key in self._anonymous:
                break
        return self._anonymous.get(key)

    def _record(self, key: str, component: ComplexType) -> Record:
        schema = self.schema
        base = base_of(schema, component)
        attributes = attributes_of(schema, component)
        array = is_array(schema, component)
        base_key = self._key_of(component.base, base) if base is not None and not array else None
        base_record = self[base_key] if base_key is not None else None
        content: Content = EMPTY
        text: TextField | None = None
        if array:
            content = self._array_content(key, component, attributes)
        elif self._has_text(component):
            text = TextField("value", self.simple.text_of(component), documentation="")
        else:
            content = self._content(key, component, base_record)
        wildcard = attributes.wildcard
        return Record(
            key,
            component.name,
            content,
            tuple(self._attribute(use) for use in attributes.uses),
            AnyAttributeField("any_attributes", wildcard.namespaces, wildcard.process, wildcard.documentation)
            if wildcard is not None
            else None,
            text,
            RecordRef(base_key) if base_key is not None else None,
            component.derivation if base_key is not None else None,
            component.abstract,
            False,
            component.documentation,
            component.place,
        )

    def _has_text(self, component: ComplexType) -> bool:
        """Whether a complex type's content is simple: its own says so, or (sloppily) its base is a simple type."""
        bottom = tuple(chain_of(self.schema, component))[-1]
        if component.simple or bottom.simple:
            return True
        return bottom.base is not None and not isinstance(self.schema.type(bottom.base, bottom.place), ComplexType)

    def _content(self, key: str, component: ComplexType, base: Record | None) -> Content:
        builder = ContentBuilder(self._around, key)
        if self._is_mixed(component):
            return builder.build(self._whole_particle(component), mixed=True)
        own = builder.build(component.content)
        if base is not None and component.derivation == "extension":
            own = extended(base.content, own)
        named = with_distinct_names(own)
        if base is not None and component.derivation == "restriction":
            named = _kept_lists(named, base)
        return named

    def _is_mixed(self, component: ComplexType) -> bool:
        if component.mixed:
            return True
        base = base_of(self.schema, component)
        return component.derivation == "extension" and base is not None and self._is_mixed(base)

    def _whole_particle(self, component: ComplexType) -> Group:
        """The particles of a type and of the types it extends, in sequence."""
        particles = []
        for step in chain_of(self.schema, component):
            if step.content is not None:
                particles.append(step.content)
            if step.derivation != "extension":
                break
        return Group("sequence", tuple(reversed(particles)))

    def _array_content(self, key: str, component: ComplexType, attributes: Attributes) -> Content:
        """A SOAP array is a list of its items, in any element (SOAP 1.1, 5.4.2), written as ``item``."""
        item = array_item(self.schema, component, attributes)
        type_ = self._use(item.type, f"{key}/{item.name}", component.place)
        return Sequence((ElementField(item.name, item.tag, type_, 0, None, True, nillable=True, place=item.place),))

    def _attribute(self, use: Attribute) -> AttributeField:
        type_ = simple_or_error(self.simple, use.type or ANY_SIMPLE_TYPE_NAME, use.place)
        return AttributeField(
            local_name(use.tag),
            use.tag,
            type_,
            use.use == "required",
            use.array_type or constraint_value(self.schema, type_, use.default, use.clark, use.place),
            constraint_value(self.schema, type_, use.fixed, use.clark, use.place),
            use.documentation,
            use.place,
        )

    # --- types of elements ---

    def _use(self, use: TypeUse, path: str, place: Place) -> Type:
        """The shape of a type used by name or in line; in line, a complex one is kept under the key `path`."""
        if use == ANY_TYPE_NAME:
            return ANY_TYPE
        found = self.schema.type(use, place)
        if not isinstance(found, ComplexType):
            return self.simple.of(use, place)
        if isinstance(use, str):
            return RecordRef(found.name or use)
        return RecordRef(self._key_in_line(found, path))

    def _key_in_line(self, component: ComplexType, path: str) -> str:
        """The key of an anonymous type: the path, numbered where another anonymous type stands at the same."""
        known = self._keys.get(id(component))
        if known is not None:
            return known
        key, number = path, 1
        while key in self._anonymous and self._anonymous[key] != component:
            number += 1
            key = f"{path}[{number}]"
        self._anonymous.setdefault(key, component)
        self._keys[id(self._anonymous[key])] = key
        return key

    def _key_of(self, use: TypeUse | None, component: ComplexType) -> str | None:
        if component.name == ANY_TYPE_NAME:
            return None
        return component.name or (use if isinstance(use, str) else self._keys.get(id(component)))

    def _local_type(self, element: Element, owner: str) -> Type:
        use = type_use_of(self.schema, element)
        made = self._use(use, f"{owner}/{local_name(element.tag)}", element.place)
        return with_content_types(made, element.content_types)

    def _global_type(self, element: Element) -> Type:
        use = type_use_of(self.schema, element)
        namespace = namespace_of(element.tag)
        path = f"{{{namespace}}}/" if namespace else "/"
        made = self._use(use, f"{path}{local_name(element.tag)}", element.place)
        return with_content_types(made, element.content_types)

    def _add_group(self, key: str, content: Group | ElementField, place: Place) -> RecordRef:
        """A group record: the content of a repeated group, or one element alone."""
        if key not in self._made and key not in self._open:
            self._open.add(key)  # its content may lead back to it
            try:
                if isinstance(content, ElementField):
                    made: Content = as_content(replace(content, minimum=1, maximum=1, many=False))
                else:
                    made = with_distinct_names(ContentBuilder(self._around, key).build(content))
                self._made[key] = Record(key, content=made, group=True, place=place)
            finally:
                self._open.discard(key)
        return RecordRef(key)

    def _descends(self, lower: str, upper: str) -> bool:
        above = self._above.get(lower)
        if above is None:
            above = self._above[lower] = frozenset(self._names_above(lower))
        return upper in above

    def _names_above(self, lower: str) -> Iterator[str | None]:
        """The names of a complex type and of those that it is derived from; nothing for another type."""
        component = self._anonymous.get(lower)
        if component is None and "/" not in local_name(lower):
            found = self.schema.type(lower)
            component = found if isinstance(found, ComplexType) else None
        if component is not None:
            yield from (step.name for step in chain_of(self.schema, component))


def _kept_lists(content: Content, base: Record) -> Content:
    """A restriction's fields stay lists where those of its base are, so that a class may stand for its base class."""
    lists = {leaf.tag for leaf in base.elements if isinstance(leaf, ElementField) and leaf.many}
    if not any(isinstance(leaf, ElementField) and not leaf.many and leaf.tag in lists for leaf in leaves(content)):
        return content

    def kept(particle: Field) -> Field:
        if isinstance(particle, ElementField):
            return replace(particle, many=True) if particle.tag in lists else particle
        if isinstance(particle, (Sequence, Choice, All)):
            return replace(particle, particles=tuple(kept(inner) for inner in particle.particles))
        return particle

    return as_content(kept(content))
