"""Whether security can do its work now: stores that answer, certificates that are valid, and will be for a while."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from cryptography import x509

from soapkit.errors import SecurityError
from soapkit.security.crypto.certificates import name_of
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.require import Require
from soapkit.security.saml.settings import SamlToken
from soapkit.security.steps import BinarySecurityToken, Encrypt, SharedKey, Sign, Step


def problems_of(
    steps: Iterable[Step], required: Iterable[Require], *, now: datetime, margin: timedelta
) -> tuple[str, ...]:
    """What keeps these settings from serving, a sentence each.

    A store is asked by writing what nobody else has: what cannot be written refuses every message.
    """
    requirements = tuple(required)
    return (*_store_problems(requirements, now), *_certificate_problems(steps, requirements, now + margin))


def _store_problems(required: tuple[Require, ...], now: datetime) -> Iterator[str]:
    for store in {id(each.replay): each.replay for each in required}.values():
        if store is None:
            continue
        try:
            store.claim(f"ready {uuid.uuid4().hex}", 1, now=now)
        except SecurityError as error:
            yield str(error)
    for contexts in {id(each.contexts): each.contexts for each in required}.values():
        if contexts is None or contexts.store is None:
            continue
        try:
            contexts.store.add_sent(f"ready {uuid.uuid4().hex}", now + timedelta(seconds=1))
        except SecurityError as error:
            yield str(error)


def _certificate_problems(steps: Iterable[Step], required: Iterable[Require], until: datetime) -> Iterator[str]:
    ours: dict[bytes, x509.Certificate] = {}
    for certificate in _certificates(steps, required):
        ours.setdefault(certificate.tbs_certificate_bytes, certificate)
    for certificate in ours.values():
        expires = certificate.not_valid_after_utc
        if expires <= until:
            yield f"the certificate of {name_of(certificate)} expires at {expires:%Y-%m-%d %H:%M} UTC"


def _certificates(steps: Iterable[Step], required: Iterable[Require]) -> Iterator[x509.Certificate]:
    for step in steps:
        if isinstance(step, (Sign, BinarySecurityToken)):
            named: object = step.keypair
        elif isinstance(step, (Encrypt, SharedKey)):
            named = step.to
        elif isinstance(step, SamlToken):
            named = step.key
        else:
            continue
        if isinstance(named, KeyPair):
            yield named.certificate
        elif isinstance(named, x509.Certificate):
            yield named
    for each in required:
        for keypair in each.keys:
            yield keypair.certificate
