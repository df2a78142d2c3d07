"""What an attacker who may ask again and again sends: messages that fail in every way, and how their times compare."""

from __future__ import annotations

import base64
import gc
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy

from lxml import etree
from signed_messages import read

from soapkit.errors import SecurityError
from soapkit.security import Encrypt, Require, Security, UsernameToken, profile
from soapkit.security.crypto.algorithms import KeyTransport, transport_named
from soapkit.security.crypto.with_cryptography import CryptographyProvider
from soapkit.security.markup import CIPHER_VALUE, ENCRYPTED_DATA, ENCRYPTED_KEY
from soapkit.soap.envelope import Envelope

RSA15 = transport_named("rsa-1_5")
OAEP = transport_named("rsa-oaep-mgf1p")
MOST_Z = 5.0  # by chance alone one comparison in two millions is beyond it


# --- messages -----------------------------------------------------------------------------------------------------


def set_octets(root: etree._Element, tag: str, octets: bytes, number: int = 0) -> None:
    """Other octets in the base64 text of the so manyeth element with that tag."""
    list(root.iter(tag))[number].text = base64.b64encode(octets).decode()


def octets_of(root: etree._Element, tag: str, number: int = 0) -> bytes:
    return base64.b64decode(list(root.iter(tag))[number].text)


def flipped(octets: bytes, at: int, by: int = 1) -> bytes:
    return octets[:at] + bytes([octets[at] ^ by]) + octets[at + 1 :]


def raw_rsa(certificate, block: bytes) -> bytes:
    """RSA without any padding: what somebody sends who chooses the padded block."""
    numbers = certificate.public_key().public_numbers()
    size = (numbers.n.bit_length() + 7) // 8
    return pow(int.from_bytes(block, "big"), numbers.e, numbers.n).to_bytes(size, "big")


def padded(secret: bytes, size: int, head: bytes = b"\0\2") -> bytes:
    """A block as PKCS#1 v1.5 pads one for encryption (RFC 8017, 7.2.1)."""
    filling = bytes(random.Random(5).choices(range(1, 256), k=size - len(secret) - len(head) - 1))
    return head + filling + b"\0" + secret


def rsa15_keys(certificate) -> Iterator[tuple[str, bytes]]:
    """EncryptedKey values of every kind that Bleichenbacher's attack tells apart, where it can (CRYPTO '98; RFC 3218).
    None holds the key that the data is encrypted under."""
    size = certificate.public_key().key_size // 8
    yield "right padding, right length, another key", raw_rsa(certificate, padded(b"k" * 32, size))
    yield "right padding, key too short", raw_rsa(certificate, padded(b"k" * 16, size))
    yield "right padding, key too long", raw_rsa(certificate, padded(b"k" * 64, size))
    yield "right padding, no key", raw_rsa(certificate, padded(b"", size))
    yield "another block type", raw_rsa(certificate, padded(b"k" * 32, size, b"\0\1"))
    yield "first octet not zero", raw_rsa(certificate, padded(b"k" * 32, size, b"\1\2"))
    yield "no end of the padding", raw_rsa(certificate, b"\0\2" + b"\xff" * (size - 2))
    yield "padding too short", raw_rsa(certificate, b"\0\2\1\1\0" + b"\xff" * (size - 5))
    yield "random octets", b"\1" + random.Random(6).randbytes(size - 1)


def oaep_keys(certificate) -> Iterator[tuple[str, bytes]]:
    """EncryptedKey values that Manger's attack on OAEP tells apart, where it can (CRYPTO 2001)."""
    size = certificate.public_key().key_size // 8
    provider, label = CryptographyProvider(), KeyTransport(OAEP, "sha256", "sha1", b"another label")
    yield "first octet zero, wrong hash of the label", provider.wrap(label, certificate, b"k" * 32)
    yield "first octet zero, random", raw_rsa(certificate, b"\0" + random.Random(7).randbytes(size - 1))
    yield "first octet not zero", raw_rsa(certificate, b"\1" + random.Random(8).randbytes(size - 1))


def cbc_values(data: bytes) -> Iterator[tuple[str, bytes]]:
    """CBC ciphertexts whose plaintext is garbage in its first block, under every length of padding, right and wrong
    (Vaudenay, EUROCRYPT 2002)."""
    garbage = flipped(data, 0, 0x3D)  # the first octet of the content, "<", becomes one that XML forbids
    for by in range(256):
        yield f"padding length altered by {by}", flipped(garbage, len(data) - 17, by)
    yield "cut to one block", data[:16]
    yield "cut inside a block", data[:-3]
    yield "nothing", b""


# --- times --------------------------------------------------------------------------------------------------------


def z_of(first: Sequence[float], second: Sequence[float]) -> float:
    """How far two samples are from being drawn alike, in standard deviations: the rank sum of Wilcoxon, Mann and
    Whitney, which asks nothing of their distribution and does not mind outliers."""
    ranked = sorted([*((value, 0) for value in first), *((value, 1) for value in second)])
    rank_sum = at = 0.0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[int(end)][0] == ranked[int(at)][0]:
            end += 1
        rank_sum += sum(1 for _, group in ranked[int(at) : int(end)] if group == 0) * (at + end + 1) / 2
        at = end
    n, m = len(first), len(second)
    return (rank_sum - n * (n + m + 1) / 2) / math.sqrt(n * m * (n + m + 1) / 12)


def times_of(attempts: dict[str, Callable[[], None]], tries: int) -> dict[str, list[int]]:
    """CPU nanoseconds of each try of each, in an order drawn anew each round, so that drift falls on all alike."""
    names, chance = list(attempts), random.Random(1)
    found: dict[str, list[int]] = {name: [] for name in names}
    gc.collect()
    gc.disable()
    try:
        for number in range(tries + tries // 10):
            chance.shuffle(names)
            for name in names:
                start = time.thread_time_ns()
                attempts[name]()
                if number >= tries // 10:  # the first ones warm the caches
                    found[name].append(time.thread_time_ns() - start)
            if number % 200 == 0:
                gc.collect()
    finally:
        gc.enable()
    return found


def refusal(security: Security, data: bytes, now) -> Callable[[], None]:
    """A function that verifies a message which is refused."""

    def attempt() -> None:
        try:
            security.verify(read(data), now=now)
        except SecurityError:
            return
        raise AssertionError("believed")

    return attempt


def decryptable(root: etree._Element, certificate, secret: bytes, content: bytes, cipher) -> None:
    """Put in what a stranger with the receiver's certificate wants: `content`, under a key of his own."""
    provider = CryptographyProvider()
    wrapped = provider.wrap(KeyTransport(OAEP, "sha256", "sha1"), certificate, secret)
    set_octets(next(root.iter(ENCRYPTED_KEY)), CIPHER_VALUE, wrapped)
    set_octets(next(root.iter(ENCRYPTED_DATA)), CIPHER_VALUE, provider.encrypt(cipher, secret, content))


def timed(keys, now) -> dict[str, dict[str, Callable[[], None]]]:
    """What must take the same time: by attack, what is tried, each refused."""
    legacy = Security(inbound=Require(encrypted=["Body"], key=keys.bob, algorithms=profile("legacy")))
    plain = plain_message()
    found: dict[str, dict[str, Callable[[], None]]] = {}
    for title, transport, cipher, values in (
        ("Bleichenbacher, RSA 1.5 and GCM", "rsa-1_5", "aes256-gcm", rsa15_keys),
        ("Bleichenbacher, RSA 1.5 and CBC", "rsa-1_5", "aes256-cbc", rsa15_keys),
        ("Manger, OAEP", "rsa-oaep-mgf1p", "aes256-gcm", oaep_keys),
    ):
        steps = [Encrypt(to=keys.bob, key_transport=transport, algorithm=cipher)]
        message = Security(outbound=steps).apply(plain, now=now).root
        found[title] = {
            label: refusal(legacy, _with(message, CIPHER_VALUE, value, 0), now)
            for label, value in values(keys.bob.certificate)
        }
    message = Security(outbound=[Encrypt(to=keys.bob, algorithm="aes256-cbc")]).apply(plain, now=now).root
    data = octets_of(message, CIPHER_VALUE, 1)
    values = dict(cbc_values(data))
    found["Vaudenay, CBC"] = {
        f"padding length altered by {by}": refusal(
            legacy, _with(message, CIPHER_VALUE, values[f"padding length altered by {by}"], 1), now
        )
        for by in (0, 1, 64, 128, 255)
    }
    users = Security(inbound=Require(username={"ann": "secret"}, replay=None))
    found["users' names"] = {
        label: refusal(
            users, Security(outbound=[UsernameToken(*token, digest=True)]).apply(plain, now=now).to_bytes(), now
        )
        for label, token in {"unknown user": ("eve", "guess1"), "wrong password": ("ann", "guess1")}.items()
    }
    return found


def told_apart(keys, now) -> dict[str, Callable[[], None]]:
    """Two refusals that do differ, as the control: a key that does not open, and data that does not."""
    legacy = Security(inbound=Require(encrypted=["Body"], key=keys.bob, algorithms=profile("legacy")))
    message = Security(outbound=[Encrypt(to=keys.bob)]).apply(plain_message(), now=now).root
    key, data = dict(oaep_keys(keys.bob.certificate))["first octet not zero"], octets_of(message, CIPHER_VALUE, 1)
    return {
        "a key that does not open": refusal(legacy, _with(message, CIPHER_VALUE, key, 0), now),
        "data that was altered": refusal(legacy, _with(message, CIPHER_VALUE, flipped(data, 20), 1), now),
    }


def plain_message() -> Envelope:
    return read(
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        b'<transfer xmlns="urn:bank"><to>DE1</to></transfer></s:Body></s:Envelope>'
    )


def _with(root: etree._Element, tag: str, octets: bytes, number: int) -> bytes:
    copy = deepcopy(root)
    set_octets(copy, tag, octets, number)
    return etree.tostring(copy)
