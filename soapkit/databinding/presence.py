"""Which fields of a record hold something to write."""

from __future__ import annotations

from typing import Any

import msgspec

from soapkit.databinding.given import given_with
from soapkit.databinding.shape import ElementField, Particle, leaves


def is_given(leaf: Particle, value: Any) -> bool:
    """Whether a field holds something to write. None is a value (nil) only where nil is told from absent."""
    if value is msgspec.UNSET:
        return False
    if isinstance(leaf, ElementField) and not leaf.many:
        return value is not None or leaf.nillable
    return value is not None and value != [] and value != ()


def present(particle: Particle, value: Any) -> bool:
    """Whether any field below a particle is given, or came as nil where None does not say so."""
    said = given_with(value).children
    return any(is_given(leaf, getattr(value, leaf.name)) or (leaf.name, 0) in said for leaf in leaves(particle))


def names_of(particle: Particle) -> str:
    """The fields below a particle, for a person."""
    return ", ".join(leaf.name for leaf in leaves(particle))
