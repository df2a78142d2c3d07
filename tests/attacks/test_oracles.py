"""Whatever is wrong with the security of a message, a service answers the same, to the byte.

An answer that differs for a wrong padding and a wrong key decrypts a recorded message for whoever may ask often enough:
Bleichenbacher (CRYPTO '98) for RSA 1.5, Manger (CRYPTO 2001) for OAEP, Vaudenay (EUROCRYPT 2002) for CBC; against Web
Services: Jager, Somorovsky, "How to break XML Encryption" (CCS 2011), Jager, Schinzel, Somorovsky, "Bleichenbacher's
attack strikes again" (ESORICS 2012). ``make attacks`` compares the times.
"""

from __future__ import annotations

import random
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

import soapkit
from soapkit.security import Encrypt, Require, Security, Sign, Timestamp, UsernameToken, profile
from soapkit.security.crypto.algorithms import cipher_named
from soapkit.security.crypto.with_cryptography import CryptographyProvider
from soapkit.security.crypto.with_xmlsec import XmlsecProvider
from soapkit.security.markup import CIPHER_VALUE, ENCRYPTED_DATA, SIGNATURE_VALUE
from soapkit.soap.envelope import Draft
from soapkit.soap.version import BY_LABEL
from soapkit.testing import loopback
from soapkit.transport.values import Headers, Request

sys.path.insert(0, str(Path(__file__).parent))
from oracles import (
    MOST_Z,
    cbc_values,
    decryptable,
    flipped,
    oaep_keys,
    octets_of,
    rsa15_keys,
    set_octets,
    timed,
    times_of,
    z_of,
)

from tests.parties import Keys, make_keys


@soapkit.service("urn:example:greeter")
class Greeter:
    @soapkit.operation
    def greet(self, name: str) -> str:
        return f"hello {name}"


@pytest.fixture(scope="module")
def keys() -> Keys:
    return make_keys(datetime.now(UTC))


@pytest.fixture
def now() -> datetime:
    """That of the service, which has a clock of its own."""
    return datetime.now(UTC)


@pytest.fixture(scope="module", params=["1.1", "1.2"])
def plain(request):
    body = '<greet xmlns="urn:example:greeter"><name>Ann</name></greet>'
    return Draft(BY_LABEL[request.param], body, ('<a:To xmlns:a="urn:addressing">x</a:To>',)).to_envelope()


def ask(security: Security, data: bytes) -> tuple[int, tuple, bytes]:
    """The whole answer of a service so secured."""
    kind = "application/soap+xml" if b"2003/05/soap-envelope" in data else "text/xml"
    headers = Headers({"Content-Type": f"{kind}; charset=utf-8", "SOAPAction": '""'})
    reply = loopback(soapkit.asgi(Greeter(), security=security)).send(Request("http://greeter/", data, headers))
    return reply.status, tuple(reply.headers.items()), reply.body


def refusing(plain) -> tuple[int, tuple, bytes]:
    """The answer to a message without any security."""
    return ask(Security(inbound=Require(username={})), etree.tostring(plain.root))


def with_octets(message: bytes, tag: str, octets: bytes, number: int = 0) -> bytes:
    root = etree.fromstring(message)
    set_octets(root, tag, octets, number)
    return etree.tostring(root)


def test_a_wrong_key_transport_is_not_told_from_a_wrong_key(plain, keys, now):
    legacy = Security(inbound=Require(encrypted=["Body"], key=keys.bob, algorithms=profile("legacy")))
    for transport, values in (("rsa-1_5", rsa15_keys), ("rsa-oaep-mgf1p", oaep_keys)):
        for cipher in ("aes256-gcm", "aes256-cbc"):
            steps = [Encrypt(to=keys.bob, key_transport=transport, algorithm=cipher)]
            message = Security(outbound=steps).apply(plain, now=now).to_bytes()
            assert b"hello Ann" in ask(legacy, message)[2]
            answers = {
                ask(legacy, with_octets(message, CIPHER_VALUE, value)) for _, value in values(keys.bob.certificate)
            }
            assert answers == {refusing(plain)}, (transport, cipher)


def test_a_wrong_padding_of_cbc_is_not_told_from_other_garbage(plain, keys, now):
    legacy = Security(inbound=Require(encrypted=["Body"], key=keys.bob, algorithms=profile("legacy")))
    message = Security(outbound=[Encrypt(to=keys.bob, algorithm="aes256-cbc")]).apply(plain, now=now).to_bytes()
    data = octets_of(etree.fromstring(message), CIPHER_VALUE, 1)
    assert b"hello Ann" in ask(legacy, message)[2]
    answers = {ask(legacy, with_octets(message, CIPHER_VALUE, value, 1)) for _, value in cbc_values(data)}
    assert answers == {refusing(plain)}


def test_libxmlsec_as_the_provider_tells_no_more(plain, keys, now):
    """Its own errors differ; what is answered does not."""
    require = Require(encrypted=["Body"], key=keys.bob, algorithms=profile("legacy"))
    legacy = Security(inbound=require, provider=XmlsecProvider())
    steps = [Encrypt(to=keys.bob, key_transport="rsa-1_5", algorithm="aes256-cbc")]
    message = Security(outbound=steps).apply(plain, now=now).to_bytes()
    assert b"hello Ann" in ask(legacy, message)[2]
    data = octets_of(etree.fromstring(message), CIPHER_VALUE, 1)
    altered = [with_octets(message, CIPHER_VALUE, value) for _, value in rsa15_keys(keys.bob.certificate)]
    altered += [with_octets(message, CIPHER_VALUE, value, 1) for _, value in list(cbc_values(data))[::8]]
    assert {ask(legacy, each) for each in altered} == {refusing(plain)}


def test_cbc_under_a_signature_answers_nothing_to_who_alters_it(plain, keys, now):
    """The default: the signature is checked first, so that no altered ciphertext is decrypted at all."""
    security = Security(
        inbound=Require(signed=["Body"], encrypted=["Body"], trust=keys.trust, key=keys.bob, replay=None)
    )
    steps = [Encrypt(to=keys.bob, algorithm="aes256-cbc"), Sign(keys.alice, parts=["Body"])]
    message = Security(outbound=steps).apply(plain, now=now).to_bytes()
    assert b"hello Ann" in ask(security, message)[2]
    data = octets_of(etree.fromstring(message), CIPHER_VALUE, 1)
    altered = [flipped(data, len(data) - 17, by) for by in range(1, 256, 6)]
    answers = {ask(security, with_octets(message, CIPHER_VALUE, value, 1)) for value in altered}
    assert answers == {refusing(plain)}


@pytest.mark.parametrize(
    "content",
    [
        b"<a>",
        b"</a>",
        b"<!DOCTYPE a><a/>",
        b"<a>&lol;</a>",
        b"\xff",
        b"<a/><b/>",
        b"",
        b"<a/>",
        b"text",
        b'<s:Body xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>',
    ],
)
def test_whatever_comes_out_of_a_header_block_that_must_be_one_is_answered_alike(content, plain, keys, now):
    """A key that is a little wrong may make well-formed XML: what then is no message is told in the same words."""
    security = Security(inbound=Require(signed=["Body"], trust=keys.trust, key=keys.bob))
    message = Security(outbound=[Encrypt(to=keys.bob, parts=["To"])]).apply(plain, now=now).root
    secret = CryptographyProvider().random(32)
    decryptable(message, keys.bob.certificate, secret, content, cipher_named("aes256-gcm"))
    after = message[1]
    after.addnext(next(message.iter(ENCRYPTED_DATA)))  # SOAP 1.1 lets elements of a namespace follow the Body
    answer = _without_column(ask(security, etree.tostring(message)))
    assert answer in (refusing(plain), *map(_without_column, _not_a_message(plain)))


def _without_column(answer):
    """The same, but for where the element stands that may not: the one message is longer than the other."""
    status, headers, body = answer
    headers = tuple((name, value) for name, value in headers if name.lower() != "content-length")
    return status, headers, re.sub(rb"message:1:\d+", b"message:1", body)


def _not_a_message(plain):
    """SOAP 1.2 lets nothing follow the Body, encrypted or not: told before anything is decrypted."""
    if plain.version.label == "1.1":
        return
    message = etree.fromstring(etree.tostring(plain.root))
    etree.SubElement(message, ENCRYPTED_DATA)
    yield ask(Security(inbound=Require(username={})), etree.tostring(message))


def test_all_else_that_is_wrong_with_the_security_is_answered_alike(plain, keys, now):
    wanted = {"signed": ["Body", "Timestamp"], "trust": keys.trust, "key": keys.bob, "username": {"ann": "secret"}}
    server = Security(inbound=Require(**wanted))
    ann, stamp, sign = UsernameToken("ann", "secret", digest=True), Timestamp(), Sign(keys.alice)
    good = Security(outbound=[stamp, ann, sign]).apply(plain, now=now).to_bytes()
    assert b"hello Ann" in ask(server, good)[2]

    def secured(*steps, at=now):
        return Security(outbound=steps).apply(plain, now=at).to_bytes()

    signature = octets_of(etree.fromstring(good), SIGNATURE_VALUE)
    wrong = {
        "no security": etree.tostring(plain.root),
        "no signature": secured(stamp, ann),
        "no timestamp": secured(ann, Sign(keys.alice, parts=["Body"])),
        "a timestamp that is not signed": secured(stamp, ann, Sign(keys.alice, parts=["Body"])),
        "an old timestamp": secured(stamp, sign, ann, at=now - timedelta(hours=1)),
        "a timestamp of tomorrow": secured(stamp, sign, ann, at=now + timedelta(days=1)),
        "a stranger's signature": secured(stamp, ann, Sign(keys.mallory)),
        "a wrong signature": with_octets(good, SIGNATURE_VALUE, flipped(signature, 9)),
        "an altered body": good.replace(b">Ann<", b">Bob<"),
        "an unknown algorithm": good.replace(b"rsa-sha256", b"rsa-sha999"),
        "a weak algorithm": secured(stamp, ann, Sign(keys.alice, algorithm="rsa-sha1")),
        "a weak digest": secured(stamp, ann, Sign(keys.alice, digest="sha1")),
        "an unknown user": secured(stamp, UsernameToken("eve", "secret", digest=True), sign),
        "a wrong password": secured(stamp, UsernameToken("ann", "guess", digest=True), sign),
        "a wrong password in the clear": secured(stamp, UsernameToken("ann", "guess"), sign),
        "no password": secured(stamp, UsernameToken("ann"), sign),
        "no user": secured(stamp, sign),
        "encrypted to somebody else": secured(stamp, ann, sign, Encrypt(to=keys.alice)),
        "CBC outside a signature": secured(stamp, ann, sign, Encrypt(to=keys.bob, algorithm="aes256-cbc")),
        "RSA 1.5": secured(stamp, ann, sign, Encrypt(to=keys.bob, key_transport="rsa-1_5")),
        "a repeated message": good,
    }
    answers = {label: ask_again(server, data) for label, data in wrong.items()}
    expected = refusing(plain)
    assert {label for label, answer in answers.items() if answer != expected} == set()


def ask_again(security, data):
    """The answer to the second of two: what is right is a replay then."""
    ask(security, data)
    return ask(security, data)


def test_times_are_compared_with_a_statistic_that_finds_a_difference():
    """The control of ``make attacks``: six in a thousand are found under noise of a hundred, and none are invented."""
    chance = random.Random(1)
    this, same, more = ([chance.gauss(mean, 100) for _ in range(30_000)] for mean in (1_000, 1_000, 1_006))
    outliers = [*this[:-100], *[1e9] * 100]
    assert abs(z_of(this, same)) < MOST_Z < abs(z_of(this, more))
    assert abs(z_of(outliers, same)) < MOST_Z < abs(z_of(outliers, more))


def test_every_timed_attempt_is_refused(keys, now):
    """What ``make attacks`` times is what it says; two tries of each."""
    for name, attempts in timed(keys, now).items():
        assert len(attempts) >= 2, name
        times_of(attempts, 2)
