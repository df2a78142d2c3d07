"""The floor: lxml alone. Decode is a bare parse with a hardened parser, encode a bare tostring of a ready tree."""

from __future__ import annotations

from functools import partial

from lxml import etree
from workload import REPLIES, REQUESTS, Tasks


def prepare() -> Tasks:
    """The floor of encoding and decoding."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    tasks = {}
    for size, reply in REPLIES.items():
        tasks[f"decode {size}"] = partial(etree.fromstring, reply, parser)
        tasks[f"encode {size}"] = partial(etree.tostring, etree.fromstring(REQUESTS[size]), encoding="utf-8")
    return tasks
