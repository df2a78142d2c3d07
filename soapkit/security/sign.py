"""Signatures on the way out. WSS SOAP Message Security 1.1, section 8; XML Signature 1.1. Undone by verify.py."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.attachments import cid_of, digest_of, fields_sent, signature_transform
from soapkit.security.crypto.algorithms import (
    DIGESTS,
    STR_TRANSFORM,
    SignatureAlgorithm,
    canonical_uri,
    digest_uri,
    signature_named,
)
from soapkit.security.crypto.certificates import public_key_of
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.crypto.provider import CryptoProvider
from soapkit.security.ids import WSU_ID, give_id
from soapkit.security.markup import (
    ENCRYPTED_ASSERTION,
    SIGNATURE,
    TOKEN_REFERENCE,
    base64_text,
)
from soapkit.security.parts import (
    ASSERTION,
    IN_SECURITY_HEADER,
    STEPS,
    Message,
    insert_after,
    may_be_missing,
)
from soapkit.security.references_write import assertion_reference, assertion_reference_text, token_reference_text
from soapkit.security.saml.keys import subject_key
from soapkit.security.saml.names import BY_TAG as ASSERTIONS
from soapkit.security.saml.read import read_assertion
from soapkit.security.steps import OWN_CERTIFICATE, TOKEN_KINDS, Sign
from soapkit.security.strtransform import made_up_token, token_octets
from soapkit.security.tokens import token_of_key
from soapkit.xml.c14n import EXCLUSIVE, canonicalise
from soapkit.xml.measure import measure_of
from soapkit.xml.names import DS, EXC_C14N, WSSE
from soapkit.xml.parse import parse_own
from soapkit.xml.serialise import escape_attribute, serialise
from soapkit.xml.walk import tag_of

_BY_KIND = {"rsa": "rsa-sha256", "ec": "ecdsa-sha256", "ed25519": "ed25519", "ed448": "ed448"}

_MOVED = {IN_SECURITY_HEADER[part] for part in ("UsernameToken", "BinarySecurityToken", "SignatureConfirmation")}
_STR_PARAMETERS = (
    f'<wsse:TransformationParameters xmlns:wsse="{WSSE}"><ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"/>'
    "</wsse:TransformationParameters>"
)
_PREFIX = re.compile(rb"[^\s=\"<>&:]+")
_NO_NAME = re.compile(rb"[^\s=\"<>/]*[\s\"<]")  # what follows a prefix in content; after an attribute's, an equals sign
_FEW = 20  # places of a prefix that are looked at one by one


def sign(message: Message, step: Sign, keypair: KeyPair, provider: CryptoProvider) -> None:
    """Put a signature over the step's parts, made with a key pair, into the security header.

    The token that carries the certificate stands before the signature that uses it (WSS4J asks for that), as does the
    assertion that names its key. Raises `SecurityError` when a part is not in the message.
    """
    algorithm = algorithm_for(step, keypair)
    assertion = _assertion(message, keypair) if step.key_reference == "assertion" else None
    token = _token(message, step, keypair, provider)
    if assertion is not None:
        named = assertion_reference_text(assertion)
    else:
        token_id = token.get(WSU_ID, "") if token is not None else ""
        named = token_reference_text(keypair.certificate, step.key_reference, token_id)
    signature = _unsigned(named, provider)
    parts = _parts(message, step, token, provider)
    new_token = [token] if token is not None and token.getparent() is None else []
    uses = [token] if token is not None and not new_token else []
    anchor = _last(message, [*uses, *_signatures(parts)])
    covered = _covered(message, parts) if anchor is None else []
    insert_after(message, anchor, *covered, *_assertion_and_reference(parts, assertion), *new_token, signature)
    references = _references(message, parts, step, provider)
    if OWN_CERTIFICATE in step.parts:
        carried = assertion if assertion is not None else token
        references.append(_to_own_token(signature[-1][0], carried, keypair, digest_uri(step.digest), provider))
    octets = write_signed_info(signature, algorithm, references, canonical_uri(step.canonical))
    signature[1].text = base64_text(provider.sign(algorithm, keypair, octets))


def name_elements(message: Message, steps: Iterable[Sign], provider: CryptoProvider) -> None:
    """Give ids to all elements that these steps choose by XPath: an id that is given to an element after one around it
    was signed would break that signature."""
    for step in steps:
        for part in step.parts:
            for element in message.named(part) if part.startswith("/") else ():
                give_id(element, f"id-{provider.random(16).hex()}")


def sign_with_secret(message: Message, step: Sign, key: SharedSecret, provider: CryptoProvider) -> str:
    """Put a MAC over the step's parts, under a shared key, into the security header, after the element that brings it.

    Returns the fingerprint of what was signed. Raises `SecurityError` when a part is not in the message.
    """
    algorithm = signature_named(step.algorithm or "hmac-sha256")
    if algorithm.key != "secret":
        raise SecurityError(f"{algorithm.name} cannot be made with a shared key")
    signature = _unsigned(key.reference(), provider)
    parts = _parts(message, step, None, provider)
    references = [part.element for part in parts if part.token is not None]
    covered = [each for each in _covered(message, parts) if each is not key.element]
    brought = [key.element] if key.element is not None else []
    insert_after(message, _last(message, [*brought, *_signatures(parts)]), *covered, *references, signature)
    if OWN_CERTIFICATE in step.parts:
        raise SecurityError(f"{OWN_CERTIFICATE} covers a certificate; a shared key has none")
    octets = write_signed_info(
        signature, algorithm, _references(message, parts, step, provider), canonical_uri(step.canonical)
    )
    signature[1].text = base64_text(provider.mac(algorithm, key.value, octets))
    return fingerprint(octets)


def _unsigned(named: str, provider: CryptoProvider) -> _Element:
    """A signature without SignedInfo, its value yet to come (XML Signature 1.1, 4.1). `named`: what says whose key, as
    text."""
    return parse_own(
        f'<ds:Signature xmlns:ds="{DS}" Id="SIG-{provider.random(16).hex()}"><ds:SignatureValue/>'
        f"<ds:KeyInfo>{named}</ds:KeyInfo></ds:Signature>"
    )


def fingerprint(signed_info: bytes) -> str:
    """What names a signature among others: of its canonical SignedInfo, not of its value, since of an ECDSA signature
    anyone can make another that is as right."""
    return hashlib.sha256(signed_info).hexdigest()


class SharedSecret(Protocol):
    """A shared key in a message being made."""

    @property
    def value(self) -> bytes:
        """The key."""
        ...

    @property
    def element(self) -> _Element | None:
        """What brings it in this message."""
        ...

    def reference(self) -> str:
        """A SecurityTokenReference to it, as text that declares all of its prefixes."""
        ...


def algorithm_for(step: Sign, keypair: KeyPair) -> SignatureAlgorithm:
    """The algorithm a step signs with. Raises `SecurityError` when its key is of another kind."""
    return algorithm_of_key(step.algorithm, keypair)


def algorithm_of_key(name: str, keypair: KeyPair) -> SignatureAlgorithm:
    """The algorithm of that name, by default one for the key. Raises `SecurityError` when it is for another kind."""
    if keypair.kind not in _BY_KIND:
        raise SecurityError(f"{keypair!r} holds a key of kind {keypair.kind}, which cannot sign")
    algorithm = signature_named(name or _BY_KIND[keypair.kind])
    if not algorithm.fits(keypair.kind):
        raise SecurityError(f"{keypair!r} holds a {keypair.kind} key, not one for {algorithm.name}")
    return algorithm


def _token(message: Message, step: Sign, keypair: KeyPair, provider: CryptoProvider) -> _Element | None:
    """The token that carries the certificate, where the reference is to one: that of a step before, or a new one."""
    if step.key_reference not in TOKEN_KINDS:
        return None
    token = token_of_key(keypair, step.key_reference, f"X509-{provider.random(16).hex()}")
    kind, octets = token.get("ValueType"), token.text
    same = (
        each for each in message.named("BinarySecurityToken") if (each.get("ValueType"), each.text) == (kind, octets)
    )
    return next(same, token)


def _references(message: Message, parts: list[_Part], step: Sign, provider: CryptoProvider) -> list[str]:
    """The ds:Reference to each part, once all stands at its place: parts get their ids."""
    ids = [give_id(part.element, f"id-{provider.random(16).hex()}") for part in parts]
    digest_method, method = digest_uri(step.digest), canonical_uri(step.canonical)
    made = []
    for part, part_id in zip(parts, ids, strict=True):
        if part.token is not None:
            made.append(_to_dereferenced(part_id, token_octets(part.token, EXCLUSIVE), digest_method, provider))
        else:
            octets, prefixes = _octets(message, part.element, method)
            digest = provider.digest(DIGESTS[digest_method], octets)
            made.append(reference_text(f"#{part_id}", [method], digest_method, digest, prefix_list(prefixes)))
    for attachment, whole in message.attached(step.parts):
        digest = digest_of(attachment, fields_sent(attachment) if whole else None, DIGESTS[digest_method])
        transforms = [signature_transform(whole=whole)]
        made.append(reference_text(cid_of(attachment), transforms, digest_method, digest))
    return made


def write_signed_info(
    signature: _Element, algorithm: SignatureAlgorithm, references: Sequence[str], method: str = EXCLUSIVE
) -> bytes:
    """Put SignedInfo into a signature that stands at its place; the octets that are to be signed.

    `method`: their canonical form; `references`: made by `reference_text`. Text is read in a fraction of the time that
    it takes to build so many small elements.
    """
    text = (
        f'<ds:SignedInfo xmlns:ds="{DS}"><ds:CanonicalizationMethod Algorithm="{method}"/>'
        f'<ds:SignatureMethod Algorithm="{algorithm.uri}"/>{"".join(references)}</ds:SignedInfo>'
    )
    signed_info = parse_own(text)
    signature.insert(0, signed_info)
    return canonicalise(signed_info, method=method, measure=measure_of(text.encode()))


def _to_own_token(
    reference: _Element,
    token: _Element | None,
    keypair: KeyPair,
    digest_method: str,
    provider: CryptoProvider,
) -> str:
    """Cover what the signature's own reference leads to, through STR-Transform (WSS SOAP Message Security 1.1, 8.3;
    BSP 1.1, R5411 to R5413)."""
    if reference.tag != TOKEN_REFERENCE:
        raise SecurityError(f"{OWN_CERTIFICATE} needs a SecurityTokenReference, which a key name is not")
    octets = (
        token_octets(token, EXCLUSIVE) if token is not None else made_up_token(reference.prefix, keypair.certificate)
    )
    name = give_id(reference, f"STR-{provider.random(16).hex()}")
    return _to_dereferenced(name, octets, digest_method, provider)


def _to_dereferenced(reference_id: str, octets: bytes, digest_method: str, provider: CryptoProvider) -> str:
    """A ds:Reference to what a SecurityTokenReference leads to, whose octets are given."""
    digest = provider.digest(DIGESTS[digest_method], octets)
    return reference_text(f"#{reference_id}", [STR_TRANSFORM], digest_method, digest, _STR_PARAMETERS)


def content_prefixes(text: bytes) -> list[str]:
    """The prefixes in scope that are used in the content or in attribute values of an element, as in xsi:type.

    `text`: the element as it is serialised, with every declaration in scope.

    Exclusive canonicalisation leaves their declarations out, so that what they mean would not be signed; they go into
    the PrefixList of the Reference (Exclusive XML Canonicalization 1.0, 4; BSP 1.1, R5404).
    """
    declared = {piece.partition(b"=")[0] for piece in text.split(b" xmlns:")[1:]}
    return sorted(each.decode() for each in declared if _PREFIX.fullmatch(each) and _in_content(each, text))


def _in_content(prefix: bytes, text: bytes) -> bool:
    """Whether a word that starts with the prefix stands where no name of an element or attribute does."""
    word = prefix + b":"
    at, looked_at = text.find(word), 0
    while at >= 0 and looked_at < _FEW:
        if _is_content(text, at, at + len(word)):
            return True
        at, looked_at = text.find(word, at + 1), looked_at + 1
    return at >= 0 and _among_many(word, text)


def _is_content(text: bytes, at: int, after: int) -> bool:
    """Whether the word at a place is content: after a blank it may be the name of an attribute."""
    before = text[at - 1 : at]
    if before == b" ":
        return _NO_NAME.match(text, after) is not None
    return before in (b'"', b">", b"\n", b"\t") or text.endswith((b"&#10;", b"&#9;", b"&#13;"), 0, at)


def _among_many(word: bytes, text: bytes) -> bool:
    """The same for all the places of a word at once, which is many times faster than a look at each."""
    if text.count(word) == text.count(b"<" + word) + text.count(b"</" + word):  # in names of elements alone
        return False
    if any(before + word in text for before in (b'"', b">", b"\n", b"\t", b"&#10;", b"&#9;", b"&#13;")):
        return True
    return b" " + word in text and re.search(b" " + re.escape(word) + _NO_NAME.pattern, text) is not None


def _assertion(message: Message, keypair: KeyPair) -> _Element:
    """The assertion that names the key one signs with. Raises `SecurityError` without one, or for another key."""
    found = message.named(ASSERTION)
    if not found:
        for token in message.hidden_as(ASSERTION):
            if token.tag == ENCRYPTED_ASSERTION:  # whose key it names is for its receiver to read
                return token
        raise SecurityError(f"there is no assertion that names the key of {keypair!r}; put a SamlToken before Sign")
    key = subject_key(read_assertion(found[0]), [keypair.certificate])
    if key.public != public_key_of(keypair.certificate):
        raise SecurityError(f"the assertion names another key than that of {keypair!r}")
    return found[0]


@dataclass(frozen=True, slots=True)
class _Part:
    """What is signed: an element, or the `token` that the element, a SecurityTokenReference, leads to."""

    element: _Element
    token: _Element | None = None


_BY_REFERENCE = frozenset({*ASSERTIONS, ENCRYPTED_ASSERTION})


def _by_reference(assertion: _Element, provider: CryptoProvider) -> _Part:
    """An assertion is signed through a reference, its ids not being of WS-Security (SAML Token Profile 1.1, 3.6)."""
    reference = assertion_reference(assertion)
    give_id(reference, f"STR-{provider.random(16).hex()}")
    return _Part(reference, assertion)


def _assertion_and_reference(parts: list[_Part], assertion: _Element | None) -> list[_Element]:
    """What a signature needs before it: the assertion, which moves to it, and the reference that it is signed by."""
    for part in parts:
        if part.token is not None:
            return [part.token, part.element]
    return [assertion] if assertion is not None else []


def _parts(message: Message, step: Sign, token: _Element | None, provider: CryptoProvider) -> list[_Part]:
    found = [
        _by_reference(element, provider) if tag_of(element) in _BY_REFERENCE else _Part(element)
        for part in step.parts
        if part != OWN_CERTIFICATE
        for element in _elements(message, part, token)
    ]
    if not found and OWN_CERTIFICATE not in step.parts and not message.attached(step.parts):
        raise SecurityError(f"none of {', '.join(step.parts)} is in the message: the signature would cover nothing")
    return found


def _covered(message: Message, parts: list[_Part]) -> list[_Element]:
    """The tokens that a signature covers. They stand before it (WS-SecurityPolicy 1.3, 6.7.1)."""
    tokens = (part.element for part in parts if part.element.getparent() is message.security)
    return [each for each in tokens if each.tag in _MOVED]


def _signatures(parts: list[_Part]) -> list[_Element]:
    return [part.element for part in parts if part.element.tag == SIGNATURE]


def _last(message: Message, elements: list[_Element]) -> _Element | None:
    """The last of what a signature stands after: the token that it uses, and the signatures that it covers
    (WS-SecurityPolicy 1.3, 6.7.1); so it stands below what tells how to decrypt them."""
    tokens = message.tokens
    if any(each not in tokens for each in elements):
        raise SecurityError("what is signed with, or over, was encrypted before; put its step behind Sign in outbound")
    return max(elements, key=tokens.index, default=None)


def _elements(message: Message, part: str, token: _Element | None) -> tuple[_Element, ...]:
    if part == "BinarySecurityToken" and token is not None:
        return (token, *(each for each in message.named(part) if each is not token), *message.hidden_as(part))
    found = (*message.named(part), *message.hidden_as(part))  # what was encrypted first is signed as that
    if message.security is not None and not {message.security, *message.security.iterancestors()}.isdisjoint(found):
        raise SecurityError(f"{part} holds the signature itself, which cannot cover it")
    if not found and not may_be_missing(part):
        hint = f"; put its step before Sign in outbound: {STEPS[part]}(...)" if part in STEPS else ""
        raise SecurityError(f"there is no {part} in the message to sign{hint}")
    return found


def _octets(message: Message, element: _Element, method: str) -> tuple[bytes, list[str]]:
    """The canonical form of an element, and the prefixes in its content, whose meaning that includes: the inclusive one
    has all of them."""
    if element in message.prefixes_in_names or method != EXCLUSIVE:
        return canonicalise(element, method=method, measure=message.envelope.measure), []
    text = serialise(element)
    prefixes = content_prefixes(text)
    return canonicalise(element, prefixes=prefixes, measure=measure_of(text)), prefixes


def prefix_list(prefixes: Sequence[str]) -> str:
    """What stands in the Transform of exclusive canonicalisation with such a prefix list, as text."""
    if not prefixes:
        return ""
    return f'<ec:InclusiveNamespaces xmlns:ec="{EXC_C14N}" PrefixList="{escape_attribute(" ".join(prefixes))}"/>'


def reference_text(
    uri: str, transforms: Sequence[str], digest_method: str, digest: bytes, in_last_transform: str = ""
) -> str:
    """A ds:Reference, as text that stands where the prefix ``ds`` is declared."""
    *before, last = transforms
    others = "".join(f'<ds:Transform Algorithm="{method}"/>' for method in before)
    return (
        f'<ds:Reference URI="{escape_attribute(uri)}"><ds:Transforms>{others}<ds:Transform Algorithm="{last}">'
        f'{in_last_transform}</ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="{digest_method}"/>'
        f"<ds:DigestValue>{base64_text(digest)}</ds:DigestValue></ds:Reference>"
    )
