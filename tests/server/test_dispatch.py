"""Calls that are handed to a dispatcher are answered at once, and performed from plain bytes by whoever takes them."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Annotated, Any

import pytest
from lxml import etree

import soapkit
from soapkit.attachment import Attachment
from soapkit.errors import UsageError
from soapkit.security import Require, Security, Sign, Timestamp, TrustStore, UsernameToken
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.server.dispatch import InProcessDispatcher, Job, Performer
from soapkit.testing import loopback
from soapkit.transport.values import Headers, Request, Response


class Kept:
    """A queue that goes no further: jobs wait, as text, until a test performs them."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.performer: Performer | None = None

    def attach(self, performer: Performer) -> None:
        self.performer = performer

    def dispatch(self, job: Job) -> None:
        self.texts.append(job.to_text())

    @property
    def jobs(self) -> list[Job]:
        return [Job.from_text(text) for text in self.texts]

    def perform(self) -> None:
        assert self.performer is not None
        for job in self.jobs:
            self.performer.perform(job)


class AsyncKept(Kept):
    async def dispatch(self, job: Job) -> None:  # type: ignore[override]
        self.texts.append(job.to_text())


class Broken(Kept):
    def dispatch(self, job: Job) -> None:
        raise ConnectionError("redis://:swordfish@cache.example does not answer")


@soapkit.service("urn:example:shop")
class Shop:
    def __init__(self) -> None:
        self.calls: list[tuple[str, soapkit.Call]] = []

    @soapkit.operation(one_way=True)
    def note(self, text: str, call: soapkit.Call, tag: Annotated[str | None, soapkit.header()] = None) -> None:
        if text == "wrong":
            raise ValueError("no such note")
        self.calls.append((text if tag is None else f"{text} ({tag})", call))

    @soapkit.operation(one_way=True)
    async def scan(self, pages: bytes, call: soapkit.Call) -> None:
        self.calls.append((f"{len(pages)} bytes", call))

    @soapkit.operation
    def count(self, text: str, call: soapkit.Call) -> int:
        if not text:
            raise soapkit.Fault("nothing to count", code="Sender")
        self.calls.append((text, call))
        return len(text)


def client_of(app: Any, **settings: Any) -> soapkit.Client:
    transport = loopback(app)
    return soapkit.Client.from_wsdl("http://shop/?wsdl", "http://shop/", transport=transport, **settings)


@pytest.mark.parametrize("kept", [Kept, AsyncKept])
@pytest.mark.parametrize("host", [soapkit.asgi, soapkit.wsgi])
def test_a_one_way_call_is_answered_before_its_handler_is_called(host: Callable[..., Any], kept: type[Kept]) -> None:
    shop, waiting = Shop(), kept()
    client_of(host(shop, dispatcher=waiting)).note(text="milk")
    assert shop.calls == []
    waiting.perform()
    ((text, call),) = shop.calls
    assert text == "milk"
    assert call.taken_up
    assert call.job == waiting.jobs[0].id
    assert call.http.address == "http://shop/"
    assert call.deadline is None


def test_a_call_that_somebody_waits_for_is_not_handed_on() -> None:
    waiting = Kept()
    client = client_of(soapkit.asgi(Shop(), dispatcher=waiting, dispatched=["note", "count"]))
    assert client.count(text="milk") == 4
    assert waiting.jobs == []


def test_operations_are_handed_on_by_name_and_unknown_names_are_told() -> None:
    waiting, shop = Kept(), Shop()
    client = client_of(soapkit.asgi(shop, dispatcher=waiting, dispatched=["scan"]))
    client.note(text="milk")
    assert [text for text, _ in shop.calls] == ["milk"]
    with pytest.raises(UsageError, match="Shop has no operation 'scam'; did you mean scan"):
        soapkit.asgi(Shop(), dispatcher=waiting, dispatched=["scam"])


@pytest.mark.parametrize("host", [soapkit.asgi, soapkit.wsgi])
@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"dispatched": ["scan"]}, "give the dispatcher"),
        ({"dispatcher": object()}, "object is no dispatcher: it has no attach and no dispatch"),
    ],
)
def test_calls_that_could_go_to_no_queue_are_told_when_the_application_is_made(
    host: Any, settings: Any, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        host(Shop(), **settings)


@pytest.mark.parametrize("mtom", [False, True])
def test_bytes_beside_the_message_come_along(mtom: bool) -> None:
    shop, waiting = Shop(), Kept()
    client_of(soapkit.asgi(shop, dispatcher=waiting), mtom=mtom).scan(pages=b"page" * 1000)
    waiting.perform()
    assert shop.calls[0][0] == "4000 bytes"


def test_header_blocks_and_attachments_come_along_and_credentials_do_not() -> None:
    shop, waiting = Shop(), Kept()
    inner = loopback(soapkit.asgi(shop, dispatcher=waiting))

    class Adding:
        def send(self, request: Request) -> Response:
            fields = request.headers.with_(
                ("Cookie", "session=1"), ("Authorization", "Basic YTpi"), ("X-Tenant", "blue")
            )
            return inner.send(replace(request, headers=fields))

        def close(self) -> None: ...

    client = soapkit.Client.from_wsdl("http://shop/?wsdl", "http://shop/", transport=Adding())
    client.with_attachments(Attachment(b"scan", "image/png", content_id="a@b")).note(text="milk", tag="urgent")
    assert "session=1" not in waiting.texts[0]
    assert "YTpi" not in waiting.texts[0]
    waiting.perform()
    ((text, call),) = shop.calls
    assert text == "milk (urgent)"
    assert call.attachments[0].read() == b"scan"
    assert call.http.headers.get("x-tenant") == "blue"


def test_a_broken_message_is_refused_and_never_queued() -> None:
    waiting = Kept()
    transport = loopback(soapkit.asgi(Shop(), dispatcher=waiting))
    body = (
        b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><n:note xmlns:n="urn:example:shop">'
        b"<n:txt/></n:note></e:Body></e:Envelope>"
    )
    answer = transport.send(Request("http://shop/", body, Headers({"Content-Type": "text/xml"})))
    assert answer.status == 500
    assert b"txt" in answer.body
    assert waiting.jobs == []


def test_a_queue_that_cannot_be_reached_is_an_error_without_its_text() -> None:
    transport = loopback(soapkit.asgi(Shop(), dispatcher=Broken()))
    body = (
        b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><n:note xmlns:n="urn:example:shop">'
        b"<n:text>milk</n:text></n:note></e:Body></e:Envelope>"
    )
    answer = transport.send(Request("http://shop/", body, Headers({"Content-Type": "text/xml"})))
    assert (answer.status, answer.body) == (500, b"")


def test_a_handler_that_raises_tells_the_queue() -> None:
    waiting = Kept()
    client_of(soapkit.asgi(Shop(), dispatcher=waiting)).note(text="wrong")
    with pytest.raises(ValueError, match="no such note"):
        waiting.perform()


def test_what_was_signed_is_handed_on_as_believed_with_who_signed_it() -> None:
    authority = make_authority()
    alice, trust = make_keypair("alice", authority), TrustStore.of(authority)
    shop, waiting = Shop(), Kept()
    required = Require(signed=["Body", "Timestamp"], trust=trust, username={"ann": "secret"})
    app = soapkit.asgi(shop, dispatcher=waiting, security=Security(inbound=required))
    steps = [Timestamp(), UsernameToken("ann", "secret"), Sign(alice, parts=["Body", "Timestamp"])]
    client_of(app, security=Security(outbound=steps)).note(text="milk")
    waiting.perform()
    waiting.perform()  # the queue's own repetition is not a replay
    assert [text for text, _ in shop.calls] == ["milk", "milk"]
    for _, call in shop.calls:
        assert call.security is not None
        assert call.security.signer == alice.certificate
        assert (call.security.signer_name, call.security.username) == ("CN=alice", "ann")
        assert call.security.signed == ()  # told by nobody: a handler that asks finds nothing


def test_interceptors_stand_on_both_sides_of_the_queue() -> None:
    seen: list[tuple[bool, str | None]] = []

    async def watch(call: soapkit.Call, following: soapkit.Next) -> object:
        seen.append((call.taken_up, call.job))
        if not call.taken_up and call.value.text == "stop":
            call.response.status = 403
            raise soapkit.Fault("not you", code="Sender")
        return await following(call)

    shop, waiting = Shop(), Kept()
    client = client_of(soapkit.asgi(shop, dispatcher=waiting, interceptors=[watch]))
    client.note(text="milk")
    waiting.perform()
    assert seen == [(False, waiting.jobs[0].id), (True, waiting.jobs[0].id)]
    with pytest.raises(soapkit.errors.SoapkitError, match="403"):
        client.note(text="stop")
    assert len(waiting.jobs) == 1


# --- answers that go elsewhere ------------------------------------------------------------------------------------

ASKED = """<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:a="http://www.w3.org/2005/08/addressing">
<e:Header><a:Action>urn:example:shop/count</a:Action><a:MessageID>urn:uuid:1</a:MessageID>
<a:ReplyTo><a:Address>{address}</a:Address></a:ReplyTo></e:Header>
<e:Body><n:count xmlns:n="urn:example:shop"><n:text>{text}</n:text></n:count></e:Body></e:Envelope>"""


@pytest.fixture
def letterbox() -> Any:
    """An address that takes answers, and a queue of what came there."""
    came: queue.Queue[bytes] = queue.Queue()

    class Box(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Box) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/answers", came
        server.shutdown()
        thread.join(timeout=10)


@pytest.mark.parametrize(("text", "answer"), [("milk", "4"), ("", "nothing to count")])
def test_the_answer_of_a_call_that_was_handed_on_goes_where_the_request_said(
    letterbox: Any, text: str, answer: str
) -> None:
    address, came = letterbox
    shop, waiting = Shop(), Kept()
    app = soapkit.asgi(shop, dispatcher=waiting, dispatched=["count"], reply_to=[address])
    body = ASKED.format(address=address, text=text).encode()
    taken = loopback(app).send(Request("http://shop/", body, Headers({"Content-Type": "text/xml"})))
    assert (taken.status, taken.body) == (202, b"")
    assert came.empty()
    waiting.perform()
    envelope = etree.fromstring(came.get(timeout=20))
    assert envelope.findtext(".//{http://www.w3.org/2005/08/addressing}RelatesTo") == "urn:uuid:1"
    assert answer in "".join(envelope[1].itertext())


# --- in this process ----------------------------------------------------------------------------------------------


def test_in_process_calls_are_performed_by_threads_and_finished_before_the_end(serve: Callable[..., str]) -> None:
    gate, performed, dispatcher = threading.Event(), [], InProcessDispatcher(threads=2, capacity=3)

    @soapkit.service("urn:example:slow")
    class Slow:
        @soapkit.operation(one_way=True)
        def work(self, number: int) -> None:
            assert gate.wait(20)
            performed.append((number, threading.current_thread().name.startswith("soapkit-job")))

    address = serve(soapkit.asgi(Slow(), dispatcher=dispatcher))
    with soapkit.Client.from_wsdl(address + "?wsdl") as client:
        for number in range(2):
            client.work(number=number)
        deadline = time.monotonic() + 20
        while dispatcher.waiting:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        for number in range(2, 5):
            client.work(number=number)
        with pytest.raises(soapkit.errors.SoapkitError, match="500"):  # two are at work, three wait
            client.work(number=5)
        threading.Timer(0.2, gate.set).start()
        dispatcher.close()
        assert sorted(performed) == [(number, True) for number in range(5)]
        with pytest.raises(soapkit.errors.SoapkitError, match="500"):
            client.work(number=6)


def test_an_application_that_ends_closes_its_dispatcher() -> None:
    import asyncio

    closed: list[bool] = []

    class Ending(Kept):
        def close(self) -> None:
            closed.append(True)

    async def lifespan() -> None:
        messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

        async def receive() -> Any:
            return next(messages)

        async def send(_message: Any) -> None: ...

        await soapkit.asgi(Shop(), dispatcher=Ending())({"type": "lifespan"}, receive, send)

    asyncio.run(lifespan())
    assert closed == [True]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="of servers that fork")
def test_a_process_that_was_forked_has_threads_of_its_own() -> None:
    done: queue.Queue[str] = queue.Queue()

    class Told:
        def perform(self, job: Job) -> Any:
            done.put(job.operation)
            return
            yield

    dispatcher = InProcessDispatcher(threads=1)
    dispatcher.attach(Performer({"": Told()}))
    job = Job(id="1", path="", operation="note", body=b"", content_type="text/xml")
    dispatcher.dispatch(job)
    assert done.get(timeout=20) == "note"
    child = os.fork()
    if child == 0:
        try:
            dispatcher.dispatch(job)
            os._exit(0 if done.get(timeout=20) == "note" else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    dispatcher.close()


def test_what_is_no_job_is_told() -> None:
    with pytest.raises(UsageError, match="no job of soapkit's"):
        Job.from_text("{}")
    performer = Performer({})
    with pytest.raises(UsageError, match="the path '/shop', which this application does not have"):
        performer.perform(Job(id="1", path="/shop", operation="note", body=b"", content_type="text/xml"))


def test_a_response_has_no_body_where_a_call_was_taken() -> None:
    waiting = Kept()
    body = (
        b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><n:note xmlns:n="urn:example:shop">'
        b"<n:text>milk</n:text></n:note></e:Body></e:Envelope>"
    )
    request = Request("http://shop/", body, Headers({"Content-Type": "text/xml"}))
    answer: Response = loopback(soapkit.asgi(Shop(), dispatcher=waiting)).send(request)
    assert (answer.status, answer.body) == (202, b"")
