"""Which certificate is believed, at which time; which names and identifiers mean the same."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import serialize_certificates

from soapkit.errors import SecurityError, UsageError
from soapkit.security import (
    KeyPair,
    MemoryReplayStore,
    RedisReplayStore,
    Require,
    Security,
    Sign,
    SqliteReplayStore,
    Timestamp,
    TrustStore,
    load_certificate,
    load_certificates,
    profile,
)
from soapkit.security.crypto.certificates import certificate_from_der
from soapkit.security.crypto.jks import MAGIC, read_jks
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.security.trust.names import names_the_same
from soapkit.soap.envelope import Draft
from soapkit.soap.version import SOAP_1_1


def name(**attributes: str) -> x509.Name:
    oids = {
        "cn": x509.NameOID.COMMON_NAME,
        "o": x509.NameOID.ORGANIZATION_NAME,
        "st": x509.NameOID.STATE_OR_PROVINCE_NAME,
    }
    oids["email"] = x509.NameOID.EMAIL_ADDRESS
    return x509.Name([x509.NameAttribute(oids[key], value) for key, value in attributes.items()])


@pytest.mark.parametrize(
    "text",
    [
        "CN=Alice,O=Example\\, Inc.,ST=Ohio,1.2.840.113549.1.9.1=a@example.org",
        "O=Example\\, Inc., CN=Alice, S=Ohio, E=a@example.org",
        'emailAddress=a@example.org; st = ohio ; O="Example, Inc." ; CN=ALICE',
        "CN=Alice+O=Example\\2C Inc.,ST=Ohio,OID.1.2.840.113549.1.9.1=a@example.org",
        "1.2.840.113549.1.9.1=#160d61406578616d706c652e6f7267,CN=Alice,O=Example\\, Inc.,ST=Ohio",
        "E=#1e1a00610040006500780061006d0070006c0065002e006f00720067,CN=Alice,O=Example\\, Inc.,ST=Ohio",
    ],
)
def test_a_distinguished_name_is_compared_by_what_it_says(text):
    assert names_the_same(text, name(cn="Alice", o="Example, Inc.", st="Ohio", email="a@example.org"))


def test_the_names_of_persons_are_known_by_each_of_their_types():
    person = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.SURNAME, "Doe"),
            x509.NameAttribute(x509.NameOID.GIVEN_NAME, "Jane"),
            x509.NameAttribute(x509.NameOID.SERIAL_NUMBER, "17"),
            x509.NameAttribute(x509.NameOID.ORGANIZATION_IDENTIFIER, "VATDE-1"),
        ]
    )
    for text in (
        "SERIALNUMBER=17, G=Jane, SN=Doe, OID.2.5.4.97=VATDE-1",
        "organizationIdentifier=VATDE-1,2.5.4.5=#13023137,2.5.4.42=#0c044a616e65,2.5.4.4=#0c03446f65",
    ):
        assert names_the_same(text, person)


@pytest.mark.parametrize("text", ["CN=Alice\\20\\20,C=US", "CN=Alice \\ ,C=US", 'CN="Alice  ",C=US'])
def test_blanks_at_the_end_of_a_value_may_be_escaped(text):
    country = x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "US")
    assert names_the_same(text, x509.Name([*name(cn="Alice  "), country]))


@pytest.mark.parametrize(
    "text",
    [
        "CN=Alice",
        "CN=#16",
        "CN=#zz,O=Example",
        "CN=#1605416c696365,O=Other",
        "CN=Alice,O=Other",
        "",
        "Alice",
        "CN=Alice,O=Example,O=Example",
        "=,=",
        "CN=Bob\\",
    ],
)
def test_another_name_is_another_name(text):
    assert not names_the_same(text, name(cn="Alice", o="Example"))


def test_an_intermediate_authority_travels_in_a_path(keys, now):
    root = make_authority("root", now=now)
    middle = make_authority("middle", now=now, issuer=root)
    carol = make_keypair("carol", middle, now=now)
    carol = KeyPair(carol.private_key, carol.certificate, (middle.certificate,))
    plain = Draft(SOAP_1_1, "<x/>").to_envelope()
    require = Require(signed=["Body"], trust=TrustStore.of(root), replay=None)
    with_path = Security(outbound=[Sign(carol, parts=["Body"], key_reference="path")]).apply(plain, now=now)
    assert Security(inbound=require).verify(with_path, now=now).signer_name == "CN=carol"
    alone = Security(outbound=[Sign(carol, parts=["Body"])]).apply(plain, now=now)
    with pytest.raises(SecurityError, match="not trusted"):
        Security(inbound=require).verify(alone, now=now)


def test_a_path_no_longer_than_an_authority_allows(now):
    root = make_authority("root", now=now)  # path length 1
    middle = make_authority("middle", now=now, issuer=root)
    too_deep = make_authority("too deep", now=now, issuer=middle)
    leaf = make_keypair("leaf", too_deep, now=now)
    trust = TrustStore.of(root)
    assert trust.check(make_keypair("fine", middle, now=now).certificate, (middle.certificate,), now)
    with pytest.raises(SecurityError, match="not trusted"):
        trust.check(leaf.certificate, (too_deep.certificate, middle.certificate), now)


def revoking(authority: KeyPair, *revoked: KeyPair, made, signer: KeyPair | None = None) -> bytes:
    builder = x509.CertificateRevocationListBuilder().issuer_name(authority.certificate.subject)
    builder = builder.last_update(made).next_update(made + timedelta(days=7))
    for keypair in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(keypair.certificate.serial_number).revocation_date(made)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign((signer or authority).private_key, hashes.SHA256()).public_bytes(Encoding.PEM)


def test_a_revoked_certificate_is_not_believed(keys, now):
    authority = keys.authority.certificate.public_bytes(Encoding.PEM)
    trust = TrustStore.load(authority, revoked=[revoking(keys.authority, keys.alice, made=now)])
    with pytest.raises(SecurityError, match="CN=alice has been revoked"):
        trust.check(keys.alice.certificate, (), now)
    assert trust.check(keys.bob.certificate, (), now)
    with pytest.raises(SecurityError, match="out of date"):
        trust.check(keys.bob.certificate, (), now + timedelta(days=8))
    forged = TrustStore.load(authority, revoked=[revoking(keys.authority, made=now, signer=keys.mallory)])
    with pytest.raises(SecurityError, match="not signed by it"):
        forged.check(keys.bob.certificate, (), now)


def test_a_revocation_list_of_every_authority_may_be_required(keys, now):
    middle = make_authority("middle", now=now, issuer=keys.authority)
    leaf, others = make_keypair("leaf", middle, now=now).certificate, (middle.certificate,)
    authority = keys.authority.certificate.public_bytes(Encoding.PEM)
    by_root, by_middle = revoking(keys.authority, made=now), revoking(middle, made=now)
    assert TrustStore.load(authority, revoked=[by_root]).check(leaf, others, now)
    with pytest.raises(SecurityError, match="no revocation list of CN=middle is given, and one is required"):
        TrustStore.load(authority, revoked=[by_root], revocation="required").check(leaf, others, now)
    assert TrustStore.load(authority, revoked=[by_root, by_middle], revocation="required").check(leaf, others, now)


def test_a_trust_store_is_loaded_from_files_and_folders(keys, tmp_path, now):
    (tmp_path / "ca.pem").write_bytes(keys.authority.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "other.crt").write_bytes(keys.mallory.certificate.public_bytes(Encoding.DER))
    (tmp_path / "notes.txt").write_text("none")
    assert len(TrustStore.load(tmp_path).certificates) == 2
    assert repr(TrustStore.load(tmp_path / "ca.pem")) == "TrustStore(CN=soapkit throw-away authority)"
    for source, told in ((tmp_path / "none", "cannot be read"), (tmp_path / "notes.txt", "neither PEM")):
        with pytest.raises(SecurityError, match=told):
            TrustStore.load(source)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SecurityError, match="no certificate file in this folder"):
        TrustStore.load(tmp_path / "empty")
    with pytest.raises(SecurityError, match="the trust store is empty"):
        TrustStore(()).check(keys.alice.certificate, (), now)


def numbered_below_zero(certificate):
    """The certificate with a serial number that is negative, as old tools made them; RFC 5280, 4.1.2.2 forbids it."""
    der = certificate.public_bytes(Encoding.DER)
    at = der.index(b"\xa0\x03\x02\x01\x02\x02") + 5
    return der[: at + 2] + b"\x80" + der[at + 3 :]


@pytest.mark.filterwarnings("error")
def test_a_serial_number_that_is_not_positive_is_told_where_warnings_are_errors(keys):
    bad = numbered_below_zero(keys.alice.certificate)
    pem = b"-----BEGIN CERTIFICATE-----\n" + b64encode(bad) + b"\n-----END CERTIFICATE-----\n"
    for read in (certificate_from_der, load_certificate):
        with pytest.raises(SecurityError, match=r"not an X.509 certificate: .*number which wasn't positive"):
            read(bad)
    with pytest.raises(SecurityError, match=r"a certificate in it cannot be read: .*serial number"):
        TrustStore.load(pem)


def test_a_damaged_certificate_in_pem_is_told_as_that():
    damaged = b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
    with pytest.raises(SecurityError, match="a certificate in it cannot be read"):
        load_certificate(damaged)


def test_a_password_that_is_no_text_is_told(keys):
    with pytest.raises(SecurityError, match="the password is not text in UTF-8"):
        KeyPair.load(b"", "secret\udcff")
    with pytest.raises(SecurityError, match="the password of a Java key store is text"):
        KeyPair.load(b"\xfe\xed\xfe\xed", b"\xff")


def test_a_certificate_about_to_expire_is_told(keys, now):
    dave = make_keypair("dave", keys.authority, now=now, days=10)
    message = Security(outbound=[Sign(dave, parts=["Body"])]).apply(Draft(SOAP_1_1, "<x/>").to_envelope(), now=now)
    result = Security(inbound=Require(signed=["Body"], trust=keys.trust)).verify(message, now=now)
    assert any("CN=dave expires on 2026-12-03" in warning for warning in result.warnings)


def test_memory_forgets_what_has_expired_and_is_never_overfull(now):
    store = MemoryReplayStore(capacity=2)
    assert store.claim("a", 10, now=now)
    assert not store.claim("a", 10, now=now + timedelta(seconds=9))
    assert store.claim("a", 10, now=now + timedelta(seconds=10))
    assert store.claim("b", 10, now=now + timedelta(seconds=10))
    with pytest.raises(SecurityError, match="full"):
        store.claim("c", 10, now=now + timedelta(seconds=10))


def test_of_four_processes_one_gets_each_key(tmp_path, now):
    store = tmp_path / "replay.sqlite"
    SqliteReplayStore(store)
    script = (
        "import sys; from datetime import UTC, datetime; from soapkit.security.replay import SqliteReplayStore\n"
        "store = SqliteReplayStore(sys.argv[1]); now = datetime.now(UTC)\n"
        "print(sum(store.claim(f'k{n}', 60, now=now) for n in range(50)))"
    )
    root = str(Path(__file__).resolve().parents[2])
    running = [
        subprocess.Popen([sys.executable, "-c", script, store], stdout=subprocess.PIPE, text=True, cwd=root)
        for _ in range(4)
    ]
    counts = [int(process.communicate(timeout=60)[0]) for process in running]
    assert sum(counts) == 50


def test_a_file_forgets_what_has_expired(tmp_path, now):
    store = SqliteReplayStore(tmp_path / "replay.sqlite")
    assert store.claim("a", 10, now=now)
    assert not store.claim("a", 10, now=now)
    assert store.claim("a", 10, now=now + timedelta(seconds=10))


def test_redis_is_asked_once_and_trusted_to_be_atomic(now):
    asked = []

    class Client:
        def set(self, name, value, *, ex, nx):
            asked.append((name, ex, nx))
            return True if len(asked) == 1 else None

    store = RedisReplayStore(Client())
    assert [store.claim("a", 10, now=now), store.claim("a", 10, now=now)] == [True, False]
    assert asked == [("soapkit:replay:a", 10, True)] * 2

    class Down:
        def set(self, name, value, *, ex, nx):
            raise ConnectionError("no route")

    with pytest.raises(SecurityError, match="no route"):
        RedisReplayStore(Down()).claim("a", 10, now=now)


def test_the_package_loads_no_cryptography_until_it_is_asked():
    script = "import sys, soapkit.security; print({'cryptography', 'xmlsec'} & set(sys.modules))"
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "set()"


JAVA = "cxf/rt/ws/security/src/test/resources"


def test_a_java_key_store_gives_the_same_key_as_its_conversion(vectors):
    converted = vectors / "p12-converted/cxf__rt__ws__security__src__test__resources__privatestore.jks.p12"
    store = vectors / JAVA / "privatestore.jks"
    loaded = KeyPair.load(store, "keyStorePassword", key_password="myAliasPassword")
    assert loaded.certificate == KeyPair.load(converted, "changeit").certificate
    assert KeyPair.load(store, "keyStorePassword", alias="myAlias", key_password="myAliasPassword").kind == "rsa"
    for arguments, told in (
        ({"password": "no"}, "key store is wrong"),
        ({"password": "keyStorePassword"}, "password of the key 'myalias' is wrong"),
        ({"password": "keyStorePassword", "alias": "other"}, "no key 'other'; there are: myalias"),
    ):
        with pytest.raises(SecurityError, match=told):
            KeyPair.load(store, **arguments)


def test_the_certificates_of_a_java_key_store_are_trusted(vectors):
    store = vectors / "wss4j-keys/ws-security-common/src/test/resources/keys/wss40CA.jks"
    assert "CN=Werner" in repr(TrustStore.load(store, password="security"))
    assert TrustStore.load(store) == TrustStore.load(store, password="security")
    with pytest.raises(SecurityError, match="key store is wrong"):
        TrustStore.load(store, password="no")


def test_a_java_key_store_with_several_keys_wants_to_know_which(vectors):
    store = vectors / "wss4j-keys/ws-security-common/src/test/resources/keys/wss40.jks"
    with pytest.raises(SecurityError, match="which key"):
        KeyPair.load(store, "security")
    assert [KeyPair.load(store, "security", alias=alias).kind for alias in ("wss40", "wss40ec")] == ["rsa", "ec"]
    with pytest.raises(SecurityError, match="not used here"):
        KeyPair.load(store, "security", alias="wss40dsa")


def test_every_java_key_store_among_the_vectors_is_read(vectors):
    stores = [path.read_bytes() for path in vectors.rglob("*.jks")]
    entries = [entry for data in stores if data.startswith(MAGIC) for entry in read_jks(data, None)]
    assert len(entries) >= 40
    assert all(entry.certificates for entry in entries)


def test_no_damaged_java_key_store_raises_anything_else(vectors):
    data = (vectors / JAVA / "privatestore.jks").read_bytes()
    for at in range(0, len(data), 3):
        for damaged in (data[:at], data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]):
            with pytest.raises(SecurityError):
                KeyPair.load(damaged, "keyStorePassword", key_password="myAliasPassword")
            with contextlib.suppress(SecurityError):
                TrustStore.load(damaged)


def test_a_path_once_found_is_still_checked_for_time_and_revocation(keys, now):
    trust = TrustStore.of(keys.authority)
    assert trust.check(keys.alice.certificate, (), now) == trust.check(keys.alice.certificate, (), now)
    with pytest.raises(SecurityError, match="expired on"):
        trust.check(keys.alice.certificate, (), now + timedelta(days=40))
    short_lived = make_authority("short", now=now, days=1)
    carol = make_keypair("carol", short_lived, now=now, days=30)
    trust = TrustStore.of(short_lived)
    assert trust.check(carol.certificate, (), now)
    with pytest.raises(SecurityError, match="CN=short expired on"):
        trust.check(carol.certificate, (), now + timedelta(days=2))


def test_a_pinned_certificate_need_not_have_extensions_that_can_be_read(keys, now):
    """Some authorities' are not in DER, as those of the trusted lists of two member states of the European Union."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder(name(cn="odd"), name(cn="odd"), key.public_key(), 7)
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    garbage = x509.UnrecognizedExtension(x509.OID_KEY_USAGE, b"\xff")
    odd = builder.add_extension(garbage, critical=False).sign(key, hashes.SHA256())
    assert TrustStore.of(odd).check(odd, (), now) == (odd,)
    with pytest.raises(SecurityError, match="the extensions of certificate CN=odd cannot be read"):
        keys.trust.check(odd, (), now)


def test_a_path_once_found_is_refused_when_it_is_too_early_or_its_revocation_list_is_out_of_date(keys, now):
    authority = keys.authority.certificate.public_bytes(Encoding.PEM)
    trust = TrustStore.load(authority, revoked=[revoking(keys.authority, keys.mallory, made=now)])
    assert trust.check(keys.alice.certificate, (), now)
    with pytest.raises(SecurityError, match="is not valid before"):
        trust.check(keys.alice.certificate, (), now - timedelta(days=400))
    with pytest.raises(SecurityError, match="out of date"):
        trust.check(keys.alice.certificate, (), now + timedelta(days=8))


def test_a_path_that_one_store_found_says_nothing_to_another(keys, now):
    trust = TrustStore.of(keys.authority)
    assert trust.check(keys.alice.certificate, (), now)
    with pytest.raises(SecurityError, match="none of the subjects"):
        replace(trust, subjects=("CN=bob",)).check(keys.alice.certificate, (), now)


def test_who_certified_a_signer_may_be_narrowed(keys, now):
    authority = keys.authority.certificate.public_bytes(Encoding.PEM)
    between = make_authority("between", now=now, issuer=keys.authority)
    leaf, others = make_keypair("leaf", between, kind="ec", now=now).certificate, (between.certificate,)
    assert TrustStore.load(authority, issuers=["CN=between"]).check(leaf, others, now)
    with pytest.raises(SecurityError, match="CN=alice is from none of the issuers"):
        TrustStore.load(authority, issuers=["CN=between"]).check(keys.alice.certificate, (), now)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"subjects": "CN=alice"}, "subjects= is a list"),
        ({"issuers": "CN=alice"}, "issuers= is a list"),
        ({"revoked": "a.crl"}, "revoked= is a list"),
        ({"ocsp": b"..."}, "ocsp= is a list"),
        ({"subjects": ["CN=(alice"]}, "no regular expression 'CN=.alice'"),
    ],
)
def test_settings_of_a_trust_store_that_would_mean_something_else_are_told(settings, told):
    with pytest.raises(UsageError, match=told):
        TrustStore.load(**settings)


def test_certificates_are_read_from_pkcs7(keys):
    certificates = [keys.authority.certificate, keys.mallory.certificate]
    for encoding in (Encoding.PEM, Encoding.DER):
        assert set(load_certificates(serialize_certificates(certificates, encoding))) == set(certificates)


def test_a_store_that_is_not_read_is_told_with_how_to_convert_it(tmp_path):
    (tmp_path / "keys.jceks").write_bytes(b"\xce\xce\xce\xce\0\0\0\2")
    for load in (KeyPair.load, TrustStore.load):
        with pytest.raises(SecurityError, match="JCEKS is not read; convert it: keytool -importkeystore"):
            load(tmp_path / "keys.jceks")


def test_a_file_without_a_private_key_is_told_as_that(keys):
    with pytest.raises(SecurityError, match="there is no private key in it"):
        KeyPair.load(keys.alice.certificate.public_bytes(Encoding.PEM))


def test_a_small_key_is_refused_though_its_certificate_is_trusted(keys, now):
    key = ec.generate_private_key(ec.SECP192R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tiny")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    tiny = KeyPair(key, builder.sign(key, hashes.SHA256()))
    message = Security(outbound=[Sign(tiny, parts=["Body"])]).apply(Draft(SOAP_1_1, "<x/>").to_envelope(), now=now)
    require = Require(signed=["Body"], trust=TrustStore.of(tiny))
    with pytest.raises(SecurityError, match="EC key of CN=tiny has 192 bits; at least 224"):
        Security(inbound=require).verify(message, now=now)
    old = replace(require, algorithms=profile("basic256"))
    assert old.algorithms.ec_bits == 160


@pytest.mark.parametrize("name", ["TripleDes", "TripleDesSha256Rsa15", "Basic192Rsa15", "Basic256GCMSha256"])
def test_a_profile_is_named_as_security_policies_name_it(name):
    assert profile(name).name == name.lower()
    assert any("64 bits" in each for each in profile(name).warnings) == name.startswith("TripleDes")


def test_a_time_without_a_zone_and_an_age_of_nothing_are_told(now):
    plain = Draft(SOAP_1_1, "<x/>").to_envelope()
    for verb in (Security().verify, Security(outbound=[Timestamp()]).apply):
        with pytest.raises(UsageError, match="needs a time zone"):
            verb(plain, now=now.replace(tzinfo=None))
    for settings in ({"max_age": 0}, {"skew": -1}):
        with pytest.raises(UsageError, match="a second at least"):
            Require(**settings)
