"""Each setting that decides what is believed stands on the page on security, with what loosening it costs."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from soapkit.security import Conversation, HeaderRules, Limits, OcspResponders, Require, SamlRequirement, TrustStore

PAGE = (Path(__file__).resolve().parent.parent.parent / "docs/security.rst").read_text(encoding="utf-8")
TABLES = PAGE[PAGE.index("\nEach default, and what loosening costs\n") :]
GIVEN = {"bootstrap", "certificates", "contexts", "hosts", "post", "version"}
"""What has no default, or none that could be loosened."""


@pytest.mark.parametrize(
    "settings", [Conversation, HeaderRules, Limits, OcspResponders, Require, SamlRequirement, TrustStore]
)
def test_every_default_is_told(settings: Any) -> None:
    names = {field.name for field in dataclasses.fields(settings) if field.name[0] != "_"} - GIVEN
    assert sorted(name for name in names if not re.search(rf"^``.*\b{name}\b", TABLES, re.MULTILINE)) == []


@pytest.mark.parametrize("settings", [Limits, Require])
def test_the_defaults_are_those_of_the_code(settings: Any) -> None:
    for field in dataclasses.fields(settings):
        if isinstance(field.default, int):
            told = str(field.default) if isinstance(field.default, bool) else f"{field.default:_}"
            assert f"``{field.name}={told}``" in TABLES
