"""Keys that are agreed on (ECDH-ES, X25519, X448): encryption to certificates of elliptic curves."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree
from lxml.etree import _Element

from soapkit.errors import SecurityError, UsageError
from soapkit.security import (
    REQUEST,
    SHARED,
    SIGNER,
    Encrypt,
    KeyPair,
    Require,
    Security,
    SharedKey,
    Sign,
    Timestamp,
    XmlsecProvider,
    profile,
)
from soapkit.security.crypto.algorithms import MODERN
from soapkit.security.crypto.kdf import Derivation, read_derivation
from soapkit.security.explain import explain
from soapkit.security.markup import (
    AGREEMENT_METHOD,
    CONCAT_PARAMS,
    DER_KEY_VALUE,
    DIGEST_METHOD,
    EC_KEY_VALUE,
    ENCRYPTED_KEY,
    ENCRYPTION_METHOD,
    HKDF_KEY_LENGTH,
    HKDF_PRF,
    HKDF_SALT,
    KEY_DERIVATION_METHOD,
    KEY_VALUE,
    NAMED_CURVE,
    ORIGINATOR_KEY_INFO,
    PUBLIC_KEY,
    RECIPIENT_KEY_INFO,
)
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.xml.parse import parse_message

AUTHORITY = make_authority()
P384 = "urn:oid:1.3.132.0.34"
KINDS = ("ec", "ec-p384", "ec-p521", "x25519", "x448")


@pytest.fixture(scope="module")
def curves(keys) -> dict[str, KeyPair]:
    return {kind: make_keypair(kind, keys.authority, kind=kind) for kind in KINDS}


def message(text: str = "secret") -> Envelope:
    return Draft(SOAP_1_1, f"<x>{text}</x>").to_envelope()


def on_the_wire(envelope: Envelope) -> Envelope:
    return Envelope.read(parse_message(envelope.to_bytes()))


def encrypted(to: KeyPair, **settings) -> Envelope:
    return on_the_wire(Security(outbound=[Encrypt(to=to, **settings)]).apply(message()))


def opened(envelope: Envelope, *ours: KeyPair, **require) -> str:
    result = Security(inbound=Require(encrypted=["Body"], key=ours, **require)).verify(envelope)
    return result.envelope.content[0].text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("derivation", ["concat-kdf", "hkdf"])
@pytest.mark.parametrize("wrap", ["", "kw-aes128", "kw-aes192"])
def test_what_is_encrypted_to_a_curve_its_owner_reads(kind, derivation, wrap, curves):
    secured = encrypted(curves[kind], key_wrap=wrap, key_derivation=derivation)
    assert b"secret" not in secured.to_bytes()
    others = [pair for name, pair in curves.items() if name != kind]
    assert opened(secured, *others, curves[kind]) == "secret"


@pytest.mark.parametrize("reference", ["direct", "issuer-serial", "ski", "thumbprint", "embedded", "key-name"])
def test_the_receiver_is_named_in_every_way(reference, curves):
    secured = encrypted(curves["ec"], key_reference=reference)
    assert opened(secured, curves["x25519"], curves["ec"]) == "secret"


def test_the_answer_is_encrypted_to_the_curve_that_signed_the_request(curves, now, keys):
    service = Security(outbound=[Encrypt(to=SIGNER)], inbound=Require(signed=["Body"], trust=keys.trust, replay=None))
    signer = make_keypair("signer", keys.authority, kind="ec", now=now)
    request = service.verify(Security(outbound=[Sign(signer, parts=["Body"])]).apply(message(), now=now), now=now)
    assert opened(on_the_wire(service.apply(message("answer"), request=request)), signer) == "answer"


def test_a_shared_key_travels_to_a_curve_and_serves_both_ways(curves):
    client = Security(
        outbound=[Timestamp(), SharedKey(to=curves["x25519"]), Sign(SHARED), Encrypt(to=SHARED)],
        inbound=Require(signed=["Body"], encrypted=["Body"], shared_key=True),
    )
    server = Security(
        outbound=[SharedKey(to=REQUEST), Sign(SHARED, parts=["Body"]), Encrypt(to=SHARED)],
        inbound=Require(signed=["Body"], encrypted=["Body"], key=curves["x25519"], shared_key=True),
    )
    request = server.verify(on_the_wire(client.apply(message("ask"))))
    answer = client.verify(on_the_wire(server.apply(message("answer"), request=request)))
    assert answer.envelope.content[0].text == "answer"
    assert answer.signer == curves["x25519"].certificate


def test_each_message_has_an_ephemeral_key_of_its_own(curves):
    made = {encrypted(curves["ec"]).root.findtext(f".//{PUBLIC_KEY}") for _ in range(3)}
    assert len(made) == 3


def test_concat_kdf_is_that_of_rfc_7518():
    """Appendix C of RFC 7518, whose OtherInfo is what ours is: octets."""
    secret = bytes.fromhex("9e56d91d817135d372834283bf84269cfb316ea3da806a48f6daa7798cfe90c4")
    other = bytes.fromhex("000000074131323847434d00000005416c69636500000003426f6200000080")
    assert Derivation("concat-kdf", "sha256", other).key(secret, 16).hex() == "56aa8deaf8236d205c2228cd71a7101a"


def test_hkdf_is_that_of_rfc_5869():
    """Test case 1, and 3 without salt and info."""
    secret, salt = bytes([0x0B] * 22), bytes(range(13))
    made = Derivation("hkdf", "sha256", bytes(range(0xF0, 0xFA)), salt).key(secret, 42).hex()
    assert made.startswith("3cb25f25faacd57a90434f64d0362f2a") and made.endswith("185865")
    assert Derivation("hkdf", "sha256").key(secret, 42).hex().startswith("8da4e775a563c18f715f802a063c5a31")


def refused(envelope: Envelope, *ours: KeyPair, **require) -> str:
    with pytest.raises(SecurityError) as caught:
        opened(on_the_wire(envelope), *ours, **require)
    return str(caught.value)


def _drop(tag: str) -> Callable[[_Element], None]:
    def change(root: _Element) -> None:
        found = next(root.iter(tag))
        found.getparent().remove(found)

    return change


def _set(tag: str, name: str, value: str) -> Callable[[_Element], None]:
    return lambda root: next(root.iter(tag)).set(name, value)


def _text(tag: str, value: str) -> Callable[[_Element], None]:
    def change(root: _Element) -> None:
        next(root.iter(tag)).text = value

    return change


def _twice(tag: str) -> Callable[[_Element], None]:
    def change(root: _Element) -> None:
        found = next(root.iter(tag))
        found.addnext(etree.fromstring(etree.tostring(found)))

    return change


def _point(curve: ec.EllipticCurve, form: PublicFormat = PublicFormat.UncompressedPoint) -> str:
    key = ec.generate_private_key(curve).public_key()
    return b64encode(key.public_bytes(Encoding.X962, form)).decode()


def _der(kind: str) -> str:
    key = make_keypair("x", AUTHORITY, kind=kind).private_key.public_key()
    return b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_drop(ORIGINATOR_KEY_INFO), "needs one key of its sender, found 0"),
        (_drop(KEY_VALUE), "needs one key of its sender, found 0"),
        (_twice(KEY_VALUE), "needs one key of its sender, found 2"),
        (_drop(EC_KEY_VALUE), "is not understood"),
        (_drop(NAMED_CURVE), "expected a NamedCurve"),
        (_set(NAMED_CURVE, "URI", "urn:oid:1.3.132.0.10"), "on a curve that is not used here"),
        (_set(NAMED_CURVE, "URI", P384), "no point on its curve"),
        (_text(PUBLIC_KEY, b64encode(b"\x04" + bytes(64)).decode()), "no point on its curve"),
        (_text(PUBLIC_KEY, b64encode(b"\x04" + b"\x11" * 64).decode()), "no point on its curve"),
        (_text(PUBLIC_KEY, b64encode(b"\x00").decode()), "a compressed point"),
        (_text(PUBLIC_KEY, _point(ec.SECP256R1(), PublicFormat.CompressedPoint)), "a compressed point"),
        (_text(PUBLIC_KEY, ""), "a compressed point"),
        (_text(PUBLIC_KEY, _point(ec.SECP256R1())), "wrapped under another key"),
        (_drop(KEY_DERIVATION_METHOD), "does not say how the key is derived"),
        (_twice(KEY_DERIVATION_METHOD), "expected one KeyDerivationMethod"),
        (_set(KEY_DERIVATION_METHOD, "Algorithm", "http://www.w3.org/2009/xmlenc11#pbkdf2"), "is not understood"),
        (_drop(CONCAT_PARAMS), "expected a ConcatKDFParams"),
        (_set(CONCAT_PARAMS, "PartyUInfo", "00" * 2000), "at most 1024 bytes"),
        (_set(CONCAT_PARAMS, "PartyUInfo", "00ff"), "wrapped under another key"),
        (_set(CONCAT_PARAMS, "AlgorithmID", "09ff"), "shorter than it says"),
        (_set(CONCAT_PARAMS, "AlgorithmID", "01"), "shorter than it says"),
        (_set(CONCAT_PARAMS, "SuppPubInfo", "xyz"), "not hexadecimal"),
        (_set(AGREEMENT_METHOD, "Algorithm", "http://www.w3.org/2001/04/xmlenc#dh"), "is not allowed"),
        (_set(AGREEMENT_METHOD, "Algorithm", "http://www.w3.org/2021/04/xmldsig-more#x25519"), "none for x25519"),
        (_set(ENCRYPTION_METHOD, "Algorithm", "http://www.w3.org/2001/04/xmlenc#kw-tripledes"), "is not allowed"),
        (_set(ENCRYPTION_METHOD, "Algorithm", "http://www.w3.org/2001/04/xmlenc#kw-aes128"), "under another key"),
        (_set(ENCRYPTION_METHOD, "Algorithm", "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"), "is not followed"),
        (_drop(AGREEMENT_METHOD), "under another key"),
    ],
)
def test_a_hostile_agreement_is_refused(change, said, curves):
    secured = encrypted(curves["ec"])
    change(secured.root.find(f".//{ENCRYPTED_KEY}"))
    assert said in refused(secured, curves["ec"])


def test_a_key_of_another_curve_is_not_multiplied(curves):
    """A point on a curve that is not ours would tell of our key (invalid curve attack)."""
    secured = encrypted(curves["ec"])
    key = secured.root.find(f".//{ENCRYPTED_KEY}")
    key.find(f".//{NAMED_CURVE}").set("URI", P384)
    key.find(f".//{PUBLIC_KEY}").text = _point(ec.SECP384R1())
    assert "no key of ours is of the kind" in refused(secured, curves["ec"], curves["x25519"])


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b64encode(bytes.fromhex("302a300506032b656e032100") + bytes(32)).decode(), "agree on nothing"),
        (_der("x448"), "none for x25519"),
        (_der("ed25519"), "none for x25519"),
        (_der("rsa"), "none for x25519"),
        (b64encode(b"no key").decode(), "is no key"),
        (b64encode(bytes(5000)).decode(), "is no key"),
    ],
    ids=["zeros", "x448", "ed25519", "rsa", "text", "long"],
)
def test_a_hostile_key_of_x25519_is_refused(value, said, curves):
    secured = encrypted(curves["x25519"])
    secured.root.find(f".//{DER_KEY_VALUE}").text = value
    assert said in refused(secured, curves["x25519"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_set(HKDF_PRF, "Algorithm", "http://www.w3.org/2000/09/xmldsig#hmac-sha1"), "PRF of HKDF is not allowed"),
        (_set(HKDF_PRF, "Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1"), "PRF of HKDF is not allowed"),
        (_text(HKDF_KEY_LENGTH, "16"), "to make a key of 32 bytes"),
        (_text(HKDF_KEY_LENGTH, "99999999999"), "to make a key of 32 bytes"),
        (_text(HKDF_SALT, b64encode(bytes(2000)).decode()), "at most 1024 bytes"),
        (_text(HKDF_SALT, "AAAA"), "under another key"),
    ],
)
def test_a_hostile_hkdf_is_refused(change, said, curves):
    secured = encrypted(curves["x448"], key_derivation="hkdf")
    change(secured.root.find(f".//{ENCRYPTED_KEY}"))
    assert said in refused(secured, curves["x448"])


def test_sha1_derives_keys_under_a_legacy_profile_alone(curves):
    secured = encrypted(curves["ec"])
    method = secured.root.find(f".//{CONCAT_PARAMS}/{DIGEST_METHOD}")
    method.set("Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1")
    assert "digest algorithm" in refused(secured, curves["ec"])
    assert "under another key" in refused(secured, curves["ec"], algorithms=profile("legacy"))


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_a_key_of_another_kind_opens_nothing(kind, curves, keys):
    other = make_keypair("other", keys.authority, kind=kind)
    assert "no key of ours is of the kind" in refused(encrypted(curves["ec"]), other)
    if kind == "rsa":
        assert "holds no RSA key" in refused(encrypted(other), curves["ec"])


def test_another_owner_of_the_same_curve_reads_nothing(curves, keys):
    other = make_keypair("other", keys.authority, kind="ec")
    assert "under another key" in refused(encrypted(curves["ec"]), other)


def test_whom_it_is_for_is_a_hint_alone(curves):
    """A receiver that is named in a way that cannot be read, or not at all."""
    secured = encrypted(curves["ec"])
    info = secured.root.find(f".//{RECIPIENT_KEY_INFO}")
    del info[:]
    etree.SubElement(etree.SubElement(info, KEY_VALUE), EC_KEY_VALUE)
    assert opened(on_the_wire(secured), curves["x25519"], curves["ec"]) == "secret"
    info.getparent().remove(info)
    assert opened(on_the_wire(secured), curves["ec"]) == "secret"


def test_bit_strings_that_end_within_an_octet_are_put_side_by_side():
    """XML Encryption 1.1, 5.4.1: ``03D8`` are the five bits 11011."""
    method = parse_message(
        b'<e:KeyDerivationMethod xmlns:e="http://www.w3.org/2009/xmlenc11#" '
        b'Algorithm="http://www.w3.org/2009/xmlenc11#ConcatKDF">'
        b'<e:ConcatKDFParams AlgorithmID="00FF" PartyUInfo="03D8" PartyVInfo="05E0">'
        b'<d:DigestMethod xmlns:d="http://www.w3.org/2000/09/xmldsig#" '
        b'Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/></e:ConcatKDFParams></e:KeyDerivationMethod>'
    )
    assert read_derivation(method, 16, MODERN).info == bytes([0b11111111, 0b11011111])


def test_a_key_that_agrees_does_not_sign(curves):
    with pytest.raises(SecurityError, match="cannot sign"):
        Security(outbound=[Sign(curves["x25519"], parts=["Body"])]).apply(message())


def test_a_key_that_only_signs_is_not_encrypted_to(keys):
    with pytest.raises(SecurityError, match="holds no key to encrypt to"):
        encrypted(keys.edwards)


def test_the_other_provider_says_that_it_has_none(curves):
    security = Security(outbound=[Encrypt(to=curves["ec"])], provider=XmlsecProvider())
    with pytest.raises(SecurityError, match="has no key agreement"):
        security.apply(message())


def test_settings_that_cannot_be_meant_are_refused(curves):
    with pytest.raises(UsageError, match="no key wrap algorithm"):
        Encrypt(to=curves["ec"], key_wrap="kw-aes512")
    with pytest.raises(UsageError, match="concat-kdf or hkdf"):
        Encrypt(to=curves["ec"], key_derivation="pbkdf2")


def test_it_is_told_in_words(curves):
    told = explain(encrypted(curves["ec"], key_reference="direct"))
    assert "  key: wrapped with kw-aes256 under a key agreed on by ecdh-es with certificate CN=ec" in told
