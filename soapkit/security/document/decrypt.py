"""Decryption of plain XML documents: by which key, as the document says; what came out, in its place.

A document may name its key in more ways than a SOAP message may (`soapkit.security.inbound` keeps to WS-Security's),
and may encrypt octets that are no XML. XML Encryption 1.1: 3.5 ds:KeyInfo, 3.5.2 RetrievalMethod, 5.4 derived keys,
5.7 key wrap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from cryptography import x509
from lxml import etree
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.crypto.agreement import agreed_keys
from soapkit.security.crypto.algorithms import MODERN, WRAPS, AlgorithmPolicy, CipherAlgorithm
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.crypto.provider import CryptoProvider
from soapkit.security.crypto.with_cryptography import CryptographyProvider
from soapkit.security.decrypt import Deciphered, octets_in, put_back, read_cipher
from soapkit.security.document.document import Document, read_document
from soapkit.security.document.keys import Derivations, derived_key, name_in
from soapkit.security.encrypted_key import cipher_value, unwrap, unwrap_under
from soapkit.security.hints import is_meant_for, read_hints
from soapkit.security.ids import IdIndex
from soapkit.security.markup import (
    AGREEMENT_METHOD,
    CARRIED_KEY_NAME,
    DERIVED_KEY,
    ENCRYPTED_DATA,
    ENCRYPTED_KEY,
    ENCRYPTION_METHOD,
    KEY_INFO,
    KEY_INFO_REFERENCE,
    KEY_NAME,
    RETRIEVAL_METHOD,
    TYPE_CONTENT,
    TYPE_ELEMENT,
    algorithm_of,
    at_most_one,
    one,
)
from soapkit.security.references import Carried, Named, read_key, referred, retrieved
from soapkit.xml.parse import parse_exact_measured
from soapkit.xml.walk import children, path_of, place_of, tag_of

_XML = (TYPE_ELEMENT, TYPE_CONTENT)
_ROUNDS = 8  # encrypted data inside what was decrypted
_STEPS = 4  # a key that is wrapped by a key that is wrapped by a key
_MOST_KEYS = 64  # unwrapped for one document: each may cost an RSA operation


@dataclass(frozen=True, slots=True)
class DecryptedPart:
    """One EncryptedData that was opened.

    `octets`: what it held; `path`: where it stood; `algorithm`: a short name; `type` and `mime_type`: what it
    said that it holds, which nothing checked.
    """

    octets: bytes = field(repr=False)
    path: str
    algorithm: str
    type: str = ""
    mime_type: str = ""

    @property
    def is_xml(self) -> bool:
        """Whether it said that it holds an element, or content of one: that was put into the document."""
        return self.type in _XML


@dataclass(frozen=True, slots=True)
class Decrypted:
    """A document with all that could be opened in its place.

    `root`: its root element; octets that are no XML (no Type, or another) stand in `parts` alone, and their
    EncryptedData stays where it was. Encryption proves nothing of who wrote it: for that there are signatures.
    """

    root: _Element
    parts: tuple[DecryptedPart, ...]

    def to_bytes(self) -> bytes:
        """The document in UTF-8."""
        return etree.tostring(self.root, encoding="UTF-8")


def decrypt(
    document: Document,
    *,
    key: KeyPair | Iterable[KeyPair] = (),
    secrets: Mapping[str, bytes] | None = None,
    certificates: Sequence[x509.Certificate] = (),
    algorithms: AlgorithmPolicy = MODERN,
    id_attributes: Sequence[str] = (),
    provider: CryptoProvider | None = None,
) -> Decrypted:
    """Open every EncryptedData of a document, also those inside what comes out.

    `key`: what opens keys that came encrypted to a certificate of ours; `secrets`: keys that both sides have, by the
    name that the document gives them (KeyName, MasterKeyName), ``""`` for one that is not named. `certificates`: those
    of senders, for a key that is agreed on with one whom the document only names. `algorithms`: what is accepted; the
    default decrypts AES-GCM alone, since nothing vouches for CBC here: the profile ``legacy`` has it. `id_attributes`:
    attributes in no namespace that are ids in this document, besides ``Id``, ``ID``, ``xml:id``.

    Raises `SecurityError` when there is nothing to decrypt, no key fits, or what comes out does not fit in its place;
    `XmlError` for a document that cannot be parsed, `LimitError` for one that is too large, also decrypted. Answer a
    stranger the same in each case.

    >>> from soapkit.security.document.encrypt import encrypt
    >>> secret = bytes(range(32))
    >>> sealed = encrypt(b"<order><card>4711</card></order>", secret=secret, path="card")
    >>> b"4711" in sealed, decrypt(sealed, secrets={"": secret}).root.findtext("card")
    (False, '4711')
    """
    opener = _Opener(
        (key,) if isinstance(key, KeyPair) else tuple(key),
        dict(secrets or {}),
        tuple(certificates),
        algorithms,
        tuple(id_attributes),
        provider or CryptographyProvider(),
        Derivations(algorithms),
    )
    root = read_document(document)
    parts: list[DecryptedPart] = []
    for _ in range(_ROUNDS):
        found = [data for data in root.iter(ENCRYPTED_DATA) if _is_xml(data)]
        if not found:
            break
        root, opened = opener.put_back(root, found)
        parts += opened
    else:
        raise SecurityError(f"encrypted data is nested more than {_ROUNDS} deep")
    parts += opener.octets(root, [data for data in root.iter(ENCRYPTED_DATA) if not _is_xml(data)])
    if not parts:
        raise SecurityError("nothing in the document is encrypted", place=place_of(root))
    return Decrypted(root, tuple(parts))


def _is_xml(data: _Element) -> bool:
    return data.get("Type", "") in _XML


@dataclass(slots=True)
class _Opener:
    keys: tuple[KeyPair, ...]
    secrets: dict[str, bytes] = field(repr=False)
    certificates: tuple[x509.Certificate, ...]
    policy: AlgorithmPolicy
    id_attributes: tuple[str, ...]
    provider: CryptoProvider
    derivations: Derivations
    unwrapped: int = 0

    def octets(self, root: _Element, found: Sequence[_Element]) -> list[DecryptedPart]:
        """What each EncryptedData holds."""
        keys = _KeyFinder(self, IdIndex(root, self.id_attributes), root)
        return [self._open(data, keys) for data in found]

    def put_back(self, root: _Element, found: Sequence[_Element]) -> tuple[_Element, list[DecryptedPart]]:
        """The document with the content of each EncryptedData in its place."""
        parts = self.octets(root, found)
        frame = etree.Element("document")  # what is encrypted may be the root, which must stand somewhere
        frame.append(root)
        pieces = [
            Deciphered(data, part.octets, part.type == TYPE_ELEMENT, read_cipher(data, self.policy))
            for data, part in zip(found, parts, strict=True)
        ]
        frame = put_back(frame, pieces, (), self.provider, parse=parse_exact_measured).root
        elements = list(children(frame))
        if len(elements) != 1 or (frame.text or "").strip() or (elements[0].tail or "").strip():
            raise SecurityError("what is decrypted at the root of the document is not one element")
        frame.remove(elements[0])
        # as the root of a document of its own, for whoever writes or canonicalises that
        root, _ = parse_exact_measured(etree.tostring(elements[0], encoding="UTF-8", with_tail=False))
        return root, parts

    def _open(self, data: _Element, keys: _KeyFinder) -> DecryptedPart:
        cipher = read_cipher(data, self.policy)
        if cipher.mode != "gcm" and self.policy.cbc != "always":
            raise SecurityError(
                f"{cipher.name} is decrypted under a profile that allows it alone, such as 'legacy': without a "
                "signature around it, answers to forged ciphertexts tell its plaintext",
                place=place_of(data),
            )
        octets = octets_in(data, cipher, keys.secret_of(data, cipher), self.provider)
        return DecryptedPart(octets, path_of(data), cipher.name, data.get("Type", ""), data.get("MimeType", ""))


@dataclass(slots=True)
class _KeyFinder:
    """Finds the secrets of one document."""

    opener: _Opener
    index: IdIndex
    root: _Element

    def secret_of(self, data: _Element, cipher: CipherAlgorithm) -> bytes:
        """The key of an EncryptedData. Raises `SecurityError`."""
        return self._secret(data, cipher.key_size, 0)

    def _secret(self, holder: _Element, size: int, depth: int) -> bytes:
        """The secret that the KeyInfo of `holder` leads to: by the first of its ways that does."""
        if depth > _STEPS:
            raise SecurityError(f"keys are wrapped by keys more than {_STEPS} deep", place=place_of(holder))
        key_info = at_most_one(holder, KEY_INFO)
        ways = self._ours_first(list(children(key_info))) if key_info is not None else []
        failures = []
        for way in ways:
            read = _READERS.get(way.tag)
            if read is None:
                continue
            try:
                return read(self, way, size, depth)
            except SecurityError as error:
                failures.append(error)
        if failures:
            raise failures[0]
        secrets = self.opener.secrets
        if "" in secrets and not any(way.tag == KEY_NAME for way in ways):
            return self._sized(secrets[""], size, holder)
        named = ", ".join(tag_of(way).rpartition("}")[2] for way in ways) or "nothing"
        raise SecurityError(
            f"no key of ours opens {path_of(holder)}: its KeyInfo has {named}; secrets={{'': ...}} gives one that is "
            "not named",
            place=place_of(holder),
        )

    def _sized(self, secret: bytes, size: int, by: _Element) -> bytes:
        if len(secret) != size:
            raise SecurityError(f"a key of {len(secret)} bytes is given where {size} are needed", place=place_of(by))
        return secret

    def _by_name(self, element: _Element, size: int, depth: int) -> bytes:
        name = name_in(element)
        if name in self.opener.secrets:
            return self._sized(self.opener.secrets[name], size, element)
        failure = None
        for carrier in self._ours_first(list(self._carriers(name))):
            try:
                return self._unwrapped(carrier, size, depth)
            except SecurityError as error:
                failure = error
        raise failure or SecurityError(f"no key is called {name!r:.120}; give secrets={{...}}", place=place_of(element))

    def _carriers(self, name: str) -> Iterator[_Element]:
        """The encrypted keys that say they are the key of that name (CarriedKeyName): one for each receiver."""
        for key in self.root.iter(ENCRYPTED_KEY):
            carried = at_most_one(key, CARRIED_KEY_NAME)
            if carried is not None and name_in(carried) == name:
                yield key

    def _ours_first(self, ways: list[_Element]) -> list[_Element]:
        """Ways to a key, of encrypted keys first those that say they are for us, and last those for others: of such a
        key RSA 1.5 makes a secret that nobody meant."""
        receivers = sum(way.tag == ENCRYPTED_KEY for way in ways)
        if not 1 < receivers <= _MOST_KEYS:
            return ways
        owners = [pair.certificate for pair in self.opener.keys]
        sizes = set(map(_modulus_size, self.opener.keys))

        def rank(way: _Element) -> int:
            with suppress(SecurityError):  # of one that is damaged, and may not be needed
                if way.tag != ENCRYPTED_KEY or algorithm_of(one(way, ENCRYPTION_METHOD)) in WRAPS:
                    return 1
                said = is_meant_for(way, owners, self.index)
                return (1 if len(cipher_value(way)) in sizes else 2) if said is None else (0 if said else 2)
            return 2

        return sorted(ways, key=rank)

    def _unwrapped(self, key: _Element, size: int, depth: int) -> bytes:
        opener = self.opener
        opener.unwrapped += 1
        if opener.unwrapped > _MOST_KEYS:
            raise SecurityError(f"more than {_MOST_KEYS} encrypted keys are not opened", place=place_of(key))
        algorithm = algorithm_of(one(key, ENCRYPTION_METHOD))
        if algorithm in WRAPS:
            wrap = opener.policy.wrap(algorithm)
            return unwrap_under(key, wrap, self._wrapping(key, wrap.key_size, depth + 1), opener.provider)
        if not opener.keys:
            raise SecurityError("the key came encrypted to a certificate; key=... opens it", place=place_of(key))
        value = cipher_value(key)
        fitting = [pair for pair in opener.keys if _modulus_size(pair) == len(value)] or list(opener.keys)
        return unwrap(key, self._meant(key, fitting), opener.policy, opener.provider)

    def _meant(self, key: _Element, pairs: list[KeyPair]) -> list[KeyPair]:
        """Those of our keys that an encrypted key says it is for; all where it means none of them. RSA 1.5 does not
        tell a wrong key: what it makes of one is another secret."""
        key_info = at_most_one(key, KEY_INFO)
        with suppress(SecurityError):
            source = read_hints(key_info, self.index) if key_info is not None else None
            if source is not None:
                return [pair for pair in pairs if source.matches(pair.certificate)] or pairs
        return pairs

    def _wrapping(self, key: _Element, size: int, depth: int) -> list[bytes]:
        """What an encrypted key may be wrapped under: what its KeyInfo leads to, or those that are agreed on."""
        key_info = at_most_one(key, KEY_INFO)
        method = at_most_one(key_info, AGREEMENT_METHOD) if key_info is not None else None
        if method is None:
            return [self._secret(key, size, depth)]
        return self._agreed_keys(method, size)

    def _retrieved(self, method: _Element, size: int, depth: int) -> bytes:
        found = retrieved(method, self.index)
        if found.tag not in (ENCRYPTED_KEY, DERIVED_KEY):
            raise SecurityError(f"a RetrievalMethod leads to {tag_of(found)}, not to a key", place=place_of(method))
        return _READERS[found.tag](self, found, size, depth + 1)

    def _referred(self, reference: _Element, size: int, depth: int) -> bytes:
        """What another KeyInfo of the document says (XML Signature 1.1, 4.5.10)."""
        holder = referred(reference, self.index).getparent()
        if holder is None:
            raise SecurityError("a KeyInfoReference leads to the root, which no key is of", place=place_of(reference))
        return self._secret(holder, size, depth + 1)

    def _agreed(self, method: _Element, size: int, _depth: int) -> bytes:
        """The key of the data itself, with the first of our keys that is of its kind."""
        return self._agreed_keys(method, size)[0]

    def _agreed_keys(self, method: _Element, size: int) -> list[bytes]:
        opener = self.opener
        return agreed_keys(
            method,
            size,
            opener.keys,
            opener.policy,
            opener.provider,
            self._named,
            lambda derived: opener.derivations.read(derived, size),
        )

    def _named(self, entry: _Element) -> x509.Certificate:
        """The certificate of a sender."""
        source = read_key(entry, self.index)
        if isinstance(source, Carried):
            return source.certificates[0]
        assert isinstance(source, Named), "X509Data and KeyName carry a certificate or name one"
        return source.among(self.opener.certificates)

    def _derived(self, element: _Element, size: int, _depth: int) -> bytes:
        return derived_key(element, self.opener.secrets, size, self.opener.derivations)


_READERS: dict[object, Callable[[_KeyFinder, _Element, int, int], bytes]] = {
    ENCRYPTED_KEY: _KeyFinder._unwrapped,
    RETRIEVAL_METHOD: _KeyFinder._retrieved,
    KEY_INFO_REFERENCE: _KeyFinder._referred,
    KEY_NAME: _KeyFinder._by_name,
    DERIVED_KEY: _KeyFinder._derived,
    AGREEMENT_METHOD: _KeyFinder._agreed,
}


def _modulus_size(pair: KeyPair) -> int:
    size = getattr(pair.private_key, "key_size", 0)
    return (int(size) + 7) // 8
