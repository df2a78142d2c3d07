"""Security.apply and Security.verify undo each other, and say what was covered."""

from __future__ import annotations

import gc
import re
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from lxml import etree

from soapkit.errors import SecurityError, UsageError
from soapkit.security import (
    SIGNER,
    Encrypt,
    KeyPair,
    MemoryReplayStore,
    Require,
    Security,
    Sign,
    Timestamp,
    TrustStore,
    UsernameToken,
    profile,
)
from soapkit.security.crypto.algorithms import CIPHERS, SIGNATURES
from soapkit.security.crypto.certificates import der_of
from soapkit.security.markup import BINARY_SECURITY_TOKEN, ENCRYPTED_KEY, SIGNATURE, TIMESTAMP, base64_text
from soapkit.security.sign import content_prefixes
from soapkit.security.throwaway import make_keypair
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.security_result import SecurityResult
from soapkit.soap.version import SOAP_1_1
from soapkit.xml.c14n import canonicalise
from soapkit.xml.names import DS, WSSE, local_name
from soapkit.xml.parse import parse_message
from soapkit.xml.serialise import serialise

LOOSE = profile("legacy")


def on_the_wire(envelope: Envelope) -> Envelope:
    return Envelope.read(parse_message(envelope.to_bytes()))


def sent(envelope: Envelope, *steps: object, now: datetime) -> Envelope:
    return on_the_wire(Security(outbound=list(steps)).apply(envelope, now=now))


def received(envelope: Envelope, now: datetime, **require: object) -> SecurityResult:
    return Security(inbound=Require(**require)).verify(envelope, now=now)


def test_a_signed_message_is_verified_and_tells_its_signer(plain, keys, now):
    signed = sent(plain, Timestamp(), Sign(keys.alice), now=now)
    result = received(signed, now, signed=["Body", "Timestamp"], trust=keys.trust)
    assert result.signer == keys.alice.certificate
    assert result.signer_name == "CN=alice"
    assert [entry.name for entry in result.signed] == ["Body", "Timestamp"]
    assert result.is_signed(result.envelope.content[0])
    assert not result.is_signed(result.envelope.headers[0])
    assert (result.created, result.expires) == (now, now + timedelta(seconds=300))


def test_the_chain_of_a_signer_is_told_up_to_what_is_trusted(plain, keys, now):
    signed = sent(plain, Timestamp(), Sign(keys.alice), now=now)
    result = received(signed, now, signed=["Body", "Timestamp"], trust=keys.trust)
    assert result.chain == (keys.alice.certificate, keys.authority.certificate)
    pinned = received(signed, now, signed=["Body", "Timestamp"], trust=TrustStore.of(keys.alice))
    assert pinned.chain == (keys.alice.certificate,)
    assert received(plain, now).chain == ()


def test_what_was_encrypted_first_is_signed_as_that(plain, keys, now):
    parts = ["Body", "UsernameToken", "{urn:addressing}To"]
    for names in (parts, ["Body", "UsernameToken", "To"], ["Body", "UsernameToken", "To?"]):
        steps = [UsernameToken("alice", "secret"), Encrypt(to=keys.bob, parts=parts), Sign(keys.alice, parts=names)]
        wanted = {"signed": parts, "encrypted": parts, "trust": keys.trust, "key": keys.bob}
        result = received(sent(plain, *steps, now=now), now, username={"alice": "secret"}, **wanted)
        assert [entry.name for entry in result.signed] == parts


def test_an_encrypted_body_comes_back_as_it_was(plain, keys, now):
    secured = sent(plain, Encrypt(to=keys.bob), now=now)
    assert b">DE1<" not in secured.to_bytes()  # three letters may stand in base64 by chance
    result = received(secured, now, encrypted=["Body"], key=keys.bob)
    assert canonicalise(result.envelope.content[0]) == canonicalise(plain.content[0])
    assert result.is_encrypted(result.envelope.content[0])
    assert result.signer is None


def test_everything_at_once_signed_then_encrypted(plain, keys, now):
    secured = sent(
        plain,
        Timestamp(),
        UsernameToken("alice", "secret", digest=True),
        Sign(keys.alice, parts=["Body", "Timestamp", "UsernameToken", "{urn:addressing}To", "BinarySecurityToken"]),
        Encrypt(to=keys.bob.certificate, parts=["Body", "Signature", "UsernameToken", "To"]),
        now=now,
    )
    assert not any(word in secured.to_bytes() for word in (b">DE1<", b"bank.example", b"PasswordDigest", b"SignedInfo"))
    result = received(
        secured,
        now,
        signed=["Body", "Timestamp", "UsernameToken", "{urn:addressing}To"],
        encrypted=["Body", "UsernameToken", "To"],
        trust=keys.trust,
        key=keys.bob,
        username={"alice": "secret"},
    )
    assert result.username == "alice"
    assert [entry.name for entry in result.encrypted] == ["Body", "Signature", "UsernameToken", "{urn:addressing}To"]


def test_encrypted_first_and_signed_over_it(plain, keys, now):
    secured = sent(plain, Encrypt(to=keys.bob), Sign(keys.alice, parts=["Body"]), now=now)
    result = received(secured, now, signed=["Body"], encrypted=["Body"], trust=keys.trust, key=keys.bob)
    assert result.is_signed(result.envelope.content[0])
    assert result.is_encrypted(result.envelope.content[0])
    assert canonicalise(result.envelope.content[0]) == canonicalise(plain.content[0])


def test_the_caller_keeps_his_message_and_the_receiver_his(plain, keys, now):
    before = plain.to_bytes()
    secured = sent(plain, Sign(keys.alice, parts=["Body"]), Encrypt(to=keys.bob), now=now)
    assert plain.to_bytes() == before
    on_arrival = secured.to_bytes()
    received(secured, now, signed=["Body"], trust=keys.trust, key=keys.bob)
    assert secured.to_bytes() == on_arrival


@pytest.mark.parametrize("name", [row.name for row in SIGNATURES.values() if row.key not in ("secret", "dsa")])
def test_every_signature_algorithm_goes_there_and_back(name, keys, now):
    plain = Draft(SOAP_1_1, "<x/>").to_envelope()
    kind = next(row.key for row in SIGNATURES.values() if row.name == name)
    keypair = keys.alice if kind.startswith("rsa") else make_keypair("carol", keys.authority, kind=kind, now=now)
    signed = sent(plain, Sign(keypair, parts=["Body"], algorithm=name), now=now)
    accepted = {"signed": ["Body"], "trust": keys.trust}
    if "sha1" in name or "sha224" in name:
        with pytest.raises(SecurityError, match="is not allowed by the policy 'modern'"):
            received(signed, now, **accepted)
    else:
        assert received(signed, now, **accepted).signer == keypair.certificate


@pytest.mark.parametrize("name", [row.name for row in CIPHERS.values()])
def test_every_cipher_goes_there_and_back(name, keys, now):
    plain = Draft(SOAP_1_1, "<x>1</x>").to_envelope()
    secured = sent(plain, Encrypt(to=keys.bob, algorithm=name), now=now)
    result = received(secured, now, encrypted=["Body"], key=keys.bob, algorithms=LOOSE)
    assert result.envelope.content[0].text == "1"


@pytest.mark.parametrize(
    ("transport", "digest", "mgf"),
    [
        ("rsa-oaep", "sha256", "sha256"),
        ("rsa-oaep", "sha1", "sha256"),
        ("rsa-oaep", "sha512", "sha1"),
        ("rsa-oaep-mgf1p", "sha1", "sha256"),
        ("rsa-oaep-mgf1p", "sha256", "sha256"),
        ("rsa-1_5", "sha256", "sha256"),
    ],
)
def test_every_key_transport_goes_there_and_back(transport, digest, mgf, keys, now):
    plain = Draft(SOAP_1_1, "<x>1</x>").to_envelope()
    step = Encrypt(to=keys.bob, key_transport=transport, oaep_digest=digest, oaep_mgf=mgf)
    result = received(sent(plain, step, now=now), now, encrypted=["Body"], key=keys.bob, algorithms=LOOSE)
    assert result.envelope.content[0].text == "1"


@pytest.mark.parametrize("how", ["direct", "issuer-serial", "ski", "thumbprint", "embedded", "key-name"])
def test_every_key_reference_is_written_and_followed(how, keys, now):
    plain = Draft(SOAP_1_1, "<x>1</x>").to_envelope()
    secured = sent(
        plain,
        Sign(keys.alice, parts=["Body"], key_reference=how),
        Encrypt(to=keys.bob, key_reference=how),
        now=now,
    )
    result = received(
        secured,
        now,
        signed=["Body"],
        encrypted=["Body"],
        trust=keys.trust,
        key=[keys.mallory, keys.bob],
        certificates=[keys.mallory.certificate, keys.alice.certificate],
    )
    assert result.signer == keys.alice.certificate


def test_the_layout_is_what_other_stacks_expect(keys, now):
    plain = Draft(SOAP_1_1, "<x/>").to_envelope()
    secured = sent(plain, Timestamp(), Sign(keys.alice), Encrypt(to=keys.bob), now=now)
    (header,) = secured.headers
    assert header.get(SOAP_1_1.must_understand) == "1"
    # the key before what it opens, the token before the signature that uses it
    assert [entry.tag for entry in header] == [TIMESTAMP, ENCRYPTED_KEY, BINARY_SECURITY_TOKEN, SIGNATURE]
    assert [local_name(entry.tag) for entry in header.find(SIGNATURE)] == ["SignedInfo", "SignatureValue", "KeyInfo"]


def test_prefixes_used_in_content_are_signed_with_their_meaning(keys, now):
    plain = Draft(
        SOAP_1_1,
        '<x xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:t="urn:types" xmlns:u="urn:unused" '
        'xsi:type="t:Gold">u</x>',
    ).to_envelope()
    signed = sent(plain, Sign(keys.alice, parts=["Body"]), now=now)
    lists = signed.root.xpath("//*[local-name()='InclusiveNamespaces']")
    assert [(entry.get("PrefixList"), local_name(entry.getparent().tag)) for entry in lists] == [("t", "Transform")]
    forged = on_the_wire(signed).to_bytes().replace(b'xmlns:t="urn:types"', b'xmlns:t="urn:other"')
    with pytest.raises(SecurityError, match="altered after it was signed"):
        received(Envelope.read(parse_message(forged)), now, signed=["Body"], trust=keys.trust)


def test_an_id_that_is_there_is_kept(keys, now):
    plain = Envelope.read(
        parse_message(
            b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
            b'xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">'
            b'<s:Body u:Id="mine"><x/></s:Body></s:Envelope>'
        )
    )
    signed = sent(plain, Sign(keys.alice, parts=["Body"]), now=now)
    assert b'URI="#mine"' in signed.to_bytes()
    assert received(signed, now, signed=["Body"], trust=keys.trust).signer_name == "CN=alice"


def test_a_reply_is_encrypted_to_whoever_signed_the_request(keys, now):
    plain = Draft(SOAP_1_1, "<x>1</x>").to_envelope()
    request = received(sent(plain, Sign(keys.alice, parts=["Body"]), now=now), now, signed=["Body"], trust=keys.trust)
    server = Security(outbound=[Encrypt(to=SIGNER)])
    reply = on_the_wire(server.apply(plain, now=now, request=request))
    assert received(reply, now, encrypted=["Body"], key=keys.alice).envelope.content[0].text == "1"
    with pytest.raises(SecurityError, match="there is none that was signed"):
        server.apply(plain, now=now)


def test_a_username_token_as_text_keeps_blanks_in_its_password(plain, now):
    secured = sent(plain, UsernameToken("alice", " secret ", nonce=True, created=True), now=now)
    assert received(secured, now, username={"alice": " secret "}).username == "alice"
    with pytest.raises(SecurityError, match="password of user 'alice' is wrong"):
        received(secured, now, username={"alice": "secret"})


def test_an_unknown_user_is_told_like_a_wrong_password(plain, now):
    secured = sent(plain, UsernameToken("eve", "secret", digest=True), now=now)
    with pytest.raises(SecurityError, match="is wrong, or there is no such user"):
        received(secured, now, username=lambda name: None)


def test_a_digest_is_believed_once_and_while_it_is_fresh(plain, now):
    secured = sent(plain, UsernameToken("alice", "secret", digest=True), now=now)
    server = Security(inbound=Require(username={"alice": "secret"}))
    assert server.verify(secured, now=now).username == "alice"
    with pytest.raises(SecurityError, match="seen before"):
        server.verify(secured, now=now + timedelta(seconds=10))
    with pytest.raises(SecurityError, match="over 300 seconds before"):
        server.verify(secured, now=now + timedelta(seconds=361))


def test_a_signed_message_with_a_timestamp_is_believed_once(plain, keys, now):
    signed = sent(plain, Timestamp(), Sign(keys.alice), now=now)
    store = MemoryReplayStore()
    server = Security(inbound=Require(signed=["Body"], trust=keys.trust, replay=store))
    server.verify(signed, now=now)
    with pytest.raises(SecurityError, match="seen before"):
        server.verify(signed, now=now)


def test_clocks_may_differ_by_a_minute_and_no_more(plain, keys, now):
    signed = sent(plain, Timestamp(ttl=300), Sign(keys.alice), now=now)

    def verified_at(seconds: int) -> SecurityResult:
        return received(signed, now + timedelta(seconds=seconds), signed=["Timestamp"], trust=keys.trust)

    assert verified_at(-60).signer
    assert verified_at(360).signer
    with pytest.raises(SecurityError, match="which is after"):
        verified_at(-61)
    with pytest.raises(SecurityError, match="300 seconds before"):
        verified_at(361)
    with pytest.raises(SecurityError, match="expired at"):
        received(
            sent(plain, Timestamp(ttl=10), Sign(keys.alice), now=now),
            now + timedelta(seconds=71),
            signed=["Body"],
            trust=keys.trust,
        )


def test_a_message_altered_after_signing_is_refused(plain, keys, now):
    signed = sent(plain, Timestamp(), Sign(keys.alice), now=now)
    altered = signed.to_bytes().replace(b"DE1", b"DE2")
    with pytest.raises(SecurityError, match=r"Envelope/Body.* was altered after it was signed"):
        received(Envelope.read(parse_message(altered)), now, signed=["Body"], trust=keys.trust)


def test_a_signer_nobody_trusts_is_refused(plain, keys, now):
    signed = sent(plain, Timestamp(), Sign(keys.mallory), now=now)
    with pytest.raises(SecurityError, match="CN=mallory is not trusted"):
        received(signed, now, signed=["Body"], trust=keys.trust)


def test_an_unsigned_message_where_a_signature_is_required_is_refused(plain, keys, now):
    with pytest.raises(SecurityError, match="the message is not signed; Body must be"):
        received(plain, now, signed=["Body"], trust=keys.trust)


def test_a_signature_over_the_timestamp_alone_does_not_cover_the_body(plain, keys, now):
    signed = sent(plain, Timestamp(), Sign(keys.alice, parts=["Timestamp"]), now=now)
    with pytest.raises(SecurityError, match="the Body at its place is not covered by the signature of CN=alice"):
        received(signed, now, signed=["Body"], trust=keys.trust)


def test_two_signers_of_half_a_message_each_are_not_one_signer(plain, keys, now):
    signed = sent(plain, Timestamp(), Sign(keys.alice, parts=["Body"]), Sign(keys.bob, parts=["Timestamp"]), now=now)
    assert received(signed, now, signed=["Timestamp"], trust=keys.trust).signer_name == "CN=bob"
    with pytest.raises(SecurityError, match="not all by the same signer"):
        received(signed, now, signed=["Body", "Timestamp"], trust=keys.trust)


def test_a_plain_body_where_encryption_is_required_is_refused(plain, keys, now):
    with pytest.raises(SecurityError, match="the Body did not come encrypted"):
        received(plain, now, encrypted=["Body"], key=keys.bob)


def test_a_message_for_somebody_else_cannot_be_decrypted(plain, keys, now):
    secured = sent(plain, Encrypt(to=keys.bob), now=now)
    with pytest.raises(SecurityError, match="cannot be decrypted with KeyPair"):
        received(secured, now, encrypted=["Body"], key=keys.alice)
    with pytest.raises(SecurityError, match=r"Require\(key=...\) says what to decrypt with"):
        received(secured, now)


def test_an_unsigned_fault_is_handed_on_unverified(keys, now):
    fault = Draft(
        SOAP_1_1, "<soap:Fault><faultcode>soap:Server</faultcode><faultstring>no</faultstring></soap:Fault>"
    ).to_envelope()
    result = received(fault, now, signed=["Body"], trust=keys.trust)
    assert result.signed == ()
    assert "not secured" in result.warnings[0]
    with pytest.raises(SecurityError, match="is not signed"):
        received(fault, now, signed=["Body"], trust=keys.trust, unsigned_faults=False)


def test_settings_that_cannot_serve_are_told_at_once(keys):
    with pytest.raises(UsageError, match="needs trust="):
        Require(signed=["Body"])
    with pytest.raises(UsageError, match="needs key="):
        Require(encrypted=["Body"])
    with pytest.raises(UsageError, match="list of names"):
        Sign(keys.alice, parts="Body")
    with pytest.raises(UsageError, match="no signature algorithm 'rsa-sha-256'; did you mean rsa-sha256"):
        Sign(keys.alice, algorithm="rsa-sha-256")
    with pytest.raises(UsageError, match="STRTransform is for Sign"):
        Require(signed=["STRTransform"], trust=keys.trust)
    with pytest.raises(UsageError, match="pkcs7 is for those who verify"):
        Encrypt(to=keys.bob, key_reference="pkcs7")
    with pytest.raises(UsageError, match="no algorithm profile"):
        profile("basic512")


def test_signing_what_is_not_there_names_the_missing_step(keys, now):
    plain = Draft(SOAP_1_1, "<x/>").to_envelope()
    with pytest.raises(SecurityError, match="no Timestamp in the message to sign; put its step before Sign"):
        Security(outbound=[Sign(keys.alice)]).apply(plain, now=now)
    with pytest.raises(SecurityError, match=r"no {urn:x}To"):
        Security(outbound=[Sign(keys.alice, parts=["{urn:x}To"])]).apply(plain, now=now)
    with pytest.raises(SecurityError, match="a rsa key, not one for ecdsa-sha256"):
        Security(outbound=[Sign(keys.alice, parts=["Body"], algorithm="ecdsa-sha256")]).apply(plain, now=now)


def test_no_secret_is_in_a_repr(keys, tmp_path):
    security = Security(
        outbound=[UsernameToken("alice", "hidden-word"), Sign(keys.alice)],
        inbound=Require(username={"alice": "hidden-word"}, key=keys.alice),
    )
    assert "hidden-word" not in repr(security)
    assert "private" not in repr(security).lower()
    assert repr(keys.alice) == "KeyPair(CN=alice)"


def test_an_actor_has_its_own_header(keys, now):
    plain = Draft(SOAP_1_1, "<x/>").to_envelope()
    gateway = Security(outbound=[Sign(keys.alice, parts=["Body"])], actor="urn:gateway")
    both = sent(on_the_wire(gateway.apply(plain, now=now)), Timestamp(), Sign(keys.bob), now=now)
    assert len(both.headers) == 2
    trusting = Require(signed=["Body"], trust=keys.trust)
    assert Security(inbound=trusting, actor="urn:gateway").verify(both, now=now).signer_name == "CN=alice"
    assert Security(inbound=trusting).verify(both, now=now).signer_name == "CN=bob"


def test_a_header_for_whoever_comes_next_is_ours_too_and_one_more_is_too_many(plain, keys, now):
    """SOAP 1.1, 4.2.2: who receives a message is next; what must be understood is not passed over."""
    trusting = Require(signed=["Body"], trust=keys.trust)
    following = Security(outbound=[Sign(keys.alice, parts=["Body"])], actor=plain.version.next_role).apply(
        plain, now=now
    )
    assert Security(inbound=trusting).verify(on_the_wire(following), now=now).signer_name == "CN=alice"
    both = on_the_wire(Security(outbound=[Sign(keys.alice, parts=["Body"])]).apply(following, now=now))
    with pytest.raises(SecurityError, match="2 security headers for the same receiver"):
        Security(inbound=trusting).verify(both, now=now)


def test_wsse_prefixes_of_the_sender_do_not_matter(plain, keys, now):
    signed = sent(plain, Timestamp(), Sign(keys.alice), now=now)
    assert re.search(rb"<wsse:Security[ >]", signed.to_bytes())
    assert etree.QName(signed.headers[-1]).namespace == WSSE
    assert signed.root.find(f".//{{{DS}}}Signature") is not None


def test_a_trust_store_of_pinned_certificates_needs_no_authority(plain, keys, now):
    signed = sent(plain, Timestamp(), Sign(keys.mallory), now=now)
    pinned = TrustStore.of(keys.mallory)
    assert received(signed, now, signed=["Body"], trust=pinned).signer_name == "CN=mallory"


def test_keypairs_are_loaded_from_every_form(keys, tmp_path):
    from soapkit.security.throwaway import write_keys

    write_keys(tmp_path, ["carol"], password="pw")
    loaded = KeyPair.load(tmp_path / "carol.p12", "pw")
    again = KeyPair.load(tmp_path / "carol.key", "pw", certificate=tmp_path / "carol.pem")
    both = KeyPair.load((tmp_path / "carol.key").read_bytes() + (tmp_path / "carol.pem").read_bytes(), "pw")
    assert loaded.certificate == again.certificate == both.certificate
    for source, password in (("carol.p12", "no"), ("carol.key", "no"), ("carol.key", None), ("carol.pem", None)):
        with pytest.raises(SecurityError, match=source):
            KeyPair.load(tmp_path / source, password)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('<a xmlns:p="urn:p" xmlns:q="urn:q"><q:b p:c="1">text: p</q:b></a>', []),
        ('<a xmlns:p="urn:p" t="p:x"/>', ["p"]),
        ('<a xmlns:p="urn:p" xmlns:q="urn:q" t="q:x p:x"/>', ["p", "q"]),
        ('<a xmlns:p="urn:p">p:x</a>', ["p"]),
        ('<a xmlns:p="urn:p">\n  p:x\n</a>', ["p"]),
        ('<a xmlns:p="urn:p">x p:x</a>', ["p"]),
        ('<a xmlns:p="urn:p"><b xmlns:p="urn:other" p:a="1"/>see p:y, too</a>', ["p"]),
        ('<a xmlns:p="urn:p" xmlns:pp="urn:pp" t="pp:x" p:u="1"/>', ["pp"]),
        ("<a xmlns:p.q-r='urn:p' t='p.q-r:x'/>", ["p.q-r"]),
        ('<a xmlns:p="urn:p" t="&#10;p:x"/>', ["p"]),
        ('<a xmlns:urn="urn:p" t="urn:x"/>', ["urn"]),
        ('<a t="http://p:80/"/>', []),
    ],
)
def test_prefixes_in_content_are_found(content, expected):
    assert content_prefixes(serialise(parse_message(content.encode()))) == expected
    names = "<p:n xmlns:p='urn:n' p:m=''/>" * 30  # so many that they are not looked at one by one
    several = f"<r xmlns:q='urn:q'>{names}{content}</r>"
    assert content_prefixes(serialise(parse_message(several.encode()))) == expected


def test_a_part_with_a_question_mark_need_not_be_there(plain, keys, now):
    parts = ["Body", "To?", "{urn:none}None?"]
    signed = sent(plain, Sign(keys.alice, parts=parts), Encrypt(to=keys.bob, parts=["Body", "None?"]), now=now)
    wanted = {"trust": keys.trust, "key": keys.bob, "replay": None}
    assert len(received(signed, now, signed=parts, encrypted=["Body", "None?"], **wanted).signed) == 2
    with pytest.raises(SecurityError, match="has no None"):
        received(signed, now, signed=["Body", "None"], **wanted)
    body_alone = sent(plain, Sign(keys.alice, parts=["Body"]), now=now)
    with pytest.raises(SecurityError, match=r"the To\? at its place is not covered"):
        received(body_alone, now, signed=parts, trust=keys.trust)


def test_all_headers_are_a_part(plain, keys, now):
    signed = sent(plain, Sign(keys.alice, parts=["Body", "Headers"]), now=now)
    assert received(signed, now, signed=["Body", "Headers"], trust=keys.trust).signed[1].name == "{urn:addressing}To"
    signed.header.append(etree.Element("{urn:addressing}From"))
    with pytest.raises(SecurityError, match="the Headers at its place is not covered"):
        received(on_the_wire(signed), now, signed=["Body", "Headers"], trust=keys.trust)
    bare = sent(Draft(SOAP_1_1, "<x/>").to_envelope(), Sign(keys.alice, parts=["Body", "Headers"]), now=now)
    assert received(bare, now, signed=["Body", "Headers"], trust=keys.trust).signer


def test_optional_parts_that_are_all_missing_leave_nothing_to_encrypt_and_nothing_to_sign(keys, now):
    plain = Draft(SOAP_1_1, "<x/>").to_envelope()
    assert not list(sent(plain, Encrypt(to=keys.bob, parts=["To?"]), now=now).root.iter(ENCRYPTED_KEY))
    with pytest.raises(SecurityError, match="would cover nothing"):
        Security(outbound=[Sign(keys.alice, parts=["To?"])]).apply(plain, now=now)


@pytest.mark.parametrize("how", ["direct", "path", "pkcs7", "issuer-serial", "ski", "thumbprint", "embedded"])
def test_a_signature_covers_its_own_certificate_through_its_reference(how, plain, keys, now):
    signed = sent(plain, Sign(keys.alice, parts=["Body", "STRTransform"], key_reference=how), now=now)
    believing = {"signed": ["Body"], "trust": keys.trust, "certificates": [keys.alice.certificate]}
    assert len(received(signed, now, **believing).signed) == 2


def test_a_certificate_exchanged_for_another_of_the_same_key_is_refused_when_it_was_signed(plain, keys, now):
    twin = certified_again(keys.alice, keys.authority, now)
    for parts, believed in ((["Body"], True), (["Body", "STRTransform"], False)):
        signed = sent(plain, Sign(keys.alice, parts=parts), now=now).to_bytes()
        exchanged = signed.replace(*(base64_text(der_of(each)).encode() for each in (keys.alice.certificate, twin)))
        message = Envelope.read(parse_message(exchanged))
        if believed:
            assert received(message, now, signed=["Body"], trust=keys.trust).signer_name == "CN=twin"
        else:
            with pytest.raises(SecurityError, match="altered after it was signed"):
                received(message, now, signed=["Body"], trust=keys.trust)


def certified_again(keypair: KeyPair, authority: KeyPair, now: datetime) -> x509.Certificate:
    """Another certificate of the same key."""
    named = x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "twin")]))
    dated = named.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))
    made = dated.issuer_name(authority.certificate.subject).public_key(keypair.private_key.public_key())
    return made.serial_number(7).sign(authority.private_key, SHA256())


def test_a_pkcs7_token_brings_the_chain(plain, keys, now):
    with_chain = KeyPair(keys.alice.private_key, keys.alice.certificate, (keys.authority.certificate,))
    signed = sent(plain, Sign(with_chain, parts=["Body", "BinarySecurityToken"], key_reference="pkcs7"), now=now)
    result = received(signed, now, signed=["Body", "BinarySecurityToken"], trust=keys.trust)
    assert result.signer_name == "CN=alice"


def test_a_certificate_that_is_named_by_a_key_name_cannot_be_signed_through_it(plain, keys, now):
    with pytest.raises(SecurityError, match="needs a SecurityTokenReference"):
        sent(plain, Sign(keys.alice, parts=["Body", "STRTransform"], key_reference="key-name"), now=now)


def test_a_message_that_is_secured_is_left_as_it_was(plain, keys, now):
    kept = plain.to_bytes()
    Security(outbound=[Timestamp(), Sign(keys.alice), Encrypt(to=keys.bob)]).apply(plain, now=now)
    assert plain.to_bytes() == kept


def test_a_message_that_was_read_is_let_go_at_once_and_not_when_garbage_is_collected(plain, keys, now):
    secured = sent(plain, Timestamp(), Sign(keys.alice), Encrypt(to=keys.bob.certificate), now=now)
    require = Require(signed=["Body"], encrypted=["Body"], trust=keys.trust, key=keys.bob, replay=None)

    def read() -> None:
        Security(inbound=require).verify(secured, now=now)

    read()  # what is made at first use stays
    gc.collect()
    gc.disable()
    try:
        read()
        assert gc.collect() == 0
    finally:
        gc.enable()
