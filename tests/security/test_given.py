"""Settings of the wrong kind: told by name, in words, when they are made, and not by the first message."""

from __future__ import annotations

import pytest

from soapkit.errors import UsageError
from soapkit.security import (
    BinarySecurityToken,
    Contexts,
    Encrypt,
    KeyPair,
    PasswordKey,
    Require,
    SamlAssertion,
    SamlRequirement,
    Security,
    SharedKey,
    Sign,
    Timestamp,
    TrustStore,
    UsernameToken,
    profile,
)
from soapkit.security.steps import SecretKey

WRONG = {
    "Timestamp(ttl=...) is a whole number of seconds, not a str": lambda k: Timestamp(ttl="300"),
    "Timestamp(ttl=...) is a whole number of seconds, not a bool": lambda k: Timestamp(ttl=True),
    "UsernameToken(username=...) is the name of a user, not None": lambda k: UsernameToken(None, "x"),
    "a UsernameToken names a user": lambda k: UsernameToken("", "x"),
    "UsernameToken(password=...) is a text, not a bytes": lambda k: UsernameToken("alice", b"x"),
    "UsernameToken(password=...) holds what XML cannot": lambda k: UsernameToken("alice", "x\0"),
    "BinarySecurityToken(keypair=...) is a KeyPair": lambda k: BinarySecurityToken(k.alice.certificate),
    "SecretKey(value=...) is bytes, not a str": lambda k: SecretKey("2026", "x" * 32),
    "Sign(keypair=...) is a KeyPair (KeyPair.load reads one), or SHARED, not a str": lambda k: Sign("alice.p12"),
    "Encrypt(to=...) is a certificate (load_certificate reads one)": lambda k: Encrypt(to="bank.pem"),
    "Encrypt(to=...) is a certificate": lambda k: Encrypt(to=k.trust),
    "SharedKey(to=...) is a certificate": lambda k: SharedKey(to="bank.pem"),
    "Require(trust=...) is a TrustStore (TrustStore.load, TrustStore.of), not a Certificate": lambda k: Require(
        signed=["Body"], trust=k.alice.certificate
    ),
    'Require(algorithms=...) is a policy, such as profile("modern"), not a str': lambda k: Require(algorithms="modern"),
    "Require(key=...) is a list of KeyPair, or one, not a str": lambda k: Require(key="bob.p12"),
    "Require(certificates=...) is a list of certificates, not a Certificate": lambda k: Require(
        certificates=k.alice.certificate
    ),
    "Require(secrets=...) is a list of bytes by names; there is a str in it": lambda k: Require(secrets={"a": "4711"}),
    "Require(username=...) is a mapping": lambda k: Require(username="alice"),
    "Require(replay=...) is a store": lambda k: Require(replay="replay.sqlite"),
    "Require(max_age=...) is a whole number of seconds, not a float": lambda k: Require(max_age=1.5),
    "Require(saml=...) is a SamlRequirement, not a TrustStore": lambda k: Require(saml=k.trust),
    "SamlRequirement(trust=...) is a TrustStore": lambda k: SamlRequirement(trust=k.bob),
    "SamlAssertion(attributes=...) is a list of texts by name, not an int": lambda k: SamlAssertion(
        "urn:sts", "alice", attributes={"level": 5}
    ),
    "TrustStore(certificates=...) is a list of certificates": lambda k: TrustStore(k.alice.certificate),
    "TrustStore.of(members=...) is a list of certificates and keys; there is a str": lambda k: TrustStore.of("ca.pem"),
    "TrustStore.load reads files or folders of certificates; none is named": lambda k: TrustStore.load(),
    "Security(outbound=...) is a list of steps, such as Timestamp() and Sign(...), not a Timestamp": lambda k: Security(
        outbound=Timestamp()
    ),
    "there is the class Timestamp itself in it": lambda k: Security(outbound=[Timestamp]),
    "Security(inbound=...) is Require(...), not a dict": lambda k: Security(inbound={"signed": ["Body"]}),
    "Security(actor=...) is the URI of a role, not an int": lambda k: Security(actor=5),
    "apply(envelope=...) is an Envelope (Envelope.parse reads bytes), not a bytes": lambda k: Security(
        outbound=[Timestamp()]
    ).apply(b"<x/>"),
    "verify(envelope=...) is an Envelope": lambda k: Security().verify("<x/>"),
    "Sign(parts=...) is a list of names of parts, not a str": lambda k: Sign(k.alice, parts="Body"),
    "Sign(parts=...) is a list of names of parts; there is None in it": lambda k: Sign(k.alice, parts=[None]),
    "Require(signed=...) is a list of names of parts, not None": lambda k: Require(signed=None),
    "Require(endorsed=...) is a list of names of parts, not a str": lambda k: Require(endorsed="Signature"),
    "there is no digest None (known: sha1": lambda k: Sign(k.alice, digest=None),
    "there is no digest 'sha3-256'; did you mean sha3_256?": lambda k: Sign(k.alice, digest="sha3-256"),
    "there is no signature algorithm 5 (known: rsa-sha1": lambda k: Sign(k.alice, algorithm=5),
    "there is no algorithm profile None (known: modern": lambda k: profile(None),
    "PasswordKey(password=...) is a text, not a bytes": lambda k: PasswordKey("alice", b"4711"),
    "SharedKey(size=...) is a whole number of bytes, not a str": lambda k: SharedKey(to=k.bob, size="32"),
    "TrustStore.load(sources=...) is paths, or the bytes of files, not None": lambda k: TrustStore.load(None),
    "Security(https=...) is True or False, not a str": lambda k: Security(https="yes"),
    "Security(conversation=...) is a Conversation, not a Contexts": lambda k: Security(conversation=Contexts()),
    "KeyPair.load(password=...) is text or bytes, not an int": lambda k: KeyPair.load(b"", 4711),
    "KeyPair.load(key_password=...) is text, not a bytes": lambda k: KeyPair.load(b"", key_password=b"4711"),
    "KeyPair.load(alias=...) is the name of a key, not None": lambda k: KeyPair.load(b"", alias=None),
    "load(source=...) is a path, or the bytes of a file, not a list": lambda k: KeyPair.load(["alice.p12"]),
    "load_certificates(password=...) is text or bytes, not an int": lambda k: TrustStore.load(b"", password=4711),
}


@pytest.mark.parametrize("told", WRONG)
def test_a_setting_of_the_wrong_kind_is_told_by_name(told, keys):
    with pytest.raises(UsageError) as caught:
        WRONG[told](keys)
    assert told in str(caught.value)
    assert "4711" not in str(caught.value)
