"""Rogue certificates: everything about them is right but one thing, and none of them is believed.

RFC 5280, 6.1, is the list of what must be checked. What happens when one check is left out: basic constraints
(Marlinspike, "New tricks for defeating SSL in practice", 2009; CVE-2002-0862, CVE-2021-3450), weak hashes (Stevens et
al., "Short chosen-prefix collisions for MD5 and the creation of a rogue CA certificate", CRYPTO 2009), small keys
(Kleinjung et al., "Factorization of a 768-bit RSA modulus", CRYPTO 2010).
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from soapkit.errors import SecurityError
from soapkit.security import KeyPair, Require, Security, Sign, TrustStore
from soapkit.security.crypto.certificates import certificate_from_der, public_key_of
from soapkit.security.throwaway import make_authority, make_keypair


def certify(
    subject: str,
    key,
    issuer: KeyPair | None,
    now,
    *,
    ca: bool | None = False,
    path_length: int | None = None,
    usage: str = "digital_signature",
    sha1: bool = False,
    critical: bool = False,
    constraints: x509.NameConstraints | None = None,
    organization: str = "",
    mail: str = "",
) -> KeyPair:
    """A certificate with what a rogue would want in it; self-signed without an issuer; ca=None: no such extension."""
    said = {x509.NameOID.ORGANIZATION_NAME: organization, x509.NameOID.COMMON_NAME: subject}
    said |= {x509.NameOID.EMAIL_ADDRESS: mail}
    name = x509.Name([x509.NameAttribute(oid, text) for oid, text in said.items() if text])
    by = issuer.certificate if issuer is not None else None
    builder = x509.CertificateBuilder(
        by.subject if by is not None else name,
        name,
        key.public_key(),
        x509.random_serial_number(),
        now - timedelta(days=1),
        now + timedelta(days=1),
    ).add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    if by is not None:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(public_key_of(by))
        builder = builder.add_extension(identifier, critical=False)
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign"
    )
    flags = {flag: flag == usage for flag in [*names.split(), "encipher_only", "decipher_only"]}
    builder = builder.add_extension(x509.KeyUsage(**flags), critical=True)
    if critical:
        builder = builder.add_extension(
            x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), critical=True
        )
    if constraints is not None:
        builder = builder.add_extension(constraints, critical=False)
    private = issuer.private_key if issuer is not None else key
    made = builder.sign(private, hashes.SHA256())
    return KeyPair(key, with_sha1(made, private) if sha1 else made)


def with_sha1(certificate: x509.Certificate, issuing: rsa.RSAPrivateKey) -> x509.Certificate:
    """The same, signed with RSA-SHA1, which the cryptography library does not do any more."""
    sha256, sha1 = (bytes.fromhex(f"2a864886f70d0101{last}") for last in ("0b", "05"))  # RFC 8017, A.2.4
    body = certificate.tbs_certificate_bytes.replace(sha256, sha1)
    whole = certificate.public_bytes(Encoding.DER).replace(sha256, sha1)
    signature = issuing.sign(body, padding.PKCS1v15(), hashes.SHA1())
    return x509.load_der_x509_certificate(whole[: -len(signature)] + signature)


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(65537, 2048)


def believed(keypair: KeyPair, trust: TrustStore, plain, now, *between: KeyPair) -> str:
    """Who signed, when a message brings the certificate and those between it and an authority."""
    chained = KeyPair(keypair.private_key, keypair.certificate, tuple(each.certificate for each in between))
    message = Security(outbound=[Sign(chained, parts=["Body"], key_reference="path")]).apply(plain, now=now)
    return Security(inbound=Require(signed=["Body"], trust=trust)).verify(message, now=now).signer_name


def test_a_right_certificate_and_a_right_authority_between_are_believed(plain, keys, key, now):
    """The control of this page."""
    middle = certify(
        "middle", rsa.generate_private_key(65537, 2048), keys.authority, now, ca=True, usage="key_cert_sign"
    )
    leaf = certify("leaf", key, middle, now)
    assert believed(leaf, keys.trust, plain, now, middle) == "CN=leaf"
    assert believed(certify("leaf", key, keys.authority, now), keys.trust, plain, now) == "CN=leaf"


ROGUE_AUTHORITIES = {
    "it may not certify (basic constraints)": {"ca": False, "usage": "key_cert_sign"},
    "it has no basic constraints": {"ca": None, "usage": "key_cert_sign"},
    "its key usage is to sign messages": {"ca": True, "usage": "digital_signature"},
    "it says something critical that nobody understands": {"ca": True, "usage": "key_cert_sign", "critical": True},
    "it was signed with SHA-1": {"ca": True, "usage": "key_cert_sign", "sha1": True},
}


@pytest.mark.parametrize("rogue", ROGUE_AUTHORITIES)
def test_what_a_rogue_authority_certified_is_not_believed(rogue, plain, keys, key, now):
    """Somebody whom the real authority certified, for something else, certifies Eve."""
    middle = certify("middle", rsa.generate_private_key(65537, 2048), keys.authority, now, **ROGUE_AUTHORITIES[rogue])
    with pytest.raises(SecurityError, match="CN=eve is not trusted"):
        believed(certify("eve", key, middle, now), keys.trust, plain, now, middle)


@pytest.mark.parametrize("small", [rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP192R1())])
def test_an_authority_with_a_small_key_certifies_nobody(small, plain, keys, key, now):
    """Who factors it certifies whom he likes."""
    middle = certify("middle", small, keys.authority, now, ca=True, usage="key_cert_sign")
    with pytest.raises(SecurityError, match="CN=eve is not trusted"):
        believed(certify("eve", key, middle, now), keys.trust, plain, now, middle)


def test_a_certificate_signed_with_sha1_is_not_believed(plain, keys, key, now):
    """A collision makes two of it, one of which the authority never saw."""
    with pytest.raises(SecurityError, match="CN=eve is not trusted"):
        believed(certify("eve", key, keys.authority, now, sha1=True), keys.trust, plain, now)


def test_an_authority_of_the_same_name_is_another_one(plain, keys, key, now):
    """Same subject, same key identifier in what it certifies: it is the key that counts."""
    impostor = make_authority(now=now)
    assert impostor.certificate.subject == keys.authority.certificate.subject
    for between in ((), (impostor,), (keys.authority,), (impostor, keys.authority)):
        with pytest.raises(SecurityError, match="CN=alice is not trusted"):
            believed(make_keypair("alice", impostor, now=now), keys.trust, plain, now, *between)


def test_a_certificate_that_signs_itself_is_not_believed_for_its_names(plain, keys, key, now):
    """The authority's own name on it, and a right to certify."""
    for name in ("soapkit throw-away authority", "alice"):
        with pytest.raises(SecurityError, match="is not trusted"):
            believed(certify(name, key, None, now, ca=True), keys.trust, plain, now)


def test_a_path_may_be_no_longer_than_an_authority_on_it_allows(plain, key, now):
    """RFC 5280, 4.2.1.9: zero means that it certifies no further authority."""
    root = make_authority("root", now=now)
    first = certify(
        "first", rsa.generate_private_key(65537, 2048), root, now, ca=True, path_length=0, usage="key_cert_sign"
    )
    second = certify("second", rsa.generate_private_key(65537, 2048), first, now, ca=True, usage="key_cert_sign")
    trust = TrustStore.of(root)
    assert believed(certify("leaf", key, first, now), trust, plain, now, first) == "CN=leaf"
    with pytest.raises(SecurityError, match="CN=eve is not trusted"):
        believed(certify("eve", key, second, now), trust, plain, now, first, second)


def test_a_path_may_be_no_longer_than_the_store_allows(plain, key, now):
    """Each link costs a verification, and a stranger may send as many as he likes."""
    above = root = make_authority_of_any_depth("root", None, now)
    links = []
    for number in range(12):
        above = make_authority_of_any_depth(f"link {number}", above, now)
        links.append(above)
    with pytest.raises(SecurityError, match=r"is not trusted|certificates is not followed"):
        believed(certify("eve", key, above, now), TrustStore.of(root), plain, now, *reversed(links))


def make_authority_of_any_depth(name: str, issuer: KeyPair | None, now) -> KeyPair:
    return certify(name, rsa.generate_private_key(65537, 2048), issuer, now, ca=True, usage="key_cert_sign")


def test_certificates_that_certify_each_other_lead_nowhere(plain, keys, key, now):
    """A loop must end (CVE-2024-0567: one that crashed GnuTLS)."""
    one, other = rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 2048)
    first = certify("first", one, None, now, ca=True, usage="key_cert_sign")
    second = certify("second", other, first, now, ca=True, usage="key_cert_sign")
    first_again = certify("first", one, second, now, ca=True, usage="key_cert_sign")
    with pytest.raises(SecurityError, match="CN=eve is not trusted"):
        believed(certify("eve", key, second, now), keys.trust, plain, now, second, first_again)


def test_a_certificate_to_encrypt_to_does_not_sign(plain, keys, key, now):
    """Key usage: what came with it was meant for something else (RFC 5280, 4.2.1.3)."""
    with pytest.raises(SecurityError, match="key usage of certificate CN=eve does not allow it to sign"):
        believed(certify("eve", key, keys.authority, now, usage="key_encipherment"), keys.trust, plain, now)


def test_another_certificate_over_the_same_key_is_another_signer(plain, keys, now):
    """Duplicate signature key selection (Blake-Wilson, Menezes, PKC '99): Mallory has Alice's key certified in his
    name, and offers her message as his. Without the certificate among what is signed, it is right under both: he who is
    named is he whose certificate came. Sign ``BinarySecurityToken`` or ``STRTransform`` too where that matters."""
    mallory = certify("mallory", keys.alice.private_key, keys.authority, now)
    bare = Security(outbound=[Sign(keys.alice, parts=["Body"])]).apply(plain, now=now)
    bound = Security(outbound=[Sign(keys.alice, parts=["Body", "STRTransform"])]).apply(plain, now=now)
    security = Security(inbound=Require(signed=["Body"], trust=keys.trust))
    for message in (bare, bound):
        swap_certificate(message.root, mallory)
    assert security.verify(bare, now=now).signer_name == "CN=mallory"
    with pytest.raises(SecurityError, match="was altered after it was signed"):
        security.verify(bound, now=now)


def swap_certificate(root, keypair: KeyPair) -> None:
    import base64

    from soapkit.security.crypto.certificates import der_of
    from soapkit.security.markup import BINARY_SECURITY_TOKEN

    next(root.iter(BINARY_SECURITY_TOKEN)).text = base64.b64encode(der_of(keypair.certificate)).decode()


def of(organization: str) -> x509.DirectoryName:
    return x509.DirectoryName(x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, organization)]))


CONSTRAINTS = {
    "its own organization": x509.NameConstraints([of("partner")], None),
    "all but the bank": x509.NameConstraints(None, [of(" BANK")]),
    "its own mail": x509.NameConstraints([x509.RFC822Name("partner.example")], None),
    "its own mail, below a domain": x509.NameConstraints([x509.RFC822Name(".partner.example")], None),
    "all mail but one": x509.NameConstraints(None, [x509.RFC822Name("ceo@bank.example")]),
}


@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_an_authority_for_some_names_certifies_no_others(constraints, plain, keys, key, now):
    """RFC 5280, 4.2.1.10: directory names and mail in subjects too. The library holds alternative names alone against
    the constraints, and passes over those of directory names where they are not marked critical."""
    by = rsa.generate_private_key(65537, 2048)
    allowed = CONSTRAINTS[constraints]
    middle = certify("middle", by, keys.authority, now, ca=True, usage="key_cert_sign", constraints=allowed)
    for organization, mail, right in (
        ("partner", "clerk@partner.example", "below" not in constraints),
        ("Partner", "clerk@a.partner.example", constraints != "its own mail"),
        ("Bank", "ceo@bank.example", False),
    ):
        leaf = certify("eve", key, middle, now, organization=organization, mail=mail)
        if right:
            assert "CN=eve" in believed(leaf, keys.trust, plain, now, middle)
        else:
            with pytest.raises(SecurityError, match="may not certify that name"):
                believed(leaf, keys.trust, plain, now, middle)


def as_version_1(authority: KeyPair) -> x509.Certificate:
    """The same certificate without version and extensions, which cryptography does not make any more."""
    parts = elements(authority.certificate.tbs_certificate_bytes)
    return x509.load_der_x509_certificate(signed(authority, [part for part in parts if part[0] not in (0xA0, 0xA3)]))


def signed(authority: KeyPair, parts: list[bytes]) -> bytes:
    """A certificate, in DER, of the parts of its body."""
    body, algorithm = sequence(b"".join(parts)), next(part for part in parts if part[0] == 0x30)
    signature = authority.private_key.sign(body, padding.PKCS1v15(), hashes.SHA256())
    return sequence(body + algorithm + b"\3" + size(len(signature) + 1) + b"\0" + signature)


def elements(der: bytes) -> list[bytes]:
    """What a SEQUENCE in DER holds."""
    rest, found = content(der), []
    while rest:
        whole = len(rest) - len(behind(rest))
        found.append(rest[:whole])
        rest = rest[whole:]
    return found


def content(der: bytes) -> bytes:
    return der[2 + (der[1] & 0x7F if der[1] & 0x80 else 0) :]


def behind(der: bytes) -> bytes:
    long = der[1] & 0x7F if der[1] & 0x80 else 0
    return content(der)[int.from_bytes(der[2 : 2 + long], "big") if long else der[1] :]


def sequence(octets: bytes) -> bytes:
    return b"\x30" + size(len(octets)) + octets


def size(length: int) -> bytes:
    return bytes([length]) if length < 0x80 else b"\x82" + length.to_bytes(2, "big")


def test_what_an_old_root_certified_is_read_as_strictly(plain, key, now):
    """A root of version 1 says nothing of itself; what it signed with SHA-1 anybody may have made (Stevens et al., "The
    first collision for full SHA-1", CRYPTO 2017), and what nobody understands is refused."""
    root = make_authority("old root", now=now)
    store = TrustStore((as_version_1(root),), v1_roots=True)
    assert believed(certify("leaf", key, root, now), store, plain, now) == "CN=leaf"
    for rogue, why in (({"sha1": True}, "not issued by an authority"), ({"critical": True}, "not known: 1.2.3.4")):
        with pytest.raises(SecurityError, match=why):
            believed(certify("eve", key, root, now, **rogue), store, plain, now)


def test_a_name_of_a_stranger_writes_no_lines_of_the_log(plain, keys, key, now):
    """CWE-117: the name stands in the error, with its line breaks and colours told; a long one is not."""
    lines = "x\nWARNING all is well \x1b[31m"
    for more, told in (({}, "CN=x\\0AWARNING all is well \\1B[31m"), ({"mail": "x" * 2000}, "serial ")):
        with pytest.raises(SecurityError) as caught:
            believed(certify(lines, key, None, now, **more), keys.trust, plain, now)
        assert told in caught.value.for_log
        assert caught.value.for_log.isprintable()
        assert len(caught.value.for_log) < 1000


def test_a_certificate_of_a_version_that_is_none_is_refused_like_any_other(keys):
    """The library has an error of its own for it, which is no ValueError (CWE-248)."""
    parts = elements(keys.authority.certificate.tbs_certificate_bytes)
    with pytest.raises(SecurityError, match=r"not an X\.509 certificate: 3 is not a valid"):
        certificate_from_der(signed(keys.authority, [b"\xa0\3\2\1\3", *parts[1:]]))
