"""A SAML assertion on its way in: signed by an issuer that is believed, valid now, for us; by whom it was confirmed.

The law of this file: what is read of a signed assertion is read from the very octets that its issuer signed, and the
one that is read is the one that stands in the security header. A signature on it covers it whole: one reference, by
its own id, to the element that holds the signature. Whatever else carries that id, or holds a true assertion somewhere
inside, is never looked at.

Source: SAML 2.0 core, 2.5 and 5.4; SAML 1.1 core, 2.3.2 and 5; SAML Token Profile 1.1, 3.3 to 3.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.crypto.provider import CryptoProvider
from soapkit.security.document.verify import verify
from soapkit.security.markup import SIGNATURE
from soapkit.security.require import Require
from soapkit.security.saml.decrypt import opener
from soapkit.security.saml.names import BY_TAG
from soapkit.security.saml.read import Assertion, Conditions, Confirming, id_of_assertion, read_assertion, signature_of
from soapkit.security.saml.settings import SamlRequirement
from soapkit.security.sender import Sender
from soapkit.security.timestamp import write_instant
from soapkit.xml.names import local_name
from soapkit.xml.walk import place_of, tag_of


@dataclass(frozen=True, slots=True)
class CheckedAssertion:
    """An assertion that is valid now and for us. `element`: it, in the message; `says`: what it says; `signer`: whose
    signature it has, None when its issuer did not sign it, or nobody knows whom to believe."""

    element: _Element
    says: Assertion
    signer: x509.Certificate | None = None


def check_assertion(
    element: _Element, require: Require, saml: SamlRequirement, now: datetime, provider: CryptoProvider
) -> CheckedAssertion:
    """An assertion that may be believed, once its sender has confirmed it too. Raises `SecurityError`."""
    version = BY_TAG[tag_of(element)].label
    if saml.version not in ("", version):
        raise SecurityError(f"an assertion of SAML {saml.version} is demanded, this one is of {version}")
    signed = signature_of(element) is not None
    if signed and saml.trust is not None:
        checked = _verified(element, require, saml, now, provider)
    elif "sender-vouches" in saml.confirmation:
        checked = CheckedAssertion(element, read_assertion(element, opener(require, provider, signed=False)))
    else:
        raise SecurityError(
            "the SAML assertion is not signed by its issuer: anyone may have written it", place=place_of(element)
        )
    _check_issuer(checked.says, saml)
    _check_conditions(checked.says, saml, now, require)
    return checked


def _verified(
    element: _Element, require: Require, saml: SamlRequirement, now: datetime, provider: CryptoProvider
) -> CheckedAssertion:
    """What the signature covers, which is all of the assertion."""
    assert saml.trust is not None, "the caller looked"
    own = signature_of(element)
    number = next(at for at, each in enumerate(element.iter(SIGNATURE)) if each is own)
    proof = verify(
        element,
        trust=saml.trust,
        signature=number,
        algorithms=require.algorithms,
        certificates=tuple(require.certificates),
        at=now,
        limits=require.limits,
    )
    if proof.octets or [part.uri for part in proof.parts] != [f"#{id_of_assertion(element)}"]:
        # SAML 2.0 core, 5.4.2; SAML 1.1 core, 5.4.2
        raise SecurityError("an assertion is signed by one reference, to its own id", place=place_of(element))
    says = read_assertion(proof.parts[0].element, opener(require, provider, signed=True))
    return CheckedAssertion(element, says, proof.signer)


def _check_issuer(says: Assertion, saml: SamlRequirement) -> None:
    if saml.issuers and says.issuer not in saml.issuers:
        raise SecurityError(
            f"the assertion is from {says.issuer!r:.120}, none of the issuers that are believed",
            bare="the assertion is from none of the issuers that are believed",
        )


def _check_conditions(says: Assertion, saml: SamlRequirement, now: datetime, require: Require) -> None:
    found, tolerance = says.conditions, timedelta(seconds=require.skew)
    if found.unknown:
        # SAML 2.0 core, 2.5.1.1: then nobody can tell whether it is valid
        names = ", ".join(map(local_name, found.unknown))
        raise SecurityError(f"the assertion is valid on conditions that are not understood: {names:.200}")
    # differences, no sums: a token service may say "until the end of the year 9999"
    if says.issued - now > tolerance:
        raise SecurityError(f"the assertion was issued at {write_instant(says.issued)}, after {write_instant(now)}")
    if found.not_before is not None and found.not_before - now > tolerance:
        raise SecurityError(f"the assertion is not valid before {write_instant(found.not_before)}")
    if now - valid_until(says, require) >= tolerance:
        raise SecurityError(
            f"the assertion expired at {write_instant(valid_until(says, require))}; it is now {write_instant(now)}"
        )
    _check_audience(found, saml)


def valid_until(says: Assertion, require: Require) -> datetime:
    """When an assertion is void; one that does not say so is void `Require.max_age` after it was issued."""
    return says.conditions.not_on_or_after or says.issued + timedelta(seconds=require.max_age)


def _check_audience(found: Conditions, saml: SamlRequirement) -> None:
    if saml.audience and not found.audiences:
        raise SecurityError("the assertion is for anybody (no AudienceRestriction), and must be for us")
    for audiences in found.audiences:
        if set(audiences).isdisjoint(saml.audience):
            told = " ".join(", ".join(audiences).split()) or "nobody"  # on one line, since it is a stranger's
            who = "not for us" if saml.audience else "and SamlRequirement(audience=...) does not say who we are"
            raise SecurityError(
                f"the assertion is for {told:.200}, {who}", bare=f"the assertion is for somebody in particular, {who}"
            )


def check_time_and_place(
    each: Confirming, saml: SamlRequirement, now: datetime, skew: int, sender: Sender | None
) -> str:
    """Why a SubjectConfirmation is not good now and here, in words; empty when it is (SAML 2.0 core, 2.4.1.2)."""
    tolerance = timedelta(seconds=skew)
    if each.not_before is not None and each.not_before - now > tolerance:
        return f"it may not be confirmed before {write_instant(each.not_before)}"
    if each.not_on_or_after is not None and now - each.not_on_or_after >= tolerance:
        return f"it could be confirmed until {write_instant(each.not_on_or_after)}"
    if each.recipient and each.recipient not in saml.audience:
        return f"it is to be shown to {each.recipient!r:.120}"
    if saml.check_address and each.address and (sender is None or not sender.is_at(each.address)):
        return f"it is to be shown from {each.address!r:.120}"
    return ""
