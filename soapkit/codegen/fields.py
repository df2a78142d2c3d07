"""A field's plan -> its Python type, what is said of it in `Annotated`, and its default."""

from __future__ import annotations

import math
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from decimal import Decimal

from soapkit.codegen.expressions import (
    ANNOTATIONS,
    NONE,
    OBJECT,
    RAW,
    STR,
    UNSET,
    AttributesType,
    ListType,
    LiteralType,
    Mark,
    Marked,
    Named,
    PythonType,
    bare,
    fits,
    simple_type,
    union,
)
from soapkit.codegen.literals import decimal_literal, literal
from soapkit.codegen.plan import FieldPlan, Types
from soapkit.codegen.scope import NOTHING, Scope
from soapkit.databinding.builtins import BUILTINS
from soapkit.databinding.shape import (
    NO_FACETS,
    AnyAttributeField,
    AnyField,
    AnyType,
    Atomic,
    AttributeField,
    ChoiceField,
    ElementField,
    Key,
    RecordRef,
    Simple,
    TextField,
    Type,
)
from soapkit.databinding.simple import SPACE
from soapkit.xml.names import split


@dataclass(frozen=True, slots=True)
class Default:
    """A default value. `text`: its source, behind `of` if that is given: ``Kind`` and ``.CURRENT``."""

    text: str
    of: Named | None = None
    exact: bool = False  # whether its text is again the one that the schema gives

    def source(self, scope: Scope, hidden: AbstractSet[str] = NOTHING) -> str:
        """The expression, in the body of a class or the signature of a function."""
        if self.of is None:
            return scope.use("msgspec", "UNSET", hidden) if self.text == "UNSET" else self.text
        if self.of.sibling:
            return scope.sibling(self.of.module, self.of.name, hidden) + self.text
        return scope.use(self.of.module, self.of.name, hidden) + self.text


ABSENT, UNSET_DEFAULT, NO_ITEMS, NO_ATTRIBUTES = map(Default, ("None", "UNSET", "[]", "{}"))


@dataclass(frozen=True, slots=True)
class FieldCode:
    """A field as Python writes it: ``name: Annotated[type, marks] = default``."""

    type: PythonType
    marks: tuple[Mark, ...]
    default: Default | None


@dataclass(frozen=True, slots=True)
class Context:
    """Where fields stand: `owner` is the key of their record; the rest is that of their module."""

    types: Types
    owner: Key
    module: str = ""
    namespace: str = ""
    unqualified: bool = False

    def at_hand(self, default: Default) -> bool:
        """Whether a default can be evaluated while the module is loaded."""
        return default.of is None or not default.of.sibling or default.of.module == self.module


def field_code(plan: FieldPlan, context: Context) -> FieldCode:
    """How a field is written."""
    match plan.field:
        case ElementField():
            return _element(plan, plan.field, context)
        case ChoiceField():
            return _choice(plan, plan.field, context)
        case AnyField():
            return _any(plan, plan.field)
        case AttributeField():
            return _attribute(plan.field, context)
        case TextField():
            return _text(plan.field, context)
        case AnyAttributeField():
            mark = Mark(ANNOTATIONS, "any_attribute", _wildcard(plan.field.namespaces, plan.field.process))
            return FieldCode(AttributesType(), (mark,), NO_ATTRIBUTES)


def override_comment(plan: FieldPlan, context: Context) -> str:
    """What keeps type checkers quiet where a restriction gives a field another type than its base has.

    The field stays right: a value of the narrower type is read and written. mypy accepts a narrower type in a
    subclass; pyright, rightly, does not like it for something that can be set.
    """
    if plan.redefines is None:
        return ""
    narrow = bare(field_code(plan, context).type)
    wide = bare(field_code(plan.redefines, context).type)
    if narrow == wide:
        return ""
    return "pyright: ignore[reportIncompatibleVariableOverride]" if fits(narrow, wide) else "type: ignore[assignment]"


def forward_references(plan: FieldPlan) -> set[Key]:
    """The records that what is said in `Annotated` names: there, pyright wants them defined before."""
    if not isinstance(plan.field, ChoiceField):
        return set()
    return {each.type.key for each in plan.field.alternatives if isinstance(each.type, RecordRef)}


# --- elements -----------------------------------------------------------------------------------------------------


def _element(plan: FieldPlan, field: ElementField, context: Context) -> FieldCode:
    fixed = _fixed(field.type, field.fixed, context) if not field.many and not field.nillable else None
    value = _type(field.type, context) if fixed is None else fixed.type
    has_default = plan.absent or fixed is not None
    mark = Mark(ANNOTATIONS, "element", (*_name(field.tag, context), *_occurs(field, has_default), *_said(field)))
    value, marks = _lifted(value)
    if field.many:
        if any(mark.name == "xsd" and mark.arguments in _LIST_TYPES for mark in marks):
            value, marks = Marked(value, marks), ()  # xsd("list") of the field would make it one text
        item = union(value, NONE) if field.nillable else value
        return FieldCode(ListType(item), (mark, *marks), NO_ITEMS if plan.absent else None)
    if field.nillable:
        type_ = union(value, NONE, UNSET) if plan.absent else union(value, NONE)
        return FieldCode(type_, (mark, *marks), UNSET_DEFAULT if plan.absent else None)
    if plan.absent:
        return FieldCode(union(value, NONE), (mark, *marks), ABSENT)
    return FieldCode(value, (mark, *marks), None if fixed is None else fixed.default)


def _type(type_: Type, context: Context) -> PythonType:
    match type_:
        case RecordRef():
            return context.types.record(type_.key)
        case AnyType():
            return OBJECT
        case _:
            return simple_type(type_, context.types.simple, context.owner)


def _lifted(type_: PythonType) -> tuple[PythonType, tuple[Mark, ...]]:
    """A marked type apart: its marks stand beside those of the field."""
    return (type_.type, type_.marks) if isinstance(type_, Marked) else (type_, ())


def _name(tag: str, context: Context) -> tuple[str, ...]:
    """The name, and the namespace or form where it is not that of the module."""
    namespace, local = split(tag)
    if namespace == context.namespace and not (context.unqualified and namespace):
        return (literal(local),)
    if namespace == context.namespace:
        return literal(local), 'form="qualified"'
    if not namespace and context.unqualified:
        return (literal(local),)
    if not namespace:
        return literal(local), 'form="unqualified"'
    return literal(local), f"namespace={literal(namespace)}"


def _occurs(field: ElementField | ChoiceField | AnyField, has_default: bool) -> list[str]:
    """How often, where Python does not tell: a list 0 to unbounded, a field with a default 0 to 1, any other 1."""
    said = []
    if field.minimum != (0 if has_default or field.many else 1):
        said.append(f"min_occurs={field.minimum}")
    if field.many and field.maximum is not None:
        said.append(f"max_occurs={field.maximum}")
    return said


def _said(field: ElementField) -> list[str]:
    said = ["nillable=True"] if field.nillable else []
    if field.default is not None:
        said.append(f"default={literal(field.default)}")
    if field.fixed is not None:
        said.append(f"fixed={literal(field.fixed)}")
    if isinstance(field.type, Atomic) and field.type.content_types:
        said.append(f"content_types={literal(field.type.content_types)}")
    return said


def _choice(plan: FieldPlan, field: ChoiceField, context: Context) -> FieldCode:
    alternatives: list[Mark] = []
    types: list[PythonType] = [STR] if field.mixed else []
    for alternative in field.alternatives:
        type_ = _type(alternative.type, context)
        types.append(type_)
        if alternative.tag is None:
            alternatives.append(Mark(ANNOTATIONS, "group", (type_,)))
        else:
            name, *namespace = _name(alternative.tag, context)
            nillable = ("nillable=True",) if alternative.nillable else ()
            alternatives.append(Mark(ANNOTATIONS, "element", (name, type_, *namespace, *nillable)))
    if any(alternative.nillable for alternative in field.alternatives):
        types.append(NONE)
    occurs = () if field.mixed else _occurs(field, plan.absent)
    mark = Mark(ANNOTATIONS, "choice", (*alternatives, *occurs, *(("mixed=True",) if field.mixed else ())))
    value = union(*types) if types else OBJECT
    if field.many:
        return FieldCode(ListType(value), (mark,), NO_ITEMS if plan.absent or field.mixed else None)
    return FieldCode(union(value, NONE) if plan.absent else value, (mark,), ABSENT if plan.absent else None)


def _any(plan: FieldPlan, field: AnyField) -> FieldCode:
    mark = Mark(ANNOTATIONS, "any_element", (*_wildcard(field.namespaces, field.process), *_occurs(field, plan.absent)))
    if field.many:
        return FieldCode(ListType(RAW), (mark,), NO_ITEMS if plan.absent else None)
    return FieldCode(union(RAW, NONE) if plan.absent else RAW, (mark,), ABSENT if plan.absent else None)


def _wildcard(namespaces: tuple[str, ...], process: str) -> tuple[str, ...]:
    names = () if namespaces == ("##any",) else tuple(map(literal, namespaces))
    return (*names, *(() if process == "strict" else (f"process={literal(process)}",)))


# --- attributes and text ------------------------------------------------------------------------------------------


def _attribute(field: AttributeField, context: Context) -> FieldCode:
    namespace, local = split(field.tag)
    said = [literal(local)]
    if namespace:
        said.append(f"namespace={literal(namespace)}")
    fixed = _fixed(field.type, field.fixed, context)
    value = _type(field.type, context) if fixed is None else fixed.type
    default = fixed.default if fixed is not None else None
    if default is None and field.default is not None and field.fixed is None:
        default = _default(field.type, field.default, context)
    if field.required and default is not None:
        said.append("required=True")
    if field.default is not None and not (default is not None and default.exact and context.at_hand(default)):
        said.append(f"default={literal(field.default)}")
    if field.fixed is not None:
        said.append(f"fixed={literal(field.fixed)}")
    value, marks = _lifted(value)
    if default is None and not field.required:
        value, default = union(value, NONE), ABSENT
    return FieldCode(value, (Mark(ANNOTATIONS, "attribute", tuple(said)), *marks), default)


def _text(field: TextField, context: Context) -> FieldCode:
    said = []
    if field.default is not None:
        said.append(f"default={literal(field.default)}")
    if field.fixed is not None:
        said.append(f"fixed={literal(field.fixed)}")
    value, marks = _lifted(_type(field.type, context))
    return FieldCode(value, (Mark(ANNOTATIONS, "text", tuple(said)), *marks), None)


# --- values -------------------------------------------------------------------------------------------------------

_LIST_TYPES = {(literal(name),) for name in ("list", *(name for name, builtin in BUILTINS.items() if builtin.item))}


@dataclass(frozen=True, slots=True)
class _Fixed:
    type: PythonType
    default: Default


def _fixed(type_: Type, lexical: str | None, context: Context) -> _Fixed | None:
    """The type and default of a fixed value: a `Literal` where Python has literals of its type."""
    if lexical is None or not isinstance(type_, Atomic):
        return None
    default = _default(type_, lexical, context)
    if default is None:
        return None
    plain = simple_type(replace(type_, facets=NO_FACETS), lambda *_: None, context.owner)
    value = bare(plain)
    if default.of is not None or value not in _LITERALS:
        return _Fixed(_type(type_, context), default)
    assert isinstance(value, Named)
    only = LiteralType(default.text, value)
    return _Fixed(Marked(only, plain.marks) if isinstance(plain, Marked) else only, default)


_LITERALS = (STR, Named("builtins", "int"), Named("builtins", "bool"))  # of which PEP 586 knows literals


def _default(type_: Simple, lexical: str, context: Context) -> Default | None:
    """The Python value of a default, where it can be written in place; else the decoder supplies it."""
    if not isinstance(type_, Atomic):
        return None
    if type_.enumeration:
        member = context.types.member(type_, context.owner, lexical)
        return None if member is None else Default(f".{member[1]}", member[0], exact=True)
    builtin = BUILTINS[type_.builtin]
    if builtin.item is not None or builtin.family not in ("text", "number", "boolean"):
        return None
    try:
        value = builtin.parse(SPACE[type_.facets.white_space or builtin.white_space](lexical))
        exact = builtin.format(value) == lexical
    except ValueError:
        return None
    if isinstance(value, Decimal):
        return Default(decimal_literal(value), Named("decimal", "Decimal"), exact)
    if isinstance(value, float) and not math.isfinite(value):
        return None  # infinity and not-a-number have no literal
    return Default(literal(value), None, exact) if isinstance(value, (str, bool, int, float)) else None
