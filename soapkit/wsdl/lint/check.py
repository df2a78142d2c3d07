"""A contract and a profile -> findings: the rules it breaks, and what else was wrong when it was read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from soapkit.errors import NOWHERE, ContractError, Place, Problem, UsageError
from soapkit.wsdl.lint.description import Description
from soapkit.wsdl.lint.rules import ANY_PROFILE, Level, Profile, rules_for
from soapkit.wsdl.model import Contract

_NUMBER = re.compile(r"\bR\d{4}\b")


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a contract breaks a rule.

    `rule`: its number in the Profile; empty for what the Profile does not know: rules of WSDL and XML Schema. `demand`
    and `why`: what the rule wants, and what breaks without.
    """

    level: Level
    message: str
    rule: str = ""
    demand: str = ""
    why: str = ""
    place: Place = NOWHERE


def lint(contract: Contract, profile: Profile = ANY_PROFILE) -> tuple[Finding, ...]:
    """Everything to find, by file and line.

    Without a profile, bindings of SOAP 1.1 are held to Basic Profile 1.1 and 1.2, those of SOAP 1.2 to 2.0. Raises
    `UsageError` for a WSDL 2.0 contract, which the Profile says nothing of.

    >>> from soapkit.wsdl.load import load_contract
    >>> lint(load_contract("wsdl/bank.wsdl"))
    ()
    """
    if contract.definitions.version != "1.1":
        raise UsageError(f"{contract.source} is WSDL {contract.definitions.version}; the Basic Profile is on WSDL 1.1")
    description = Description(contract)
    found = [
        Finding(rule.level, problem.message, rule.number, rule.demand, rule.why, problem.place)
        for rule in rules_for(profile)
        for problem in rule.check(description)
    ]
    found += _of_reading(contract, found)
    order = {document.source: number for number, document in enumerate(contract.documents)}

    def position(finding: Finding) -> tuple[int, int, str]:
        return order.get(finding.place.source, len(order)), finding.place.line or 0, finding.rule

    return tuple(sorted(dict.fromkeys(found), key=position))


def _of_reading(contract: Contract, told: list[Finding]) -> Iterator[Finding]:
    """What was told when the contract was read; not once more what a rule tells, in the same words or by its number."""
    try:
        contract.schema.read_everything()  # types are read when they are used, and tell what is wrong only then
        unreadable: tuple[Problem, ...] = ()
    except ContractError as error:
        unreadable = error.problems
    levels: tuple[tuple[Level, tuple[Problem, ...]], ...] = (
        ("error", (*contract.problems, *unreadable)),
        ("warning", contract.warnings),
    )
    numbers, words = {finding.rule for finding in told}, {(finding.message, finding.place) for finding in told}
    for level, problems in levels:
        for problem in problems:
            cited = numbers.intersection(_NUMBER.findall(problem.message))
            if not cited and (problem.message, problem.place) not in words:
                yield Finding(level, problem.message, place=problem.place)
