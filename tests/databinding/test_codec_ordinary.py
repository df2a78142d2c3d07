"""Values and XML, both ways, for ordinary types."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import pytest
from lxml import etree
from msgspec import UNSET, Struct, UnsetType

from soapkit.databinding.annotations import (
    any_attribute,
    any_element,
    attribute,
    choice,
    element,
    group,
    text,
    xml_type,
    xsd,
)
from soapkit.databinding.codec import Codecs, decode, encode
from soapkit.databinding.describe import DescribedShapes
from soapkit.databinding.shape import Facets
from soapkit.databinding.values import QName, Raw
from soapkit.errors import DecodeError, EncodeError, Problem

__xml_namespace__ = "urn:example:bank"


class Kind(StrEnum):
    CURRENT = "current"
    SAVINGS = "savings"


@xml_type("person")
class Person(Struct, kw_only=True):
    name: Annotated[str, element("name")]
    born: Annotated[date | None, element("born")] = None


@xml_type("customer")
class Customer(Person, kw_only=True):
    number: Annotated[int, element("number"), xsd("unsignedShort")]


@xml_type("account", content="(iban, balance, (note | memo)?, owners, closed, colour)")
class Account(Struct, kw_only=True):
    """A customer's account."""

    iban: Annotated[str, element("iban"), Facets(max_length=34, patterns=(("[A-Z]{2}[0-9]{2}.*",),))]
    balance: Annotated[Decimal, element("balance")]
    note: Annotated[str | None, element("note")] = None
    memo: Annotated[str | None, element("memo")] = None
    kind: Annotated[Kind, attribute("kind")] = Kind.CURRENT
    owners: Annotated[list[Person], element("owner", min_occurs=1)] = []
    closed: Annotated[datetime | UnsetType | None, element("closed", nillable=True)] = UNSET
    colour: Annotated[QName | None, element("colour")] = None


ACCOUNT = Account(
    iban="DE77",
    balance=Decimal("10.00"),
    note="a < b & c",
    owners=[Person(name="Ann", born=date(2000, 1, 2)), Customer(name="Bob", number=7)],
    closed=datetime(2026, 1, 2, tzinfo=UTC),
    colour=QName("urn:colours", "red"),
)


def test_an_account_is_written_with_every_prefix_declared_and_no_default_namespace() -> None:
    assert encode(ACCOUNT) == (
        b'<ns1:account xmlns:ns1="urn:example:bank" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        b' xmlns:ns2="urn:colours">'
        b"<ns1:iban>DE77</ns1:iban><ns1:balance>10.00</ns1:balance><ns1:note>a &lt; b &amp; c</ns1:note>"
        b"<ns1:owner><ns1:name>Ann</ns1:name><ns1:born>2000-01-02</ns1:born></ns1:owner>"
        b'<ns1:owner xsi:type="ns1:customer"><ns1:name>Bob</ns1:name><ns1:number>7</ns1:number></ns1:owner>'
        b"<ns1:closed>2026-01-02T00:00:00Z</ns1:closed><ns1:colour>ns2:red</ns1:colour></ns1:account>"
    )


def test_what_was_written_reads_back_as_the_same_value() -> None:
    assert decode(encode(ACCOUNT), Account) == ACCOUNT


def test_absent_nil_and_empty_are_three_things() -> None:
    def account(closed: str) -> bytes:
        return (
            '<account xmlns="urn:example:bank" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><iban>DE77</iban>'
            f"<balance>1</balance><owner><name/></owner>{closed}</account>"
        ).encode()

    assert decode(account(""), Account).closed is UNSET
    assert decode(account('<closed xsi:nil="true"/>'), Account).closed is None
    assert decode(account(""), Account).owners[0].name == ""
    with pytest.raises(DecodeError, match=r"account\.closed: '' is not xs:dateTime"):
        decode(account("<closed/>"), Account)
    nil = decode(account('<closed xsi:nil="true"/>'), Account)
    assert b'<ns1:closed xsi:nil="true"/>' in encode(nil)


def test_every_problem_of_a_message_is_told_with_path_line_and_text() -> None:
    xml = b"""<account xmlns="urn:example:bank" kind="gold">
      <iban>77</iban>
      <balance>1E5</balance>
      <ownr/>
      <owner><name>A</name><born>2026-02-30</born></owner>
      <owner><born>2026-02-03</born></owner>
    </account>"""
    with pytest.raises(DecodeError) as told:
        decode(xml, Account)
    unknown = "has the element {urn:example:bank}ownr, which its type does not know: expected iban, balance, note, memo"
    assert str(told.value).splitlines() == [
        "line 1, column 1: account.kind: 'gold' is not Kind: expected one of 'current', 'savings'",
        f"line 4, column 7: account: {unknown}, owner, closed, colour; did you mean {{urn:example:bank}}owner?",
        "line 2, column 7: account.iban: '77' is not xs:string: expected text that matches [A-Z]{2}[0-9]{2}.*",
        "line 3, column 7: account.balance: '1E5' is not xs:decimal: expected a decimal number without exponent",
        "line 5, column 28: account.owners[0].born: '2026-02-30' is not xs:date: day is out of range for month",
        "line 6, column 7: account.owners[1]: lacks name, which is required, before born",
    ]


def test_every_problem_of_a_value_is_told_before_anything_is_written() -> None:
    bad = Account(
        iban="x",
        balance=1.5,
        note="a",
        memo="b",
        kind="gold",
        owners=[None, Person(name=3), Kind.CURRENT],  # type: ignore[arg-type]
    )
    with pytest.raises(EncodeError) as told:
        encode(bad)
    assert str(told.value).splitlines() == [
        "account.kind: 'gold' is not Kind: expected one of 'current', 'savings'",
        "account.iban: 'x' is not xs:string: expected text that matches [A-Z]{2}[0-9]{2}.*",
        "account.balance: 1.5 is not xs:decimal: expected Decimal or int, not float",
        "account: has note and memo: expected only one of them",
        "account.owners[0]: is None: expected a value, since it may not be nil",
        "account.owners[1].name: 3 is not xs:string: expected str, not int",
        "account.owners[2]: is Kind: expected Person",
    ]


def test_a_bad_value_of_an_element_with_a_default_is_one_problem() -> None:
    class Opening(Struct):
        kind: Annotated[Kind, element("kind", default="current")]

    with pytest.raises(EncodeError) as told:
        encode(Opening("gold"), "opening")  # type: ignore[arg-type]
    assert str(told.value) == "opening.kind: 'gold' is not Kind: expected one of 'current', 'savings'"


def test_a_missing_field_is_refused() -> None:
    with pytest.raises(EncodeError, match=r"account\.iban: is missing: a value is required"):
        encode(Account(iban=None, balance=Decimal(1), owners=[Person(name="A")]))  # type: ignore[arg-type]
    with pytest.raises(EncodeError, match=r"account\.owners: has 0 items: expected at least 1"):
        encode(Account(iban="DE77", balance=Decimal(1)))


def test_lenient_reading_skips_and_reorders_and_tells() -> None:
    told: list[Problem] = []
    lenient = Codecs(DescribedShapes(), unknown="lenient", warn=told.append).codec(Person)
    xml = b'<p xmlns="urn:example:bank" x="1"><born>2000-01-02</born><new/><name>A</name></p>'
    assert lenient.decode(etree.fromstring(xml)) == Person(name="A", born=date(2000, 1, 2))
    assert [problem.message.split(",")[0] for problem in told] == [
        "has the attribute x",
        "has the element {urn:example:bank}new",
        "has name out of order",
    ]
    with pytest.raises(DecodeError, match="out of order"):
        decode(xml, Person)


@xml_type("pair", group=True)
class Pair(Struct, kw_only=True):
    a: Annotated[int, element("a")]
    b: Annotated[int, element("b")]


@xml_type("zoo")
class Zoo(Struct, kw_only=True):
    items: Annotated[
        list[Pair | Person | str],
        choice(group(Pair), element("person", Person), element("word", str), max_occurs="unbounded"),
    ] = []
    others: Annotated[list[Raw], any_element("##other", process="lax")] = []
    rest: Annotated[dict[str, str], any_attribute()] = {}


def test_a_repeated_choice_keeps_the_order_of_the_document() -> None:
    zoo = Zoo(
        items=["one", Pair(a=1, b=2), Person(name="P"), Pair(a=3, b=4), "two"],
        others=[Raw("<x xmlns='urn:y'>1</x>")],
        rest={"{urn:q}z": "1", "plain": "2"},
    )
    xml = encode(zoo)
    assert b"<ns1:word>one</ns1:word><ns1:a>1</ns1:a><ns1:b>2</ns1:b><ns1:person>" in xml
    assert decode(xml, Zoo) == zoo


@dataclass
class Price:
    amount: Annotated[Decimal, text()]
    currency: Annotated[str, attribute("currency")]


def test_simple_content_has_text_and_attributes() -> None:
    xml = encode(Price(Decimal("9.95"), "EUR"))
    assert xml == b'<ns1:Price xmlns:ns1="urn:example:bank" currency="EUR">9.95</ns1:Price>'
    assert decode(xml, Price) == Price(Decimal("9.95"), "EUR")


@dataclass
class Paragraph:
    content: Annotated[list[str | Price], choice(element("price", Price), mixed=True)]


def test_mixed_content_keeps_text_and_elements() -> None:
    value = Paragraph(["It costs ", Price(Decimal(1), "EUR"), ", that is ", Price(Decimal(2), "USD")])
    assert decode(encode(value), Paragraph) == value


@dataclass
class Anything:
    it: Any


@pytest.mark.parametrize(
    "value",
    ["x", 3, 2**40, 2**70, True, Decimal("1.5"), 2.5, date(2026, 1, 1), b"\x00\x01", QName("urn:q", "a")],
    ids=repr,
)
def test_a_value_of_no_declared_type_says_its_type(value: object) -> None:
    xml = encode(Anything(value))
    assert b"xsi:type" in xml
    assert decode(xml, Anything).it == value


def test_an_element_of_no_type_is_kept_whole() -> None:
    xml = b'<Anything xmlns="urn:example:bank" xmlns:q="urn:q"><it a="q:x"><b>1</b></it></Anything>'
    value = decode(xml, Anything)
    assert isinstance(value.it, Raw)
    assert value.it.element.nsmap["q"] == "urn:q"
    assert decode(encode(value), Anything) == value


def test_xsi_type_must_be_known_and_derived() -> None:
    def person(name: str) -> bytes:
        return (
            '<p xmlns="urn:example:bank" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'xsi:type="{name}"><name>A</name></p>'
        ).encode()

    with pytest.raises(DecodeError, match="a type nobody declares"):
        decode(person("nobody"), Person)
    with pytest.raises(DecodeError, match="the prefix x is not declared here"):
        decode(person("x:person"), Person)
    with pytest.raises(DecodeError, match="lacks number"):
        decode(person("customer"), Person)
    assert decode(person("person"), Person) == Person(name="A")


def test_bare_bodies_are_children_without_a_parent() -> None:
    codec = Codecs().codec(Person)
    written = codec.encode_children(Person(name="A", born=date(2000, 1, 2)))
    assert written == (
        '<ns1:name xmlns:ns1="urn:example:bank">A</ns1:name>'
        '<ns1:born xmlns:ns1="urn:example:bank">2000-01-02</ns1:born>'
    )
    body = etree.fromstring(f"<body>{written}</body>")
    assert codec.decode_children(list(body), body) == Person(name="A", born=date(2000, 1, 2))
