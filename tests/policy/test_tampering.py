"""What does not keep its policy is refused, request and answer, whatever is changed: one thing in a message at a time.

Both sides have their settings from the same contract. The few changes that are believed stand in a table with why.
"""

from __future__ import annotations

import re

import pytest
from lxml import etree

from soapkit.errors import SecurityError
from soapkit.xml.parse import parse_message
from tests.policy.contracts import (
    BODY,
    BODY_SIGNED,
    asymmetric,
    by_password,
    conversing,
    key_value,
    nested,
    symmetric,
    transport,
    username,
    x509,
)
from tests.policy.tampering import Shape, changed_on_the_way, made_by_less, sent_by

CONFIRMED = nested("Wss11", "<sp:RequireSignatureConfirmation/>")
DERIVING = x509("Never", "RequireDerivedKeys")
SAML = nested("SamlToken", "<sp:WssSamlV20Token11/>", include="AlwaysToRecipient")
SOME_HEADERS = (
    "<sp:SignedParts><sp:Body/><sp:Header Namespace='urn:a' Name='First'/></sp:SignedParts>"
    "<sp:SignedParts><sp:Header Namespace='urn:b'/></sp:SignedParts>"
    "<sp:EncryptedParts><sp:Body/><sp:Header Namespace='urn:a' Name='First'/></sp:EncryptedParts>"
)
EVERYTHING = "<sp:SignedParts/><sp:EncryptedParts><sp:Body/></sp:EncryptedParts>"
THERE = (
    BODY_SIGNED + "<sp:RequiredParts><sp:Header Namespace='urn:a' Name='First'/></sp:RequiredParts>"
    "<sp:RequiredElements xmlns:b='urn:b'><sp:XPath>//b:Second</sp:XPath></sp:RequiredElements>"
    "<sp:SignedParts><sp:Header Namespace='urn:a'/><sp:Header Namespace='urn:b'/></sp:SignedParts>"
)


def of(policy: str, *, layout: str = "") -> Shape:
    return Shape(policy.replace("<sp:Lax/>", f"<sp:{layout or 'Lax'}/>"), BODY, BODY, layout=layout)


def paths(*assertions: str, more: str = "") -> tuple[str, str]:
    """The same of the number in a request, and of the result in an answer."""
    named = [
        "".join(f"<sp:{a} xmlns:d='urn:double'><sp:XPath>//d:{name}</sp:XPath></sp:{a}>" for a in assertions) + more
        for name in ("number", "result")
    ]
    return named[0], named[1]


def custom(policy: str) -> str:
    """The suite of CXF that has no SHA-1 in it."""
    return policy.replace("<sp:Basic256Sha256/>", "<cxf:CustomAlgorithmSuite/>")


BINDINGS = {
    "pairs": asymmetric(),
    "pairs, nothing old": custom(asymmetric()),
    "pairs, signature hidden, confirmed": asymmetric("EncryptSignature") + CONFIRMED,
    "pairs, tokens protected": asymmetric("ProtectTokens"),
    "pairs, encrypted first": asymmetric("EncryptBeforeSigning"),
    "pairs, whole parts": asymmetric("OnlySignEntireHeadersAndBody"),
    "one key, confirmed": symmetric() + CONFIRMED,
    "one key, nothing old": custom(symmetric()),
    "one key, encrypted first, signature hidden": symmetric("EncryptSignature", "EncryptBeforeSigning"),
    "one key, derived": symmetric("EncryptSignature", protection=DERIVING),
    "a conversation": symmetric(protection=conversing(asymmetric() + BODY, "RequireDerivedKeys")),
    "a password": symmetric(protection=by_password("RequireDerivedKeys")),
}
HOLDERS = [
    f"{signed}{kind}SupportingTokens"
    for signed in ("", "Signed")
    for kind in ("", "Encrypted", "Endorsing", "EndorsingEncrypted")
]
SHAPES: dict[str, Shape] = {
    **{name: of(policy) for name, policy in BINDINGS.items()},
    **{
        f"{name}, headers": Shape(BINDINGS[name], SOME_HEADERS, SOME_HEADERS, headers=True)
        for name in ("pairs", "pairs, encrypted first", "one key, derived")
    },
    "pairs, all headers": Shape(asymmetric(), EVERYTHING, EVERYTHING, headers=True),
    "pairs, headers that must be there": Shape(asymmetric(), THERE, THERE, headers=True),
    **{
        f"{name}, {what}": Shape(policy, *parts)
        for name, policy in (("pairs", asymmetric()), ("one key", symmetric()))
        for what, parts in (
            ("elements", paths("SignedElements", "EncryptedElements")),
            ("contents", paths("ContentEncryptedElements", more=BODY_SIGNED)),
        )
    },
    **{
        f"{name}, {layout}": of(policy + username(), layout=layout)
        for name, policy in (("pairs", asymmetric()), ("one key, derived", symmetric(protection=DERIVING)))
        for layout in ("Strict", "LaxTsFirst", "LaxTsLast")
    },
    "pairs, tokens protected, the initiator by an assertion": of(asymmetric("ProtectTokens", initiator=SAML)),
    **{
        f"{name}, {kind} in {holder}": Shape(policy + nested(holder, token), *([BODY, BODY] if name != "https" else []))
        for name, policy in (
            ("https", transport()),
            ("pairs", asymmetric()),
            ("one key, derived", BINDINGS["one key, derived"]),
        )
        for kind, token in (
            ("a conversation", conversing(asymmetric() + BODY)),
            ("an assertion", SAML),
            ("a bare key", key_value()),
        )
        for holder in ("EndorsingSupportingTokens",)
    },
    **{
        f"pairs, an assertion in {holder}": of(asymmetric() + nested(holder, SAML))
        for holder in ("SignedSupportingTokens", "SignedEncryptedSupportingTokens")
    },
    **{
        f"{name}, {kind} in {holder}": Shape(policy + nested(holder, token), *([BODY, BODY] if name != "https" else []))
        for at, holder in enumerate(HOLDERS)
        for name, policy in (
            ("https", transport()),
            [("pairs", asymmetric()), ("one key", symmetric())][at % 2],
        )
        for kind, token in (("a certificate", x509()), ("a user", by_password()))
    },
}
# What is believed, in which shapes, and why that is right.
BELIEVED: dict[tuple[str, str], str] = {
    (r"alter X509(IssuerName|SerialNumber) in EncryptedKey", ""): "whoever's key it says that is, ours opens it",
    (r"double Signature", ""): "the same signature twice says no more than once",
    (r"Sign: not STRTransform", "tokens protected"): "of a certificate that is only named, few stacks sign anything",
    (r"Encrypt before Sign", "Endorsing"): "who endorses signs the signature, which was made before",
    (r"Sign: not BinarySecurityToken", "SignedEndorsing"): "the first signature covers the token, or HTTPS does",
    (
        r"(alter|double) BinarySecurityToken|(BinarySecurity|Username)Token of .*",
        " in SupportingTokens",
    ): "a token that need not be signed is bound to nothing",
    (
        r"(without|drop|show) BinarySecurityToken( in clear)?",
        "pairs, a certificate in",
    ): "the certificate of who signs does for the other one",
    (r"add to the Body", "elements"): "the Body need not be signed",
}


def is_believed(name: str, what: str) -> bool:
    return any(re.fullmatch(change, what) and part in name for change, part in BELIEVED)


@pytest.mark.parametrize("name", SHAPES)
def test_whatever_is_changed_is_refused_by_service_and_client(name: str) -> None:
    shape, believed, tried = SHAPES[name], [], 0
    for direction, sent in sent_by(shape):
        sent.believe(etree.tostring(parse_message(sent.wire)))  # as it is, it is right
        for what, wire in (*changed_on_the_way(sent, shape), *made_by_less(sent, shape)):
            tried += 1
            try:
                sent.believe(wire)
            except SecurityError:
                continue
            believed += [f"{direction}: {what}"] if not is_believed(name, what) else []
    assert not believed
    assert tried >= (3 if shape.https else 40)
