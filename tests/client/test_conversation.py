"""A secure conversation, both ends ours: a context is agreed on, used, replaced, lost, and given back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import soapkit
from soapkit.client.trust import ask
from soapkit.errors import MessageError, SecurityError, UsageError
from soapkit.exchange.flow import run
from soapkit.security import (
    REQUEST,
    SHARED,
    SIGNER,
    Contexts,
    Conversation,
    Encrypt,
    KeyPair,
    Require,
    Security,
    SecurityContext,
    SharedKey,
    Sign,
    Timestamp,
    TrustStore,
    UsernameToken,
)
from soapkit.security.context.context import context_reference
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.server.conversation import Agreements
from soapkit.testing import loopback
from soapkit.transport.values import Request, Response
from soapkit.ws.addressing import Addressing
from soapkit.ws.trust import TokenRequest, TokenResponse
from soapkit.xml.parse import parse_message

PARTS = ["Body", "Timestamp"]


@soapkit.service("urn:example:ask")
class Asked:
    """Says who asks, and under which context."""

    def __init__(self) -> None:
        self.contexts: list[str] = []

    @soapkit.operation
    def who(self, call: soapkit.Call) -> str:
        assert call.security is not None
        self.contexts.append(call.security.context)
        return call.security.username or call.security.signer_name


@pytest.fixture(scope="module")
def people() -> dict[str, KeyPair]:
    authority = make_authority()
    return {"authority": authority} | {name: make_keypair(name, authority) for name in ("alice", "bank")}


def client_settings(people: dict[str, KeyPair], version: Any = "2005/12", **changes: Any) -> Security:
    trust, contexts = TrustStore.of(people["authority"]), Contexts()
    bootstrap = Security(
        outbound=[
            Timestamp(),
            UsernameToken("alice", "secret"),
            Sign(people["alice"], parts=[*PARTS, "UsernameToken"]),
            Encrypt(to=people["bank"], parts=["Body", "UsernameToken"]),
        ],
        inbound=Require(signed=PARTS, encrypted=["Body"], trust=trust, key=people["alice"]),
    )
    return Security(
        outbound=[Timestamp(), SharedKey(to=contexts, derived=version), Sign(SHARED, parts=PARTS), Encrypt(to=SHARED)],
        inbound=Require(signed=PARTS, encrypted=["Body"], contexts=contexts),
        conversation=Conversation(contexts, bootstrap, version=version, **changes),
    )


def service_settings(people: dict[str, KeyPair], **changes: Any) -> Security:
    trust, contexts = TrustStore.of(people["authority"]), Contexts()
    bootstrap = Security(
        outbound=[Timestamp(), Sign(people["bank"], parts=PARTS), Encrypt(to=SIGNER)],
        inbound=Require(
            signed=PARTS, encrypted=["Body"], trust=trust, key=people["bank"], username={"alice": "secret"}
        ),
    )
    return Security(
        outbound=[Timestamp(), SharedKey(to=REQUEST), Sign(SHARED, parts=PARTS), Encrypt(to=SHARED)],
        inbound=Require(signed=PARTS, encrypted=["Body"], contexts=contexts),
        conversation=Conversation(contexts, bootstrap, **changes),
    )


def held(settings: Security) -> tuple[SecurityContext, ...]:
    assert settings.conversation is not None
    return settings.conversation.contexts.held()


class Counted:
    """A transport that counts what goes through it, by Action; `change` may change it on its way."""

    def __init__(self, application: Any) -> None:
        self._inner = loopback(application)
        self.actions: list[str] = []
        self.change: Callable[[Request], Request] = lambda request: request

    def send(self, request: Request) -> Response:
        said = request.headers.get("soapaction", "").strip('"') or request.headers.get("content-type", "")
        self.actions.append(said.rpartition("/RST/")[2].strip('"') if "/RST/" in said else "call")
        return self._inner.send(self.change(request))

    def close(self) -> None:
        pass


def talking(
    people: dict[str, KeyPair], service: Security | None = None, client: Security | None = None, **settings: Any
) -> tuple[Any, Asked, Counted]:
    """A client that talks to a service without a network."""
    asked = Asked()
    application = soapkit.asgi(asked, security=service or service_settings(people))
    transport = Counted(application)
    contract = application.endpoints[""].publication.publish("http://a.example/")["wsdl"]  # type: ignore[attr-defined]
    made = soapkit.Client.from_wsdl(
        contract, security=client or client_settings(people), transport=transport, **settings
    )
    return made, asked, transport


@pytest.mark.parametrize("version", ["2005/12", "2005/02"])
@pytest.mark.parametrize("addressing", [None, Addressing(must_understand=True)], ids=["plain", "addressed"])
def test_a_context_is_agreed_on_once_used_and_given_back(
    version: Any, addressing: Any, people: dict[str, KeyPair], serve: Callable[..., str]
) -> None:
    service, asked = service_settings(people), Asked()
    address = serve(soapkit.asgi(asked, security=service))
    with soapkit.Client.from_wsdl(
        f"{address}?wsdl", address, security=client_settings(people, version), addressing=addressing
    ) as client:
        assert [client.who(), client.who()] == ["alice", "alice"]
        (context,) = held(service)
        assert asked.contexts == [context.identifier] * 2
        assert (context.version, context.username, context.holder) == (version, "alice", people["alice"].certificate)
    assert held(service) == ()


def test_an_async_client_does_the_same(people: dict[str, KeyPair], serve: Callable[..., str]) -> None:
    service, asked = service_settings(people), Asked()
    address = serve(soapkit.asgi(asked, security=service))

    async def journey() -> None:
        made = soapkit.AsyncClient.from_wsdl(f"{address}?wsdl", address, security=client_settings(people))
        async with await made as client:
            assert await client.who() == "alice"
            assert await asyncio.gather(*(client.who() for _ in range(3))) == ["alice"] * 3
            assert len(held(service)) == 1
        assert held(service) == ()

    asyncio.run(journey())


def test_settings_may_be_shared_but_each_client_has_its_own_context(people: dict[str, KeyPair]) -> None:
    shared, service = client_settings(people), service_settings(people)
    for _ in range(2):
        client, _, _ = talking(people, service, shared)
        client.who()
    assert len({context.identifier for context in held(service)}) == 2
    assert held(shared) == ()


def test_many_threads_agree_on_one_context_while_there_is_one_that_lasts(people: dict[str, KeyPair]) -> None:
    client, asked, transport = talking(people)
    client.who()
    threads = [threading.Thread(target=client.who) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert transport.actions.count("SCT") == 1
    assert len(asked.contexts) == 9


@pytest.mark.parametrize(("renewal", "actions"), [("issue", ["SCT"] * 2), ("renew", ["SCT", "SCT/Renew"])])
def test_a_context_is_replaced_shortly_before_it_ends(
    renewal: Any, actions: list[str], people: dict[str, KeyPair]
) -> None:
    client_side = client_settings(people, renewal=renewal, margin=timedelta(minutes=59, seconds=59, milliseconds=999))
    service = service_settings(people)
    client, asked, transport = talking(people, service, client_side)
    client.who()
    threading.Event().wait(0.01)
    client.who()
    assert [action for action in transport.actions if action != "call"] == actions
    first, second = held(service)
    assert first.secret != second.secret
    assert (first.identifier == second.identifier) is (renewal == "renew")
    assert (second.username, second.holder) == ("alice", people["alice"].certificate)
    assert asked.contexts == [first.identifier, second.identifier]


def test_the_lifetime_is_what_the_client_asks_for_at_most_what_the_service_gives(people: dict[str, KeyPair]) -> None:
    for asked, given in ((timedelta(minutes=2), 2), (timedelta(hours=9), 10)):
        service = service_settings(people, lifetime=timedelta(minutes=10))
        client, _, _ = talking(people, service, client_settings(people, lifetime=asked))
        before = datetime.now(UTC)
        client.who()
        (context,) = held(service)
        assert context.expires is not None
        assert round((context.expires - before).total_seconds() / 60) == given


def test_a_context_that_the_service_forgot_fails_one_call_and_is_agreed_on_anew(people: dict[str, KeyPair]) -> None:
    service = service_settings(people)
    client, _, transport = talking(people, service)
    client.who()
    assert service.conversation is not None
    service.conversation.contexts.remove(held(service)[0].identifier)
    with pytest.raises(soapkit.Fault) as caught:
        client.who()
    assert caught.value.unverified
    assert transport.actions == ["SCT", "call", "call"]  # what failed is not sent again: it may have been done
    assert client.who() == "alice"


def test_a_service_that_is_gone_does_not_keep_a_client_from_closing(people: dict[str, KeyPair]) -> None:
    client, _, transport = talking(people)
    client.who()

    def gone(_: Request) -> Request:
        raise soapkit.errors.ConnectError("nobody is there")

    transport.change = gone
    client.close()
    client.close()
    assert transport.actions[-1] == "SCT/Cancel"


def test_a_client_that_is_told_not_to_cancel_does_not(people: dict[str, KeyPair]) -> None:
    client, _, transport = talking(people, client=client_settings(people, cancel=False))
    client.who()
    client.close()
    assert transport.actions == ["SCT", "call"]


def test_a_client_that_never_called_closes_without_a_word(people: dict[str, KeyPair]) -> None:
    client, _, transport = talking(people)
    client.close()
    assert transport.actions == []


def test_a_message_cannot_be_shown_before_there_is_a_context(people: dict[str, KeyPair]) -> None:
    client, _, _ = talking(people)
    with pytest.raises(SecurityError, match="no security context that is valid now"):
        client.preview.who()
    client.who()
    assert b"SecurityContextToken" in client.preview.who().request


# --- who gets a context -------------------------------------------------------------------------------------------


def test_who_is_not_believed_gets_no_context(people: dict[str, KeyPair]) -> None:
    service = service_settings(people)
    wrong = client_settings(people)
    assert wrong.conversation is not None
    bootstrap = wrong.conversation.bootstrap
    assert isinstance(bootstrap, Security)
    stranger = replace(bootstrap, outbound=[Timestamp(), *bootstrap.outbound[2:]])
    client, _, _ = talking(
        people, service, replace(wrong, conversation=replace(wrong.conversation, bootstrap=stranger))
    )
    with pytest.raises(SecurityError):
        client.who()
    mallory = replace(bootstrap, outbound=[Timestamp(), UsernameToken("alice", "wrong"), *bootstrap.outbound[2:]])
    client, _, _ = talking(people, service, replace(wrong, conversation=replace(wrong.conversation, bootstrap=mallory)))
    with pytest.raises(soapkit.Fault, match="security requirements"):
        client.who()
    assert held(service) == ()


def test_an_action_alone_opens_nothing(people: dict[str, KeyPair]) -> None:
    """The action chooses how a message is verified; a call that claims to be a request for a context is refused."""
    client, _, transport = talking(people)
    client.who()
    trust = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
    for action in (f"{trust}/RST/SCT", f"{trust}/RST/SCT/Cancel", f"{trust}/RST/SCT/Renew"):
        transport.change = saying(action)
        with pytest.raises(soapkit.Fault):
            client.who()
        transport.change = lambda request: request
        assert client.who() == "alice"


def saying(action: str) -> Callable[[Request], Request]:
    return lambda request: replace(request, headers=request.headers.with_(("SOAPAction", f'"{action}"')))


def test_where_http_says_no_action_the_header_does(people: dict[str, KeyPair]) -> None:
    client, _, transport = talking(people)
    transport.change = saying("")
    assert client.who() == "alice"


def test_a_request_for_a_context_is_no_call(people: dict[str, KeyPair]) -> None:
    client, asked, transport = talking(people)
    transport.change = saying("urn:example:ask/who")
    with pytest.raises(soapkit.Fault, match="security requirements"):
        client.who()
    assert asked.contexts == []


def test_a_context_is_cancelled_under_itself_alone(people: dict[str, KeyPair]) -> None:
    service = service_settings(people)
    alice, _, _ = talking(people, service)
    mallory, _, _ = talking(people, service)
    alice.who()
    mallory.who()
    theirs = held(service)[0]
    agreement = mallory._route.agreement
    conversation = agreement._conversation
    own = conversation.contexts.current(datetime.now(UTC))
    # mallory's messages stay under mallory's own context, and name that of alice
    request = TokenRequest("cancel", target=context_reference(theirs))
    with pytest.raises(soapkit.Fault, match="security requirements"):
        run(ask(agreement._under, mallory._connection.transport(), request, context=True))
    assert own is not None
    assert alice.who() == "alice"


def test_a_secret_does_not_travel_in_the_clear(people: dict[str, KeyPair]) -> None:
    settings = client_settings(people)
    assert settings.conversation is not None
    open_bootstrap = Security(outbound=[Timestamp(), UsernameToken("alice", "secret")])
    clear = replace(settings, conversation=replace(settings.conversation, bootstrap=open_bootstrap))
    client, _, transport = talking(people, client=clear)
    with pytest.raises(SecurityError, match="would travel in the clear"):
        client.who()
    assert transport.actions == []


def test_settings_that_make_no_sense_are_refused(people: dict[str, KeyPair]) -> None:
    with pytest.raises(UsageError, match="replaced at once"):
        Conversation(Contexts(), Security(), lifetime=timedelta(seconds=10))
    with pytest.raises(UsageError, match="2005/12 or 2005/02"):
        Conversation(Contexts(), Security(), version="1.0")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="out of measure"):
        Conversation(Contexts(), Security(), key_size=40)
    https = replace(client_settings(people), conversation=Conversation(Contexts(), Security(https=True)))
    with pytest.raises(UsageError, match="protected by HTTPS alone"):
        talking(people, client=https, address="http://a.example/")


def test_an_answer_without_a_context_is_refused(people: dict[str, KeyPair], monkeypatch: pytest.MonkeyPatch) -> None:
    client, _, _ = talking(people)
    for token in (None, parse_message(b"<Token/>")):
        monkeypatch.setattr(Agreements, "_given", lambda *_, token=token: TokenResponse(token=token))
        with pytest.raises(MessageError, match="with none"):
            client.who()
