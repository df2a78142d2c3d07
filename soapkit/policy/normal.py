"""Normal form, merge and intersection of policies (WS-Policy 1.5, sections 4.3 to 4.5).

normalise      an expression -> its alternatives
merge          several policies -> one that is satisfied by what satisfies each
intersect      two policies -> the alternatives that both sides can keep
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import product
from typing import Literal, TypeAlias

from soapkit.errors import ContractError, LimitError
from soapkit.policy.expression import All, Alternative, Assertion, ExactlyOne, Expression, Policy, Reference

Resolve: TypeAlias = Callable[[Reference], Policy]
"""Finds the policy that a reference names. Raises `ContractError`."""

MOST_ALTERNATIVES = 4096


def refuse_references(reference: Reference) -> Policy:
    """A `Resolve` for policies that must stand alone."""
    raise ContractError(f"no policy {reference.uri!r} is here", place=reference.place)


def normalise(
    expression: Expression, resolve: Resolve = refuse_references, *, limit: int = MOST_ALTERNATIVES
) -> tuple[Alternative, ...]:
    """The alternatives of a policy; none for one that cannot be satisfied.

    Optional assertions become two alternatives, first the one without; nested policies are normalised too, one
    alternative in each assertion, first the one with what is optional in it. Raises `LimitError` beyond `limit`
    alternatives, `ContractError` for a reference that leads nowhere or round in a circle.

    >>> maybe = Assertion("{urn:x}Secret", optional=True)
    >>> [len(alternative.assertions) for alternative in normalise(Policy((maybe,)))]
    [0, 1]
    """
    return tuple(Alternative(assertions) for assertions in _Normaliser(resolve, limit).alternatives(expression, ()))


_Flat: TypeAlias = tuple[Assertion, ...]


class _Normaliser:
    def __init__(self, resolve: Resolve, limit: int) -> None:
        self._resolve = resolve
        self._limit = limit
        self._depth = 0  # of nested policies

    def alternatives(self, expression: Expression, within: tuple[str, ...]) -> list[_Flat]:
        if isinstance(expression, Assertion):
            return self._of_assertion(expression, within)
        if isinstance(expression, Reference):
            key = f"{expression.base} {expression.uri}"
            if key in within:
                raise ContractError(f"policy {expression.uri!r} refers to itself", place=expression.place)
            return self.alternatives(self._resolve(expression), (*within, key))
        parts = [self.alternatives(item, within) for item in expression.items]
        if isinstance(expression, ExactlyOne):
            return self._bounded([flat for part in parts for flat in part], sum(map(len, parts)))
        count = 1
        for part in parts:
            count *= len(part)
        self._check(count)
        return [tuple(assertion for flat in flats for assertion in flat) for flats in product(*parts)]

    def _of_assertion(self, assertion: Assertion, within: tuple[str, ...]) -> list[_Flat]:
        plain = replace(assertion, optional=False)
        found: list[_Flat] = [(plain,)]
        if assertion.nested is not None:
            self._depth += 1
            inner = self.alternatives(assertion.nested, within)
            self._depth -= 1
            at, full = assertion.nested.place, bool(assertion.nested.items)
            found = [(replace(plain, nested=Policy(flat, place=at, left_out=full and not flat)),) for flat in inner]
        if not assertion.optional:
            return found
        return [*found, ()] if self._depth else [(), *found]

    def _bounded(self, found: list[_Flat], count: int) -> list[_Flat]:
        self._check(count)
        return found

    def _check(self, count: int) -> None:
        if count > self._limit:
            raise LimitError(f"a policy of {count:,} alternatives; at most {self._limit:,} are read")


def merge(*policies: Expression) -> Policy:
    """One policy that asks for all of these (WS-Policy 1.5, 4.4)."""
    parts = [policy.items if isinstance(policy, (Policy, All)) else (policy,) for policy in policies]
    return Policy(tuple(item for items in parts for item in items))


Mode: TypeAlias = Literal["strict", "lax"]
"""Whether assertions marked as ignorable take part in the comparison (strict), or not (lax)."""


def intersect(
    one: Iterable[Alternative], other: Iterable[Alternative], *, mode: Mode = "strict"
) -> tuple[Alternative, ...]:
    """What both sides can keep: each compatible pair of alternatives, as one with the assertions of both.

    Alternatives are compatible when each assertion of one has one of its name in the other, and nested policies are
    compatible in turn; parameters are the concern of who understands the assertion (WS-Policy 1.5, 4.5).

    >>> a, b = Assertion("{urn:x}A"), Assertion("{urn:x}B")
    >>> [len(each.assertions) for each in intersect(normalise(ExactlyOne((a, b))), normalise(a))]
    [2]
    """
    others = tuple(other)
    return tuple(
        Alternative((*left.assertions, *right.assertions))
        for left in one
        for right in others
        if compatible(left.assertions, right.assertions, mode)
    )


def compatible(one: Sequence[Assertion], other: Sequence[Assertion], mode: Mode = "strict") -> bool:
    """Whether two alternatives, given by their assertions, are compatible."""
    left, right = _counted(one, mode), _counted(other, mode)
    return all(any(_compatible(a, b, mode) for b in other) for a in left) and all(
        any(_compatible(b, a, mode) for a in one) for b in right
    )


def _counted(assertions: Sequence[Assertion], mode: Mode) -> list[Assertion]:
    return [assertion for assertion in assertions if mode == "strict" or not assertion.ignorable]


def _compatible(one: Assertion, other: Assertion, mode: Mode) -> bool:
    if one.name != other.name or (one.nested is None) != (other.nested is None):
        return False
    return compatible(one.inner, other.inner, mode)
