"""Shape -> a compiled function: text of a message -> value, without a tree.

Most messages of an operation differ in their values only. Those are read by regular expressions
(`compiled.template_source`). Law of this reader: it takes less than XML allows, never more. What is not
exactly as a plain writer has it (an attribute where none is declared, another order, a comment, CDATA, a reference to
a character, ``]]>``, a carriage return, a character that XML forbids, a prefix declared on the way) raises `Surprise`,
and then the tree says what the message is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from soapkit.databinding.compiled.surprise import Surprise
from soapkit.databinding.compiled.template_source import NoTemplate, TemplateSource
from soapkit.databinding.context import Context
from soapkit.databinding.shape import Key

Read: TypeAlias = Callable[[str, int], tuple[Any, int]]
"""The content of an element, from a position in a text on: its value, and where it ends. Raises `Surprise`, or what
converters raise: `REFUSALS`."""

REFUSALS = (Surprise, ValueError, KeyError, ArithmeticError, TypeError, AttributeError)

_MOST_TEMPLATES = 64


class Templates:
    """The templates of one context, made as they are needed: so many and no more, since who writes a message chooses
    its prefixes. `retold`: the texts to read were written by libxml2, from a tree."""

    def __init__(self, context: Context, *, retold: bool = False) -> None:
        self._context = context
        self._retold = retold
        self._made: dict[tuple[Key, tuple[tuple[str, str], ...], bool], Read | None] = {}

    def get(self, key: Key, scope: Mapping[str | None, str], own: str | None, *, spaced: bool) -> Read | None:
        """The function for the content of an element with these namespaces in `scope` and the prefix `own`; None where
        there is none."""
        prefixes = prefixes_in(scope, own)
        place = key, tuple(sorted(prefixes.items())), spaced
        if place in self._made:
            return self._made[place]
        if len(self._made) >= _MOST_TEMPLATES:
            return None
        writer = TemplateSource(self._context, prefixes, spaced=spaced, retold=self._retold)
        try:
            found = writer.workshop.compiled("read", writer.write("read", key))
        except NoTemplate:
            found = None
        self._made[place] = found
        return found


def prefixes_in(scope: Mapping[str | None, str], own: str | None) -> dict[str, str]:
    """How the namespaces in scope are written: of several prefixes for one, that of the element itself or none."""
    found: dict[str, str] = {} if None in scope else {"": ""}
    doubtful = set()
    for prefix, namespace in scope.items():
        if namespace in found:
            doubtful.add(namespace)
        found[namespace] = prefix or ""
    for namespace in doubtful:
        if scope.get(own) == namespace:
            found[namespace] = own or ""
        else:
            del found[namespace]
    return found
