"""WS-Policy: reading, normal form, merge, intersection."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from soapkit.errors import ContractError, LimitError
from soapkit.policy.expression import All, Alternative, Assertion, ExactlyOne, Expression, Policy
from soapkit.policy.normal import intersect, merge, normalise
from soapkit.policy.parse import WSP12, WSP15, normal_element, parse_policy, policy_element

A, B, C = (Assertion(f"{{urn:x}}{letter}") for letter in "ABC")


def policy(inside: str, namespace: str = WSP15) -> Policy:
    return parse_policy(etree.fromstring(f'<p:Policy xmlns:p="{namespace}" xmlns:x="urn:x">{inside}</p:Policy>'))


def names(alternatives: tuple[Alternative, ...]) -> list[str]:
    return ["".join(assertion.local for assertion in alternative) for alternative in alternatives]


# --- normal form --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("namespace", [WSP15, WSP12, "http://www.w3.org/2006/07/ws-policy"])
def test_a_policy_means_the_same_in_every_namespace(namespace: str) -> None:
    assert names(normalise(policy("<p:ExactlyOne><x:A/><p:All><x:B/><x:C/></p:All></p:ExactlyOne>", namespace))) == [
        "A",
        "BC",
    ]


def test_an_empty_policy_has_one_alternative_that_asks_for_nothing() -> None:
    assert names(normalise(policy(""))) == [""]


def test_one_of_nothing_cannot_be_satisfied() -> None:
    assert normalise(policy("<x:A/><p:ExactlyOne/>")) == ()


def test_an_optional_assertion_is_there_or_not() -> None:
    assert names(normalise(policy('<x:A p:Optional="true"/><x:B/>'))) == ["B", "AB"]


def test_the_optional_of_policy_1_0_is_read() -> None:
    old = "http://schemas.xmlsoap.org/ws/2002/12/policy"
    assert names(normalise(policy('<x:A p:Usage="p:Optional"/>', old))) == ["", "A"]


def test_alternatives_inside_an_assertion_become_alternatives_of_the_policy() -> None:
    found = normalise(policy("<x:A><p:Policy><p:ExactlyOne><x:B/><x:C/></p:ExactlyOne></p:Policy></x:A>"))
    assert [[inner.local for inner in each.assertions[0].inner] for each in found] == [["B"], ["C"]]


def test_a_nested_policy_that_nothing_satisfies_takes_its_assertion_along() -> None:
    assert normalise(policy("<x:A><p:Policy><p:ExactlyOne/></p:Policy></x:A>")) == ()


def test_an_empty_nested_policy_is_something_else_than_none() -> None:
    (one,), (other,) = normalise(policy("<x:A><p:Policy/></x:A>")), normalise(policy("<x:A/>"))
    assert not one.alike(other)


def test_more_alternatives_than_can_be_meant_are_refused() -> None:
    with pytest.raises(LimitError, match="at most 4,096"):
        normalise(policy("".join(f'<x:A{n} p:Optional="true"/>' for n in range(60))))


def test_two_nested_policies_are_refused_with_their_line() -> None:
    with pytest.raises(ContractError, match=r"A has 2 nested policies"):
        policy("<x:A><p:Policy/><p:Policy/></x:A>")


def test_an_unknown_operator_is_refused() -> None:
    with pytest.raises(ContractError, match="expected a policy operator"):
        policy("<p:SomeOf/>")


# --- laws ---------------------------------------------------------------------------------------------------------

ASSERTIONS: st.SearchStrategy[Expression] = st.builds(
    Assertion, st.sampled_from(["{urn:x}A", "{urn:x}B", "{urn:x}C"]), optional=st.booleans(), ignorable=st.booleans()
)
EXPRESSIONS = st.recursive(
    ASSERTIONS,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, max_size=2).map(tuple)),
        st.builds(ExactlyOne, st.lists(inner, max_size=2).map(tuple)),
        st.builds(Assertion, st.just("{urn:x}N"), nested=st.builds(Policy, st.lists(inner, max_size=2).map(tuple))),
    ),
    max_leaves=4,
)
POLICIES = st.builds(Policy, st.lists(EXPRESSIONS, max_size=3).map(tuple))


@settings(max_examples=50, deadline=None)
@given(POLICIES)
def test_what_is_written_is_read_again(given_policy: Policy) -> None:
    assert parse_policy(policy_element(given_policy)) == given_policy


@settings(max_examples=50, deadline=None)
@given(POLICIES)
def test_the_normal_form_of_a_normal_form_is_itself(given_policy: Policy) -> None:
    once = normalise(given_policy)
    again = normalise(parse_policy(normal_element(once)))
    assert len(once) == len(again)
    assert all(one.alike(other) for one, other in zip(once, again, strict=True))


@settings(max_examples=50, deadline=None)
@given(POLICIES, POLICIES)
def test_a_merge_has_an_alternative_for_each_pair(one: Policy, other: Policy) -> None:
    both = normalise(merge(one, other), limit=1_000_000)
    assert len(both) == len(normalise(one)) * len(normalise(other))


@settings(max_examples=50, deadline=None)
@given(POLICIES)
def test_every_policy_is_compatible_with_itself(given_policy: Policy) -> None:
    alternatives = normalise(given_policy)
    assert len(intersect(alternatives, alternatives)) >= len(alternatives)


# --- intersection -------------------------------------------------------------------------------------------------


def test_only_what_both_sides_can_keep_remains() -> None:
    one, other = normalise(ExactlyOne((A, All((B, C))))), normalise(ExactlyOne((All((C, B)), C)))
    assert names(intersect(one, other)) == ["BCCB"]


def test_an_ignorable_assertion_counts_only_when_strict() -> None:
    logged = Assertion("{urn:x}Log", ignorable=True)
    one, other = normalise(All((A, logged))), normalise(A)
    assert intersect(one, other) == ()
    assert names(intersect(one, other, mode="lax")) == ["ALogA"]


def test_nested_policies_must_be_compatible_too() -> None:
    with_b, with_c = (Assertion("{urn:x}A", nested=Policy((inner,))) for inner in (B, C))
    assert intersect(normalise(with_b), normalise(with_c)) == ()
    assert intersect(normalise(with_b), normalise(A)) == ()
    assert len(intersect(normalise(with_b), normalise(with_b))) == 1
