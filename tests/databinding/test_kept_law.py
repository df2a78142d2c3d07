"""The law of a lenient reader: what is written of a value is the message it came in, whatever no type knows of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

import pytest
from msgspec import UNSET, Struct, UnsetType

from soapkit.databinding.annotations import any_element, attribute, choice, element, group, text, xml_type
from soapkit.databinding.codec import Codecs
from soapkit.databinding.shape import RecordRef
from soapkit.databinding.values import Raw
from soapkit.xml.names import XSI
from soapkit.xml.parse import parse_message


@xml_type(None, group=True)
class Run(Struct, kw_only=True, dict=True):
    word: Annotated[str, element("word")]
    count: Annotated[int | None, element("count")] = None


class Price(Struct, kw_only=True, dict=True):
    amount: Annotated[Decimal, element("amount")]
    reason: Annotated[str | None, attribute("reason")] = None
    currency: Annotated[str, attribute("currency", default="EUR")] = "EUR"


class Label(Struct, kw_only=True, dict=True):
    value: Annotated[str, text()]
    lang: Annotated[str | None, attribute("lang")] = None


ITEMS = (element("cost", Price, nillable=True), element("size", int), group(Run))


class Inner(Struct, kw_only=True, dict=True):
    content: Annotated[list[str | int | Price | Run | None], choice(*ITEMS, mixed=True)] = []


class Para(Struct, kw_only=True, dict=True):
    content: Annotated[
        list[str | int | Price | Inner | Run | None], choice(*ITEMS, element("inner", Inner), mixed=True)
    ] = []


class Node(Struct, kw_only=True, dict=True):
    name: Annotated[str | None, element("name")] = None
    price: Annotated[Price | UnsetType | None, element("price", nillable=True)] = UNSET
    widths: Annotated[list[int | None], element("width", nillable=True)] = []
    nodes: Annotated[list[Node], element("node")] = []
    label: Annotated[Label | None, element("label")] = None
    chosen: Annotated[list[int | Price | Run | None], choice(*ITEMS)] = []
    para: Annotated[Para | None, element("para")] = None
    rest: Annotated[list[Raw], any_element("urn:other")] = []


class Message:
    """A message made of chance; `unknown`: how often something stands in it that no type knows."""

    def __init__(self, seed: int, unknown: float) -> None:
        self.chance = random.Random(seed)
        self.unknown = unknown

    def some(self, most: int, *makers: Callable[[], str]) -> str:
        return "".join(self.chance.choice(makers)() + self.strange() for _ in range(self.chance.randrange(most + 1)))

    def strange(self) -> str:
        if self.chance.random() >= self.unknown:
            return ""
        return self.chance.choice(["<new/>", '<u:new xmlns:u="urn:u" a="1">t<b/>u</u:new>', "<new/><newer/>"])

    def attributes(self, *known: str) -> str:
        found = [f'{name}="{self.chance.choice(["EUR", "x"])}"' for name in known if self.chance.random() < 0.3]
        found += ['new="1"'] if self.chance.random() < self.unknown / 2 else []
        return "".join(f" {each}" for each in found)

    def number(self, name: str) -> str:
        return f"<{name}{self.attributes()}>{self.chance.randrange(9)}</{name}>"

    def price(self, name: str) -> str:
        if self.chance.random() < 0.3:
            return f'<{name} xsi:nil="true"{self.attributes("reason")}/>'
        amount = f"<amount{self.attributes()}>1.5</amount>"
        return f"<{name}{self.attributes('reason', 'currency')}>{self.strange()}{amount}{self.strange()}</{name}>"

    def run(self) -> str:
        return f"<word{self.attributes()}>w</word>" + self.chance.choice(["", self.number("count")])

    def mixed(self, name: str) -> str:
        makers = [lambda: "a &amp; ", lambda: self.price("cost"), lambda: self.number("size"), self.run]
        makers += [lambda: self.mixed("inner")] if name == "para" else []
        return f"<{name}{self.attributes()}>{self.strange()}{self.some(5, *makers)}</{name}>"

    def node(self, depth: int = 0) -> str:
        empty = f'<width xsi:nil="true"{self.attributes()}/>'
        content = [
            self.strange(),
            self.some(1, lambda: f"<name{self.attributes()}>n</name>"),
            self.some(1, lambda: self.price("price")),
            self.some(3, lambda: self.number("width"), lambda: empty),
            self.some(2 if depth < 2 else 0, lambda: self.node(depth + 1)),
            self.some(1, lambda: f"<label{self.attributes('lang')}>l</label>"),
            self.some(3, lambda: self.price("cost"), lambda: self.number("size"), self.run),
            self.some(1, lambda: self.mixed("para")),
            self.some(2, lambda: '<o:a xmlns:o="urn:other">x<y/></o:a>'),
        ]
        return f"<node{self.attributes()}>{''.join(content)}</node>"


def infoset(found: Any) -> Any:
    return found.tag, dict(found.attrib), found.text or "", found.tail or "", [infoset(child) for child in found]


@pytest.mark.parametrize("unknown", [0.0, 0.15, 0.6])
def test_what_is_written_is_what_came(unknown: float) -> None:
    codec = Codecs(unknown="lenient" if unknown else "strict").codec(RecordRef(Node))
    for seed in range(150):
        xml = Message(seed, unknown).node().replace("<node", f'<node xmlns:xsi="{XSI}"', 1)
        came = parse_message(xml.encode())
        written = codec.encode(codec.decode(came), "node")
        assert infoset(parse_message(written.encode())) == infoset(came), f"seed {seed}: {xml}"
