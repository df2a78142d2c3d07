"""A plain document told in words: `soapkit explain` of what is no SOAP message."""

from __future__ import annotations

import json

import pytest

from soapkit import xmldsig, xmlenc
from soapkit.cli.main import main
from soapkit.security.document.explain import explain_document
from soapkit.xml.parse import parse_exact

INVOICE = b'<i:invoice xmlns:i="urn:i" Id="all"><i:total Id="t">10.00</i:total></i:invoice>'


def told(document: bytes) -> list[str]:
    return explain_document(parse_exact(document))


def test_a_signed_document_tells_what_is_covered_and_by_whom(keys):
    document = xmldsig.sign(INVOICE, keys.alice, references=["", "#t"])
    assert told(document) == [
        "signature at invoice/Signature: rsa-sha256 by certificate CN=alice",
        "  covers the whole document, sha256",
        "  covers invoice/total, sha256",
    ]


def test_what_is_weak_left_out_elsewhere_or_unknown_is_told(keys):
    document = xmldsig.sign(INVOICE, keys.alice, algorithm="rsa-sha1", digest="sha1", key_info="none")
    lines = told(document)
    assert lines[0] == "signature at invoice/Signature: rsa-sha1 by a key that is not named"
    assert lines[2:] == ["weak: a signature is made with rsa-sha1", "weak: a reference is digested with sha1"]
    assert "  covers what is outside of the document, at 'http://x/', sha1" in told(
        document.replace(b'URI=""', b'URI="http://x/"')
    )
    assert any("in a way that is not followed" in line for line in told(document.replace(b'URI=""', b'URI="#no"')))
    odd = told(document.replace(b"2000/09/xmldsig#rsa-sha1", b"2000/09/xmldsig#odd"))
    assert odd[0].startswith("signature at invoice/Signature: an algorithm that is not known ('http://www.w3.org/")


def test_an_encrypted_document_tells_what_and_for_whom(keys):
    sealed = xmlenc.encrypt(INVOICE, to=keys.bob.certificate, path="{urn:i}total", content=True)
    lines = told(sealed)
    assert lines[0] == "encrypted: the content of invoice/total, aes256-gcm"
    assert lines[1].startswith("  key: encrypted with rsa-oaep")
    named = xmlenc.encrypt(INVOICE, secret=bytes(32), name="ours")
    assert told(named)[1] == "  key: the one called 'ours'"


def test_the_command_takes_a_document_and_says_when_nothing_is_there(tmp_path, capsys):
    (tmp_path / "plain.xml").write_bytes(b"<order/>")
    with pytest.raises(SystemExit) as left:
        main(["explain", "--json", str(tmp_path / "plain.xml")])
    assert left.value.code == 0
    assert json.loads(capsys.readouterr().out) == ["nothing in this document is signed or encrypted"]
