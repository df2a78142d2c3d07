"""Signed and encrypted attachments, the whole way: client to service and back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import soapkit
from soapkit import Attachment
from soapkit.errors import Fault
from soapkit.security import SIGNER, Encrypt, Require, Security, Sign, Timestamp, TrustStore
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.soap.attachments import pack_package
from soapkit.soap.envelope import Draft
from soapkit.soap.version import SOAP_1_1
from soapkit.soap.xop import include
from soapkit.testing import loopback
from soapkit.transport.values import Headers, Request

AUTHORITY = make_authority()
ALICE, BANK = make_keypair("alice", AUTHORITY), make_keypair("bank", AUTHORITY)
PARTS = ["Body", "Timestamp", "Attachments"]
CONTRACT = Attachment(b"one\r\ntwo", "text/plain; charset=utf-8", "contract@x")


def security(own: Any, to: Any, signed: list[str] = PARTS, wanted: list[str] = PARTS) -> Security:
    beside = ["Body", "Attachments"] if "Attachments" in signed else ["Body"]
    return Security(
        outbound=[Timestamp(), Sign(own, parts=signed), Encrypt(to=to, parts=beside)],
        inbound=Require(signed=wanted, encrypted=["Body"], trust=TrustStore.of(AUTHORITY), key=own),
    )


@soapkit.service("urn:accounts")
class Accounts:
    seen: soapkit.Call

    @soapkit.operation
    def open(self, owner: str, call: soapkit.Call) -> str:
        Accounts.seen = call
        call.reply_attachments.append(Attachment(b"welcome\r\n", "text/plain", "welcome@x"))
        return owner

    @soapkit.operation
    def keep(self, photo: bytes, call: soapkit.Call) -> bytes:
        Accounts.seen = call
        return photo


@pytest.fixture(params=[soapkit.asgi, soapkit.wsgi])
def application(request: pytest.FixtureRequest) -> Any:
    return request.param(Accounts(), security=security(BANK, SIGNER))


def client(application: Any, **settings: Any) -> Any:
    wsdl = loopback(application).send(Request("http://x/?wsdl", method="GET")).body
    return soapkit.Client.from_wsdl(wsdl, "http://x/", transport=loopback(application), **settings)


def test_attachments_are_covered_both_ways(application: Any) -> None:
    with client(application, security=security(ALICE, BANK)) as accounts:
        exchange = accounts.with_attachments(CONTRACT).with_exchange.open(owner="Ada")
    (came,) = Accounts.seen.attachments
    assert (came.read(), came.content_type, came.content_id) == (CONTRACT.read(), CONTRACT.content_type, "contract@x")
    assert Accounts.seen.security is not None
    assert Accounts.seen.security.is_signed(came)
    assert Accounts.seen.security.is_encrypted(came)
    (answer,) = exchange.attachments
    assert answer.read() == b"welcome\r\n"
    assert [one.attachment for one in exchange.security.signed_attachments] == [answer]


def test_a_service_refuses_an_attachment_that_is_not_signed(application: Any) -> None:
    with client(application, security=security(ALICE, BANK, signed=["Body", "Timestamp"])) as accounts:
        with pytest.raises(Fault):
            accounts.with_attachments(CONTRACT).open(owner="Ada")
        assert accounts.open(owner="Ada") == "Ada"


def test_what_mtom_takes_out_is_signed_with_the_body(application: Any) -> None:
    photo = bytes(range(256)) * 100
    with client(application, security=security(ALICE, BANK), mtom=True) as accounts:
        assert accounts.keep(photo=photo) == photo
    assert Accounts.seen.attachments == ()


def test_an_include_that_was_signed_itself_is_never_followed(application: Any) -> None:
    """Nor where the attachment went into a header block that nobody signed, and the Include came to light later."""
    forged = Attachment(b"forged", "image/png", "forged@x")
    body = f'<keep xmlns="urn:accounts"><photo>{include(forged)}</photo></keep>'
    block = f'<h xmlns="urn:h">{include(forged)}</h>'
    steps = [Timestamp(), Sign(ALICE, parts=["Body", "Timestamp"]), Encrypt(to=BANK)]
    for outbound in (steps, steps[:2]):
        for blocks in ((), (block,)):
            secured = Security(outbound=outbound).apply(Draft(SOAP_1_1, body, blocks).to_envelope())
            for xop in (True, False):
                packed, fields = pack_package(secured.to_bytes(), SOAP_1_1, "", [forged], xop=xop)
                request = Request("http://x/", headers=Headers(fields), body=b"".join(packed))
                answer = loopback(application).send(request)
                assert answer.status == 500, answer.body


def test_an_event_loop_serves_on_while_large_attachments_are_verified(
    monkeypatch: pytest.MonkeyPatch, serve: Callable[..., str]
) -> None:
    threads: list[threading.Thread] = []
    verify, guarded = Security.verify, security(BANK, SIGNER)

    def verified(self: Security, envelope: Any, **options: Any) -> Any:
        if self is guarded:
            threads.append(threading.current_thread())
        return verify(self, envelope, **options)

    monkeypatch.setattr(Security, "verify", verified)
    address = serve(soapkit.asgi(Accounts(), security=guarded))
    with soapkit.Client.from_wsdl(f"{address}?wsdl", address, security=security(ALICE, BANK)) as accounts:
        for size in (10, 5_000_000):
            accounts.with_attachments(Attachment(b"x" * size, "application/zip")).open(owner="Ada")
    loop, other = threads
    assert loop is not other
