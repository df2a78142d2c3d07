"""The hash of an OCSP response that is signed with RSASSA-PSS, which the cryptography library does not tell.

RFC 4055, 3.1: the parameters say it, with a mask by MGF1 of the same hash and a salt of its size. No others are read:
what anybody writes is one of six encodings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

_SEQUENCE, _INTEGER, _NULL = 0x30, 0x02, b"\x05\x00"
_PSS: Final = bytes.fromhex("06092a864886f70d01010a")
_MGF1: Final = bytes.fromhex("06092a864886f70d010108")
_HASHES: Final[dict[bytes, hashes.HashAlgorithm]] = {
    bytes.fromhex("0609608648016503040201"): hashes.SHA256(),
    bytes.fromhex("0609608648016503040202"): hashes.SHA384(),
    bytes.fromhex("0609608648016503040203"): hashes.SHA512(),
}


def _der(tag: int, *content: bytes) -> bytes:
    inside = b"".join(content)  # shorter than 128 bytes, all of it
    return bytes([tag, len(inside)]) + inside


def _algorithms() -> Iterator[tuple[bytes, hashes.HashAlgorithm]]:
    for identifier, hashed in _HASHES.items():
        for parameters in (_NULL, b""):  # RFC 4055, 2.1: both are accepted
            used = _der(_SEQUENCE, identifier, parameters)
            mask, salt = _der(_SEQUENCE, _MGF1, used), _der(_INTEGER, bytes([hashed.digest_size]))
            said = _der(_SEQUENCE, _der(0xA0, used), _der(0xA1, mask), _der(0xA2, salt))
            yield _der(_SEQUENCE, _PSS, said), hashed


_ALGORITHMS: Final = dict(_algorithms())


def pss_hash(response: ocsp.OCSPResponse) -> hashes.HashAlgorithm:
    """The hash, of what stands behind the octets that are signed. Raises `ValueError` for other parameters."""
    behind = response.public_bytes(Encoding.DER).partition(response.tbs_response_bytes)[2]
    for algorithm, hashed in _ALGORITHMS.items():
        if behind.startswith(algorithm):
            return hashed
    raise ValueError("it is signed by RSASSA-PSS with parameters that are not read")
