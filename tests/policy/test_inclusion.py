"""IncludeToken: a certificate that is to travel is not believed where it is only named, and the other way round
(WS-SecurityPolicy 1.3, 5.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from soapkit.errors import SecurityError, UsageError
from soapkit.policy import Keys
from soapkit.security import BinarySecurityToken, Endorsement, HeaderRules, Security, Sign, TrustStore
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.wsdl.load import load_contract
from tests.policy.contracts import BODY_SIGNED, asymmetric, contract, nested, symmetric, transport, x509
from tests.policy.messages import sample

AUTHORITY = make_authority()
ALICE, CAROL, BANK = (make_keypair(name, AUTHORITY) for name in ("alice", "carol", "bank"))
COMMON: dict[str, Any] = {
    "trust": TrustStore.of(AUTHORITY),
    "certificates": [pair.certificate for pair in (ALICE, CAROL, BANK)],
    "replay": None,
}
CLIENT, SERVICE = Keys(ALICE, endorsing=CAROL, peer=BANK, **COMMON), Keys(BANK, **COMMON)
SENT, NAMED, HELD = ("direct", "path"), ("thumbprint", "issuer-serial", "ski"), ("embedded",)
# What is believed of each IncludeToken: in requests, in answers.
BELIEVED = {
    "Never": ((*NAMED, *HELD), (*NAMED, *HELD)),
    "Once": ((*SENT, *NAMED, *HELD), (*NAMED, *HELD)),  # no message tells that it is the first
    "AlwaysToRecipient": ((*SENT, *HELD), (*NAMED, *HELD)),
    "AlwaysToInitiator": ((*NAMED, *HELD), (*SENT, *HELD)),
    "Always": ((*SENT, *HELD), (*SENT, *HELD)),
}
TOLD = "must be in the message, and is only named there|must only be named, and is in the message"


def both(policy: str, parts: str = BODY_SIGNED, **options: Any) -> tuple[Security, Security]:
    known = load_contract(contract(policy, request=parts, reply=parts))
    client = Security.from_contract(known, keys=CLIENT, **options)
    return client, Security.from_contract(known, keys=SERVICE, side="server", **options)


def changed(security: Security, tag: str, **settings: Any) -> Security:
    """With the last signature made otherwise."""
    assert security.by_message is not None
    steps = [*security.by_message.outbound[tag]]
    at = max(at for at, step in enumerate(steps) if isinstance(step, Sign))
    steps[at] = replace(steps[at], **settings)  # type: ignore[type-var]
    return replace(security, outbound=steps, by_message=replace(security.by_message, outbound={}))


PLAIN = load_contract(contract(asymmetric()))


def cells() -> Iterator[tuple[str, str, bool]]:
    for include in BELIEVED:
        for reference in (*SENT, *NAMED, *HELD):
            yield include, reference, True
            yield include, reference, False


@pytest.mark.parametrize(("include", "reference", "request_"), [*cells()])
def test_a_certificate_is_there_or_named_as_the_policy_says(include: str, reference: str, request_: bool) -> None:
    policy = asymmetric(initiator=x509(include), recipient=x509(include))
    for options in ({}, {"allow_any_inclusion": True}):
        client, service = both(policy, **options)
        asked = client.apply(sample(PLAIN))
        sender, receiver, plain, tag = client, service, sample(PLAIN), "{urn:double}double"
        if not request_:
            sender, receiver, plain, tag = service, client, sample(PLAIN, "reply"), "{urn:double}doubleResponse"
        request = None if request_ else service.verify(asked)
        message = changed(sender, tag, key_reference=reference).apply(plain, request=request)
        if options or reference in BELIEVED[include][0 if request_ else 1]:
            receiver.verify(message)
        else:
            with pytest.raises(SecurityError, match=TOLD):
                receiver.verify(message)


def test_a_certificate_that_travels_may_be_named_as_well() -> None:
    """As .NET's policies ask for it: AlwaysToRecipient, and RequireThumbprintReference."""
    client, service = both(asymmetric())
    named = changed(client, "{urn:double}double", key_reference="thumbprint")
    assert named.by_message is not None
    service.verify(replace(named, outbound=[BinarySecurityToken(ALICE), *named.outbound]).apply(sample(PLAIN)))
    another = replace(named, outbound=[BinarySecurityToken(CAROL), *named.outbound]).apply(sample(PLAIN))
    with pytest.raises(SecurityError, match="only named"):
        service.verify(another)


@pytest.mark.parametrize("binding", [transport(), asymmetric(), symmetric()], ids=["https", "pairs", "one key"])
@pytest.mark.parametrize(("include", "reference"), [("AlwaysToRecipient", "thumbprint"), ("Never", "direct")])
def test_so_is_the_certificate_of_who_endorses(binding: str, include: str, reference: str) -> None:
    parts = "" if binding == transport() else BODY_SIGNED
    policy = binding + nested("EndorsingSupportingTokens", x509(include))
    client, service = both(policy, parts)
    service.verify(client.apply(sample(PLAIN)))
    otherwise = changed(client, "{urn:double}double", key_reference=reference).apply(sample(PLAIN))
    with pytest.raises(SecurityError, match=TOLD):
        service.verify(otherwise)
    both(policy, parts, allow_any_inclusion=True)[1].verify(otherwise)


def test_an_inclusion_that_there_is_not_is_told() -> None:
    with pytest.raises(UsageError, match="signing_certificate= is one of any, sent, named, found 'there'"):
        HeaderRules(signing_certificate="there")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="certificate= is one of any, sent, named, found 'there'"):
        Endorsement("certificate", certificate="there")  # type: ignore[arg-type]
