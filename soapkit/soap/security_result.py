"""What was signed and encrypted, and by whom: what `verify` found, for those above who never hear of cryptography."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lxml.etree import _Element

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
class SecurityResult:
    """What may be believed of a message.

    `envelope`: the message to go on with, decrypted; the tree that came in is not to be used any more. `signer`: the
    certificate that signed (`cryptography.x509.Certificate`), None if unsigned; `signer_name`: its subject, RFC 4514.
    `username`: of a UsernameToken whose password was checked, or whom the security context was agreed on with.
    `context`: the identifier of that context, where the message was signed under one. `created`, `expires`: of the
    Timestamp. `keys`: shared keys that came with the message, and `signature_values` those of its signatures, for
    whoever secures the answer to it; in no repr.
    """

    envelope: Envelope
    signed: tuple[Covered, ...] = ()
    encrypted: tuple[Covered, ...] = ()
    signer: Any = None  # a certificate of whichever crypto provider; this floor does not import one
    signer_name: str = ""
    username: str | None = None
    context: str = ""
    created: datetime | None = None
    expires: datetime | None = None
    warnings: tuple[str, ...] = ()
    keys: Any = field(default=(), repr=False)
    signature_values: tuple[bytes, ...] = field(default=(), repr=False)

    def is_signed(self, element: _Element) -> bool:
        """Whether this very element, or one around it, is covered by a signature (by identity, never by name)."""
        return any(_is_within(element, covered.element) for covered in self.signed)

    def is_encrypted(self, element: _Element) -> bool:
        """Whether this very element, or one around it, came encrypted."""
        return any(_is_within(element, covered.element) for covered in self.encrypted)


def _is_within(element: _Element, ancestor: _Element) -> bool:
    current: _Element | None = element
    while current is not None:
        if current is ancestor:
            return True
        current = current.getparent()
    return False
