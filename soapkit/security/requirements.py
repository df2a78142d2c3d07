"""Require, held against what was found in a message: believed, or not.

The law of this file: a requirement is met by the very elements that the rest of the journey will use, at the places
where it will look for them. A signed element elsewhere, however alike, meets nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from cryptography import x509
from lxml.etree import _Element

from soapkit.attachment import Attachment
from soapkit.errors import SecurityError
from soapkit.security.confirm import signature_values
from soapkit.security.context.context import SecurityContext
from soapkit.security.crypto.certificates import name_of, name_of_key
from soapkit.security.header_rules import NO_RULES, Endorser, HeaderRules, Inclusion, SignedWith
from soapkit.security.parts import ATTACHMENT_CONTENTS, WHOLE_ATTACHMENTS, is_content, may_be_missing
from soapkit.security.passing import Pass
from soapkit.security.ruled import check_inclusion, check_rules, is_kept
from soapkit.security.saml.confirm import by_subject, claim_once, confirmed
from soapkit.security.shared import Secret
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
    wanted = _wanted(found, found.require.signed, "signed")
    signer = _signer(found, wanted)
    endorsers = _endorsers(found, wanted)
    signer = signer or next((each.signer for each in endorsers if each.signer is not None), None)
    for part in found.require.encrypted:
        _check_encrypted(found, part)
    if found.require.rules is not NO_RULES:
        check_rules(found, _covering(found, wanted), endorsers)
    for part in found.require.present:
        _present(found, part, "")
    context = _context(found, signer, wanted) or next((each.context for each in endorsers if each.context), None)
    assertion = confirmed(found, signer)
    username = _username(found, endorsers, wanted) or (context.username if context is not None else None) or caller
    lifetime, believed = found.lifetime, _believed(found)
    return SecurityResult(
        envelope=found.message.envelope.with_attachments(found.message.attachments),
        signed=tuple(_signed(found, believed)),
        encrypted=tuple(_encrypted(found)),
        signed_attachments=tuple(_signed_attachments(believed)),
        encrypted_attachments=tuple(_encrypted_attachments(found)),
        signer=signer,
        signer_name=_name_of(signer, believed) if signer is not None else _signing_key(found, wanted),
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


def _keys(found: Pass, wanted: list[_Wanted]) -> tuple[Secret, ...]:
    """The keys that were had, that first which signed what must be signed: an answer is secured under it."""
    if not found.secrets:
        return ()
    signing = {proof.root for proof in _covering(found, wanted)}
    return tuple(sorted(found.secrets, key=lambda each: each.value not in signing))


def _warnings(found: Pass, signer: x509.Certificate | None) -> Iterator[str]:
    """What was believed and should not be for long."""
    if found.proved or found.opened:
        yield from found.require.algorithms.warnings
    if signer is not None and signer.not_valid_after_utc - found.now < _SOON:
        yield f"the certificate of {name_of(signer)} expires on {signer.not_valid_after_utc:%Y-%m-%d}"


def _signer(found: Pass, wanted: list[_Wanted]) -> x509.Certificate | None:
    """The one who signed all that must be signed; without such a requirement, whoever signed the Body, or anything."""
    if wanted:
        main = _own_signatures(found)
        by_signer = _by_signer(main)
        for signer, proofs in by_signer:
            if _cover_all(proofs, wanted):
                return signer
        unknown = [proof for proof in main if proof.signer is None] if found.require.shared_key else []
        others = (*_by_context(main), *_by_user(main).values(), *_by_key(main).values())
        if any(_cover_all(proofs, wanted) for proofs in (*others, _by_subject(found, main), unknown)):
            return None
        raise SecurityError(_why_unsigned(wanted, by_signer, found.require.rules))
    by_signer = _by_signer(found.proved)
    body = found.message.envelope.body
    signers = [signer for signer, proofs in by_signer if covers(proofs, body)] or [signer for signer, _ in by_signer]
    return signers[0] if signers else None


def _own_signatures(found: Pass) -> list[Proved]:
    """Those that may cover what must be signed: with the kind of key that this must be signed with."""
    kind = found.require.rules.signed_with
    if kind == "subject":
        return [proof for proof in by_subject(found) if _kind_of_key(proof) == "key-pair"]
    return [proof for proof in found.proved if _is_with(kind, proof)]


def _is_with(kind: SignedWith, proof: Proved) -> bool:
    return _by_pair(proof) if kind == "certificate" else kind in ("any", _kind_of_key(proof))


def _kind_of_key(proof: Proved) -> SignedWith:
    return "secret" if proof.algorithm.key == "secret" else "key-pair"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One element, or attachment, that must be covered, and the part that it belongs to. `whole`: an attachment with
    its header fields."""

    part: str
    item: _Element | Attachment
    whole: bool = False

    def is_covered(self, proofs: Iterable[Proved]) -> bool:
        """Whether one of these signatures covers this very one."""
        item = self.item
        if not isinstance(item, Attachment):
            return covers(proofs, item)
        found = (each for proof in proofs for each in proof.attachments if each.attachment is item)
        return any(each.whole or not self.whole for each in found)


def _wanted(found: Pass, parts: Sequence[str], what: str) -> list[_Wanted]:
    """All that must be covered. Raises `SecurityError` where a part is not there."""
    elements = [_Wanted(part, element) for part in parts for element in _present(found, part, what)]
    attached = found.message.attached(parts)
    names = {True: WHOLE_ATTACHMENTS, False: ATTACHMENT_CONTENTS}
    return elements + [_Wanted(names[whole], attachment, whole) for attachment, whole in attached]


def _covering(found: Pass, wanted: list[_Wanted]) -> list[Proved]:
    """The signatures that cover all that must be signed, each by somebody who is believed."""
    believed = [proof for proof in _own_signatures(found) if proof.is_known or found.require.shared_key]
    return [proof for proof in believed if _cover_all([proof], wanted)]


def _cover_all(proofs: Sequence[Proved], wanted: Iterable[_Wanted]) -> bool:
    return all(one.is_covered(proofs) for one in wanted)


def _endorsers(found: Pass, wanted: list[_Wanted]) -> list[Proved]:
    """The signature of each who must endorse (WS-SecurityPolicy 1.3, 8.3). Raises `SecurityError` for one who does
    not."""
    require, proved = found.require, found.proved
    asked = require.rules.endorsements
    if not asked and not require.endorsed:
        return []
    groups = [proofs for _, proofs in _by_signer(proved)]
    groups += [*_by_context(proved), *_by_user(proved).values(), *_by_key(proved).values()]
    if not asked:
        return [_endorser(found, wanted, [*groups, _by_subject(found, proved)], tuple(require.endorsed), "nobody")]
    by = {each.by: _by_endorser(found, each.by, groups) for each in asked}
    return [_endorser(found, wanted, by[each.by], each.parts, f"no {each.by}", each.certificate) for each in asked]


def _by_endorser(found: Pass, by: Endorser, groups: Iterable[Sequence[Proved]]) -> list[list[Proved]]:
    """Of these groups, the signatures of who may endorse so."""
    if by == "subject":
        return [by_subject(found)]
    return [list(filter(_ENDORSERS[by], proofs)) for proofs in groups]


def _endorser(
    found: Pass,
    wanted: list[_Wanted],
    groups: Iterable[Sequence[Proved]],
    parts: Sequence[str],
    nobody: str,
    certificate: Inclusion = "any",
) -> Proved:
    """The signature over the one that covers all that must be signed, and over these parts, by one of these groups, of
    somebody known each. `certificate`: whether that must be there. Raises `SecurityError` when there is none,
    `nobody` telling who is missed."""
    endorsed = [proof for proof in _own_signatures(found) if _cover_all([proof], wanted)]
    others = _wanted(found, [part for part in parts if part != "Signature"], "endorsed")
    for proofs in groups:
        endorsing = [
            each
            for each in proofs
            if "Signature" not in parts or any(each is not one and covers([each], one.signature) for one in endorsed)
        ]
        if endorsing and _cover_all(proofs, others):
            rule = found.require.rules.endorsing
            chosen = next((each for each in endorsing if is_kept(rule, each.token, found, endorsed)), endorsing[0])
            check_inclusion(certificate, [chosen], found)
            return chosen
    raise SecurityError(f"the signature is not endorsed: {nobody} who is known signed it")


def _by_pair(proof: Proved) -> bool:
    return proof.signer is not None and _kind_of_key(proof) == "key-pair"


_ENDORSERS: dict[Endorser, Callable[[Proved], bool]] = {
    "certificate": _by_pair,
    "bare-key": lambda proof: proof.pinned is not None,
    "user": lambda proof: proof.user is not None,
    "context": lambda proof: proof.context is not None,
}


def _by_signer(proved: Iterable[Proved]) -> list[tuple[x509.Certificate, list[Proved]]]:
    grouped: list[tuple[x509.Certificate, list[Proved]]] = []
    for proof in proved:
        if proof.signer is None:
            continue
        for signer, proofs in grouped:
            if signer == proof.signer:
                proofs.append(proof)
                break
        else:
            grouped.append((proof.signer, [proof]))
    return grouped


def _by_context(proved: Iterable[Proved]) -> list[list[Proved]]:
    """Signatures under security contexts whose other side showed no certificate: each context is a signer."""
    grouped: dict[str, list[Proved]] = {}
    for proof in proved:
        if proof.signer is None and proof.context is not None:
            grouped.setdefault(proof.context.identifier, []).append(proof)
    return list(grouped.values())


def _by_user(proved: Iterable[Proved]) -> dict[str, list[Proved]]:
    """Signatures under keys of passwords, by whose they are."""
    grouped: dict[str, list[Proved]] = {}
    for proof in proved:
        if proof.user is not None:
            grouped.setdefault(proof.user.name, []).append(proof)
    return grouped


def _by_key(proved: Iterable[Proved]) -> dict[str, list[Proved]]:
    """Signatures with public keys of the trust store, by which."""
    grouped: dict[str, list[Proved]] = {}
    for proof in proved:
        if proof.pinned is not None:
            grouped.setdefault(name_of_key(proof.pinned), []).append(proof)
    return grouped


def _by_subject(found: Pass, proved: Iterable[Proved]) -> list[Proved]:
    """Signatures with the key of the assertion's subject, of which there is one, where that is demanded."""
    saml = found.require.saml
    if saml is None or "holder-of-key" not in saml.confirmation:
        return []
    return [proof for proof in proved if proof.assertion is not None]


def _context(found: Pass, signer: x509.Certificate | None, wanted: list[_Wanted]) -> SecurityContext | None:
    """The one that signed what `signer` is said to have signed, or, without one, that signed all that must be."""
    proofs = [proof for proof in found.proved if proof.context is not None and proof.signer == signer]
    for context in dict.fromkeys(proof.context.identifier for proof in proofs if proof.context is not None):
        own = [proof for proof in proofs if proof.context is not None and proof.context.identifier == context]
        if _cover_all(own, wanted):
            return own[0].context
    return None


_KINDS_OF_KEYS: dict[SignedWith, str] = {
    "any": "",
    "key-pair": " with a key pair",
    "certificate": " with the key pair of a certificate",
    "subject": " with the key pair of the subject of an assertion",
    "secret": " under a shared key",
}


def _why_unsigned(
    wanted: list[_Wanted], by_signer: list[tuple[x509.Certificate, list[Proved]]], rules: HeaderRules
) -> str:
    if not by_signer:
        kind = _KINDS_OF_KEYS[rules.signed_with]
        return f"the message is not signed{kind}; {', '.join(dict.fromkeys(one.part for one in wanted))} must be"
    for one in wanted:
        if not any(one.is_covered(proofs) for _, proofs in by_signer):
            names = ", ".join(name_of(signer) for signer, _ in by_signer)
            if isinstance(one.item, Attachment):
                what = "" if not one.whole else " with its header fields (AttachmentContents: without)"
                return f"the attachment {one.item.content_id!r:.80} is not covered{what} by the signature of {names}"
            return f"the {one.part} at its place is not covered by the signature of {names}"
    return "the parts that must be signed are signed, but not all by the same signer"


def _check_encrypted(found: Pass, part: str) -> None:
    """Of the Body, and where that alone is asked for, what is in an element must have come encrypted; of any other part
    the element itself, with its name and attributes, or one around it."""
    opened = {element for entry in found.opened for element in entry.elements}
    inside = {entry.parent for entry in found.opened if entry.parent is not None}
    for element in _present(found, part, "encrypted"):
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


def _present(found: Pass, part: str, what: str) -> tuple[_Element, ...]:
    elements = found.message.named(part)
    if not elements and not may_be_missing(part):
        raise SecurityError(f"the message has no {part}, which must be there{f' and {what}' if what else ''}")
    return elements


def _username(found: Pass, endorsers: Sequence[Proved], wanted: list[_Wanted]) -> str | None:
    """Whose password was right: in a UsernameToken, or for having signed, under its key, all that must be signed, or
    the signature that must be endorsed."""
    if found.require.username is None:
        return None
    signing = [name for name, proofs in _by_user(found.proved).items() if _cover_all(proofs, wanted)]
    endorsing = [each.user.name for each in endorsers if each.user is not None]
    names = dict.fromkeys((*(user.name for user in found.users), *signing, *endorsing))
    if len(names) != 1 or len(found.users) > 1:
        told = max(len(names), len(found.users))
        raise SecurityError(f"expected one UsernameToken, or who signs under the key of one, found {told}")
    return next(iter(names))


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
    by_subject = _by_subject(found, found.proved)
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


def _signing_key(found: Pass, wanted: list[_Wanted]) -> str:
    """The name of the bare key that signed all that must be signed; empty where none did."""
    return next((name for name, proofs in _by_key(found.proved).items() if _cover_all(proofs, wanted)), "")


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
