"""The ds:KeyInfo of a plain XML signature -> the certificate that it leads to.

Of a message it must be one reference (`soapkit.security.references`); here all that is said speaks of one key (XML
Signature 1.1, 4.5), in many ways, and what cannot be believed or is not known may stand beside what can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from cryptography import x509
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.crypto.certificates import PublicKey, public_key_of
from soapkit.security.crypto.key_value import BARE_KEYS, read_key_value
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.ids import IdIndex
from soapkit.security.markup import (
    AGREEMENT_METHOD,
    KEY_INFO,
    KEY_INFO_REFERENCE,
    KEY_NAME,
    RECIPIENT_KEY_INFO,
    RETRIEVAL_METHOD,
    TOKEN_REFERENCE,
    X509_DATA,
    at_most_one,
)
from soapkit.security.references import (
    Carried,
    Named,
    by_key_name,
    certificate_in,
    kind_told,
    read_token_reference,
    referred,
    retrieved,
)
from soapkit.xml.walk import children, place_of

_RECEIVERS = 20


def read_hints(key_info: _Element, index: IdIndex) -> Carried | Named:
    """Which certificate a ds:KeyInfo leads to: what X509Data carries or names, or the one whose key a KeyValue is, else
    KeyName, else a SecurityTokenReference, which token services write in assertions.

    Raises `SecurityError` when nothing leads to one.
    """
    entries = list(_entries(key_info, index))
    read = (certificate_in(entry) for entry in entries if entry.tag == X509_DATA)
    found = [source for source in read if source is not None]
    if not any(isinstance(entry, Carried) for entry in found):
        found = _with_key(found, entries) or [by_key_name(entry) for entry in entries if entry.tag == KEY_NAME]
    if not found:
        sources = [read_token_reference(entry, index) for entry in entries if entry.tag == TOKEN_REFERENCE]
        found = [source for source in sources if isinstance(source, Carried | Named)]
    if not found:
        told = ", ".join(map(kind_told, children(key_info))) or "nothing"
        raise SecurityError(
            f"KeyInfo holds {told}, which leads to no certificate; say certificates=, the one of its signer",
            place=place_of(key_info),
        )
    carried = [entry for entry in found if isinstance(entry, Carried)]
    if not carried:
        return found[0]
    certificates = tuple(dict.fromkeys(item for entry in carried for item in entry.certificates))
    issuers = {item.issuer for item in certificates if item.issuer != item.subject}
    # the one that certifies none of the others; stacks write them in either order
    own = next((item for item in certificates if item.subject not in issuers), certificates[0])
    return Carried((own, *(item for item in certificates if item is not own)))


def meant_for(encrypted_keys: Sequence[_Element], pairs: Iterable[KeyPair], index: IdIndex) -> _Element:
    """Of encrypted keys that bring one secret, each to another receiver (XML Encryption 1.1, 3.5), the one that says it
    is for one of these key pairs; the first, where none does. Nothing is tried out: a wrong key is not told by RSA 1.5.

    Raises `SecurityError` for more receivers than are looked through.
    """
    if len(encrypted_keys) == 1:
        return encrypted_keys[0]
    if len(encrypted_keys) > _RECEIVERS:
        raise SecurityError(
            f"encrypted data brings {len(encrypted_keys)} keys; {_RECEIVERS} are looked through",
            place=place_of(encrypted_keys[0]),
        )
    owners = [pair.certificate for pair in pairs]
    return next((each for each in encrypted_keys if is_meant_for(each, owners, index)), encrypted_keys[0])


def is_meant_for(encrypted_key: _Element, certificates: Iterable[x509.Certificate], index: IdIndex) -> bool | None:
    """Whether an EncryptedKey says that it is for the owner of one of these certificates; None where it does not say
    for whom it is, or by a KeyName that none of them has, which may be any name, or in a way that is not read."""
    key_info = at_most_one(encrypted_key, KEY_INFO)
    agreed = at_most_one(key_info, AGREEMENT_METHOD) if key_info is not None else None
    told = at_most_one(agreed, RECIPIENT_KEY_INFO) if agreed is not None else key_info
    if told is None:
        return None
    with suppress(SecurityError):
        source = read_hints(told, index)
        if any(map(source.matches, certificates)):
            return True
        return None if isinstance(source, Named) and source.name else False
    return None


def _entries(key_info: _Element, index: IdIndex) -> Iterator[_Element]:
    """What a KeyInfo holds, and what it leads to in the same document: by RetrievalMethod (XML Signature 1.1, 4.5.3)
    and KeyInfoReference (4.5.10), from one to the next and no further."""
    for entry in children(key_info):
        if entry.tag == RETRIEVAL_METHOD:
            yield retrieved(entry, index)
        elif entry.tag == KEY_INFO_REFERENCE:
            yield from children(referred(entry, index))
        else:
            yield entry


def _with_key(found: Sequence[Carried | Named], entries: Sequence[_Element]) -> list[Carried | Named]:
    """Narrowed to certificates with the key that a KeyValue is, where one is there: no other can be meant."""
    keys = [key for entry in entries if entry.tag in BARE_KEYS and (key := _key_in(entry)) is not None]
    if not keys:
        return list(found)
    named = [entry for entry in found if isinstance(entry, Named)] or [Named("the key of its KeyValue", lambda _: True)]
    return [replace(entry, matches=_and_key(entry.matches, keys[0])) for entry in named]


def _and_key(matches: Callable[[x509.Certificate], bool], key: PublicKey) -> Callable[[x509.Certificate], bool]:
    def both(certificate: x509.Certificate) -> bool:
        with suppress(SecurityError):
            return matches(certificate) and public_key_of(certificate) == key
        return False

    return both


def _key_in(entry: _Element) -> PublicKey | None:
    """None for one of a kind that is not read, which says nothing."""
    with suppress(SecurityError):
        return read_key_value(entry)
    return None
