"""Damaged messages: where a template reads one, the tree reads the same; where the tree refuses, no template reads.

python tests/fuzz/fuzz_plain_messages.py [EXAMPLES] [SEED]        200,000 examples unless said; prints the seed
"""

from __future__ import annotations

import random
import re
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from msgspec import UNSET, Struct, UnsetType

from soapkit.databinding.annotations import attribute, element, text, xml_type, xsd
from soapkit.databinding.codec import Codecs
from soapkit.databinding.compiled.retold import RetoldReader
from soapkit.databinding.describe import DescribedShapes
from soapkit.databinding.shape import Facets
from soapkit.databinding.values import Duration, GYear
from soapkit.errors import SoapkitError
from soapkit.exchange.plain import PlainReader
from soapkit.exchange.processor import Processor
from soapkit.operations import Message, Operation
from soapkit.soap.rules import check_rules
from soapkit.soap.version import SOAP_1_1, SOAP_1_2
from soapkit.soap.wire import unpack

__xml_namespace__ = "urn:t"


class Colour(StrEnum):
    RED = "red"
    GREEN = "sea & green"


@xml_type("price")
class Price(Struct, kw_only=True):
    amount: Annotated[Decimal, text()]
    currency: Annotated[str, attribute("currency")]
    colour: Annotated[Colour, attribute("colour")] = Colour.RED
    rate: Annotated[int | None, attribute("rate"), xsd("unsignedByte")] = None


@xml_type("leaf")
class Leaf(Struct, kw_only=True):
    s: Annotated[str, element("s")]
    i: Annotated[int | None, element("i"), xsd("short")] = None
    kind: Annotated[str | None, attribute("kind")] = None


@xml_type("branch")
class Branch(Struct, kw_only=True):
    name: Annotated[str, element("name"), Facets(max_length=12)]
    leaf: Annotated[list[Leaf], element("leaf")] = []
    end: Annotated[bool | None, element("end")] = None


@xml_type("either", content="((a | b | leaf)?, last)")
class Either(Struct, kw_only=True):
    a: Annotated[int | None, element("a"), xsd("int")] = None
    b: Annotated[str | None, element("b")] = None
    leaf: Annotated[Leaf | None, element("leaf")] = None
    last: Annotated[str, element("last"), xsd("token")]


@xml_type("all")
class Everything(Struct, kw_only=True):
    s: Annotated[str, element("s")]
    n: Annotated[int, element("n"), xsd("int")]
    big: Annotated[int | None, element("big"), xsd("integer")] = None
    d: Annotated[Decimal, element("d")]
    b: Annotated[bool, element("b")]
    f: Annotated[float, element("f")]
    t: Annotated[datetime, element("t")]
    day: Annotated[date | None, element("day")] = None
    colour: Annotated[Colour | None, element("colour")] = None
    raw: Annotated[bytes | None, element("raw")] = None
    hexed: Annotated[bytes | None, element("hexed"), xsd("hexBinary")] = None
    span: Annotated[Duration | None, element("span")] = None
    year: Annotated[GYear | None, element("year")] = None
    nil: Annotated[str | UnsetType | None, element("nil", nillable=True)] = UNSET
    price: Annotated[Price | None, element("price")] = None
    either: Annotated[Either, element("either")]
    leaf: Annotated[Leaf, element("leaf")]
    words: Annotated[list[str], element("word"), Facets(patterns=(("[a-z]*",),))] = []
    nums: Annotated[list[int] | None, element("nums"), xsd("list")] = None
    prices: Annotated[list[Price], element("prices", max_occurs=3)] = []
    branch: Annotated[list[Branch], element("branch")] = []
    note: Annotated[str | None, element("note")] = None


@xml_type("bare", group=True)
class Bare(Struct, kw_only=True):
    reply: Annotated[Everything, element("reply")]


TAG = "{urn:t}reply"
BARE: Operation[Any, Any] = Operation("ask", Message(Bare, None, "bare"), Message(Bare, None, "bare"))
OPERATION: Operation[Any, Any] = Operation("ask", Message(Everything, TAG), Message(Everything, TAG))
PROCESSOR = Processor(Codecs(DescribedShapes("urn:t")))
PROCESSOR.codecs.retold = RetoldReader(PROCESSOR.codecs.context, patience=10**12)  # never: the reference is the tree
RETELLING = Processor(Codecs(DescribedShapes("urn:t")))
RETELLING.codecs.retold = RetoldReader(RETELLING.codecs.context, patience=0)

TOKENS = [
    *(
        rb"""< > & ' " / = ; ! ? [ ] - + . _ : 0 9 a Z E5 INF NaN &amp; &lt; &#13; &#x41; &#0; &x; ]]> ]] <![CDATA[x]]>
        <![CDATA[]]> <!----> <!--x--> <?pi?> <?xml?> <!DOCTYPE_a> /> </ <s/> <ns1:s/> <ns1:s></ns1:s> xmlns xsi:nil
        24:00:00 true 1"""
    ).split(),
    *(
        b"\0 \x01 \x08 \x0b \x1f \x7f \xff \xc3 \xc3\xa4 \xef\xbf\xbe \xef\xbf\xbf \xef\xbb\xbf \xed\xa0\x80".split(
            b" "
        )
    ),
    *[
        *(b"\r", b"\n", b"\t", b" ", b"\r\n", b"  ", b"\xc2\xa0", b"\xc2\x85", b"\xe2\x80\xa8", b"\xf0\x9f\x98\x80"),
        "٣".encode(),
        b' a="1"',
        b' kind="x"',
        b" kind='x'",
        b' currency="EUR"',
        b' rate="7"',
        b' xsi:nil="true"',
        b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"',
        b' xmlns="urn:x"',
        b' xmlns=""',
        b' xmlns:ns1="urn:x"',
        b' xmlns:q="urn:t"',
        b"<soap:Header/>",
        b"<soap:Header></soap:Header>",
        b'<soap:Header><h xmlns="urn:h" soap:mustUnderstand="1"/></soap:Header>',
        b"<!-- <ns1:s>x</ns1:s> -->",
        b"<!DOCTYPE a [<!ENTITY x 'y'>]>",
        b"<ns1:note>x</ns1:note>",
        b"<ns1:word>x</ns1:word>",
        b'<ns1:leaf kind="k"><ns1:s>x</ns1:s></ns1:leaf>',
        b"9" * 40,
        b"x" * 200,
    ],
]
SAID = ["", "x", "a & b < c", "Grüße", "x" * 70, "\t tab", "two\nlines", 'it\'s "so"', "]]>", "\U0001f600", "1 > 0"]


def value(chance: random.Random) -> Everything:
    """A value with some of everything."""

    def maybe(made: Any) -> Any:
        return made if chance.random() < 0.6 else None

    def leaf() -> Leaf:
        number = maybe(chance.randrange(-9, 999))
        return Leaf(s=chance.choice(SAID), i=number, kind=maybe(chance.choice(["", "k", "a&b", "a'b"])))

    def price() -> Price:
        amount = Decimal(chance.randrange(-(10**6), 10**6)).scaleb(-2)
        return Price(
            amount=amount, currency="EUR", colour=chance.choice(list(Colour)), rate=maybe(chance.randrange(256))
        )

    def several(make: Any) -> list[Any]:
        return [make() for _ in range(chance.randrange(4))]

    def branch() -> Branch:
        return Branch(name=chance.choice(["", "n", "na & me"]), leaf=several(leaf), end=maybe(True))

    moment = datetime(2026, 1, chance.randrange(1, 29), 12, 30, 5, chance.choice([0, 0, 500_000]), tzinfo=UTC)
    return Everything(
        s=chance.choice(SAID),
        n=chance.randrange(-(2**31), 2**31),
        big=maybe(10 ** chance.randrange(30)),
        d=Decimal(chance.randrange(10**9)).scaleb(-chance.randrange(5)),
        b=chance.random() < 0.5,
        f=chance.choice([0.0, 1.5, -2e-9, 1e300, float("inf"), float("nan"), chance.random()]),
        t=moment,
        day=maybe(date(2026, 2, 3)),
        colour=maybe(chance.choice(list(Colour))),
        raw=maybe(chance.randbytes(chance.randrange(50))),
        hexed=maybe(b"\x00\xff"),
        span=maybe(Duration(months=2, seconds=Decimal(3))),
        year=maybe(GYear(2026)),
        nil=chance.choice([UNSET, UNSET, "here", "", None]) if chance.random() < 0.5 else UNSET,
        price=maybe(price()),
        either=Either(**chance.choice([{}, {"a": 4}, {"b": "b"}, {"leaf": leaf()}]), last="to ken"),
        leaf=leaf(),
        words=several(lambda: "word"),
        nums=maybe([1, 2, 3]),
        prices=several(price)[:3],
        branch=several(branch),
        note=maybe(chance.choice(SAID)),
    )


def spellings(message: bytes) -> Iterator[bytes]:
    """The same message as several peers would write it."""
    yield message
    yield b'<?xml version="1.0" encoding="UTF-8"?>\n' + message + b"\n"
    yield message.replace(b"ns1:", b"").replace(b"xmlns:ns1=", b"xmlns=")
    yield message.replace(b"<soap:Body>", b"<soap:Header/><soap:Body>").replace(b"ns1", b"m")
    yield re.sub(rb"\bsoap\b(?=[:=])", b"S", re.sub(rb"\bns1\b(?=[:=])", b"S1", message))
    yield message.replace(b"><", b">\n  <")
    yield re.sub(rb"<(ns1:\w+)></ns1:\w+>", rb"<\1 />", message)
    yield re.sub(rb"<(ns1:\w+)></ns1:\w+>", rb"<\1/>", message).replace(b'"true"/>', b'"true" />')


def damaged(message: bytes, chance: random.Random) -> bytes:
    """A message with one to three things done to it."""
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        at = chance.randrange(len(message) + 1)
        if chance.random() < 0.5:  # where it matters more: at a tag
            found = message.find(chance.choice([b"<", b">", b"</"]), at)
            at = found + chance.randrange(2) if found >= 0 else at
        end = min(len(message), at + chance.choice([0, 0, 0, 1, 1, 2, 5, 20, 60]))
        kind = chance.randrange(8)
        if kind < 4:
            message = message[:at] + chance.choice(TOKENS) + message[at:]
        elif kind == 4:
            message = message[:at] + chance.choice(TOKENS) + message[end:]
        elif kind == 5:
            message = message[:at] + message[end:]
        elif kind == 6:
            other = chance.randrange(len(message) + 1)
            message = message[:other] + message[at:end] + message[other:]
        else:
            message = moved(message, chance)
    return message


def moved(message: bytes, chance: random.Random) -> bytes:
    """A message in which a whole element stands somewhere else, or twice."""
    starts = [at for at in range(len(message)) if message.startswith(b"<", at)]
    if len(starts) < 2:
        return message
    first, second = sorted(chance.sample(starts, 2))
    third = chance.choice(starts)
    piece = message[first:second]
    rest = message if chance.random() < 0.5 else message[:first] + message[second:]
    return rest[:third] + piece + rest[third:]


def by_tree(data: bytes, processor: Processor = PROCESSOR, operation: Operation[Any, Any] = OPERATION) -> str:
    """What the tree says, in a form that compares; empty where it refuses. `RETELLING`: by a template, of its text."""
    try:
        envelope = unpack(data, "text/xml; charset=utf-8")
        check_rules(envelope)
        return f"{envelope.version.label} {processor.receive_reply(envelope, operation).value!r}"
    except SoapkitError:
        return ""


def by_template(data: bytes, reader: PlainReader, operation: Operation[Any, Any] = OPERATION) -> str:
    """What a template says; empty where it leaves the message to the tree."""
    found = reader.read(data, lambda _: (operation, operation.request))
    return f"{found.version.label} {found.value!r}" if found is not None else ""


def run(examples: int, seed: int) -> tuple[int, int]:
    """How many damaged messages a template read, and how many the tree. Raises `AssertionError` for a difference."""
    chance = random.Random(seed)
    read = right = 0
    for number in range(examples):
        if number % 500 == 0:
            made = [
                spelled
                for version in (SOAP_1_1, SOAP_1_2)
                for _ in range(4)
                for spelled in spellings(PROCESSOR.send_reply(version, OPERATION, value(chance), {}))
            ]
            operation = BARE if number % 1000 else OPERATION
            reader = PlainReader(PROCESSOR.codecs, patience=0)
        intact = chance.choice(made)
        by_template(intact, reader, operation)  # so that a head is not given up for the damage
        message = damaged(intact, chance)
        found, expected = by_template(message, reader, operation), by_tree(message, operation=operation)
        if expected:
            by_tree(intact, RETELLING, operation)  # likewise
            retold = by_tree(message, RETELLING, operation)
            assert retold == expected, f"seed {seed}: {message!r}\nretold {retold}\ntree   {expected}"
        read += bool(found)
        right += bool(expected)
        assert not found or found == expected, f"seed {seed}: {message!r}\ntemplate {found}\ntree     {expected}"
        if examples > 5_000 and number % 20_000 == 0:
            print(f"{number:,}: {read:,} read by a template, {right:,} by the tree", flush=True)
    return read, right


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    seed = given[1] if len(given) > 1 else time.time_ns() % 2**32
    print(f"seed {seed}", flush=True)
    print(run(given[0] if given else 200_000, seed))
