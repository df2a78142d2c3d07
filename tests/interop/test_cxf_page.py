"""The page of policies tried against CXF shows those that are run."""

from __future__ import annotations

from tests.interop.cxf_page import PAGE, page


def test_the_page_shows_what_is_run() -> None:
    """``python -m tests.interop.cxf_page`` makes it so."""
    assert PAGE.read_text(encoding="utf-8") == page()
