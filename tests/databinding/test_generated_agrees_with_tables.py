"""Generated decoders and encoders give what the walker and the scribe give, on valid and on damaged input."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from msgspec import UNSET, Struct, UnsetType

from soapkit.databinding.annotations import any_element, attribute, choice, element, group, text, xml_type, xsd
from soapkit.databinding.by_table.scribe import Scribe
from soapkit.databinding.by_table.walker import Walker
from soapkit.databinding.codec import Codec, Codecs, declared
from soapkit.databinding.compiled.surprise import Surprise
from soapkit.databinding.shape import Facets, RecordRef
from soapkit.databinding.values import Duration, GYear, QName, Raw
from soapkit.xml.names import XSI_NIL, XSI_TYPE

__xml_namespace__ = "urn:t"

ROOT = "{urn:t}root"


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Level(Enum):
    LOW = 1
    HIGH = 2


class Leaf(Struct, kw_only=True):
    s: Annotated[str, element("s")]
    i: Annotated[int | None, element("i"), xsd("short")] = None


@xml_type("twig")
class Twig(Leaf, kw_only=True):
    d: Annotated[Decimal, element("d")]


@xml_type("bough", abstract=True)
class Bough(Struct, kw_only=True):
    x: Annotated[int, element("x"), xsd("int")]


@xml_type("limb")
class Limb(Bough, kw_only=True):
    y: Annotated[str, element("y")]


@xml_type("pair", group=True)
class Pair(Struct, kw_only=True):
    a: Annotated[int, element("a")]
    b: Annotated[int | None, element("b")] = None


@xml_type("price")
class Price(Struct, kw_only=True):
    amount: Annotated[Decimal, text()]
    currency: Annotated[str, attribute("currency")]
    colour: Annotated[Colour, attribute("colour")] = Colour.RED


@xml_type("plain")
class Plain(Struct, kw_only=True):
    s: Annotated[str, element("s"), Facets(max_length=20)]
    n: Annotated[int, element("n"), xsd("int")]
    d: Annotated[Decimal, element("d")]
    b: Annotated[bool, element("b")]
    f: Annotated[float, element("f")]
    t: Annotated[datetime, element("t")]
    day: Annotated[date | None, element("day")] = None
    colour: Annotated[Colour | None, element("colour")] = None
    level: Annotated[Level | None, element("level")] = None
    raw: Annotated[bytes | None, element("raw")] = None
    nil: Annotated[str | UnsetType | None, element("nil", nillable=True)] = UNSET
    leaf: Annotated[Leaf | None, element("leaf")] = None
    leaves: Annotated[list[Leaf], element("leaves", max_occurs=4)] = []
    words: Annotated[list[str], element("word"), Facets(patterns=(("[a-z]*",),))] = []
    nums: Annotated[list[int] | None, element("nums"), xsd("list")] = None


@xml_type("odd", content="((s | (n, leaf?))?, bough?, (price, q)?, span?)")
class Odd(Struct, kw_only=True):
    s: Annotated[str | None, element("s")] = None
    n: Annotated[int | None, element("n")] = None
    leaf: Annotated[Leaf | None, element("leaf")] = None
    bough: Annotated[Bough | None, element("bough")] = None
    price: Annotated[Price | None, element("price")] = None
    q: Annotated[QName | None, element("q")] = None
    span: Annotated[Duration | GYear | None, element("span")] = None
    kind: Annotated[str | None, attribute("kind")] = None


@xml_type("unordered", content="(s & leaf)")
class Unordered(Struct, kw_only=True):
    s: Annotated[str, element("s")]
    leaf: Annotated[Leaf, element("leaf")]


@xml_type("mess")
class Mess(Struct, kw_only=True):
    head: Annotated[int, element("head")]
    items: Annotated[
        list[Leaf | Price | str | Pair],
        choice(
            element("leaf", Leaf), element("price", Price), element("word", str), group(Pair), max_occurs="unbounded"
        ),
    ] = []
    rest: Annotated[list[Raw], any_element("##other", process="lax")] = []


@xml_type("tree")
class Tree(Struct, kw_only=True):
    v: Annotated[int, element("v")]
    kids: Annotated[list[Tree], element("tree")] = []
    plain: Annotated[Plain | None, element("plain")] = None
    odd: Annotated[list[Odd], element("odd")] = []
    mess: Annotated[Mess | None, element("mess")] = None
    any: Annotated[list[Unordered], element("unordered")] = []
    anything: Annotated[Any, element("anything", min_occurs=0)] = None
    mixed: Annotated[Mixed | None, element("mixed")] = None


@xml_type("mixed")
class Mixed(Struct, kw_only=True):
    content: Annotated[list[str | Leaf], choice(element("leaf", Leaf), mixed=True)] = []


CODECS = Codecs()

texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=8
)
some_text = st.text(st.sampled_from("ab<&>\"' \n\tü€\r"), max_size=8)
decimals = st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9)
leaves = st.builds(Leaf, s=some_text, i=st.none() | st.integers(-(2**15), 2**15 - 1))
twigs = st.builds(Twig, s=texts, i=st.none(), d=decimals)
prices = st.builds(Price, amount=decimals, currency=some_text, colour=st.sampled_from(Colour))
datetimes = st.datetimes(timezones=st.none() | st.just(UTC))
plains = st.builds(
    Plain,
    s=texts,
    n=st.integers(-(2**31), 2**31 - 1),
    d=decimals,
    b=st.booleans(),
    f=st.floats(allow_nan=False),
    t=datetimes,
    day=st.none() | st.dates(),
    colour=st.none() | st.sampled_from(Colour),
    level=st.none() | st.sampled_from(Level),
    raw=st.none() | st.binary(max_size=5),
    nil=st.sampled_from([UNSET, None, "", "x y"]),
    leaf=st.none() | leaves | twigs,
    leaves=st.lists(leaves | twigs, max_size=4),
    words=st.lists(st.text(st.sampled_from("abz"), max_size=4), max_size=3),
    nums=st.none() | st.lists(st.integers(-9, 9), max_size=3),
)
odds = st.one_of(
    st.builds(Odd, s=some_text, kind=st.none() | some_text),
    st.builds(Odd, n=st.integers(-9, 9), leaf=st.none() | leaves),
    st.builds(Odd, bough=st.builds(Limb, x=st.integers(0, 9), y=texts)),
    st.builds(Odd, price=prices, q=st.just(QName("urn:q", "a"))),
    st.builds(Odd, span=st.just(GYear(2026)) | st.just(Duration(3, Decimal(4)))),
)
pairs = st.builds(Pair, a=st.integers(0, 9), b=st.none() | st.integers(0, 9))
messes = st.builds(
    Mess,
    head=st.integers(0, 9),
    items=st.lists(leaves | prices | some_text | pairs, max_size=5),
    rest=st.lists(st.just(Raw("<o:x xmlns:o='urn:o'> <o:y/>1</o:x>")), max_size=2),
)
mixeds = st.builds(Mixed, content=st.lists(st.text(st.sampled_from("ab \n"), min_size=1) | leaves, max_size=1))
unordered = st.builds(Unordered, s=texts, leaf=leaves)
anything = st.sampled_from(
    [None, 3, "x", True, Decimal("1.5"), Raw("<anything xmlns='urn:t'><b/>x</anything>"), Leaf(s="q")]
)
trees = st.recursive(
    st.builds(Tree, v=st.integers(-99, 99), kids=st.just([])),
    lambda inner: st.builds(
        Tree,
        v=st.integers(-99, 99),
        kids=st.lists(inner, max_size=2),
        plain=st.none() | plains,
        odd=st.lists(odds, max_size=2),
        mess=st.none() | messes,
        any=st.lists(unordered, max_size=1),
        anything=anything,
        mixed=st.none() | mixeds,
    ),
    max_leaves=4,
)

quick = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def by_table(codec: Codec, tree: etree._Element) -> Any:
    """The walker's value, or the walker's problems."""
    walker = Walker(codec.context, "root")
    value = walker.element(tree, codec.type)
    return [str(problem) for problem in walker.problems] or value


def by_scribe(codec: Codec, value: Any) -> str | list[str]:
    scribe = Scribe(codec.context, "root")
    text = scribe.element(ROOT, value, codec.type)
    return [str(problem) for problem in scribe.problems] or declared(text, codec.context)


def generated(codec: Codec, tree: etree._Element) -> Any:
    assert isinstance(codec.type, RecordRef)
    return codec.decoder.decode(tree, codec.type.key)


TREE = CODECS.codec(Tree)


@quick
@given(trees)
def test_what_was_written_is_read_back_by_generated_code_and_by_table(tree: Tree) -> None:
    text = TREE.encode(tree, ROOT)
    parsed = etree.fromstring(text)
    assert generated(TREE, parsed) == tree
    assert by_table(TREE, parsed) == tree


@quick
@given(trees)
def test_generated_encoders_write_what_the_scribe_writes(tree: Tree) -> None:
    assert TREE.encoder.encode(tree, ROOT, Tree) == by_scribe(TREE, tree)


@quick
@given(trees)
def test_white_space_between_elements_changes_nothing(tree: Tree) -> None:
    tree = msgspec.structs.replace(tree, mixed=None, anything=None, mess=None)
    for kid in tree.kids:
        kid.mixed, kid.anything, kid.mess = None, None, None
        kid.kids = []
    parsed = etree.fromstring(TREE.encode(tree, ROOT))
    etree.indent(parsed)
    assert generated(TREE, parsed) == tree


def damage(root: etree._Element, chance: random.Random) -> None:
    """One change somewhere in the tree."""
    elements = [one for one in root.iter() if isinstance(one.tag, str)]
    victim = chance.choice(elements)
    kind = chance.randrange(15)
    if kind == 0 and victim is not root:
        victim.getparent().remove(victim)
    elif kind == 1 and victim is not root:
        victim.addnext(etree.fromstring(etree.tostring(victim, with_tail=False)))
    elif kind == 2:
        victim.tag = chance.choice(["{urn:t}s", "{urn:t}i", "{urn:t}leaf", "s", "{urn:t}twig", "{urn:o}s"])
    elif kind == 3:
        victim.text = chance.choice(
            ["", " ", "x", "1", " 1 ", "1_0", "١", "NaN", "true", "1e3", "99999", "2026-01-01", "é"]
        )
    elif kind == 4:
        victim.tail = chance.choice([" ", "x", "\n ", "\u00a0"])
    elif kind == 5:
        victim.set(XSI_NIL, chance.choice(["true", "1", "false", "maybe"]))
    elif kind == 6:
        victim.set(
            XSI_TYPE, chance.choice(["ns1:twig", "ns1:Leaf", "ns1:limb", "xs:string", "xs:short", "q:x", "bough"])
        )
    elif kind == 7:
        victim.set(chance.choice(["kind", "currency", "x", "{urn:z}q"]), "v")
    elif kind == 8:
        victim.insert(chance.randrange(len(victim) + 1), etree.Comment("c"))
    elif kind == 9:
        victim.insert(0, etree.SubElement(victim, chance.choice(["{urn:t}s", "{urn:o}zz", "b"])))
    elif kind == 10:
        victim.append(etree.SubElement(victim, "{urn:t}leaf"))
    elif kind == 11 and len(victim) > 1:
        victim.append(victim[0])
    elif kind == 12 and victim.attrib:
        del victim.attrib[chance.choice(list(victim.attrib))]
    elif kind == 13 and victim.text and len(victim.text) > 1:
        rest, comment = victim.text[1:], etree.Comment("cut")
        victim.text, comment.tail = victim.text[:1], rest
        victim.insert(0, comment)
    elif kind == 14 and len(victim):
        victim.text = "stray"


@settings(quick, max_examples=600)
@given(trees, st.integers(0, 2**32), st.integers(1, 3))
def test_a_damaged_message_is_read_alike_or_left_to_the_walker(tree: Tree, seed: int, changes: int) -> None:
    parsed = etree.fromstring(
        TREE.encode(tree, ROOT).replace(' xmlns:ns1="urn:t"', ' xmlns:ns1="urn:t" xmlns="urn:t"', 1)
    )
    chance = random.Random(seed)
    for _ in range(changes):
        damage(parsed, chance)
    try:
        value = generated(TREE, parsed)
    except Surprise:
        return
    assert value == by_table(TREE, parsed)


WRONG = [
    *(None, UNSET, 1, True, "x", "1", 1.5, Decimal("NaN"), b"x", 2**40, "\x00", "a b", object(), Raw("<a/>")),
    *([], [None], ["x"], {}, {"s": "x"}, Leaf(s="x"), Limb(x=1, y="y"), Colour.RED, "red"),
    *(date(2026, 1, 1), datetime(2026, 1, 1)),
]


@settings(quick, max_examples=600)
@given(trees, st.integers(0, 2**32))
def test_a_wrong_value_is_written_alike_or_left_to_the_scribe(tree: Tree, seed: int) -> None:
    chance = random.Random(seed)
    structs = [tree]
    for one in structs:
        for name in one.__struct_fields__:
            value = getattr(one, name)
            structs += [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, Struct)]
    victim = chance.choice(structs)
    setattr(victim, chance.choice(victim.__struct_fields__), chance.choice(WRONG))
    try:
        text = TREE.encoder.encode(tree, ROOT, Tree)
    except Surprise:
        return
    assert text == by_scribe(TREE, tree)


@pytest.mark.parametrize("cls", [Plain, Odd, Mess, Tree, Unordered, Price, Limb], ids=lambda cls: cls.__name__)
def test_the_source_of_a_generated_function_is_known_to_tracebacks(cls: type) -> None:
    import inspect

    codec = CODECS.codec(cls)
    with pytest.raises(Surprise):
        codec.decoder.decode(etree.fromstring("<nothing><at/><all/></nothing>"), cls)
    function = codec.decoder.reader(cls, careful=False)
    assert inspect.getsource(function).startswith("def read_")
