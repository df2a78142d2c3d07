"""The ``xmlsec1`` command reads what ``soapkit sign`` and ``encrypt`` wrote, and the reverse, from the command line;
and, of whole messages, every algorithm that both have, both ways.

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
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from soapkit.security import Encrypt, KeyPair, Require, Security, Sign, Timestamp, TrustStore, profile
from soapkit.security.crypto.keys import load_certificate
from soapkit.security.throwaway import make_authority, make_keypair, write_keys
from soapkit.soap.envelope import Envelope
from soapkit.xml.parse import parse_message

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
        [sys.executable, "-m", "soapkit", *arguments],
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
    assert "DE1<" not in (folder / "by-xmlsec1.xml").read_text()
    assert "<b:to>DE1</b:to>" in soapkit(folder, "decrypt", "by-xmlsec1.xml", "--key", "bob.p12")
    soapkit(folder, "decrypt", "by-xmlsec1.xml", "--key", "alice.p12", expect=1)


# --- every algorithm of whole messages --------------------------------------------------------------------------------

MORE = "http://www.w3.org/2001/04/xmldsig-more#"
HASHES = ("sha224", "sha256", "sha384", "sha512")
SIGNATURES = {f"{kind}-{digest}": f"{MORE}{kind}-{digest}" for kind in ("rsa", "ecdsa") for digest in HASHES} | {
    "rsa-sha1": "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
    "ecdsa-sha1": f"{MORE}ecdsa-sha1",
}
CIPHERS = [f"aes{size}-{mode}" for size in (128, 192, 256) for mode in ("cbc", "gcm")] + ["tripledes-cbc"]
SESSION_KEYS = {"aes128": "aes-128", "aes192": "aes-192", "aes256": "aes-256", "tripledes": "des-192"}
CIPHER_URIS = {"gcm": "http://www.w3.org/2009/xmlenc11#", "cbc": "http://www.w3.org/2001/04/xmlenc#"}
TRANSPORTS = ("rsa-oaep-mgf1p", "rsa-1_5")


@pytest.fixture(scope="module")
def signers(folder):
    """A key pair of each kind, its key and certificate in files, by the first word of an algorithm."""
    found = {"rsa": KeyPair.load(folder / "alice.p12"), "ecdsa": make_keypair("eve", make_authority(), kind="ec")}
    for kind, pair in found.items():
        (folder / f"{kind}.key").write_bytes(
            pair.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        (folder / f"{kind}.pem").write_bytes(pair.certificate.public_bytes(Encoding.PEM))
    return found


def read(data: str | bytes) -> Envelope:
    return Envelope.read(parse_message(data.encode() if isinstance(data, str) else data))


@pytest.mark.parametrize("algorithm", SIGNATURES)
def test_xmlsec1_verifies_each_kind_of_our_signatures(algorithm, folder, signers):
    kind, _, digest = algorithm.partition("-")
    sign = Sign(signers[kind], algorithm=algorithm, digest=digest)
    (folder / "each.xml").write_bytes(Security([Timestamp(), sign]).apply(read(MESSAGE)).to_bytes())
    verify = ["--verify", "--id-attr:Id", "Body", "--id-attr:Id", "Timestamp", "--pubkey-cert-pem", f"{kind}.pem"]
    xmlsec1(folder, *verify, "each.xml")
    (folder / "each.xml").write_bytes((folder / "each.xml").read_bytes().replace(b"DE1", b"DE2"))
    xmlsec1(folder, *verify, "each.xml", expect=1)


@pytest.mark.parametrize("algorithm", SIGNATURES)
def test_each_kind_of_signatures_of_xmlsec1_is_believed(algorithm, folder, signers):
    kind = algorithm.partition("-")[0]
    lines = (folder / f"{kind}.pem").read_text().splitlines()
    template = SIGNATURE_TEMPLATE.format(certificate="".join(line for line in lines if "-----" not in line))
    (folder / "template.xml").write_text(template.replace(SIGNATURES["rsa-sha256"], SIGNATURES[algorithm]))
    xmlsec1(
        folder,
        *("--sign", "--id-attr:Id", "Body", "--privkey-pem", f"{kind}.key", "--output", "each.xml", "template.xml"),
    )
    required = Require(signed=["Body"], trust=TrustStore.of(signers[kind]), algorithms=profile("legacy"), replay=None)
    result = Security(inbound=required).verify(read((folder / "each.xml").read_bytes()))
    assert [one.name for one in result.signed] == ["Body"]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("cipher", CIPHERS)
def test_xmlsec1_decrypts_each_kind_of_our_encryption(cipher, transport, folder):
    encrypt = Encrypt(
        load_certificate(folder / "bob.pem"),
        algorithm=cipher,
        key_transport=transport,
        oaep_digest="sha1",
        data_reference="retrieval",
    )
    (folder / "each.xml").write_bytes(Security([encrypt]).apply(read(MESSAGE)).to_bytes())
    decrypt = ["--decrypt", "--id-attr:Id", "EncryptedKey", "--privkey-pem", "bob.key"]
    assert "<b:to>DE1</b:to>" in xmlsec1(folder, *decrypt, "each.xml")


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("cipher", CIPHERS)
def test_each_kind_of_encryption_of_xmlsec1_is_decrypted(cipher, transport, folder):
    name, _, mode = cipher.partition("-")
    uri = f"{CIPHER_URIS[mode]}{cipher}"
    template = ENCRYPTION_TEMPLATE.format(cipher=uri).replace("#rsa-oaep-mgf1p", f"#{transport}")
    (folder / "template.xml").write_text(template)
    xmlsec1(
        folder,
        *("--encrypt", "--pubkey-cert-pem", "bob.pem", "--session-key", SESSION_KEYS[name], "--xml-data"),
        *("message.xml", "--node-xpath", "//*[local-name()='Body']", "--output", "each.xml", "template.xml"),
    )
    assert "DE1<" not in (folder / "each.xml").read_text()
    soapkit(folder, "decrypt", "each.xml", "--key", "bob.p12", "--output", "plain.xml", "--profile", "legacy")
    assert "<b:to>DE1</b:to>" in (folder / "plain.xml").read_text()
