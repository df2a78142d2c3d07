"""What of a message is secret: elements and attributes, by name; their values, wherever else they are repeated.

Names are looked for in the parsed tree, never in text. What stands inside a secret element is secret too, and so is
what it refers to (``href``, ``ref`` of SOAP encoding). XML and JSON that travel as text inside an element are looked
through like the rest (`soapkit.exchange.json_text`); a URL is told without its password and its secret parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_plus

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import XmlError
from soapkit.exchange.json_text import blank, is_like_json, read_json, secrets_in, texts_in, write_json
from soapkit.ws.trust import TARGETS, WST_1_3, WST_1_4, WST_2005_02
from soapkit.xml.names import SOAP12_ENC, WSC2005_02, WSC2005_12, WSSE, clark, local_name
from soapkit.xml.parse import parse_message
from soapkit.xml.serialise import serialise
from soapkit.xml.walk import tag_of

MASK: Final = "***"

# Parts of a name, and whole names, that say "this is a secret"; without regard to case, hyphens, underscores and dots.
_PARTS: Final = ("password", "passwd", "passphrase", "passcode", "passwort", "kennwort", "motdepasse", "secret")
_WORDS: Final = ("pass", "pwd", "pin", "cvv", "cvc", "apikey", "privatekey", "sessionkey", "authorization")
_TOKENS: Final = ("token", "accesstoken", "refreshtoken", "idtoken", "sessiontoken", "bearertoken")
_NAMES: Final = frozenset((*_WORDS, *_TOKENS))
_SAML: Final = ("urn:oasis:names:tc:SAML:1.0:assertion", "urn:oasis:names:tc:SAML:2.0:assertion")
# Of WS-Trust: what holds a key, or a token of whatever kind.
_TRUST: Final = ("RequestedSecurityToken", "RequestedProofToken", "BinarySecret", "Entropy", "OnBehalfOf", "ActAs")
# What specifications name. A nonce makes a password digest guessable (WSS UsernameToken 1.1, 3.1) and is the seed of
# derived keys (WS-SecureConversation 1.3, 7); an assertion may be good for whoever holds it, also an encrypted one.
_OF_SPECIFICATIONS: Final = frozenset(
    (
        clark(WSSE, "Password"),
        clark(WSSE, "Nonce"),
        clark(WSC2005_12, "Nonce"),
        clark(WSC2005_02, "Nonce"),
        *(clark(namespace, name) for namespace in (WST_1_3, WST_1_4, WST_2005_02) for name in _TRUST),
        *(clark(namespace, name) for namespace in (WST_1_3, WST_2005_02) for name in TARGETS.values()),
        *(clark(namespace, name) for namespace in _SAML for name in ("Assertion", "EncryptedAssertion")),
    )
)
# Certificates are public; a token of any other kind (Kerberos, a vendor's) may be good for whoever holds it.
_TOKEN: Final = clark(WSSE, "BinarySecurityToken")
_PUBLIC_TOKENS: Final = ("#X509v3", "#X509v1", "#X509PKIPathv1", "#PKCS7")

_REFERENCES: Final = ("href", clark(SOAP12_ENC, "ref"))
_IDS: Final = ("id", clark(SOAP12_ENC, "id"))
_PROBE: Final = 8  # characters of a secret by which it is recognised, since texts cut short what they repeat
_WORTH_KNOWING: Final = 4  # characters, of a text that is secret for what it stands in


@dataclass(frozen=True, slots=True)
class Names:
    """Which names are secret beside those known to be.

    `secret`: local names, or Clark names (``{urn:bank}CardNumber``). `shown`: names that are no secret although they
    look like one; those that specifications call secret are never shown.
    """

    secret: frozenset[str] = frozenset()
    shown: frozenset[str] = frozenset()
    _judged: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)

    def is_secret(self, name: str) -> bool:
        """Whether an element or attribute of this Clark name is secret."""
        judged = self._judged.get(name)
        if judged is None:
            judged = self._judge(name)
            if len(self._judged) < 10_000:  # names are a stranger's
                self._judged[name] = judged
        return judged

    def _judge(self, name: str) -> bool:
        local = local_name(name)
        if name in _OF_SPECIFICATIONS or name in self.secret or local in self.secret:
            return True
        if name in self.shown or local in self.shown:
            return False
        folded = local.casefold().replace("-", "").replace("_", "").replace(".", "")
        return folded in _NAMES or any(part in folded for part in _PARTS)

    def secret_elements(self, root: _Element) -> list[_Element]:
        """The secret elements of a tree, those inside others too, and what they refer to."""
        found = [element for element in root.iter(etree.Element) if self._is_secret(element)]
        wanted = {
            (each.get(name) or "").strip().removeprefix("#")
            for element in found
            for each in element.iter(etree.Element)
            for name in _REFERENCES
            if each.get(name)
        }
        if wanted:
            found += [
                each for each in root.iter(etree.Element) if any((each.get(name) or "") in wanted for name in _IDS)
            ]
        return found

    def _is_secret(self, element: _Element) -> bool:
        tag = tag_of(element)
        if tag == _TOKEN:
            return not (element.get("ValueType") or "").endswith(_PUBLIC_TOKENS)
        return self.is_secret(tag)


@dataclass(frozen=True, slots=True)
class Known:
    """The secrets of a message, to be recognised in other texts. `all`: nothing is known, so every text may hold one.

    >>> Known.of([b"<login><password>hunter2</password></login>"]).are_in("int('hunter2') failed")
    True
    """

    probes: frozenset[str] = frozenset()
    all: bool = False

    @classmethod
    def of(cls, messages: Iterable[bytes | _Element], names: Names | None = None) -> Known:
        """What is secret in these messages. One that is not XML might hold anything."""
        probes: set[str] = set()
        names = names or Names()
        try:
            for message in messages:
                if message is not None and len(message):
                    root = parse_message(message) if isinstance(message, bytes) else message
                    probes.update(_probes_in(root, names))
        except (XmlError, RecursionError):
            return EVERYTHING
        return cls(frozenset(probes))

    @classmethod
    def of_query(cls, query: str, names: Names | None = None) -> Known:
        """What is secret in the query of a URL: an operation of the HTTP binding has its parameters there."""
        names = names or Names()
        found = (one.partition("=") for one in query.split("&"))
        values = [value for name, _, value in found if value and names.is_secret(unquote_plus(name))]
        return cls(
            frozenset(probe for value in values for one in (value, unquote_plus(value)) for probe in _probes(one))
        )

    def __or__(self, other: Known) -> Known:
        return Known(self.probes | other.probes, self.all or other.all)

    def are_in(self, text: str) -> bool:
        """Whether a text repeats a secret, or the beginning of one."""
        return bool(text) and (self.all or any(probe in text for probe in self.probes))


NOTHING: Final = Known()
EVERYTHING: Final = Known(all=True)


def _probes_in(root: _Element, names: Names) -> Iterator[str]:
    for element in names.secret_elements(root):
        for each in element.iter(etree.Element):
            least = 1 if each is element and not len(each) else _WORTH_KNOWING
            for text in _texts(each, element):
                if len(text) >= least:
                    yield from _probes(text)
    for each in root.iter(etree.Element):
        for name, value in each.items():
            if names.is_secret(name) and value.strip():
                yield from _probes(value.strip())
        yield from _probes_in_text(each.text, names)


def _probes_in_text(text: str | None, names: Names) -> Iterator[str]:
    """The secrets in XML or JSON that travels as text."""
    inner = _inner(text)
    if inner is not None:
        yield from _probes_in(inner, names)
        return
    document = read_json(text)
    if document is None:
        return
    for value, inside in secrets_in(document, names.is_secret):
        if len(value) >= (_WORTH_KNOWING if inside else 1):
            yield from _probes(value)
    for value in texts_in(document):
        yield from _probes_in_text(value, names)


def _texts(element: _Element, secret: _Element) -> Iterator[str]:
    """The texts that belong to an element inside a secret one."""
    for text in (element.text, element.tail if element is not secret else None):
        if text is not None and text.strip():
            yield text.strip()


def _probes(secret: str) -> Iterator[str]:
    """How a text may repeat a secret: as it is, as Python writes it, as XML does."""
    yield secret[:_PROBE]
    yield repr(secret)[1:-1][:_PROBE]
    yield secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")[:_PROBE]


def mask(root: _Element, names: Names, known: Known = NOTHING) -> None:
    """Put `MASK` in the place of all that is secret in a tree; `known`: secrets that are not to be repeated either."""
    for element in names.secret_elements(root):
        for inner in element.iter(etree.Element):
            if not len(inner) or (inner.text or "").strip():
                inner.text = MASK
            if inner is not element and (inner.tail or "").strip():
                inner.tail = MASK
            if tag_of(inner) not in _OF_SPECIFICATIONS:  # whose attributes say how it is written
                for name in inner.keys():  # noqa: SIM118  an element iterates over its children
                    inner.set(name, MASK)
    for element in root.iter(etree.Element):
        for name, value in element.items():
            masked = MASK if names.is_secret(name) else _masked_text(value, names, known)
            if masked != value:
                element.set(name, masked)
        if element.text and element.text != MASK:
            element.text = _masked_text(element.text, names, known)
        if element.tail and known.are_in(element.tail):
            element.tail = MASK


def _masked_text(text: str, names: Names, known: Known) -> str:
    inner = _inner(text)
    if inner is not None:
        mask(inner, names, known)
        return serialise(inner).decode()
    document = read_json(text)
    if document is not None:
        return _masked_json(text, document, names, known)
    if known.are_in(text):
        return MASK
    if is_like_json(text):
        return f"({len(text):,} characters like JSON)"
    if "://" in text and not any(character.isspace() for character in text.strip()):
        return _masked_url(text.strip(), names)
    return f"({len(text):,} characters of markup)" if text.lstrip()[:1] == "<" else text


def _masked_json(text: str, document: object, names: Names, known: Known) -> str:
    try:
        blanked = blank(document, names.is_secret, MASK, lambda value: _masked_text(value, names, known))
        return text if blanked == document else write_json(blanked)
    except RecursionError:
        return f"({len(text):,} characters like JSON)"


def _masked_url(url: str, names: Names) -> str:
    """A URL without the name and password before its host, and the secret ones of its parameters."""
    scheme, _, rest = url.partition("://")
    rest, hash_, fragment = rest.partition("#")
    rest, mark, query = rest.partition("?")
    authority, slash, path = rest.partition("/")
    fields = (field.partition("=") for field in query.split("&"))
    shown = (
        f"{name}={MASK}" if value and names.is_secret(unquote_plus(name)) else name + equals + value
        for name, equals, value in fields
    )
    host = f"{MASK}@{authority.rpartition('@')[2]}" if "@" in authority else authority
    return f"{scheme}://{host}{slash}{path}{mark}{'&'.join(shown)}{hash_}{fragment}"


def _inner(text: str | None) -> _Element | None:
    """The XML that travels as text."""
    if text is None or text.lstrip()[:1] != "<":
        return None
    try:
        return parse_message(text.strip().encode())
    except XmlError:
        return None
