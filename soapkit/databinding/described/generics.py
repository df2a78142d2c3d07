"""A generic class with its parameters filled in, such as ``Page[Item]`` -> a class that describes it.

The values are instances of the generic class itself (``Page``), of which Python keeps no parameters; so what is
described needs a class of its own, `concrete`, which says of whom: `origin_of`. It is never instantiated.
"""

from __future__ import annotations

import functools
import typing
from dataclasses import replace
from typing import Any, get_args, get_origin

from soapkit.databinding.described.home import documentation, xml_type_of
from soapkit.errors import UsageError


def origin_of(cls: type) -> type:
    """The class whose instances are the values that `cls` describes: `cls`, or the generic class it fills in."""
    alias = alias_of(cls)
    return cls if alias is None else get_origin(alias)


def alias_of(cls: type) -> Any:
    """``Page[Item]`` for the class that `concrete` made of it; None for any other class."""
    return cls.__dict__.get("__soapkit_alias__")


@functools.cache
def concrete(alias: Any) -> type:
    """The class that stands for a generic class with its parameters filled in.

    Its name is a name in XML too: ``PageOfItem`` for ``Page[Item]``.
    """
    origin: type = get_origin(alias)
    said = {"__soapkit_alias__": alias, "__module__": origin.__module__, "__doc__": documentation(origin)}
    mark, name = xml_type_of(origin), _name(alias)
    if mark is not None:
        said["__xml_type__"] = replace(mark, name=name)
    return type(name, (), said)


def filled(annotation: Any, cls: type) -> Any:
    """The annotation of a field of a generic class, with the parameters that `cls` (made by `concrete`) fills in.

    >>> from typing import Generic, TypeVar
    >>> T = TypeVar("T")
    >>> class Page(Generic[T]): ...
    >>> filled(list[T], concrete(Page[int]))
    list[int]
    """
    alias = alias_of(cls)
    parameters = getattr(get_origin(alias), "__parameters__", ())
    given = dict(zip(parameters, get_args(alias), strict=False))
    if isinstance(annotation, typing.TypeVar):
        return given.get(annotation, annotation)
    wanted = getattr(annotation, "__parameters__", ())
    if isinstance(annotation, type) or not wanted:
        return annotation
    return annotation[tuple(given.get(parameter, parameter) for parameter in wanted)]


def base_alias(cls: type, base: type) -> Any:
    """How `cls` names its base class: ``Page[Item]`` of ``class Items(Page[Item])``; `base` where it is plain."""
    origin = origin_of(cls)
    for named in getattr(origin, "__orig_bases__", ()):
        if get_origin(named) is base:
            return filled(named, cls)
    return base


def _name(annotation: Any) -> str:
    arguments = [argument for argument in get_args(annotation) if argument is not type(None)]
    origin = get_origin(annotation)
    if not arguments:
        plain = getattr(annotation, "__name__", None)
        if plain is None:
            raise UsageError(f"{annotation!r} has no name that a type of its own could be called by; name a class")
        return plain[:1].upper() + plain[1:] if isinstance(plain, str) else str(plain)
    outer = getattr(origin, "__name__", "") or "Any"
    inner = "And".join(_name(argument) for argument in arguments)
    return inner if outer in ("Union", "UnionType", "Annotated") else f"{outer[:1].upper()}{outer[1:]}Of{inner}"
