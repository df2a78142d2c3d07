"""Ways past the settings of a service: what one of them lets in must not get round another."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import soapkit
from soapkit.security import Encrypt, Require, Security, Sign, Timestamp
from soapkit.soap.envelope import Draft
from soapkit.soap.version import SOAP_1_1
from soapkit.testing import loopback
from soapkit.transport.values import Headers, Request
from soapkit.xml.parse import XmlLimits
from tests.parties import make_keys

NOW = datetime.now(UTC)
REFUSED = b"does not meet the security requirements"


@soapkit.service("urn:example:clock")
class Clock:
    @soapkit.operation
    def tell(self, zone: str) -> str:
        return f"noon in {zone}"


@pytest.fixture(scope="module")
def keys():
    return make_keys(NOW)


def answer(message: bytes, keys, **settings) -> bytes:
    wanted = Require(signed=["Body"], trust=keys.trust, key=keys.bob)
    app = soapkit.asgi(Clock(), security=Security(inbound=wanted), **settings)
    return loopback(app).send(Request("http://a.example/", message, Headers({"Content-Type": "text/xml"}))).body


def message(keys, *steps, zone: str = "Oslo") -> bytes:
    plain = Draft(SOAP_1_1, f'<c:tell xmlns:c="urn:example:clock"><c:zone>{zone}</c:zone></c:tell>').to_envelope()
    return Security(outbound=[Timestamp(), Sign(keys.alice), *steps]).apply(plain).to_bytes()


def test_a_fault_is_no_request(keys):
    """A client hears faults that nobody signed (``unsigned_faults``). To a service nobody says so without a signature:
    it is answered as all that is not secured."""
    fault = "<s:Fault><faultcode>s:Client</faultcode><faultstring>x</faultstring></s:Fault>"
    unsecured = f'<s:Envelope xmlns:s="{SOAP_1_1.namespace}"><s:Body>{fault}</s:Body></s:Envelope>'
    assert REFUSED in answer(unsecured.encode(), keys)


def test_what_is_decrypted_keeps_the_limits_of_the_service(keys):
    """A stranger has the service's certificate: behind encryption he may send what he may not send in the clear, unless
    it is measured again by the same limits."""
    tight = XmlLimits(depth=15)
    deep = "<x>" * 12 + "</x>" * 12
    assert b"noon in Oslo" in answer(message(keys, Encrypt(to=keys.bob)), keys, xml_limits=tight)
    assert b"15" in answer(message(keys, zone=deep), keys, xml_limits=tight)
    assert REFUSED in answer(message(keys, Encrypt(to=keys.bob), zone=deep), keys, xml_limits=tight)
    assert REFUSED not in answer(message(keys, Encrypt(to=keys.bob), zone=deep), keys)  # the control
