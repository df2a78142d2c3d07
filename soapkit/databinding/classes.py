"""The fields of a Python class: msgspec Struct or dataclass; how one is made, what an absent field becomes."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeGuard, get_type_hints

import msgspec

from soapkit.databinding.builtins import BUILTIN_OF
from soapkit.errors import UsageError


class _NoDefault:
    """The only value of this class: a field that has no default."""

    def __repr__(self) -> str:
        return "NO_DEFAULT"


NO_DEFAULT = _NoDefault()


@dataclass(frozen=True, slots=True)
class PythonField:
    """A field as the class gives it. `annotation` is resolved, with its `Annotated`."""

    name: str
    annotation: Any
    default: Any = NO_DEFAULT
    factory: Callable[[], Any] | None = None

    @property
    def required(self) -> bool:
        """Whether the class cannot be made without it."""
        return self.default is NO_DEFAULT and self.factory is None


def is_record_class(cls: object) -> TypeGuard[type]:
    """Whether instances are complex values: a msgspec Struct or a dataclass that is no value type of soapkit."""
    return (
        isinstance(cls, type)
        and cls not in BUILTIN_OF
        and cls is not msgspec.Struct
        and (issubclass(cls, msgspec.Struct) or dataclasses.is_dataclass(cls))
    )


def base_class(cls: type) -> type | None:
    """The class whose fields `cls` inherits, or None."""
    for base in cls.__mro__[1:]:
        if is_record_class(base):
            return base
    return None


def own_names(cls: type) -> tuple[str, ...]:
    """The fields that `cls` itself declares, or declares anew."""
    return tuple(inspect.get_annotations(cls))


def fields_of(cls: type) -> tuple[PythonField, ...]:
    """Every field, inherited ones first. Raises `UsageError` for a class that is neither Struct nor dataclass, and for
    annotations that cannot be resolved."""
    if not is_record_class(cls):
        raise UsageError(f"{cls!r} is neither a msgspec.Struct nor a dataclass")
    try:
        hints = get_type_hints(cls, include_extras=True)
    except NameError as error:
        raise UsageError(
            f"the annotations of {cls.__module__}.{cls.__qualname__} name something unknown: {error}"
        ) from error
    if issubclass(cls, msgspec.Struct):
        return tuple(
            PythonField(
                name,
                hints[name],
                NO_DEFAULT if info.default is msgspec.NODEFAULT else info.default,
                None if info.default_factory is msgspec.NODEFAULT else info.default_factory,
            )
            for name, info in _struct_defaults(cls).items()
        )
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
