"""Signatures over the inclusive canonical form: what is in scope is signed with a part, at its place."""

from __future__ import annotations

from typing import Any

import pytest

from soapkit.errors import SecurityError, UsageError
from soapkit.security import Encrypt, HeaderRules, Require, Security, Sign, Timestamp
from soapkit.soap.envelope import Envelope
from soapkit.xml.c14n import EXCLUSIVE, INCLUSIVE, INCLUSIVE_11
from soapkit.xml.names import DS
from soapkit.xml.parse import parse_message
from tests.parties import NOW, Keys, make_keys

METHODS = {"inclusive": INCLUSIVE, "inclusive11": INCLUSIVE_11, "exclusive": EXCLUSIVE}
PLAIN = b"""<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:default" xmlns:i="urn:i"
  xml:lang="en" xmlns:unused="urn:unused"><s:Header xmlns:h="urn:h"><h:Trace h:kind="i:x" xml:space="preserve"> <deep
  xmlns=""/></h:Trace></s:Header><s:Body xml:base="a/"><i:pay kind="unused:y"><amount xml:base="b">1 &amp; 2</amount>
  </i:pay></s:Body></s:Envelope>"""
PARTS = ["Body", "Timestamp", "{urn:h}Trace"]


@pytest.fixture(scope="module")
def keys() -> Keys:
    return make_keys()


def plain() -> Envelope:
    return Envelope.read(parse_message(PLAIN))


def secured(keys: Keys, canonical: Any, *, before: bool = False, parts: Any = PARTS) -> bytes:
    sign = Sign(keys.alice, parts=parts, canonical=canonical)
    hide = Encrypt(to=keys.bob, parts=["Body", "{urn:h}Trace", *([] if before else ["Signature"])])
    steps = [Timestamp(), *([hide, sign] if before else [sign, hide])]
    return Security(steps).apply(plain(), now=NOW).to_bytes()


def verified(keys: Keys, message: bytes, **rules: Any) -> Any:
    require = Require(signed=PARTS, encrypted=["Body"], trust=keys.trust, key=keys.bob, rules=HeaderRules(**rules))
    return Security(inbound=require).verify(Envelope.read(parse_message(message)), now=NOW)


@pytest.mark.parametrize("canonical", ["inclusive", "inclusive11"])
@pytest.mark.parametrize("before", [False, True])
def test_what_is_signed_so_is_believed_encrypted_before_or_after(keys: Keys, canonical: Any, before: bool) -> None:
    message = secured(keys, canonical, before=before)
    result = verified(keys, message, canonical=canonical)
    assert {each.name for each in result.signed} >= {"Body", "Timestamp"}
    with pytest.raises(SecurityError, match="a signature is not made over"):
        verified(keys, message, canonical="exclusive")


def test_the_signature_names_the_form_for_itself_and_for_each_part(keys: Keys) -> None:
    for canonical, method in METHODS.items():
        root = parse_message(Security([Timestamp(), Sign(keys.alice, canonical=canonical)]).apply(plain()).to_bytes())  # type: ignore[arg-type]  # all that there are
        used = {each.get("Algorithm") for each in root.iter(f"{{{DS}}}CanonicalizationMethod", f"{{{DS}}}Transform")}
        assert used == {method}


def test_one_who_asks_for_the_inclusive_form_gets_no_other(keys: Keys) -> None:
    with pytest.raises(SecurityError, match="a signature is not made over"):
        verified(keys, secured(keys, "exclusive"), canonical="inclusive")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<s:Envelope ", b'<s:Envelope xmlns:more="urn:more" '),
        (b' xml:lang="en"', b' xml:lang="de"'),
        (b"urn:unused", b"urn:other"),
    ],
)
def test_what_is_in_scope_of_a_part_is_signed_with_it(keys: Keys, old: bytes, new: bytes) -> None:
    signed = Security([Timestamp(), Sign(keys.alice, canonical="inclusive")]).apply(plain(), now=NOW).to_bytes()
    reader = Security(inbound=Require(signed=["Body", "Timestamp"], trust=keys.trust, replay=None))
    reader.verify(Envelope.read(parse_message(signed)), now=NOW)
    with pytest.raises(SecurityError):
        reader.verify(Envelope.read(parse_message(signed.replace(old, new, 1))), now=NOW)


def test_a_form_that_there_is_not_is_told_by_name(keys: Keys) -> None:
    with pytest.raises(UsageError, match="there is no canonical form 'c14n2'"):
        Sign(keys.alice, canonical="c14n2")  # type: ignore[arg-type]  # that is what is tested
    with pytest.raises(UsageError, match="canonical= is one of any, exclusive"):
        HeaderRules(canonical="c14n2")  # type: ignore[arg-type]  # likewise
