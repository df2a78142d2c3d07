"""What came of a request that breaks off leaves no file behind, from the moment that it is given up."""

from __future__ import annotations

import asyncio
import gc
import io
import logging
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest

import soapkit
from soapkit.soap.attachments import AttachmentLimits

ENVELOPE = b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body/></e:Envelope>'
ROOT = b"--b\r\nContent-Type: text/xml\r\n\r\n" + ENVELOPE + b"\r\n"
WHOLE = ROOT + b"--b\r\nContent-ID: <1>\r\n\r\n" + b"x" * 5000 + b"\r\n"
UNENDED = b"--b\r\nContent-ID: <2>\r\n\r\n" + b"y" * 5000
MULTIPART = 'multipart/related; boundary=b; type="text/xml"'
LIMITS = AttachmentLimits(spool_bytes=1000)


@soapkit.service("urn:drop")
class Drop:
    @soapkit.operation
    def drop(self) -> int:
        return 1


@pytest.fixture
def spooled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the files of attachments go, while nothing is collected that a circle holds."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    gc.disable()
    yield tmp_path
    gc.enable()


class Telling(logging.Handler):
    """Counts the files that there are when something is told."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.told: list[tuple[str, int]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append((record.getMessage(), len(list(self.folder.iterdir()))))


def asked(app: Any, end: MutableMapping[str, Any], spooled: Path) -> list[MutableMapping[str, Any]]:
    """What an ASGI application answers to two pieces of a request and then `end`."""
    pieces = [{"type": "http.request", "body": piece, "more_body": True} for piece in (WHOLE, UNENDED)]
    events: list[MutableMapping[str, Any]] = [*pieces, end]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        if len(events) == 1:
            assert len(list(spooled.iterdir())) == 2
        if not events[0]:
            await asyncio.sleep(20)
        return events.pop(0)

    async def send(event: MutableMapping[str, Any]) -> None:
        sent.append({**event, "files": len(list(spooled.iterdir()))})

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-type", MULTIPART.encode())]}
    asyncio.run(app(scope, receive, send))
    return sent


def test_a_caller_that_hangs_up(spooled: Path) -> None:
    logger, telling = logging.getLogger("soapkit.server"), Telling(spooled)
    logger.addHandler(telling)
    logger.setLevel(logging.INFO)
    try:
        asked(soapkit.asgi(Drop(), attachment_limits=LIMITS), {"type": "http.disconnect"}, spooled)
    finally:
        logger.removeHandler(telling)
        logger.setLevel(logging.NOTSET)
    assert telling.told == [("a caller went away before its request was whole", 0)]


def test_a_caller_that_is_too_slow(spooled: Path) -> None:
    sent = asked(soapkit.asgi(Drop(), attachment_limits=LIMITS, receive_seconds=0.2), {}, spooled)
    assert (sent[0]["status"], sent[0]["files"]) == (408, 0)


def test_a_package_that_is_broken(spooled: Path) -> None:
    odd = b"\r\n--b\r\nContent-Transfer-Encoding: odd\r\n\r\n"
    end = {"type": "http.request", "body": odd, "more_body": True}
    sent = asked(soapkit.asgi(Drop(), attachment_limits=LIMITS), end, spooled)
    assert (sent[0]["status"], sent[0]["files"]) == (500, 0)  # SOAP 1.1, 6.2


def test_a_request_under_wsgi_that_ends_before_its_length(spooled: Path) -> None:
    body = WHOLE + UNENDED
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "CONTENT_TYPE": MULTIPART,
        "CONTENT_LENGTH": str(len(body) + 10),
        "wsgi.input": io.BytesIO(body),
    }
    found = []

    def start_response(status: str, _headers: list[tuple[str, str]]) -> None:
        found.append((status, len(list(spooled.iterdir()))))

    soapkit.wsgi(Drop(), attachment_limits=LIMITS)(environ, start_response)
    assert found == [("400 Bad Request", 0)]
