"""The symmetric binding: one key, brought by the request, signs and encrypts both ways."""

from __future__ import annotations

import pytest

from soapkit.errors import SecurityError, UsageError
from soapkit.security import (
    REQUEST,
    SHARED,
    Encrypt,
    Require,
    Security,
    SharedKey,
    Sign,
    Timestamp,
    UsernameToken,
)
from soapkit.security.markup import (
    BINARY_SECURITY_TOKEN,
    ENCRYPTED_KEY,
    KEY_INFO,
    REFERENCE_LIST,
    SIGNATURE,
    TIMESTAMP,
    USERNAME_TOKEN,
)
from soapkit.security.references_write import encrypted_key_sha1_reference_text
from soapkit.security.shared import SentKeys
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.xml.parse import parse_message, parse_own


def message(text: str) -> Envelope:
    return Draft(SOAP_1_1, f"<x>{text}</x>").to_envelope()


def on_the_wire(envelope: Envelope) -> Envelope:
    return Envelope.read(parse_message(envelope.to_bytes()))


@pytest.fixture
def client(keys):
    return Security(
        outbound=[Timestamp(), UsernameToken("alice", "pw"), SharedKey(to=keys.bob), Sign(SHARED), Encrypt(to=SHARED)],
        inbound=Require(signed=["Body", "Timestamp"], encrypted=["Body"], trust=keys.trust, key=keys.alice),
    )


@pytest.fixture
def server(keys):
    return Security(
        outbound=[Timestamp(), SharedKey(to=REQUEST), Sign(SHARED), Encrypt(to=SHARED)],
        inbound=Require(
            signed=["Body", "Timestamp"],
            encrypted=["Body"],
            key=keys.bob,
            shared_key=True,
            username={"alice": "pw"},
        ),
    )


def test_a_request_and_its_answer_under_one_key(client, server, keys, now):
    request = server.verify(on_the_wire(client.apply(message("ask"), now=now)), now=now)
    assert (request.username, request.signer, request.envelope.content[0].text) == ("alice", None, "ask")
    assert [entry.name for entry in request.signed] == ["Body", "Timestamp"]

    secured = on_the_wire(server.apply(message("answer"), now=now, request=request))
    assert secured.root.find(f".//{ENCRYPTED_KEY}") is None
    answer = client.verify(secured, now=now)
    assert answer.envelope.content[0].text == "answer"
    assert answer.signer == keys.bob.certificate  # nobody else could open the key


def test_the_layout_is_in_the_order_of_undoing(client, now):
    (header,) = client.apply(message("ask"), now=now).headers
    assert [entry.tag for entry in header] == [TIMESTAMP, ENCRYPTED_KEY, REFERENCE_LIST, SIGNATURE, USERNAME_TOKEN]


def test_a_mac_that_anyone_could_make_does_not_count_unless_asked_for(client, keys, now):
    strict = Security(inbound=Require(signed=["Body"], trust=keys.trust, key=keys.bob))
    with pytest.raises(SecurityError, match="the message is not signed"):
        strict.verify(on_the_wire(client.apply(message("ask"), now=now)), now=now)


def test_an_altered_message_under_a_shared_key_is_refused(keys, server, now):
    client = Security(outbound=[Timestamp(), SharedKey(to=keys.bob), Sign(SHARED)])
    require = Require(signed=["Body"], key=keys.bob, shared_key=True, replay=None)
    data = client.apply(message("ask"), now=now).to_bytes()
    assert Security(inbound=require).verify(Envelope.read(parse_message(data)), now=now).signed
    with pytest.raises(SecurityError, match="was altered"):
        Security(inbound=require).verify(Envelope.read(parse_message(data.replace(b">ask<", b">ASK<"))), now=now)


def test_our_own_request_sent_back_is_not_an_answer(keys, now):
    """What names the key is not signed: a reflected request could name it as an answer does."""
    client = Security(
        outbound=[SharedKey(to=keys.bob), Sign(SHARED, parts=["Body"])],
        inbound=Require(signed=["Body"], trust=keys.trust),
    )
    reflected = on_the_wire(client.apply(message("ask"), now=now))
    key = reflected.root.find(f".//{ENCRYPTED_KEY}")
    sent, *_ = client._sent._held.values()
    key.getparent().remove(key)
    key_info = reflected.root.find(f".//{SIGNATURE}/{KEY_INFO}")
    del key_info[:]
    key_info.append(parse_own(encrypted_key_sha1_reference_text(sent[1].sha1)))
    with pytest.raises(SecurityError, match="our own, sent back"):
        client.verify(on_the_wire(reflected), now=now)


def test_an_answer_to_somebody_else_names_a_key_that_is_not_at_hand(client, server, keys, now):
    request = server.verify(on_the_wire(client.apply(message("ask"), now=now)), now=now)
    answer = on_the_wire(server.apply(message("answer"), now=now, request=request))
    other = Security(inbound=client.inbound)
    with pytest.raises(SecurityError, match="no encrypted key at hand"):
        other.verify(answer, now=now)


def test_what_is_missing_is_told(keys, now):
    with pytest.raises(SecurityError, match="put one before it in outbound"):
        Security(outbound=[Sign(SHARED, parts=["Body"])]).apply(message("x"), now=now)
    with pytest.raises(SecurityError, match="none that brought a key"):
        Security(outbound=[SharedKey(to=REQUEST)]).apply(message("x"), now=now)
    with pytest.raises(UsageError, match="SharedKey step"):
        Sign(REQUEST)
    short = [SharedKey(to=keys.bob, size=16), Encrypt(to=SHARED)]
    with pytest.raises(SecurityError, match="needs a key of 32 bytes, not 16"):
        Security(outbound=short).apply(message("x"), now=now)


def test_the_keys_of_sent_messages_are_few_and_not_shown(client, now):
    for number in range(3):
        client.apply(message(str(number)), now=now)
    assert "_sent" not in repr(client)
    assert repr(client._sent) == "SentKeys(6 held)"  # each by its SHA-1 and by the id of its EncryptedKey
    small = SentKeys(capacity=1)
    assert small.find(b"x", now) is None


def test_the_key_is_in_no_repr(client, server, now):
    request = server.verify(on_the_wire(client.apply(message("ask"), now=now)), now=now)
    assert request.keys[0].value.hex() not in repr(request)
    assert repr(request.keys[0].value) not in repr((request, request.keys[0]))


SIGNED = {"a key pair": lambda keys: Sign(keys.alice), "the shared key": lambda _keys: Sign(SHARED)}
HIDDEN = {
    "a certificate": lambda keys: Encrypt(to=keys.bob),
    "the shared key": lambda _keys: Encrypt(to=SHARED),
    "a key under the shared one": lambda _keys: Encrypt(to=SHARED, key_wrap="kw-aes256"),
    "the shared key, the signature too": lambda _keys: Encrypt(to=SHARED, parts=["Body", "Signature?"]),
}


@pytest.mark.parametrize("derived", ["", "2005/12"])
@pytest.mark.parametrize("brought", ["issuer-serial", "direct"])
@pytest.mark.parametrize("hidden", list(HIDDEN))
@pytest.mark.parametrize("signed", list(SIGNED))
@pytest.mark.parametrize("order", ["sign-first", "encrypt-first"])
def test_steps_after_a_shared_key_are_undone_in_the_order_in_which_they_come(
    order, signed, hidden, brought, derived, keys, now
):
    """Whatever each of them is done with: a receiver works from the top down."""
    steps = [SIGNED[signed](keys), HIDDEN[hidden](keys)]
    steps = steps if order == "sign-first" else steps[::-1]
    shared = SharedKey(to=keys.bob, key_reference=brought, derived=derived)
    sent = Security(outbound=[Timestamp(), shared, *steps]).apply(message("ask"), now=now)
    require = Require(signed=["Body"], encrypted=["Body"], trust=keys.trust, key=keys.bob, shared_key=True)
    assert Security(inbound=require).verify(on_the_wire(sent), now=now).envelope.content[0].text == "ask"


def test_the_certificate_of_a_shared_key_stands_before_it(keys, now):
    steps = [Timestamp(), SharedKey(to=keys.bob, key_reference="direct"), Sign(keys.alice), Encrypt(to=SHARED)]
    header = Security(outbound=steps).apply(message("ask"), now=now).headers[0]
    assert [entry.tag for entry in header] == [
        TIMESTAMP,
        BINARY_SECURITY_TOKEN,
        ENCRYPTED_KEY,
        REFERENCE_LIST,
        BINARY_SECURITY_TOKEN,
        SIGNATURE,
    ]


def test_a_shared_key_that_is_longer_than_the_cipher_wants_is_told(keys, now):
    """WSS4J cuts it for CBC, and decrypts GCM with all of it."""
    hidden = Encrypt(to=SHARED, algorithm="aes128-gcm")
    with pytest.raises(SecurityError, match=r"aes128-gcm takes a key of 16 bytes, not of 32: say SharedKey\(size=16\)"):
        Security(outbound=[SharedKey(to=keys.bob), hidden]).apply(message("ask"), now=now)
    for right in (SharedKey(to=keys.bob, size=16), SharedKey(to=keys.bob, derived="2005/12")):
        sent = Security(outbound=[right, hidden]).apply(message("ask"), now=now)
        require = Require(encrypted=["Body"], key=keys.bob)
        assert Security(inbound=require).verify(on_the_wire(sent), now=now).encrypted
