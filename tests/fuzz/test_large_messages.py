"""Large messages are read in pieces, and say what the tree says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import fuzz_large_messages as fuzz

HEAD = '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><reply xmlns="urn:t"><name/>'
ITEMS = "".join(f"<leaf><s>{number}</s></leaf>" for number in range(5))
TAIL = "</reply></soap:Body></soap:Envelope>"


def test_damaged_messages_are_read_alike_or_left_to_the_tree() -> None:
    read, right = fuzz.run(3_000, 4)
    assert read > right / 2 > 100


def test_every_item_is_there() -> None:
    found = fuzz.in_pieces((HEAD + ITEMS + "<end>1</end>" + TAIL).encode())
    assert found == fuzz.by_tree((HEAD + ITEMS + "<end>1</end>" + TAIL).encode()) != ""


def test_an_attribute_does_not_hide_an_item() -> None:
    message = (HEAD + ITEMS + '<leaf kind="x"><s>a</s></leaf>' + TAIL).encode()
    assert fuzz.in_pieces(message) == fuzz.by_tree(message)


@pytest.mark.parametrize(
    ("said", "content"),
    [
        ("text between items", ITEMS + "text" + ITEMS),
        ("a line separator between items, which is no white space in XML", ITEMS + "\u2028" + ITEMS),
        ("an item that is wrong", ITEMS + "<leaf><i>1</i></leaf>" + ITEMS),
        ("an item that is nil", ITEMS + '<leaf xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>'),
        ("items on both sides of what follows them", ITEMS + "<end>1</end>" + ITEMS),
        ("an element that nobody declares", ITEMS + "<other/>" + ITEMS),
        ("a processing instruction", ITEMS + "<?a b?>" + ITEMS),
        ("a message cut short", ITEMS + "<leaf>"),
    ],
)
def test_what_is_wrong_is_left_to_who_can_tell_it(said: str, content: str) -> None:
    message = (HEAD + content + TAIL).encode()
    assert fuzz.by_tree(message) == "", said
    assert fuzz.in_pieces(message) == "", said


def test_what_is_small_is_read_at_once() -> None:
    found = fuzz.receive_large(
        fuzz.PROCESSOR,
        (HEAD + ITEMS + TAIL).encode(),
        fuzz.MEDIA_TYPE,
        lambda _: (fuzz.OPERATION, fuzz.MESSAGE),
        lambda envelope: fuzz.PROCESSOR.receive_reply(envelope, fuzz.OPERATION),
        request=False,
    )
    assert found is None
