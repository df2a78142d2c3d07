"""What revocation lists and OCSP responses tell of a certificate, and whom one may ask."""

from __future__ import annotations

import contextlib
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from soapkit.errors import SecurityError, UsageError
from soapkit.security import KeyPair, OcspResponders, TrustStore
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.transport.ocsp import poster

HOUR = timedelta(hours=1)
AT_PORT = "http://ocsp.example/"


def certified(name, authority, now, *extensions, serial=None, days=30) -> KeyPair:
    """A key pair whose certificate has these extensions."""
    made = make_keypair(name, authority, kind="ec", now=now)
    builder = x509.CertificateBuilder(
        authority.certificate.subject,
        made.certificate.subject,
        made.certificate.public_key(),
        serial or x509.random_serial_number(),
        now - HOUR,
        now + timedelta(days=days),
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return KeyPair(made.private_key, builder.sign(authority.private_key, hashes.SHA256()))


def answering(authority, now, *extensions, days=30) -> KeyPair:
    """Whom an authority has certified for answering."""
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
    return certified("responder", authority, now, usage, *extensions, days=days)


def naming_responder(address=AT_PORT) -> x509.AuthorityInformationAccess:
    place = x509.UniformResourceIdentifier(address)
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)],
    )


def response(
    about: KeyPair,
    authority: KeyPair,
    now,
    *,
    signer: KeyPair | None = None,
    status=ocsp.OCSPCertStatus.GOOD,
    until=HOUR,
    hashed=hashes.SHA1,
    by_key=True,
    enclosed=(),
    extensions=(),
) -> bytes:
    signer = signer or authority
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        about.certificate,
        authority.certificate,
        hashed(),
        status,
        now,
        now + until if until is not None else None,
        now - HOUR if revoked else None,
        None,
    )
    encoding = ocsp.OCSPResponderEncoding.HASH if by_key else ocsp.OCSPResponderEncoding.NAME
    builder = builder.responder_id(encoding, signer.certificate)
    if enclosed:
        builder = builder.certificates([each.certificate for each in enclosed])
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer.private_key, hashes.SHA256()).public_bytes(Encoding.DER)


def with_sha1(signed: bytes, octets: bytes, signer: KeyPair) -> bytes:
    """The same, signed with RSA-SHA1, which the cryptography library does not do any more."""
    sha256, sha1 = (bytes.fromhex(f"2a864886f70d0101{last}") for last in ("0b", "05"))  # RFC 8017, A.2.4
    value = signer.private_key.sign(octets.replace(sha256, sha1), padding.PKCS1v15(), hashes.SHA1())
    return signed.replace(sha256, sha1)[: -len(value)] + value


def der(tag: int, *content: bytes) -> bytes:
    """One element of DER, up to 64 KiB long."""
    inside = b"".join(content)
    size = bytes([len(inside)]) if len(inside) < 128 else b"\x82" + len(inside).to_bytes(2, "big")
    return bytes([tag]) + size + inside


def with_pss(signed: bytes, signer: KeyPair, hashed=hashes.SHA256(), digest="0609608648016503040201") -> bytes:  # noqa: B008 -- a value
    """The same, signed with RSASSA-PSS, which the builder does not do (RFC 4055, 3.1; RFC 6960, 4.2.1)."""
    octets = ocsp.load_der_ocsp_response(signed).tbs_response_bytes
    value = signer.private_key.sign(octets, padding.PSS(padding.MGF1(hashed), hashed.digest_size), hashed)
    used = der(0x30, bytes.fromhex(digest), der(0x05))
    mask = der(0x30, bytes.fromhex("06092a864886f70d010108"), used)
    parameters = der(0x30, der(0xA0, used), der(0xA1, mask), der(0xA2, der(0x02, bytes([hashed.digest_size]))))
    algorithm = der(0x30, bytes.fromhex("06092a864886f70d01010a"), parameters)
    basic = der(0x30, octets, algorithm, der(0x03, b"\x00", value))
    kind = bytes.fromhex("06092b0601050507300101")  # id-pkix-ocsp-basic
    return der(0x30, der(0x0A, b"\x00"), der(0xA0, der(0x30, kind, der(0x04, basic))))


def pem(keypair: KeyPair) -> bytes:
    return keypair.certificate.public_bytes(Encoding.PEM)


def check(keys, now, *responses, who=None, revocation="required", **settings):
    trust = TrustStore.load(pem(keys.authority), ocsp=responses, revocation=revocation, **settings)
    return trust.check((who or keys.alice).certificate, (), now)


# --- OCSP ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hashed", [hashes.SHA1, hashes.SHA256, hashes.SHA384])
@pytest.mark.parametrize("by_key", [True, False])
def test_a_response_of_the_issuer_is_believed_whatever_hash_names_the_certificate(keys, now, hashed, by_key):
    assert check(keys, now, response(keys.alice, keys.authority, now, hashed=hashed, by_key=by_key))


def test_a_response_of_whom_the_issuer_certified_for_that_is_believed(keys, now):
    by = answering(keys.authority, now)
    assert check(keys, now, response(keys.alice, keys.authority, now, signer=by, enclosed=[by]))


@pytest.mark.parametrize("revocation", ["given", "required"])
def test_a_revoked_certificate_is_refused(keys, now, revocation):
    told = response(keys.alice, keys.authority, now, status=ocsp.OCSPCertStatus.REVOKED)
    with pytest.raises(SecurityError, match="CN=alice has been revoked"):
        check(keys, now, told, revocation=revocation)


@pytest.mark.parametrize("revocation", ["given", "required"])
def test_a_certificate_that_the_responder_does_not_know_is_refused(keys, now, revocation):
    told = response(keys.alice, keys.authority, now, status=ocsp.OCSPCertStatus.UNKNOWN)
    with pytest.raises(SecurityError, match="responder does not know CN=alice"):
        check(keys, now, told, revocation=revocation)


def test_a_response_for_another_serial_number_says_nothing(keys, now):
    told = response(keys.bob, keys.authority, now)
    assert check(keys, now, told, revocation="given")
    with pytest.raises(SecurityError, match="one is required"):
        check(keys, now, told)


def test_a_response_for_the_same_serial_number_of_another_authority_says_nothing(keys, now):
    namesake = make_authority(now=now)  # of the same name, with another key
    twin = certified("twin", namesake, now, serial=keys.alice.certificate.serial_number)
    with pytest.raises(SecurityError, match="one is required"):
        check(keys, now, response(twin, namesake, now))


def test_a_response_that_another_authority_signed_is_refused(keys, now):
    other = make_authority("other", now=now)
    told = response(keys.alice, keys.authority, now, signer=other, enclosed=[other])
    for revocation in ("given", "required"):
        with pytest.raises(SecurityError, match="CN=other is not certified by"):
            check(keys, now, told, revocation=revocation)


def test_a_response_whose_signer_is_not_in_it_is_refused(keys, now):
    with pytest.raises(SecurityError, match="nor by anybody who is in it"):
        check(keys, now, response(keys.alice, keys.authority, now, signer=answering(keys.authority, now)))


def test_who_may_only_sign_messages_may_not_answer(keys, now):
    told = response(keys.alice, keys.authority, now, signer=keys.bob, enclosed=[keys.bob])
    with pytest.raises(SecurityError, match="CN=bob is not for signing OCSP responses"):
        check(keys, now, told)


def test_whom_another_authority_certified_for_answering_may_not_answer(keys, now):
    by = answering(make_authority("other", now=now), now)
    with pytest.raises(SecurityError, match="CN=responder is not certified by"):
        check(keys, now, response(keys.alice, keys.authority, now, signer=by, enclosed=[by]))


def test_who_was_certified_by_whom_the_issuer_certified_may_not_answer(keys, now):
    between = make_authority("between", now=now, issuer=keys.authority)
    by = answering(between, now)
    with pytest.raises(SecurityError, match="CN=responder is not certified by"):
        check(keys, now, response(keys.alice, keys.authority, now, signer=by, enclosed=[by, between]))


def test_the_certificate_of_who_answers_must_be_valid(keys, now):
    by = answering(keys.authority, now, days=1)
    late = now + timedelta(days=2)
    told = response(keys.alice, keys.authority, late, signer=by, enclosed=[by])
    with pytest.raises(SecurityError, match="CN=responder expired"):
        check(keys, late, told)


def test_who_answers_may_be_revoked_himself(keys, now):
    by = answering(keys.authority, now, x509.OCSPNoCheck())
    told = response(keys.alice, keys.authority, now, signer=by, enclosed=[by])
    assert check(keys, now, told)
    listed = revocation_list(keys.authority, by, now=now)
    trust = TrustStore.load(pem(keys.authority), ocsp=[told], revoked=[listed])
    assert trust.check(keys.alice.certificate, (), now)  # the list itself says that alice is not revoked
    partial = revocation_list(keys.authority, by, now=now, extensions=[(some_reasons(), True)])
    trust = TrustStore.load(pem(keys.authority), ocsp=[told], revoked=[partial])
    with pytest.raises(SecurityError, match="cannot be told"):
        trust.check(keys.alice.certificate, (), now)


def test_a_response_that_was_altered_is_refused(keys, now):
    told = bytearray(response(keys.alice, keys.authority, now))
    told[-10] ^= 1
    with pytest.raises(SecurityError, match="not signed by its issuer"):
        check(keys, now, bytes(told))


def test_a_response_signed_with_rsa_pss_is_believed_and_no_other(keys, now):
    told = response(keys.alice, keys.authority, now)
    assert check(keys, now, with_pss(told, keys.authority))
    assert check(keys, now, with_pss(told, keys.authority, hashes.SHA512(), "0609608648016503040203"))
    with pytest.raises(SecurityError, match="not signed by its issuer"):
        check(keys, now, with_pss(told, keys.bob))
    with pytest.raises(SecurityError, match="this is not an OCSP response"):
        check(keys, now, with_pss(told, keys.authority, hashes.SHA1(), "06052b0e03021a"))


def test_a_response_signed_with_sha_1_is_refused(keys, now):
    told = response(keys.alice, keys.authority, now)
    told = with_sha1(told, ocsp.load_der_ocsp_response(told).tbs_response_bytes, keys.authority)
    with pytest.raises(SecurityError, match="a hash that can be forged"):
        check(keys, now, told)


@pytest.mark.parametrize(
    ("made", "until", "told"),
    [(-2 * HOUR, HOUR, "out of date"), (HOUR, HOUR, "is to come"), (-2 * HOUR, None, "for that moment")],
)
@pytest.mark.parametrize("revocation", ["given", "required"])
def test_a_response_that_is_not_of_now_is_refused(keys, now, made, until, told, revocation):
    with pytest.raises(SecurityError, match=told):
        check(keys, now, response(keys.alice, keys.authority, now + made, until=until), revocation=revocation)


def test_a_newer_response_beside_one_that_is_out_of_date_is_enough(keys, now):
    old, new = (response(keys.alice, keys.authority, at) for at in (now - 2 * HOUR, now))
    assert check(keys, now, old, new)


def test_a_critical_extension_that_is_not_known_makes_a_response_useless(keys, now):
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0")
    assert check(keys, now, response(keys.alice, keys.authority, now, extensions=[(unknown, False)]))
    with pytest.raises(SecurityError, match=r"not known: 1\.2\.3\.4"):
        check(keys, now, response(keys.alice, keys.authority, now, extensions=[(unknown, True)]))


@pytest.mark.parametrize("status", ["TRY_LATER", "INTERNAL_ERROR", "MALFORMED_REQUEST", "SIG_REQUIRED", "UNAUTHORIZED"])
def test_a_response_without_an_answer_is_told_when_it_is_loaded(status):
    nothing = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus[status])
    with pytest.raises(SecurityError, match=f"responder says {status.lower()}"):
        TrustStore.load(ocsp=[nothing.public_bytes(Encoding.DER)])


def test_what_is_no_response_is_told_with_its_file(keys, tmp_path):
    (tmp_path / "not.ocsp").write_bytes(b"<html/>")
    for name, told in (("not.ocsp", r"not\.ocsp: this is not an OCSP response"), ("none.ocsp", "cannot be read")):
        with pytest.raises(SecurityError, match=told):
            TrustStore.load(pem(keys.authority), ocsp=[tmp_path / name])
    with pytest.raises(SecurityError, match="at most 65,536 bytes"):
        TrustStore.load(pem(keys.authority), ocsp=[bytes(70_000)])


def test_no_damaged_response_raises_anything_else_or_is_believed(keys, now):
    by = answering(keys.authority, now)
    whole = response(keys.alice, keys.authority, now, signer=by, enclosed=[by])
    said = ocsp.load_der_ocsp_response(whole).tbs_response_bytes
    for at in range(0, len(whole), 11):
        for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :]):
            with contextlib.suppress(SecurityError):
                check(keys, now, damaged)
                assert said in damaged  # what is signed was spared


def test_an_authority_between_must_have_its_own_word(keys, now):
    between = make_authority("between", now=now, issuer=keys.authority)
    leaf, others = make_keypair("leaf", between, kind="ec", now=now), (between.certificate,)
    of_leaf, of_between = response(leaf, between, now), response(between, keys.authority, now)
    for told, fine in (([of_leaf, of_between], True), ([of_leaf], False)):
        trust = TrustStore.load(pem(keys.authority), ocsp=told, revocation="required")
        if fine:
            assert trust.check(leaf.certificate, others, now)
        else:
            with pytest.raises(SecurityError, match="one is required"):
                trust.check(leaf.certificate, others, now)


# --- lists ---------------------------------------------------------------------------------------------------------


def some_reasons() -> x509.IssuingDistributionPoint:
    return scope(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise}))


def scope(**said) -> x509.IssuingDistributionPoint:
    nothing = dict.fromkeys(("full_name", "relative_name", "only_some_reasons")) | dict.fromkeys(
        (
            "only_contains_user_certs",
            "only_contains_ca_certs",
            "indirect_crl",
            "only_contains_attribute_certs",
        ),
        False,
    )
    return x509.IssuingDistributionPoint(**(nothing | said))


def revocation_list(authority, *revoked, now, extensions=()) -> bytes:
    builder = x509.CertificateRevocationListBuilder(authority.certificate.subject, now, now + timedelta(days=7))
    for keypair in revoked:
        entry = x509.RevokedCertificateBuilder(keypair.certificate.serial_number, now)
        builder = builder.add_revoked_certificate(entry.build())
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(authority.private_key, hashes.SHA256()).public_bytes(Encoding.DER)


def check_lists(keys, now, *lists, who=None, **settings):
    trust = TrustStore.load(pem(keys.authority), revoked=lists, **({"revocation": "required"} | settings))
    return trust.check((who or keys.alice).certificate, (), now)


def test_one_word_that_it_is_revoked_outweighs_another_that_it_is_not(keys, now):
    good = response(keys.alice, keys.authority, now)
    with pytest.raises(SecurityError, match="has been revoked"):
        check_lists(keys, now, revocation_list(keys.authority, keys.alice, now=now), ocsp=[good])
    assert check_lists(keys, now, revocation_list(keys.authority, now=now), ocsp=[good])


def test_a_list_that_is_out_of_date_does_no_harm_beside_a_response_of_now(keys, now):
    old = revocation_list(keys.authority, now=now - timedelta(days=30))
    assert check_lists(keys, now, old, ocsp=[response(keys.alice, keys.authority, now)])
    with pytest.raises(SecurityError, match="out of date"):
        check_lists(keys, now, old, revocation="given")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (scope(indirect_crl=True), "indirect"),
        (some_reasons(), "some reasons only"),
        (x509.DeltaCRLIndicator(1), "is a delta"),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), "not known"),
        (scope(only_contains_ca_certs=True), "one is required"),
        (scope(only_contains_attribute_certs=True), "one is required"),
        (scope(full_name=[x509.UniformResourceIdentifier("http://crl.example/2")]), "one is required"),
    ],
)
def test_a_list_that_is_not_of_every_certificate_makes_none_good(keys, now, said, told):
    with pytest.raises(SecurityError, match=told):
        check_lists(keys, now, revocation_list(keys.authority, now=now, extensions=[(said, True)]))


@pytest.mark.parametrize("said", [some_reasons(), x509.DeltaCRLIndicator(1), scope(only_contains_user_certs=True)])
def test_a_list_of_some_revokes_what_is_in_it(keys, now, said):
    with pytest.raises(SecurityError, match="has been revoked"):
        check_lists(keys, now, revocation_list(keys.authority, keys.alice, now=now, extensions=[(said, True)]))


def test_a_delta_beside_its_base_is_enough(keys, now):
    base, delta = (
        revocation_list(keys.authority, now=now),
        revocation_list(keys.authority, keys.bob, now=now, extensions=[(x509.DeltaCRLIndicator(1), True)]),
    )
    assert check_lists(keys, now, base, delta)
    with pytest.raises(SecurityError, match="has been revoked"):
        check_lists(keys, now, base, delta, who=keys.bob)


def test_of_lists_by_place_the_one_that_a_certificate_names_counts(keys, now):
    place = x509.UniformResourceIdentifier("http://crl.example/2")
    carol = certified(
        "carol", keys.authority, now, x509.CRLDistributionPoints([x509.DistributionPoint([place], None, None, None)])
    )
    listed = revocation_list(keys.authority, now=now, extensions=[(scope(full_name=[place]), True)])
    assert check_lists(keys, now, listed, who=carol)


def test_a_list_signed_with_sha_1_is_refused(keys, now):
    listed = revocation_list(keys.authority, now=now)
    octets = x509.load_der_x509_crl(listed).tbs_certlist_bytes
    with pytest.raises(SecurityError, match="a hash that can be forged"):
        check_lists(keys, now, with_sha1(listed, octets, keys.authority))


def test_a_list_of_an_authority_that_may_not_sign_lists_is_refused(keys, now):
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign "
        "encipher_only decipher_only"
    )
    usage = {each: each in ("digital_signature", "key_cert_sign") for each in names.split()}
    maker = make_authority("maker", now=now)
    builder = x509.CertificateBuilder(
        maker.certificate.subject,
        maker.certificate.subject,
        maker.certificate.public_key(),
        1,
        now,
        now + timedelta(days=1),
    )
    builder = builder.add_extension(x509.BasicConstraints(True, None), True).add_extension(x509.KeyUsage(**usage), True)
    authority = KeyPair(maker.private_key, builder.sign(maker.private_key, hashes.SHA256()))
    leaf = make_keypair("leaf", authority, kind="ec", now=now)
    trust = TrustStore.load(pem(authority), revoked=[revocation_list(authority, now=now)])
    with pytest.raises(SecurityError, match="usage does not allow"):
        trust.check(leaf.certificate, (), now)


def test_what_is_no_list_is_told_with_its_file(keys, tmp_path):
    (tmp_path / "not.crl").write_bytes(b"<html/>")
    for name, told in (("not.crl", r"not\.crl: this is not a certificate revocation"), ("none", "cannot be read")):
        with pytest.raises(SecurityError, match=told):
            TrustStore.load(pem(keys.authority), revoked=[tmp_path / name])
    with pytest.raises(UsageError, match="given, required"):
        TrustStore.load(pem(keys.authority), revocation="always")


# --- asking --------------------------------------------------------------------------------------------------------


class Responder:
    """Answers as told, and counts."""

    def __init__(self, answer) -> None:
        self.answer, self.asked = answer, []

    def __call__(self, address: str, request: bytes) -> bytes:
        self.asked.append(address)
        return self.answer(ocsp.load_der_ocsp_request(request))


def asking(keys, responder, **settings) -> TrustStore:
    settings = {"hosts": ["ocsp.example"]} | settings
    return TrustStore(
        (keys.authority.certificate,), revocation="required", responders=OcspResponders(responder, **settings)
    )


@pytest.fixture
def carol(keys, now) -> KeyPair:
    return certified("carol", keys.authority, now, naming_responder())


def test_a_responder_is_asked_once_until_its_answer_ends(keys, now, carol):
    responder = Responder(lambda _: response(carol, keys.authority, now, until=timedelta(minutes=10)))
    trust = asking(keys, responder)
    for _ in range(3):
        assert trust.check(carol.certificate, (), now)
    assert responder.asked == [AT_PORT]
    with pytest.raises(SecurityError, match="out of date"):
        trust.check(carol.certificate, (), now + timedelta(minutes=12))
    assert len(responder.asked) == 2


def test_nobody_is_asked_who_is_not_allowed(keys, now):
    responder = Responder(lambda _: b"")
    trust = asking(keys, responder)
    for address in (
        "http://other.example/",
        "http://ocsp.example:8080/",
        "http://ocsp.example@other.example/",
        "http://user@ocsp.example/",
        "http://ocsp.example.evil.example/",
        "ldap://ocsp.example/",
        "file:///etc/passwd",
        "http://[::1",
    ):
        dave = certified("dave", keys.authority, now, naming_responder(address))
        with pytest.raises(SecurityError, match="one is required"):
            trust.check(dave.certificate, (), now)
    assert responder.asked == []
    with pytest.raises(SecurityError, match=r"'http://\[::1' is asked for one where OcspResponders\(hosts="):
        trust.check(dave.certificate, (), now)
    for hosts in ([], [""], "ocsp.example"):
        with pytest.raises(UsageError, match="list of those that may be asked"):
            OcspResponders(responder, hosts)


def test_nobody_is_asked_when_enough_is_at_hand(keys, now, carol):
    responder = Responder(lambda _: b"")
    trust = TrustStore.load(
        pem(keys.authority),
        ocsp=[response(carol, keys.authority, now)],
        responders=OcspResponders(responder, ["ocsp.example"]),
    )
    assert trust.check(carol.certificate, (), now)
    assert responder.asked == []


def test_a_responder_that_gives_no_answer_refuses_and_is_left_alone_for_a_while(keys, now, carol):
    def broken(_):
        raise OSError("no route to host")

    responder = Responder(broken)
    trust = TrustStore(
        (keys.authority.certificate,), responders=OcspResponders(responder, ["ocsp.example"])
    )  # not required: who can hold an answer back gains nothing
    for seconds in (0, 10, 29):
        with pytest.raises(SecurityError, match="gave no answer: no route to host"):
            trust.check(carol.certificate, (), now + timedelta(seconds=seconds))
    assert len(responder.asked) == 1
    responder.answer = lambda _: response(carol, keys.authority, now)
    assert trust.check(carol.certificate, (), now + timedelta(seconds=31))


def test_an_answer_is_made_for_us_where_that_is_demanded(keys, now, carol):
    nonces = []

    def fresh(request):
        nonces.append(request.extensions.get_extension_for_class(x509.OCSPNonce).value)
        return response(carol, keys.authority, now, extensions=[(nonces[-1], False)])

    assert asking(keys, Responder(fresh), nonce=True).check(carol.certificate, (), now)
    assert len(nonces[0].nonce) == 32
    for extensions in ((), [(nonces[0], False)]):
        old = Responder(lambda _, said=extensions: response(carol, keys.authority, now, extensions=said))
        with pytest.raises(SecurityError, match="does not repeat our nonce"):
            asking(keys, old, nonce=True).check(carol.certificate, (), now)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda keys, now: response(keys.bob, keys.authority, now), "answered about another certificate"),
        (lambda *_: b"\x30\x03\x0a\x01\x03", "responder says try_later"),
        (lambda *_: b"<html/>", "not an OCSP response"),
        (lambda *_: bytes(70_000), "at most 65,536 bytes"),
        (lambda *_: None, "expected bytes"),
    ],
)
def test_an_answer_that_is_none_is_told(keys, now, carol, answer, told):
    with pytest.raises(SecurityError, match=told):
        asking(keys, Responder(lambda _: answer(keys, now))).check(carol.certificate, (), now)


# --- over HTTP -----------------------------------------------------------------------------------------------------


@pytest.fixture
def host():
    """A host that answers with what `answer` is set to: status, header fields, body."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.server.asked.append((self.path, self.headers["content-type"]))
            self.rfile.read(int(self.headers["content-length"]))
            status, fields, body = self.server.answer
            self.send_response(status)
            for name, value in (fields | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_responder_is_asked_over_http(keys, now, host):
    place = f"127.0.0.1:{host.server_port}"
    carol = certified("carol", keys.authority, now, naming_responder(f"http://{place}/ocsp"))
    kind = {"Content-Type": "application/ocsp-response"}
    body = response(carol, keys.authority, now)
    for answer, told in (
        ((302, {"Location": f"http://{place}/elsewhere"}, b""), "got HTTP 302"),
        ((200, {"Content-Type": "text/html"}, body), "got text/html"),
        ((200, kind, bytes(70_000)), "70,000 bytes"),
    ):
        host.answer = answer
        with pytest.raises(SecurityError, match=told):
            asking(keys, poster(), hosts=[place]).check(carol.certificate, (), now)
    host.answer = (200, kind, body)
    assert asking(keys, poster(), hosts=[place]).check(carol.certificate, (), now)
    assert set(host.asked) == {("/ocsp", "application/ocsp-request")}
