"""Encryption on the way out: parts of a message. WSS SOAP Message Security 1.1, section 9. Undone by decrypt.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.attachment_cipher import encrypt_attachment
from soapkit.security.crypto.algorithms import CipherAlgorithm, cipher_named
from soapkit.security.crypto.provider import CryptoProvider
from soapkit.security.encrypted_key import Addressee, encrypted_key, recipient
from soapkit.security.ids import WSU_ID
from soapkit.security.markup import (
    ENCRYPTED_HEADER,
    TYPE_CONTENT,
    TYPE_ELEMENT,
    base64_text,
    new,
)
from soapkit.security.parts import (
    ENCRYPTED_ATTACHMENTS,
    STEPS,
    Message,
    insert_after_timestamp,
    is_content,
    may_be_missing,
)
from soapkit.security.references_write import encrypted_key_reference_text
from soapkit.security.steps import Encrypt, SharedKey
from soapkit.soap.security_result import SecurityResult
from soapkit.xml.names import DS, XENC
from soapkit.xml.parse import parse_own
from soapkit.xml.serialise import escape_text, serialise


@dataclass(frozen=True, slots=True)
class DataKey:
    """The key that parts are encrypted under. `reference`: what stands in the KeyInfo of each, as text."""

    cipher: CipherAlgorithm
    secret: bytes = field(repr=False)
    reference: Callable[[], str]


def encrypt(message: Message, step: Encrypt, provider: CryptoProvider, request: SecurityResult | None) -> None:
    """Encrypt the step's parts under one fresh key, which goes, encrypted to the recipient, into the security header.

    Raises `SecurityError` when a part is not in the message, or the recipient is not known.
    """
    assert not isinstance(step.to, SharedKey), "who encrypts under a shared key does not come here"
    insert_after_timestamp(message, *encrypt_to(message, step, recipient(step.to, request), provider))


def encrypt_to(message: Message, step: Encrypt, to: Addressee, provider: CryptoProvider) -> list[_Element]:
    """The same for a recipient that is known. Returns what goes into the security header, nothing where there was
    nothing to encrypt."""
    cipher = cipher_named(step.algorithm)
    secret = provider.random(cipher.key_size)
    key_id = f"EK-{provider.random(16).hex()}"
    data_key = DataKey(cipher, secret, lambda: _REFERENCES[step.data_reference](key_id))
    references, beside = encrypt_parts(message, step, data_key, provider)
    if len(references) == 0:  # none of the parts that need not be there is there
        return []
    key, token = encrypted_key(step, to, secret, key_id, provider)
    key.append(references)
    return [*([token] if token is not None else []), key, *beside]


def encrypt_parts(
    message: Message, step: Encrypt, key: DataKey, provider: CryptoProvider
) -> tuple[_Element, list[_Element]]:
    """Put EncryptedData in the places of the step's parts; the ReferenceList that names them, and the EncryptedData of
    attachments, which belongs into the security header behind it."""
    if len(key.secret) != key.cipher.key_size:
        raise SecurityError(f"{key.cipher.name} needs a key of {key.cipher.key_size} bytes, not {len(key.secret)}")
    targets = [(part, element) for part in step.parts for element in _elements(message, part)]
    whole = {element for _, element in targets}
    outermost = [one for one in targets if whole.isdisjoint(one[1].iterancestors())]  # what is inside goes with it
    made = [_encrypt_part(message, part, element, key, provider) for part, element in outermost]
    beside = _encrypt_attachments(message, step, key, provider)
    made += [data.get("Id", "") for data in beside]
    references = "".join(f'<xenc:DataReference URI="#{data_id}"/>' for data_id in made)
    return parse_own(f'<xenc:ReferenceList xmlns:xenc="{XENC}">{references}</xenc:ReferenceList>'), beside


def _encrypt_attachments(message: Message, step: Encrypt, key: DataKey, provider: CryptoProvider) -> list[_Element]:
    """Encrypt the attachments that are among the step's parts; their EncryptedData."""
    made = [
        encrypt_attachment(
            attachment,
            f"ED-{provider.random(16).hex()}",
            whole=whole,
            cipher=key.cipher,
            secret=key.secret,
            key_info=parse_own(key.reference()),
            random=provider.random,
        )
        for attachment, whole in message.attached(step.parts)
    ]
    if made:
        message.attachments[:] = [part for part, _ in made]
        message.hidden.setdefault(ENCRYPTED_ATTACHMENTS, []).extend(data for _, data in made)
    return [data for _, data in made]


def _retrieval(key_id: str) -> str:
    return f'<ds:RetrievalMethod xmlns:ds="{DS}" Type="{XENC}EncryptedKey" URI="#{key_id}"/>'


_REFERENCES: dict[str, Callable[[str], str]] = {"token": encrypted_key_reference_text, "retrieval": _retrieval}


def _elements(message: Message, part: str) -> tuple[_Element, ...]:
    found = message.named(part)
    if not found and not may_be_missing(part):
        hint = f"; put its step before Encrypt in outbound: {STEPS[part]}(...)" if part in STEPS else ""
        raise SecurityError(f"there is no {part} in the message to encrypt{hint}")
    return found


def _encrypt_part(message: Message, part: str, element: _Element, key: DataKey, provider: CryptoProvider) -> str:
    """Put EncryptedData in the place of a part: the Body's content, a token, or a header block; its id."""
    data_id = f"ED-{provider.random(16).hex()}"
    content = element is message.envelope.body or is_content(part)
    if element is message.envelope.body and message.content is not None:
        plain = message.content
    else:
        plain = content_bytes(element) if content else serialise(element)
    data = parse_own(
        f'<xenc:EncryptedData xmlns:xenc="{XENC}" Id="{data_id}" Type="{TYPE_CONTENT if content else TYPE_ELEMENT}">'
        f'<xenc:EncryptionMethod Algorithm="{key.cipher.uri}"/>'
        f'<ds:KeyInfo xmlns:ds="{DS}">{key.reference()}</ds:KeyInfo>'
        f"<xenc:CipherData><xenc:CipherValue>{base64_text(provider.encrypt(key.cipher, key.secret, plain))}"
        "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>"
    )
    if content:
        empty(element)
        element.append(data)
    else:
        _replace(message, part, element, data, f"EH-{provider.random(16).hex()}")
    return data_id


def _replace(message: Message, part: str, element: _Element, data: _Element, header_id: str) -> None:
    """EncryptedData in the place of a token; around it an EncryptedHeader in the place of a header block (WSS 1.1,
    9.1), which carries the block's mustUnderstand and role, so that a node knows whom it is for."""
    parent = element.getparent()
    assert parent is not None, f"{part} stands in the message"
    wrapped = data
    if parent is message.envelope.header:
        wrapped = new(ENCRYPTED_HEADER, attributes={WSU_ID: header_id})
        version = message.envelope.version
        for name in (version.must_understand, version.role):
            if name in element.attrib:
                wrapped.set(name, element.attrib[name])
        wrapped.append(data)
    message.hide(element, wrapped)
    wrapped.tail = element.tail
    parent.replace(element, wrapped)


def content_bytes(element: _Element) -> bytes:
    """What stands in an element; each child with every namespace in scope, so that it can be read anywhere."""
    pieces = [escape_text(element.text or "").encode()]
    pieces += [etree.tostring(entry, encoding="UTF-8", with_tail=True) for entry in element]
    return b"".join(pieces)


def empty(element: _Element) -> None:
    """Take out what stands in an element; its attributes stay."""
    del element[:]
    element.text = None
