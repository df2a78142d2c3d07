"""Messages of a policy, each with one thing changed: on the way, by who has no key, or by a sender who keeps less.

on the way   a piece of the message is dropped, moved, doubled, altered, shown in clear, or taken from another one
by a sender  one step of the settings is left out, weakened, made in another order or with another key
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from typing import Any

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import SecurityError, UsageError
from soapkit.policy import Keys
from soapkit.policy.expression import said
from soapkit.security import (
    Contexts,
    Encrypt,
    KeyPair,
    Present,
    SamlAssertion,
    SamlRequirement,
    SamlToken,
    Security,
    SecurityContext,
    SharedKey,
    Sign,
    Timestamp,
    TrustStore,
    UsernameToken,
    issue_assertion,
)
from soapkit.security.crypto.certificates import public_key_of
from soapkit.security.markup import SECURITY
from soapkit.security.steps import Step
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.soap.envelope import Envelope
from soapkit.soap.security_result import SecurityResult
from soapkit.wsdl.load import load_contract
from soapkit.xml.names import XENC
from soapkit.xml.parse import parse_message
from soapkit.xml.walk import children, tag_of
from tests.policy.contracts import contract
from tests.policy.messages import sample

AUTHORITY = make_authority()
ALICE, CAROL, DAVE, BANK = (make_keypair(name, AUTHORITY) for name in ("alice", "carol", "dave", "bank"))
MALLORY = make_keypair("mallory", make_authority("another"))
STS = make_keypair("sts", make_authority("tokens"))
PASSWORDS = {"alice": "secret", "carol": "hidden"}
HEADERS = (
    b'<a:First xmlns:a="urn:a">one</a:First>'
    b'<b:Second xmlns:b="urn:b">two</b:Second><b:Third xmlns:b="urn:b">three</b:Third>'
)
CIPHERTEXT = f"{{{XENC}}}EncryptedData"


@dataclass(frozen=True)
class Shape:
    """A policy, and what its messages demand besides. `headers`: whether header blocks must be signed."""

    policy: str
    request: str = ""
    reply: str = ""
    headers: bool = False
    layout: str = ""

    @property
    def https(self) -> bool:
        """Whether the transport protects messages."""
        return self.policy.startswith("<sp:TransportBinding")


@dataclass(frozen=True)
class Sent:
    """One message of a policy: how it was made, who is to refuse it when it is changed, and others like it."""

    steps: tuple[Step, ...]
    plain: Envelope
    make: Callable[[tuple[Step, ...]], bytes]
    believe: Callable[[bytes], SecurityResult]
    others: tuple[tuple[str, bytes], ...]

    @property
    def wire(self) -> bytes:
        """As it goes over the wire."""
        return self.make(self.steps)


def keys_of(pair: KeyPair, name: str, policy: str) -> Keys:
    """Those of a client. Dave endorses for it, but where its subject must. No message is remembered: what is refused is
    so for what it is."""
    context = SecurityContext("urn:uuid:1", bytes(range(32)))
    subject = SamlAssertion("sts", name or "bank", confirmation="holder-of-key", holder=pair, audience=["bank"])
    return Keys(
        pair,
        endorsing=DAVE if "SamlToken" not in policy else None,
        peer=BANK if name else None,
        trust=TrustStore.of(AUTHORITY, *(public_key_of(each.certificate) for each in (ALICE, CAROL, DAVE, BANK))),
        username=name,
        password=PASSWORDS.get(name),
        passwords=PASSWORDS,
        certificates=[each.certificate for each in (ALICE, CAROL, DAVE, BANK)],
        contexts=Contexts([context]),
        assertion=SamlToken(issue_assertion(subject, STS)) if name else None,
        saml=SamlRequirement(TrustStore.of(STS), audience=["bank"]),
        replay=None,
    )


def sent_by(shape: Shape) -> Iterator[tuple[str, Sent]]:
    """The request and the answer of a shape."""
    known = load_contract(contract(shape.policy, request=shape.request, reply=shape.reply))
    alice, carol = (
        Security.from_contract(known, keys=keys_of(*who, shape.policy)) for who in ((ALICE, "alice"), (CAROL, "carol"))
    )
    bank = Security.from_contract(known, keys=keys_of(BANK, "", shape.policy), side="server")
    asking, answering = (_with_headers(sample(known, direction)) for direction in ("request", "reply"))

    def requested(steps: tuple[Step, ...], by: Security = alice) -> bytes:
        return _made(by, steps).apply(asking).to_bytes()

    def answered(steps: tuple[Step, ...], of: SecurityResult) -> bytes:
        return _made(bank, steps).apply(answering, request=of).to_bytes()

    asked, answer = _steps(alice, asking), _steps(bank, answering)
    others = (("another of hers", requested(asked)), ("one of carol's", requested(_steps(carol, asking), carol)))
    yield "request", Sent(asked, asking, requested, lambda wire: bank.verify(_read(wire)), others)
    request = bank.verify(_read(requested(asked)))
    of_carol = bank.verify(_read(others[1][1]))
    back = (("another of its own", answered(answer, request)), ("one to carol", answered(answer, of_carol)))
    yield "answer", Sent(answer, answering, lambda steps: answered(steps, request), lambda w: _again(alice, w), back)


def _again(client: Security, wire: bytes) -> SecurityResult:
    """What a client believes of an answer, as though it were the first one."""
    own = replace(client)
    object.__setattr__(own, "_sent", client._sent)
    own._signed._held.update(client._signed._held)
    return own.verify(_read(wire))


def _read(wire: bytes) -> Envelope:
    return Envelope.read(parse_message(wire))


def _made(security: Security, steps: tuple[Step, ...]) -> Security:
    assert security.by_message is not None
    made = replace(security, outbound=steps, by_message=replace(security.by_message, outbound={}))
    for name in ("_sent", "_signed"):  # what it signed under a key that lasts is its own, whatever the steps
        object.__setattr__(made, name, getattr(security, name))
    return made


def _steps(security: Security, envelope: Envelope) -> tuple[Step, ...]:
    assert security.by_message is not None
    return tuple(security.by_message.steps(envelope, security.outbound))


def _with_headers(envelope: Envelope) -> Envelope:
    at = b"<soap:Body"
    wire = envelope.to_bytes()
    assert at in wire and b"Header" not in wire
    return _read(wire.replace(at, b"<soap:Header>" + HEADERS + b"</soap:Header>" + at, 1))


# --- on the way -----------------------------------------------------------------------------------------------------


def changed_on_the_way(sent: Sent, shape: Shape) -> Iterator[tuple[str, bytes]]:
    """What somebody on the way can make of a message without any key: a name, and the message. Over HTTPS there is
    nobody, but tokens may be missing."""
    wire = sent.wire
    yield from _dropped(wire)
    if shape.https:
        return
    yield from _altered(wire, headers=shape.headers)
    yield from _doubled(wire)
    yield from _moved(wire, shape.layout)
    if shape.headers:
        yield from _other_headers(wire)
    for name, other in sent.others:
        yield from _spliced(wire, name, other)
    yield from _shown(sent, wire)


def _dropped(wire: bytes) -> Iterator[tuple[str, bytes]]:
    """Each entry of the security header in turn."""
    for at, entry in enumerate(_entries(parse_message(wire))):
        yield f"drop {_name(entry)}", _with_entries(wire, lambda entries, at=at: entries[:at] + entries[at + 1 :])


def _doubled(wire: bytes) -> Iterator[tuple[str, bytes]]:
    """Each entry of the security header, and that itself."""
    for at, entry in enumerate(_entries(parse_message(wire))):
        yield f"double {_name(entry)}", _with_entries(wire, lambda entries, at=at: [*entries, deepcopy(entries[at])])
    for what in ("empty", "copied"):
        root = parse_message(wire)
        found = next(root.iter(SECURITY))
        found.addnext(deepcopy(found) if what == "copied" else etree.Element(SECURITY))
        yield f"a second security header, {what}", etree.tostring(root)
    root = parse_message(wire)
    next(root.iter(SECURITY)).set(_read(wire).version.role, "urn:another")
    yield "the security header is another's", etree.tostring(root)


def _altered(wire: bytes, *, headers: bool) -> Iterator[tuple[str, bytes]]:
    """Each piece of text; of header blocks where they are signed."""
    for at, element in enumerate(_leaves(parse_message(wire))):
        if not headers and tag_of(element).startswith(("{urn:a}", "{urn:b}")):
            continue
        root = parse_message(wire)
        _leaves(root)[at].text = _other_text(element.text or "")
        around = [_name(each) for each in element.iterancestors() if _name(each) in ("EncryptedKey", "Signature")]
        yield " in ".join([f"alter {_name(element)}", *around[:1]]), etree.tostring(root)


# What must not stand last, or first, in each layout.
_MOVES: dict[str, tuple[tuple[str, str], ...]] = {
    "": (),
    "Strict": (
        *(("last", each) for each in ("Timestamp", "UsernameToken", "BinarySecurityToken", "SignatureConfirmation")),
        ("first", "Signature"),
    ),
    "LaxTsFirst": (("last", "Timestamp"), ("first", "Signature"), ("first", "EncryptedKey")),
    "LaxTsLast": (("first", "Timestamp"), ("last", "Signature"), ("last", "EncryptedKey")),
}


def _moved(wire: bytes, layout: str) -> Iterator[tuple[str, bytes]]:
    """Entries of the security header, to where the layout does not have them."""
    entries = _entries(parse_message(wire))
    for at, entry in enumerate(entries):
        if ("first", _name(entry)) in _MOVES[layout]:
            yield f"first {_name(entry)}", _with_entries(wire, lambda e, at=at: [e[at], *e[:at], *e[at + 1 :]])
        if ("last", _name(entry)) in _MOVES[layout]:
            yield f"last {_name(entry)}", _with_entries(wire, lambda e, at=at: [*e[:at], *e[at + 1 :], e[at]])


def _other_headers(wire: bytes) -> Iterator[tuple[str, bytes]]:
    """Header blocks are dropped and added."""
    for at, block in enumerate(_read(wire).headers):
        root = parse_message(wire)
        _replace(Envelope.read(root).headers[at])
        yield f"drop header {_name(block)}", etree.tostring(root)
    for name in ("{urn:a}First", "{urn:b}Fourth"):
        root = parse_message(wire)
        header = Envelope.read(root).header
        assert header is not None
        etree.SubElement(header, name).text = "more"
        yield f"add header {name}", etree.tostring(root)


def _spliced(wire: bytes, name: str, other: bytes) -> Iterator[tuple[str, bytes]]:
    """Pieces of another message that was right stand in the place of those of this one."""
    theirs = _entries(parse_message(other))
    for at, entry in enumerate(_entries(parse_message(wire))):
        if at < len(theirs) and tag_of(theirs[at]) == tag_of(entry) and said(theirs[at]) != said(entry):
            taken = deepcopy(theirs[at])
            yield (
                f"{_name(entry)} of {name}",
                _with_entries(wire, lambda e, at=at, taken=taken: [*e[:at], taken, *e[at + 1 :]]),
            )
    for what in ("Body", "Security"):
        root, donor = parse_message(wire), parse_message(other)
        _replace(*(next(each.iter(f"{{*}}{what}")) for each in (root, donor)))
        yield f"{what} of {name}", etree.tostring(root)


def _shown(sent: Sent, wire: bytes) -> Iterator[tuple[str, bytes]]:
    """What came encrypted is shown in clear by somebody who guessed it."""
    clear = sent.believe(wire).envelope.root
    for at, hidden in enumerate(parse_message(wire).iter(CIPHERTEXT)):
        root = parse_message(wire)
        shown = _around([*root.iter(CIPHERTEXT)][at])
        found, (*above, last) = clear, _path(shown)
        for step in above:
            found = found[step]
        if last < len(found):
            found = found[last]
            _replace(shown, deepcopy(found))
        else:  # text alone
            parent = shown.getparent()
            _replace(shown)
            parent.text = found.text
        for reference in [*root.iter(f"{{{XENC}}}DataReference")]:
            if reference.get("URI") == f"#{hidden.get('Id')}":
                _replace(reference)
        yield f"show {_name(found)} in clear", etree.tostring(root)


def _around(hidden: _Element) -> _Element:
    """What stands in the place of what was encrypted: of a header block, an EncryptedHeader."""
    parent = hidden.getparent()
    return parent if parent is not None and _name(parent) == "EncryptedHeader" else hidden


def _path(element: _Element) -> list[int]:
    parent = element.getparent()
    return [*_path(parent), parent.index(element)] if parent is not None else []


def _replace(element: _Element, *others: _Element) -> None:
    parent = element.getparent()
    assert parent is not None
    at = parent.index(element)
    parent[at : at + 1] = others


def _entries(root: _Element) -> list[_Element]:
    return list(children(next(root.iter(SECURITY))))


def _leaves(root: _Element) -> list[_Element]:
    """Elements with text: of the security header, the other blocks, and the Body."""
    return [element for element in root.iter("{*}*") if len(element) == 0 and (element.text or "").strip()]


def _with_entries(wire: bytes, change: Callable[[list[_Element]], list[_Element]]) -> bytes:
    root = parse_message(wire)
    header = next(root.iter(SECURITY))
    header[:] = change(list(header))
    return etree.tostring(root)


def _name(element: _Element) -> str:
    return etree.QName(element).localname


def _other_text(text: str) -> str:
    """Another text of the same kind. Of octets the very first ones: what fills up a last block may be anything."""
    return ("1" if text[:1] != "1" else "2") + text[1:]


# --- by a sender who keeps less -----------------------------------------------------------------------------------


def made_by_less(sent: Sent, shape: Shape) -> Iterator[tuple[str, bytes]]:
    """What a sender makes who leaves one thing out, or does it in another way: a name, and the message."""
    for name, steps in _lesser(sent.steps, shape.layout):
        try:
            yield name, sent.make(steps)
        except (SecurityError, UsageError):
            continue  # such a message is not even made


def _lesser(steps: tuple[Step, ...], layout: str) -> Iterator[tuple[str, tuple[Step, ...]]]:
    for at, step in enumerate(steps):
        kind = type(step).__name__
        if isinstance(step, Present):
            continue  # which does nothing to the message
        if isinstance(step, Timestamp) and layout:
            yield "Timestamp: at the other end", (*steps[:at], replace(step, last=not step.last), *steps[at + 1 :])
        yield f"without {kind}", steps[:at] + steps[at + 1 :]
        for name, other in _changed(step):
            changed = tuple(other if each is step else _using(each, step, other) for each in steps)
            yield f"{kind}: {name}", changed
        if at and isinstance(step, Sign | Encrypt) and isinstance(steps[at - 1], Sign | Encrypt):
            yield (
                f"{kind} before {type(steps[at - 1]).__name__}",
                (*steps[: at - 1], step, steps[at - 1], *steps[at + 1 :]),
            )


def _using(step: Step, used: Step, other: Step) -> Step:
    """A step that signs or encrypts with the key of one that was changed."""
    for field in fields(step):
        if getattr(step, field.name) is used:
            return replace(step, **{field.name: other})
    return step


def _changed(step: Step) -> Iterator[tuple[str, Step]]:
    if isinstance(step, Sign | Encrypt) and len(step.parts) > 1:
        for part in step.parts:
            yield f"not {part}", replace(step, parts=[each for each in step.parts if each != part])
    if type(step) in _CHANGES:
        yield from _CHANGES[type(step)](step)


def _sign(step: Sign) -> Iterator[tuple[str, Step]]:
    yield "digest sha1", replace(step, digest="sha1")
    secret = not isinstance(step.keypair, KeyPair)
    if not step.algorithm.endswith("sha1"):  # which is what most suites sign with
        yield "sha1", replace(step, algorithm="hmac-sha1" if secret else "rsa-sha1")
    if isinstance(step.keypair, KeyPair):
        yield "by mallory", replace(step, keypair=MALLORY)
        if step.key_reference != "key-value":
            yield "by a key pair without a certificate", replace(step, key_reference="key-value")
        if step.key_reference != "assertion":  # where there is none, no such message is made
            yield "as the subject of the assertion", replace(step, keypair=ALICE, key_reference="assertion")


def _encrypt(step: Encrypt) -> Iterator[tuple[str, Step]]:
    for algorithm in ("aes256-cbc", "tripledes-cbc"):
        if step.algorithm != algorithm:
            yield algorithm, replace(step, algorithm=algorithm)
    if isinstance(step.to, KeyPair):
        yield "RSA 1.5", replace(step, key_transport="rsa-1_5")


def _shared(step: SharedKey) -> Iterator[tuple[str, Step]]:
    if isinstance(step.to, KeyPair):
        yield "RSA 1.5", replace(step, key_transport="rsa-1_5")
    if step.derived:
        yield "no derived key", replace(step, derived="")
    yield "another's context", replace(step, to=SecurityContext("urn:uuid:2", bytes(32)))


def _username(step: UsernameToken) -> Iterator[tuple[str, Step]]:
    yield "another password", replace(step, password="guess")
    yield "without a password", replace(step, password=None, digest=False)
    if step.digest:
        yield "password in clear", replace(step, digest=False)
    yield "another's name", replace(step, username="carol")


_CHANGES: dict[type, Callable[[Any], Iterator[tuple[str, Step]]]] = {
    Sign: _sign,
    Encrypt: _encrypt,
    SharedKey: _shared,
    UsernameToken: _username,
}
