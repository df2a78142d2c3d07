"""What a class says of its fields: the texts under them in its source.

    class Order(Struct):
        number: int
        "Counted from 1."

Python keeps none of these, so the source is read; only where a contract is written from code, since that costs.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import textwrap
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from soapkit.databinding.described.classes import base_class
from soapkit.databinding.described.generics import origin_of
from soapkit.databinding.shape import All, Choice, ElementField, Key, Particle, Record, Sequence, Shapes

ParticleT = TypeVar("ParticleT", bound=Particle)

# CPython 3.11 counts the depth of a syntax tree for all threads together, and gives SystemError where two make one at
# once (its issue 106905); so ours do not, and a contract lacks a text rather than that there is none.
_PARSING = threading.Lock()


class DocumentedShapes(Mapping[Key, Record]):
    """The records of `shapes`, their element fields with the texts under them; a text that is there already stays."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes

    def __getitem__(self, key: Key) -> Record:
        record = self._shapes[key]
        texts = _all_texts(key) if isinstance(key, type) else {}
        return replace(record, content=_documented(record.content, texts)) if texts else record

    def __contains__(self, key: object) -> bool:
        return key in self._shapes

    def __iter__(self) -> Iterator[Key]:
        return iter(self._shapes)

    def __len__(self) -> int:
        return len(self._shapes)


def _all_texts(cls: type) -> dict[str, str]:
    base = base_class(cls)
    return (_all_texts(base) if base is not None else {}) | field_texts(origin_of(cls))


@functools.cache
def field_texts(cls: type) -> dict[str, str]:
    """The text under each field in the body of `cls`; nothing where its source is not at hand."""
    try:
        with _PARSING:
            (body,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    except (OSError, TypeError, SyntaxError, ValueError, SystemError):
        return {}
    found = {}
    statements = body.body if isinstance(body, ast.ClassDef) else []
    for field, below in itertools.pairwise(statements):
        text = below.value.value if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) else None
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, str):
            found[field.target.id] = inspect.cleandoc(text)
    return found


def _documented(particle: ParticleT, texts: Mapping[str, str]) -> ParticleT:
    if isinstance(particle, (Sequence, Choice, All)):
        return replace(particle, particles=tuple(_documented(inner, texts) for inner in particle.particles))
    if isinstance(particle, ElementField) and particle.name in texts and not particle.documentation:
        return replace(particle, documentation=texts[particle.name])
    return particle
