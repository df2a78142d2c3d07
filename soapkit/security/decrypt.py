"""Decryption on the way in. Undoes encrypt.py.

Decrypted octets come from whoever had our certificate: a stranger. They are put in their places in the text of the
message, and the whole is read again by the hardened parser under the same limits, so that every prefix, default
namespace and limit is what it would have been in a plain message. Marks that nobody else can write enclose each piece;
a piece that does not keep between its marks is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import SecurityError, SoapkitError
from soapkit.security.crypto.algorithms import AlgorithmPolicy, CipherAlgorithm
from soapkit.security.crypto.provider import NOT_XML, CryptoProvider
from soapkit.security.encrypted_key import cipher_value
from soapkit.security.markup import (
    ENCRYPTED_ASSERTION,
    ENCRYPTED_DATA,
    ENCRYPTED_HEADER,
    ENCRYPTION_METHOD,
    TYPE_CONTENT,
    TYPE_ELEMENT,
    algorithm_of,
    one,
)
from soapkit.xml.measure import Measure
from soapkit.xml.parse import DEFAULT_LIMITS, XmlLimits, parse_measured
from soapkit.xml.walk import children, place_of, tag_of

# one expression for all messages: one of each message's own would be compiled anew, which takes longer than to decrypt
_GAP = re.compile(rb"<\?soapkit ([0-9a-f]{32}) (\d+)\?>")
_AROUND = frozenset({ENCRYPTED_HEADER, ENCRYPTED_ASSERTION})


@dataclass(frozen=True, slots=True)
class Deciphered:
    """One EncryptedData and what was in it. `whole`: it stood for an element, not for content."""

    data: _Element
    plain: bytes
    whole: bool
    algorithm: CipherAlgorithm

    @property
    def place(self) -> _Element:
        """The element whose place the plain content takes: an EncryptedHeader, or EncryptedAssertion, goes with its
        EncryptedData."""
        parent = self.data.getparent()
        return parent if parent is not None and parent.tag in _AROUND else self.data


@dataclass(frozen=True, slots=True)
class Reread:
    """The message as read again. `text`: what its tree is the tree of; `pieces`: per `Deciphered`, the elements that
    took its place."""

    root: _Element
    measure: Measure
    text: bytes = field(repr=False)
    pieces: tuple[tuple[_Element, ...], ...]
    moved: dict[_Element, tuple[_Element, ...]]


def read_cipher(data: _Element, policy: AlgorithmPolicy) -> CipherAlgorithm:
    """The cipher of an EncryptedData. Raises `SecurityError` unless the policy allows it."""
    return policy.cipher(algorithm_of(one(data, ENCRYPTION_METHOD)))


def decipher(data: _Element, cipher: CipherAlgorithm, secret: bytes, provider: CryptoProvider) -> Deciphered:
    """What an EncryptedData holds. Raises `SecurityError`."""
    if data.tag != ENCRYPTED_DATA:
        raise SecurityError(f"a reference to encrypted data leads to {tag_of(data)}", place=place_of(data))
    kind = data.get("Type", "")
    if kind not in (TYPE_ELEMENT, TYPE_CONTENT):
        raise SecurityError(f"encrypted data of the type {kind!r:.120} is not understood", place=place_of(data))
    return Deciphered(data, octets_in(data, cipher, secret, provider), kind == TYPE_ELEMENT, cipher)


def octets_in(data: _Element, cipher: CipherAlgorithm, secret: bytes, provider: CryptoProvider) -> bytes:
    """The octets that an EncryptedData holds, of whatever type. Raises `SecurityError`."""
    if len(secret) != cipher.key_size:
        # RFC 3218: what RSA 1.5 makes of a bad padding must fail as a wrong key does, later and in the same words.
        secret = provider.random(cipher.key_size)
    return _plain(cipher, secret, cipher_value(data), provider)


def _plain(cipher: CipherAlgorithm, secret: bytes, value: bytes, provider: CryptoProvider) -> bytes:
    """Without a word of the padding of CBC: where that alone is wrong, what comes is refused as other garbage is, by
    the parser, since an answer that comes sooner tells as much as one in other words (Vaudenay, "Security flaws induced
    by CBC padding", 2002; Jager, Somorovsky, "How to break XML Encryption", 2011)."""
    try:
        return provider.decrypt(cipher, secret, value)
    except SecurityError:
        if cipher.mode == "gcm":
            raise
        return b"x" * len(value) + NOT_XML  # a provider that cannot but tell


def put_back(
    root: _Element,
    found: Sequence[Deciphered],
    tracked: Sequence[_Element],
    provider: CryptoProvider,
    limits: XmlLimits = DEFAULT_LIMITS,
    parse: Callable[..., tuple[_Element, Measure]] = parse_measured,
) -> Reread:
    """The message with decrypted pieces in their places, as a new tree; the old one is left as it was.

    `tracked`: elements of the old tree that are looked for in the new one: `Reread.moved` tells where each went, an
    element that was decrypted to the pieces that took its place. `parse`: `parse_exact_measured` for a document, whose
    comments stay.

    Raises `SecurityError` for content that is not well-formed, breaks a limit, or reaches out of its place.
    """
    places = [piece.place for piece in found]
    _check_apart(places)
    old = _Positions(places)
    paths = {element: old.path(element) for element in tracked}
    mark = _Mark(provider.random(16).hex())
    text = _with_pieces(root, found, [old.path(place) for place in places], mark)
    try:
        new_root, measure = parse(text, source="decrypted message", limits=limits)
    except SoapkitError as error:
        told = "the decrypted message cannot be read"
        raise SecurityError(f"{told}: {error}", bare=f"{told}: {error.for_log}") from None
    pairs = _pairs(new_root, mark, len(found))
    new = _Steps(mark)
    moved = {element: new.follow(new_root, path) for element, path in paths.items()}
    pieces = tuple(new.follow(new_root, old.path(place)) for place in places)
    for piece, elements in zip(found, pieces, strict=True):
        if piece.whole and len(elements) != 1:
            raise SecurityError(f"expected one element in encrypted data, found {len(elements)}")
    for pair in pairs:
        for end in pair:
            _remove(end)
    return Reread(new_root, measure, _without(mark, text), pieces, moved)


def _check_apart(places: Sequence[_Element]) -> None:
    """Raise `SecurityError` when two pieces would take the same place, or one a place inside another's."""
    taken = set(places)
    if len(taken) != len(places):
        raise SecurityError("the same encrypted data is to be decrypted twice", place=place_of(places[0]))
    for place in places:
        if any(ancestor in taken for ancestor in place.iterancestors()):
            raise SecurityError("encrypted data stands inside other encrypted data", place=place_of(place))


def _with_pieces(root: _Element, found: Sequence[Deciphered], paths: Sequence[_Path], mark: _Mark) -> bytes:
    """The message as text, each place taken by its piece between two marks."""
    copy = deepcopy(root)
    steps = _Steps(mark)
    places = [steps.follow(copy, path)[0] for path in paths]
    for number, place in enumerate(places):
        parent = place.getparent()
        if parent is None:
            raise SecurityError("a whole message cannot be encrypted data")
        start, gap, end = mark.element(), etree.PI("soapkit", f"{mark.secret} {number}"), mark.element()
        for node in (start, gap, end):
            place.addprevious(node)
        end.tail = place.tail
        parent.remove(place)
    text = etree.tostring(copy, encoding="UTF-8", with_tail=False)
    ours = mark.secret.encode()
    return _GAP.sub(lambda gap: found[int(gap[2])].plain if gap[1] == ours else gap[0], text)


def _without(mark: _Mark, text: bytes) -> bytes:
    """A text with its marks taken out."""
    secret, kept, position = mark.secret.encode(), [], 0
    while (at := text.find(secret, position)) >= 0:
        kept.append(text[position : text.rindex(b"<", position, at)])
        position = text.index(b">", at) + 1
    return b"".join((*kept, text[position:]))


@dataclass(frozen=True, slots=True)
class _Mark:
    """An element that nobody else can write, by the secret in it.

    The secret is a value and no name: libxml2 remembers every name that it reads for as long as a thread lives.
    """

    TAG: ClassVar[str] = "{urn:soapkit:decrypted}mark"
    secret: str = field(repr=False)

    def element(self) -> _Element:
        return etree.Element(self.TAG, {"secret": self.secret})

    def is_(self, element: _Element) -> bool:
        return element.tag == self.TAG and element.get("secret") == self.secret


_Path: TypeAlias = tuple[int, ...]


class _Positions:
    """Where elements of a tree stand, by the numbers of child elements from the root down.

    A path goes no deeper than a place in `places`, since what is in it goes. Each parent's children are counted once,
    however many of them are asked for.
    """

    def __init__(self, places: Sequence[_Element]) -> None:
        self._places = set(places)
        self._numbers: dict[_Element, dict[_Element, int]] = {}

    def path(self, element: _Element) -> _Path:
        steps: list[int] = []
        current = element
        while (parent := current.getparent()) is not None:
            if current in self._places:
                steps.clear()
            if parent not in self._numbers:
                self._numbers[parent] = {entry: number for number, entry in enumerate(children(parent))}
            steps.append(self._numbers[parent][current])
            current = parent
        return tuple(reversed(steps))


class _Steps:
    """What stands at a path; all that is between two marks counts as one step. Each parent is looked at once."""

    def __init__(self, mark: _Mark) -> None:
        self._mark = mark
        self._steps: dict[_Element, list[tuple[_Element, ...]]] = {}

    def follow(self, root: _Element, path: _Path) -> tuple[_Element, ...]:
        found: tuple[_Element, ...] = (root,)
        for number in path:
            parent = found[0]
            if parent not in self._steps:
                self._steps[parent] = self._read(parent)
            found = self._steps[parent][number]
        return found

    def _read(self, parent: _Element) -> list[tuple[_Element, ...]]:
        steps: list[tuple[_Element, ...]] = []
        open_piece: list[_Element] | None = None
        for entry in children(parent):
            if not self._mark.is_(entry):
                if open_piece is None:
                    steps.append((entry,))
                else:
                    open_piece.append(entry)
            elif open_piece is None:
                open_piece = []
            else:
                steps.append(tuple(open_piece))
                open_piece = None
        return steps


def _pairs(root: _Element, mark: _Mark, count: int) -> list[tuple[_Element, _Element]]:
    """The marks in pairs. Raises `SecurityError` unless each pair has one parent: a piece that closes the element it
    was put into and opens another would part them."""
    marks = [entry for entry in root.iter(mark.TAG) if mark.is_(entry)]
    pairs = list(zip(marks[::2], marks[1::2], strict=False))
    if len(marks) != 2 * count or any(start.getparent() is not end.getparent() for start, end in pairs):
        raise SecurityError("the decrypted content reaches out of its place")
    return pairs


def _remove(mark: _Element) -> None:
    """Take a mark out, leaving the text around it."""
    parent, before = mark.getparent(), mark.getprevious()
    assert parent is not None, "a mark is never the root"
    if mark.tail:
        if before is not None:
            before.tail = (before.tail or "") + mark.tail
        else:
            parent.text = (parent.text or "") + mark.tail
    parent.remove(mark)
