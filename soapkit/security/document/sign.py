"""Signatures of plain documents on the way out: enveloped, enveloping, by id. Undone by verify.py.

XML Signature 1.1, sections 3.1 and 4.
"""

from __future__ import annotations

from collections.abc import Sequence

from lxml.etree import _Element

from soapkit.errors import SecurityError, UsageError
from soapkit.security.canonical import Canonical
from soapkit.security.crypto.algorithms import (
    DIGESTS,
    ENVELOPED,
    SignatureAlgorithm,
    canonical_uri,
    digest_uri,
    signature_named,
)
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.crypto.provider import CryptoProvider
from soapkit.security.crypto.with_cryptography import CryptographyProvider
from soapkit.security.document.document import (
    DocumentT,
    HmacKey,
    Recipe,
    elements_at,
    octets_of,
    read_measured,
    target_of,
    write_document,
)
from soapkit.security.document.key_info import KeyInfo, key_info_for
from soapkit.security.ids import IdIndex
from soapkit.security.markup import (
    OBJECT,
    SIGNATURE,
    SIGNATURE_VALUE,
    base64_text,
    new,
    sub,
)
from soapkit.security.sign import algorithm_of_key, content_prefixes, prefix_list, reference_text, write_signed_info
from soapkit.xml.c14n import EXCLUSIVE
from soapkit.xml.serialise import serialise


def sign(
    document: DocumentT,
    key: KeyPair | HmacKey,
    *,
    references: Sequence[str] = ("",),
    enveloping: bool = False,
    inside: str = "",
    after: str = "",
    algorithm: str = "",
    digest: str = "sha256",
    canonical: str = "exclusive",
    key_info: KeyInfo = "certificate",
    id: str = "",  # noqa: A002  the attribute's own name
    id_attributes: Sequence[str] = (),
    provider: CryptoProvider | None = None,
) -> DocumentT:
    """A signed copy of a document: bytes for bytes, an element for an element; what came in is not changed.

    `references`: what is signed: ``""`` the whole document, ``"#id"`` one element of it. `enveloping`: the document is
    put into the signature, as its ds:Object, instead of the signature into the document. `inside`: the element that
    the signature becomes the last child of, `after`: the one it follows; both an ElementPath from the root, such as
    ``".//{urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2}ExtensionContent"``; by default it
    becomes the last child of the root. `algorithm`, `digest`: short names or URIs, by default RSA-SHA256, ECDSA-SHA256,
    EdDSA or HMAC-SHA256 as the key demands, and SHA-256. `canonical`: ``exclusive``, ``inclusive`` (1.0) or
    ``inclusive11``. `key_info`: what is said of the key. `id`: the Id of the signature. `id_attributes`: attributes in
    no namespace that are ids in this document, besides ``Id``, ``ID``, ``AssertionID``, ``wsu:Id``, ``xml:id``.

    The result must be written as it is: indenting it would break the signature.

    Raises `SecurityError` when what is to be signed is not there, or the key does not fit the algorithm; `UsageError`
    for an unknown name; `XmlError` for a document that cannot be parsed, also for one with a DOCTYPE.

    >>> from soapkit.security.document.verify import verify
    >>> secret = HmacKey(b"thirty-two bytes, both have them")
    >>> verify(sign(b"<order><total>10.00</total></order>", secret), trust=secret).signed[0].findtext("total")
    '10.00'
    """
    if isinstance(references, str) or not references:
        raise UsageError('references are a list such as [""] or ["#id"]')
    if enveloping and (inside or after or tuple(references) != ("",)):
        raise UsageError("an enveloping signature stands around the document: it takes no place and no references")
    method = canonical_uri(canonical)
    named = key_info_for(key.certificate, key_info, key.chain) if isinstance(key, KeyPair) else []
    provider = provider or CryptographyProvider()
    chosen, digest_method = _algorithm(algorithm, key), digest_uri(digest)
    root, measure = read_measured(document)
    signature = new(SIGNATURE, attributes={"Id": id} if id else None)
    if enveloping:
        name = f"OBJ-{provider.random(16).hex()}"
        sub(signature, OBJECT, attributes={"Id": name}).append(root)
        root, references = signature, [f"#{name}"]
    else:
        _place(root, inside, after, signature)
    index = IdIndex(root, id_attributes, measure)
    made_references = []
    for uri in references:
        target = target_of(uri, index, root, root)
        prefixes = tuple(content_prefixes(serialise(target.element))) if method == EXCLUSIVE else ()
        enveloped = any(ancestor is target.element for ancestor in signature.iterancestors())
        octets = octets_of(target, Recipe(Canonical(method, prefixes), enveloped), signature)
        transforms = [*([ENVELOPED] if enveloped else []), method]
        value = provider.digest(DIGESTS[digest_method], octets)
        made_references.append(reference_text(uri, transforms, digest_method, value, prefix_list(prefixes)))
    octets = write_signed_info(signature, chosen, made_references, method)
    made = provider.mac(chosen, key.value, octets) if isinstance(key, HmacKey) else provider.sign(chosen, key, octets)
    signature[1:1] = [new(SIGNATURE_VALUE, base64_text(made)), *named]
    return write_document(root, document)


def _algorithm(name: str, key: KeyPair | HmacKey) -> SignatureAlgorithm:
    if isinstance(key, KeyPair):
        return algorithm_of_key(name, key)
    algorithm = signature_named(name or "hmac-sha256")
    if algorithm.key != "secret":
        raise SecurityError(f"{algorithm.name} cannot be made with a shared key")
    return algorithm


def _place(root: _Element, inside: str, after: str, signature: _Element) -> None:
    """Put the signature where it shall stand."""
    if inside and after:
        raise UsageError("a signature stands inside an element or after one; say one of the two")
    anchor = elements_at(root, inside or after)[0]
    if not after:
        anchor.append(signature)
        return
    if anchor is root:
        raise UsageError("nothing can follow the root of a document")
    anchor.addnext(signature)
    # lxml takes the text after the anchor along; it belongs behind the signature now, so nothing to mend
