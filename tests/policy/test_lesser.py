"""A service refuses what keeps to a lesser policy than its own, or to another: each message by its own client."""

from __future__ import annotations

import pytest

from soapkit.errors import SecurityError, UsageError
from soapkit.security import HeaderRules, Security
from tests.policy.contracts import (
    BODY,
    BODY_SIGNED,
    asymmetric,
    by_password,
    issued,
    nested,
    symmetric,
    transport,
    username,
    x509,
)
from tests.policy.messages import sample
from tests.policy.test_beside import DERIVED, SAML, keys_for, loaded, received

CONTEXT = nested("SecurityContextToken", include="AlwaysToRecipient")
DERIVED_CONTEXT = nested("SecurityContextToken", "<sp:RequireDerivedKeys/>", include="AlwaysToRecipient")
ENDORSED = nested("EndorsingSupportingTokens", x509())
NONCE = nested("UsernameToken", "<sp13:Nonce/>", include="AlwaysToRecipient")
CREATED = nested("UsernameToken", "<sp13:Created/>", include="AlwaysToRecipient")
# what was sent, what is demanded, why it is refused
LESSER: dict[str, tuple[str, str, str]] = {
    "nothing": ("", asymmetric(), "the message has no Timestamp, which must be there and signed"),
    "a key of two where a pair signs": (symmetric(), asymmetric(), "the message is"),
    "a pair where a key of two signs": (asymmetric(), symmetric(), "the message is not signed under a shared key"),
    "no derived key": (symmetric(), symmetric(protection=DERIVED), "under a key derived for it"),
    "no key derived of a context": (
        symmetric(protection=CONTEXT),
        symmetric(protection=DERIVED_CONTEXT),
        "under a key derived for it",
    ),
    "a key of two where a context signs": (symmetric(), symmetric(protection=CONTEXT), "the message is"),
    "a context without who endorses": (
        symmetric(protection=CONTEXT),
        symmetric(protection=CONTEXT) + ENDORSED,
        "endors",
    ),
    "who endorses without the context": (
        symmetric() + ENDORSED,
        symmetric(protection=CONTEXT) + ENDORSED,
        "the message is",
    ),
    "a password in the clear": (
        asymmetric() + username(),
        asymmetric() + username("HashPassword"),
        "must say its password as a digest",
    ),
    "no nonce": (asymmetric() + username(), asymmetric() + nested("SignedSupportingTokens", NONCE), "say a nonce"),
    "no time": (transport() + username(), transport() + nested("SupportingTokens", CREATED), "say when it was made"),
    "the pair of a subject where its secret signs": (
        asymmetric(initiator=SAML),
        symmetric(protection=issued("SymmetricKey")),
        "the message is not signed under a shared key",
    ),
    "the secret of a subject where its pair signs": (
        symmetric(protection=issued("SymmetricKey")),
        asymmetric(initiator=SAML),
        "not signed with the key pair of the subject of an assertion",
    ),
    "a user for a password that signs": (
        symmetric() + username(),
        symmetric(protection=by_password("RequireDerivedKeys")),
        "the message is",
    ),
}


@pytest.mark.parametrize("name", LESSER)
def test_what_keeps_to_a_lesser_policy_is_refused(name: str) -> None:
    sent, demanded, said = LESSER[name]
    parts = "" if demanded.startswith("<sp:Transport") else BODY_SIGNED if "SamlToken" in sent else BODY
    service = Security.from_contract(loaded(demanded, parts), keys=keys_for("", sent_kind(demanded))[1], side="server")
    message = sample(loaded(demanded))
    if sent:
        client = Security.from_contract(loaded(sent, parts), keys=keys_for("", sent_kind(sent))[0])
        message = client.apply(message)
    with pytest.raises(SecurityError, match=said):
        service.verify(received(message))


def sent_kind(policy: str) -> str:
    return "an issued secret" if "IssuedToken" in policy else ""


def test_a_user_says_what_there_is_to_say() -> None:
    with pytest.raises(UsageError, match="user= is of digest, nonce, created, found shoe size"):
        HeaderRules(user=frozenset({"shoe size"}))  # type: ignore[arg-type]
