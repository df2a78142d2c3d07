"""A secured message, told in words: tokens, keys, what its signatures name, what they leave out, what is weak.

Nothing is verified or decrypted here, and no key is needed: this is what the message claims.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.attachment_cipher import holds_attachment, read_cipher_reference
from soapkit.security.attachments import is_cid, read_signature_transform
from soapkit.security.crypto.algorithms import (
    AGREEMENTS,
    STR_TRANSFORM,
)
from soapkit.security.crypto.certificates import issuer_name_of, name_of
from soapkit.security.hints import read_hints
from soapkit.security.ids import IdIndex
from soapkit.security.markup import (
    BINARY_SECURITY_TOKEN,
    CREATED,
    DATA_REFERENCE,
    DS_REFERENCE,
    ENCRYPTED_DATA,
    ENCRYPTED_KEY,
    EXPIRES,
    ITERATION,
    KEY_INFO,
    KEY_NAME,
    NONCE,
    PASSWORD,
    PASSWORD_DIGEST,
    RECIPIENT_KEY_INFO,
    REFERENCE_LIST,
    SALT,
    SECURITY,
    SIGNATURE,
    SIGNED_INFO,
    TIMESTAMP,
    TOKEN_REFERENCE,
    TRANSFORM,
    TYPE_CONTENT,
    USERNAME,
    USERNAME_TOKEN,
)
from soapkit.security.parts import Message
from soapkit.security.references import (
    Agreed,
    Asserted,
    key_info_of,
    read_key_info,
    read_token_reference,
)
from soapkit.security.saml.explain import told_assertion
from soapkit.security.saml.names import BY_TAG as ASSERTIONS
from soapkit.security.tokens import certificates_of
from soapkit.security.told import cipher, digest_method, key_method, named_key, signature_method
from soapkit.soap.envelope import Envelope
from soapkit.soap.headers import role_of
from soapkit.xml.names import local_name
from soapkit.xml.walk import path_of, tag_of


def explain(envelope: Envelope) -> list[str]:
    """The message's security in words, one fact a line; lines that begin with ``weak:`` or ``not signed:`` are what to
    look at. Never raises for a strange message: what cannot be read is told as that."""
    return list(_Telling(envelope).lines())


class _Telling:
    """One message being told."""

    def __init__(self, envelope: Envelope) -> None:
        self.envelope = envelope
        self.index = IdIndex(envelope.root)
        self.signed: list[_Element] = []
        self.weak: list[str] = []

    def lines(self) -> Iterator[str]:
        headers = [block for block in self.envelope.headers if block.tag == SECURITY]
        if not headers:
            yield "no security header: nothing in this message is signed or encrypted with WS-Security"
        for header in headers:
            yield f"security header for {role_of(header, self.envelope.version) or 'the ultimate receiver'}"
            for entry in header:
                teller = _TELLERS.get(tag_of(entry), _Telling._other)
                for line in self._safely(teller, Message(self.envelope, header), entry):
                    yield f"  {line}"
        yield from self._left_out(headers)
        yield from (f"weak: {told}" for told in dict.fromkeys(self.weak))

    def _safely(self, teller: Callable[..., Iterator[str]], message: Message, entry: _Element) -> Iterator[str]:
        try:
            yield from teller(self, message, entry)
        except SecurityError as error:
            yield f"{local_name(tag_of(entry))}: cannot be read: {error}"

    def _left_out(self, headers: list[_Element]) -> Iterator[str]:
        stamps = [entry for header in headers for entry in header if entry.tag == TIMESTAMP]
        blocks = [block for block in self.envelope.headers if block.tag != SECURITY]
        if headers and not stamps:
            self.weak.append("there is no Timestamp: a copy of the message could be sent again at any time")
        for element in (self.envelope.body, *stamps, *blocks):
            if not self._is_signed(element):
                yield f"not signed: {path_of(element)}"

    def _is_signed(self, element: _Element) -> bool:
        around = [element, *element.iterancestors()]
        return any(entry is node for entry in self.signed for node in around)

    def _timestamp(self, _message: Message, entry: _Element) -> Iterator[str]:
        yield f"Timestamp: created {entry.findtext(CREATED, 'never')}, expires {entry.findtext(EXPIRES, 'never')}"

    def _username(self, _message: Message, entry: _Element) -> Iterator[str]:
        password = entry.find(PASSWORD)
        digest = password is not None and password.get("Type") == PASSWORD_DIGEST
        how = "without a password"
        if password is not None:
            how = "with a password digest" if digest else "with a password in clear"
        elif entry.find(SALT) is not None:
            how = f"for a key derived from the password in {entry.findtext(ITERATION, '1000')} iterations"
            self.weak.append("a key is derived from a password, which can be guessed by whoever sees the message")
        yield f"UsernameToken: user {entry.findtext(USERNAME, '')!r}, {how}"
        if password is not None and not digest:
            self.weak.append("the password is in clear: the message must be encrypted or travel over TLS")
        if digest and entry.find(NONCE) is None:
            self.weak.append("the password digest has no Nonce: it could be sent again")

    def _token(self, _message: Message, entry: _Element) -> Iterator[str]:
        certificate, *others = certificates_of(entry)
        chain = f", with {len(others)} more" if others else ""
        yield (
            f"token: certificate {name_of(certificate)}, issued by {issuer_name_of(certificate)}, "
            f"valid until {certificate.not_valid_after_utc:%Y-%m-%d}{chain}"
        )

    def _encrypted_key(self, _message: Message, entry: _Element) -> Iterator[str]:
        name, wraps = key_method(entry, self.weak)
        if wraps:
            yield f"key: wrapped with {name} under {self._secret_of(entry)}"
        else:
            yield f"key: encrypted with {name} to {self._key_of(entry)}"
        for reference in entry.iterfind(f"{REFERENCE_LIST}/{DATA_REFERENCE}"):
            yield f"  opens {self._data(self.index.find(reference.get('URI', ''), by=reference))}"

    def _reference_list(self, _message: Message, entry: _Element) -> Iterator[str]:
        for reference in entry.iterfind(DATA_REFERENCE):
            yield f"encrypted: {self._data(self.index.find(reference.get('URI', ''), by=reference))}"

    def _data(self, data: _Element) -> str:
        if data.tag != ENCRYPTED_DATA:
            return f"{path_of(data)}, which is not encrypted data"
        name = cipher(data, self.weak)
        parent = data.getparent()
        if holds_attachment(data):
            return f"the attachment {read_cipher_reference(data).get('URI')}, {name}"
        if data.get("Type") == TYPE_CONTENT and parent is not None:
            return f"the content of {path_of(parent)}, {name}"
        return f"the element at {path_of(data)}, {name}"

    def _encrypted_data(self, _message: Message, entry: _Element) -> Iterator[str]:
        what, _, name = self._data(entry).rpartition(", ")
        yield f"{what if holds_attachment(entry) else 'something'} encrypted ({name})"

    def _signature(self, message: Message, entry: _Element) -> Iterator[str]:
        info = entry.find(SIGNED_INFO)
        if info is None:
            raise SecurityError("it has no SignedInfo")
        yield f"signature: {signature_method(info, self.weak)} by {self._key_of(entry)}"
        for reference in info.iterfind(DS_REFERENCE):
            digest_method(reference, self.weak)
            uri = reference.get("URI", "")
            if is_cid(uri):
                what = "with the header fields that say what it is" if read_signature_transform(reference) else "alone"
                yield f"  covers the content of the attachment {uri}, {what}"
                continue
            element = self.index.find(uri, by=reference)
            tokens = [entry for entry in reference.iter(TRANSFORM) if entry.get("Algorithm") == STR_TRANSFORM]
            if tokens and element.tag == TOKEN_REFERENCE:
                source = read_token_reference(element, self.index)
                element = source.element if isinstance(source, Asserted) else element
                tokens = [] if isinstance(source, Asserted) else tokens
            self.signed.append(element)
            what = "the token named by " if tokens else ""
            yield f"  covers {what}{message.name_of(element)} at {path_of(element)}"

    def _assertion(self, _message: Message, entry: _Element) -> Iterator[str]:
        yield from told_assertion(entry)
        yield from self._signature_of_assertion(entry)

    def _signature_of_assertion(self, entry: _Element) -> Iterator[str]:
        signature = entry.find(SIGNATURE)
        info = signature.find(SIGNED_INFO) if signature is not None else None
        if signature is None or info is None:
            yield "  not signed by its issuer"
            return
        name = signature_method(info, self.weak)
        key_info = key_info_of(signature)
        source = read_hints(key_info, self.index) if key_info is not None else None
        by = f" by {named_key(source)}" if source is not None else ""
        yield f"  signed by its issuer: {name}{by}"

    def _key_of(self, element: _Element) -> str:
        key_info = key_info_of(element)
        if key_info is None or len(key_info) == 0:
            return "an unnamed key"
        source = read_key_info(key_info, self.index)
        return self._agreed(source) if isinstance(source, Agreed) else named_key(source)

    def _secret_of(self, element: _Element) -> str:
        key_info = element.find(KEY_INFO)
        name = key_info.findtext(KEY_NAME) if key_info is not None else None
        return f"the secret called {name}" if name else self._key_of(element)

    def _agreed(self, source: Agreed) -> str:
        """A key that is agreed on, with whom."""
        algorithm = AGREEMENTS.get(source.method.get("Algorithm", ""))
        name = algorithm.name if algorithm is not None else "an unknown algorithm"
        recipient = source.method.find(RECIPIENT_KEY_INFO)
        told = named_key(read_key_info(recipient, self.index)) if recipient is not None else "somebody"
        return f"a key agreed on by {name} with {told}"

    def _nothing(self, _message: Message, _entry: _Element) -> Iterator[str]:
        """A reference by which a signature covers something: told with the signature."""
        yield from ()

    def _other(self, _message: Message, entry: _Element) -> Iterator[str]:
        yield local_name(tag_of(entry))


_TELLERS: dict[str, Callable[..., Iterator[str]]] = {
    TIMESTAMP: _Telling._timestamp,
    USERNAME_TOKEN: _Telling._username,
    BINARY_SECURITY_TOKEN: _Telling._token,
    ENCRYPTED_KEY: _Telling._encrypted_key,
    REFERENCE_LIST: _Telling._reference_list,
    ENCRYPTED_DATA: _Telling._encrypted_data,
    SIGNATURE: _Telling._signature,
    TOKEN_REFERENCE: _Telling._nothing,
    **dict.fromkeys(ASSERTIONS, _Telling._assertion),
}
