"""One message on its way through: what is known of it so far.

The law of this file: what is known of an element is held with the element itself. When decryption makes a new tree,
everything known moves to the elements that took the places of the old ones, and nothing else is carried over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from lxml.etree import _Element

from soapkit.errors import LimitError, MessageError, SecurityError
from soapkit.security.attachment_cipher import DecryptedAttachment
from soapkit.security.crypto.provider import CryptoProvider
from soapkit.security.decrypt import Reread
from soapkit.security.ids import Came, IdIndex
from soapkit.security.keyring import KeyRing, KnownKeys
from soapkit.security.met import MetHeaders
from soapkit.security.parts import Message
from soapkit.security.require import Require
from soapkit.security.saml.inbound import CheckedAssertion, check_assertion
from soapkit.security.sender import Sender
from soapkit.security.shared import Secret, SentKeys
from soapkit.security.timestamp import Lifetime
from soapkit.security.tokens import CheckedUser
from soapkit.security.verify import Proved, ReadSignature, covers
from soapkit.soap.attachments import Package
from soapkit.soap.envelope import Envelope
from soapkit.soap.xop import INCLUDE, inline
from soapkit.xml.walk import place_of


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
    """What is known of one message. Filled by `soapkit.security.inbound`, read by `soapkit.security.requirements`.

    `proved`, `opened`, `users`, `assertion`, `lifetime`: what was found. `done`: the entries of the header that were
    processed; `reads`: its signatures as they were read; `known`: the keys that were had; `counted_keys`: how many
    encrypted keys and lists of references were followed."""

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
    done: list[_Element] = field(default_factory=list)
    reads: list[ReadSignature] = field(default_factory=list)
    known: KnownKeys = field(default_factory=KnownKeys)
    counted_keys: int = 0
    _index: IdIndex | None = None

    @property
    def keys(self) -> KeyRing:
        """The keys of the message."""
        return KeyRing(self, self.known)

    @property
    def secrets(self) -> Sequence[Secret]:
        """The keys that were had."""
        return self.known.secrets

    @property
    def index(self) -> IdIndex:
        """The ids of the message as it is now."""
        if self._index is None:
            envelope = self.message.envelope
            came = (
                (name, Came(element, entry.came_as))
                for entry in self.opened
                if entry.came_as is not None
                for element in entry.elements
                for name in entry.ids
            )
            self._index = IdIndex(envelope.root, measure=envelope.measure, came=came)
        return self._index

    def check_assertion(self, element: _Element) -> None:
        """Check an assertion in the header, if it was not yet. Raises `SecurityError`."""
        saml = self.require.saml
        if saml is None:
            self.warnings.append("a SAML assertion was not checked: Require(saml=...) says whose is believed")
            return
        if self.assertion is None:
            self.assertion = check_assertion(element, self.require, saml, self.now, self.provider)
        elif self.assertion.element is not element:
            raise SecurityError("a second SAML assertion: for whom does the message speak?", place=place_of(element))

    def checked(self, assertion: _Element) -> CheckedAssertion | None:
        """An assertion in the header, checked now if it was not yet. Raises `SecurityError`."""
        self.check_assertion(assertion)
        return self.assertion

    def make_whole(self) -> None:
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

    def leave_no_include(self) -> None:
        """What still waits for an attachment to be decrypted would be taken from it as it is."""
        if self.message.attachments and next(self.message.envelope.root.iter(INCLUDE), None) is not None:
            raise SecurityError("an xop:Include refers to an attachment that was not decrypted")

    def is_covered(self, element: _Element) -> bool:
        """Whether a signature by somebody believed covers this very element, or one around it."""
        covered = {item for proof in self.proved if proof.is_known for item in proof.elements}
        return any(node in covered for node in (element, *element.iterancestors()))

    def tracked(self) -> list[_Element]:
        """All the elements of which something is known."""
        known = [item for proof in self.proved for item in (proof.signature, *proof.elements)]
        known += [proof.token for proof in self.proved if proof.token is not None]
        known += [self.assertion.element] if self.assertion is not None else []
        known += [
            item for entry in self.opened for item in (*entry.elements, entry.parent, entry.data) if item is not None
        ]
        header = [self.message.security] if self.message.security is not None else []
        return [*header, *self.done, *known]

    def move(self, reread: Reread) -> None:
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
        self.done = [new for old in self.done for new in moved[old] if new.tag == old.tag]
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
                parent=still(entry.parent, moved) if entry.parent is not None else None,
                data=moved[entry.data][0] if entry.data is not None else None,
            )
            for entry in self.opened
        ]


def still(old: _Element, moved: dict[_Element, tuple[_Element, ...]]) -> _Element | None:
    """The element that an old one is now, None if it went with what was decrypted."""
    found = moved[old]
    return found[0] if len(found) == 1 and found[0].tag == old.tag else None
