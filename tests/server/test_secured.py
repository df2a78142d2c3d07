"""A secured service refuses what it must, always with the same fault, and keeps serving."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

import soapkit
from soapkit.errors import SecurityError
from soapkit.exchange.processor import Processor
from soapkit.security import SIGNER, Encrypt, KeyPair, Require, Security, Sign, Timestamp, TrustStore
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.testing import FakeTransport, loopback
from soapkit.transport.values import Request, Response

PARTS = ["Body", "Timestamp"]


class Keys:
    """An authority, two parties it certified, and a stranger."""

    def __init__(self) -> None:
        authority = make_authority()
        self.alice = make_keypair("alice", authority)
        self.bank = make_keypair("bank", authority)
        self.mallory = make_keypair("mallory", make_authority("another authority"))
        self.trust = TrustStore.of(authority)


@pytest.fixture(scope="module")
def keys() -> Keys:
    return Keys()


def security_of(who: KeyPair, to: Any, keys: Keys, **outbound: Any) -> Security:
    encrypt_to = to if to is SIGNER else to.certificate
    return Security(
        outbound=[Timestamp(**outbound), Sign(who, parts=PARTS), Encrypt(to=encrypt_to)],
        inbound=Require(signed=PARTS, encrypted=["Body"], trust=keys.trust, key=who),
    )


@pytest.fixture
def app(bank_service: ModuleType, keys: Keys) -> Any:
    return soapkit.asgi(bank_service.MyBank(), security=security_of(keys.bank, SIGNER, keys))


class Tap:
    """A transport that keeps what passes, and may change it on its way."""

    def __init__(self, inner: Any, change: Callable[[bytes], bytes] = lambda body: body) -> None:
        self.inner = inner
        self.change = change
        self.responses: list[Response] = []

    def send(self, request: Request) -> Response:
        changed = Request(request.url, self.change(request.body), request.headers, request.method, request.timeout)
        self.responses.append(self.inner.send(changed))
        return self.responses[-1]

    def close(self) -> None: ...


def test_a_signed_and_encrypted_call_is_answered_signed_and_encrypted(bank: ModuleType, app: Any, keys: Keys) -> None:
    tap = Tap(loopback(app))
    client = bank.BankClient("http://bank/", security=security_of(keys.alice, keys.bank, keys), transport=tap)
    exchange = client.with_exchange.balance(iban="DE1")
    assert exchange.value.amount == Decimal("100.00")
    assert b"balanceResponse" not in tap.responses[0].body
    assert {part.name for part in exchange.security.signed} == set(PARTS)
    assert exchange.security.signer_name == "CN=bank"


def test_a_declared_fault_comes_back_secured_and_typed(bank: ModuleType, app: Any, keys: Keys) -> None:
    tap = Tap(loopback(app))
    client = bank.BankClient("http://bank/", security=security_of(keys.alice, keys.bank, keys), transport=tap)
    with pytest.raises(bank.UnknownAccount) as caught:
        client.balance(iban="XX1")
    assert not caught.value.unverified
    assert b"unknownAccount" not in tap.responses[0].body


def bad_securities(keys: Keys) -> dict[str, Security | None]:
    good = security_of(keys.alice, keys.bank, keys)
    steps = list(good.outbound)
    return {
        "no security at all": None,
        "unsigned": Security(outbound=[Timestamp(), steps[2]], inbound=good.inbound),
        "unencrypted": Security(outbound=steps[:2], inbound=good.inbound),
        "without a timestamp": Security(outbound=[Sign(keys.alice, parts=["Body"]), steps[2]], inbound=good.inbound),
        "signed by a stranger": Security(
            outbound=[Timestamp(), Sign(keys.mallory, parts=PARTS), steps[2]], inbound=good.inbound
        ),
        "encrypted to another": Security(
            outbound=[*steps[:2], Encrypt(to=keys.alice.certificate)], inbound=good.inbound
        ),
    }


BAD = [
    "no security at all",
    "unsigned",
    "unencrypted",
    "without a timestamp",
    "signed by a stranger",
    "encrypted to another",
]


@pytest.mark.parametrize("name", BAD)
def test_a_message_of_bad_security_is_refused_and_the_log_says_why(
    bank: ModuleType, app: Any, keys: Keys, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = bank.BankClient("http://bank/", security=bad_securities(keys)[name], transport=loopback(app))
    with caplog.at_level(logging.WARNING, "soapkit.server"), pytest.raises(soapkit.Fault) as caught:
        client.balance(iban="DE1")
    assert caught.value.reason == "the message does not meet the security requirements"
    assert "refused a message for its security: " in caplog.text


def test_every_refusal_is_the_same_to_the_byte(bank: ModuleType, app: Any, keys: Keys) -> None:
    seen = set()
    for security in bad_securities(keys).values():
        tap = Tap(loopback(app))
        with pytest.raises(soapkit.Fault):
            bank.BankClient("http://bank/", security=security, transport=tap).balance(iban="DE1")
        seen.add((tap.responses[0].status, tap.responses[0].body))
    assert len(seen) == 1


def test_a_message_altered_after_signing_is_refused(bank: ModuleType, app: Any, keys: Keys) -> None:
    signed = Security(
        outbound=[Timestamp(), Sign(keys.alice, parts=PARTS)],
        inbound=Require(signed=PARTS, trust=keys.trust),
    )
    service = soapkit.asgi(app.endpoints[""].serving.handlers["balance"].function.__self__, security=_signing(keys))
    tap = Tap(loopback(service), lambda body: body.replace(b">DE1<", b">DE2<"))
    with pytest.raises(soapkit.Fault, match="security requirements"):
        bank.BankClient("http://bank/", security=signed, transport=tap).balance(iban="DE1")
    honest = bank.BankClient("http://bank/", security=signed, transport=loopback(service))
    assert honest.balance(iban="DE1").amount == Decimal("100.00")


def _signing(keys: Keys) -> Security:
    return Security(
        outbound=[Timestamp(), Sign(keys.bank, parts=PARTS)], inbound=Require(signed=PARTS, trust=keys.trust)
    )


def test_a_replayed_message_is_refused(bank: ModuleType, app: Any, keys: Keys) -> None:
    sent: list[Request] = []
    inner = loopback(app)

    class Keeping(Tap):
        def send(self, request: Request) -> Response:
            sent.append(request)
            return super().send(request)

    client = bank.BankClient(
        "http://bank/", security=security_of(keys.alice, keys.bank, keys), transport=Keeping(inner)
    )
    client.balance(iban="DE1")
    assert b"does not meet the security requirements" in inner.send(sent[0]).body


def test_an_expired_timestamp_is_refused(bank: ModuleType, bank_service: ModuleType, keys: Keys) -> None:
    app = soapkit.asgi(bank_service.MyBank(), security=security_of(keys.bank, SIGNER, keys))
    late = bank.BankClient("http://bank/", security=security_of(keys.alice, keys.bank, keys), transport=loopback(app))
    processor: Processor = late._route.processor
    yesterday = Processor(processor.codecs, processor.security, now=lambda: datetime.now(UTC) - timedelta(days=1))
    body = yesterday.send_request(
        late._route.version, bank.BankClient.service.operation("balance"), bank.Balance(iban="DE1"), {}
    )
    request = late._route.request(bank.BankClient.service.operation("balance"), bank.Balance(iban="DE1"))
    reply = loopback(app).send(Request(request.url, body, request.headers))
    assert b"does not meet the security requirements" in reply.body


def test_an_unsigned_reply_is_refused_by_the_client(bank: ModuleType, bank_service: ModuleType, keys: Keys) -> None:
    plain = loopback(soapkit.asgi(bank_service.MyBank()))
    reply = plain.send(
        bank.BankClient("http://bank/")._route.request(bank.BankClient.service.operation("branches"), bank.Branches())
    )
    client = bank.BankClient(
        "http://bank/", security=security_of(keys.alice, keys.bank, keys), transport=FakeTransport(reply)
    )
    with pytest.raises(SecurityError) as caught:
        client.branches()
    assert caught.value.exchange.response == reply.body


def test_it_keeps_serving_after_refusals(bank: ModuleType, app: Any, keys: Keys) -> None:
    for security in bad_securities(keys).values():
        with pytest.raises(soapkit.Fault):
            bank.BankClient("http://bank/", security=security, transport=loopback(app)).balance(iban="DE1")
    good = bank.BankClient("http://bank/", security=security_of(keys.alice, keys.bank, keys), transport=loopback(app))
    assert good.balance(iban="DE1").amount == Decimal("100.00")
