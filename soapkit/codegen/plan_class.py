"""A record -> the plan of its class: which fields are its own, under which names, in which content model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from soapkit.codegen.expressions import Named
from soapkit.codegen.naming import Names, field_name
from soapkit.codegen.plan import ClassPlan, FieldPlan
from soapkit.databinding.shape import (
    EMPTY,
    All,
    AnyAttributeField,
    AnyField,
    AttributeField,
    Choice,
    ChoiceField,
    ElementField,
    Field,
    Particle,
    Record,
    TextField,
)
from soapkit.databinding.shape import (
    Sequence as SequenceOf,
)
from soapkit.errors import NOWHERE


def plan_class(home: Named, record: Record, base: ClassPlan | None) -> ClassPlan:
    """The class of `record`, which stands at `home` and inherits from `base`."""
    inherited = base.all_fields if base is not None else ()
    above = {_identity(plan.field): plan for plan in inherited}
    names = Names({plan.name for plan in inherited})
    absent = _absent(record)
    own: list[FieldPlan] = []
    everything: list[FieldPlan] = []
    for each in (*record.elements, *_others(record)):
        redefined = above.get(_identity(each))
        if redefined is not None and _essence(each) == _essence(redefined.field):
            everything.append(redefined)
            continue
        name = redefined.name if redefined is not None else names.take(field_name(each.name))
        plan = FieldPlan(name, each, _optional(each) or each.name in absent, redefined)
        own.append(plan)
        everything.append(plan)
    kept = {plan.name for plan in everything}
    base_record = base.record if base is not None else None
    leaves = {plan.field.name: plan.name for plan in everything if _is_leaf(plan.field)}
    content, whole = _content(record, base_record, leaves)
    forbidden = [_forbidden(plan) for plan in inherited if plan.name not in kept]
    own += [plan for plan in forbidden if plan not in inherited]
    everything += forbidden
    return ClassPlan(home.name, home.module, record, base, tuple(own), tuple(everything), content, whole)


def _forbidden(plan: FieldPlan) -> FieldPlan:
    """A field of the base that a restriction forbids: still there in Python, never written, and not asked for."""
    return plan if plan.absent or not _is_leaf(plan.field) else replace(plan, absent=True, redefines=plan)


def _others(record: Record) -> Iterator[Field]:
    if record.text is not None:
        yield record.text
    yield from record.attributes
    if record.any_attribute is not None:
        yield record.any_attribute


def _optional(each: Field) -> bool:
    return isinstance(each, AttributeField) and not each.required


def _is_leaf(each: Field) -> bool:
    return isinstance(each, (ElementField, ChoiceField, AnyField))


def _identity(each: Field) -> tuple[str, str]:
    """What a field of a derived type has in common with that of its base."""
    kind = "element" if _is_leaf(each) else type(each).__name__
    return kind, each.name if isinstance(each, AttributeField) or kind == "element" else ""


def _essence(each: Field) -> Field:
    """What is written of a field: without name, documentation and place."""
    if isinstance(each, (AnyAttributeField, TextField)):
        return replace(each, name="", documentation="")
    return replace(each, name="", documentation="", place=NOWHERE)


# --- content models -----------------------------------------------------------------------------------------------


def _absent(record: Record) -> frozenset[str]:
    """The names of the leaves that a valid element may lack."""
    return frozenset(name for name, absent in _may_be_absent(record.content, False) if absent)


def _may_be_absent(particle: Particle, within: bool) -> Iterator[tuple[str, bool]]:
    if isinstance(particle, (SequenceOf, Choice, All)):
        within = within or particle.optional or isinstance(particle, Choice)
        for inner in particle.particles:
            yield from _may_be_absent(inner, within)
    else:
        yield particle.name, within or particle.minimum == 0


def _content(record: Record, base: Record | None, names: Mapping[str, str]) -> tuple[str | None, bool]:
    """The content model in the notation of `annotations.xml_type`, and whether it covers inherited fields too."""
    ours = [leaf.name for leaf in record.elements]
    theirs = [leaf.name for leaf in base.elements] if base is not None else []
    if base is not None and (record.derivation == "restriction" or ours[: len(theirs)] != theirs):
        return _notation(record.content, names) or "()", True
    own = {name: names[name] for name in ours[len(theirs) :]}
    written = _notation(record.content, own)
    plain = f"({', '.join(own.values())})" if own else None
    return (None if written == plain else written), False


def _notation(content: Particle, names: Mapping[str, str]) -> str | None:
    """``(a, (b | c)?)``, of the leaves that have a name; None if there are none."""
    written = _written(content, names)
    return written if written is None or written.startswith("(") else f"({written})"


_SEPARATORS = {SequenceOf: ", ", Choice: " | ", All: " & "}


def _written(particle: Particle, names: Mapping[str, str]) -> str | None:
    if not isinstance(particle, (SequenceOf, Choice, All)):
        return names.get(particle.name)
    parts = [_written(inner, names) for inner in particle.particles]
    given = [part for part in parts if part is not None]
    # A choice between something and nothing is optional.
    optional = particle.optional or (isinstance(particle, Choice) and EMPTY in particle.particles)
    if not given:
        return None
    if len(given) == 1 and not optional:
        return given[0]
    if len(given) == 1 and given[0].startswith("(") and given[0].endswith(")"):
        return f"{given[0]}?"
    return f"({_SEPARATORS[type(particle)].join(given)})" + ("?" if optional else "")
