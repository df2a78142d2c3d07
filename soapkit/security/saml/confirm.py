"""Who confirms an assertion: whether the sender of the message is its subject, or may speak for it.

Source: SAML Token Profile 1.1, section 3.5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from cryptography import x509
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.crypto.certificates import name_of, public_key_of
from soapkit.security.passing import Pass
from soapkit.security.replay import ReplayStore
from soapkit.security.saml.inbound import CheckedAssertion, check_time_and_place, valid_until
from soapkit.security.saml.keys import subject_key
from soapkit.security.saml.names import CONFIRMATIONS
from soapkit.security.saml.read import Confirming
from soapkit.security.verify import Proved, covers
from soapkit.soap.security_result import ReceivedAssertion

_LONGEST = 10 * 366 * 24 * 60 * 60  # seconds that an assertion is remembered: some are valid until the year 9999


def confirmed(found: Pass, signer: x509.Certificate | None) -> ReceivedAssertion | None:
    """The assertion of a message, as the result tells it; None where none is demanded. `signer`: of the message.

    Raises `SecurityError` when there is none, or it does not speak for the sender.
    """
    if found.require.saml is None:
        return None
    checked = found.assertion
    if checked is None:
        raise SecurityError("the message has no SAML assertion, which must be there")
    kept = [_confirm(group, _Sender(found, checked, signer)) for group in checked.says.confirmations]
    if len({each.method for each in kept}) != 1:
        raise SecurityError("an assertion whose statements are confirmed in different ways is not read")
    return _told(checked, kept[0], found)


def by_subject(found: Pass) -> list[Proved]:
    """Signatures that named the assertion of the message for their key, and those by a certificate that holds the same
    one; none without an assertion. Raises `SecurityError` for an assertion whose key is not to be had."""
    checked = found.assertion
    return list(_with_its_key(found, checked)) if checked is not None else []


def _with_its_key(found: Pass, checked: CheckedAssertion) -> Iterator[Proved]:
    key = None
    for proof in found.proved:
        if proof.assertion is checked.element:
            yield proof
        elif proof.signer is not None:
            key = key or subject_key(checked.says, found.keys.certificates)
            if key.public is not None and key.public == public_key_of(proof.signer):
                yield proof


def claim_once(found: Pass, store: ReplayStore) -> None:
    """Take the assertion of a message that may be used once. Raises `SecurityError` when it was seen before."""
    saml, checked = found.require.saml, found.assertion
    if saml is None or checked is None or not (saml.once or checked.says.conditions.once):
        return
    says = checked.says
    left = valid_until(says, found.require) - found.now + timedelta(seconds=found.require.skew)
    ttl = min(max(1, int(left.total_seconds()) + 1), _LONGEST)
    if not store.claim(f"assertion {says.issuer} {says.identifier}", ttl, now=found.now):
        raise SecurityError("this assertion is for one use, and was seen before")


class _Sender:
    """What a message shows of its sender. Each method: why not, in words; empty for yes."""

    def __init__(self, found: Pass, checked: CheckedAssertion, signer: x509.Certificate | None) -> None:
        self.found = found
        self.checked = checked
        self.signer = signer

    @property
    def wanted(self) -> list[_Element]:
        """What a key must have signed to be that of the sender: what must be signed, else the Body."""
        message = self.found.message
        named = [element for part in self.found.require.signed for element in message.named(part)]
        return named or [message.envelope.body]

    def bearer(self) -> str:
        return "" if self.checked.signer is not None else "its issuer did not sign it"

    def vouches(self) -> str:
        proofs = [proof for proof in self.found.proved if proof.signer is not None and proof.signer == self.signer]
        if self.signer is None or not self._sign(proofs, [*self.wanted, self.checked.element]):
            return "nobody who is believed signed it together with the message"
        return ""

    def holds_key(self) -> str:
        if self.checked.signer is None:
            return "its issuer did not sign it"
        if not self._shows_key() and not self._sign(by_subject(self.found), self.wanted):
            return "the message is not signed with the key that it names"
        return ""

    def _shows_key(self) -> bool:
        """Whether the connection was made with the key, and that is enough (SAML 2.0 profiles, 3.1)."""
        saml, sender = self.found.require.saml, self.found.sender
        if saml is None or not saml.by_tls or sender is None or sender.certificate is None:
            return False
        key = subject_key(self.checked.says, self.found.keys.certificates)
        return key.public is not None and key.public == public_key_of(sender.certificate)

    def _sign(self, proofs: list[Proved], wanted: list[_Element]) -> bool:
        """Whether these signatures cover what is wanted, or a signature that does (endorsing it)."""
        endorsed = [other for other in self.found.proved if covers(proofs, other.signature)]
        return bool(proofs) and all(covers([*proofs, *endorsed], element) for element in wanted)


_METHODS: dict[str, Callable[[_Sender], str]] = {
    "bearer": _Sender.bearer,
    "sender-vouches": _Sender.vouches,
    "holder-of-key": _Sender.holds_key,
}


def _confirm(group: tuple[Confirming, ...], sender: _Sender) -> Confirming:
    """The first confirmation of a subject that is allowed, and kept. Raises `SecurityError` telling why each is not."""
    saml, told = sender.found.require.saml, []
    assert saml is not None, "the caller looked"
    for each in group:
        if each.method not in saml.confirmation:
            name = each.method if each.method in CONFIRMATIONS else f"{each.method!r:.120}"
            told.append(f"{name}: not accepted")
            continue
        found = sender.found
        why = check_time_and_place(each, saml, found.now, found.require.skew, found.sender)
        why = why or _METHODS[each.method](sender)
        if not why:
            return each
        told.append(f"{each.method}: {why}")
    raise SecurityError(f"the assertion does not speak for the sender ({'; '.join(told) or 'it says nothing how'})")


def _told(checked: CheckedAssertion, kept: Confirming, found: Pass) -> ReceivedAssertion:
    says, method = checked.says, kept.method
    holder = subject_key(says, found.keys.certificates).certificate if method == "holder-of-key" else None
    return ReceivedAssertion(
        version=says.version.label,
        identifier=says.identifier,
        issuer=says.issuer,
        subject=says.subject,
        confirmation=method,
        verified=checked.signer is not None,
        element=checked.element,
        subject_format=says.subject_format,
        attributes=says.attributes,
        signer_name=name_of(checked.signer) if checked.signer is not None else "",
        issued=says.issued,
        not_before=says.conditions.not_before,
        not_on_or_after=says.conditions.not_on_or_after,
        audience=tuple(dict.fromkeys(each for audiences in says.conditions.audiences for each in audiences)),
        authenticated=says.authenticated,
        authentication=says.authentication,
        holder=holder,
        address=kept.address,
        in_response_to=kept.in_response_to,
        session=says.session,
        decisions=says.decisions,
    )
