"""The W3C's assertions on SOAP encoding: what a message of an encoded contract is read as by the service.

The list of them is in `assertions`; the messages are ours, the contract is wsdl/rpc-encoded.wsdl.
"""

# ruff: noqa: E501  one row of the table a line

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from soapkit.codegen.generate import module_in_memory
from soapkit.soap.fault import read_fault
from soapkit.soap.wire import unpack
from soapkit.transport.values import Response
from soapkit.wsdl.load import load_contract
from tests.conformance.assertions import shown
from tests.conformance.hosting import HOSTS

S12 = "http://www.w3.org/2003/05/soap-envelope"
ENC = "http://www.w3.org/2003/05/soap-encoding"
RPC = "http://www.w3.org/2003/05/soap-rpc"


@dataclass(frozen=True)
class Encoded:
    """`reads`: what holds for the arguments of the handler, as text; nothing: the message is refused, with the subcode
    `refused`. `header`: what stands in the Header."""

    assertion: str
    demand: str
    body: str
    reads: str = ""
    refused: str = f"{{{RPC}}}BadArguments"
    header: str = ""


MISSING, DUPLICATE = f"{{{ENC}}}MissingID", f"{{{ENC}}}DuplicateID"


def add(book: str, copies: str = "<copies>2</copies>", beside: str = "") -> str:
    return f"<l:add>{book}{copies}</l:add>{beside}"


def find(attributes: str = "", items: str = "<a>x</a><b>y</b>") -> str:
    return f"<l:find><words {attributes}>{items}</words></l:find>"


INSIDE = "<title>Emma</title><shelf>novels</shelf><price>7.50</price><author><name>Jane</name></author>"
BOOK = f"<book>{INSIDE}</book>"
SHARED = BOOK.replace("<name>Jane</name>", '<name n:ref="t"/>').replace("<title>", '<title n:id="t">')
TITLE, NAME, WORDS = "book.title", "book.author.name", "words.item"

ENCODED = [
    Encoded("x2-values-struct", "edges by their names", add(BOOK), f"{TITLE} == 'Emma'"),
    Encoded("x2-values-struct", "one name twice", add(BOOK.replace("<shelf>", "<title>Persuasion</title><shelf>"))),
    Encoded("x2-values-array", "edges by their places", find(), f"{WORDS} == ['x', 'y']"),
    Encoded("x2-encrules-rep", "a value in its place, or referred to", add(SHARED), f"{TITLE} == {NAME} == 'Emma'"),
    Encoded("x2-encrules-rep", "a reference before the value", add(SHARED.replace('<title n:id="t">Emma</title>', '<title n:ref="a"/>').replace('<name n:ref="t"/>', '<name n:id="a">Jane</name>')), f"{TITLE} == {NAME} == 'Jane'"),
    Encoded("x2-encodingedgesandnodes-edge", "an element is an edge", add(BOOK), f"{NAME} == 'Jane'"),
    Encoded("x2-encodingedgesandnodes-edgeterm", "an edge that leads to another's node", add(SHARED), f"{NAME} == 'Emma'"),
    Encoded("x2-encodingedgesandnodes-edgeterm", "an edge that leads nowhere", add(SHARED.replace('n:id="t"', 'n:id="u"')), refused=MISSING),
    Encoded("x2-encodingedgesandnodes-edgeterm", "an edge that leads into the Header", add('<book n:ref="b"/>'), f"{TITLE} == 'Emma'", header=f'<l:holder e:encodingStyle="{ENC}"><l:data n:id="b">{INSIDE}</l:data></l:holder>'),
    Encoded("x2-simpleenc-lexvalue", "the characters of an element", add(BOOK.replace("Emma", "E&#109;<![CDATA[ma]]>")), f"{TITLE} == 'Emma'"),
    Encoded("x2-complexenc-obedge", "an element inside its node", add(BOOK), f"{NAME} == 'Jane'"),
    Encoded("x2-complexenc-distlab", "in any order", add(f"<book><author><name>Jane</name></author>{INSIDE.partition('<author>')[0]}</book>"), f"{NAME} == 'Jane' and {TITLE} == 'Emma'"),
    Encoded("x2-complexenc-distpos", "the names of items mean nothing", find(items="<b>x</b><l:a>y</l:a>"), f"{WORDS} == ['x', 'y']"),
    Encoded("x2-complexenc-array", "itemType and arraySize may be there", find('n:itemType="xsd:string" n:arraySize="2"'), f"{WORDS} == ['x', 'y']"),
    Encoded("x2-complexenc-nil", "an edge that ends in no node", add(BOOK.replace("<price>7.50</price>", '<price xsi:nil="true"/>')), "book.price is None"),
    Encoded("x2-complexenc-nil", "or is left out", add(BOOK.replace("<price>7.50</price>", "")), "book.price is None"),
    Encoded("x2-complexenc-nil", "a parameter that is left out", add(BOOK, copies=""), "not isinstance(copies, int)"),
    Encoded("x2-enctypename-tnprop", "xsi:type", add(BOOK.replace("<title>", '<title xsi:type="xsd:string">')), f"{TITLE} == 'Emma'"),
    Encoded("x2-enctypename-tnprop", "a type that is not the contract's is passed over", add(BOOK.replace("<title>", '<title xsi:type="l:other">')), f"{TITLE} == 'Emma'"),
    Encoded("x2-itemtypeattr-prop", "items that are no such values", find('n:itemType="xsd:int"', "<a><b>1</b></a>")),
    Encoded("x2-itemtypeattr-prop", "a QName", find('n:itemType="xsd:string"'), f"{WORDS} == ['x', 'y']"),
    Encoded("x2-idattr-prop", "an id in the namespace of the encoding", add(SHARED), f"{NAME} == 'Emma'"),
    Encoded("x2-refattr-prop", "a ref in the namespace of the encoding", add(SHARED), f"{NAME} == 'Emma'"),
    Encoded("x2-uniqueidconstraints-onlyone", "one id twice", add(SHARED.replace("<shelf>", '<shelf n:id="t">')), refused=DUPLICATE),
    Encoded("x2-uniqueidconstraints-onlyone", "one id twice, though nothing refers to it", add(BOOK.replace("<title>", '<title n:id="t">').replace("<shelf>", '<shelf n:id="t">')), refused=DUPLICATE),
    Encoded("x2-uniqueidconstraints-exclusive", "id and ref on one element", add(SHARED.replace("<name ", '<name n:id="u" '))),
    Encoded("x2-arraySizeattr-prop", "no size", find('n:arraySize="*"'), f"{WORDS} == ['x', 'y']"),
    Encoded("x2-arraySizeattr-prop", "a size", find('n:arraySize="2"'), f"{WORDS} == ['x', 'y']"),
    Encoded("x2-arraySizeattr-prop", "a star behind a size", find('n:arraySize="2 *"')),
    Encoded("x2-arraySizeattr-prop", "no number", find('n:arraySize="two"')),
    Encoded("x2-arraySizeattr-prop", "less than no size", find('n:arraySize="-1"')),
    Encoded("x2-nodeTypeattr-prop", "each of the three", add(BOOK.replace("<book>", '<book n:nodeType="struct">').replace("<title>", '<title n:nodeType="simple">')), f"{TITLE} == 'Emma'"),
    Encoded("x2-nodeTypeattr-prop", "array", find('n:nodeType="array"'), f"{WORDS} == ['x', 'y']"),
    Encoded("x2-nodeTypeattr-prop", "another", find('n:nodeType="heap"')),
    Encoded("x2-rpcinvocation-model", "a struct named as the procedure, an edge for each parameter", add(BOOK), "copies == 2"),
    Encoded("x2-rpcencrestriction-onechild", "two structs", add(BOOK) + add(BOOK), refused=""),
    Encoded("x2-rpcsoaphead-hb", "what is no parameter does not stand among them", add(BOOK).replace("</l:add>", "<extra/></l:add>")),
    Encoded("x2-rpcsoaphead-hb", "but in the Header", add(BOOK), "copies == 2", header="<l:extra/>"),
]  # fmt: skip


Library = tuple[Callable[[str], Response], list[dict[str, Any]]]
"""What sends an envelope, and the arguments of the calls that came through."""


@pytest.fixture(scope="module", params=HOSTS)
def library(root: Path, request: pytest.FixtureRequest) -> Library:
    contract = load_contract(root / "wsdl" / "rpc-encoded.wsdl")
    module: Any = module_in_memory(contract.services, contract.shapes, name="library_of_assertions")
    calls: list[dict[str, Any]] = []

    class Kept(module.Library):  # type: ignore[misc]
        def add(self, **arguments: Any) -> int:
            calls.append(arguments)
            return 2

        def find(self, **arguments: Any) -> Any:
            calls.append(arguments)
            return None

    asked = HOSTS[request.param](Kept(), contract=contract)
    return lambda envelope: asked(envelope.encode(), "application/soap+xml"), calls


@pytest.mark.parametrize("case", ENCODED, ids=shown)
def test_an_encoded_message_is_read_as_the_assertion_demands(library: Library, case: Encoded) -> None:
    send, calls = library
    named = "find" if "<l:find" in case.body else "add"
    namespaces = (
        f'xmlns:e="{S12}" xmlns:l="urn:example:library" xmlns:n="{ENC}" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    )
    body = case.body.replace(f"<l:{named}>", f'<l:{named} e:encodingStyle="{ENC}">')
    calls.clear()
    response = send(f"<e:Envelope {namespaces}><e:Header>{case.header}</e:Header><e:Body>{body}</e:Body></e:Envelope>")
    fault = read_fault(unpack(response.body))
    if not case.reads:
        assert fault is not None
        assert (response.status, fault.code.name) == (400, "Sender")
        assert fault.code.subcodes == ((case.refused,) if case.refused else ())
        assert calls == []
        return
    assert fault is None, fault.reason
    (arguments,) = calls
    assert eval(case.reads, None, arguments)
