"""Keys, messages, and a generator of signature wrapping for the attacks on WS-Security."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from lxml import etree

from soapkit.security import KeyPair, TrustStore
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import BY_LABEL
from soapkit.xml.names import DS, WSSE, WSU

NOW = datetime(2026, 11, 23, 15, 4, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Keys:
    """Alice and Bob, certified by one authority; Mallory, by another."""

    authority: KeyPair
    alice: KeyPair
    bob: KeyPair
    mallory: KeyPair
    curve: KeyPair
    edwards: KeyPair

    @property
    def trust(self) -> TrustStore:
        return TrustStore.of(self.authority)


@pytest.fixture(scope="session")
def keys() -> Keys:
    authority = make_authority(now=NOW)
    return Keys(
        authority,
        make_keypair("alice", authority, now=NOW),
        make_keypair("bob", authority, now=NOW),
        make_keypair("mallory", make_authority("another authority", now=NOW), now=NOW),
        make_keypair("curve", authority, kind="ec", now=NOW),
        make_keypair("edwards", authority, kind="ed25519", now=NOW),
    )


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def plain() -> Envelope:
    return Draft(
        BY_LABEL["1.1"],
        '<b:transfer xmlns:b="urn:bank"><b:to>DE1</b:to></b:transfer>',
        ('<a:To xmlns:a="urn:addressing">http://bank.example/</a:To>',),
    ).to_envelope()


FORGED = "FORGED-BY-MALLORY"
WSU_ID = f"{{{WSU}}}Id"


@pytest.fixture(scope="session")
def forgeries() -> Callable[[bytes], Iterator[tuple[str, bytes]]]:
    """A function: a signed message -> a label and a message with a forged Body, over a thousand times.

    The signed Body is kept somewhere, so that its reference still finds it; a forged one stands in its place (Jensen,
    Liao, Schwenk, "The curse of namespaces in the domain of XML signature"; McIntosh, Austel, "XML signature element
    wrapping attacks and countermeasures"). Varied: the parent it is moved under, the place among its children, what
    is wrapped around it, and how the ids of both are written.
    """
    return _forgeries


def _forgeries(message: bytes) -> Iterator[tuple[str, bytes]]:
    parents = _parents(etree.fromstring(message))
    for number, tag in parents:
        for wrapper in _WRAPPERS:
            for first in (True, False):
                for forged_id, real_id in _IDS:
                    forged = _forge(message, number, wrapper, first, forged_id, real_id)
                    if forged is not None:
                        place = "first" if first else "last"
                        yield f"{tag}[{number}] {place} in {wrapper or 'nothing'}, ids {forged_id}/{real_id}", forged


def _parents(root: etree._Element) -> list[tuple[int, str]]:
    """Every element but those inside the Body, and one in there, by its number in the document."""
    body = _body(root)
    inside = set(body.iterdescendants())
    chosen = [entry for entry in root.iter(etree.Element) if entry not in inside or entry.getparent() is body]
    return [(list(root.iter(etree.Element)).index(entry), etree.QName(entry).localname) for entry in chosen]


def _body(root: etree._Element) -> etree._Element:
    return root.find(f"{{{etree.QName(root).namespace}}}Body")


_WRAPPERS = (None, "{urn:any}wrapper", f"{{{DS}}}Object", "Header", "Body", f"{{{WSSE}}}Security")
# The id of the forged Body, and that of the signed one: as it was, another, none; under another spelling.
_IDS = (("same", "same"), ("other", "same"), ("none", "same"), ("Id", "same"), ("same", "Id"), ("none", "ID"))


def _forge(message: bytes, number: int, wrapper: str | None, first: bool, forged_id: str, real_id: str) -> bytes | None:
    root = etree.fromstring(message)
    soap = etree.QName(root).namespace
    parent = list(root.iter(etree.Element))[number]
    body = _body(root)
    forged = deepcopy(body)
    for child in list(forged):
        forged.remove(child)
    forged.text = None
    etree.SubElement(forged, "{urn:bank}transfer").text = FORGED
    body.addprevious(forged)
    body.tail = None
    if parent is body or body in parent.iterancestors():
        parent = forged if parent is body else forged[0]  # inside the Body means inside the forged one
    holder = parent
    root.remove(body)
    if wrapper is not None:
        tag = wrapper if wrapper.startswith("{") else f"{{{soap}}}{wrapper}"
        holder = etree.Element(tag)
        if tag.endswith("Security"):
            holder.set(f"{{{soap}}}actor", "urn:nobody")
        parent.insert(0 if first else len(parent), holder)
    holder.insert(0 if first else len(holder), body)
    _rename_id(forged, forged_id)
    _rename_id(body, real_id)
    return etree.tostring(root)


def _rename_id(element: etree._Element, how: str) -> None:
    spelling = next((name for name in (WSU_ID, "Id", "ID") if name in element.attrib), None)
    if how == "same" or spelling is None:
        return
    value = element.attrib.pop(spelling)
    if how == "other":
        element.set(spelling, f"{value}-2")
    elif how in ("Id", "ID"):
        element.set(how, value)
