"""What was signed and encrypted, and by whom: what `verify` found, for those above who never hear of cryptography."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lxml.etree import _Element

from soapkit.attachment import Attachment
from soapkit.soap.envelope import Envelope


@dataclass(frozen=True, slots=True)
class Covered:
    """One element that a signature covers, or that came encrypted.

    `name`: in words of the settings (``Body``, ``Timestamp``, or a Clark name); `element`: the very element, in
    `SecurityResult.envelope`; `algorithm`: URI of the signature or of the data encryption; `signer_name`: the subject
    (RFC 4514) of the certificate that signed it, empty for what came encrypted.
    """

    name: str
    element: _Element
    algorithm: str = ""
    signer_name: str = ""


@dataclass(frozen=True, slots=True)
class CoveredAttachment:
    """An attachment that a signature covers, or that came encrypted.

    `attachment`: the very one, in `Envelope.attachments` of `SecurityResult.envelope`; `whole`: with the header fields
    that say what it is, among them its type; else its content alone. `algorithm`, `signer_name`: as in `Covered`.
    """

    attachment: Attachment
    whole: bool
    algorithm: str = ""
    signer_name: str = ""


@dataclass(frozen=True, slots=True)
class AuthorizationDecision:
    """What an issuer says that the subject may do: `decision` is ``Permit``, ``Deny`` or ``Indeterminate``, of these
    `actions` on that `resource`. It is told, and up to the service."""

    resource: str
    decision: str
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceivedAssertion:
    """A SAML assertion that was believed, and that speaks for the sender of the message.

    `issuer`, `subject`: names (the latter empty where an assertion of SAML 1.1 tells of a key alone), `subject_format`
    of what kind. `attributes`: the texts of each, by name; in 1.1 by namespace and name with a slash between.
    `confirmation`: why the sender is the subject: ``bearer``, ``holder-of-key`` or ``sender-vouches``. `verified`:
    whether its issuer signed it; if not, the one who signed the message vouches for it, `SecurityResult.signer`.
    `signer_name`: the subject (RFC 4514) of the issuer's certificate. `audience`: whom it is for. `authentication`: the
    URI of how the subject showed who it is, and `authenticated` when. `element`: it, in `SecurityResult.envelope`.
    `holder`: of ``holder-of-key``, the certificate that the key came in, if it came in one: an answer can be encrypted
    to it, and the name in it is nobody's word but the sender's. `address`, `in_response_to`: of the SubjectConfirmation
    that was kept; `session`: the SessionIndex of the authentication; `decisions`: what the issuer says it may do.
    """

    version: str
    identifier: str
    issuer: str
    subject: str
    confirmation: str
    verified: bool
    element: _Element = field(repr=False)
    subject_format: str = ""
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    signer_name: str = ""
    issued: datetime | None = None
    not_before: datetime | None = None
    not_on_or_after: datetime | None = None
    audience: tuple[str, ...] = ()
    authenticated: datetime | None = None
    authentication: str = ""
    holder: Any = None
    address: str = ""
    in_response_to: str = ""
    session: str = ""
    decisions: tuple[AuthorizationDecision, ...] = ()


@dataclass(frozen=True, slots=True)
class SecurityResult:
    """What may be believed of a message.

    `envelope`: the message to go on with, decrypted, as are its attachments; the tree that came in is not to be used
    any more. `header`: the security header that was processed, in `envelope`, None where none was; one for another role
    was not, and is not understood either. `signed_attachments`, `encrypted_attachments`: of what travelled beside it.
    `signer`: the certificate that signed (`cryptography.x509.Certificate`), None if unsigned; `signer_name`: its
    subject, RFC 4514; `chain`: from that certificate to the one that is trusted, empty for a call out of a queue.
    `username`: of a UsernameToken whose password was checked, or whom the security context was agreed on with.
    `context`: the identifier of that context, where the message was signed under one. `assertion`: the SAML assertion
    that was demanded and believed, None where none was demanded. `created`, `expires`: of the
    Timestamp. `keys`: shared keys that came with the message, and `signature_values` those of its signatures, for
    whoever secures the answer to it; in no repr.
    """

    envelope: Envelope
    signed: tuple[Covered, ...] = ()
    encrypted: tuple[Covered, ...] = ()
    signed_attachments: tuple[CoveredAttachment, ...] = ()
    encrypted_attachments: tuple[CoveredAttachment, ...] = ()
    signer: Any = None  # a certificate of whichever crypto provider; this floor does not import one
    signer_name: str = ""
    username: str | None = None
    context: str = ""
    assertion: ReceivedAssertion | None = None
    created: datetime | None = None
    expires: datetime | None = None
    warnings: tuple[str, ...] = ()
    header: _Element | None = field(default=None, repr=False)
    keys: Any = field(default=(), repr=False)
    signature_values: tuple[bytes, ...] = field(default=(), repr=False)
    chain: tuple[Any, ...] = field(default=(), repr=False)

    def is_signed(self, part: _Element | Attachment) -> bool:
        """Whether this very element, or one around it, is covered by a signature (by identity, never by name); or the
        content of this very attachment."""
        return _is_among(part, self.signed, self.signed_attachments)

    def is_encrypted(self, part: _Element | Attachment) -> bool:
        """Whether this very element, or one around it, or the content of this very attachment, came encrypted."""
        return _is_among(part, self.encrypted, self.encrypted_attachments)


def _is_among(
    part: _Element | Attachment, elements: Iterable[Covered], attachments: Iterable[CoveredAttachment]
) -> bool:
    if isinstance(part, Attachment):
        return any(covered.attachment is part for covered in attachments)
    return any(_is_within(part, covered.element) for covered in elements)


def _is_within(element: _Element, ancestor: _Element) -> bool:
    current: _Element | None = element
    while current is not None:
        if current is ancestor:
            return True
        current = current.getparent()
    return False
