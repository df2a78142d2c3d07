"""The ``xmlsec1`` command reads what ``soapkit sign`` and ``encrypt`` wrote, and the reverse, from the command line.

xmlsec1 knows XML Signature and XML Encryption, not WS-Security: it is handed the certificate that a
SecurityTokenReference names, and follows a RetrievalMethod to the EncryptedKey instead of such a reference.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from soapkit.security.throwaway import write_keys

MESSAGE = (
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
    '<b:transfer xmlns:b="urn:bank"><b:to>DE1</b:to></b:transfer></soap:Body></soap:Envelope>'
)
SIGNATURE_TEMPLATE = """<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"
    xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">
  <soap:Header>
    <wsse:Security xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">
      <wsse:BinarySecurityToken wsu:Id="token"
        ValueType="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
        >{certificate}</wsse:BinarySecurityToken>
      <ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
        <ds:SignedInfo>
          <ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>
          <ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>
          <ds:Reference URI="#body">
            <ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>
            <ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/>
          </ds:Reference>
        </ds:SignedInfo>
        <ds:SignatureValue/>
        <ds:KeyInfo>
          <wsse:SecurityTokenReference><wsse:Reference URI="#token"/></wsse:SecurityTokenReference>
        </ds:KeyInfo>
      </ds:Signature>
    </wsse:Security>
  </soap:Header>
  <soap:Body wsu:Id="body"><b:transfer xmlns:b="urn:bank"><b:to>DE1</b:to></b:transfer></soap:Body>
</soap:Envelope>"""
ENCRYPTION_TEMPLATE = """<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"
    Type="http://www.w3.org/2001/04/xmlenc#Content">
  <xenc:EncryptionMethod Algorithm="{cipher}"/>
  <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
    <xenc:EncryptedKey>
      <xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"/>
      <ds:KeyInfo><ds:KeyName/></ds:KeyInfo>
      <xenc:CipherData><xenc:CipherValue/></xenc:CipherData>
    </xenc:EncryptedKey>
  </ds:KeyInfo>
  <xenc:CipherData><xenc:CipherValue/></xenc:CipherData>
</xenc:EncryptedData>"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory, missing_peer):
    """A folder with keys of Alice and Bob, and a message."""
    if shutil.which("xmlsec1") is None:
        missing_peer("xmlsec1 (apt-get install xmlsec1)")
    path = tmp_path_factory.mktemp("xmlsec1")
    write_keys(path, ["alice", "bob"])
    (path / "message.xml").write_text(MESSAGE)
    return path


def soapkit(folder: Path, *arguments: str, expect: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "from soapkit.cli.main import main; main()", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )
    assert done.returncode == expect, done.stderr
    return done.stdout


def xmlsec1(folder: Path, *arguments: str, expect: int = 0) -> str:
    done = subprocess.run(["xmlsec1", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (expect == 0), done.stderr
    return done.stdout


def test_xmlsec1_verifies_what_soapkit_signed(folder):
    soapkit(folder, "sign", "message.xml", "--key", "alice.p12", "--output", "signed.xml")
    verify = ["--verify", "--id-attr:Id", "Body", "--id-attr:Id", "Timestamp", "--pubkey-cert-pem"]
    xmlsec1(folder, *verify, "alice.pem", "signed.xml")
    xmlsec1(folder, *verify, "bob.pem", "signed.xml", expect=1)
    altered = (folder / "signed.xml").read_text().replace("DE1", "DE2")
    (folder / "altered.xml").write_text(altered)
    xmlsec1(folder, *verify, "alice.pem", "altered.xml", expect=1)


def test_soapkit_verifies_what_xmlsec1_signed(folder):
    lines = (folder / "alice.pem").read_text().splitlines()
    certificate = "\n".join(line for line in lines if "-----" not in line)
    (folder / "template.xml").write_text(SIGNATURE_TEMPLATE.format(certificate=certificate))
    options = ["--sign", "--id-attr:Id", "Body", "--privkey-pem", "alice.key", "--output", "by-xmlsec1.xml"]
    xmlsec1(folder, *options, "template.xml")
    told = soapkit(folder, "verify", "by-xmlsec1.xml", "--trust", "ca.pem")
    assert "signer     CN=alice" in told
    assert "signed     Body  at Envelope/Body" in told
    altered = (folder / "by-xmlsec1.xml").read_text().replace("DE1", "DE2")
    (folder / "altered.xml").write_text(altered)
    soapkit(folder, "verify", "altered.xml", "--trust", "ca.pem", expect=1)


@pytest.mark.parametrize("cipher", ["aes256-gcm", "aes128-gcm", "aes256-cbc"])
def test_xmlsec1_decrypts_what_soapkit_encrypted(cipher, folder):
    soapkit(
        folder,
        *("encrypt", "message.xml", "--to", "bob.pem", "--output", "encrypted.xml", "--algorithm", cipher),
        *("--data-reference", "retrieval", "--key-transport", "rsa-oaep-mgf1p", "--oaep-digest", "sha1"),
    )
    decrypt = ["--decrypt", "--id-attr:Id", "EncryptedKey", "--privkey-pem"]
    assert "<b:to>DE1</b:to>" in xmlsec1(folder, *decrypt, "bob.key", "encrypted.xml")
    xmlsec1(folder, *decrypt, "alice.key", "encrypted.xml", expect=1)


@pytest.mark.parametrize("cipher", ["2009/xmlenc11#aes256-gcm", "2001/04/xmlenc#aes128-cbc"])
def test_soapkit_decrypts_what_xmlsec1_encrypted(cipher, folder):
    (folder / "template.xml").write_text(ENCRYPTION_TEMPLATE.format(cipher=f"http://www.w3.org/{cipher}"))
    session = "aes-256" if "256" in cipher else "aes-128"
    xmlsec1(
        folder,
        *("--encrypt", "--pubkey-cert-pem", "bob.pem", "--session-key", session, "--xml-data", "message.xml"),
        *("--node-xpath", "//*[local-name()='Body']", "--output", "by-xmlsec1.xml", "template.xml"),
    )
    assert "DE1" not in (folder / "by-xmlsec1.xml").read_text()
    assert "<b:to>DE1</b:to>" in soapkit(folder, "decrypt", "by-xmlsec1.xml", "--key", "bob.p12")
    soapkit(folder, "decrypt", "by-xmlsec1.xml", "--key", "alice.p12", expect=1)
