"""What is fuzzed: each target takes bytes, and may raise nothing but what it says. `TARGETS` names them.

Kept small: a target says what must hold of any bytes. `run.py` makes the bytes; `test_targets.py` asks with those that
once broke a target, and with a few thousand more.
"""

from __future__ import annotations

import contextlib
import gzip
import random
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fuzz_plain_messages import (
    OPERATION,
    PROCESSOR,
    by_template,
    by_tree,
    damaged,
    spellings,
    value,
)

from soapkit.databinding.builtins import BUILTINS
from soapkit.databinding.items import iter_decode
from soapkit.databinding.lexical import collapse_blanks, parse_qname
from soapkit.errors import SoapkitError
from soapkit.exchange.plain import PlainReader
from soapkit.soap.envelope import Envelope
from soapkit.soap.fault import read_fault
from soapkit.soap.headers import check_understood, read_not_understood, read_upgrade
from soapkit.soap.multipart import MultipartReader, PartBegin, PartData
from soapkit.soap.rules import check_rules
from soapkit.soap.version import SOAP_1_1, SOAP_1_2
from soapkit.soap.wire import unpack
from soapkit.transport.limits import HttpLimits, expand
from soapkit.xml.parse import parse_document, parse_message
from soapkit.xml.serialise import serialise

# --- the XML front door -------------------------------------------------------------------------------------------

CONTENT_TYPES = (
    None,
    "text/xml; charset=utf-8",
    "application/soap+xml; charset=utf-16",
    "text/xml; charset=iso-8859-1",
    "text/xml; charset=utf-7",
    'text/xml; charset="utf-8',
)


def front_door(data: bytes) -> None:
    """Bytes are a message, or refused; a message that was read can be written, and read again."""
    content_type = CONTENT_TYPES[data[0] % len(CONTENT_TYPES)] if data else None
    with contextlib.suppress(SoapkitError):
        parse_document(data[1:], source="fuzz")
    try:
        envelope = unpack(data[1:], content_type)
    except SoapkitError:
        return
    again = Envelope.read(parse_message(serialise(envelope.root)))
    assert serialise(again.root) == serialise(envelope.root)
    read_fault(envelope)
    read_not_understood(envelope)
    read_upgrade(envelope)
    try:
        check_rules(envelope)
        check_understood(envelope)
    except SoapkitError:
        pass


def messages() -> Iterator[bytes]:
    """Messages of each version, as several peers write them."""
    chance = random.Random(7)
    for version in (SOAP_1_1, SOAP_1_2):
        for _ in range(3):
            yield from spellings(PROCESSOR.send_reply(version, OPERATION, value(chance), {}))


def _front_door_seeds() -> Iterator[bytes]:
    for number, message in enumerate(messages()):
        yield bytes([number % len(CONTENT_TYPES)]) + message
    head = f'<s:Envelope xmlns:s="{SOAP_1_2.namespace}"><s:Header>'
    header = '<a xmlns="urn:a" s:mustUnderstand="1" s:role="next" xml:base="http://example.org/"/>'
    yield b"\0" + f"{head}{header}</s:Header><s:Body/></s:Envelope>".encode()
    yield b"\0<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"
    yield b"\2" + f"{head}</s:Header><s:Body/></s:Envelope>".encode("utf-16")


# --- multipart ----------------------------------------------------------------------------------------------------


def _parts(pieces: list[bytes], boundary: str) -> list[tuple[dict[str, str], bytes]] | None:
    """The parts of a stream; None where it is refused."""
    parts: list[tuple[dict[str, str], bytes]] = []
    try:
        reader = MultipartReader(boundary)
        for piece in pieces:
            for event in reader.feed(piece):
                if isinstance(event, PartBegin):
                    parts.append((dict(event.headers), b""))
                elif isinstance(event, PartData):
                    parts[-1] = parts[-1][0], parts[-1][1] + event.data
        reader.finish()
    except SoapkitError:
        return None
    return parts


def multipart(data: bytes) -> None:
    """The parts are the same, however the stream is cut into pieces."""
    step, body = (data[0] % 40 + 1, data[1:]) if data else (1, data)
    whole = _parts([body], "b")
    cut = _parts([body[at : at + step] for at in range(0, len(body), step)], "b")
    assert cut == whole, f"in pieces of {step}: {cut}; whole: {whole}"


def _multipart_seeds() -> Iterator[bytes]:
    yield b"\3--b\r\nA: 1\r\n\r\nx\r\n--b\r\n\r\n\r\n--bc\r\n--b--\r\n"
    yield b"\0preamble\r\n--b  \r\nContent-ID: <a>\r\n b\r\n\r\n\0\xff\r\r\n\r\n--b--epilogue"
    yield b"\1--b\nA: 1\n\nx\n--b\n\n--b--"


# --- content codings ----------------------------------------------------------------------------------------------

LIMITS = HttpLimits(bytes=10**6, expanded=200_000)


@dataclass
class Entry:
    number: int


def codings(data: bytes) -> None:
    """A coding is undone within its limits, or refused; so is a file that gzip has compressed."""
    for coding in ("gzip", "deflate"):
        with contextlib.suppress(SoapkitError):
            assert len(expand(data, coding, LIMITS)) <= LIMITS.expanded
    with contextlib.suppress(SoapkitError):
        list(iter_decode([data[:5], data[5:]], Entry, "a/entry"))


def _coding_seeds() -> Iterator[bytes]:
    document = b"<a>" + b"<entry><number>1</number></entry>" * 50 + b"</a>"
    yield gzip.compress(document, mtime=0)
    yield zlib.compress(document)
    yield zlib.compress(document)[2:-4]
    yield gzip.compress(document[:99], mtime=0) + gzip.compress(document[99:], mtime=0)
    yield gzip.compress(bytes(150_000), mtime=0)


# --- lexical parsers ----------------------------------------------------------------------------------------------

NAMESPACES: dict[str | None, str] = {None: "urn:d", "p": "urn:p"}


def lexical(data: bytes) -> None:
    """A text is a value or a `ValueError`; what is written for a value is read as the same value."""
    text = collapse_blanks(data.decode("utf-8", "replace"))
    with contextlib.suppress(ValueError):
        parse_qname(text, NAMESPACES)
    for builtin in BUILTINS.values():
        try:
            found = builtin.parse(text)
        except ValueError:
            continue
        try:
            written = builtin.format(found)
        except ValueError:
            assert builtin.name in ("anySimpleType", "normalizedString", "token", "anyURI"), (builtin.name, text)
            continue
        again = builtin.parse(written)
        assert again == found or found != found, f"xs:{builtin.name}: {text!r} is {found!r}, written {written!r}"


def _lexical_seeds() -> Iterator[bytes]:
    yield from (
        b"1.50 -0 +007 1e-7 INF -INF NaN true 0 2026-02-28T24:00:00Z -0044-03-15 12:00:00.123456789+14:00"
        b" P1Y2M3DT4H5.6S 12026 --02-29 ---31 --12 -P0D AAEC 0aFF en-GB p:name p:p:p urn:x#y 99999999999999999999 .5 5."
    ).split()
    yield b"a b c"


# --- the decoder, and the template reader -------------------------------------------------------------------------


def decoder(data: bytes) -> None:
    """A message is a value, or refused; the value is written, and read as the same."""
    try:
        envelope = unpack(data, "text/xml; charset=utf-8")
        found = PROCESSOR.receive_reply(envelope, OPERATION).value
    except SoapkitError:
        return
    written = PROCESSOR.send_reply(envelope.version, OPERATION, found, {})
    again = PROCESSOR.receive_reply(unpack(written), OPERATION).value
    assert repr(again) == repr(found), written


_reader = PlainReader(PROCESSOR.codecs, patience=0)
_intact = next(messages())


def template(data: bytes) -> None:
    """What a template reads, the tree reads alike."""
    by_template(_intact, _reader)  # so that a head is not given up for the damage
    found = by_template(data, _reader)
    assert not found or found == by_tree(data), f"template {found}\ntree     {by_tree(data)}"


# --- the table ----------------------------------------------------------------------------------------------------

Mutate = Callable[[bytes, random.Random], bytes]


def bent(data: bytes, chance: random.Random) -> bytes:
    """Bytes with one to three things done to them; no more is known of them."""
    for _ in range(chance.randrange(1, 4)):
        at, size = chance.randrange(len(data) + 1), chance.choice([0, 1, 1, 2, 5, 20])
        other = chance.randrange(len(data) + 1)
        piece = chance.choice(
            [
                b"",
                chance.randbytes(1),
                data[other : other + size],
                chance.choice([b"\r\n", b"--b", b"<", b"0", b"9" * 30, b"\xff", b"-", b":", b".", b" ", "٣".encode()]),
            ]
        )
        data = data[:at] + piece + data[at + size :]
    return data


def _damaged(data: bytes, chance: random.Random) -> bytes:
    return damaged(data, chance) if len(data) > 100 else chance.choice(list(messages()))


@dataclass(frozen=True)
class Target:
    """`ask`: raises for what must not be; `seeds`: where to start from; `mutate`: how to go on."""

    ask: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]
    mutate: Mutate = bent


TARGETS = {
    "front_door": Target(front_door, _front_door_seeds),
    "multipart": Target(multipart, _multipart_seeds),
    "codings": Target(codings, _coding_seeds),
    "lexical": Target(lexical, _lexical_seeds),
    "decoder": Target(decoder, messages, _damaged),
    "template": Target(template, messages, _damaged),
}
