"""StsClient: tokens are asked for, renewed, validated, cancelled; their keys computed; no secret is in the clear."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lxml import etree

import soapkit
from soapkit.client.sts import SAML_2_0, AsyncStsClient, StsClient
from soapkit.errors import MessageError, SecurityError, UsageError
from soapkit.exchange.log import MessageLog, set_message_log
from soapkit.security import SIGNER, Encrypt, KeyPair, Require, Security, Sign, Timestamp, TrustStore, UsernameToken
from soapkit.security.crypto.with_cryptography import CryptographyProvider
from soapkit.security.encrypt import encrypted_key
from soapkit.security.issued import IssuedToken, TokenCache
from soapkit.security.steps import SharedKey
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.testing import FakeTransport, loopback
from soapkit.ws.trust import TokenResponse
from soapkit.xml.parse import parse_message
from tests.client.small_sts import SmallSts, hosted

SERVICE = "https://bank.example/soap"


@pytest.fixture(scope="module")
def people() -> dict[str, KeyPair]:
    authority = make_authority()
    return {"authority": authority} | {name: make_keypair(name, authority) for name in ("alice", "sts")}


@pytest.fixture(scope="module")
def both(people: dict[str, KeyPair]) -> tuple[Security, Security]:
    """The settings of a client who says its name and encrypts, and of the token service."""
    trust = TrustStore.of(people["authority"])
    parts = ["Body", "Timestamp"]
    client = Security(
        outbound=[
            Timestamp(),
            UsernameToken("alice", "secret"),
            Sign(people["alice"], parts=[*parts, "UsernameToken"]),
            Encrypt(to=people["sts"], parts=["Body", "UsernameToken"]),
        ],
        inbound=Require(signed=parts, encrypted=["Body"], trust=trust, key=people["alice"]),
    )
    service = Security(
        outbound=[Timestamp(), Sign(people["sts"]), Encrypt(to=SIGNER)],
        inbound=Require(
            signed=parts, encrypted=["Body"], trust=trust, key=people["sts"], username={"alice": "secret"}, replay=None
        ),
    )
    return client, service


def client_of(sts: SmallSts, **settings: Any) -> StsClient:
    """A client without a network, whose secrets nobody can see."""
    return StsClient("http://sts.example/", transport=loopback(hosted(sts, "1.3")), secrets_in_clear=True, **settings)


@pytest.mark.parametrize("label", ["1.3", "2005/02"])
@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_token_lives_from_issue_to_cancel(
    label: Any, version: Any, both: tuple[Security, Security], serve: Callable[..., str]
) -> None:
    sts = SmallSts()
    address = serve(hosted(sts, label, security=both[1]))
    with StsClient(address, security=both[0], trust=label, version=version) as client:
        token = client.issue(SERVICE, token_type=SAML_2_0, lifetime=timedelta(minutes=2))
        assert (token.element.get("who"), token.token_type) == ("alice", SAML_2_0)
        assert token.secret == sts.last_secret
        assert (sts.asked[0].applies_to, sts.asked[0].key_size) == (SERVICE, 256)
        assert client.validate(token).valid
        renewed = client.renew(token, lifetime=timedelta(hours=1))
        assert (renewed.secret, renewed.element.get("name")) == (token.secret, token.element.get("name"))
        assert renewed.expires is not None
        assert token.expires is not None
        assert renewed.expires > token.expires
        client.cancel(renewed)
        told = client.validate(token)
        assert (told.valid, told.reason) == (False, "there is no such token")


def test_an_async_client_does_the_same(both: tuple[Security, Security], serve: Callable[..., str]) -> None:
    sts = SmallSts()
    address = serve(hosted(sts, "1.3", security=both[1]))

    async def journey() -> None:
        async with AsyncStsClient(address, security=both[0]) as client:
            token = await client.issue(SERVICE)
            assert token.secret == sts.last_secret
            assert (await client.validate(token)).valid
            await client.cancel(await client.renew(token))
            assert not (await client.validate(token)).valid

    asyncio.run(journey())


# --- the cache ----------------------------------------------------------------------------------------------------


def test_a_token_is_given_again_until_shortly_before_it_ends() -> None:
    sts, clock = SmallSts(), [datetime.now(UTC)]
    client = client_of(sts, now=lambda: clock[0])
    first = client.issue(SERVICE)
    assert client.issue(SERVICE) is first
    clock[0] += timedelta(minutes=4, seconds=40)
    assert client.issue(SERVICE) is not first
    assert len(sts.asked) == 2


def test_what_is_asked_for_differently_is_another_token() -> None:
    sts = SmallSts()
    client = client_of(sts)
    somebody = parse_message(b"<somebody/>")
    asked: list[dict[str, Any]] = [
        {},
        {"applies_to": "https://other.example/"},
        {"key_type": "bearer"},
        {"token_type": "urn:x"},
        {"on_behalf_of": somebody},
        {"act_as": somebody},
        {"on_behalf_of": UsernameToken("bob", "one")},
        {"on_behalf_of": UsernameToken("bob", "two")},
        {"claims": somebody},
        {"parameters": [somebody]},
        {"lifetime": timedelta(minutes=3)},
    ]
    for _ in range(2):
        for each in asked:
            client.issue(**each)
    assert len(sts.asked) == len(asked)


def test_what_a_token_is_asked_for_with_may_be_bytes() -> None:
    sts = SmallSts()
    client = client_of(sts, trust="1.4")
    claims = b'<t:Claims xmlns:t="http://docs.oasis-open.org/ws-sx/ws-trust/200512" Dialect="urn:d"/>'
    token = client.issue(SERVICE, on_behalf_of=b"<bob/>", claims=claims)
    asked = sts.asked[0]
    assert asked.on_behalf_of is not None
    assert asked.on_behalf_of.tag == "bob"
    assert asked.claims is not None
    assert asked.claims.get("Dialect") == "urn:d"
    assert client.issue(SERVICE, on_behalf_of=b"<bob/>", claims=claims) is token
    assert client.issue(SERVICE, on_behalf_of=b"<eve/>", claims=claims) is not token
    assert client.validate(etree.tostring(token.element)).valid


@pytest.mark.parametrize("name", ["on_behalf_of", "act_as", "claims"])
def test_what_is_no_token_is_told_before_anything_is_asked(name: str) -> None:
    sts = SmallSts()
    with pytest.raises(UsageError, match=rf"issue\({name}=\.\.\.\) is an element, .*, not a str"):
        client_of(sts).issue(SERVICE, **{name: "bob"})
    with pytest.raises(UsageError, match="is an IssuedToken, as `issue` gives one, not a bytes"):
        client_of(sts).renew(b"<token/>")
    assert not sts.asked


def test_a_token_that_was_cancelled_or_renewed_is_not_given_again() -> None:
    sts = SmallSts()
    client = client_of(sts)
    first = client.issue(SERVICE)
    client.cancel(first)
    second = client.issue(SERVICE)
    client.renew(second)
    assert client.issue(SERVICE) not in (first, second)


def test_without_a_cache_each_token_is_asked_for() -> None:
    sts = SmallSts()
    client = client_of(sts, cache=None)
    assert client.issue(SERVICE) is not client.issue(SERVICE)


def test_few_tokens_are_held_and_none_of_unknown_lifetime() -> None:
    cache, now = TokenCache(capacity=2), datetime.now(UTC)
    tokens = [IssuedToken(parse_message(b"<t/>"), expires=now + timedelta(hours=1)) for _ in range(3)]
    for number, token in enumerate(tokens):
        cache.add(number, token)
    cache.add("endless", IssuedToken(parse_message(b"<t/>")))
    assert [cache.find(key, now) for key in (0, 1, 2, "endless")] == [None, tokens[1], tokens[2], None]


# --- keys ---------------------------------------------------------------------------------------------------------


def answered(change: Callable[[TokenResponse], TokenResponse], **settings: Any) -> tuple[SmallSts, StsClient]:
    sts = SmallSts()
    sts.change = change
    return sts, client_of(sts, **settings)


def test_a_key_may_be_sent_as_it_is() -> None:
    _, client = answered(lambda response: replace(response, computed_key="", entropy=None, proof=bytes(range(32))))
    assert client.issue().secret == bytes(range(32))


def test_a_key_may_come_encrypted_to_us(people: dict[str, KeyPair]) -> None:
    alice, secret = people["alice"], bytes(range(32))
    step = SharedKey(to=alice)
    key, _ = encrypted_key(step, alice.certificate, secret, "EK-1", CryptographyProvider())
    change = lambda response: replace(response, computed_key="", entropy=None, proof_key=key)  # noqa: E731
    assert answered(change, keys=alice)[1].issue().secret == secret
    with pytest.raises(SecurityError, match="give the key pair that opens it"):
        answered(change)[1].issue()


def test_where_the_service_adds_nothing_our_entropy_is_the_key() -> None:
    sts, client = answered(lambda response: replace(response, computed_key="", entropy=None))
    assert client.issue().secret == sts.asked[0].entropy


def test_a_bearer_token_has_no_key() -> None:
    sts = SmallSts()
    assert client_of(sts).issue(key_type="bearer").secret is None
    assert (sts.asked[0].entropy, sts.asked[0].key_size) == (None, None)


def test_a_token_with_a_public_key_names_a_certificate(people: dict[str, KeyPair]) -> None:
    sts = SmallSts()
    assert client_of(sts).issue(key_type="public", use_key=people["alice"]).secret is None
    assert sts.asked[0].use_key is not None
    assert "X509Certificate" in etree.tostring(sts.asked[0].use_key, encoding="unicode")
    for wrong in ({"key_type": "public"}, {"use_key": people["alice"]}):
        with pytest.raises(UsageError, match="use_key"):
            client_of(sts).issue(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"computed_key": "urn:other"}, "computed by 'urn:other' is not understood"),
        ({"entropy": None}, "one of them gave none"),
        ({"entropy": b"short"}, "could be guessed"),
        ({"key_size": 64}, "64 bits is out of measure"),
        ({"key_size": 9999}, "9999 bits is out of measure"),
        ({"proof": b"short"}, "40 bits is out of measure"),
        ({"proof_key": parse_message(b"<x/>"), "computed_key": ""}, "a proof key in a x is not understood"),
    ],
)
def test_a_key_that_cannot_be_relied_on_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(SecurityError, match=said):
        answered(lambda response: replace(response, **change))[1].issue()


def test_our_own_key_size_is_checked() -> None:
    with pytest.raises(UsageError, match="64 bits"):
        client_of(SmallSts()).issue(key_size=64)


# --- in the clear -------------------------------------------------------------------------------------------------


def test_a_secret_does_not_leave_in_the_clear() -> None:
    transport = FakeTransport(b"")
    with pytest.raises(SecurityError, match="would travel in the clear"):
        StsClient("http://sts.example/", transport=transport).issue()
    assert transport.requests == []
    StsClient("https://sts.example/", transport=loopback(hosted(SmallSts(), "1.3"))).issue()


def test_the_password_of_whom_we_call_for_does_not_leave_in_the_clear() -> None:
    transport = FakeTransport(b"")
    client = StsClient("http://sts.example/", transport=transport)
    with pytest.raises(SecurityError, match="would travel in the clear"):
        client.issue(key_type="bearer", on_behalf_of=UsernameToken("carol", "secret"))
    assert transport.requests == []


def test_a_secret_that_came_in_the_clear_is_not_used(
    people: dict[str, KeyPair], both: tuple[Security, Security]
) -> None:
    careless = Security(outbound=[Timestamp(), Sign(people["sts"])], inbound=both[1].inbound)
    believing = replace(
        both[0], inbound=Require(signed=["Body"], trust=TrustStore.of(people["authority"]), key=people["alice"])
    )
    transport = loopback(hosted(SmallSts(), "1.3", security=careless))
    with pytest.raises(SecurityError, match="a secret came in the clear"):
        StsClient("http://sts.example/", security=believing, transport=transport).issue()


def test_settings_for_https_are_for_https() -> None:
    with pytest.raises(UsageError, match="protected by HTTPS alone"):
        StsClient("http://sts.example/", security=Security(https=True))


# --- answers that will not do -------------------------------------------------------------------------------------


def test_what_the_service_refuses_is_a_fault(both: tuple[Security, Security]) -> None:
    transport = loopback(hosted(SmallSts(), "1.3", security=both[1]))
    client = StsClient("https://sts.example/", transport=transport)
    with pytest.raises(soapkit.Fault, match="security requirements"):
        client.issue()
    stranger = replace(both[0], outbound=[Timestamp()])
    with pytest.raises(soapkit.Fault) as caught:
        StsClient("https://sts.example/", security=stranger, transport=transport).issue()
    assert caught.value.unverified
    strict = replace(stranger, inbound=replace(stranger.inbound, unsigned_faults=False))
    with pytest.raises(SecurityError):
        StsClient("https://sts.example/", security=strict, transport=transport).issue()


def test_an_answer_that_nobody_signed_is_not_believed(both: tuple[Security, Security]) -> None:
    transport = loopback(hosted(SmallSts(), "1.3", security=replace(both[1], outbound=())))
    with pytest.raises(SecurityError):
        StsClient("https://sts.example/", security=both[0], transport=transport).issue()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"token": None}, "holds no token"),
        ({"context": "urn:another"}, None),
    ],
)
def test_an_answer_without_what_was_asked_for_is_refused(change: dict[str, Any], said: str | None) -> None:
    _, client = answered(lambda response: replace(response, **change))
    if said is None:  # we said no context: whatever the answer says of one is its own affair
        client.issue()
        return
    with pytest.raises(MessageError, match=said):
        client.issue()


def test_an_answer_of_another_version_is_refused() -> None:
    transport = loopback(hosted(SmallSts(), "2005/02"))
    with pytest.raises(soapkit.Fault):
        StsClient("https://sts.example/", transport=transport).issue()
    answer = b"""<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>
      <t:RequestSecurityTokenResponse xmlns:t="http://schemas.xmlsoap.org/ws/2005/02/trust"/></s:Body></s:Envelope>"""
    with pytest.raises(MessageError, match=r"expected an answer of WS-Trust 1\.3"):
        StsClient("https://sts.example/", transport=FakeTransport(answer)).issue()


@pytest.mark.parametrize("answer", ["validate", "cancel"])
def test_a_service_that_does_not_answer_the_question(answer: str) -> None:
    sts = SmallSts()
    client = client_of(sts)
    token = client.issue()
    sts.change = lambda _: TokenResponse()
    with pytest.raises(MessageError, match="does not say"):
        getattr(client, answer)(token)


def test_no_secret_is_in_a_repr_or_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "soapkit.messages")
    before = set_message_log(MessageLog(bodies=True))
    sts = SmallSts()
    client = client_of(sts)
    token = client.issue()
    set_message_log(before)
    assert "BinarySecret" in caplog.text
    secrets = [sts.asked[0].entropy, token.secret]
    for secret in secrets:
        assert secret is not None
        assert b64encode(secret).decode() not in caplog.text
        assert repr(secret) not in repr((token, client, sts.asked))
