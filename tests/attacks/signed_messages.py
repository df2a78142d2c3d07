"""Signed messages of our own making, of every shape, for the attacks: what was signed, and who believes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import etree
from wrapping import FORGED

from soapkit.security import (
    Contexts,
    Encrypt,
    Require,
    SamlAssertion,
    SamlRequirement,
    SamlToken,
    Security,
    SecurityContext,
    Sign,
    Timestamp,
    TrustStore,
    UsernameToken,
    issue_assertion,
)
from soapkit.security.markup import EMBEDDED, TOKEN_REFERENCE
from soapkit.security.parts import Message
from soapkit.security.steps import SHARED, SharedKey
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.security_result import SecurityResult
from soapkit.soap.version import BY_LABEL
from soapkit.xml.names import DS
from soapkit.xml.parse import parse_message
from tests.both_ways import both_ways

TO = "{urn:addressing}To"


@dataclass(frozen=True)
class Shape:
    """How a message is secured, and which part of it the attacker would forge; `require` besides ``signed=``."""

    label: str
    steps: Callable
    part: str = "Body"
    version: str = "1.1"
    require: Callable = lambda keys: {"trust": keys.trust, "key": keys.bob}


CONTEXT = SecurityContext("urn:uuid:1", bytes(range(32)))

SHAPES = [
    Shape("certificate in the message", lambda k: [Timestamp(), Sign(k.alice, parts=["Body", "Timestamp", "To"])]),
    Shape("SOAP 1.2, elliptic curve", lambda k: [Timestamp(), Sign(k.curve)], version="1.2"),
    Shape(
        "certificate named by its issuer",
        lambda k: [Sign(k.alice, parts=["Body"], key_reference="issuer-serial")],
        require=lambda k: {"trust": k.trust, "certificates": [k.alice.certificate]},
    ),
    Shape("certificate in the reference", lambda k: [Sign(k.alice, parts=["Body"], key_reference="embedded")]),
    Shape("certificate signed too", lambda k: [Sign(k.alice, parts=["Body", "BinarySecurityToken", "STRTransform"])]),
    Shape("signed header block", lambda k: [Sign(k.alice, parts=["Body", "To"])], part=TO),
    Shape(
        "signed with a user's name",
        lambda k: [UsernameToken("alice", "secret"), Sign(k.alice, parts=["Body", "UsernameToken"])],
    ),
    Shape("signed, then encrypted", lambda k: [Timestamp(), Sign(k.alice), Encrypt(to=k.bob)]),
    Shape("signed, then encrypted with its signature", lambda k: [Sign(k.alice, parts=["Body"]), _encrypt_all(k)]),
    Shape("encrypted, then signed", lambda k: [Encrypt(to=k.bob), Sign(k.alice, parts=["Body"])]),
    Shape(
        "a MAC under a shared key",
        lambda k: [SharedKey(to=k.bob), Sign(SHARED, parts=["Body"])],
        require=lambda k: {"key": k.bob, "shared_key": True},
    ),
    Shape(
        "a MAC under a security context",
        lambda k: [Timestamp(), SharedKey(to=CONTEXT, derived="2005/12"), Sign(SHARED, parts=["Body"])],
        require=lambda k: {"contexts": Contexts([CONTEXT])},
    ),
    Shape(
        "a MAC under a shared key, endorsed",
        lambda k: [SharedKey(to=k.bob), Sign(SHARED, parts=["Body"]), Sign(k.alice, parts=["Signature"])],
        require=lambda k: {"key": k.bob, "shared_key": True, "trust": k.trust, "endorsed": ["Signature"]},
    ),
    Shape(
        "a MAC under a derived key",
        lambda k: [SharedKey(to=k.bob, derived="2005/12"), Encrypt(to=SHARED), Sign(SHARED, parts=["Body"])],
        require=lambda k: {"key": k.bob, "shared_key": True},
    ),
]


def _encrypt_all(keys) -> Encrypt:
    return Encrypt(to=keys.bob, parts=["Body", "Signature"])


def make(shape: Shape, keys, now: datetime) -> tuple[bytes, Callable[[bytes], bytes]]:
    """The message, and a function that verifies one like it and gives the text of the part that it believes."""
    plain = Draft(
        BY_LABEL[shape.version],
        '<b:transfer xmlns:b="urn:bank"><b:to>DE1</b:to></b:transfer>',
        ('<a:To xmlns:a="urn:addressing">http://bank.example/</a:To>',),
    ).to_envelope()
    message = Security(outbound=shape.steps(keys)).apply(plain, now=now).to_bytes()
    security = Security(inbound=Require(signed=[shape.part], replay=None, **shape.require(keys)))
    verify = both_ways(security, message, now)
    return message, lambda data: text_of(verify(data).envelope, shape.part)


def read(data: bytes) -> Envelope:
    return Envelope.read(parse_message(data))


def text_of(envelope: Envelope, part: str) -> bytes:
    """The text of every element that goes by the part's name, where the rest of the journey looks for it."""
    return b"".join(etree.tostring(element) for element in Message(envelope, None).named(part))


SUBJECTS = ("{*}NameID", "{*}NameIdentifier")


def another_subject(signature: str) -> Callable[[etree._Element, etree._Element], None]:
    """A forgery of an assertion: of somebody else. `signature`: of the forged one, ``kept`` as a copy, ``dropped``, or
    ``stolen`` from the true one, which its digest does not cover (Somorovsky et al., "On breaking SAML", 2012)."""

    def forge(forged: etree._Element, signed: etree._Element) -> None:
        for name in forged.iter(*SUBJECTS):
            name.text = FORGED
        for assertion, without in ((forged, signature == "dropped"), (signed, signature == "stolen")):
            for entry in list(assertion.iterchildren(f"{{{DS}}}Signature")) if without else ():
                assertion.remove(entry)

    return forge


@dataclass(frozen=True)
class Asserted:
    """How a message tells of its sender by a SAML assertion."""

    version: str
    confirmation: str
    embedded: bool = False  # in the reference that names it, not beside it

    def __str__(self) -> str:
        return f"SAML {self.version}, {self.confirmation}{', embedded' if self.embedded else ''}"

    def make(self, keys, now: datetime) -> tuple[bytes, Callable[[bytes], bytes]]:
        """The message, and a function that verifies one like it and gives the subject that it believes."""
        holder = keys.alice if self.confirmation == "holder-of-key" else None
        said = SamlAssertion("urn:sts", "alice", self.version, confirmation=self.confirmation, holder=holder)
        token = SamlToken(issue_assertion(said, keys.bob, now=now))
        steps = {
            "bearer": [token],
            "holder-of-key": [token, Sign(keys.alice, parts=["Body"], key_reference="assertion")],
            "sender-vouches": [token, Sign(keys.alice, parts=["Body", "Assertion"])],
        }[self.confirmation]
        plain = Draft(BY_LABEL["1.1"], '<b:transfer xmlns:b="urn:bank"><b:to>DE1</b:to></b:transfer>').to_envelope()
        message = Security(outbound=steps).apply(plain, now=now).to_bytes()
        message = embedded(message) if self.embedded else message
        wanted = SamlRequirement(trust=TrustStore.of(keys.bob), confirmation=[self.confirmation])
        signed = ["Body"] if len(steps) > 1 else []
        security = Security(inbound=Require(saml=wanted, signed=signed, trust=keys.trust, replay=None))
        verify = both_ways(security, message, now)
        return message, lambda data: verify(data).assertion.subject.encode()


def embedded(message: bytes) -> bytes:
    """The same, with the assertion in the reference that a signature names its key by, or in one of its own."""
    root = etree.fromstring(message)
    header, assertion = root.find(".//{*}Security"), root.find(".//{*}Security/{*}Assertion")
    reference = header.find("{*}Signature/{*}KeyInfo/{*}SecurityTokenReference")
    if reference is None:
        reference = etree.SubElement(header, TOKEN_REFERENCE)
    for entry in list(reference):
        reference.remove(entry)
    etree.SubElement(reference, EMBEDDED).append(assertion)
    return etree.tostring(root)


ASSERTIONS = [
    Asserted(version, confirmation)
    for version in ("2.0", "1.1")
    for confirmation in ("bearer", "holder-of-key", "sender-vouches")
] + [Asserted("2.0", confirmation, embedded=True) for confirmation in ("bearer", "holder-of-key")]
FORGERIES = {how: another_subject(how) for how in ("kept", "dropped", "stolen")}


def body_by(verify: Callable[[bytes, Sequence[str]], SecurityResult]) -> Callable[[bytes], bytes]:
    """A function that gives the Body that `verify` believes, when it must be signed."""
    return lambda data: text_of(verify(data, ["Body"]).envelope, "Body")


def find(part: str) -> Callable[[etree._Element], etree._Element]:
    """A function that finds the element of a part's name in a message."""

    def finder(root: etree._Element) -> etree._Element:
        (found,) = (element for element in root.iter(part if part.startswith("{") else f"{{*}}{part}"))
        return found

    return finder
