"""A plain document told in words: what its signatures cover, what is encrypted, by which keys, what is weak.

Nothing is verified or decrypted, and no key is needed: this is what the document claims.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.document.document import signatures_of, target_of
from soapkit.security.document.keys import name_in
from soapkit.security.document.transforms import recipe_of
from soapkit.security.hints import read_hints
from soapkit.security.ids import IdIndex
from soapkit.security.markup import (
    DS_REFERENCE,
    ENCRYPTED_DATA,
    ENCRYPTED_KEY,
    KEY_INFO,
    KEY_NAME,
    SIGNATURE,
    SIGNED_INFO,
    TYPE_CONTENT,
    TYPE_ELEMENT,
)
from soapkit.security.references import key_info_of
from soapkit.security.require import Limits
from soapkit.security.told import cipher, digest_method, key_method, named_key, signature_method
from soapkit.xml.walk import children, path_of, tag_of


def explain_document(root: _Element) -> list[str]:
    """What of a document is signed and encrypted, one fact a line; lines that begin with ``weak:`` are what to look at.

    Never raises for a strange document: what cannot be read is told as that.

    >>> from soapkit.xml.parse import parse_exact
    >>> explain_document(parse_exact(b"<order/>"))
    ['nothing in this document is signed or encrypted']
    """
    return list(_Telling(root).lines())


class _Telling:
    """One document being told."""

    def __init__(self, root: _Element) -> None:
        self.root = root
        self.index = IdIndex(root, ("id",))
        self.weak: list[str] = []

    def lines(self) -> Iterator[str]:
        signatures, sealed = signatures_of(self.root), list(self.root.iter(ENCRYPTED_DATA))
        if not signatures and not sealed:
            yield "nothing in this document is signed or encrypted"
        for signature in signatures:
            yield from self._signature(signature)
        for data in sealed:
            yield from self._data(data)
        yield from (f"weak: {told}" for told in dict.fromkeys(self.weak))

    def _signature(self, signature: _Element) -> Iterator[str]:
        info = signature.find(SIGNED_INFO)
        if info is None:
            yield f"signature at {path_of(signature)}: it has no SignedInfo"
            return
        name = signature_method(info, self.weak)
        yield f"signature at {path_of(signature)}: {name} by {self._signer(signature)}"
        for reference in info.iterfind(DS_REFERENCE):
            yield f"  {self._covered(reference)}, {digest_method(reference, self.weak)}"

    def _signer(self, signature: _Element) -> str:
        key_info = key_info_of(signature)
        kinds = [tag_of(entry).rpartition("}")[2] for entry in children(key_info)] if key_info is not None else []
        if key_info is None or not kinds:
            return "a key that is not named"
        try:
            return named_key(read_hints(key_info, self.index))
        except SecurityError:  # a bare key, or none that a certificate is found by
            return f"a key that no certificate is named for ({', '.join(kinds)})"

    def _covered(self, reference: _Element) -> str:
        uri = reference.get("URI")
        if uri and not uri.startswith("#"):
            return f"covers what is outside of the document, at {uri!r:.120}"
        try:
            target, recipe = target_of(uri, self.index, self.root, reference), recipe_of(reference, Limits().transforms)
        except SecurityError as error:
            return f"covers {uri or 'the document'!r:.120} in a way that is not followed: {error}"
        if recipe.form is None:
            return f"covers the octets in {path_of(target.element)}"
        left_out = sorted(recipe.names - {SIGNATURE})
        what = "the whole document" if target.whole else path_of(target.element)
        return f"covers {what}" + (f" without {', '.join(left_out)}" if left_out else "")

    def _data(self, data: _Element) -> Iterator[str]:
        name = cipher(data, self.weak)
        parent, kind = data.getparent(), data.get("Type")
        what = f"octets at {path_of(data)}"
        if kind == TYPE_CONTENT and parent is not None:
            what = f"the content of {path_of(parent)}"
        elif kind == TYPE_ELEMENT:
            what = f"the element at {path_of(data)}"
        yield f"encrypted: {what}, {name}"
        key_info = data.find(KEY_INFO)
        for key in key_info.iter(ENCRYPTED_KEY, KEY_NAME) if key_info is not None else ():
            if key.tag == ENCRYPTED_KEY:
                yield f"  key: {self._encrypted_key(key)}"
            elif key.getparent() is key_info:
                yield f"  key: the one called {name_in(key)!r:.120}"

    def _encrypted_key(self, key: _Element) -> str:
        name, wraps = key_method(key, self.weak)
        return f"{'wrapped' if wraps else 'encrypted'} with {name} for {self._signer(key)}"
