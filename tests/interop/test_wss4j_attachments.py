"""Apache WSS4J 4, live: signed and encrypted attachments (SwA Profile 1.1), and MTOM under a signature, both ways."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from soapkit.attachment import Attachment
from soapkit.errors import SecurityError
from soapkit.security import Encrypt, Require, Security, Sign, Timestamp, TrustStore
from soapkit.security.throwaway import write_keys
from soapkit.soap.attachments import part_headers
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.soap.xop import include
from soapkit.xml.parse import parse_message
from tests.interop.java_driver import JAVA, built
from tests.interop.test_wss4j import Wss4j

PARTS = ["Attachments", "AttachmentContents"]


@pytest.fixture(scope="session")
def folder(missing_peer: Callable[[str], NoReturn]) -> Path:
    return built(JAVA, "Wss4jDriver", "WSS4J", missing_peer)


class Beside(Wss4j):
    """The driver, running, with a folder for what travels beside a message."""

    @property
    def beside(self) -> Path:
        return self.folder / "beside"

    def _write(self, message: Envelope) -> Path:
        self.beside.mkdir(exist_ok=True)
        for path in self.beside.iterdir():
            path.unlink()
        for number, attachment in enumerate(message.attachments):
            headers = part_headers(attachment).items()
            (self.beside / f"{number}.headers").write_text("".join(f"{name}: {value}\n" for name, value in headers))
            (self.beside / f"{number}.content").write_bytes(attachment.read())
        path = self.folder / "message.xml"
        path.write_bytes(message.to_bytes())
        return path

    def _read(self) -> list[Attachment]:
        found = []
        for path in sorted(self.beside.glob("*.headers")):
            headers = dict(line.split(": ", 1) for line in path.read_text().splitlines())
            headers = {name.lower(): value for name, value in headers.items()}
            content_id, location = headers["content-id"][1:-1], headers.get("content-location", "")
            content = path.with_suffix(".content").read_bytes()
            found.append(Attachment(content, headers["content-type"], content_id, location, headers))
        return found

    def look_at(self, message: Envelope) -> tuple[list[str], list[Attachment]]:
        """What it did; the attachments afterwards."""
        answer = self.ask("verify", str(self._write(message)), str(self.beside))
        assert answer[0] == "ok", answer
        return answer, self._read()

    def turns_away(self, message: Envelope) -> bool:
        return self.ask("verify", str(self._write(message)), str(self.beside))[0] == "no"

    def secure(self, message: Envelope, steps: str) -> Envelope:
        made = self.folder / "made.xml"
        answer = self.ask("make", str(self._write(message)), str(made), steps, str(self.beside))
        assert answer[0] == "ok", answer
        return Envelope.read(parse_message(made.read_bytes())).with_attachments(self._read())


@pytest.fixture(scope="module")
def peer(folder, tmp_path_factory):
    keys = tmp_path_factory.mktemp("wss4j")
    write_keys(keys, ["alice", "bob"], password="changeit")
    running = Beside(folder, keys)
    yield running
    running.close()


@pytest.fixture(scope="module")
def believed(peer, bob):
    trust = TrustStore.load(peer.folder / "ca.pem")

    def verify(message: Envelope, **wanted):
        return Security(inbound=Require(trust=trust, key=bob, **wanted)).verify(message)

    return verify


DISPOSITION = {
    "Content-Disposition": 'Attachment; filename="Report (1).PDF"; Size=3',
    "Content-Description": "a (b) c",
}
SOME = [
    Attachment(b"one\ntwo\r\nthree\r", "text/plain; charset=UTF-8", "note@example.org"),
    Attachment(
        b"<?xml version='1.0'?><!-- c --><?p i?><a  b='1'><!-- c --><d/></a>", "application/xml", "data@example.org"
    ),
    Attachment(b"\0\r\n\xff" * 1000, "application/zip", "large@example.org"),
    Attachment(b"%PDF", "application/pdf; b=2; A=1", "report@example.org", "reports/1", DISPOSITION),
]


def plain(attachments: list[Attachment] = SOME) -> Envelope:
    body = '<b:transfer xmlns:b="urn:bank"><b:to>DE1</b:to></b:transfer>'
    return Draft(SOAP_1_1, body).to_envelope().with_attachments(attachments)


def contents(attachments) -> list[tuple[str, str, bytes]]:
    return [(one.content_id, one.content_type, one.read()) for one in attachments]


WHOLE, CONTENTS = PARTS
ORDERS = [
    (signed, encrypted, first)
    for signed, encrypted, first in itertools.product(PARTS, ["", *PARTS], ["sign", "encrypt"])
    if encrypted or first == "sign"
]


@pytest.mark.parametrize(
    # WSS4J does not put the type that was signed in the place of that of the ciphertext
    ("signed", "encrypted", "first"),
    [one for one in ORDERS if one != (WHOLE, CONTENTS, "sign")],
)
def test_wss4j_accepts_our_attachments(signed, encrypted, first, peer, alice, bob):
    steps = [Sign(alice, parts=["Body", "Timestamp", signed])]
    if encrypted:
        steps.append(Encrypt(to=bob, parts=["Body", encrypted]))
    message = Security(outbound=[Timestamp(), *(steps if first == "sign" else steps[::-1])]).apply(plain())
    answer, attachments = peer.look_at(message)
    assert answer[1].count("attachment") == len(SOME) * len(steps)
    assert [each.read() for each in attachments] == [each.read() for each in SOME]
    assert answer[2] == "DE1"


@pytest.mark.parametrize("part", PARTS)
def test_wss4j_refuses_an_attachment_that_was_altered(part, peer, alice):
    """The control: it looks at them."""
    message = Security(outbound=[Sign(alice, parts=["Body", part])]).apply(plain())
    one, *others = message.attachments
    assert not peer.turns_away(message)
    assert peer.turns_away(message.with_attachments([Attachment(b"x", one.content_type, one.content_id), *others]))


@pytest.mark.parametrize(
    # of what it encrypted before, WSS4J signs header fields that it does not send
    ("signed", "encrypted", "first"),
    [one for one in ORDERS if one[::2] != (WHOLE, "encrypt")],
)
def test_we_believe_the_attachments_of_wss4j(signed, encrypted, first, peer, believed):
    steps = [f"sign,parts=Body|{signed}", *([f"encrypt,parts=Body|{encrypted}"] if encrypted else [])]
    message = peer.secure(plain(), ";".join(steps if first == "sign" else steps[::-1]))
    wanted = {"signed": ["Body", signed]}
    if encrypted:
        wanted["encrypted"] = ["Body", encrypted]
    result = believed(message, **wanted)
    assert contents(result.envelope.attachments) == contents(SOME)
    assert result.signer_name == "CN=alice"
    if signed == "AttachmentContents":
        with pytest.raises(SecurityError):
            believed(peer.secure(plain(), "sign,parts=Body|AttachmentContents"), signed=["Attachments"])


PHOTO = Attachment(bytes(range(256)) * 4, "image/png", "photo@example.org")


def with_photo() -> Envelope:
    message = plain([PHOTO])
    message.body.append(parse_message(f"<p>{include(PHOTO)}</p>".encode()))
    return message


@pytest.mark.parametrize("store", ["", ",store=1"])
def test_we_believe_an_mtom_message_of_wss4j(store, peer, believed):
    message = peer.secure(with_photo(), f"timestamp;sign,expand=1,parts=Body|Timestamp;encrypt,expand=1{store}")
    assert [one.content_type for one in message.attachments].count("application/ciphervalue") == 2 * bool(store)
    result = believed(message, signed=["Body", "Timestamp", "Attachments"], encrypted=["Body", "Attachments"])
    assert result.envelope.attachments == ()
    assert result.envelope.body[-1].text


def test_we_do_not_believe_a_signature_of_wss4j_over_an_include_itself(peer, believed):
    assert believed(peer.secure(with_photo(), "sign,expand=1"), signed=["Body"])
    with pytest.raises(SecurityError):
        believed(peer.secure(with_photo(), "sign"), signed=["Body"])


def test_wss4j_accepts_what_we_signed_and_mtom_took_out(peer, alice):
    secured = Security(outbound=[Sign(alice, parts=["Body"])]).apply(with_photo())
    secured.body[-1].text = None
    secured.body[-1].append(parse_message(include(PHOTO).encode()))
    assert peer.look_at(secured.with_attachments([PHOTO]))[0][1].startswith("signature Body")
