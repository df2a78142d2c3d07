"""What came encrypted, opened and put in its place: elements, their contents, attachments."""

from __future__ import annotations

from dataclasses import replace

from lxml.etree import _Element

from soapkit.attachment import Attachment
from soapkit.errors import SecurityError
from soapkit.security.attachment_cipher import (
    DecryptedAttachment,
    decrypt_attachment,
    holds_attachment,
    read_cipher_reference,
)
from soapkit.security.attachments import SignedAttachment, attachment_named
from soapkit.security.crypto.algorithms import CipherAlgorithm
from soapkit.security.decrypt import Deciphered, decipher, put_back, read_cipher
from soapkit.security.ids import ids_of
from soapkit.security.markup import ENCRYPTED_DATA
from soapkit.security.passing import Opened, Pass, still
from soapkit.security.saml.names import BY_TAG as ASSERTIONS
from soapkit.security.verify import Proved, covers
from soapkit.xml.walk import place_of, tag_of


def open_parts(passing: Pass, wanted: list[tuple[_Element, bytes]]) -> None:
    """Decrypt, and put what came out in its place."""
    if len(wanted) + len(passing.opened) > passing.require.limits.data:
        raise SecurityError(f"more than {passing.require.limits.data} encrypted parts are not decrypted")
    for data, secret in wanted:
        if holds_attachment(data):
            _open_attachment(passing, data, secret)
    wanted = [(data, secret) for data, secret in wanted if not holds_attachment(data)]
    if wanted:
        _open_elements(passing, wanted)
    passing.make_whole()


def _open_elements(passing: Pass, wanted: list[tuple[_Element, bytes]]) -> None:
    found = [_decipher(passing, data, secret) for data, secret in wanted]
    signed = [covers(passing.proved, data) for data, _ in wanted]
    parents = [_wholly(piece) for piece in found]
    tracked = [*passing.tracked(), *(parent for parent in parents if parent is not None)]
    envelope = passing.message.envelope
    reread = put_back(envelope.root, found, tracked, passing.provider, envelope.limits)
    passing.move(reread)
    for piece, elements, parent, under in zip(found, reread.pieces, parents, signed, strict=True):
        moved = still(parent, reread.moved) if parent is not None else None
        opened = elements if moved is None else ()
        ids = ids_of(piece.data) if _is_assertion(passing, opened) else ()
        came_as = piece.place if ids else None
        passing.opened.append(
            Opened(opened, piece.algorithm.uri, moved, under_signature=under, came_as=came_as, ids=ids)
        )


def _is_assertion(passing: Pass, opened: tuple[_Element, ...]) -> bool:
    """Whether that is one which a signature may name its key by."""
    return len(opened) == 1 and opened[0].tag in ASSERTIONS and opened[0].getparent() is passing.message.security


def _open_attachment(passing: Pass, data: _Element, secret: bytes) -> None:
    """Decrypt an attachment, and hold with it what is known of its ciphertext."""
    if data.getparent() is not passing.message.security:
        raise SecurityError("the EncryptedData of an attachment stands in the header", place=place_of(data))
    if any(entry.data is data for entry in passing.opened):
        raise SecurityError("the same encrypted attachment is to be decrypted twice", place=place_of(data))
    attachments = passing.message.attachments
    reference = read_cipher_reference(data)
    part = attachment_named(attachments, reference.get("URI", ""), by=reference)
    cipher = _cipher_of(passing, data, part)
    found = decrypt_attachment(part, data, cipher, secret[: cipher.key_size], passing.provider.random)
    attachments[:] = [found.attachment if each is part else each for each in attachments]
    passing.proved = [_carried_over(proof, part, found, data) for proof in passing.proved]
    passing.opened = [
        replace(entry, attachment=found) if entry.attachment and entry.attachment.attachment is part else entry
        for entry in passing.opened
    ]
    passing.opened.append(Opened((), cipher.uri, attachment=found, data=data))


def _carried_over(proof: Proved, part: Attachment, found: DecryptedAttachment, data: _Element) -> Proved:
    """A signature over the ciphertext is one over what came of it. That must be known: whoever signs EncryptedData
    says what it is; else content that looks like a whole attachment may have been one."""
    if not any(each.attachment is part for each in proof.attachments):
        return proof
    if found.either and not covers([proof], data):
        raise SecurityError("whether an encrypted attachment has header fields is not signed", place=place_of(data))
    return replace(
        proof,
        attachments=tuple(
            each
            if each.attachment is not part
            else SignedAttachment(found.attachment, found.whole or (each.whole and covers([proof], data)))
            for each in proof.attachments
        ),
    )


def _decipher(passing: Pass, data: _Element, secret: bytes) -> Deciphered:
    if data.tag != ENCRYPTED_DATA:
        raise SecurityError(f"a reference to encrypted data leads to {tag_of(data)}", place=place_of(data))
    cipher = _cipher_of(passing, data)
    # the secret of a context may be longer than what it encrypts with: stacks take its first octets
    return decipher(data, cipher, secret[: cipher.key_size], passing.provider)


def _cipher_of(passing: Pass, data: _Element, part: Attachment | None = None) -> CipherAlgorithm:
    """The cipher of EncryptedData, and of the `part` that it refers to, within the policy."""
    policy = passing.require.algorithms
    cipher = read_cipher(data, policy)
    if cipher.mode == "gcm" or policy.cbc == "always":
        return cipher
    if policy.cbc == "never" or not passing.is_covered(data) or (part is not None and not _is_signed(passing, part)):
        raise SecurityError(
            f"data encrypted with {cipher.name} is decrypted only under a signature that was verified before",
            place=place_of(data),
        )
    return cipher


def _is_signed(passing: Pass, part: Attachment) -> bool:
    return any(each.attachment is part for proof in passing.proved if proof.is_known for each in proof.attachments)


def _wholly(piece: Deciphered) -> _Element | None:
    """The element whose whole content a piece is, None for an element or for content beside other content."""
    parent = piece.data.getparent()
    if (
        piece.whole
        or parent is None
        or len(parent) != 1
        or (parent.text or "").strip()
        or (piece.data.tail or "").strip()
    ):
        return None
    return parent
