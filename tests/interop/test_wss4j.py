"""Apache WSS4J 4, live: it verifies and decrypts what soapkit secured, with its Basic Security Profile checks on, and
soapkit what WSS4J secured.

The driver is java/Wss4jDriver.java; Maven fetches WSS4J once, into the user's cache.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from soapkit.errors import SecurityError
from soapkit.security import (
    SHARED,
    Encrypt,
    HeaderRules,
    PasswordKey,
    Require,
    Security,
    SharedKey,
    Sign,
    Timestamp,
    TrustStore,
    UsernameToken,
    profile,
)
from soapkit.security.crypto.algorithms import digest_uri, mgf_uri, signature_named, transport_named
from soapkit.security.crypto.certificates import der_of
from soapkit.security.drafted import content_of
from soapkit.security.throwaway import make_authority, make_keypair, write_keys
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import BY_LABEL, SOAP_1_1
from soapkit.xml.c14n import EXCLUSIVE, INCLUSIVE
from soapkit.xml.parse import parse_message
from tests.interop.java_driver import JAVA, Driver, built

AUTHORITY = make_authority()
CURVES = {  # by the name of the kind in Java
    "EC-256": make_keypair("curve 256", AUTHORITY, kind="ec"),
    "EC-384": make_keypair("curve 384", AUTHORITY, kind="ec-p384"),
    "EC-521": make_keypair("curve 521", AUTHORITY, kind="ec-p521"),
    "XDH-25519": make_keypair("curve 25519", AUTHORITY, kind="x25519"),
    "XDH-448": make_keypair("curve 448", AUTHORITY, kind="x448"),
}
AGREEMENTS = {
    "EC": "http://www.w3.org/2009/xmlenc11#ECDH-ES",
    "XDH-25519": "http://www.w3.org/2021/04/xmldsig-more#x25519",
    "XDH-448": "http://www.w3.org/2021/04/xmldsig-more#x448",
}
DERIVATIONS = {
    "concat-kdf": "http://www.w3.org/2009/xmlenc11#ConcatKDF",
    "hkdf": "http://www.w3.org/2021/04/xmldsig-more#hkdf",
}
BODY = (
    '<b:transfer xmlns:b="urn:bank" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="b:Kind">'
    "<b:to>DE1 é &amp;</b:to></b:transfer>"
)
HEADER = '<a:To xmlns:a="urn:addressing">http://bank.example/</a:To>'


@pytest.fixture(scope="session")
def folder(missing_peer: Callable[[str], NoReturn]) -> Path:
    return built(JAVA, "Wss4jDriver", "WSS4J", missing_peer)


class Wss4j(Driver):
    """The driver, running. `folder`: of the keys, and of the messages that go to and fro."""

    def __init__(self, jars: Path, folder: Path) -> None:
        super().__init__(jars, "Wss4jDriver", str(folder))
        self.folder = folder

    def verify(self, message: bytes, *, inclusive: bool = False) -> tuple[str, str]:
        """What it found, and the text of the Body. `inclusive`: signatures may be over that canonical form."""
        path = self.folder / "to-verify.xml"
        path.write_bytes(message)
        answer = self.ask("verify-inclusive" if inclusive else "verify", str(path))
        assert answer[0] == "ok", answer
        return answer[1], answer[2]

    def refuses(self, message: bytes) -> bool:
        path = self.folder / "to-refuse.xml"
        path.write_bytes(message)
        return self.ask("verify", str(path))[0] == "no"

    def make(self, message: bytes, steps: str) -> bytes:
        plain, made = self.folder / "plain.xml", self.folder / "made.xml"
        plain.write_bytes(message)
        answer = self.ask("make", str(plain), str(made), steps)
        assert answer[0] == "ok", answer
        return made.read_bytes()


@pytest.fixture(scope="module")
def peer(folder, tmp_path_factory):
    keys = tmp_path_factory.mktemp("wss4j")
    write_keys(keys, ["alice", "bob"], password="changeit")
    for name, pair in CURVES.items():
        (keys / f"{name}.pk8").write_bytes(
            pair.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        )
        (keys / f"{name}.der").write_bytes(der_of(pair.certificate))
    running = Wss4j(folder, keys)
    yield running
    running.close()


@pytest.fixture(scope="module")
def trust(peer):
    return TrustStore.load(peer.folder / "ca.pem")


def plain(version: str = "1.1") -> Envelope:
    return Draft(BY_LABEL[version], BODY, (HEADER,)).to_envelope()


def secured(*steps, version: str = "1.1") -> bytes:
    return Security(outbound=list(steps)).apply(plain(version)).to_bytes()


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_wss4j_accepts_a_message_signed_then_encrypted(version, peer, alice, bob):
    steps = [
        Timestamp(),
        UsernameToken("alice", "changeit", digest=True),
        Sign(alice, parts=["Body", "Timestamp", "UsernameToken", "To"]),
        Encrypt(to=bob, parts=["Body", "UsernameToken", "Signature"]),
    ]
    found, text = peer.verify(secured(*steps, version=version))
    assert "signature Body Timestamp UsernameToken To" in found
    assert "encryption" in found
    assert "username" in found
    assert text == "DE1 é &"


@pytest.mark.parametrize("derived", ["", "2005/12"])
@pytest.mark.parametrize("order", ["sign-first", "encrypt-first"])
@pytest.mark.parametrize("by", ["a key pair", "a shared key"])
def test_wss4j_undoes_what_was_done_after_a_shared_key(by, order, derived, peer, alice, bob):
    """With a key pair beside it: signed with the one and encrypted under the other, in either order."""
    steps = [Sign(alice), Encrypt(to=SHARED)] if by == "a key pair" else [Sign(SHARED), Encrypt(to=bob)]
    steps = steps if order == "sign-first" else steps[::-1]
    found, text = peer.verify(secured(Timestamp(), SharedKey(to=bob, derived=derived), *steps))
    assert "signature Body Timestamp" in found
    assert "encryption" in found
    assert text == "DE1 é &"


@pytest.mark.parametrize("by", ["its own key", "a shared key"])
@pytest.mark.parametrize("name", ["transfer", "b:transfer"])
def test_wss4j_decrypts_content_that_was_encrypted_as_it_was_written(name, by, peer, alice, bob):
    prefix, _, local = name.rpartition(":")
    declared = f'xmlns:{prefix}="urn:bank"' if prefix else 'xmlns="urn:bank"'
    content = f"<{name} {declared}>DE1 é &amp;</{name}>\n<{local} xmlns='urn:other'/>"
    encrypt = [Encrypt(to=bob)] if by == "its own key" else [SharedKey(to=bob), Encrypt(to=SHARED)]
    draft = Draft(SOAP_1_1, content, (HEADER,))
    assert content_of(draft, encrypt) == content.encode()
    secured = Security(outbound=[Timestamp(), Sign(alice), *encrypt]).apply_draft(draft)
    found, text = peer.verify(secured.to_bytes())
    assert "signature Body Timestamp" in found
    assert text.strip() == "DE1 é &"


@pytest.mark.parametrize("reference", ["direct", "path", "issuer-serial", "ski", "thumbprint", "embedded"])
def test_wss4j_follows_every_key_reference_we_write(reference, peer, alice, bob):
    opened = "direct" if reference == "path" else reference
    message = secured(Sign(alice, parts=["Body"], key_reference=reference), Encrypt(to=bob, key_reference=opened))
    assert peer.verify(message)[1] == "DE1 é &"


@pytest.mark.parametrize("reference", ["direct", "path", "issuer-serial", "ski", "thumbprint", "embedded"])
def test_wss4j_accepts_a_certificate_signed_through_its_reference(reference, peer, alice):
    assert peer.verify(secured(Sign(alice, parts=["Body", "STRTransform"], key_reference=reference)))[1] == "DE1 é &"


@pytest.mark.parametrize("algorithm", ["rsa-sha256", "rsa-sha512", "rsa-pss-sha256", "rsa-pss-sha512"])
@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_wss4j_accepts_our_signature_algorithms(algorithm, digest, peer, alice):
    assert "signature Body" in peer.verify(secured(Sign(alice, parts=["Body"], algorithm=algorithm, digest=digest)))[0]


@pytest.mark.parametrize(
    ("cipher", "transport", "digest", "mgf"),
    [
        ("aes128-gcm", "rsa-oaep-mgf1p", "sha1", "sha256"),
        ("aes256-gcm", "rsa-oaep-mgf1p", "sha256", "sha256"),
        ("aes256-gcm", "rsa-oaep", "sha256", "sha256"),
        ("aes256-gcm", "rsa-oaep", "sha256", "sha1"),
        ("aes256-gcm", "rsa-oaep", "sha384", "sha384"),
        ("aes256-gcm", "rsa-oaep", "sha512", "sha512"),
        ("aes128-cbc", "rsa-oaep-mgf1p", "sha256", "sha256"),
        ("aes256-cbc", "rsa-oaep", "sha256", "sha256"),
        ("tripledes-cbc", "rsa-oaep-mgf1p", "sha1", "sha256"),
    ],
)
def test_wss4j_decrypts_our_encryption_algorithms(cipher, transport, digest, mgf, peer, bob):
    """All but AES-192, which the Basic Security Profile leaves out (R5620)."""
    step = Encrypt(to=bob, algorithm=cipher, key_transport=transport, oaep_digest=digest, oaep_mgf=mgf)
    assert peer.verify(secured(step))[1] == "DE1 é &"


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("derivation", DERIVATIONS)
@pytest.mark.parametrize("reference", ["direct", "issuer-serial", "ski", "thumbprint"])
def test_wss4j_decrypts_what_we_encrypted_under_a_key_that_is_agreed_on(curve, derivation, reference, peer):
    wraps = {"direct": "kw-aes128", "ski": "kw-aes192"}  # and kw-aes256
    step = Encrypt(
        to=CURVES[curve], key_derivation=derivation, key_reference=reference, key_wrap=wraps.get(reference, "")
    )
    assert peer.verify(secured(step))[1] == "DE1 é &"


@pytest.mark.parametrize("before", [False, True])
def test_wss4j_accepts_signatures_over_the_inclusive_form(before, peer, alice, bob):
    sign = Sign(alice, parts=["Body", "Timestamp", "To"], canonical="inclusive")
    hide = Encrypt(to=bob, parts=["Body", *([] if before else ["Signature"])])
    message = secured(Timestamp(), *([hide, sign] if before else [sign, hide]))
    found, text = peer.verify(message, inclusive=True)
    assert "signature Body Timestamp To" in found
    assert text == "DE1 é &"
    assert peer.refuses(message), "the Basic Security Profile does not want it"


def test_wss4j_accepts_encryption_before_the_signature(peer, alice, bob):
    found, text = peer.verify(secured(Timestamp(), Encrypt(to=bob), Sign(alice)))
    assert "signature" in found
    assert text == "DE1 é &"


def test_wss4j_decrypts_an_encrypted_header(peer, alice, bob):
    found, _ = peer.verify(secured(Sign(alice, parts=["Body", "To"]), Encrypt(to=bob, parts=["Body", "To"])))
    assert "signature Body To" in found


def test_wss4j_accepts_a_message_signed_and_encrypted_under_one_shared_key(peer, bob):
    found, text = peer.verify(secured(Timestamp(), SharedKey(to=bob), Sign(SHARED), Encrypt(to=SHARED)))
    assert "signature Body Timestamp" in found
    assert text == "DE1 é &"


@pytest.mark.parametrize("derived", ["", "2005/12", "2005/02"])
def test_wss4j_accepts_a_message_signed_and_encrypted_under_keys_of_a_password(derived, peer):
    key = SharedKey(to=PasswordKey("alice", "changeit"), derived=derived)
    hidden = Encrypt(to=SHARED, algorithm="aes256-gcm" if derived else "aes128-cbc")
    found, text = peer.verify(secured(Timestamp(), key, Sign(SHARED), hidden))
    assert "signature Body Timestamp" in found
    assert "encryption" in found or "Body" in found
    assert text == "DE1 é &"
    wrong = SharedKey(to=PasswordKey("alice", "wrong"), derived=derived)
    assert peer.refuses(secured(Timestamp(), wrong, Sign(SHARED), hidden))


def test_wss4j_refuses_what_was_altered_on_the_way(peer, alice):
    """The control: its checks are on."""
    message = secured(Timestamp(), Sign(alice))
    assert not peer.refuses(message)
    assert peer.refuses(message.replace(b"DE1", b"DE2"))


def believed(message: bytes, bob, trust, **require):
    wanted = {"trust": trust, "key": bob, "replay": None, "certificates": [], "username": None} | require
    return Security(inbound=Require(**wanted)).verify(Envelope.read(parse_message(message)))


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_we_believe_what_wss4j_signed_then_encrypted(version, peer, bob, trust):
    message = peer.make(
        plain(version).to_bytes(),
        "timestamp;username,type=digest;sign,parts=Body|Timestamp|UsernameToken|To;encrypt,parts=Body|UsernameToken|Signature",
    )
    result = believed(
        message,
        bob,
        trust,
        signed=["Body", "Timestamp", "UsernameToken", "{urn:addressing}To"],
        encrypted=["Body", "UsernameToken"],
        username={"alice": "changeit"},
    )
    assert result.signer_name == "CN=alice"
    assert result.username == "alice"
    assert result.envelope.content[0][0].text == "DE1 é &"


@pytest.mark.parametrize("reference", ["direct", "issuer-serial", "ski", "thumbprint", "embedded"])
def test_we_follow_every_key_reference_of_wss4j(reference, peer, alice, bob, trust):
    message = peer.make(plain().to_bytes(), f"sign,reference={reference};encrypt,reference={reference}")
    result = believed(message, bob, trust, signed=["Body"], encrypted=["Body"], certificates=[alice.certificate])
    assert result.signer_name == "CN=alice"


@pytest.mark.parametrize("reference", ["direct", "issuer-serial", "ski", "thumbprint", "embedded"])
def test_we_follow_the_str_transform_of_wss4j(reference, peer, alice, bob, trust):
    message = peer.make(plain().to_bytes(), f"sign,reference={reference},parts=Body|STRTransform")
    result = believed(message, bob, trust, signed=["Body"], certificates=[alice.certificate])
    assert len(result.signed) == 2


@pytest.mark.parametrize("algorithm", ["rsa-sha256", "rsa-sha384", "rsa-sha512", "rsa-pss-sha256", "rsa-pss-sha512"])
def test_we_accept_the_signature_algorithms_of_wss4j(algorithm, peer, bob, trust):
    uri = signature_named(algorithm).uri
    message = peer.make(plain().to_bytes(), f"sign,algorithm={uri},digest={digest_uri('sha512')}")
    assert believed(message, bob, trust, signed=["Body"]).signed[0].algorithm == uri


@pytest.mark.parametrize(
    ("transport", "digest", "mgf"),
    [
        ("http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", "", ""),
        ("http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", "sha256", ""),
        ("http://www.w3.org/2009/xmlenc11#rsa-oaep", "sha256", "sha256"),
        ("http://www.w3.org/2009/xmlenc11#rsa-oaep", "sha512", "sha1"),
    ],
)
def test_we_decrypt_every_key_transport_of_wss4j(transport, digest, mgf, peer, bob, trust):
    step = f"encrypt,transport={transport}"
    step += f",digest={digest_uri(digest)}" if digest else ""
    step += f",mgf={mgf_uri(mgf)}" if mgf else ""
    result = believed(peer.make(plain().to_bytes(), step), bob, trust, encrypted=["Body"])
    assert result.envelope.content[0][0].text == "DE1 é &"


@pytest.mark.parametrize(
    "uri", ["2009/xmlenc11#aes128-gcm", "2001/04/xmlenc#aes256-cbc", "2001/04/xmlenc#tripledes-cbc"]
)
def test_we_decrypt_the_ciphers_of_wss4j(uri, peer, bob, trust):
    message = peer.make(plain().to_bytes(), f"encrypt,algorithm=http://www.w3.org/{uri}")
    result = believed(message, bob, trust, encrypted=["Body"], algorithms=profile("legacy"))
    assert result.envelope.content[0][0].text == "DE1 é &"


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("derivation", DERIVATIONS)
@pytest.mark.parametrize("wrap", ["kw-aes128", "kw-aes256"])
def test_we_decrypt_what_wss4j_encrypted_under_a_key_that_is_agreed_on(curve, derivation, wrap, peer):
    agreement = AGREEMENTS.get(curve) or AGREEMENTS["EC"]
    step = f"encrypt,to={curve},agreement={agreement},derivation={DERIVATIONS[derivation]}"
    message = peer.make(plain().to_bytes(), f"{step},transport=http://www.w3.org/2001/04/xmlenc#{wrap}")
    ours = [*(pair for name, pair in CURVES.items() if name != curve), CURVES[curve]]
    result = believed(message, ours, None, encrypted=["Body"])
    assert result.envelope.content[0][0].text == "DE1 é &"


def test_we_believe_what_wss4j_signed_over_the_inclusive_form(peer, bob, trust):
    steps = f"timestamp;sign,parts=Body|Timestamp|To,canonical={INCLUSIVE};encrypt,parts=Body|Signature"
    wanted = {"signed": ["Body", "Timestamp", "{urn:addressing}To"], "encrypted": ["Body"]}
    rules = HeaderRules(canonical="inclusive")
    assert believed(peer.make(plain().to_bytes(), steps), bob, trust, **wanted, rules=rules).signer_name == "CN=alice"
    with pytest.raises(SecurityError, match="a signature is not made over"):
        believed(peer.make(plain().to_bytes(), steps.replace(INCLUSIVE, EXCLUSIVE)), bob, trust, **wanted, rules=rules)


def test_we_believe_what_wss4j_encrypted_then_signed(peer, bob, trust):
    message = peer.make(plain().to_bytes(), "timestamp;encrypt;sign,parts=Body|Timestamp")
    assert believed(message, bob, trust, signed=["Body", "Timestamp"], encrypted=["Body"]).signer_name == "CN=alice"


@pytest.mark.parametrize("transport", ["rsa-oaep-mgf1p", "rsa-1_5"])
@pytest.mark.parametrize("first", ["alice", "bob"])
def test_we_decrypt_what_is_ours_where_wss4j_encrypted_for_two_in_one_header(first, transport, peer, bob):
    uri = transport_named(transport).uri
    to = {"alice": "encrypt,to=alice,parts=To", "bob": "encrypt,to=bob,parts=Body"}
    steps = sorted((f"{step},transport={uri}" for step in to.values()), key=lambda step: f"to={first}," not in step)
    received = Envelope.read(parse_message(peer.make(plain().to_bytes(), ";".join(steps))))
    require = Require(encrypted=["Body"], key=bob, algorithms=profile("legacy"))
    result = Security(inbound=require).verify(received)
    assert [each.name for each in result.encrypted] == ["Body"]
    assert any("for another receiver" in warning for warning in result.warnings)


def test_we_decrypt_the_encrypted_headers_of_wss4j(peer, bob, trust):
    message = peer.make(plain().to_bytes(), "sign,parts=Body|To;encrypt,parts=Body|To")
    wanted = ["Body", "{urn:addressing}To"]
    result = believed(message, bob, trust, signed=wanted, encrypted=wanted)
    assert "{urn:addressing}To" in [block.tag for block in result.envelope.headers]


def test_we_believe_a_mac_of_wss4j_under_a_key_it_sent(peer, bob):
    message = peer.make(plain().to_bytes(), "timestamp;mac")
    result = believed(message, bob, None, signed=["Body"], shared_key=True)
    assert result.signer is None
    assert [entry.name for entry in result.signed] == ["Body"]


@pytest.mark.parametrize("derived", ["", ",derived=true"])
def test_we_believe_what_wss4j_signed_and_encrypted_under_keys_of_a_password(derived, peer):
    message = peer.make(plain().to_bytes(), f"timestamp;password-key{derived}")
    wanted = {"signed": ["Body"], "encrypted": ["Body"], "password_keys": True, "algorithms": profile("legacy")}
    result = believed(message, (), None, username={"alice": "changeit"}, **wanted)
    assert result.username == "alice"
    assert result.envelope.content[0][0].text == "DE1 é &"
    with pytest.raises(SecurityError):
        believed(message, (), None, username={"alice": "another"}, **wanted)


def test_plain_messages_of_either_side_are_not_taken_for_secured_ones(peer):
    assert peer.refuses(Draft(SOAP_1_1, BODY).to_envelope().to_bytes())
