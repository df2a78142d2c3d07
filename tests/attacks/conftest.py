"""Keys and messages for the attacks on WS-Security."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import pytest

from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import BY_LABEL

sys.path.insert(0, str(Path(__file__).parent))
from tests.parties import NOW, Keys, make_keys


@pytest.fixture(scope="session")
def keys() -> Keys:
    return make_keys()


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def plain() -> Envelope:
    return Draft(
        BY_LABEL["1.1"],
        '<b:transfer xmlns:b="urn:bank"><b:to>DE1</b:to></b:transfer>',
        ('<a:To xmlns:a="urn:addressing">http://bank.example/</a:To>',),
    ).to_envelope()
