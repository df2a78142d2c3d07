"""Damaged messages, read in pieces: what is read so is what the tree says, and what the tree refuses is not read.

python tests/fuzz/fuzz_large_messages.py [EXAMPLES] [SEED]        100,000 examples unless said; prints the seed
"""

from __future__ import annotations

import random
import sys
import time
from typing import Any

from fuzz_plain_messages import PROCESSOR, SAID, Branch, Leaf, damaged, spellings

from soapkit.errors import SoapkitError
from soapkit.exchange.large import receive_large
from soapkit.operations import Message, Operation
from soapkit.soap.rules import check_rules
from soapkit.soap.version import SOAP_1_1, SOAP_1_2
from soapkit.soap.wire import unpack

MESSAGE = Message(Branch, "{urn:t}reply")
OPERATION: Operation[Any, Any] = Operation("ask", MESSAGE, MESSAGE)
MEDIA_TYPE = "text/xml; charset=utf-8"


def by_tree(data: bytes) -> str:
    """What the tree says, in a form that compares; empty where it refuses."""
    try:
        envelope = unpack(data, MEDIA_TYPE)
        check_rules(envelope)
        return repr(PROCESSOR.receive_reply(envelope, OPERATION).value)
    except SoapkitError:
        return ""


def in_pieces(data: bytes) -> str:
    """What is read in pieces; empty where it is left to the tree."""
    found = receive_large(
        PROCESSOR,
        data,
        MEDIA_TYPE,
        lambda _: (OPERATION, MESSAGE),
        lambda envelope: PROCESSOR.receive_reply(envelope, OPERATION),
        request=False,
        least=0,
    )
    return repr(found.value) if found is not None else ""


def run(examples: int, seed: int) -> tuple[int, int]:
    """How many were read in pieces, and how many as trees. Raises `AssertionError` for a difference."""
    chance, read, right = random.Random(seed), 0, 0
    for number in range(examples):
        leaves = [Leaf(s=chance.choice(SAID), i=chance.choice([None, 4])) for _ in range(chance.randrange(6))]
        value = Branch(name=chance.choice(["", "n"]), leaf=leaves, end=chance.choice([None, True]))
        version = chance.choice([SOAP_1_1, SOAP_1_2])
        intact = chance.choice(list(spellings(PROCESSOR.send_reply(version, OPERATION, value, {}))))
        message = damaged(intact, chance) if number % 10 else intact
        found, expected = in_pieces(message), by_tree(message)
        read += bool(found)
        right += bool(expected)
        assert not found or found == expected, f"seed {seed}: {message!r}\npieces {found}\ntree   {expected}"
    return read, right


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    seed = given[1] if len(given) > 1 else time.time_ns() % 2**32
    print(f"seed {seed}", flush=True)
    print(run(given[0] if given else 100_000, seed))
