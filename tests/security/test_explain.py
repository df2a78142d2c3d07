"""A secured message told in words."""

from __future__ import annotations

from soapkit.attachment import Attachment
from soapkit.security import (
    Encrypt,
    SamlAssertion,
    SamlToken,
    Security,
    Sign,
    Timestamp,
    UsernameToken,
    issue_assertion,
)
from soapkit.security.explain import explain
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.xml.parse import parse_message


def told(keys, now, *steps):
    plain = Draft(SOAP_1_1, "<x/>", ('<a:To xmlns:a="urn:a">x</a:To>',)).to_envelope()
    return explain(Security(outbound=list(steps)).apply(plain, now=now))


def test_a_sound_message(keys, now):
    serial = keys.bob.certificate.serial_number
    issuer = "CN=soapkit throw-away authority"
    assert told(keys, now, Timestamp(), Sign(keys.alice, parts=["Body", "Timestamp", "To"]), Encrypt(to=keys.bob)) == [
        "security header for the ultimate receiver",
        "  Timestamp: created 2026-11-23T15:04:05.000Z, expires 2026-11-23T15:09:05.000Z",
        f"  key: encrypted with rsa-oaep-mgf1p to the certificate with issuer {issuer} and serial number {serial}",
        "    opens the content of Envelope/Body, aes256-gcm",
        "  token: certificate CN=alice, issued by CN=soapkit throw-away authority, valid until 2026-12-23",
        "  signature: rsa-sha256 by certificate CN=alice",
        "    covers Body at Envelope/Body",
        "    covers Timestamp at Envelope/Header/Security/Timestamp",
        "    covers {urn:a}To at Envelope/Header/To",
    ]


def test_what_is_left_out_and_what_is_weak(keys, now):
    lines = told(
        keys,
        now,
        UsernameToken("alice", "secret"),
        Sign(keys.alice, parts=["To"], algorithm="rsa-sha1", digest="sha1"),
        Encrypt(to=keys.bob, algorithm="aes128-cbc", key_transport="rsa-1_5"),
    )
    assert "not signed: Envelope/Body" in lines
    assert [line for line in lines if line.startswith("weak: ")] == [
        "weak: a key is encrypted with rsa-1_5",
        "weak: data is encrypted with aes128-cbc, which does not show alterations",
        "weak: a signature is made with rsa-sha1",
        "weak: a reference is digested with sha1",
        "weak: the password is in clear: the message must be encrypted or travel over TLS",
        "weak: there is no Timestamp: a copy of the message could be sent again at any time",
    ]


def test_an_assertion_and_who_confirms_it(keys, now):
    said = SamlAssertion(
        issuer="https://sts.example",
        subject="alice",
        audience=["https://bank.example"],
        attributes={"role": "clerk"},
        confirmation="holder-of-key",
        holder=keys.alice,
    )
    token = SamlToken(issue_assertion(said, keys.bob, now=now))
    assert told(keys, now, token, Sign(keys.alice, ["Body", "Assertion"], key_reference="assertion"))[1:8] == [
        "  SAML 2.0 assertion: https://sts.example says that it is 'alice', confirmed by holder-of-key",
        "    valid from 2026-11-23T15:04:05.000Z to 2026-11-23T15:09:05.000Z, for https://bank.example",
        "    attributes: role",
        "    signed by its issuer: rsa-sha256 by certificate CN=bob",
        "  signature: rsa-sha256 by the key that the SAML assertion names",
        "    covers Body at Envelope/Body",
        "    covers Assertion at Envelope/Header/Security/Assertion",
    ]


def test_an_assertion_that_nobody_signed(keys, now):
    token = SamlToken(SamlAssertion(issuer="i", subject="s", version="1.1", confirmation="sender-vouches"))
    assert told(keys, now, token)[1:4] == [
        "  SAML 1.1 assertion: i says that it is 's', confirmed by sender-vouches",
        "    valid from 2026-11-23T15:04:05.000Z to 2026-11-23T15:09:05.000Z, for anybody",
        "    not signed by its issuer",
    ]


def test_a_plain_message():
    assert explain(Draft(SOAP_1_1, "<x/>").to_envelope()) == [
        "no security header: nothing in this message is signed or encrypted with WS-Security",
        "not signed: Envelope/Body",
    ]


def test_what_cannot_be_read_is_told_and_the_rest_goes_on(keys, now):
    signed = Security(outbound=[Timestamp(), Sign(keys.alice)]).apply(Draft(SOAP_1_1, "<x/>").to_envelope(), now=now)
    data = signed.to_bytes().replace(b">MII", b">AAA").replace(b'URI="#TS', b'URI="#XX')
    lines = explain(Envelope.read(parse_message(data)))
    assert any("BinarySecurityToken: cannot be read: this is not an X.509 certificate" in line for line in lines)
    assert any("Signature: cannot be read" in line for line in lines)


def test_recorded_messages_of_other_stacks_are_told(vectors):
    folder = vectors / "cxf/rt/ws/security/src/test/resources/org/apache/cxf/ws/security/wss4j"
    lines = explain(Envelope.read(parse_message((folder / "signed_x509_issuer_serial_encrypted.xml").read_bytes())))
    assert "  signature: rsa-sha1 by certificate CN=myAlias" in lines
    assert "weak: a key is encrypted with rsa-1_5" in lines


def test_attachments_are_told_by_their_identifiers(keys, now):
    attachment = Attachment(b"note", "text/plain", "note@x")
    steps = [Sign(keys.alice, parts=["Body", "Attachments"]), Encrypt(to=keys.bob, parts=["AttachmentContents"])]
    plain = Draft(SOAP_1_1, "<a/>").to_envelope().with_attachments([attachment])
    told = explain(Security(outbound=steps).apply(plain, now=now))
    assert "covers the content of the attachment cid:note@x, with the header fields that say what it is" in str(told)
    assert "opens the attachment cid:note@x, aes256-gcm" in str(told)
