"""Signed messages, each another one, and how a service answers them."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Final

from soapkit.security import KeyPair, Security, Sign, Timestamp
from soapkit.security.throwaway import write_keys
from soapkit.soap.envelope import Draft
from soapkit.soap.version import SOAP_1_1
from tests.soak.served import body

SERVED: Final = "served"
REFUSED: Final = "refused"
CUT: Final = "cut"


class Signer:
    """Makes keys in `folder`, for the service too, and messages."""

    def __init__(self, folder: Path) -> None:
        write_keys(folder, ["alice"], password="secret")
        alice = KeyPair.load(folder / "alice.p12", "secret")
        self._security = Security(outbound=[Timestamp(), Sign(alice, parts=["Body", "Timestamp"])])
        self._numbers = itertools.count(1)

    def message(self) -> bytes:
        """The next one, signed now."""
        draft = Draft(SOAP_1_1, body("book", number=next(self._numbers)), ())
        return self._security.apply(draft.to_envelope()).to_bytes()


def outcome(status: int, answer: bytes) -> str:
    """What became of a message. Anything else than the three is an error of the service."""
    if status == 0:
        return CUT
    if status == 200:
        return SERVED
    assert b"does not meet the security requirements" in answer, (status, answer)
    return REFUSED
