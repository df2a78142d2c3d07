"""Base64, strictly, with pybase64 and without it."""

from __future__ import annotations

import binascii
import importlib
import sys
from types import ModuleType

import pytest

from soapkit.xml import base64 as installed


@pytest.fixture(params=["pybase64", "binascii"])
def codec(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module as it is with pybase64, and as it is where that is not installed."""
    if request.param == "pybase64":
        return installed
    with monkeypatch.context() as context:
        context.setitem(sys.modules, "pybase64", None)
        context.delitem(sys.modules, installed.__name__)
        return importlib.import_module(installed.__name__)


@pytest.mark.parametrize("octets", [b"", b"a", b"ab", b"abc", bytes(range(256))])
def test_octets_come_back(codec: ModuleType, octets: bytes) -> None:
    assert codec.from_base64(codec.to_base64(octets)) == octets
    assert codec.to_base64(octets) == binascii.b2a_base64(octets, newline=False).decode()


@pytest.mark.parametrize("text", ["A", "AAA", "AA=", "AAA=AAAA", "AA A", "AAA\n", "AA-_", "A===", "=AAA", "é==="])
def test_what_is_no_base64_is_refused(codec: ModuleType, text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        codec.from_base64(text)
