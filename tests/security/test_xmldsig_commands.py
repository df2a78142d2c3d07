"""soapkit xmldsig sign and verify on files: what they print and how they end."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from lxml import etree

from soapkit.cli.main import main
from soapkit.security import KeyPair
from tests.security.test_document_octets import reference, template

INVOICE = b'<inv:invoice xmlns:inv="urn:inv" Id="i1"><inv:total>10.00</inv:total></inv:invoice>'


@pytest.fixture
def run(tmp_path, monkeypatch, capsysbinary):
    """Run a command in a folder with keys and an invoice; its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOAPKIT_PASSWORD", "pw")
    (tmp_path / "invoice.xml").write_bytes(INVOICE)

    def call(*arguments: str) -> tuple[int, bytes, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        captured = capsysbinary.readouterr()
        return ended.value.code, captured.out, captured.err.decode()

    assert call("cert", "keys", "--name", "alice", "--name", "bob", "--password", "pw")[0] == 0
    return call


def signed(run, *options: str) -> None:
    assert run("xmldsig", "sign", "invoice.xml", "--key", "keys/alice.p12", "-o", "signed.xml", *options)[0] == 0


def test_verify_tells_what_is_signed_and_by_whom(run):
    signed(run)
    code, out, error = run("xmldsig", "verify", "signed.xml", "--trust", "keys/ca.pem")
    assert (code, error) == (0, "")
    assert out.decode().splitlines() == [
        "signature  at invoice/Signature  rsa-sha256",
        "signer     CN=alice",
        "signed     invoice  (the whole document)  sha256",
    ]


def test_verify_tells_it_as_json(run):
    signed(run, "--reference", "#i1")
    code, out, _ = run("xmldsig", "verify", "signed.xml", "--trust", "keys/ca.pem", "--json")
    (told,) = json.loads(out)
    assert (code, told["signer"], told["chain"][0]) == (0, "CN=alice", "CN=alice")
    assert told["signed"] == [{"path": "invoice", "uri": "#i1", "digest": "sha256"}]


def test_what_is_signed_is_written_and_nothing_else(run):
    signed(run)
    assert run("xmldsig", "verify", "signed.xml", "--trust", "keys/ca.pem", "--output", "-") == (0, INVOICE, "")


def test_a_changed_document_ends_with_one_line(run, tmp_path):
    signed(run)
    (tmp_path / "signed.xml").write_bytes((tmp_path / "signed.xml").read_bytes().replace(b"10.00", b"99.00"))
    code, out, error = run("xmldsig", "verify", "signed.xml", "--trust", "keys/ca.pem", "--output", "signed.out")
    assert (code, out) == (1, b"")
    assert error.count("\n") == 1
    assert "was altered after it was signed" in error
    assert not (tmp_path / "signed.out").exists()


def test_somebody_else_is_not_believed(run):
    signed(run)
    code, _, error = run("xmldsig", "verify", "signed.xml", "--trust", "keys/bob.pem")
    assert code == 1
    assert "CN=alice" in error


def test_weak_algorithms_need_a_profile_and_are_warned_of(run):
    signed(run, "--algorithm", "rsa-sha1", "--digest", "sha1", "--canonical", "inclusive")
    code, _, error = run("xmldsig", "verify", "signed.xml", "--trust", "keys/ca.pem")
    assert code == 1
    assert "rsa-sha1' is not allowed by the policy 'modern'" in error
    code, out, _ = run("xmldsig", "verify", "signed.xml", "--trust", "keys/ca.pem", "--profile", "legacy_sha1")
    assert code == 0
    assert b"warning    SHA-1" in out


def test_an_element_that_must_be_covered_is_asked_for_by_name(run):
    signed(run)
    assert run("xmldsig", "verify", "signed.xml", "--trust", "keys/ca.pem", "--signed", "{urn:inv}total")[0] == 0
    code, _, error = run("xmldsig", "verify", "signed.xml", "--trust", "keys/ca.pem", "--signed", "sum")
    assert code == 1
    assert "sum" in error


def test_two_signatures_are_verified_each(run):
    signed(run, "--reference", "#i1")
    assert run("xmldsig", "sign", "signed.xml", "--key", "keys/bob.p12", "-o", "both.xml")[0] == 0
    code, out, _ = run("xmldsig", "verify", "both.xml", "--trust", "keys/ca.pem", "--signature", "1")
    assert (code, b"CN=bob" in out) == (0, True)
    code, _, error = run("xmldsig", "verify", "both.xml", "--trust", "keys/ca.pem")
    assert (code, "holds 2 signatures" in error) == (1, True)


@pytest.mark.parametrize(
    "options",
    [
        ["--any", "--signed", "total"],
        ["--all", "--any"],
        ["--profile", "secure"],
        ["--at", "yesterday"],
    ],
)
def test_options_that_make_no_sense_are_errors_of_usage(run, options):
    signed(run)
    assert run("xmldsig", "verify", "signed.xml", "--trust", "keys/ca.pem", *options)[0] == 2


def test_an_unknown_algorithm_is_an_error_of_usage(run):
    assert run("xmldsig", "sign", "invoice.xml", "--key", "keys/alice.p12", "--algorithm", "rsa-md4")[0] == 2


def test_xmlsec1_verifies_what_is_signed(run):
    command = shutil.which("xmlsec1")
    if command is None:
        pytest.skip("xmlsec1 is not installed")
    signed(run, "--key-info", "chain", "--canonical", "inclusive")
    judged = subprocess.run(
        [command, "--verify", "--trusted-pem", "keys/ca.pem", "signed.xml"], capture_output=True, check=False
    )
    assert judged.returncode == 0, judged.stderr


def test_what_is_signed_as_octets_is_written_as_octets(run):
    """A file beside the signature, as containers (ASiC) have it."""
    keypair = KeyPair.load("keys/alice.p12", "pw")
    digest = base64.b64encode(hashlib.sha256(b"\x00\x01").digest()).decode()
    text = template(reference("a%20b.bin", [], digest)).replace("#hmac-sha256", "#rsa-sha256")
    root = etree.fromstring(text)
    value = keypair.private_key.sign(etree.tostring(root[0], method="c14n"), PKCS1v15(), SHA256())
    root[1].text = base64.b64encode(value).decode()
    Path("signatures.xml").write_bytes(etree.tostring(root))
    Path("a b.bin").write_bytes(b"\x00\x01")
    of_alice = ("signatures.xml", "--trust", "keys/ca.pem", "--certificate", "keys/alice.pem")
    code, out, error = run("xmldsig", "verify", *of_alice)
    assert code == 1 and "found URI 'a%20b.bin'" in error
    code, out, error = run("xmldsig", "verify", *of_alice, "--outside", "a%20b.bin=a b.bin")
    assert code == 0, error
    assert b"signed     outside  (a%20b.bin)  sha256  2 octets" in out
    code, out, error = run("xmldsig", "verify", *of_alice, "--outside", "a%20b.bin=a b.bin", "--output", "-")
    assert (code, out) == (0, b"\x00\x01")
    assert run("xmldsig", "verify", *of_alice, "--outside", "a%20b.bin")[0] == 2
