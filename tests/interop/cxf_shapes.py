"""Shapes of policies that are tried against Apache CXF beside those of test_cxf.py: the contract's own words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.policy.contracts import (
    BODY,
    BODY_ENCRYPTED,
    BODY_SIGNED,
    WSA,
    asymmetric,
    by_password,
    contract,
    conversing,
    key_value,
    nested,
    symmetric,
    transport,
    username,
    x509,
)

WSS11 = nested(
    "Wss11",
    "<sp:MustSupportRefKeyIdentifier/>",
    "<sp:MustSupportRefIssuerSerial/>",
    "<sp:MustSupportRefThumbprint/>",
    "<sp:MustSupportRefEncryptedKey/>",
)
TRUST = nested("Trust13", "<sp:RequireClientEntropy/>", "<sp:RequireServerEntropy/>")
SURELY = WSS11 + TRUST
DERIVING = x509("Never", "RequireDerivedKeys")
NUMBER = "<sp:{0} xmlns:d='urn:double'><sp:XPath>//d:number</sp:XPath></sp:{0}>"
RESULT = NUMBER.replace("//d:number", "//d:result")
TO_AND_ACTION = "".join(f"<sp:Header Name='{name}' Namespace='{WSA}'/>" for name in ("To", "Action", "MessageID"))
OVER_HTTPS = transport() + username() + TRUST
BY_PAIRS = asymmetric() + BODY + SURELY


def laid_out(policy: str, layout: str) -> str:
    return policy.replace("<sp:Lax/>", f"<sp:{layout}/>")


def inclusive(policy: str) -> str:
    return policy.replace("<sp:Basic256Sha256/>", "<sp:Basic256Sha256/><sp:InclusiveC14N/>")


def endorsed(*options: str, holder: str = "EndorsingSupportingTokens") -> str:
    return nested(holder, x509("AlwaysToRecipient", *options))


@dataclass(frozen=True)
class Variation:
    """A policy, and what requests and replies demand besides. `not_by_cxf`: why no client by CXF keeps to it."""

    policy: str
    request: str = BODY
    reply: str = BODY
    soap: str = "1.1"
    not_by_cxf: str = ""

    @property
    def https(self) -> bool:
        """Whether the transport protects messages."""
        return self.policy.startswith(("<sp:TransportBinding", "<m:Addressing/><sp:TransportBinding"))

    @property
    def options(self) -> list[str]:
        """What CXF is told besides: that a bare key in KeyInfo is right, and the inclusive canonical form, against the
        Basic Security Profile, R5417 and R5404."""
        https = ["https=true"] if self.https else []
        against = any(each in self.policy for each in ("KeyValueToken", "InclusiveC14N"))
        return [*https, *(["ws-security.is-bsp-compliant=false"] if against else [])]

    def written(self, folder: Path) -> Path:
        """The contract."""
        parts = ("", "") if self.https else (self.request, self.reply)
        address = "https://a.example/" if self.https else "http://a.example/"
        text = contract(self.policy, request=parts[0], reply=parts[1], address=address)
        path = folder / "double.wsdl"
        path.write_bytes(text.replace(b"wsdl/soap/", b"wsdl/soap12/") if self.soap == "1.2" else text)
        return path


def conversed(bootstrap: str, *options: str, more: str = SURELY, **settings: str) -> str:
    return symmetric(protection=conversing(bootstrap, *options), **settings) + more


SHAPES: dict[str, Variation] = {
    **{
        f"https, user, {layout}": Variation(laid_out(transport() + username(), layout))
        for layout in ("Strict", "LaxTsFirst")  # last, CXF's client does not put it
    },
    "symmetric, derived keys, encrypted first, all hidden, Strict": Variation(
        laid_out(
            symmetric("EncryptBeforeSigning", "EncryptSignature", "OnlySignEntireHeadersAndBody", protection=DERIVING),
            "Strict",
        )
        + WSS11
        + username(holder="SignedEncryptedSupportingTokens")
    ),
    "symmetric, a hidden user": Variation(symmetric() + WSS11 + username(holder="SignedEncryptedSupportingTokens")),
    "asymmetric, inclusive form, encrypted first, signature hidden": Variation(
        inclusive(asymmetric("EncryptBeforeSigning", "EncryptSignature")) + WSS11
    ),
    "symmetric, inclusive form, derived keys, endorsed": Variation(
        inclusive(symmetric(protection=DERIVING)) + WSS11 + endorsed()
    ),
    "symmetric, derived keys, endorsed and signed": Variation(
        symmetric(protection=DERIVING) + WSS11 + endorsed(holder="SignedEndorsingSupportingTokens")
    ),
    "asymmetric, endorsed, confirmed": Variation(
        asymmetric() + nested("Wss11", "<sp:RequireSignatureConfirmation/>") + endorsed()
    ),
    "asymmetric, encrypted first, X509 in SignedSupportingTokens": Variation(
        asymmetric("EncryptBeforeSigning") + WSS11 + endorsed(holder="SignedSupportingTokens")
    ),
    "symmetric, elements": Variation(
        symmetric() + WSS11,
        NUMBER.format("SignedElements") + NUMBER.format("EncryptedElements"),
        RESULT.format("SignedElements") + RESULT.format("EncryptedElements"),
    ),
    "symmetric, contents of elements": Variation(
        symmetric(protection=DERIVING) + WSS11,
        BODY_SIGNED + NUMBER.format("ContentEncryptedElements"),
        BODY_SIGNED + RESULT.format("ContentEncryptedElements"),
    ),
    "asymmetric, addresses signed": Variation(
        "<m:Addressing/>" + asymmetric() + WSS11,
        f"<sp:SignedParts><sp:Body/>{TO_AND_ACTION}</sp:SignedParts>",
        f"<sp:SignedParts><sp:Body/>{TO_AND_ACTION}</sp:SignedParts>",
    ),
    "asymmetric, addresses must be there": Variation(
        "<m:Addressing/>" + asymmetric() + WSS11, f"<sp:RequiredParts>{TO_AND_ACTION}</sp:RequiredParts>" + BODY
    ),
    "SOAP 1.2, addresses signed": Variation(
        "<m:Addressing/>" + asymmetric() + WSS11,
        f"<sp:SignedParts><sp:Body/>{TO_AND_ACTION}</sp:SignedParts>",
        soap="1.2",
    ),
    "encrypted alone, symmetric, derived keys": Variation(
        symmetric(protection=DERIVING) + WSS11, BODY_ENCRYPTED, BODY_ENCRYPTED
    ),
    **{
        f"conversation, {option}": Variation(conversed(BY_PAIRS, option))
        for option in ("MustNotSendRenew", "MustNotSendCancel", "MustNotSendAmend")
    },
    "conversation, by a symmetric bootstrap": Variation(
        conversed(symmetric(protection=DERIVING) + endorsed() + BODY + SURELY, "RequireDerivedKeys")
    ),
    "conversation, by a hidden bootstrap": Variation(
        conversed(asymmetric("EncryptSignature", "EncryptBeforeSigning") + username() + BODY + SURELY)
    ),
    "conversation, with a user": Variation(conversed(BY_PAIRS) + username()),
    "conversation, elements": Variation(
        conversed(BY_PAIRS, "RequireDerivedKeys"),
        BODY_SIGNED + NUMBER.format("EncryptedElements"),
        BODY_SIGNED + RESULT.format("EncryptedElements"),
    ),
    "conversation, SOAP 1.2": Variation(conversed(BY_PAIRS, "RequireDerivedKeys"), soap="1.2"),
    "conversation, endorsed": Variation(conversed(BY_PAIRS) + endorsed()),
    "conversation, derived keys, endorsed and signed": Variation(
        conversed(BY_PAIRS, "RequireDerivedKeys") + endorsed(holder="SignedEndorsingSupportingTokens")
    ),
    "conversation, derived keys, endorsed and hidden": Variation(
        conversed(BY_PAIRS, "RequireDerivedKeys") + endorsed(holder="EndorsingEncryptedSupportingTokens")
    ),
    "conversation, endorsed by a user": Variation(
        conversed(BY_PAIRS, "RequireDerivedKeys") + username(holder="EndorsingSupportingTokens")
    ),
    "conversation, endorsed by a bare key": Variation(
        conversed(BY_PAIRS, "RequireDerivedKeys") + nested("EndorsingSupportingTokens", key_value())
    ),
    "by password, derived keys, endorsed": Variation(
        symmetric(protection=by_password("RequireDerivedKeys")) + endorsed()
    ),
    "symmetric, derived keys, endorsed by what derives none": Variation(
        symmetric(protection=DERIVING) + WSS11 + endorsed("RequireDerivedKeys")
    ),
    "asymmetric, endorsed by a certificate and a user": Variation(
        asymmetric() + WSS11 + endorsed() + username(holder="EndorsingSupportingTokens")
    ),
    "asymmetric, endorsed by a conversation": Variation(
        asymmetric() + SURELY + nested("EndorsingSupportingTokens", conversing(BY_PAIRS))
    ),
    **{
        f"https, a conversation that signs nothing, asked for {how}": Variation(
            "<m:Addressing/>" + transport() + nested("SupportingTokens", conversing(bootstrap))
        )
        for how, bootstrap in (("without more", ""), ("over HTTPS", transport() + SURELY))
    },
}
DERIVING_INITIATOR = x509("AlwaysToRecipient", "RequireDerivedKeys")
# What CXF's own client cannot do: read what a service by CXF answers under derived keys in an asymmetric binding; over
# HTTPS, send the user who endorses beside a certificate.
OURS_ALONE: dict[str, Variation] = {
    "asymmetric, derived for the recipient": Variation(asymmetric(recipient=DERIVING) + WSS11),
    "asymmetric, derived for the recipient, signature hidden, a user": Variation(
        asymmetric("EncryptSignature", recipient=DERIVING) + WSS11 + username()
    ),
    "asymmetric, derived for the recipient, encrypted first": Variation(
        asymmetric("EncryptBeforeSigning", recipient=DERIVING) + WSS11
    ),
    "asymmetric, derived for the initiator": Variation(asymmetric(initiator=DERIVING_INITIATOR) + WSS11),
    "asymmetric, derived for both": Variation(asymmetric(initiator=DERIVING_INITIATOR, recipient=DERIVING) + WSS11),
    "https, endorsed by a certificate and a user": Variation(
        transport() + SURELY + endorsed() + username(holder="EndorsingSupportingTokens"),
        not_by_cxf="CXF's client sends the certificate alone",
    ),
}
