"""Parts that travel beside the envelope, as a contract's MIME binding says: from the call to the handler, and back."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import soapkit
from soapkit import Attachment
from soapkit.cli.main import main as command_line
from soapkit.client.call import Exchange
from soapkit.errors import UsageError
from soapkit.exchange.attached import attachments_for, parts_among
from soapkit.operations import AttachedPart, Message
from soapkit.server.context import Call
from soapkit.testing import FakeTransport, loopback
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.write11 import write_wsdl

PICTURE = b"\x89PNG\r\n\x1a\n\0"
WSDL = Path(__file__).parents[2] / "wsdl" / "mime.wsdl"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The package generated from wsdl/mime.wsdl."""
    folder = tmp_path_factory.mktemp("archive")
    with pytest.raises(SystemExit) as ended:
        command_line(["generate", str(WSDL), "--output", str(folder / "archive_package")])
    assert ended.value.code == 0
    sys.path.insert(0, str(folder))
    yield importlib.import_module("archive_package")
    sys.path.remove(str(folder))


@pytest.fixture
def kept() -> dict[str, Any]:
    return {}


@pytest.fixture
def app(archive: ModuleType, kept: dict[str, Any]) -> Any:
    class MyArchive(archive.Archive):  # type: ignore[name-defined, misc]
        def keep(self, *, title: str, scan: Attachment | None, cover_letter: Attachment | None) -> int:
            kept.update(title=title, scan=scan, cover_letter=cover_letter)
            return 7

        def fetch(self, *, number: int, call: Call) -> str:
            call.reply_parts["scan"] = PICTURE
            return "a paper"

    return soapkit.asgi(MyArchive())


def test_what_is_given_to_a_client_comes_to_the_handler(archive: ModuleType, app: Any, kept: dict[str, Any]) -> None:
    client = archive.ArchiveClient("http://a/", transport=loopback(app))
    letter = Attachment(b"Dear all", "text/plain; charset=us-ascii")
    assert client.keep(title="a paper", scan=PICTURE, cover_letter=letter) == 7
    assert kept["title"] == "a paper"
    assert (kept["scan"].read(), kept["scan"].content_type) == (PICTURE, "image/png")
    assert (kept["cover_letter"].read(), kept["cover_letter"].content_type) == (b"Dear all", letter.content_type)


def test_what_is_left_out_is_not_sent(archive: ModuleType, app: Any, kept: dict[str, Any]) -> None:
    client = archive.ArchiveClient("http://a/", transport=loopback(app))
    client.keep(title="a paper", cover_letter=b"Dear all")
    assert kept["scan"] is None
    assert kept["cover_letter"].read() == b"Dear all"


def test_an_async_and_a_dynamic_client_do_the_same(archive: ModuleType, app: Any, kept: dict[str, Any]) -> None:
    client = archive.AsyncArchiveClient("http://a/", transport=loopback(app))
    asyncio.run(client.keep(title="a paper", scan=PICTURE))
    assert kept["scan"].read() == PICTURE
    dynamic = soapkit.Client.from_wsdl(WSDL, "http://a/", transport=loopback(app))
    dynamic.keep(title="another", cover_letter=b"Dear all")
    assert (kept["scan"], kept["cover_letter"].read()) == (None, b"Dear all")


def test_parts_of_a_reply_are_in_the_exchange_by_name(archive: ModuleType, app: Any) -> None:
    client = archive.ArchiveClient("http://a/", transport=loopback(app))
    assert client.fetch(number=7) == "a paper"
    exchange: Exchange[str] = client.with_exchange.fetch(number=7)
    assert exchange.value == "a paper"
    assert exchange.parts["scan"].read() == PICTURE


def test_a_part_goes_with_mtom_too(archive: ModuleType, app: Any, kept: dict[str, Any]) -> None:
    client = archive.ArchiveClient("http://a/", mtom=True, transport=loopback(app))
    client.keep(title="a paper", scan=PICTURE)
    assert kept["scan"].read() == PICTURE


def test_a_content_id_begins_with_the_name_of_its_part(archive: ModuleType) -> None:
    """WS-I Attachments Profile 1.0, R2933."""
    client = archive.ArchiveClient("http://a/", transport=FakeTransport(b""))
    sent = client.preview.keep(title="a paper", scan=PICTURE, cover_letter=b"Dear all").attachments
    assert [each.content_id.partition("=")[0] for each in sent] == ["scan", "cover-letter"]
    assert all(each.content_id.endswith("@soapkit") for each in sent)


def test_what_is_no_attachment_is_refused_by_name(archive: ModuleType) -> None:
    client = archive.ArchiveClient("http://a/", transport=FakeTransport(b""))
    with pytest.raises(UsageError, match=r"cover_letter travels as an attachment: give bytes or .*, not str"):
        client.keep(title="a paper", cover_letter="Dear all")


SCAN, LETTER = AttachedPart("scan", "scan", ("image/png", "image/jpeg")), AttachedPart("letter", "cover letter")
BOTH = Message("x", None, attached=(SCAN, LETTER))


@pytest.mark.parametrize(
    ("came", "named"),
    [
        ([("letter@x", "text/plain"), ("scan@x", "image/JPEG")], {"scan": 1, "letter": 0}),
        ([("cover%20letter=1@x", "image/png"), ("scan=1@x", "text/plain")], {"scan": 1, "letter": 0}),
        ([("a", "x/y"), ("b", "x/y"), ("c", "x/y")], {"scan": 0, "letter": 1}),
        ([("other=1@x", "image/png")], {}),
        ([], {}),
    ],
    ids=["by media type", "by content id", "by order", "another's", "none"],
)
def test_attachments_are_told_apart(came: list[tuple[str, str]], named: dict[str, int]) -> None:
    attachments = [Attachment(b"", media_type, content_id) for content_id, media_type in came]
    found = parts_among(BOTH, attachments)
    places = {id(each): place for place, each in enumerate(attachments)}
    assert {name: places[id(each)] for name, each in found.items()} == named


def test_what_is_sent_is_told_apart_again() -> None:
    sent = attachments_for(BOTH, {"letter": b"1", "scan": b"2", "title": "no part"})
    assert {name: each.content for name, each in parts_among(BOTH, sent[::-1]).items()} == {
        "letter": b"1",
        "scan": b"2",
    }


def test_a_contract_with_attached_parts_is_written_and_read_again() -> None:
    contract = load_contract(WSDL)
    (service,) = contract.services
    (again,) = load_contract(write_wsdl(service, contract.shapes)).services
    assert [(each.request.attached, each.reply.attached) for each in again.operations] == [
        (each.request.attached, each.reply.attached) for each in service.operations
    ]


def test_a_part_that_the_message_lacks_is_told(tmp_path: Path) -> None:
    text = WSDL.read_text(encoding="utf-8").replace('part="cover-letter"', 'part="cover-lettre"')
    (tmp_path / "a.wsdl").write_text(text, encoding="utf-8")
    told = "\n".join(map(str, load_contract(tmp_path / "a.wsdl").warnings))
    assert "mime:content names part cover-lettre, which message keepRequest does not have" in told
    assert "did you mean" in told
