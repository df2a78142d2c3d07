"""A throw-away authority and keys: for development, demos and tests, never for production."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x448, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from soapkit.errors import SecurityError
from soapkit.security.crypto.certificates import public_key_of
from soapkit.security.crypto.keys import KeyPair, PrivateKey

SigningKey: TypeAlias = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
)

_GENERATORS: dict[str, Callable[[], PrivateKey]] = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ec-p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ec-p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
    "x25519": x25519.X25519PrivateKey.generate,
    "x448": x448.X448PrivateKey.generate,
}
_BACKDATED = timedelta(minutes=5)  # clocks differ


def make_authority(
    name: str = "soapkit throw-away authority",
    *,
    issuer: KeyPair | None = None,
    now: datetime | None = None,
    days: int = 30,
) -> KeyPair:
    """An authority whose certificates `make_keypair` issues: self-signed, or certified by `issuer`.

    One further authority may stand below a self-signed one.
    """
    key = rsa.generate_private_key(65537, 2048)
    subject = _subject(name)
    by, issuing = (issuer.certificate.subject, _signing(issuer)) if issuer is not None else (subject, key)
    certificate = (
        _builder(subject, by, key, now, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(issuing, hashes.SHA256())
    )
    return KeyPair(key, certificate)


def make_keypair(
    name: str,
    authority: KeyPair,
    *,
    kind: Literal["rsa", "ec", "ec-p384", "ec-p521", "ed25519", "ed448", "x25519", "x448"] = "rsa",
    now: datetime | None = None,
    days: int = 30,
) -> KeyPair:
    """A key pair called `name`, certified by `authority`: one that may sign and be encrypted to, and, where the name is
    that of a host (``localhost``, ``127.0.0.1``, ``bank.example``), be shown by a server."""
    key: PrivateKey = _GENERATORS[kind]()
    agrees = kind in ("x25519", "x448")
    issuer = authority.certificate
    builder = _builder(_subject(name), issuer.subject, key, now, days)
    if hosts := _hosts(name):
        builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    certificate = (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            _usage(
                digital_signature=not agrees,
                content_commitment=not agrees,
                key_encipherment=kind == "rsa",
                key_agreement=agrees or kind.startswith("ec"),
            ),
            critical=True,
        )
        .add_extension(_identifier_of(issuer), critical=False)
        .sign(_signing(authority), hashes.SHA256() if not _signs_itself(authority) else None)
    )
    return KeyPair(key, certificate)


def write_keys(
    folder: Path, names: list[str], *, password: str | None = None, days: int = 30, now: datetime | None = None
) -> list[Path]:
    """Make an authority and a key pair per name, and write them to `folder`, which is made if need be.

    ``ca.pem``: the authority's certificate (its key is not kept); for each name ``NAME.pem`` (certificate),
    ``NAME.key`` (private key) and ``NAME.p12`` (both, with the authority's certificate). The files that hold keys are
    readable by their owner only. Returns what was written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    authority = make_authority(now=now, days=days)
    written = [_write(folder / "ca.pem", authority.certificate.public_bytes(Encoding.PEM))]
    for name in names:
        keypair = make_keypair(name, authority, now=now, days=days)
        written += [
            _write(folder / f"{name}.pem", keypair.certificate.public_bytes(Encoding.PEM)),
            _write(folder / f"{name}.key", _pem_key(keypair, password), secret=True),
            _write(folder / f"{name}.p12", _pkcs12(name, keypair, authority.certificate, password), secret=True),
        ]
    return written


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _hosts(name: str) -> list[x509.GeneralName]:
    """What a server's certificate must say of its host (RFC 9110, 4.3.4); nothing for the name of a person."""
    if name == "localhost":
        return [x509.DNSName(name), *(x509.IPAddress(ipaddress.ip_address(one)) for one in ("127.0.0.1", "::1"))]
    try:
        return [x509.IPAddress(ipaddress.ip_address(name))]
    except ValueError:
        is_host = "." in name and name.isascii() and not set(name) & set(" @/:")
        return [x509.DNSName(name)] if is_host else []


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, now: datetime | None, days: int
) -> x509.CertificateBuilder:
    start = (now or datetime.now(UTC)) - _BACKDATED
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(**allowed: bool) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in names})


def _signing(keypair: KeyPair) -> SigningKey:
    """A key that signs. Raises `SecurityError` for one that only agrees on secrets."""
    key = keypair.private_key
    if isinstance(key, x25519.X25519PrivateKey | x448.X448PrivateKey):
        raise SecurityError(f"{keypair!r} holds a key of kind {keypair.kind}, which cannot sign")
    return key


def _identifier_of(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    named = x509.SubjectKeyIdentifier.from_public_key(public_key_of(issuer))
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(named)


def _signs_itself(authority: KeyPair) -> bool:
    return authority.kind in ("ed25519", "ed448")


def _encryption(password: str | None) -> KeySerializationEncryption:
    return BestAvailableEncryption(password.encode()) if password else NoEncryption()


def _pem_key(keypair: KeyPair, password: str | None) -> bytes:
    return keypair.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, _encryption(password))


def _pkcs12(name: str, keypair: KeyPair, issuer: x509.Certificate, password: str | None) -> bytes:
    return pkcs12.serialize_key_and_certificates(
        name.encode(), _signing(keypair), keypair.certificate, [issuer], _encryption(password)
    )


def _write(path: Path, data: bytes, *, secret: bool = False) -> Path:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600 if secret else 0o644)
    path.write_bytes(data)
    return path
