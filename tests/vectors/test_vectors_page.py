"""The page of vectors says what comes out today, and nothing damaged is believed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from catalog import vectors as all_vectors
from contracts import tallies
from run import Outcome, ask, page

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")  # of a certificate of 2002


@pytest.fixture(scope="module")
def outcomes(vectors: Path) -> list[Outcome]:
    return [ask(vector) for vector in all_vectors(vectors)]


def test_nothing_damaged_is_believed(outcomes: list[Outcome]) -> None:
    assert [str(outcome.vector) for outcome in outcomes if outcome.is_wrong] == []
    assert sum(outcome.vector.damaged for outcome in outcomes) > 30


def test_the_page_is_that_of_today(outcomes: list[Outcome], vectors: Path, root: Path) -> None:
    """``python tests/vectors/run.py --write docs/vectors.rst`` makes it so."""
    assert (root / "docs/vectors.rst").read_text(encoding="utf-8") == page(outcomes, tallies(vectors))
