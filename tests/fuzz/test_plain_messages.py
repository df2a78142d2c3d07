"""A template reads what it reads as the tree does, whatever was done to a message; `make fuzz` asks for longer."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from soapkit.exchange.plain import PlainReader

sys.path.insert(0, str(Path(__file__).parent))
import fuzz_plain_messages as fuzz


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_damaged_messages_are_read_alike_or_left_to_the_tree(seed: int) -> None:
    read, right = fuzz.run(3_000, seed)
    assert right > 200
    assert read > right / 2


def test_messages_as_peers_write_them_need_no_tree() -> None:
    chance, reader = random.Random(5), PlainReader(fuzz.PROCESSOR.codecs, patience=0)
    for _ in range(50):
        value = fuzz.value(chance)
        if value.nil is None:
            continue  # xsi:nil is left to the tree
        message = fuzz.PROCESSOR.send_reply(fuzz.SOAP_1_1, fuzz.OPERATION, value, {})
        for spelled in fuzz.spellings(message):
            assert fuzz.by_template(spelled, reader), spelled


# Each of these is well-formed, or nearly: what is said beside is what the tree makes of it.
HEAD = b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><r xmlns="urn:t">'
TAIL = b"</r></soap:Body></soap:Envelope>"


@pytest.mark.parametrize(
    ("said", "content", "after"),
    [
        ("markup inside a value", b"<s>a<b/></s>", b""),
        ("a comment inside a value", b"<s>a<!-- b --></s>", b""),
        ("CDATA", b"<s><![CDATA[a]]></s>", b""),
        ("the end of CDATA alone", b"<s>a]]></s>", b""),
        ("a reference to a character", b"<s>&#65;</s>", b""),
        ("a reference to nothing", b"<s>&a;</s>", b""),
        ("a carriage return, which is read as a line feed", b"<s>a\r\nb</s>", b""),
        ("a character that XML forbids", b"<s>\x01</s>", b""),
        ("a noncharacter", b"<s>\xef\xbf\xbe</s>", b""),
        ("a surrogate", b"<s>\xed\xa0\x80</s>", b""),
        ("bytes that are no UTF-8", b"<s>\xff</s>", b""),
        ("an attribute that no type declares", b'<s a="1">x</s>', b""),
        ("another namespace", b'<s xmlns="urn:u">x</s>', b""),
        ("an element twice", b"<s>x</s><s>x</s>", b""),
        ("text between elements", b"<s>x</s>y", b""),
        ("something after the message", b"<s>x</s>", b"<a/>"),
        ("a processing instruction", b"<s>x</s>", b"<?a b?>"),
        ("the end of another element", b"<s>x</t>", b""),
    ],
)
def test_what_is_not_plain_is_left_to_the_tree(said: str, content: bytes, after: bytes) -> None:
    from soapkit.databinding.codec import Codecs
    from soapkit.databinding.describe import DescribedShapes
    from soapkit.operations import Message, Operation

    message = Message(fuzz.Leaf, "{urn:t}r")
    reader, operation = PlainReader(Codecs(DescribedShapes("urn:t")), patience=0), Operation("ask", message, message)
    plain = reader.read(HEAD + b"<s>x</s>" + TAIL, lambda _: (operation, message))
    assert plain is not None
    assert plain.value == fuzz.Leaf(s="x")
    assert reader.read(HEAD + content + TAIL + after, lambda _: (operation, message)) is None, said


@pytest.mark.parametrize(
    ("said", "head"),
    [
        ("a DOCTYPE", b"<!DOCTYPE a>" + HEAD),
        ("a header block", HEAD.replace(b"<soap:Body>", b'<soap:Header><h xmlns="urn:h"/></soap:Header><soap:Body>')),
        ("an attribute of the Body", HEAD.replace(b"<soap:Body>", b'<soap:Body soap:encodingStyle="urn:x">')),
        ("an attribute of the request", HEAD.replace(b'"urn:t"', b'"urn:t" a="1"')),
        ("another encoding", b'<?xml version="1.0" encoding="iso-8859-1"?>' + HEAD),
        ("an envelope of no SOAP version", HEAD.replace(b"schemas.xmlsoap.org", b"example.org")),
        ("another element", HEAD.replace(b"<r ", b"<q ")),
        ("an undeclared prefix", HEAD.replace(b"<r ", b"<x:r ")),
        ("a comment around its end", HEAD.replace(b"<r ", b"<!-- <r> <r ")),
    ],
)
def test_a_head_that_is_not_plain_is_left_to_the_tree(said: str, head: bytes) -> None:
    from soapkit.databinding.codec import Codecs
    from soapkit.databinding.describe import DescribedShapes
    from soapkit.operations import Message, Operation

    message = Message(fuzz.Leaf, "{urn:t}r")
    reader, operation = PlainReader(Codecs(DescribedShapes("urn:t")), patience=0), Operation("ask", message, message)
    assert reader.read(head + b"<s>x</s>" + TAIL, lambda _: (operation, message)) is None, said


def test_a_head_whose_messages_are_never_plain_is_given_up() -> None:
    reader = PlainReader(fuzz.PROCESSOR.codecs, patience=0)
    intact = fuzz.PROCESSOR.send_reply(fuzz.SOAP_1_1, fuzz.OPERATION, fuzz.value(random.Random(1)), {})
    for _ in range(40):
        fuzz.by_template(intact.replace(b"</ns1:s>", b"<!-- --></ns1:s>", 1), reader)
    assert not fuzz.by_template(intact, reader)
