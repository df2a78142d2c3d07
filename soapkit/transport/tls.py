"""Whom to trust and who we are: settings -> an `ssl.SSLContext`."""

from __future__ import annotations

import os
import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from soapkit.errors import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12KeyAndCertificates

Certificate: TypeAlias = "str | Path | tuple[str | Path, str | Path] | tuple[str | Path, str | Path, str]"
"""A client's certificate: a PEM file with certificate and key; both files; both and the key's password; or a PKCS#12
file (``.p12``, ``.pfx``) and its password."""

_PKCS12 = (".p12", ".pfx")


def tls_context(
    verify: bool | str | Path | ssl.SSLContext = True, certificate: Certificate | None = None
) -> ssl.SSLContext:
    """The context for connections to https addresses.

    `verify`: True for the system's authorities, a file or folder of PEM certificates for those instead, False for none
    at all (then anyone can answer), or a context that is complete already. TLS 1.2 at least.

    Raises `UsageError` for files that cannot be read.
    """
    if isinstance(verify, ssl.SSLContext):
        if certificate is not None:
            raise UsageError("give the client's certificate to the SSLContext, not beside it")
        return verify
    try:
        context = _trusting(verify)
        if certificate is not None:
            _identify(context, certificate)
    except (OSError, ssl.SSLError) as error:
        told = verify if isinstance(verify, (str, Path)) else ""
        raise UsageError(f"certificates cannot be loaded ({told or certificate}): {error}") from None
    return context


def _trusting(verify: bool | str | Path) -> ssl.SSLContext:
    if isinstance(verify, bool):
        context = ssl.create_default_context()
        if not verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
    else:
        place = os.fspath(verify)
        folder = Path(place).is_dir()
        context = ssl.create_default_context(cafile=None if folder else place, capath=place if folder else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _identify(context: ssl.SSLContext, certificate: Certificate) -> None:
    first, *more = certificate if isinstance(certificate, tuple) else (certificate,)
    if Path(first).suffix.lower() in _PKCS12:
        _load_pkcs12(context, Path(first), str(more[0]) if more else "")
    elif more:
        password = str(more[1]) if len(more) == 2 else ""
        context.load_cert_chain(first, more[0], password)  # a password, even an empty one, spares the prompt
    else:
        context.load_cert_chain(first, password="")


def _load_pkcs12(context: ssl.SSLContext, path: Path, password: str) -> None:
    """OpenSSL, as Python has it, loads PEM files only: the contents go through one, the key sealed with a password that
    is forgotten at once."""
    try:
        from cryptography.hazmat.primitives.serialization import pkcs12
    except ImportError:
        raise UsageError(f"reading {path} needs the library cryptography: pip install 'soapkit[security]'") from None
    try:
        bundle = pkcs12.load_pkcs12(path.read_bytes(), password.encode() or None)
    except ValueError as error:
        raise UsageError(f"{path} cannot be opened: {error}") from None
    if bundle.key is None or bundle.cert is None:
        raise UsageError(f"{path} holds no key with a certificate")
    _load_sealed(context, bundle)


def _load_sealed(context: ssl.SSLContext, bundle: PKCS12KeyAndCertificates) -> None:
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
    )

    assert bundle.key is not None
    assert bundle.cert is not None
    seal = os.urandom(32).hex()
    key = bundle.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(seal.encode()))
    chain = [each.certificate.public_bytes(Encoding.PEM) for each in (bundle.cert, *bundle.additional_certs)]
    handle, name = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines([key, *chain])
        context.load_cert_chain(name, password=seal)
    finally:
        Path(name).unlink()
