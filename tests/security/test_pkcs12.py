"""PKCS#12 files with several keys in one, as Java writes its key stores."""

from __future__ import annotations

import contextlib

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from soapkit import xmldsig
from soapkit.cli.main import main
from soapkit.errors import SecurityError
from soapkit.security import KeyPair
from soapkit.security.throwaway import make_authority, make_keypair


def der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = bytes([len(content)]) if len(content) < 128 else b"\x82" + len(content).to_bytes(2, "big")
    return bytes([tag]) + size + content


def oid(under_pkcs: str) -> bytes:
    return der(0x06, bytes.fromhex("2a864886f70d01" + under_pkcs))


def data(octets: bytes) -> bytes:
    return der(0x30, oid("0701"), der(0xA0, der(0x04, octets)))


def bag(kind: str, value: bytes, alias: str) -> bytes:
    name = der(0x30, oid("0914"), der(0x31, der(0x1E, alias.encode("utf-16-be"))))
    return der(0x30, oid(f"0c0a01{kind}"), der(0xA0, value), der(0x31, name))


def store(**keypairs: KeyPair) -> bytes:
    """A key store without a MAC, its password "secret"."""
    bags = []
    for alias, pair in keypairs.items():
        key = pair.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
        certificate = der(0x04, pair.certificate.public_bytes(Encoding.DER))
        bags.append(bag("02", key, alias))
        bags.append(bag("03", der(0x30, oid("091601"), der(0xA0, certificate)), alias))
    return der(0x30, der(0x02, b"\x03"), data(der(0x30, data(der(0x30, *bags)))))


@pytest.fixture(scope="module")
def people() -> dict[str, KeyPair]:
    authority = make_authority()
    return {"authority": authority} | {name: make_keypair(name, authority) for name in ("alice", "bob")}


@pytest.mark.parametrize("alias", ["alice", "bob", "Bob"])
def test_the_key_of_an_alias_is_the_one_that_is_loaded(people, alias):
    loaded = KeyPair.load(store(**people), "secret", alias=alias)
    assert loaded.certificate == people[alias.lower()].certificate
    assert loaded.chain == (people["authority"].certificate,)


def test_without_an_alias_it_is_the_first(people):
    assert KeyPair.load(store(**people), "secret").certificate == people["authority"].certificate


def test_an_alias_that_is_not_there_is_told_with_those_that_are(people):
    with pytest.raises(SecurityError, match="it holds no key 'carol'; there are: authority, alice, bob"):
        KeyPair.load(store(**people), "secret", alias="carol")


def test_no_damaged_file_raises_anything_else(people):
    whole = store(bob=people["bob"])
    for cut in range(0, len(whole), len(whole) // 16):
        with contextlib.suppress(SecurityError):
            KeyPair.load(whole[:cut] + b"\xff" + whole[cut + 1 :], "secret", alias="bob")
        with pytest.raises(SecurityError):
            KeyPair.load(whole[:cut], "secret", alias="bob")


def test_a_command_takes_the_key_of_an_alias(people, tmp_path, capsysbinary):
    (tmp_path / "keys.p12").write_bytes(store(**people))
    (tmp_path / "plain.xml").write_bytes(b"<a/>")
    arguments = ["--key", str(tmp_path / "keys.p12"), "--password", "secret", "--alias", "bob"]
    with pytest.raises(SystemExit) as left:
        main(["xmldsig", "sign", str(tmp_path / "plain.xml"), *arguments])
    assert left.value.code == 0
    assert xmldsig.verify(capsysbinary.readouterr().out, trust=people["bob"].certificate).signer_name == "CN=bob"
