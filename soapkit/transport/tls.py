"""Whom to trust and who we are: settings -> an `ssl.SSLContext`."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import TypeAlias

from soapkit.errors import UsageError

Certificate: TypeAlias = "str | Path | tuple[str | Path, str | Path] | tuple[str | Path, str | Path, str]"
"""A client's certificate: a PEM file with certificate and key; or both files; or both and the key's password."""


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
    if isinstance(certificate, tuple):
        password = certificate[2] if len(certificate) == 3 else ""
        context.load_cert_chain(certificate[0], certificate[1], password)  # a password, even empty, spares the prompt
    else:
        context.load_cert_chain(certificate, password="")
