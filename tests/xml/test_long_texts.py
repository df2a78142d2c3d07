"""Texts of more than 10 MB, where libxml2 stops unless told: documents that travel inline. All other limits stay."""

from __future__ import annotations

import base64
from typing import Any

import pytest

import soapkit
from soapkit.errors import LimitError, XmlError
from soapkit.testing import loopback
from soapkit.xml.parse import XmlLimits, parse_exact, parse_message

LONG = "x" * 11_000_000


@soapkit.service("urn:example:archive")
class Archive:
    @soapkit.operation
    def scan(self, pages: bytes) -> bytes:
        return pages[::-1]


@pytest.mark.parametrize("parse", [parse_message, parse_exact])
def test_a_text_is_read_up_to_the_limit_that_was_set(parse: Any) -> None:
    document = f"<a><b>{LONG}</b>{LONG}</a>".encode()
    root = parse(document)
    assert (len(root[0].text), len(root[0].tail)) == (len(LONG), len(LONG))
    assert len(parse(document, limits=XmlLimits(text=len(LONG)))[0].text) == len(LONG)
    with pytest.raises(LimitError, match="11,000,000 characters; at most 10,999,999"):
        parse(document, limits=XmlLimits(text=len(LONG) - 1))
    with pytest.raises(LimitError, match="a limit of the parser"):
        parse(document, limits=XmlLimits(text=9_000_000))


def test_a_scan_of_11_mb_travels_inline_both_ways() -> None:
    pages = base64.b64encode(LONG.encode()) + b"end"
    transport = loopback(soapkit.asgi(Archive()))
    with soapkit.Client.from_wsdl("http://archive/?wsdl", "http://archive/", transport=transport) as client:
        assert client.scan(pages=pages) == pages[::-1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_entities_are_not_let_loose_by_a_long_text(encoding: str) -> None:
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x" * 100}">' for n in range(9))
    declaration = '<?xml version="1.0" encoding="UTF-16"?>' if encoding == "utf-16" else ""
    document = f'{declaration}<!-- x --><!DOCTYPE a [{bomb}]><a><b>{LONG}</b><c d="&e8;"/></a>'.encode(encoding)
    with pytest.raises(XmlError, match=r"DOCTYPE|limit of the parser"):
        parse_message(document)


def test_depth_has_an_end_beside_a_long_text() -> None:
    with pytest.raises(LimitError, match="nested more than 256 deep"):
        parse_message(f"<a>{LONG}{'<b>' * 300}{'</b>' * 300}</a>".encode())


def test_an_attribute_of_more_than_10_mb_is_refused() -> None:
    with pytest.raises(LimitError, match="an attribute has 11,000,000 characters; at most 10,000,000"):
        parse_message(f'<a b="{LONG}"/>'.encode())


def test_a_long_text_that_is_not_well_formed_is_told_with_its_place() -> None:
    with pytest.raises(XmlError, match=r"message:2:.*tag mismatch"):
        parse_message(f"<a>\n{LONG}</b>".encode())


def test_a_long_text_under_a_name_in_cyrillic_is_read() -> None:
    root = parse_message(f'<a xmlns="urn:Обмен данными">{LONG}</a>'.encode())
    assert (root.tag, len(root.text or "")) == ("{urn:Обмен данными}a", len(LONG))
