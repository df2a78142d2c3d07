"""Header blocks that an attacker writes: what a message is for, where it goes, where its answer goes.

A signature over the Body says nothing of the headers beside it. The attacks: SOAPAction and WS-Addressing spoofing
(Jensen, Gruschka, Herkenhöner, "A survey of attacks on web services", CSRD 2009); a signed message that is passed on to
another service that believes the same signer (Davis, "Defective sign & encrypt", USENIX 2001).
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import pytest
from lxml import etree

import soapkit
from soapkit.databinding.annotations import element
from soapkit.security import Require, Security, Sign
from soapkit.soap.envelope import Draft
from soapkit.soap.version import SOAP_1_2
from soapkit.testing import loopback
from soapkit.transport.values import Headers, Request
from soapkit.xml.names import WSA

sys.path.insert(0, str(Path(__file__).parent))
from tests.parties import Keys, make_keys

NOW = datetime.now(UTC)  # the service has a clock of its own
HERE, THERE = "https://a.example/soap", "https://b.example/soap"
TO, ACTION = f"{{{WSA}}}To", f"{{{WSA}}}Action"


@soapkit.service("urn:example:accounts", style="bare")
class Accounts:
    """Two operations that take the same element, which the action alone tells apart, and one of its own."""

    @soapkit.operation(action="urn:look")
    def look(self, number: Annotated[int, element("account")]) -> str:
        return f"looked at {number}"

    @soapkit.operation(action="urn:close")
    def close(self, number: Annotated[int, element("account")]) -> str:
        return f"closed {number}"

    @soapkit.operation(action="urn:open")
    def open(self, number: int) -> str:
        return f"opened {number}"


@pytest.fixture(scope="module")
def keys() -> Keys:
    return make_keys(NOW)


def signed(keys: Keys, parts: list[str], body: str = "account", action: str = "urn:look") -> etree._Element:
    """Alice asks the service at HERE."""
    said = {"To": HERE, "Action": action, "MessageID": "urn:uuid:1"}
    headers = tuple(f'<a:{name} xmlns:a="{WSA}">{text}</a:{name}>' for name, text in said.items())
    plain = Draft(SOAP_1_2, f'<{body} xmlns="urn:example:accounts">7</{body}>', headers).to_envelope()
    return Security(outbound=[Sign(keys.alice, parts=parts)]).apply(plain, now=NOW).root


def answer(message: etree._Element, keys: Keys, parts: list[str], **settings: Any) -> bytes:
    security = Security(inbound=Require(signed=parts, trust=keys.trust))
    app = soapkit.asgi(Accounts(), security=security, **settings)
    request = Request(HERE, etree.tostring(message), Headers({"Content-Type": "application/soap+xml"}))
    return loopback(app).send(request).body


REFUSED = b"does not meet the security requirements"


def test_what_is_right_is_served(keys):
    """The control of this page."""
    parts = ["Body", TO, ACTION]
    assert b"looked at 7" in answer(signed(keys, parts), keys, parts, to=[HERE])


def test_an_action_does_not_make_another_request_of_a_signed_body(keys):
    """The Body decides (WS-I Basic Profile 1.1, R1127), where its element belongs to one operation; the Action of
    another is not supported (WS-Addressing SOAP Binding, 6.4.2)."""
    message = signed(keys, ["Body"], "open", "urn:open")
    message.find(f".//{ACTION}").text = "urn:close"
    reply = answer(message, keys, ["Body"])
    assert b"ActionNotSupported" in reply
    assert b"closed 7" not in reply


def test_an_action_that_must_be_signed_is_refused_when_it_was_changed(keys):
    """Where two operations take the same element, the Action is half of the request: it must be signed too. The control
    shows what happens when only the Body must be."""
    message = signed(keys, ["Body", ACTION])
    message.find(f".//{ACTION}").text = "urn:close"
    assert REFUSED in answer(message, keys, ["Body", ACTION])
    only_body = signed(keys, ["Body"])
    only_body.find(f".//{ACTION}").text = "urn:close"
    assert b"closed 7" in answer(only_body, keys, ["Body"])
    assert REFUSED in answer(only_body, keys, ["Body", ACTION])


def test_an_action_that_must_be_signed_is_refused_when_it_was_taken_out_or_doubled(keys):
    """Without it, the SOAPAction of the transport would decide, which nobody signs."""
    parts = ["Body", ACTION]
    without, doubled = signed(keys, parts), signed(keys, parts)
    action = without.find(f".//{ACTION}")
    action.getparent().remove(action)
    assert REFUSED in answer(without, keys, parts)
    action.text = "urn:close"
    doubled[0].insert(0, action)
    assert REFUSED in answer(doubled, keys, parts)


def test_the_soap_action_of_the_transport_is_held_against_a_signed_action(keys):
    """Intermediaries act on what the transport says (SOAPAction spoofing): both must say the same."""
    parts = ["Body", ACTION]
    app = soapkit.asgi(Accounts(), security=Security(inbound=Require(signed=parts, trust=keys.trust)))
    headers = Headers({"Content-Type": 'application/soap+xml; action="urn:close"'})
    reply = loopback(app).send(Request(HERE, etree.tostring(signed(keys, parts)), headers))
    assert b"ActionMismatch" in reply.body


def test_a_message_signed_for_another_service_is_refused(keys):
    """Bob, whom Alice sent it to, passes it on to us: her signature is right, and it was not for us."""
    parts = ["Body", TO, ACTION]
    message = signed(keys, parts)
    assert b"DestinationUnreachable" in answer(message, keys, parts, to=[THERE])
    assert b"looked at 7" in answer(message, keys, parts)  # nobody said what To must be
    message.find(f".//{TO}").text = THERE
    assert REFUSED in answer(message, keys, parts, to=[THERE])
    assert REFUSED in answer(signed(keys, ["Body", ACTION]), keys, parts, to=[HERE])


@pytest.mark.parametrize(
    "address",
    [
        "{urn:x}name",
        "{",
        "https://a.example.evil/soap",
        "https://a.example/soap/../x",
        "*",
        "http://[::1",
        "http://a:99999/",
    ],
)
def test_an_odd_address_is_no_address_of_ours(address, keys):
    parts = ["Body"]
    message = signed(keys, parts)
    message.find(f".//{TO}").text = address
    assert b"DestinationUnreachable" in answer(message, keys, parts, to=[HERE])


@pytest.mark.parametrize("name", ["ReplyTo", "FaultTo"])
def test_an_answer_goes_nowhere_that_a_stranger_says(name, keys):
    """Whether signed or not: who may ask may not thereby make us send (server-side request forgery, CWE-918)."""
    message = signed(keys, ["Body"])
    block = etree.SubElement(message[0], f"{{{WSA}}}{name}")
    address = etree.SubElement(block, f"{{{WSA}}}Address")
    for address.text in ("http://169.254.169.254/latest", "http://[::1", "http://a:99999/", "file:///etc/passwd"):
        told = answer(message, keys, ["Body"], reply_to=["https://partner.example/"])
        assert b"OnlyAnonymousAddressSupported" in told, address.text


def test_a_block_for_somebody_else_is_not_ours_to_believe(keys):
    """A signed Action inside a block with another role, a forged one at its place."""
    parts = ["Body", ACTION]
    message = signed(keys, parts)
    action = message.find(f".//{ACTION}")
    forged = etree.Element(ACTION)
    forged.text = "urn:close"
    action.addprevious(forged)
    holder = etree.SubElement(message[0], "{urn:any}holder")
    holder.set(f"{{{SOAP_1_2.namespace}}}role", "urn:nobody")
    holder.append(action)
    assert REFUSED in answer(message, keys, parts)
