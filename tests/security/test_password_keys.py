"""Keys derived from passwords (UsernameToken profile 1.1, section 4): who signs under one is the user."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode

import pytest

from soapkit.errors import SecurityError, UsageError
from soapkit.security import (
    REQUEST,
    SHARED,
    Encrypt,
    Limits,
    MemoryReplayStore,
    PasswordKey,
    Require,
    Security,
    SharedKey,
    Sign,
    Timestamp,
    UsernameToken,
)
from soapkit.security.explain import explain
from soapkit.security.markup import ITERATION, PASSWORD, REFERENCE, SALT, SIGNATURE, USERNAME, USERNAME_TOKEN
from soapkit.security.passwords import key_of_password
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.xml.parse import parse_message

USERNAME_TYPE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#UsernameToken"
ALICE = PasswordKey("alice", "correct horse", iterations=1000)
PASSWORDS = {"alice": "correct horse", "bob": "battery staple"}
SIGNED = ["Body", "Timestamp"]


def message(text: str) -> Envelope:
    return Draft(SOAP_1_1, f"<x>{text}</x>").to_envelope()


def on_the_wire(envelope: Envelope) -> Envelope:
    return Envelope.read(parse_message(envelope.to_bytes()))


def client(derived="", to=ALICE, encrypt=True):
    cipher = "aes256-gcm" if derived else "aes128-gcm"
    hidden = [Encrypt(to=SHARED, algorithm=cipher)] if encrypt else []
    return Security(
        outbound=[Timestamp(), SharedKey(to=to, derived=derived), Sign(SHARED), *hidden],
        inbound=Require(signed=SIGNED, encrypted=["Body"], password_keys=True),
    )


def server(derived="", **require):
    wanted = {"signed": SIGNED, "username": PASSWORDS, "password_keys": True, "replay": None} | require
    cipher = "aes256-gcm" if derived else "aes128-gcm"
    return Security(
        outbound=[Timestamp(), SharedKey(to=REQUEST, derived=derived), Sign(SHARED), Encrypt(SHARED, algorithm=cipher)],
        inbound=Require(**wanted),
    )


@pytest.mark.parametrize("derived", ["", "2005/12", "2005/02"])
def test_a_request_and_its_answer_under_the_key_of_a_password(derived, now):
    ours, theirs = client(derived), server(derived, encrypted=["Body"])
    request = theirs.verify(on_the_wire(ours.apply(message("ask"), now=now)), now=now)
    assert (request.username, request.signer, request.envelope.content[0].text) == ("alice", None, "ask")
    assert {entry.name for entry in request.signed} == set(SIGNED)

    answer = on_the_wire(theirs.apply(message("answer"), now=now, request=request))
    assert answer.root.find(f".//{USERNAME_TOKEN}") is None
    assert ours.verify(answer, now=now).envelope.content[0].text == "answer"


def test_the_key_is_made_as_the_profile_says(now):
    """K1 = SHA-1(password + salt), Kn = SHA-1(Kn-1); the whole of it signs."""
    key = hashlib.sha1(b"pw\x01salt").digest()
    for _ in range(999):
        key = hashlib.sha1(key).digest()
    assert key_of_password(b"pw", b"\x01salt", 1000) == key


def test_each_purpose_has_a_salt_of_its_own_and_no_password_travels(now):
    secured = client().apply(message("ask"), now=now)
    tokens = list(secured.root.iter(USERNAME_TOKEN))
    salts = [b64decode(token.findtext(SALT)) for token in tokens]
    assert sorted(salt[0] for salt in salts) == [1, 2]
    assert {len(salt) for salt in salts} == {16}
    assert [token.findtext(ITERATION) for token in tokens] == ["1000", "1000"]
    assert b"horse" not in secured.to_bytes()
    assert secured.root.find(f".//{PASSWORD}") is None
    (reference,) = secured.root.find(f".//{SIGNATURE}").iter(REFERENCE)
    assert reference.get("ValueType") == USERNAME_TYPE


def refused(envelope: Envelope, now, **require) -> str:
    with pytest.raises(SecurityError) as caught:
        server(**require).verify(on_the_wire(envelope), now=now)
    return str(caught.value)


def test_a_wrong_password_and_an_unknown_user_are_refused_in_the_same_words(now):
    wrong = client(to=PasswordKey("alice", "wrong", iterations=1000), encrypt=False).apply(message("ask"), now=now)
    nobody = client(to=PasswordKey("nobody", "wrong", iterations=1000), encrypt=False).apply(message("ask"), now=now)
    assert refused(wrong, now) == refused(nobody, now)
    assert "over its SignedInfo" in refused(wrong, now)


def test_a_user_speaks_only_for_what_he_signed(now):
    secured = client(encrypt=False).apply(message("ask"), now=now)
    secured.body[0].text = "forged"
    assert "was altered" in refused(secured, now)
    timestamp = Security(outbound=[Timestamp(), SharedKey(to=ALICE), Sign(SHARED, parts=["Timestamp"])])
    assert "Body" in refused(timestamp.apply(message("ask"), now=now), now)


def test_a_token_without_a_signature_under_its_key_says_nothing(now):
    secured = client(encrypt=False).apply(message("ask"), now=now)
    (header,) = secured.headers
    header.remove(header.find(SIGNATURE))
    assert "expected one UsernameToken" in refused(secured, now, signed=[])


def test_two_users_in_one_message_are_refused(now):
    bob = SharedKey(to=PasswordKey("bob", "battery staple", iterations=1000))
    both = Security(outbound=[Timestamp(), SharedKey(to=ALICE), Sign(SHARED), bob, Sign(bob)])
    assert "found 2" in refused(both.apply(message("ask"), now=now), now)


def test_keys_of_passwords_are_not_believed_unless_that_is_said(now):
    secured = client(encrypt=False).apply(message("ask"), now=now)
    plain = Security(inbound=Require(username=PASSWORDS))
    with pytest.raises(SecurityError, match="carries no password"):
        plain.verify(on_the_wire(secured), now=now)
    answering = Security(inbound=Require(signed=["Body"], password_keys=True))
    with pytest.raises(SecurityError, match="password_keys=True"):
        answering.verify(on_the_wire(secured), now=now)


@pytest.mark.parametrize(
    ("iterations", "said"),
    [("1", "from 1000 to 100000"), ("999", "from 1000"), ("100001", "to 100000"), ("-1", "a number"), ("9" * 30, "to")],
)
def test_iterations_out_of_measure_are_refused_before_any_work(iterations, said, now):
    secured = client(encrypt=False).apply(message("ask"), now=now)
    secured.root.find(f".//{ITERATION}").text = iterations
    assert said in refused(secured, now)


def test_the_iterations_of_a_message_are_counted_together(now):
    secured = client().apply(message("ask"), now=now)
    assert "more than 1999 iterations" in refused(secured, now, limits=Limits(iterations=1999))


@pytest.mark.parametrize("salt", [b"", b"\x01short", b"\x01" * 65])
def test_a_salt_out_of_measure_is_refused(salt, now):
    secured = client(encrypt=False).apply(message("ask"), now=now)
    secured.root.find(f".//{SALT}").text = b64encode(salt).decode()
    assert "Salt" in refused(secured, now)


def test_a_token_with_salt_and_password_is_refused(now):
    secured = client(encrypt=False).apply(message("ask"), now=now)
    token = secured.root.find(f".//{USERNAME_TOKEN}")
    token.makeelement(PASSWORD)
    token.insert(1, token.makeelement(PASSWORD))
    assert "does not tell" in refused(secured, now)


def test_a_token_outside_of_the_header_is_not_looked_at(now):
    secured = client(encrypt=False).apply(message("ask"), now=now)
    secured.body.append(secured.root.find(f".//{USERNAME_TOKEN}"))
    assert "stands in the security header" in refused(secured, now)


def test_another_name_in_the_token_is_another_key(now):
    secured = client(encrypt=False).apply(message("ask"), now=now)
    secured.root.find(f".//{USERNAME}").text = "bob"
    assert "over its SignedInfo" in refused(secured, now)


def test_our_own_request_sent_back_is_not_an_answer(now):
    ours = client(encrypt=False)
    secured = on_the_wire(ours.apply(message("ask"), now=now))
    (header,) = secured.headers
    token = header.find(USERNAME_TOKEN)
    (reference,) = header.find(SIGNATURE).iter(REFERENCE)
    reference.set("URI", reference.get("URI").removeprefix("#"))
    header.remove(token)
    asked = Security(outbound=ours.outbound, inbound=Require(signed=SIGNED, password_keys=True))
    object.__setattr__(asked, "_sent", ours._sent)
    with pytest.raises(SecurityError, match="our own, sent back"):
        asked.verify(secured, now=now)


def test_an_answer_under_a_token_that_we_did_not_send_is_refused(now):
    ours, theirs = client(), server()
    request = theirs.verify(on_the_wire(ours.apply(message("ask"), now=now)), now=now)
    answer = on_the_wire(theirs.apply(message("answer"), now=now, request=request))
    with pytest.raises(SecurityError, match="we sent none"):
        client().verify(answer, now=now)


def test_the_same_message_is_believed_once(now):
    service = server(replay=MemoryReplayStore())
    secured = client().apply(message("ask"), now=now)
    service.verify(on_the_wire(secured), now=now)
    with pytest.raises(SecurityError, match="seen before"):
        service.verify(on_the_wire(secured), now=now)


def test_a_key_of_a_password_endorses_another_signature(keys, now):
    ours = Security(
        outbound=[
            Timestamp(),
            Sign(keys.alice),
            SharedKey(to=ALICE),
            Sign(SHARED, parts=["Signature", "UsernameToken"]),
        ]
    )
    secured = ours.apply(message("ask"), now=now)
    result = server(trust=keys.trust, endorsed=["Signature"]).verify(on_the_wire(secured), now=now)
    assert (result.signer, result.username) == (keys.alice.certificate, "alice")
    (header,) = secured.headers
    header.remove(header.find(USERNAME_TOKEN))
    assert "UsernameToken" in refused(secured, now, trust=keys.trust, endorsed=["Signature"])


def test_a_token_with_a_password_still_says_who_it_is(now):
    plain = Security(outbound=[UsernameToken("alice", "correct horse")]).apply(message("ask"), now=now)
    assert server(signed=[]).verify(on_the_wire(plain), now=now).username == "alice"


def test_the_key_is_too_short_for_256_bits(now):
    with pytest.raises(SecurityError, match="needs a key of 32 bytes, not 20"):
        Security(outbound=[SharedKey(to=ALICE), Encrypt(to=SHARED)]).apply(message("x"), now=now)


def test_settings_that_cannot_be_meant_are_refused():
    with pytest.raises(UsageError, match="1,000"):
        PasswordKey("alice", "pw", iterations=1)
    with pytest.raises(UsageError, match="a user and a password"):
        PasswordKey("alice", "")
    assert "horse" not in repr((ALICE, SharedKey(to=ALICE)))


def test_it_is_told_in_words(now):
    told = "\n".join(explain(client().apply(message("ask"), now=now)))
    assert "user 'alice', for a key derived from the password in 1000 iterations" in told
    assert "signature: hmac-sha256 by a key derived from a password" in told
    assert "weak: a key is derived from a password" in told
