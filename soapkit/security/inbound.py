"""The pass over a security header, top to bottom: each token, key and signature in its turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.markup import (
    DATA_REFERENCE,
    EMBEDDED,
    ENCRYPTED_ASSERTION,
    ENCRYPTED_DATA,
    ENCRYPTED_KEY,
    KEY_NAME,
    REFERENCE_LIST,
    SIGNATURE,
    TIMESTAMP,
    TOKEN_REFERENCE,
    USERNAME_TOKEN,
    at_most_one,
    one,
    text_of,
)
from soapkit.security.met import MetHeader, MetSignature
from soapkit.security.opening import open_parts
from soapkit.security.outline import element_at
from soapkit.security.passing import Pass
from soapkit.security.passwords import derives_key
from soapkit.security.references import key_info_of
from soapkit.security.saml.names import BY_TAG as ASSERTIONS
from soapkit.security.timestamp import check_lifetime, read_timestamp
from soapkit.security.tokens import check_username_token
from soapkit.security.verify import Verifier
from soapkit.xml.walk import children, place_of, tag_of


def process(passing: Pass) -> None:
    """Process the header, then encrypted data in the Body that brings its own key.

    Raises `SecurityError` for the first thing that is wrong.
    """
    passing.make_whole()
    known = passing.met.like(passing.message.envelope)
    if known is not None:
        _follow(passing, *known)
    else:
        _walk(passing)
    _open_loose(passing)
    passing.leave_no_include()


def remember(passing: Pass) -> None:
    """Have the next message with a header like this one processed sooner. For one that was believed."""
    if len(passing.reads) != len(passing.proved) or not passing.reads or passing.opened or passing.warnings:
        return
    if all(entry.tag in _LASTING or entry.tag not in _HANDLERS for entry in passing.message.tokens):
        passing.met.remember(passing.message, passing.reads, passing.proved)


def _follow(passing: Pass, header: MetHeader, values: Sequence[bytes]) -> None:
    """Process a header as one that was met before, but for what is read anew."""
    root = passing.message.envelope.root
    for entry in header.entries:
        if isinstance(entry, MetSignature):
            read, targets = entry.read(root, values)
            passing.done.append(read.element)
            passing.proved.append(Verifier(passing, passing.keys).prove(read, targets))
        else:
            timestamp = element_at(root, entry)
            passing.done.append(timestamp)
            _timestamp(passing, timestamp)


def _walk(passing: Pass) -> None:
    waiting = list(passing.message.tokens)
    while waiting:
        entry, message = waiting.pop(0), passing.message
        passing.done.append(entry)
        if len(passing.done) > passing.require.limits.tokens:
            raise SecurityError(f"a security header of more than {passing.require.limits.tokens} entries is not read")
        handler = _HANDLERS.get(tag_of(entry))
        if handler is not None:
            handler(passing, entry)
        if passing.message is not message:  # another tree; what was ciphertext in the old one is not done in it
            done = set(passing.done)
            waiting = [token for token in passing.message.tokens if token not in done]


def _timestamp(passing: Pass, element: _Element) -> None:
    if passing.lifetime is not None:
        # WSS SOAP Message Security 1.1, section 10: at most one in a header.
        raise SecurityError("a security header holds one Timestamp at most", place=place_of(element))
    passing.lifetime = read_timestamp(element)
    check_lifetime(passing.lifetime, now=passing.now, max_age=passing.require.max_age, skew=passing.require.skew)


def _username_token(passing: Pass, element: _Element) -> None:
    if passing.require.username is None:
        passing.warnings.append("a UsernameToken was not checked: Require(username=...) gives no passwords")
        return
    if passing.require.password_keys and derives_key(element):
        return  # who signs under its key is the user
    passing.users.append(
        check_username_token(
            element,
            passing.require.username,
            now=passing.now,
            max_age=passing.require.max_age,
            skew=passing.require.skew,
        )
    )


def _token_reference(passing: Pass, element: _Element) -> None:
    """A reference in the header may hold the assertion that it means (SAML Token Profile 1.1, 3.4)."""
    embedded = at_most_one(element, EMBEDDED)
    for assertion in children(embedded) if embedded is not None else ():
        if tag_of(assertion) in ASSERTIONS:
            passing.check_assertion(assertion)


def _signature(passing: Pass, element: _Element) -> None:
    if not passing.require.believes_somebody:
        passing.warnings.append("a signature was not checked: Require(trust=...) says whom to believe")
        return
    if len(passing.proved) >= passing.require.limits.signatures:
        raise SecurityError(f"more than {passing.require.limits.signatures} signatures are not checked")
    verifier = Verifier(passing, passing.keys)
    read = verifier.read(element)
    proof = verifier.prove(read)
    passing.reads.append(read)
    if not proof.is_known:
        passing.warnings.append("a signature under a shared key is right, and tells nothing of who signed")
    passing.proved.append(proof)


def _encrypted_key(passing: Pass, element: _Element) -> None:
    _count_key(passing)
    if passing.keys.is_for_another(element):
        passing.warnings.append("an encrypted key is for another receiver; what it opens is left as it is")
        return
    secret = passing.keys.unwrap(element)
    references = at_most_one(element, REFERENCE_LIST)
    if references is not None:
        found = [_referred(passing, entry) for entry in children(references, DATA_REFERENCE)]
        open_parts(passing, [(data, secret.value) for data in found])


def _reference_list(passing: Pass, element: _Element) -> None:
    _count_key(passing)
    found = [_referred(passing, entry) for entry in children(element, DATA_REFERENCE)]
    ours = [data for data in found if not passing.keys.opens_for_another(data)]
    open_parts(passing, [(data, passing.keys.secret_for(data)) for data in ours])


def _encrypted_token(passing: Pass, element: _Element) -> None:
    """A token that brings its own key, as token services encrypt it; others are opened where a list names them."""
    if _brings_key(element) and _opens_keys(passing):
        _count_key(passing)
        open_parts(passing, [(element, passing.keys.secret_for(element))])


def _encrypted_assertion(passing: Pass, element: _Element) -> None:
    """SAML 2.0 core, 2.3.4: the EncryptedData that it holds, with the key in it, or beside it."""
    if passing.require.saml is not None:
        _count_key(passing)
        data = one(element, ENCRYPTED_DATA)
        open_parts(passing, [(data, passing.keys.secret_for(data))])


def _count_key(passing: Pass) -> None:
    """Each may have the whole message read again."""
    passing.counted_keys += 1
    if passing.counted_keys > passing.require.limits.keys:
        raise SecurityError(f"more than {passing.require.limits.keys} encrypted keys and lists are not followed")


def _open_loose(passing: Pass) -> None:
    """Encrypted data in the Body whose key comes with it, as plain XML Encryption writes it."""
    body = passing.message.envelope.body
    loose = [data for data in children(body, ENCRYPTED_DATA) if _brings_key(data) or _names_secret(passing, data)]
    if loose and _opens_keys(passing):
        open_parts(passing, [(data, passing.keys.secret_for(data)) for data in loose])


def _opens_keys(passing: Pass) -> bool:
    """Whether there is anything that a key which comes with its data could be opened with."""
    return bool(passing.require.keys or passing.require.secrets)


def _names_secret(passing: Pass, data: _Element) -> bool:
    """Whether data is encrypted under a key that both sides know by its name."""
    key_info = key_info_of(data)
    named = at_most_one(key_info, KEY_NAME) if key_info is not None else None
    return named is not None and text_of(named) in passing.require.secrets


def _referred(passing: Pass, reference: _Element) -> _Element:
    return passing.index.find(reference.get("URI", ""), by=reference)


_HANDLERS: dict[str, Callable[[Pass, _Element], None]] = {
    TIMESTAMP: _timestamp,
    USERNAME_TOKEN: _username_token,
    **dict.fromkeys(ASSERTIONS, Pass.check_assertion),
    SIGNATURE: _signature,
    ENCRYPTED_KEY: _encrypted_key,
    REFERENCE_LIST: _reference_list,
    ENCRYPTED_DATA: _encrypted_token,
    ENCRYPTED_ASSERTION: _encrypted_assertion,
    TOKEN_REFERENCE: _token_reference,
}

_LASTING = frozenset({TIMESTAMP, SIGNATURE})
"""What a header may hold to be met again. What else has a handler depends on more than its outline."""


def _brings_key(data: _Element) -> bool:
    key_info = key_info_of(data)
    return key_info is not None and any(True for _ in children(key_info, ENCRYPTED_KEY))
