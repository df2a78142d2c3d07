"""Canonical forms are what libxmlsec computes, of any document; ``make fuzz`` asks about tens of thousands."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from lxml import etree

sys.path.insert(0, str(Path(__file__).parent))
import fuzz_canonical_forms as fuzz

from soapkit.xml.c14n import METHODS


def test_no_difference_from_xmlsec_in_any_form() -> None:
    assert len(fuzz.run(2_000, 5)) == 11  # the forms, plain and with prefixes, of elements and of whole documents


@pytest.mark.parametrize("exclusive", [True, False])
def test_what_lxml_itself_gets_wrong_is_found(monkeypatch: pytest.MonkeyPatch, exclusive: bool) -> None:
    """The control: lxml's inclusive form of a subtree, and its neglect of ``#default`` in a fresh thread."""

    def naive(element: etree._Element, *, method: str, prefixes: list[str]) -> bytes:
        assert METHODS[method] is exclusive
        return etree.tostring(element, method="c14n", exclusive=exclusive, with_comments=False)

    monkeypatch.setattr(fuzz, "canonicalise", naive)
    monkeypatch.setattr(fuzz, "FORMS", [form for form in fuzz.FORMS if METHODS[form] is exclusive])
    monkeypatch.setattr(fuzz, "SPELLED", [])
    with pytest.raises(AssertionError, match="xml"):
        fuzz.run(2_000, 5)
