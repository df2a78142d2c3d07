"""Derived keys: each signature and each encryption has a key of its own, made of the one that both sides share."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace

import pytest

from soapkit.errors import SecurityError, UsageError
from soapkit.security import REQUEST, SHARED, Encrypt, Require, Security, SharedKey, Sign, Timestamp
from soapkit.security.derive import derive, p_sha1
from soapkit.security.markup import (
    ENCRYPTED_KEY,
    REFERENCE,
    REFERENCE_LIST,
    SIGNATURE,
    TIMESTAMP,
    TOKEN_REFERENCE,
)
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.xml.parse import parse_message

NAMESPACES = {
    "2005/12": "http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512",
    "2005/02": "http://schemas.xmlsoap.org/ws/2005/02/sc",
}
VERSIONS = list(NAMESPACES)


def message(text: str) -> Envelope:
    return Draft(SOAP_1_1, f"<x>{text}</x>").to_envelope()


def on_the_wire(envelope: Envelope) -> Envelope:
    return Envelope.read(parse_message(envelope.to_bytes()))


def client(keys, version="2005/12"):
    return Security(
        outbound=[Timestamp(), SharedKey(to=keys.bob, derived=version), Sign(SHARED), Encrypt(to=SHARED)],
        inbound=Require(signed=["Body", "Timestamp"], encrypted=["Body"], trust=keys.trust, shared_key=True),
    )


def server(keys, version="2005/12"):
    return Security(
        outbound=[Timestamp(), SharedKey(to=REQUEST, derived=version), Sign(SHARED), Encrypt(to=SHARED)],
        inbound=Require(signed=["Body", "Timestamp"], encrypted=["Body"], key=keys.bob, shared_key=True, replay=None),
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_a_request_and_its_answer_under_keys_derived_from_one(version, keys, now):
    ours, theirs = client(keys, version), server(keys, version)
    request = theirs.verify(on_the_wire(ours.apply(message("ask"), now=now)), now=now)
    assert request.envelope.content[0].text == "ask"
    assert {entry.name for entry in request.signed} == {"Body", "Timestamp"}

    answer = on_the_wire(theirs.apply(message("answer"), now=now, request=request))
    assert answer.root.find(f".//{ENCRYPTED_KEY}") is None
    read = ours.verify(answer, now=now)
    assert read.envelope.content[0].text == "answer"
    assert read.signer == keys.bob.certificate  # nobody else could open the key that both derive from


@pytest.mark.parametrize("version", VERSIONS)
def test_each_step_has_a_token_before_it_with_a_nonce_of_its_own(version, keys, now):
    (header,) = client(keys, version).apply(message("ask"), now=now).headers
    token = f"{{{NAMESPACES[version]}}}DerivedKeyToken"
    assert [each.tag for each in header] == [TIMESTAMP, ENCRYPTED_KEY, token, REFERENCE_LIST, token, SIGNATURE]
    assert len({each.text for each in header.iter(f"{{{NAMESPACES[version]}}}Nonce")}) == 2


def test_the_stream_is_that_of_rfc_2246():
    def block(secret: bytes, data: bytes) -> bytes:
        return hmac.new(secret, data, hashlib.sha1).digest()

    first = block(b"secret", b"seed")
    second = block(b"secret", first)
    stream = block(b"secret", first + b"seed") + block(b"secret", second + b"seed")
    assert p_sha1(b"secret", b"seed", 0, 40) == stream
    assert p_sha1(b"secret", b"seed", 17, 16) == stream[17:33]


def token(content: str, attributes: str = "") -> object:
    namespace = NAMESPACES["2005/12"]
    return parse_message(
        f'<c:DerivedKeyToken xmlns:c="{namespace}" {attributes}>{content}</c:DerivedKeyToken>'.encode()
    )


def test_what_the_token_leaves_out_is_as_the_specification_says():
    """Section 7: P_SHA-1, the words WS-SecureConversation twice, offset 0, 32 bytes."""
    seed = b"WS-SecureConversationWS-SecureConversation" + b"nonce-nonce-nonc"
    assert derive(token("<c:Nonce>bm9uY2Utbm9uY2Utbm9uYw==</c:Nonce>"), b"secret") == p_sha1(b"secret", seed, 0, 32)


def test_a_generation_counts_keys_of_the_length():
    content = "<c:Generation>2</c:Generation><c:Length>20</c:Length><c:Label>me</c:Label><c:Nonce>bm9uYw==</c:Nonce>"
    assert derive(token(content), b"secret") == p_sha1(b"secret", b"menonc", 40, 20)


NONCE = "<c:Nonce>bm9uY2Utbm9uY2Utbm9uYw==</c:Nonce>"


@pytest.mark.parametrize(
    ("content", "attributes", "said"),
    [
        (NONCE, 'Algorithm="urn:mine"', "is not understood"),
        ("", "", "has a Nonce"),
        ("<c:Nonce/>", "", "has a Nonce"),
        (f"<c:Nonce>{'AAAA' * 100}</c:Nonce>", "", "has a Nonce"),
        (NONCE + NONCE, "", "Nonce"),
        (f"<c:Length>8</c:Length>{NONCE}", "", "too short"),
        (f"<c:Length>65</c:Length>{NONCE}", "", "number up to 64"),
        (f"<c:Length>-1</c:Length>{NONCE}", "", "number up to"),
        (f"<c:Length>a lot</c:Length>{NONCE}", "", "number up to"),
        (f"<c:Offset>999999999999</c:Offset>{NONCE}", "", "number up to 1024"),
        (f"<c:Generation>1000</c:Generation>{NONCE}", "", "number up to 16"),
        (f"<c:Offset>0</c:Offset><c:Generation>0</c:Generation>{NONCE}", "", "both Offset and Generation"),
        (f"<c:Label>{'long' * 100}</c:Label>{NONCE}", "", "label"),
    ],
)
def test_a_token_out_of_measure_is_refused(content, attributes, said):
    with pytest.raises(SecurityError, match=said):
        derive(token(content, attributes), b"secret")


def refused(envelope: Envelope, keys, now) -> str:
    with pytest.raises(SecurityError) as caught:
        server(keys).verify(on_the_wire(envelope), now=now)
    return str(caught.value)


def tokens_of(envelope: Envelope):
    return list(envelope.root.iter(f"{{{NAMESPACES['2005/12']}}}DerivedKeyToken"))


def test_another_nonce_makes_another_key(keys, now):
    secured = client(keys).apply(message("ask"), now=now)
    for each in secured.root.iter(f"{{{NAMESPACES['2005/12']}}}Nonce"):
        each.text = "AAAAAAAAAAAAAAAAAAAAAA=="
    assert "cannot be decrypted" in refused(secured, keys, now) or "altered" in refused(secured, keys, now)


def test_keys_that_are_derived_from_each_other_are_refused(keys, now):
    secured = client(keys).apply(message("ask"), now=now)
    one, other = tokens_of(secured)
    identifier = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Id"
    one.find(f".//{REFERENCE}").set("URI", f"#{other.get(identifier)}")
    other.find(f".//{REFERENCE}").set("URI", f"#{one.get(identifier)}")
    assert "lead back to themselves" in refused(secured, keys, now)


def test_a_key_is_not_derived_from_a_certificate(keys, now):
    secured = client(keys).apply(message("ask"), now=now)
    named = Security(outbound=[Sign(keys.alice, parts=["Body"], key_reference="issuer-serial")])
    by_name = named.apply(message("x"), now=now).root.find(f".//{SIGNATURE}")
    data = next(by_name.iter("{http://www.w3.org/2000/09/xmldsig#}X509Data"))
    for each in tokens_of(secured):
        reference = each[0]
        del reference[:]
        reference.append(data.__copy__())
    assert "derived from a shared key only" in refused(secured, keys, now)


def test_a_token_that_does_not_say_of_what_is_refused(keys, now):
    secured = client(keys).apply(message("ask"), now=now)
    for each in tokens_of(secured):
        each.remove(each[0])
    assert "does not say what it is derived from" in refused(secured, keys, now)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_reference_may_imply_that_the_key_is_derived(version, keys, now):
    """WS-SecureConversation 1.4, 7.3: Nonce and Length on the reference stand for a DerivedKeyToken."""
    ours, theirs = client(keys, version), server(keys, version)
    asking = [replace(each, implied=True) if isinstance(each, SharedKey) else each for each in ours.outbound]
    answering = [replace(each, implied=True) if isinstance(each, SharedKey) else each for each in theirs.outbound]
    ours, theirs = replace(ours, outbound=asking), replace(theirs, outbound=answering)
    sent = on_the_wire(ours.apply(message("ask"), now=now))
    assert not tokens_of(sent)
    assert len({each.get(f"{{{NAMESPACES[version]}}}Nonce") for each in implied(sent, version)}) == 2
    request = theirs.verify(sent, now=now)
    answer = ours.verify(on_the_wire(theirs.apply(message("answer"), now=now, request=request)), now=now)
    assert (request.envelope.content[0].text, answer.envelope.content[0].text) == ("ask", "answer")


def implied(envelope: Envelope, version: str = "2005/12"):
    return [each for each in envelope.root.iter(TOKEN_REFERENCE) if each.get(f"{{{NAMESPACES[version]}}}Nonce")]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("Nonce", "", "has a Nonce"),
        ("Nonce", "no base64", "has a Nonce"),
        ("Nonce", "AAAA" * 100, "has a Nonce"),
        ("Length", "8", "has 16 to 64 bytes"),
        ("Length", "1000", "has 16 to 64 bytes"),
        ("Length", "-1", "has 16 to 64 bytes"),
        ("Length", "a lot", "has 16 to 64 bytes"),
    ],
)
def test_an_implied_key_out_of_measure_is_refused(name, value, said, keys, now):
    steps = [SharedKey(to=keys.bob, derived="2005/12", implied=True), Sign(SHARED, parts=["Body"])]
    sent = Security(outbound=steps).apply(message("ask"), now=now)
    implied(sent)[0].set(f"{{{NAMESPACES['2005/12']}}}{name}", value)
    assert said in refused(sent, keys, now)


def test_a_key_is_not_implied_to_be_derived_from_a_certificate(keys, now):
    sent = Security(outbound=[Sign(keys.alice, parts=["Body"])]).apply(message("ask"), now=now)
    next(sent.root.iter(TOKEN_REFERENCE)).set(f"{{{NAMESPACES['2005/12']}}}Nonce", "AAAA")
    assert "derived from a shared key only" in refused(sent, keys, now)


def test_settings_that_cannot_be_meant_are_refused(keys):
    with pytest.raises(UsageError, match="2005/12 or 2005/02"):
        SharedKey(to=keys.bob, derived="2004/04")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(UsageError, match="16 to 64 bytes"):
        SharedKey(to=keys.bob, derived="2005/12", signature_size=8)
