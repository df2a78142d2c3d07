"""soapkit cert, sign, verify, encrypt and decrypt on files: what they print and how they end."""

from __future__ import annotations

import json
import re
import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from soapkit.cli.main import main
from soapkit.security import KeyPair, SamlAssertion, Security, Sign, issue_assertion
from soapkit.security.crypto.certificates import der_of
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.soap.envelope import Envelope
from soapkit.xml.parse import parse_message

MESSAGE = (
    b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
    b'<b:transfer xmlns:b="urn:bank">10</b:transfer></soap:Body></soap:Envelope>'
)


@pytest.fixture
def run(tmp_path, monkeypatch, capsysbinary):
    """Run a command in a folder with keys and a message; its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "message.xml").write_bytes(MESSAGE)

    def call(*arguments: str) -> tuple[int, bytes, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        captured = capsysbinary.readouterr()
        return ended.value.code, captured.out, captured.err.decode()

    assert call("cert", "keys", "--name", "alice", "--name", "bob", "--password", "pw")[0] == 0
    monkeypatch.setenv("SOAPKIT_PASSWORD", "pw")
    return call


def test_cert_writes_keys_that_only_their_owner_can_read(run, tmp_path):
    names = {path.name for path in (tmp_path / "keys").iterdir()}
    assert names == {"ca.pem", "alice.pem", "alice.key", "alice.p12", "bob.pem", "bob.key", "bob.p12"}
    assert stat.S_IMODE((tmp_path / "keys/alice.key").stat().st_mode) == 0o600
    assert b"ENCRYPTED" in (tmp_path / "keys/alice.key").read_bytes()
    assert run("cert", "keys", "--name", "../x")[0] == 2


def test_sign_and_verify_through_files(run):
    assert run("sign", "message.xml", "--key", "keys/alice.p12", "--output", "signed.xml")[0] == 0
    code, told, _ = run("verify", "signed.xml", "--trust", "keys/ca.pem", "--signed", "Body", "--signed", "Timestamp")
    assert code == 0
    assert told.splitlines()[:3] == [
        b"signer     CN=alice",
        b"certified  by CN=soapkit throw-away authority",
        b"signed     Body  at Envelope/Body  by CN=alice  rsa-sha256",
    ]
    code, told, _ = run("verify", "signed.xml", "--trust", "keys/ca.pem", "--json")
    assert [entry["part"] for entry in json.loads(told)["signed"]] == ["Body", "Timestamp"]
    assert json.loads(told)["chain"] == ["CN=alice", "CN=soapkit throw-away authority"]


def test_a_bare_key_is_believed_where_it_is_given(run, tmp_path):
    key = KeyPair.load("keys/alice.p12", "pw").certificate.public_key()
    (tmp_path / "alice.pub").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    run("sign", "message.xml", "--key", "keys/alice.p12", "--reference", "key-value", "--output", "signed.xml")
    code, told, _ = run("verify", "signed.xml", "--trust-key", "alice.pub", "--profile", "key_value")
    assert code == 0
    assert told.startswith(b"signer     SHA-256 of key ")
    assert run("verify", "signed.xml", "--trust-key", "alice.pub")[0] == 1
    assert run("verify", "signed.xml", "--trust", "keys/alice.pem", "--profile", "key_value")[0] == 1


@pytest.mark.parametrize("form", ["inclusive", "inclusive11"])
def test_a_form_that_a_peer_asks_for_is_signed(form, run, tmp_path):
    run("sign", "message.xml", "--key", "keys/alice.p12", "--canonical", form, "--output", "signed.xml")
    uri = {"inclusive": b"REC-xml-c14n-20010315", "inclusive11": b"xml-c14n11"}[form]
    assert (tmp_path / "signed.xml").read_bytes().count(uri) == 3
    assert run("verify", "signed.xml", "--trust", "keys/ca.pem")[0] == 0


def test_a_key_is_padded_with_any_two_hashes(run, tmp_path):
    how = ("--key-transport", "rsa-oaep", "--oaep-digest", "sha384", "--oaep-mgf", "sha512", "--output", "sealed.xml")
    assert run("encrypt", "message.xml", "--to", "keys/bob.pem", *how)[0] == 0
    assert b"mgf1sha512" in (tmp_path / "sealed.xml").read_bytes()
    assert run("decrypt", "sealed.xml", "--key", "keys/bob.p12")[0] == 0


def test_an_assertion_is_carried_and_verified_through_files(run, tmp_path):
    alice, bob = (KeyPair.load(tmp_path / f"keys/{name}.p12", "pw") for name in ("alice", "bob"))
    said = {"issuer": "https://sts.example", "subject": "ada", "attributes": {"role": ["clerk", "auditor"]}}
    said |= {"audience": ["https://bank.example"], "confirmation": "holder-of-key", "holder": alice}
    (tmp_path / "token.xml").write_bytes(issue_assertion(SamlAssertion(**said), bob))
    how = ("--assertion", "token.xml", "--reference", "assertion", "--output", "signed.xml")
    assert run("sign", "message.xml", "--key", "keys/alice.p12", *how)[0] == 0
    who = ("--issuer", "keys/bob.pem", "--signed", "Body")
    code, told, _ = run("verify", "signed.xml", *who, "--audience", "https://bank.example")
    assert code == 0
    assert told.splitlines()[:4] == [
        b"signer     the subject of the assertion",
        b"subject    ada  says https://sts.example  holder-of-key  signed by CN=bob",
        b"attribute  role  clerk, auditor",
        b"signed     Body  at Envelope/Body  by the subject of the assertion  rsa-sha256",
    ]
    code, told, _ = run("verify", "signed.xml", *who, "--audience", "https://bank.example", "--json")
    assert json.loads(told)["assertion"]["attributes"] == {"role": ["clerk", "auditor"]}
    code, _, said = run("verify", "signed.xml", *who, "--audience", "https://shop.example")
    assert (code, "not for us" in said) == (1, True)
    assert run("verify", "signed.xml", *who, "--confirmation", "bearer", "--trust", "keys/ca.pem")[0] == 1
    assert run("verify", "signed.xml", "--confirmation", "bearer")[0] == 2
    assert run("verify", "signed.xml")[0] == 2


def test_verify_of_an_encrypted_message(run):
    run("sign", "message.xml", "--key", "keys/alice.p12", "--output", "signed.xml")
    assert run("encrypt", "signed.xml", "--to", "keys/bob.pem", "--output", "both.xml")[0] == 0
    options = ("--trust", "keys/ca.pem", "--key", "keys/bob.p12", "--encrypted", "Body")
    code, told, _ = run("verify", "both.xml", *options)
    assert code == 0
    assert b"encrypted  Body  at Envelope/Body  aes256-gcm" in told
    code, told, _ = run("decrypt", "both.xml", "--key", "keys/bob.key", "--cert", "keys/bob.pem")
    assert code == 0
    assert b'<b:transfer xmlns:b="urn:bank"' in told


def test_a_message_that_was_decrypted_is_verified_without_the_key(run):
    run("sign", "message.xml", "--key", "keys/alice.p12", "--output", "signed.xml")
    run("encrypt", "signed.xml", "--to", "keys/bob.pem", "--output", "both.xml")
    assert run("decrypt", "both.xml", "--key", "keys/bob.p12", "--output", "opened.xml")[0] == 0
    assert run("verify", "opened.xml", "--trust", "keys/ca.pem")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["verify", "message.xml", "--trust", "keys/ca.pem"], 1, "the message is not signed"),
        (["verify", "signed.xml", "--trust", "keys/bob.pem"], 1, "is not trusted"),
        (["verify", "signed.xml", "--trust", "keys/ca.pem", "--at", "2040-01-01"], 1, "seconds before"),
        (["verify", "signed.xml", "--trust", "keys/none.pem"], 1, "keys/none.pem: cannot be read"),
        (["verify", "signed.xml", "--trust", "keys/ca.pem", "--profile", "modest"], 2, "did you mean modern?"),
        (["verify", "signed.xml"], 2, "--trust"),
        (["verify", "nowhere.xml", "--trust", "keys/ca.pem"], 1, "nowhere.xml: No such file"),
        (["decrypt", "message.xml", "--key", "keys/bob.p12"], 1, "nothing in the message is encrypted"),
        (["sign", "message.xml", "--key", "keys/alice.p12", "--algorithm", "rsa"], 2, "no signature algorithm"),
        (["sign", "message.xml", "--key", "keys/alice.p12", "--part", "Nothing"], 1, "no Nothing in the message"),
        (["encrypt", "message.xml", "--to", "message.xml"], 1, "neither PEM nor DER"),
        (["sign", "keys/ca.pem", "--key", "keys/alice.p12"], 1, "keys/ca.pem"),
        (["verify", "order.xml", "--trust", "keys/ca.pem"], 1, "order.xml:1: order: expected a SOAP Envelope"),
        (["verify", "order.xml", "--trust", "keys/ca.pem"], 1, "are no messages: soapkit xmldsig verify"),
        (["sign", "order.xml", "--key", "keys/alice.p12"], 1, "are no messages: soapkit xmldsig sign"),
        (["encrypt", "order.xml", "--to", "keys/bob.pem"], 1, "are no messages: soapkit xmlenc encrypt"),
        (["decrypt", "order.xml", "--key", "keys/bob.p12"], 1, "are no messages: soapkit xmlenc decrypt"),
        (["decrypt", "message.xml"], 2, "Missing option '--key'"),
        (["sign", "message.xml"], 2, "Missing option '--key'"),
        (["sign", "message.xml", "--key", "alice.der"], 1, "alice.der: it is a private key in DER: --cert says where"),
        (["sign", "message.xml", "--key", "bob.cer"], 1, "no private key in it, it is a certificate in DER"),
        (["sign", "message.xml", "--key", "empty"], 1, "empty: it is empty"),
        (["sign", "message.xml", "--key", "keys/alice.key"], 1, "no certificate in it; --cert says where it is"),
        (
            ["sign", "message.xml", "--key", "keys/alice.key", "--cert", "bob.cer"],
            1,
            "keys/alice.key: no certificate in bob.cer belongs to its private key",
        ),
        (["verify", "signed.xml", "--trust", "empty"], 1, "empty: it is empty"),
        (["verify", "signed.xml", "--trust", "keys/bob.p12"], 1, "nor PKCS#12 with no password"),
        (["verify", "signed.xml", "--trust", "bob.cer"], 1, "its issuer CN=soapkit throw-away authority is not among"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_an_error_is_one_line_and_an_exit_code(arguments, code, said, run, tmp_path):
    run("sign", "message.xml", "--key", "keys/alice.p12", "--output", "signed.xml")
    alice, bob = (KeyPair.load(tmp_path / f"keys/{name}.p12", "pw") for name in ("alice", "bob"))
    bare = alice.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    files = {"alice.der": bare, "bob.cer": der_of(bob.certificate), "empty": b"", "order.xml": b"<order/>"}
    for name, octets in files.items():
        (tmp_path / name).write_bytes(octets)
    ended, _, error = run(*arguments)
    assert ended == code
    assert said in error
    assert "Traceback" not in error
    if code == 1:
        assert len(error.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "message.xml", "--trust", "keys/ca.pem"),
        ("verify", "nowhere.xml", "--trust", "keys/ca.pem"),
        ("xmldsig", "verify", "message.xml", "--trust", "keys/ca.pem"),
        ("xmldsig", "verify", "message.xml", "--trust", "keys/none.pem"),
        ("explain", "keys/ca.pem"),
        ("explain", "nowhere.xml"),
    ],
    ids=" ".join,
)
def test_what_is_refused_is_json_too(arguments, run):
    code, told, error = run(*arguments, "--json")
    assert code == 1
    assert f"soapkit: {json.loads(told)['error']}\n" == error


def test_a_header_for_another_actor_is_asked_for(run):
    """A message may carry security headers for several receivers, each at an actor, or a role, of its own."""
    auditor = ("--actor", "urn:auditor")
    assert run("sign", "message.xml", "--key", "keys/alice.p12", *auditor, "--output", "one.xml")[0] == 0
    assert run("sign", "one.xml", "--key", "keys/bob.p12", "--part", "Body", "--output", "two.xml")[0] == 0
    assert run("verify", "two.xml", "--trust", "keys/ca.pem", *auditor)[1].startswith(b"signer     CN=alice\n")
    assert run("verify", "two.xml", "--trust", "keys/ca.pem")[1].startswith(b"signer     CN=bob\n")
    code, _, error = run("verify", "one.xml", "--trust", "keys/ca.pem")
    assert code == 1 and "a security header for 'urn:auditor', and none for the ultimate receiver; --actor" in error
    assert run("encrypt", "message.xml", "--to", "keys/bob.pem", *auditor, "--output", "sealed.xml")[0] == 0
    assert run("decrypt", "sealed.xml", "--key", "keys/bob.p12")[0] == 1
    assert b">10<" in run("decrypt", "sealed.xml", "--key", "keys/bob.p12", *auditor)[1]


def test_errors_and_warnings_name_options_and_no_python(run, tmp_path):
    """Whoever types a command has never heard of Require(key=...)."""
    assert run("sign", "message.xml", "--key", "keys/alice.p12", "--output", "signed.xml")[0] == 0
    assert run("encrypt", "signed.xml", "--to", "keys/bob.pem", "--output", "sealed.xml")[0] == 0
    (tmp_path / "plain.xml").write_bytes(b"<order/>")
    assert run("xmlenc", "encrypt", "plain.xml", "--to", "keys/bob.pem", "-o", "sealed-order.xml")[0] == 0
    assert (
        run("xmldsig", "sign", "plain.xml", "--key", "keys/alice.p12", "--key-info", "none", "-o", "order.xml")[0] == 0
    )
    trust = ("--trust", "keys/ca.pem")
    told = {
        ("verify", "sealed.xml", *trust): "the message is encrypted; --key says what to decrypt with",
        ("verify", "signed.xml", *trust, "--encrypted", "Body"): "--encrypted needs --key: what to decrypt with?",
        ("verify", "signed.xml", *trust, "--audience", "x"): "--audience and --confirmation need --issuer",
        ("verify", "signed.xml", "--issuer", "keys/ca.pem", "--signed", "Body"): "the trust store is empty",
        ("sign", "message.xml", "--key", "keys/alice.p12", "--part", "Assertion"): "; --assertion carries one",
        ("sign", "message.xml", "--key", "keys/alice.p12", "--part", "UsernameToken"): "UsernameToken in the message",
        ("encrypt", "message.xml", "--to", "keys/bob.pem", "--part", "Signature"): "no Signature in the message",
        ("xmlenc", "decrypt", "sealed-order.xml"): "the key came encrypted to a certificate; --key opens it",
        ("xmlenc", "decrypt", "plain.xml"): "nothing in the document is encrypted",
        ("xmlenc", "encrypt", "plain.xml"): "to a certificate (--to) or under a secret (--secret)",
        ("xmldsig", "verify", "order.xml", *trust): "say --certificate, the one of its signer",
        ("xmldsig", "verify", "order.xml", *trust, "--outside", "#a=plain.xml"): "--outside is what stands outside",
    }
    for arguments, words in told.items():
        code, _, error = run(*arguments)
        assert code in (1, 2) and words in error, error
        assert not re.search(r"\w=|\w\(|Require|Sign\b|Encrypt\b", error.replace("#a=plain.xml", "")), error


def test_verify_hears_of_revoked_certificates(run, tmp_path):
    root = make_authority()
    alice = make_keypair("alice", root, kind="ec")
    now = datetime.now(UTC)
    (tmp_path / "root.pem").write_bytes(root.certificate.public_bytes(Encoding.PEM))
    entry = x509.RevokedCertificateBuilder(alice.certificate.serial_number, now).build()
    for name, entries in (("none.crl", []), ("alice.crl", [entry])):
        builder = x509.CertificateRevocationListBuilder(root.certificate.subject, now, now + timedelta(1), [], entries)
        signed = builder.sign(root.private_key, hashes.SHA256())
        (tmp_path / name).write_bytes(signed.public_bytes(Encoding.PEM))
    message = Security(outbound=[Sign(alice, parts=["Body"])]).apply(Envelope.read(parse_message(MESSAGE)))
    (tmp_path / "signed.xml").write_bytes(message.to_bytes())
    verify = ("verify", "signed.xml", "--trust", "root.pem")
    assert run(*verify)[0] == 0
    assert run(*verify, "--revoked", "none.crl", "--require-revocation")[0] == 0
    for more, told in (
        (["--require-revocation"], "no revocation list of CN=soapkit throw-away authority is given"),
        (["--revoked", "alice.crl"], "CN=alice has been revoked"),
    ):
        code, _, error = run(*verify, *more)
        assert code == 1
        assert told in error
    assert "none.crl: this is not an OCSP response" in run(*verify, "--ocsp", "none.crl")[2]
