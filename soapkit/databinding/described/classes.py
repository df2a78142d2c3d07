"""The fields of a Python class: msgspec Struct, dataclass or NamedTuple, plain or generic."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeGuard, get_type_hints

import msgspec

from soapkit.databinding.builtins import BUILTIN_OF
from soapkit.databinding.described.generics import alias_of, base_alias, concrete, filled, origin_of
from soapkit.errors import UsageError


class _NoDefault:
    """The only value of this class: a field that has no default."""

    def __repr__(self) -> str:
        return "NO_DEFAULT"


NO_DEFAULT = _NoDefault()


@dataclass(frozen=True, slots=True)
class PythonField:
    """A field as the class gives it. `annotation` is resolved, with its `Annotated`; `renamed`: by its Struct."""

    name: str
    annotation: Any
    default: Any = NO_DEFAULT
    factory: Callable[[], Any] | None = None
    renamed: str = ""

    @property
    def tag_name(self) -> str:
        """What XML calls it where no annotation says: as a Struct renames it, else its own name."""
        return self.renamed or self.name

    @property
    def required(self) -> bool:
        """Whether the class cannot be made without it."""
        return self.default is NO_DEFAULT and self.factory is None


_VALUES = tuple(cls for cls in BUILTIN_OF if dataclasses.is_dataclass(cls))


def is_record_class(cls: object) -> TypeGuard[type]:
    """Whether instances are complex values: a msgspec Struct, NamedTuple or dataclass that is no value type of soapkit;
    also the class that stands for a generic one (`soapkit.databinding.described.generics.concrete`)."""
    return (
        isinstance(cls, type)
        and not issubclass(cls, _VALUES)
        and cls is not msgspec.Struct
        and (
            issubclass(cls, msgspec.Struct)
            or dataclasses.is_dataclass(cls)
            or is_named_tuple(cls)
            or alias_of(cls) is not None
        )
    )


def is_named_tuple(cls: type) -> bool:
    """Whether `cls` is made by `typing.NamedTuple`."""
    return issubclass(cls, tuple) and hasattr(cls, "_field_defaults")


def base_class(cls: type) -> type | None:
    """The class whose fields `cls` inherits, or None."""
    for base in origin_of(cls).__mro__[1:]:
        if is_record_class(base):
            named = base_alias(cls, base)
            return base if named is base else concrete(named)
    return None


def own_names(cls: type) -> tuple[str, ...]:
    """The fields that `cls` itself declares, or declares anew."""
    return tuple(inspect.get_annotations(origin_of(cls)))


def fields_of(cls: type) -> tuple[PythonField, ...]:
    """Every field, inherited ones first. Raises `UsageError` for a class that is neither Struct nor dataclass, and for
    annotations that cannot be resolved."""
    if not is_record_class(cls):
        raise UsageError(f"{cls!r} is neither a msgspec.Struct nor a dataclass")
    if alias_of(cls) is not None:
        return tuple(
            dataclasses.replace(field, annotation=filled(field.annotation, cls)) for field in fields_of(origin_of(cls))
        )
    try:
        hints = get_type_hints(cls, include_extras=True)
    except NameError as error:
        raise UsageError(
            f"the annotations of {cls.__module__}.{cls.__qualname__} name something unknown: {error}"
        ) from error
    if issubclass(cls, msgspec.Struct):
        renamed = dict(zip(cls.__struct_fields__, cls.__struct_encode_fields__, strict=True))
        return tuple(
            PythonField(
                name,
                hints[name],
                NO_DEFAULT if info.default is msgspec.NODEFAULT else info.default,
                None if info.default_factory is msgspec.NODEFAULT else info.default_factory,
                renamed[name],
            )
            for name, info in _struct_defaults(cls).items()
        )
    if is_named_tuple(cls):
        names, defaults = cls._fields, cls._field_defaults  # type: ignore[attr-defined]  # just seen
        if bare := [name for name in names if name not in hints]:
            raise UsageError(
                f"{cls.__name__} does not say of what type {', '.join(bare)} is; expected a class of typing.NamedTuple"
            )
        return tuple(PythonField(name, hints[name], defaults.get(name, NO_DEFAULT)) for name in names)
    return tuple(
        PythonField(
            info.name,
            hints[info.name],
            NO_DEFAULT if info.default is dataclasses.MISSING else info.default,
            None if info.default_factory is dataclasses.MISSING else info.default_factory,
        )
        for info in dataclasses.fields(cls)  # type: ignore[arg-type]  # a dataclass, as is_record_class has seen
        if info.init
    )


@dataclass(frozen=True, slots=True)
class _Defaults:
    default: Any
    default_factory: Any


def _struct_defaults(cls: type[msgspec.Struct]) -> dict[str, _Defaults]:
    """Defaults by field, from the class itself: `msgspec.structs.fields` would resolve every annotation again."""
    names, defaults = cls.__struct_fields__, cls.__struct_defaults__
    without = len(names) - len(defaults)
    found = {}
    for position, name in enumerate(names):
        default = defaults[position - without] if position >= without else msgspec.NODEFAULT
        factory = getattr(default, "factory", None)
        found[name] = _Defaults(msgspec.NODEFAULT, factory) if factory else _Defaults(default, msgspec.NODEFAULT)
    return found
