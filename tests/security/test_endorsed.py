"""An endorsing signature: somebody known signs the signature that a shared key made, and so says who sent it."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from soapkit.errors import SecurityError, UsageError
from soapkit.security import SHARED, Contexts, Require, Security, SecurityContext, SharedKey, Sign, Timestamp
from soapkit.security.markup import SECURITY, TIMESTAMP
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.xml.parse import parse_message

TO = '<a:To xmlns:a="urn:a">bank</a:To>'
ALL = ["Body", "Timestamp"]


def sent(keys: Any, now: Any, *more: Any) -> Envelope:
    """A message signed with a key that anybody could have made, and what signs it further."""
    security = Security(outbound=[Timestamp(), SharedKey(to=keys.bob), Sign(SHARED, parts=ALL), *more])
    secured = security.apply(Draft(SOAP_1_1, "<x>ask</x>", (TO,)).to_envelope(), now=now)
    return Envelope.read(parse_message(secured.to_bytes()))


def required(keys: Any, *endorsed: str, **changes: Any) -> Security:
    settings = {"signed": ALL, "trust": keys.trust, "key": keys.bob, "shared_key": True, "endorsed": endorsed}
    return Security(inbound=Require(**{**settings, **changes}))


def test_who_endorses_is_who_sent_it(keys: Any, now: Any) -> None:
    message = sent(keys, now, Sign(keys.alice, parts=["Signature"]))
    assert required(keys, "Signature").verify(message, now=now).signer == keys.alice.certificate


@pytest.mark.parametrize("more", [[], ["Timestamp"], ["Body"], ["Body", "Timestamp"]], ids=" ".join)
def test_a_message_without_an_endorsement_is_refused(keys: Any, now: Any, more: list[str]) -> None:
    steps = [Sign(keys.alice, parts=more)] if more else []
    message = sent(keys, now, *steps)
    if more == ["Body", "Timestamp"]:  # it is signed by somebody known, all of it: what is endorsed is no question
        required(keys).verify(message, now=now)
    with pytest.raises(SecurityError, match="is not endorsed"):
        required(keys, "Signature").verify(message, now=now)


def test_an_endorsement_by_somebody_else_is_refused(keys: Any, now: Any) -> None:
    with pytest.raises(SecurityError):
        required(keys, "Signature").verify(sent(keys, now, Sign(keys.mallory, parts=["Signature"])), now=now)


def test_another_shared_key_endorses_nothing(keys: Any, now: Any) -> None:
    message = sent(keys, now, SharedKey(to=keys.bob), Sign(SHARED, parts=["Signature"]))
    with pytest.raises(SecurityError, match="is not endorsed"):
        required(keys, "Signature").verify(message, now=now)


def test_what_the_endorser_must_sign_besides_is_looked_for(keys: Any, now: Any) -> None:
    settings = required(keys, "Signature", "{urn:a}To")
    with pytest.raises(SecurityError, match="is not endorsed"):
        settings.verify(sent(keys, now, Sign(keys.alice, parts=["Signature"])), now=now)
    settings.verify(sent(keys, now, Sign(keys.alice, parts=["Signature", "{urn:a}To"])), now=now)


def test_a_context_endorses(keys: Any, now: Any) -> None:
    context = SecurityContext("urn:uuid:1", bytes(32))
    message = sent(keys, now, SharedKey(to=context), Sign(SHARED, parts=["Signature"]))
    settings = required(keys, "Signature", contexts=Contexts([context]))
    assert settings.verify(message, now=now).signer is None
    with pytest.raises(SecurityError):
        required(keys, "Signature", contexts=Contexts()).verify(message, now=now)


def test_endorsing_nothing_makes_no_sense(keys: Any) -> None:
    with pytest.raises(UsageError, match="beside signed="):
        Require(endorsed=["Signature"], trust=keys.trust)
    with pytest.raises(UsageError, match="list of names of parts"):
        Require(signed=["Body"], endorsed="Signature", trust=keys.trust)


def test_an_endorsement_of_another_message_endorses_nothing(keys: Any, now: Any) -> None:
    """Anybody can make a MAC that a service believes; so the endorsement is looked for over that very signature. Here
    a stolen one goes along, with the signature and the Body that it is good for, beside a forged Body and its MAC."""
    stolen = sent(keys, now, Sign(keys.alice, parts=["Signature"]))
    forged = Security(outbound=[Timestamp(), SharedKey(to=keys.bob), Sign(SHARED, parts=ALL)]).apply(
        Draft(SOAP_1_1, "<x>FORGED</x>").to_envelope(), now=now
    )
    (theirs,), (own,) = ([block for block in each.headers if block.tag == SECURITY] for each in (stolen, forged))
    kept = etree.SubElement(forged.header, "{urn:any}kept")
    stamp = theirs.find(TIMESTAMP)
    kept.extend([stolen.body, stamp])
    own.extend(list(theirs))
    message = Envelope.read(parse_message(forged.to_bytes()))
    assert b"FORGED" in required(keys).verify(message, now=now).envelope.to_bytes()  # the MAC is right
    with pytest.raises(SecurityError, match="is not endorsed"):
        required(keys, "Signature").verify(message, now=now)
