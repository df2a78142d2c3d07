"""Who signed what must be signed, and who endorsed that: the signatures of a message, by their signers.

The law of this file: all that must be signed is signed by one and the same signer, and a signature covers the very
elements that the rest of the journey will use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cryptography import x509
from lxml.etree import _Element

from soapkit.attachment import Attachment
from soapkit.errors import SecurityError
from soapkit.security.context.context import SecurityContext
from soapkit.security.crypto.certificates import name_of, name_of_key
from soapkit.security.header_rules import Endorser, HeaderRules, Inclusion, SignedWith
from soapkit.security.parts import ATTACHMENT_CONTENTS, WHOLE_ATTACHMENTS, may_be_missing
from soapkit.security.passing import Pass
from soapkit.security.ruled import check_inclusion, is_kept
from soapkit.security.saml.confirm import by_subject
from soapkit.security.verify import Proved, covers


@dataclass(frozen=True, slots=True)
class Wanted:
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


def wanted_in(found: Pass, parts: Sequence[str], what: str) -> list[Wanted]:
    """All that must be covered. Raises `SecurityError` where a part is not there."""
    elements = [Wanted(part, element) for part in parts for element in present_in(found, part, what)]
    attached = found.message.attached(parts)
    names = {True: WHOLE_ATTACHMENTS, False: ATTACHMENT_CONTENTS}
    return elements + [Wanted(names[whole], attachment, whole) for attachment, whole in attached]


def present_in(found: Pass, part: str, what: str) -> tuple[_Element, ...]:
    """The elements that a part is, `what` telling what they must be besides. Raises `SecurityError` where there must be
    some and are none."""
    elements = found.message.named(part)
    if not elements and not may_be_missing(part):
        raise SecurityError(f"the message has no {part}, which must be there{f' and {what}' if what else ''}")
    return elements


def signer_of(found: Pass, wanted: list[Wanted]) -> x509.Certificate | None:
    """The one who signed all that must be signed; without such a requirement, whoever signed the Body, or anything."""
    if wanted:
        main = _own_signatures(found)
        by_signer = _by_signer(main)
        for signer, proofs in by_signer:
            if _cover_all(proofs, wanted):
                return signer
        unknown = [proof for proof in main if proof.signer is None] if found.require.shared_key else []
        others = (*_by_context(main), *_by_user(main).values(), *by_key(main).values())
        if any(_cover_all(proofs, wanted) for proofs in (*others, by_demanded_subject(found, main), unknown)):
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


def covering(found: Pass, wanted: list[Wanted]) -> list[Proved]:
    """The signatures that cover all that must be signed, each by somebody who is believed."""
    believed = [proof for proof in _own_signatures(found) if proof.is_known or found.require.shared_key]
    return [proof for proof in believed if _cover_all([proof], wanted)]


def _cover_all(proofs: Sequence[Proved], wanted: Iterable[Wanted]) -> bool:
    """Whether each of these is covered by one of the signatures."""
    return all(one.is_covered(proofs) for one in wanted)


def endorsers_of(found: Pass, wanted: list[Wanted]) -> list[Proved]:
    """The signature of each who must endorse (WS-SecurityPolicy 1.3, 8.3). Raises `SecurityError` for one who does
    not."""
    require, proved = found.require, found.proved
    asked = require.rules.endorsements
    if not asked and not require.endorsed:
        return []
    groups = [proofs for _, proofs in _by_signer(proved)]
    groups += [*_by_context(proved), *_by_user(proved).values(), *by_key(proved).values()]
    if not asked:
        return [
            _endorser(found, wanted, [*groups, by_demanded_subject(found, proved)], tuple(require.endorsed), "nobody")
        ]
    by = {each.by: _by_endorser(found, each.by, groups) for each in asked}
    return [_endorser(found, wanted, by[each.by], each.parts, f"no {each.by}", each.certificate) for each in asked]


def _by_endorser(found: Pass, by: Endorser, groups: Iterable[Sequence[Proved]]) -> list[list[Proved]]:
    """Of these groups, the signatures of who may endorse so."""
    if by == "subject":
        return [by_subject(found)]
    return [list(filter(_ENDORSERS[by], proofs)) for proofs in groups]


def _endorser(
    found: Pass,
    wanted: list[Wanted],
    groups: Iterable[Sequence[Proved]],
    parts: Sequence[str],
    nobody: str,
    certificate: Inclusion = "any",
) -> Proved:
    """The signature over the one that covers all that must be signed, and over these parts, by one of these groups, of
    somebody known each. `certificate`: whether that must be there. Raises `SecurityError` when there is none,
    `nobody` telling who is missed."""
    endorsed = [proof for proof in _own_signatures(found) if _cover_all([proof], wanted)]
    others = wanted_in(found, [part for part in parts if part != "Signature"], "endorsed")
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


def by_key(proved: Iterable[Proved]) -> dict[str, list[Proved]]:
    """Signatures with public keys of the trust store, by which."""
    grouped: dict[str, list[Proved]] = {}
    for proof in proved:
        if proof.pinned is not None:
            grouped.setdefault(name_of_key(proof.pinned), []).append(proof)
    return grouped


def by_demanded_subject(found: Pass, proved: Iterable[Proved]) -> list[Proved]:
    """Signatures with the key of the assertion's subject, of which there is one, where that is demanded."""
    saml = found.require.saml
    if saml is None or "holder-of-key" not in saml.confirmation:
        return []
    return [proof for proof in proved if proof.assertion is not None]


def context_of(found: Pass, signer: x509.Certificate | None, wanted: list[Wanted]) -> SecurityContext | None:
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
    wanted: list[Wanted], by_signer: list[tuple[x509.Certificate, list[Proved]]], rules: HeaderRules
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


def username_of(found: Pass, endorsers: Sequence[Proved], wanted: list[Wanted]) -> str | None:
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


def signing_key_of(found: Pass, wanted: list[Wanted]) -> str:
    """The name of the bare key that signed all that must be signed; empty where none did."""
    return next((name for name, proofs in by_key(found.proved).items() if _cover_all(proofs, wanted)), "")
