"""What a code-first service demands is what its contract says: publish, read, settings that work."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import soapkit
from soapkit.errors import SecurityError
from soapkit.policy import Keys
from soapkit.policy.attach import Policies
from soapkit.policy.demands import Demands
from soapkit.policy.expression import Policy
from soapkit.policy.names import SP11, SP12
from soapkit.policy.normal import normalise
from soapkit.policy.parse import parse_policy, policy_element
from soapkit.policy.security import read_demands
from soapkit.policy.security_write import endpoint_assertions, message_assertions
from soapkit.security import (
    REQUEST,
    SHARED,
    SIGNER,
    Contexts,
    Conversation,
    Encrypt,
    Require,
    Security,
    SharedKey,
    Sign,
    TrustStore,
)
from soapkit.security.crypto.algorithms import profile
from soapkit.security.crypto.certificates import public_key_of
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.server.asgi import Asgi
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from tests.policy.contracts import (
    BODY,
    BODY_SIGNED,
    asymmetric,
    by_password,
    contract,
    conversing,
    nested,
    symmetric,
    transport,
    username,
    x509,
)
from tests.policy.services import (
    ASYMMETRIC,
    OVER_HTTPS,
    PASSWORDS,
    SIGNED,
    SYMMETRIC,
    Doubler,
    Pairs,
    assertion,
    published,
    steps,
)


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    authority = make_authority()
    return Pairs(TrustStore.of(authority), make_keypair("alice", authority), make_keypair("bob", authority))


def read(application: Asgi, address: str = "http://a.example/") -> Contract:
    return load_contract(published(application, address))


def demands(known: Contract) -> Any:
    policies = Policies(known)
    (alternative,) = normalise(policies.endpoint().policy, policies.resolve)
    return read_demands(alternative)


def called(application: Asgi, known: Contract, keys: Keys, **given: Any) -> Any:
    """What a client answers that knows of security from the contract alone."""
    client = soapkit.Client.from_wsdl(
        known, security=Security.from_contract(known, keys=keys), transport=soapkit.testing.loopback(application)
    )
    with client:
        return client.double(number=21, **given), client.half(number=21, **given)


@pytest.mark.parametrize("settings", [*ASYMMETRIC, *SYMMETRIC])
def test_a_client_that_knows_the_published_policy_alone_is_served(settings: str, pairs: Pairs) -> None:
    application = soapkit.asgi(Doubler(), security=(ASYMMETRIC | SYMMETRIC)[settings](pairs), policy="required")
    given = {"trace": "of this call"} if settings == "a header" else {}
    assert called(application, read(application), pairs.client(), **given) == (42, 10)


@pytest.mark.parametrize("settings", OVER_HTTPS)
def test_over_https_the_transport_protects_what_messages_do_not(settings: str, pairs: Pairs) -> None:
    application = soapkit.asgi(Doubler(), security=OVER_HTTPS[settings](pairs), policy="required")
    known = read(application, "https://a.example/")
    assert demands(known).binding.kind == "transport"
    confirmation = "holder-of-key" if settings == "holder of key" else "bearer"
    assert called(application, known, pairs.client(assertion=assertion(pairs, confirmation))) == (42, 10)


def test_a_password_over_plain_http_is_asked_for_as_a_digest(pairs: Pairs) -> None:
    application = soapkit.asgi(Doubler(), security=Security(inbound=Require(username=PASSWORDS)))
    known = read(application)
    (supporting,) = demands(known).supporting
    assert supporting.tokens[0].has("HashPassword")
    assert called(application, known, pairs.client()) == (42, 10)


@pytest.mark.parametrize("derived", ["", "2005/12"])
def test_a_conversation_is_published_with_what_secures_its_beginning(derived: Any, pairs: Pairs) -> None:
    contexts = Contexts()
    settings = Security(
        steps(SharedKey(to=REQUEST, derived=derived), Sign(SHARED), Encrypt(to=SHARED)),
        Require(signed=SIGNED, encrypted=["Body"], contexts=contexts),
        conversation=Conversation(contexts, bootstrap=ASYMMETRIC["signed and encrypted"](pairs)),
    )
    application = soapkit.asgi(Doubler(), security=settings, policy="required")
    assert called(application, read(application), pairs.client()) == (42, 10)
    assert len(contexts.held()) == 0, "and was cancelled in the end"


def test_a_published_contract_without_security_says_nothing_of_policies() -> None:
    for settings in ({}, {"security": Security()}, {"security": None}):
        assert b"Policy" not in published(soapkit.asgi(Doubler(), **settings))  # type: ignore[arg-type]  # as given


def test_addressing_that_is_required_is_published(pairs: Pairs) -> None:
    application = soapkit.asgi(Doubler(), addressing="required")
    known = read(application)
    assert [port.addressing for service in known.services for port in service.ports] == ["2005/08"] * 2
    with soapkit.Client.from_wsdl(known, transport=soapkit.testing.loopback(application)) as client:
        assert client.double(number=21) == 42


ONLY_EDWARDS = replace(profile("modern"), signatures=frozenset({"ed25519"}))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (lambda pairs: Security((), pairs.require(signed=SIGNED)), "in answers of double: Timestamp must be"),
        (lambda pairs: Security((), pairs.require(signed=["#this"])), "in requests of double: #this must be signed"),
        (
            lambda pairs: Security(
                steps(SharedKey(to=REQUEST, derived="2005/02"), Sign(SHARED)),
                Require(signed=[*SIGNED, "{urn:x}Trace"], key=pairs.bob, shared_key=True),
            ),
            "keys derived as of 2005/02 go with WS-SecurityPolicy 1.1, which has no RequiredParts",
        ),
        (
            lambda pairs: Security((), pairs.require(signed=["Body"]), actor="urn:gate"),
            "for the role urn:gate, which no policy can say",
        ),
        (
            lambda pairs: Security([Encrypt(to=SIGNER)], Require(key=pairs.bob, encrypted=["Body"])),
            "in answers of double: they are encrypted to whoever signed the request",
        ),
        (
            lambda pairs: Security((), pairs.require(signed=["Body"], algorithms=ONLY_EDWARDS)),
            "in requests of double: rsa-sha1 is not accepted",
        ),
        (
            lambda pairs: Security(
                steps(Sign(pairs.bob), Encrypt(to=SIGNER, algorithm="aes128-gcm")),
                pairs.require(signed=SIGNED, encrypted=["Body"]),
            ),
            "in answers of double: aes128-gcm is not accepted",
        ),
    ],
)
def test_what_no_policy_can_say_is_told_by_name(
    settings: Callable[[Pairs], Security], told: str, pairs: Pairs, caplog: pytest.LogCaptureFixture
) -> None:
    application = soapkit.asgi(Doubler(), security=settings(pairs))
    assert told in caplog.text
    assert b"Policy" not in published(application)
    with pytest.raises(SecurityError, match=re.escape(told)):
        soapkit.asgi(Doubler(), security=settings(pairs), policy="required")


def test_a_service_that_knows_clients_by_their_keys_alone_says_so(pairs: Pairs) -> None:
    security = Security(
        steps(Sign(pairs.bob, key_reference="key-value")),
        Require(
            signed=SIGNED,
            trust=TrustStore.of(public_key_of(pairs.alice.certificate)),
            algorithms=profile("key_value"),
        ),
    )
    application = soapkit.asgi(Doubler(), security=security, policy="required")
    assert published(application).count(b"KeyValueToken") == 4
    keys = replace(pairs.client(), trust=TrustStore.of(public_key_of(pairs.bob.certificate)))
    assert called(application, read(application), keys) == (42, 10)


def test_keys_derived_as_of_2005_are_said_in_the_policy_of_that_year(pairs: Pairs) -> None:
    text = published(soapkit.asgi(Doubler(), security=SYMMETRIC["one secret, derived as of 2005/02"](pairs)))
    assert SP11.encode() in text
    assert SP12.encode() not in text


def test_a_policy_that_is_off_is_not_published(pairs: Pairs) -> None:
    application = soapkit.asgi(Doubler(), security=ASYMMETRIC["signed"](pairs), policy="off")
    assert b"Policy" not in published(application)


FROM_CONTRACTS = {
    "asymmetric": asymmetric("EncryptSignature", "ProtectTokens"),
    "symmetric": symmetric("EncryptBeforeSigning") + nested("EndorsingSupportingTokens", x509()),
    "symmetric, derived": symmetric(protection=x509("Never", "RequireDerivedKeys"), algorithms="Basic256GCM"),
    "by password": symmetric(protection=by_password("RequireDerivedKeys")),
    "a user": asymmetric() + username(holder="SignedEncryptedSupportingTokens"),
    "conversation": symmetric(protection=conversing(asymmetric() + BODY)),
}


@pytest.mark.parametrize("policy", FROM_CONTRACTS)
def test_settings_from_one_contract_are_published_in_another(policy: str, pairs: Pairs) -> None:
    known = load_contract(contract(FROM_CONTRACTS[policy], request=BODY, reply=BODY, half=BODY_SIGNED))
    own = Keys(pairs.bob, trust=pairs.trust, passwords=PASSWORDS, certificates=(pairs.alice.certificate,))
    security = Security.from_contract(known, keys=own, side="server")
    application = soapkit.asgi(Doubler(), security=security, policy="required")
    again = read(application)
    assert called(application, again, pairs.client()) == (42, 10)


PARTS = (
    "<sp:SignedParts><sp:Body/><sp:Header Namespace='urn:a'/><sp:Attachments/></sp:SignedParts>"
    "<sp:EncryptedParts><sp:Body/><sp:Header Namespace='urn:a' Name='b'/></sp:EncryptedParts>"
    "<sp:RequiredParts><sp:Header Namespace='urn:a' Name='b'/></sp:RequiredParts>"
    "<sp:ContentEncryptedElements><sp:XPath>//t:number</sp:XPath></sp:ContentEncryptedElements>"
)


@pytest.mark.parametrize("policy", [*FROM_CONTRACTS, "addressed"])
def test_demands_that_are_written_are_read_again(policy: str) -> None:
    """The law: ``read_demands(write(demands)) == demands``."""
    said = FROM_CONTRACTS.get(policy, "<m:Addressing/>" + transport(https="<sp:RequireClientCertificate/>")) + PARTS
    found = demands(load_contract(contract(said)))
    written = policy_element(Policy((*endpoint_assertions(found), *message_assertions(found.protection))))
    (again,) = normalise(parse_policy(written))
    assert _told(read_demands(again)) == _told(found)


def _told(found: Demands) -> Demands:
    """Without the prefixes that a path happens to have had at hand."""
    content = tuple(replace(path, namespaces=()) for path in found.protection.content_elements)
    return replace(found, protection=replace(found.protection, content_elements=content))
