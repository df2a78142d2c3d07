"""A code-first service, and settings for it whose policy can be published."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import soapkit
from soapkit.policy import Keys
from soapkit.security import (
    REQUEST,
    SHARED,
    SIGNER,
    Encrypt,
    KeyPair,
    Require,
    SamlAssertion,
    SamlRequirement,
    SamlToken,
    Security,
    SharedKey,
    Sign,
    SignatureConfirmation,
    Timestamp,
    TrustStore,
)
from soapkit.security.crypto.algorithms import profile
from soapkit.security.steps import Step
from soapkit.server.asgi import Asgi

PASSWORDS = {"alice": "changeit"}
SIGNED = ["Body", "Timestamp"]


@soapkit.service("urn:double")
class Doubler:
    """Doubles."""

    @soapkit.operation
    def double(self, number: int, trace: Annotated[str, soapkit.header()] = "") -> int:
        return 2 * number

    @soapkit.operation
    def half(self, number: int, trace: Annotated[str, soapkit.header()] = "") -> int:
        return number // 2


@dataclass(frozen=True)
class Pairs:
    """The keys of alice, a client, and bob, the service."""

    trust: TrustStore
    alice: KeyPair
    bob: KeyPair

    def client(self, **more: Any) -> Keys:
        return Keys(
            self.alice,
            peer=self.bob.certificate,
            trust=self.trust,
            username="alice",
            password=PASSWORDS["alice"],
            certificates=(self.bob.certificate,),
            **more,
        )

    def require(self, **demanded: Any) -> Require:
        named = {"certificates": (self.alice.certificate,), "key": self.bob}
        return Require(**{"trust": self.trust, **named, **demanded})


def published(application: Asgi, address: str = "http://a.example/") -> bytes:
    publish = application.endpoints[""].publication.publish
    assert publish is not None
    return publish(address)["wsdl"]


def steps(*given: Step) -> Sequence[Step]:
    return (Timestamp(), *given)


ASYMMETRIC: dict[str, Callable[[Pairs], Security]] = {
    "signed": lambda pairs: Security(steps(Sign(pairs.bob)), pairs.require(signed=SIGNED)),
    "signed and encrypted": lambda pairs: Security(
        steps(Sign(pairs.bob), Encrypt(to=SIGNER)), pairs.require(signed=SIGNED, encrypted=["Body"])
    ),
    "encrypted first": lambda pairs: Security(
        steps(Encrypt(to=SIGNER), Sign(pairs.bob)), pairs.require(signed=SIGNED, encrypted=["Body"])
    ),
    "signature hidden": lambda pairs: Security(
        steps(Sign(pairs.bob), Encrypt(to=SIGNER, parts=["Body", "Signature"])),
        pairs.require(signed=SIGNED, encrypted=["Body", "Signature"]),
    ),
    "token protected": lambda pairs: Security(
        steps(Sign(pairs.bob, parts=[*SIGNED, "BinarySecurityToken"])),
        pairs.require(signed=[*SIGNED, "BinarySecurityToken"]),
    ),
    "confirmed": lambda pairs: Security(
        steps(SignatureConfirmation(), Sign(pairs.bob, parts=[*SIGNED, "SignatureConfirmation"])),
        pairs.require(signed=SIGNED),
    ),
    "stamped last": lambda pairs: Security((Timestamp(last=True), Sign(pairs.bob)), pairs.require(signed=SIGNED)),
    "requests alone": lambda pairs: Security((), pairs.require(signed=["Body"])),
    "encrypted alone": lambda pairs: Security((Encrypt(to=pairs.alice),), Require(key=pairs.bob, encrypted=["Body"])),
    "with a user": lambda pairs: Security(
        steps(Sign(pairs.bob), Encrypt(to=SIGNER)),
        pairs.require(signed=[*SIGNED, "UsernameToken"], encrypted=["Body", "UsernameToken"], username=PASSWORDS),
    ),
    "a header": lambda pairs: Security(
        steps(Sign(pairs.bob)), pairs.require(signed=[*SIGNED, "trace"], encrypted=["{urn:double}trace"])
    ),
    "all headers": lambda pairs: Security(steps(Sign(pairs.bob)), pairs.require(signed=[*SIGNED, "Headers"])),
    "elements": lambda pairs: Security(
        steps(Sign(pairs.bob)),
        pairs.require(signed=[*SIGNED, "//{urn:double}number"], encrypted=["//{urn:double}number/node()"]),
    ),
    "Basic256Sha256": lambda pairs: Security(
        steps(Sign(pairs.bob), Encrypt(to=SIGNER, algorithm="aes256-cbc")),
        pairs.require(signed=SIGNED, encrypted=["Body"], algorithms=profile("Basic256Sha256")),
    ),
    "Basic256Sha256, as the standard signs": lambda pairs: Security(
        steps(Sign(pairs.bob, algorithm="rsa-sha1"), Encrypt(to=SIGNER, algorithm="aes256-cbc")),
        pairs.require(signed=SIGNED, encrypted=["Body"], algorithms=profile("legacy")),
    ),
} | {
    f"answers named by {reference}": lambda pairs, reference=reference: Security(  # type: ignore[misc]  # bound now
        steps(Sign(pairs.bob, key_reference=reference)), pairs.require(signed=SIGNED)
    )
    for reference in ("path", "pkcs7", "issuer-serial", "ski", "thumbprint", "embedded")
}
SYMMETRIC: dict[str, Callable[[Pairs], Security]] = {
    "one secret": lambda pairs: Security(
        steps(SharedKey(to=REQUEST), Sign(SHARED), Encrypt(to=SHARED)),
        Require(signed=SIGNED, encrypted=["Body"], key=pairs.bob, shared_key=True),
    ),
    "one secret, derived": lambda pairs: Security(
        steps(SharedKey(to=REQUEST, derived="2005/12"), Sign(SHARED), Encrypt(to=SHARED)),
        Require(signed=SIGNED, encrypted=["Body"], key=pairs.bob, shared_key=True),
    ),
    "one secret, derived as of 2005/02": lambda pairs: Security(
        steps(SharedKey(to=REQUEST, derived="2005/02"), Sign(SHARED), Encrypt(to=SHARED)),
        Require(signed=SIGNED, encrypted=["Body"], key=pairs.bob, shared_key=True),
    ),
    "one secret, endorsed": lambda pairs: Security(
        steps(SharedKey(to=REQUEST), Sign(SHARED), Encrypt(to=SHARED)),
        pairs.require(signed=SIGNED, encrypted=["Body"], shared_key=True, endorsed=["Signature"]),
    ),
    "a password": lambda pairs: Security(
        steps(SharedKey(to=REQUEST, derived="2005/12"), Sign(SHARED), Encrypt(to=SHARED)),
        Require(signed=SIGNED, encrypted=["Body"], username=PASSWORDS, password_keys=True),
    ),
}


def saml(pairs: Pairs, *confirmation: Any) -> SamlRequirement:
    return SamlRequirement(pairs.trust, audience=["https://bank.example"], confirmation=confirmation)


def assertion(pairs: Pairs, confirmation: Any) -> SamlToken:
    holder = pairs.alice if confirmation == "holder-of-key" else None
    said = SamlAssertion("bank", "alice", confirmation=confirmation, audience=["https://bank.example"], holder=holder)
    return SamlToken(said, key=pairs.bob)


OVER_HTTPS: dict[str, Callable[[Pairs], Security]] = {
    "a user": lambda pairs: Security(inbound=Require(username=PASSWORDS)),
    "a user, stamped": lambda pairs: Security([Timestamp()], Require(username=PASSWORDS, present=["Timestamp"])),
    "endorsed": lambda pairs: Security([Timestamp()], pairs.require(signed=["Timestamp"])),
    "endorsed, with the Body": lambda pairs: Security([Timestamp()], pairs.require(signed=SIGNED)),
    "bearer": lambda pairs: Security([Timestamp()], Require(saml=saml(pairs, "bearer"))),
    "holder of key": lambda pairs: Security(
        [Timestamp()], Require(signed=["Timestamp"], saml=saml(pairs, "holder-of-key"))
    ),
}
