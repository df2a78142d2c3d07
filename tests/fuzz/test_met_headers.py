"""A message like one that was met is believed as any other is; ``make fuzz`` asks about tens of thousands."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import fuzz_met_headers as fuzz

from soapkit.security import outline


def test_by_their_bytes_messages_are_believed_as_by_their_trees() -> None:
    seen = fuzz.run(400, 5)
    assert seen.met > 50 and seen.both > 30 and seen.believed > seen.both


@pytest.mark.parametrize("carelessness", ["ids", "references"])
def test_a_header_that_is_met_too_readily_is_found(monkeypatch: pytest.MonkeyPatch, carelessness: str) -> None:
    """The control: where what is named is not looked for elsewhere, or characters may be written as references."""
    if carelessness == "ids":
        monkeypatch.setattr(outline, "_is_nowhere_else", lambda *_: True)
    else:
        monkeypatch.setattr(outline, "refers_to_characters", lambda *_: False)
    with pytest.raises(AssertionError, match="several elements carry the id"):
        fuzz.run(20_000, 6)
