"""A client whose messages take a token of a token service along: asked for before the first message, and kept."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import soapkit
from soapkit.client.sts import SAML_2_0, AsyncStsClient, StsClient
from soapkit.errors import SecurityError, UsageError
from soapkit.security import (
    REQUEST,
    SHARED,
    SIGNER,
    Contexts,
    Conversation,
    Encrypt,
    IssuedToken,
    IssuedTokens,
    Issuing,
    KeyPair,
    Require,
    SamlAssertion,
    SamlRequirement,
    SamlToken,
    Security,
    SharedKey,
    Sign,
    Timestamp,
    TrustStore,
    issue_assertion,
)
from soapkit.security.markup import SIGNATURE, TIMESTAMP
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.soap.envelope import Draft
from soapkit.soap.version import SOAP_1_1
from soapkit.testing import loopback
from soapkit.transport.values import Request
from soapkit.xml.parse import parse_message
from tests.client.small_sts import SmallSts, hosted

SERVICE = "https://bank.example/soap"


@soapkit.service("urn:example:ask")
class Asked:
    """Says of whom the assertion speaks."""

    @soapkit.operation
    def who(self, call: soapkit.Call) -> str:
        assert call.security is not None
        if call.security.context:
            return f"{call.security.username} in a context"
        assert call.security.assertion is not None
        return call.security.assertion.subject


@pytest.fixture(scope="module")
def people() -> dict[str, KeyPair]:
    authority = make_authority()
    return {"authority": authority} | {name: make_keypair(name, authority) for name in ("alice", "bank", "sts")}


@pytest.fixture
def sts(people: dict[str, KeyPair]) -> SmallSts:
    """A token service that issues assertions."""
    made = SmallSts()

    def as_assertion(response: Any) -> Any:
        asked = made.asked[-1]
        holder = people["alice"] if asked.key_type == "public" else None
        said = SamlAssertion(
            issuer="sts",
            subject="alice",
            confirmation="holder-of-key" if holder is not None else "bearer",
            holder=holder,
            audience=[asked.applies_to],
        )
        return replace(response, token=parse_message(issue_assertion(said, people["sts"])), token_type=SAML_2_0)

    made.change = as_assertion
    return made


def sts_client(sts: SmallSts, **settings: Any) -> StsClient:
    return StsClient("https://sts.example/", transport=loopback(hosted(sts, "1.3")), **settings)


def service(people: dict[str, KeyPair]) -> Any:
    saml = SamlRequirement(trust=TrustStore.of(people["sts"]), audience=[SERVICE])
    return soapkit.asgi(Asked(), security=Security(inbound=Require(saml=saml)))


def contract_of(application: Any) -> bytes:
    return loopback(application).send(Request("http://a.example/?wsdl", method="GET")).body


def bearing(sts: SmallSts, cache: Any = "own", **changes: Any) -> Security:
    tokens = IssuedTokens()
    issuing = Issuing(
        tokens, sts_client(sts, cache=cache), asked={"key_type": "bearer", "token_type": SAML_2_0}, **changes
    )
    return Security(outbound=[Timestamp(), SamlToken(tokens)], issuing=issuing)


def client_of(people: dict[str, KeyPair], security: Security) -> Any:
    application = service(people)
    return soapkit.Client.from_wsdl(
        contract_of(application), SERVICE, security=security, transport=loopback(application)
    )


def test_a_token_is_asked_for_once_and_taken_along(people: dict[str, KeyPair], sts: SmallSts) -> None:
    with client_of(people, bearing(sts)) as client:
        assert [client.who(), client.who()] == ["alice", "alice"]
    assert [(request.applies_to, request.key_type) for request in sts.asked] == [(SERVICE, "bearer")]


def test_an_async_client_asks_over_an_async_one(people: dict[str, KeyPair], sts: SmallSts) -> None:
    application = service(people)
    tokens = IssuedTokens()

    class Async:
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        async def send(self, request: Request) -> Any:
            return await asyncio.to_thread(self._inner.send, request)

        async def aclose(self) -> None:
            pass

    async def journey() -> None:
        source = AsyncStsClient("https://sts.example/", transport=Async(loopback(hosted(sts, "1.3"))))
        security = Security(
            outbound=[Timestamp(), SamlToken(tokens)], issuing=Issuing(tokens, source, asked={"key_type": "bearer"})
        )
        made = soapkit.AsyncClient.from_wsdl(
            contract_of(application), SERVICE, security=security, transport=Async(loopback(application))
        )
        async with await made as client:
            assert await client.who() == "alice"

    asyncio.run(journey())


def test_a_token_that_ends_soon_is_replaced(people: dict[str, KeyPair], sts: SmallSts) -> None:
    soon = timedelta(minutes=6)  # they last for five
    client = client_of(people, bearing(sts, margin=soon))
    client.who()
    client.who()
    assert len(sts.asked) == 1  # as long as the client of the token service keeps it
    client = client_of(people, bearing(sts, margin=soon, cache=None))
    client.who()
    client.who()
    assert len(sts.asked) == 3


def test_a_token_that_a_service_refuses_is_asked_for_anew(people: dict[str, KeyPair], sts: SmallSts) -> None:
    good = sts.change
    sts.change = lambda response: replace(good(response), token=parse_message(forged))
    forged = issue_assertion(SamlAssertion(issuer="sts", subject="alice", audience=[SERVICE]), people["alice"])
    client = client_of(people, bearing(sts))
    with pytest.raises(soapkit.Fault, match="security requirements"):
        client.who()
    sts.change = good
    assert client.who() == "alice"
    assert len(sts.asked) == 2


def test_settings_may_be_shared_but_each_client_has_its_own_token(people: dict[str, KeyPair], sts: SmallSts) -> None:
    shared = bearing(sts)
    client_of(people, shared).who()
    assert shared.issuing is not None
    assert shared.issuing.tokens.current(datetime.now(UTC)) is None


def test_a_context_is_asked_for_with_an_issued_token(people: dict[str, KeyPair], sts: SmallSts) -> None:
    """The bootstrap of a conversation may need a token of its own."""
    tokens, contexts, issued = IssuedTokens(), Contexts(), Contexts()
    trust, parts = TrustStore.of(people["authority"]), ["Body", "Timestamp"]
    bootstrap = Security(
        outbound=[
            Timestamp(),
            SamlToken(tokens),
            Sign(people["alice"], key_reference="assertion"),
            Encrypt(to=people["bank"]),
        ],
        inbound=Require(signed=parts, encrypted=["Body"], trust=trust, key=people["alice"]),
        issuing=Issuing(tokens, sts_client(sts), asked={"key_type": "public", "use_key": people["alice"]}),
    )
    client_side = Security(
        outbound=[Timestamp(), SharedKey(to=contexts), Sign(SHARED), Encrypt(to=SHARED)],
        inbound=Require(signed=parts, encrypted=["Body"], contexts=contexts),
        conversation=Conversation(contexts, bootstrap),
    )
    holding = SamlRequirement(trust=TrustStore.of(people["sts"]), audience=[SERVICE], confirmation=["holder-of-key"])
    service_side = Security(
        outbound=[Timestamp(), SharedKey(to=REQUEST), Sign(SHARED), Encrypt(to=SHARED)],
        inbound=Require(signed=parts, encrypted=["Body"], contexts=issued),
        conversation=Conversation(
            issued,
            Security(
                outbound=[Timestamp(), Sign(people["bank"]), Encrypt(to=SIGNER)],
                inbound=Require(signed=parts, encrypted=["Body"], trust=trust, key=people["bank"], saml=holding),
            ),
        ),
    )
    application = soapkit.asgi(Asked(), security=service_side)
    transport = loopback(application)
    with soapkit.Client.from_wsdl(
        contract_of(application), SERVICE, security=client_side, transport=transport
    ) as client:
        assert client.who() == "alice in a context"
    assert len(sts.asked) == 1


def test_a_source_of_tokens_is_a_client_of_a_token_service(people: dict[str, KeyPair]) -> None:
    with pytest.raises(UsageError, match="StsClient"):
        client_of(people, Security(issuing=Issuing(IssuedTokens(), "https://sts.example/")))


# --- the key of a token -------------------------------------------------------------------------------------------


def plain() -> Any:
    return Draft(SOAP_1_1, "<x>ask</x>").to_envelope()


def test_a_message_is_signed_with_the_key_of_a_token_that_it_carries() -> None:
    reference = parse_message(
        b'<w:SecurityTokenReference xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-'
        b'1.0.xsd"><w:KeyIdentifier ValueType="urn:token#id">1</w:KeyIdentifier></w:SecurityTokenReference>'
    )
    token = IssuedToken(parse_message(b'<t:Token xmlns:t="urn:token" id="1"/>'), bytes(32), attached=reference)
    for to in (token, IssuedTokens(token)):
        (header,) = Security(outbound=[Timestamp(), SharedKey(to=to), Sign(SHARED)]).apply(plain()).headers
        assert [each.tag for each in header] == [TIMESTAMP, "{urn:token}Token", SIGNATURE]
        assert [each.get("ValueType") for each in header[2].iter("{*}KeyIdentifier")] == ["urn:token#id"]
    derived = Security(outbound=[Timestamp(), SharedKey(to=token, derived="2005/12"), Sign(SHARED)])
    (header,) = derived.apply(plain()).headers
    assert [each.tag.rpartition("}")[2] for each in header] == ["Timestamp", "Token", "DerivedKeyToken", "Signature"]


def test_an_assertion_is_referred_to_by_its_id(people: dict[str, KeyPair]) -> None:
    assertion = parse_message(issue_assertion(SamlAssertion(issuer="sts", subject="alice"), people["sts"]))
    token = IssuedToken(assertion, bytes(32))
    (header,) = Security(outbound=[Timestamp(), SharedKey(to=token), Sign(SHARED)]).apply(plain()).headers
    assert [each.text for each in header[-1].iter("{*}KeyIdentifier")] == [assertion.get("ID")]


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (IssuedToken(parse_message(b"<t/>")), "signs nothing"),
        (IssuedToken(parse_message(b"<t/>"), bytes(32)), "does not say how to refer to it"),
        (IssuedToken(parse_message(b"<t/>"), bytes(32), expires=datetime(2020, 1, 1, tzinfo=UTC)), "expired at 2020"),
        (IssuedTokens(), "no issued token that is valid now"),
    ],
)
def test_a_token_that_cannot_sign_is_refused(token: Any, said: str) -> None:
    with pytest.raises(SecurityError, match=said):
        Security(outbound=[Timestamp(), SharedKey(to=token), Sign(SHARED)]).apply(plain())
