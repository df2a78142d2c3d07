"""Keys and messages for the tests of WS-Security."""

from __future__ import annotations

from datetime import datetime

import pytest

from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import BY_LABEL
from tests.parties import NOW, Keys, make_keys


@pytest.fixture(scope="session")
def keys() -> Keys:
    return make_keys()


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(params=["1.1", "1.2"])
def plain(request: pytest.FixtureRequest) -> Envelope:
    """A message in each SOAP version."""
    return Draft(
        BY_LABEL[request.param],
        '<b:transfer xmlns:b="urn:bank" currency="EUR"><b:to>DE1</b:to><b:note>a &amp; b é &#13;</b:note></b:transfer>',
        ('<a:To xmlns:a="urn:addressing">http://bank.example/</a:To>',),
    ).to_envelope()
