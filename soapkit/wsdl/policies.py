"""Policies on their way into a contract: what write11.py writes, and where it refers to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from lxml.etree import _Element

Direction: TypeAlias = Literal["input", "output", "fault"]


@dataclass(frozen=True, slots=True)
class WrittenPolicies:
    """`elements`: ``wsp:Policy`` elements, each with an id (``wsu:Id``); `binding`: the id of the one for every
    binding, ``""`` for none; `messages`: the ids of those for messages, by the method of an operation and direction.

    What they say is no concern of the contract wing.
    """

    elements: tuple[_Element, ...] = ()
    binding: str = ""
    messages: Mapping[tuple[str, Direction], str] = field(default_factory=dict)


NO_POLICIES = WrittenPolicies()
