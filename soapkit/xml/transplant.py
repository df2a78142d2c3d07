"""An element -> the same element in another tree, where its prefixes still mean what they meant.

libxml2 drops declarations that look superfluous when it moves an element; the QNames in attributes and texts then mean
something else. So the element is written anew, with every declaration that it stood in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy

from lxml import etree
from lxml.etree import _Element

from soapkit.xml.make import make_child
from soapkit.xml.walk import tag_of


def transplant(source: _Element, parent: _Element) -> _Element:
    """Write `source` and all in it as the last child of `parent`; gives the new element."""
    around = parent.nsmap
    missing = {prefix: uri for prefix, uri in source.nsmap.items() if around.get(prefix) != uri}
    made = make_child(parent, tag_of(source), source.attrib, missing or None)
    made.text, made.tail = source.text, source.tail
    for child in source:
        if isinstance(child.tag, str):
            transplant(child, made)
        else:
            made.append(deepcopy(child))  # a comment: it has no prefixes
    return made


def prefix_for(element: _Element, namespace: str) -> str:
    """A prefix that means `namespace` where `element` stands. Raises `StopIteration` where none does."""
    return next(prefix for prefix, uri in element.nsmap.items() if prefix and uri == namespace)


def declared(
    nsmap: Mapping[str | None, str], namespace: str, wanted: str, roots: Iterable[_Element] = ()
) -> dict[str | None, str]:
    """Prefixes, with one for `namespace` that means nothing else anywhere in `roots`, the trees to be transplanted:
    one that is there, else `wanted`, or ``wanted1`` and so on where that is taken."""
    hidden = {prefix for root in roots for prefix, uri in _declarations(root) if uri != namespace}
    if any(prefix and uri == namespace and prefix not in hidden for prefix, uri in nsmap.items()):
        return dict(nsmap)
    prefix, number = wanted, 0
    while prefix in nsmap or prefix in hidden:
        number += 1
        prefix = f"{wanted}{number}"
    return {**nsmap, prefix: namespace}


def _declarations(root: _Element) -> Iterator[tuple[str | None, str]]:
    yield from root.nsmap.items()
    for _, found in etree.iterwalk(root, events=("start-ns",)):
        if found is not None:
            yield found
