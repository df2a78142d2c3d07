"""Whether two bodies in SOAP encoding mean the same: written without a look at how soapkit reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from lxml import etree
from lxml.etree import _Element

from soapkit.xml.names import XSI, namespace_of
from soapkit.xml.walk import tag_of

Same: TypeAlias = Callable[[str, _Element, str, _Element], bool]
"""Whether a text, of an element, says the same as another, of another."""


def encoded_bodies_differ(before: _Element, after: _Element, same: Same) -> str | None:
    """Where two bodies in SOAP encoding differ, in words; None if they mean the same.

    References are followed; the accessors of a structure are compared by name, in any order; items of an array, and the
    parts of a call, by position, whatever they are called. What a value says of its type, and an array of its size, is
    no part of the value.
    """
    wholes = [body.getroottree().getroot() for body in (before, after)]
    ids = [{name: each for each in whole.iter(etree.Element) if (name := _id(each))} for whole in wholes]
    roots = [next(each for each in body if isinstance(each.tag, str)) for body in (before, after)]
    return _values_differ(roots[0], roots[1], ids, same, "", by_position=True)


_ENCODINGS = ("http://schemas.xmlsoap.org/soap/encoding/", "http://www.w3.org/2003/05/soap-encoding")
_RPC = "http://www.w3.org/2003/05/soap-rpc"


def _id(element: _Element) -> str | None:
    return element.get("id") or element.get(f"{{{_ENCODINGS[1]}}}id")


def _followed(element: _Element, ids: dict[str, _Element]) -> _Element:
    while (name := element.get("href") or element.get(f"{{{_ENCODINGS[1]}}}ref")) is not None:
        element = ids[name.lstrip("#")]
    return element


def _values_differ(
    one: _Element,
    other: _Element,
    ids: list[dict[str, _Element]],
    same: Same,
    path: str,
    *,
    by_position: bool = False,
) -> str | None:
    one, other = _followed(one, ids[0]), _followed(other, ids[1])
    here = f"{path}/{tag_of(one).rpartition('}')[2]}"
    nils = [each.get(f"{{{XSI}}}nil", "").strip() in ("true", "1") for each in (one, other)]
    if nils[0] != nils[1]:
        return f"{here}: nil {nils[0]} became {nils[1]}"
    runs = [[child for child in _children(each) if namespace_of(tag_of(child)) != _RPC] for each in (one, other)]
    is_array = by_position or any(
        each.get(f"{{{encoding}}}{name}") is not None or each.get(f"{{{XSI}}}type", "").endswith(":Array")
        for each in (one, other)
        for encoding in _ENCODINGS
        for name in ("arrayType", "itemType", "arraySize")
    )
    locals_ = [sorted(tag_of(child).rpartition("}")[2] for child in run) for run in runs]
    if not is_array or (by_position and locals_[0] == locals_[1]):
        runs = [sorted(run, key=lambda child: tag_of(child).rpartition("}")[2]) for run in runs]
        names = [[tag_of(child).rpartition("}")[2] for child in run] for run in runs]
        if names[0] != names[1]:
            return f"{here}: accessors {names[0]} became {names[1]}"[:300]
    if len(runs[0]) != len(runs[1]):
        return f"{here}: {len(runs[0])} values became {len(runs[1])}"
    if not runs[0] and not same(one.text or "", one, other.text or "", other):
        return f"{here}: {(one.text or '')[:60]!r} became {(other.text or '')[:60]!r}"
    for child, again in zip(*runs, strict=True):
        found = _values_differ(child, again, ids, same, here)
        if found is not None:
            return found
    return None


def _children(element: _Element) -> list[_Element]:
    return [child for child in element if isinstance(child.tag, str)]
