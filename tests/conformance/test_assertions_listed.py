"""Each of the W3C's assertions on SOAP 1.2 has a row in a table, or a reason why it has none."""

from pathlib import Path

from tests.conformance import test_assertions, test_assertions_client, test_assertions_encoding
from tests.conformance.assertions import ASSERTIONS, NOT_MET, NOT_TESTED

TABLES = (
    test_assertions.CASES,
    test_assertions.CALLS,
    test_assertions.RELAYED,
    test_assertions_encoding.ENCODED,
    test_assertions_client.SENT,
    test_assertions_client.READ,
    test_assertions_client.EARLY,
)


def test_every_assertion_is_tested_or_says_why_not() -> None:
    tested = {row.assertion for table in TABLES for row in table}
    assert len(ASSERTIONS) == 140
    assert tested | NOT_TESTED.keys() | NOT_MET.keys() == ASSERTIONS.keys()
    assert not tested & (NOT_TESTED.keys() | NOT_MET.keys())
    assert not NOT_TESTED.keys() & NOT_MET.keys()


def test_every_row_says_something_of_its_own() -> None:
    rows = [(row.assertion, row.demand) for table in TABLES for row in table]
    assert [row for row in rows if rows.count(row) > 1] == []


def test_the_documentation_says_how_many(root: Path) -> None:
    said = " ".join((root / "docs" / "supported.rst").read_text().split())
    tested = len(ASSERTIONS) - len(NOT_TESTED) - len(NOT_MET)
    assert f"{tested} are asked of a service" in said
    assert f"{len(NOT_TESTED)} cannot be asked" in said
    assert f"{len(NOT_MET)} are not met" in said
