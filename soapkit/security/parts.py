"""Parts of a message by the names that settings use, and the other way round.

One vocabulary for `Sign`, `Encrypt`, `Require` and `SecurityResult`: ``Body``; tokens of the security header by local
name; header blocks by Clark name or local name, those of a namespace as ``{urn:x}*``, all of them as ``Headers``; any
elements by an XPath from the root, with Clark names in it (``//{urn:shop}price``), and, for who encrypts, what is in
them (``//{urn:shop}price/node()``); anything else by ``#id`` on the way out; what travels beside the message as
``Attachments``, each with the header fields that say what it is, or ``AttachmentContents``. A part is there, unless its
name ends in a question mark: then it is treated like the others if it is there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from lxml import etree
from lxml.etree import _Element

from soapkit.attachment import Attachment
from soapkit.errors import SecurityError, UsageError
from soapkit.security.ids import IdIndex
from soapkit.security.markup import (
    BINARY_SECURITY_TOKEN,
    SECURITY,
    SIGNATURE,
    SIGNATURE_CONFIRMATION,
    TIMESTAMP,
    USERNAME_TOKEN,
    all_of,
)
from soapkit.security.saml.names import BY_TAG as ASSERTIONS
from soapkit.soap.envelope import Envelope
from soapkit.soap.headers import role_of
from soapkit.xml.names import local_name
from soapkit.xml.walk import children, place_of, tag_of

IN_SECURITY_HEADER = {
    "Timestamp": TIMESTAMP,
    "UsernameToken": USERNAME_TOKEN,
    "BinarySecurityToken": BINARY_SECURITY_TOKEN,
    "Signature": SIGNATURE,
    "SignatureConfirmation": SIGNATURE_CONFIRMATION,
}
ASSERTION = "Assertion"
STEPS = {name: name for name in IN_SECURITY_HEADER} | {ASSERTION: "SamlToken", "Signature": "Sign"}
ALL_HEADERS = "Headers"
CONTENT = "/node()"
WHOLE_ATTACHMENTS = "Attachments"
ATTACHMENT_CONTENTS = "AttachmentContents"
ATTACHMENT_PARTS = frozenset({WHOLE_ATTACHMENTS, ATTACHMENT_CONTENTS})
ENCRYPTED_ATTACHMENTS = "encrypted attachments"  # among what is hidden
_BY_TAG = {tag: name for name, tag in IN_SECURITY_HEADER.items()} | dict.fromkeys(ASSERTIONS, ASSERTION)

Attached: TypeAlias = tuple[tuple[Attachment, bool], ...]
"""Attachments, and whether each is meant as a whole, with its header fields."""


@dataclass(frozen=True, slots=True)
class Message:
    """An envelope and the security header in it that is worked on; None for one without, on its way in.

    `hidden`: on its way out, what took the places of tokens and header blocks that were encrypted, by their names.
    `attachments`: what travels beside it, as far as it is encrypted or decrypted now. On its way out too, `content`:
    that of the Body as `soapkit.security.drafted` has it, None where that is to be had from the tree;
    `prefixes_in_names`: elements that are known to use prefixes in names alone, so that nobody need look.
    """

    envelope: Envelope
    security: _Element | None
    hidden: dict[str, list[_Element]] = field(default_factory=dict, compare=False, repr=False)
    attachments: list[Attachment] = field(default_factory=list, compare=False, repr=False)
    content: bytes | None = field(default=None, compare=False, repr=False)
    prefixes_in_names: set[_Element] = field(default_factory=set, compare=False, repr=False)

    @property
    def tokens(self) -> tuple[_Element, ...]:
        """The entries of the security header."""
        return tuple(children(self.security)) if self.security is not None else ()

    def named(self, part: str) -> tuple[_Element, ...]:
        """The elements that a part's name stands for, each at its own place in the message; none if there are none."""
        part = plain_name(part)
        if part == "Body":
            return (self.envelope.body,)
        if part in ATTACHMENT_PARTS:  # no elements
            return ()
        if part in IN_SECURITY_HEADER:
            return tuple(all_of(self.security, IN_SECURITY_HEADER[part])) if self.security is not None else ()
        if part == ASSERTION:
            return tuple(token for token in self.tokens if tag_of(token) in ASSERTIONS)
        if part.startswith("/"):
            return _selected(part.removesuffix(CONTENT), self.envelope.root)
        if part.startswith("#"):
            return (IdIndex(self.envelope.root).find(part, by=self.envelope.root),)
        blocks = tuple(block for block in self.envelope.headers if block is not self.security)
        if part == ALL_HEADERS:  # a security header for somebody else is his to secure
            return tuple(block for block in blocks if block.tag != SECURITY)
        if part.startswith("{"):
            return tuple(block for block in blocks if _is_named(tag_of(block), part))
        return tuple(block for block in blocks if local_name(tag_of(block)) == part)

    def attached(self, parts: Iterable[str]) -> Attached:
        """The attachments, where they are among the parts of a step, and whether it means each as a whole."""
        if not self.attachments:
            return ()
        found = {plain_name(part) for part in parts} & ATTACHMENT_PARTS
        return tuple((attachment, WHOLE_ATTACHMENTS in found) for attachment in self.attachments if found)

    def hide(self, element: _Element, by: _Element) -> None:
        """Take down that `by` goes in the place of an element, before it does."""
        self.hidden.setdefault(self.name_of(element), []).append(by)

    def hidden_as(self, part: str) -> tuple[_Element, ...]:
        """What took the places of the elements that a part's name stands for; a signature over it covers them."""
        part = plain_name(part)
        if part in ATTACHMENT_PARTS:
            return tuple(self.hidden.get(ENCRYPTED_ATTACHMENTS, ()))
        return tuple(
            element
            for name, elements in self.hidden.items()
            if _is_named(name, part) or (part == local_name(name) and name.startswith("{"))
            for element in elements
        )

    def name_of(self, element: _Element) -> str:
        """What settings call an element: ``Body``, a token's name, else its Clark name."""
        if element is self.envelope.body:
            return "Body"
        if self.security is not None and element.getparent() is self.security:
            return _BY_TAG.get(tag_of(element), tag_of(element))
        return tag_of(element)


def _is_named(tag: str, part: str) -> bool:
    """Whether a part is this name, or all of its namespace: ``{urn:x}*``."""
    return tag == part or (part.endswith("}*") and tag.startswith(part[:-1]))


def is_content(part: str) -> bool:
    """Whether a part is what stands in elements, and not those: by XPath alone."""
    return part.startswith("/") and plain_name(part).endswith(CONTENT)


def token_name(tag: str) -> str | None:
    """What settings call a token of the security header, None for what has no name."""
    return _BY_TAG.get(tag)


@lru_cache(maxsize=256)
def xpath_of(part: str) -> etree.ETXPath:
    """The XPath that a part's name is. Raises `UsageError` for one that cannot be compiled."""
    try:
        return etree.ETXPath(plain_name(part).removesuffix(CONTENT))
    except (etree.XPathError, ValueError) as error:
        raise UsageError(f"{part} is no XPath: {error}") from None


def _selected(part: str, root: _Element) -> tuple[_Element, ...]:
    try:
        found = xpath_of(part)(root)
    except etree.XPathError as error:
        raise SecurityError(f"{part} cannot be evaluated: {error}") from None
    if not isinstance(found, list) or not all(isinstance(each, _Element) for each in found):
        raise SecurityError(f"{part} selects something that is no element")
    return tuple(found)


def plain_name(part: str) -> str:
    """A part without the mark that says that it need not be there."""
    return part.removesuffix("?")


def may_be_missing(part: str) -> bool:
    """Whether a part's name says that it need not be there."""
    return part.endswith("?") or part == ALL_HEADERS or part in ATTACHMENT_PARTS


def security_header(envelope: Envelope, actor: str | None, *, received: bool = False) -> _Element | None:
    """The security header for us: of our `actor`, or, without one, for whoever receives the message in the end; in one
    that was `received` also for whoever comes next, which we are.

    Raises `SecurityError` when there are two: WSS SOAP Message Security 1.1, section 5, forbids it.
    """
    version = envelope.version
    ours = {actor} if actor else {"", version.ultimate_receiver_role}
    ours |= {version.next_role} if received else set()
    found = [block for block in envelope.headers if block.tag == SECURITY and role_of(block, version) in ours]
    if len(found) > 1:
        raise SecurityError(
            f"the message holds {len(found)} security headers for the same receiver", place=place_of(found[1])
        )
    return found[0] if found else None


def add_security_header(envelope: Envelope, actor: str | None, content: bytes | None = None) -> Message:
    """The message with its security header, made if there is none yet; the envelope's tree is changed. `content`: see
    `Message`."""
    attachments = list(envelope.attachments)
    version = envelope.version
    if envelope.header is None:
        envelope.root.insert(0, etree.Element(version.header))
        envelope = Envelope.read(envelope.root, envelope.measure)
    found = security_header(envelope, actor)
    if found is None:
        assert envelope.header is not None
        namespaces = {"wsse": SECURITY[1:].partition("}")[0], "wsu": TIMESTAMP[1:].partition("}")[0]}
        found = etree.SubElement(envelope.header, SECURITY, nsmap=namespaces)
        found.set(version.must_understand, "1")
        if actor:
            found.set(version.role, actor)
    known = {envelope.body} if content is not None else set()
    return Message(envelope, found, attachments=attachments, content=content, prefixes_in_names=known)


def insert_after_timestamp(message: Message, *elements: _Element) -> None:
    """Put elements before all that earlier steps wrote, so that a receiver meets them in the order of undoing; only
    the Timestamp stays first (WS-SecurityPolicy 1.3, 6.7: the layout that all accept)."""
    security = message.security
    assert security is not None, "a message on its way out has a security header"
    at = 1 if len(security) and security[0].tag == TIMESTAMP else 0
    for offset, element in enumerate(elements):
        security.insert(at + offset, element)


def insert_after(message: Message, anchor: _Element | None, *elements: _Element) -> None:
    """Put elements directly after one that they depend on; as `insert_after_timestamp` does where there is none."""
    if anchor is None:
        insert_after_timestamp(message, *elements)
        return
    for element in reversed(elements):
        anchor.addnext(element)


def put_last(message: Message, *elements: _Element) -> None:
    """Move elements of the security header to its end."""
    assert message.security is not None, "a message on its way out has a security header"
    message.security.extend(elements)


def insert_first(message: Message, element: _Element) -> None:
    """Put an element at the top of the security header."""
    assert message.security is not None, "a message on its way out has a security header"
    message.security.insert(0, element)
