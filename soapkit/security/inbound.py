"""The pass over a security header, top to bottom: each token, key and signature in its turn.

The law of this file: what is known of an element is held with the element itself. When decryption makes a new tree,
everything known moves to the elements that took the places of the old ones, and nothing else is carried over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from lxml.etree import _Element

from soapkit.attachment import Attachment
from soapkit.errors import LimitError, MessageError, SecurityError
from soapkit.security.attachment_cipher import (
    DecryptedAttachment,
    decrypt_attachment,
    holds_attachment,
    read_cipher_reference,
)
from soapkit.security.attachments import SignedAttachment, attachment_named
from soapkit.security.crypto.algorithms import CipherAlgorithm
from soapkit.security.crypto.provider import CryptoProvider
from soapkit.security.decrypt import Deciphered, Reread, decipher, put_back, read_cipher
from soapkit.security.ids import Came, IdIndex, ids_of
from soapkit.security.keyring import KeyRing, KnownKeys
from soapkit.security.markup import (
    DATA_REFERENCE,
    EMBEDDED,
    ENCRYPTED_ASSERTION,
    ENCRYPTED_DATA,
    ENCRYPTED_KEY,
    KEY_NAME,
    REFERENCE_LIST,
    SIGNATURE,
    TIMESTAMP,
    TOKEN_REFERENCE,
    USERNAME_TOKEN,
    at_most_one,
    one,
    text_of,
)
from soapkit.security.met import MetHeader, MetHeaders, MetSignature
from soapkit.security.outline import element_at
from soapkit.security.parts import Message
from soapkit.security.passwords import derives_key
from soapkit.security.references import (
    key_info_of,
)
from soapkit.security.require import Require
from soapkit.security.saml.inbound import CheckedAssertion, check_assertion
from soapkit.security.saml.names import BY_TAG as ASSERTIONS
from soapkit.security.sender import Sender
from soapkit.security.shared import Secret, SentKeys
from soapkit.security.timestamp import Lifetime, check_lifetime, read_timestamp
from soapkit.security.tokens import CheckedUser, check_username_token
from soapkit.security.verify import Proved, ReadSignature, Verifier, covers
from soapkit.soap.attachments import Package
from soapkit.soap.envelope import Envelope
from soapkit.soap.xop import INCLUDE, inline
from soapkit.xml.walk import children, place_of, tag_of


@dataclass(frozen=True, slots=True)
class Opened:
    """What came encrypted under one EncryptedData: `parent`'s whole content, or these elements, or an attachment, whose
    EncryptedData, `data`, is still there. `under_signature`: whether a signature that was verified before covers
    it as it was encrypted. `came_as`: what stood in the place of an assertion, in the tree before, `ids` its names."""

    elements: tuple[_Element, ...]
    algorithm: str
    parent: _Element | None = None
    attachment: DecryptedAttachment | None = None
    data: _Element | None = None
    under_signature: bool = False
    came_as: _Element | None = None
    ids: tuple[str, ...] = ()


@dataclass(slots=True)
class Pass:
    """One message on its way through. Filled by `run`; read by `soapkit.security.requirements`."""

    message: Message
    require: Require
    provider: CryptoProvider
    now: datetime
    sent: SentKeys
    sender: Sender | None = None
    met: MetHeaders = field(default_factory=MetHeaders)
    proved: list[Proved] = field(default_factory=list)
    opened: list[Opened] = field(default_factory=list)
    users: list[CheckedUser] = field(default_factory=list)
    assertion: CheckedAssertion | None = None
    lifetime: Lifetime | None = None
    warnings: list[str] = field(default_factory=list)
    _done: list[_Element] = field(default_factory=list)
    _index: IdIndex | None = None
    _keys: int = 0
    _known: KnownKeys = field(default_factory=KnownKeys)
    _read: list[ReadSignature] = field(default_factory=list)

    @property
    def keys(self) -> KeyRing:
        """The keys of the message."""
        return KeyRing(self, self._known)

    @property
    def secrets(self) -> Sequence[Secret]:
        """The keys that were had."""
        return self._known.secrets

    @property
    def index(self) -> IdIndex:
        """The ids of the message as it is now."""
        if self._index is None:
            envelope = self.message.envelope
            came = {
                name: Came(entry.elements[0], entry.came_as)
                for entry in self.opened
                if entry.came_as is not None
                for name in entry.ids
            }
            self._index = IdIndex(envelope.root, measure=envelope.measure, came=came)
        return self._index

    def run(self) -> None:
        """Process the header, then encrypted data in the Body that brings its own key.

        Raises `SecurityError` for the first thing that is wrong.
        """
        self._make_whole()
        known = self.met.like(self.message.envelope)
        if known is not None:
            self._follow(*known)
        else:
            self._walk()
        self._open_loose()
        self._leave_no_include()

    def remember(self) -> None:
        """Have the next message with a header like this one processed sooner. For one that was believed."""
        if len(self._read) != len(self.proved) or not self._read or self.opened or self.warnings:
            return
        if all(entry.tag in _LASTING or entry.tag not in _HANDLERS for entry in self.message.tokens):
            self.met.remember(self.message, self._read, self.proved)

    def _follow(self, header: MetHeader, values: Sequence[bytes]) -> None:
        """Process a header as one that was met before, but for what is read anew."""
        root = self.message.envelope.root
        for entry in header.entries:
            if isinstance(entry, MetSignature):
                read, targets = entry.read(root, values)
                self._done.append(read.element)
                self.proved.append(Verifier(self, self.keys).prove(read, targets))
            else:
                timestamp = element_at(root, entry)
                self._done.append(timestamp)
                self._timestamp(timestamp)

    def _walk(self) -> None:
        waiting = list(self.message.tokens)
        while waiting:
            entry, message = waiting.pop(0), self.message
            self._done.append(entry)
            if len(self._done) > self.require.limits.tokens:
                raise SecurityError(f"a security header of more than {self.require.limits.tokens} entries is not read")
            handler = _HANDLERS.get(tag_of(entry))
            if handler is not None:
                handler(self, entry)
            if self.message is not message:  # another tree; what was ciphertext in the old one is not done in it
                done = set(self._done)
                waiting = [token for token in self.message.tokens if token not in done]

    def _timestamp(self, element: _Element) -> None:
        if self.lifetime is not None:
            # WSS SOAP Message Security 1.1, section 10: at most one in a header.
            raise SecurityError("a security header holds one Timestamp at most", place=place_of(element))
        self.lifetime = read_timestamp(element)
        check_lifetime(self.lifetime, now=self.now, max_age=self.require.max_age, skew=self.require.skew)

    def _username_token(self, element: _Element) -> None:
        if self.require.username is None:
            self.warnings.append("a UsernameToken was not checked: Require(username=...) gives no passwords")
            return
        if self.require.password_keys and derives_key(element):
            return  # who signs under its key is the user
        self.users.append(
            check_username_token(
                element,
                self.require.username,
                now=self.now,
                max_age=self.require.max_age,
                skew=self.require.skew,
            )
        )

    def _assertion(self, element: _Element) -> None:
        saml = self.require.saml
        if saml is None:
            self.warnings.append("a SAML assertion was not checked: Require(saml=...) says whose is believed")
            return
        if self.assertion is None:
            self.assertion = check_assertion(element, self.require, saml, self.now, self.provider)
        elif self.assertion.element is not element:
            raise SecurityError("a second SAML assertion: for whom does the message speak?", place=place_of(element))

    def _token_reference(self, element: _Element) -> None:
        """A reference in the header may hold the assertion that it means (SAML Token Profile 1.1, 3.4)."""
        embedded = at_most_one(element, EMBEDDED)
        for assertion in children(embedded) if embedded is not None else ():
            if tag_of(assertion) in ASSERTIONS:
                self._assertion(assertion)

    def checked(self, assertion: _Element) -> CheckedAssertion | None:
        """An assertion in the header, checked now if it was not yet. Raises `SecurityError`."""
        self._assertion(assertion)
        return self.assertion

    def _signature(self, element: _Element) -> None:
        if not self.require.believes_somebody:
            self.warnings.append("a signature was not checked: Require(trust=...) says whom to believe")
            return
        if len(self.proved) >= self.require.limits.signatures:
            raise SecurityError(f"more than {self.require.limits.signatures} signatures are not checked")
        verifier = Verifier(self, self.keys)
        read = verifier.read(element)
        proof = verifier.prove(read)
        self._read.append(read)
        if not proof.is_known:
            self.warnings.append("a signature under a shared key is right, and tells nothing of who signed")
        self.proved.append(proof)

    def _encrypted_key(self, element: _Element) -> None:
        self._count_key()
        if self.keys.is_for_another(element):
            self.warnings.append("an encrypted key is for another receiver; what it opens is left as it is")
            return
        secret = self.keys.unwrap(element)
        references = at_most_one(element, REFERENCE_LIST)
        if references is not None:
            self._open([(self._referred(entry), secret.value) for entry in children(references, DATA_REFERENCE)])

    def _reference_list(self, element: _Element) -> None:
        self._count_key()
        found = [self._referred(entry) for entry in children(element, DATA_REFERENCE)]
        ours = [data for data in found if not self.keys.opens_for_another(data)]
        self._open([(data, self.keys.secret_for(data)) for data in ours])

    def _encrypted_token(self, element: _Element) -> None:
        """A token that brings its own key, as token services encrypt it; others are opened where a list names them."""
        if _brings_key(element) and self._opens_keys:
            self._count_key()
            self._open([(element, self.keys.secret_for(element))])

    def _encrypted_assertion(self, element: _Element) -> None:
        """SAML 2.0 core, 2.3.4: the EncryptedData that it holds, with the key in it, or beside it."""
        if self.require.saml is not None:
            self._count_key()
            data = one(element, ENCRYPTED_DATA)
            self._open([(data, self.keys.secret_for(data))])

    def _count_key(self) -> None:
        """Each may have the whole message read again."""
        self._keys += 1
        if self._keys > self.require.limits.keys:
            raise SecurityError(f"more than {self.require.limits.keys} encrypted keys and lists are not followed")

    def _open_loose(self) -> None:
        """Encrypted data in the Body whose key comes with it, as plain XML Encryption writes it."""
        body = self.message.envelope.body
        loose = [data for data in children(body, ENCRYPTED_DATA) if _brings_key(data) or self._names_secret(data)]
        if loose and self._opens_keys:
            self._open([(data, self.keys.secret_for(data)) for data in loose])

    @property
    def _opens_keys(self) -> bool:
        """Whether there is anything that a key which comes with its data could be opened with."""
        return bool(self.require.keys or self.require.secrets)

    def _names_secret(self, data: _Element) -> bool:
        """Whether data is encrypted under a key that both sides know by its name."""
        key_info = key_info_of(data)
        named = at_most_one(key_info, KEY_NAME) if key_info is not None else None
        return named is not None and text_of(named) in self.require.secrets

    def _referred(self, reference: _Element) -> _Element:
        return self.index.find(reference.get("URI", ""), by=reference)

    def _open(self, wanted: list[tuple[_Element, bytes]]) -> None:
        """Decrypt, and put what came out in its place."""
        if len(wanted) + len(self.opened) > self.require.limits.data:
            raise SecurityError(f"more than {self.require.limits.data} encrypted parts are not decrypted")
        for data, secret in wanted:
            if holds_attachment(data):
                self._open_attachment(data, secret)
        wanted = [(data, secret) for data, secret in wanted if not holds_attachment(data)]
        if wanted:
            self._open_elements(wanted)
        self._make_whole()

    def _open_elements(self, wanted: list[tuple[_Element, bytes]]) -> None:
        found = [self._decipher(data, secret) for data, secret in wanted]
        signed = [covers(self.proved, data) for data, _ in wanted]
        parents = [_wholly(piece) for piece in found]
        tracked = [*self._tracked(), *(parent for parent in parents if parent is not None)]
        envelope = self.message.envelope
        reread = put_back(envelope.root, found, tracked, self.provider, envelope.limits)
        self._move(reread)
        for piece, elements, parent, under in zip(found, reread.pieces, parents, signed, strict=True):
            moved = _still(parent, reread.moved) if parent is not None else None
            opened = elements if moved is None else ()
            ids = ids_of(piece.data) if self._is_assertion(opened) else ()
            came_as = piece.place if ids else None
            self.opened.append(
                Opened(opened, piece.algorithm.uri, moved, under_signature=under, came_as=came_as, ids=ids)
            )

    def _is_assertion(self, opened: tuple[_Element, ...]) -> bool:
        """Whether that is one which a signature may name its key by."""
        return len(opened) == 1 and opened[0].tag in ASSERTIONS and opened[0].getparent() is self.message.security

    def _open_attachment(self, data: _Element, secret: bytes) -> None:
        """Decrypt an attachment, and hold with it what is known of its ciphertext."""
        if data.getparent() is not self.message.security:
            raise SecurityError("the EncryptedData of an attachment stands in the header", place=place_of(data))
        if any(entry.data is data for entry in self.opened):
            raise SecurityError("the same encrypted attachment is to be decrypted twice", place=place_of(data))
        attachments = self.message.attachments
        reference = read_cipher_reference(data)
        part = attachment_named(attachments, reference.get("URI", ""), by=reference)
        cipher = self._cipher_of(data, part)
        found = decrypt_attachment(part, data, cipher, secret[: cipher.key_size], self.provider.random)
        attachments[:] = [found.attachment if each is part else each for each in attachments]
        self.proved = [self._carried_over(proof, part, found, data) for proof in self.proved]
        self.opened = [
            replace(entry, attachment=found) if entry.attachment and entry.attachment.attachment is part else entry
            for entry in self.opened
        ]
        self.opened.append(Opened((), cipher.uri, attachment=found, data=data))

    def _carried_over(self, proof: Proved, part: Attachment, found: DecryptedAttachment, data: _Element) -> Proved:
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

    def _decipher(self, data: _Element, secret: bytes) -> Deciphered:
        if data.tag != ENCRYPTED_DATA:
            raise SecurityError(f"a reference to encrypted data leads to {tag_of(data)}", place=place_of(data))
        cipher = self._cipher_of(data)
        # the secret of a context may be longer than what it encrypts with: stacks take its first octets
        return decipher(data, cipher, secret[: cipher.key_size], self.provider)

    def _cipher_of(self, data: _Element, part: Attachment | None = None) -> CipherAlgorithm:
        """The cipher of EncryptedData, and of the `part` that it refers to, within the policy."""
        policy = self.require.algorithms
        cipher = read_cipher(data, policy)
        if cipher.mode == "gcm" or policy.cbc == "always":
            return cipher
        if policy.cbc == "never" or not self.is_covered(data) or (part is not None and not self._is_signed(part)):
            raise SecurityError(
                f"data encrypted with {cipher.name} is decrypted only under a signature that was verified before",
                place=place_of(data),
            )
        return cipher

    def _is_signed(self, part: Attachment) -> bool:
        return any(each.attachment is part for proof in self.proved if proof.is_known for each in proof.attachments)

    def _make_whole(self) -> None:
        """Put what an xop:Include refers to in its place. Under a signature that was verified nothing may change: the
        Include itself is what was signed then, and not what it refers to."""
        if not self.message.attachments:
            return
        envelope, attachments = self.message.envelope, tuple(self.message.attachments)
        done = [entry.data for entry in self.opened if entry.data is not None]
        before = [include for include in envelope.root.iter(INCLUDE) if self.proved and covers(self.proved, include)]
        try:
            whole = inline(Package(envelope, attachments), decrypted=done)
        except (LimitError, MessageError) as error:
            raise SecurityError(f"the message is not whole: {error}", bare=error.for_log) from None
        if any(include.getparent() is None for include in before):
            raise SecurityError("an xop:Include was signed, and not what it refers to")
        self.message.attachments[:] = whole.attachments
        self._index = None

    def _leave_no_include(self) -> None:
        """What still waits for an attachment to be decrypted would be taken from it as it is."""
        if self.message.attachments and next(self.message.envelope.root.iter(INCLUDE), None) is not None:
            raise SecurityError("an xop:Include refers to an attachment that was not decrypted")

    def is_covered(self, element: _Element) -> bool:
        """Whether a signature by somebody believed covers this very element, or one around it."""
        covered = {item for proof in self.proved if proof.is_known for item in proof.elements}
        return any(node in covered for node in (element, *element.iterancestors()))

    def _tracked(self) -> list[_Element]:
        known = [item for proof in self.proved for item in (proof.signature, *proof.elements)]
        known += [proof.token for proof in self.proved if proof.token is not None]
        known += [self.assertion.element] if self.assertion is not None else []
        known += [
            item for entry in self.opened for item in (*entry.elements, entry.parent, entry.data) if item is not None
        ]
        header = [self.message.security] if self.message.security is not None else []
        return [*header, *self._done, *known]

    def _move(self, reread: Reread) -> None:
        """Hold on to the new tree, and hold what is known with the elements of it."""
        moved = reread.moved

        def all_of(elements: tuple[_Element, ...]) -> tuple[_Element, ...]:
            return tuple(new for old in elements for new in moved[old])

        security = self.message.security
        try:
            # what attachments hold may become part of the tree
            text = reread.text if not self.message.attachments else None
            envelope = Envelope.read(reread.root, reread.measure, self.message.envelope.limits, text)
        except MessageError as error:  # the same fault as for all that a wrong key makes of a message
            raise SecurityError(f"the decrypted message is none: {error}") from None
        header = moved[security][0] if security is not None else None
        self.message = Message(envelope, header, attachments=self.message.attachments)
        self._index = None
        # what was skipped as ciphertext is looked at again as what it turned out to be
        self._done = [new for old in self._done for new in moved[old] if new.tag == old.tag]
        self.proved = [
            replace(
                proof,
                signature=moved[proof.signature][0],
                elements=all_of(proof.elements),
                assertion=moved[proof.assertion][0] if proof.assertion is not None else None,
                token=moved[proof.token][0] if proof.token is not None else None,
            )
            for proof in self.proved
        ]
        if self.assertion is not None:
            self.assertion = replace(self.assertion, element=moved[self.assertion.element][0])
        self.opened = [
            replace(
                entry,
                elements=all_of(entry.elements),
                parent=_still(entry.parent, moved) if entry.parent is not None else None,
                data=moved[entry.data][0] if entry.data is not None else None,
            )
            for entry in self.opened
        ]


_HANDLERS: dict[str, Callable[[Pass, _Element], None]] = {
    TIMESTAMP: Pass._timestamp,
    USERNAME_TOKEN: Pass._username_token,
    **dict.fromkeys(ASSERTIONS, Pass._assertion),
    SIGNATURE: Pass._signature,
    ENCRYPTED_KEY: Pass._encrypted_key,
    REFERENCE_LIST: Pass._reference_list,
    ENCRYPTED_DATA: Pass._encrypted_token,
    ENCRYPTED_ASSERTION: Pass._encrypted_assertion,
    TOKEN_REFERENCE: Pass._token_reference,
}


_LASTING = frozenset({TIMESTAMP, SIGNATURE})
"""What a header may hold to be met again. What else has a handler depends on more than its outline."""


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


def _still(old: _Element, moved: dict[_Element, tuple[_Element, ...]]) -> _Element | None:
    """The element that an old one is now, None if it went with what was decrypted."""
    found = moved[old]
    return found[0] if len(found) == 1 and found[0].tag == old.tag else None


def _brings_key(data: _Element) -> bool:
    key_info = key_info_of(data)
    return key_info is not None and any(True for _ in children(key_info, ENCRYPTED_KEY))
