"""Require, held against what was found in a message: believed, or not.

The law of this file: a requirement is met by the very elements that the rest of the journey will use, at the places
where it will look for them. A signed element elsewhere, however alike, meets nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache

from cryptography import x509
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.confirm import signature_values
from soapkit.security.crypto.certificates import name_of, name_of_key
from soapkit.security.header_rules import NO_RULES
from soapkit.security.parts import is_content
from soapkit.security.passing import Pass
from soapkit.security.ruled import check_rules
from soapkit.security.saml.confirm import claim_once, confirmed
from soapkit.security.shared import Secret
from soapkit.security.signers import (
    Wanted,
    by_demanded_subject,
    context_of,
    covering,
    endorsers_of,
    present_in,
    signer_of,
    signing_key_of,
    username_of,
    wanted_in,
)
from soapkit.security.trust.truststore import Chain
from soapkit.security.verify import Proved, covers
from soapkit.soap.security_result import Covered, CoveredAttachment, SecurityResult

_SOON = timedelta(days=14)
_believed_name = lru_cache(maxsize=256)(name_of)  # those who are believed are few, and come back


def believe(found: Pass) -> SecurityResult:
    """The result of a pass that meets its `Require`; whether it is new tells `claim_seen`.

    Raises `SecurityError` for the first requirement that is not met.
    """
    caller = found.require.connection.user_of(found.sender)
    wanted = wanted_in(found, found.require.signed, "signed")
    signer = signer_of(found, wanted)
    endorsers = endorsers_of(found, wanted)
    signer = signer or next((each.signer for each in endorsers if each.signer is not None), None)
    for part in found.require.encrypted:
        _check_encrypted(found, part)
    if found.require.rules is not NO_RULES:
        check_rules(found, covering(found, wanted), endorsers)
    for part in found.require.present:
        present_in(found, part, "")
    context = context_of(found, signer, wanted) or next((each.context for each in endorsers if each.context), None)
    assertion = confirmed(found, signer)
    username = username_of(found, endorsers, wanted) or (context.username if context is not None else None) or caller
    lifetime, believed = found.lifetime, _believed(found)
    return SecurityResult(
        envelope=found.message.envelope.with_attachments(found.message.attachments),
        signed=tuple(_signed(found, believed)),
        encrypted=tuple(_encrypted(found)),
        signed_attachments=tuple(_signed_attachments(believed)),
        encrypted_attachments=tuple(_encrypted_attachments(found)),
        signer=signer,
        signer_name=_name_of(signer, believed) if signer is not None else signing_key_of(found, wanted),
        username=username,
        context=context.identifier if context is not None else "",
        assertion=assertion,
        header=found.message.security,
        keys=_keys(found, wanted),
        signature_values=_signature_values(found),
        created=lifetime.created if lifetime is not None else None,
        expires=lifetime.expires if lifetime is not None else None,
        warnings=(*found.warnings, *_warnings(found, signer)),
        chain=_chain(found, signer),
    )


def _chain(found: Pass, signer: x509.Certificate | None) -> Chain:
    """How the certificate of the signer is believed; that alone, where it is known by a key that was agreed on."""
    chains = [proof.chain for proof in found.proved if proof.signer is signer or proof.signer == signer]
    return max(chains, key=len, default=())


def _keys(found: Pass, wanted: list[Wanted]) -> tuple[Secret, ...]:
    """The keys that were had, that first which signed what must be signed: an answer is secured under it."""
    if not found.secrets:
        return ()
    signing = {proof.root for proof in covering(found, wanted)}
    return tuple(sorted(found.secrets, key=lambda each: each.value not in signing))


def _warnings(found: Pass, signer: x509.Certificate | None) -> Iterator[str]:
    """What was believed and should not be for long."""
    if found.proved or found.opened:
        yield from found.require.algorithms.warnings
    if signer is not None and signer.not_valid_after_utc - found.now < _SOON:
        yield f"the certificate of {name_of(signer)} expires on {signer.not_valid_after_utc:%Y-%m-%d}"


def _check_encrypted(found: Pass, part: str) -> None:
    """Of the Body, and where that alone is asked for, what is in an element must have come encrypted; of any other part
    the element itself, with its name and attributes, or one around it."""
    opened = {element for entry in found.opened for element in entry.elements}
    inside = {entry.parent for entry in found.opened if entry.parent is not None}
    for element in present_in(found, part, "encrypted"):
        by_content = element is found.message.envelope.body or is_content(part)
        own = element in opened or (by_content and (element in inside or _is_wholly_opened(element, opened)))
        if not own and not any(node in opened or node in inside for node in element.iterancestors()):
            raise SecurityError(f"the {part} did not come encrypted")
    decrypted = [entry.attachment for entry in found.opened if entry.attachment is not None]
    for attachment, whole in found.message.attached([part]):
        if not any(each.attachment is attachment and (each.whole or not whole) for each in decrypted):
            what = " with its header fields (AttachmentContents: without)" if whole else ""
            raise SecurityError(f"the attachment {attachment.content_id!r:.80} did not come encrypted{what}")


def _is_wholly_opened(element: _Element, opened: set[_Element]) -> bool:
    """Whether an element holds nothing but what came encrypted: its content may come in several pieces."""
    texts = [element.text, *(entry.tail for entry in element)]
    return (
        len(element) > 0
        and not any((text or "").strip() for text in texts)
        and all(entry in opened for entry in element)
    )


def claim_seen(found: Pass) -> None:
    """Claim the nonce and the signatures: each is believed once as long as it would pass for fresh. Asked last of all,
    so that a message that is refused leaves no trace in the replay store. Raises `SecurityError`."""
    store = found.require.replay
    if store is None:
        return
    users = dict.fromkeys((*found.users, *(proof.user for proof in found.proved if proof.user is not None)))
    # whosever it is: one user may have a name in several spellings, and a digest does not cover it
    keys = [f"nonce {nonce.hex()}" for nonce in dict.fromkeys(user.nonce for user in users) if nonce]
    # without a Timestamp of its own a signature may be right for ever, and right twice
    stamps = found.message.named("Timestamp")
    keys += [
        f"signature {proof.fingerprint}" for proof in found.proved if any(covers([proof], stamp) for stamp in stamps)
    ]
    # from its first moment, `skew` early, to its last, which is fresh too: a second more than that is long
    ttl = found.require.max_age + 2 * found.require.skew + 1
    for key in dict.fromkeys(keys):  # two who endorse the same Timestamp sign the same SignedInfo
        if not store.claim(key, ttl, now=found.now):
            raise SecurityError(f"this message was seen before ({key.partition(' ')[0]} repeated)")
    claim_once(found, store)


def _believed(found: Pass) -> list[tuple[Proved, str]]:
    """Signatures by somebody, each with whose; by nobody known, only where that is enough."""
    by_subject = by_demanded_subject(found, found.proved)
    return [
        (proof, _signer_name(proof))
        for proof in found.proved
        if (proof.is_known and proof.assertion is None) or proof in by_subject or found.require.shared_key
    ]


def _name_of(signer: x509.Certificate, believed: list[tuple[Proved, str]]) -> str:
    known = [name for proof, name in believed if proof.signer is signer]
    return known[0] if known else _believed_name(signer)


def _signer_name(proof: Proved) -> str:
    if proof.pinned is not None:
        return name_of_key(proof.pinned)
    return _believed_name(proof.signer) if proof.signer is not None else ""


def _signature_values(found: Pass) -> tuple[bytes, ...]:
    """Those of the signatures in the header, which were all proved, where anybody is believed."""
    if found.require.believes_somebody:
        return tuple([proof.value for proof in found.proved])
    return signature_values(found.message)


def _signed(found: Pass, believed: list[tuple[Proved, str]]) -> list[Covered]:
    return [
        Covered(found.message.name_of(element), element, proof.algorithm.uri, name)
        for proof, name in believed
        for element in proof.elements
    ]


def _signed_attachments(believed: list[tuple[Proved, str]]) -> list[CoveredAttachment]:
    return [
        CoveredAttachment(each.attachment, each.whole, proof.algorithm.uri, name)
        for proof, name in believed
        for each in proof.attachments
    ]


def _encrypted_attachments(found: Pass) -> list[CoveredAttachment]:
    return [
        CoveredAttachment(entry.attachment.attachment, entry.attachment.whole, entry.algorithm)
        for entry in found.opened
        if entry.attachment is not None
    ]


def _encrypted(found: Pass) -> list[Covered]:
    return [
        Covered(found.message.name_of(element), element, entry.algorithm)
        for entry in found.opened
        for element in ((entry.parent,) if entry.parent is not None else entry.elements)
    ]
