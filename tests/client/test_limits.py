"""Limits on replies that a client is given: tighter or wider than those it has unless told."""

from __future__ import annotations

from typing import Any

import pytest

import soapkit
from soapkit.errors import LimitError
from soapkit.soap.attachments import AttachmentLimits
from soapkit.soap.multipart import MultipartLimits
from soapkit.testing import loopback
from soapkit.xml.parse import XmlLimits


@soapkit.service("urn:example:texts")
class Texts:
    @soapkit.operation
    def words(self, many: int) -> list[str]:
        return ["word"] * many

    @soapkit.operation
    def scan(self, size: int) -> bytes:
        return b"x" * size


def client(**settings: Any) -> Any:
    transport = loopback(soapkit.asgi(Texts(), mtom=True) if settings.pop("mtom", False) else soapkit.asgi(Texts()))
    return soapkit.Client.from_wsdl("http://texts/?wsdl", "http://texts/", transport=transport, **settings)


def test_a_reply_larger_than_the_client_takes_is_refused() -> None:
    with client(xml_limits=XmlLimits(bytes=1000)) as few, client(xml_limits=XmlLimits(bytes=100_000)) as many:
        assert few.words(many=3) == many.words(many=3) == ["word"] * 3
        assert len(many.words(many=1000)) == 1000
        with pytest.raises(LimitError, match=r"words: .* bytes; at most 1,000 are read"):
            few.words(many=1000)


def test_the_limit_holds_for_what_is_read_in_pieces() -> None:
    with client(xml_limits=XmlLimits(text=3)) as few, pytest.raises(LimitError, match="at most 3"):
        few.words(many=20_000)
    with client(xml_limits=XmlLimits(bytes=10)) as few, pytest.raises(LimitError, match="at most 10"):
        list(few.stream("words", many=1000))


def test_the_limit_on_attachments_holds() -> None:
    small = AttachmentLimits(multipart=MultipartLimits(header_bytes=10))
    with client(mtom=True) as wide:
        assert len(wide.scan(size=5000)) == 5000
    with client(mtom=True, attachment_limits=small) as tight, pytest.raises(LimitError, match="10"):
        tight.scan(size=5000)
