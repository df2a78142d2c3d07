"""A template reads numbers as the tree does, whatever is written for one, or leaves them to it."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Annotated, Any

import pytest
from lxml import etree
from msgspec import Struct

from soapkit.databinding.annotations import attribute, element, xsd
from soapkit.databinding.codec import Codecs
from soapkit.databinding.compiled.retold import RetoldReader
from soapkit.databinding.compiled.surprise import Surprise
from soapkit.errors import DecodeError

__xml_namespace__ = "urn:n"


class Numbers(Struct):
    whole: Annotated[int | None, element("whole"), xsd("int")] = None
    exact: Annotated[Decimal | None, element("exact")] = None
    real: Annotated[float | None, element("real")] = None
    size: Annotated[int | None, attribute("size")] = None
    text: Annotated[str | None, element("text")] = None


class Around(Struct):
    numbers: Annotated[Numbers, element("numbers")]


WRITTEN = (
    *("0", "-0", "+7", "007", "1.5", ".5", "5.", "+.5", "1E5", "1e-5", "1E+400", "2147483648", "-2147483649", "9" * 99),
    *("INF", "-INF", "+INF", "NaN", "-NaN", "nan", "inf", "Infinity", "NAN", "", " ", " 7", "7 ", "7\t", "+-7", "--7"),
    *("1_000", "1,5", "1e", "e5", ".", "+", "-", "٣", "0x10", "1E", "1F", "1a", "7.0", "9" * 5000),
)
CODECS = Codecs()
CODEC = CODECS.codec(Around)


def tree_of(content: str, size: str | None = None) -> etree._Element:
    tree = etree.fromstring(f"<around xmlns='urn:n'><numbers>{content}</numbers></around>")
    if size is not None:
        tree[0].set("size", size)
    return tree


def by_template(tree: etree._Element) -> Any:
    return RetoldReader(CODECS.context, patience=0).read(tree, Around)


def same(one: Around, other: Around) -> bool:
    ours, theirs = one.numbers.real, other.numbers.real
    return one == other or (ours is not None and theirs is not None and math.isnan(ours) and math.isnan(theirs))


@pytest.mark.parametrize("name", ["whole", "exact", "real", "size"])
@pytest.mark.parametrize("written", WRITTEN, ids=repr)
def test_a_number_is_the_same_or_left_to_the_tree(name: str, written: str) -> None:
    text = "<text>a &lt; b &gt; c]</text>"
    tree = tree_of(text, written) if name == "size" else tree_of(f"<{name}>{written}</{name}>{text}")
    try:
        found = by_template(tree)
    except Surprise:
        return
    assert same(found, CODEC.decode(tree))


@pytest.mark.parametrize("written", ["INF", "-INF", "NaN", "1E5"])
def test_what_is_no_plain_number_is_read_by_a_template_too(written: str) -> None:
    assert same(by_template(tree_of(f"<real>{written}</real>")), Around(Numbers(real=float(written))))


@pytest.mark.parametrize("written", ["+INF", "inf", "1_0", "-NaN"])
def test_what_only_python_takes_for_a_number_is_refused(written: str) -> None:
    tree = tree_of(f"<real>{written}</real>")
    with pytest.raises(Surprise):
        by_template(tree)
    with pytest.raises(DecodeError, match="expected a number, INF, -INF or NaN"):
        CODEC.decode(tree)
