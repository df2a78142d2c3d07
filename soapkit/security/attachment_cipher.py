"""Attachments, encrypted on the way out and decrypted on the way in: EncryptedData in the security header, the
ciphertext in the part that it refers to.

From file to file where they are large. WSS SOAP Messages with Attachments Profile 1.1, 5.5; XML Encryption 1.1, 3.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from urllib.parse import unquote

from lxml.etree import _Element

from soapkit.attachment import Attachment, Spool
from soapkit.errors import SecurityError
from soapkit.security.attachments import cid_of, fields_received, fields_sent, is_cid
from soapkit.security.crypto.algorithms import CipherAlgorithm
from soapkit.security.crypto.with_cryptography import decrypt_pieces, encrypt_pieces
from soapkit.security.markup import (
    CIPHER_DATA,
    CIPHER_REFERENCE,
    CIPHER_TRANSFORMS,
    CIPHER_VALUE,
    ENCRYPTED_DATA,
    ENCRYPTION_METHOD,
    KEY_INFO,
    TRANSFORM,
    algorithm_of,
    at_most_one,
    new,
    one,
    sub,
)
from soapkit.security.mime_canonical import FIELD_NAMES
from soapkit.soap.attachments import DEFAULT_ATTACHMENT_LIMITS, SIGNED_FIELDS
from soapkit.xml.names import SWA
from soapkit.xml.walk import children, place_of

CIPHERTEXT_TRANSFORM = f"{SWA}#Attachment-Ciphertext-Transform"
TYPE_CONTENT_ONLY = f"{SWA}#Attachment-Content-Only"
TYPE_COMPLETE = f"{SWA}#Attachment-Complete"

_TYPES = {False: TYPE_CONTENT_ONLY, True: TYPE_COMPLETE}
_OCTETS = "application/octet-stream"
_NEWLINE = b"\r\n"


@dataclass(frozen=True, slots=True)
class DecryptedAttachment:
    """What a part held. `attachment`: it, with the part's Content-ID; `whole`: with its header fields, which were
    encrypted too; `either`: it could be taken for the other kind, so that `whole` must be known from elsewhere."""

    attachment: Attachment
    whole: bool
    either: bool


def encrypt_attachment(
    attachment: Attachment,
    data_id: str,
    *,
    whole: bool,
    cipher: CipherAlgorithm,
    secret: bytes,
    key_info: _Element,
    random: Callable[[int], bytes],
) -> tuple[Attachment, _Element]:
    """The part that goes in the place of an attachment, and its EncryptedData. `whole`: its header fields too.

    Raises `OSError` where its file cannot be read.
    """
    head = _head(fields_sent(attachment)) if whole else b""
    spool = _spooled(encrypt_pieces(cipher, secret, chain((head,), attachment.chunks()), random))
    shown = {} if whole else attachment.headers
    part = spool.attachment(_OCTETS, attachment.content_id, "" if whole else attachment.location, shown)
    data = new(ENCRYPTED_DATA, attributes={"Id": data_id, "Type": _TYPES[whole], "MimeType": attachment.content_type})
    sub(data, ENCRYPTION_METHOD, attributes={"Algorithm": cipher.uri})
    sub(data, KEY_INFO).append(key_info)
    reference = sub(sub(data, CIPHER_DATA), CIPHER_REFERENCE, attributes={"URI": cid_of(attachment)})
    sub(sub(reference, CIPHER_TRANSFORMS), TRANSFORM, attributes={"Algorithm": CIPHERTEXT_TRANSFORM})
    return part, data


def holds_attachment(data: _Element) -> bool:
    """Whether an element is EncryptedData of an attachment."""
    return data.tag == ENCRYPTED_DATA and data.get("Type") in _TYPES.values()


def read_cipher_reference(data: _Element) -> _Element:
    """The CipherReference of such EncryptedData. Raises `SecurityError` for another way to say where the octets are."""
    holder = one(data, CIPHER_DATA)
    reference = one(holder, CIPHER_REFERENCE)
    transforms = list(children(one(reference, CIPHER_TRANSFORMS)))
    if (
        at_most_one(holder, CIPHER_VALUE) is not None
        or len(transforms) != 1
        or transforms[0].tag != TRANSFORM
        or algorithm_of(transforms[0]) != CIPHERTEXT_TRANSFORM
        or not is_cid(reference.get("URI", ""))
    ):
        raise SecurityError(
            "an encrypted attachment is referred to by its Content-ID, with the one transform of the SwA profile",
            place=place_of(data),
        )
    return reference


def decrypt_attachment(
    part: Attachment, data: _Element, cipher: CipherAlgorithm, secret: bytes, random: Callable[[int], bytes]
) -> DecryptedAttachment:
    """What a part holds. `secret`: of another length than the cipher needs, it fails as a wrong key does.

    Raises `SecurityError` for what was altered, or holds header fields that are not those of the profile.
    """
    if len(secret) != cipher.key_size:  # RFC 3218, as in decrypt.decipher
        secret = random(cipher.key_size)
    plain = _spooled(decrypt_pieces(cipher, secret, part.chunks()))
    said = data.get("MimeType") or _OCTETS
    if data.get("Type") != TYPE_COMPLETE:
        headers = fields_received(part) | {"content-type": said}
        content = plain.attachment(said, part.content_id, part.location, headers)
        return DecryptedAttachment(content, False, _head_of(content) is not None)
    together = plain.attachment(_OCTETS, part.content_id, "")
    found = _head_of(together)
    if found is None:
        raise SecurityError("an encrypted attachment does not begin with its header fields", place=place_of(data))
    fields, begin = found
    identifier = fields.get("content-id", part.content_id)
    if identifier.removeprefix("<").removesuffix(">") != part.content_id:
        raise SecurityError("an encrypted attachment has another Content-ID inside than outside", place=place_of(data))
    content_type = fields.setdefault("content-type", said)
    spool = _spooled(_behind(begin, together.chunks()))
    location = unquote(fields.get("content-location", ""))
    return DecryptedAttachment(spool.attachment(content_type, part.content_id, location, fields), True, False)


def _spooled(pieces: Iterable[bytes]) -> Spool:
    spool = Spool(DEFAULT_ATTACHMENT_LIMITS.spool_bytes)
    try:
        for piece in pieces:
            spool.write(piece)
    except BaseException:
        spool.discard()
        raise
    return spool


def _head(fields: Mapping[str, str]) -> bytes:
    """Header fields and the empty line after them; no blank behind the colon, as the canonical form has none."""
    lines = [f"{FIELD_NAMES[name]}:{fields[name]}" for name in SIGNED_FIELDS if name in fields]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


def _head_of(plain: Attachment) -> tuple[dict[str, str], int] | None:
    """The header fields that content begins with, and where what follows them begins; None where it does not so."""
    start = next(plain.chunks(), b"")
    if start.startswith(_NEWLINE):
        return {}, len(_NEWLINE)
    end = start.find(_NEWLINE * 2, 0, DEFAULT_ATTACHMENT_LIMITS.multipart.header_bytes)
    fields = _fields(start[:end]) if end >= 0 else None
    return (fields, end + 2 * len(_NEWLINE)) if fields is not None else None


def _fields(block: bytes) -> dict[str, str] | None:
    """Header fields by name in lower case, unfolded; None for what is no field of the profile, or comes twice."""
    fields: dict[str, str] = {}
    name = ""
    try:
        lines = block.decode().split("\r\n")
    except UnicodeDecodeError:
        return None
    for line in lines:
        if line[:1] in (" ", "\t") and name:
            fields[name] += line
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not colon or name not in SIGNED_FIELDS or name in fields:
            return None
        fields[name] = value.strip()
    return fields


def _behind(size: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces without their first bytes."""
    for piece in pieces:
        yield piece[size:]
        size = max(size - len(piece), 0)
