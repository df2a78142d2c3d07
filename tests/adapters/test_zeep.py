"""A client of zeep with soapkit's security, against a service that demands it, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest
import zeep
import zeep.exceptions
from lxml import etree

import soapkit
from soapkit.adapters.zeep import SoapkitSecurity
from soapkit.errors import SecurityError, SoapkitError, UsageError
from soapkit.security import (
    SHARED,
    SIGNER,
    Encrypt,
    KeyPair,
    Require,
    Security,
    SharedKey,
    Sign,
    Timestamp,
    TrustStore,
    UsernameToken,
)
from soapkit.security.throwaway import make_authority, make_keypair

BODY = "{*}Body"


@pytest.fixture(scope="module")
def people() -> dict[str, KeyPair]:
    authority = make_authority()
    return {"authority": authority} | {name: make_keypair(name, authority) for name in ("alice", "bank")}


@pytest.fixture(scope="module")
def trusted(people: dict[str, KeyPair]) -> TrustStore:
    return TrustStore.of(people["authority"])


@pytest.fixture
def ours(people: dict[str, KeyPair], trusted: TrustStore) -> Security:
    return Security(
        outbound=[Timestamp(), Sign(people["alice"]), Encrypt(to=people["bank"])],
        inbound=Require(signed=["Body", "Timestamp"], encrypted=["Body"], trust=trusted, key=people["alice"]),
    )


@pytest.fixture
def theirs(people: dict[str, KeyPair], trusted: TrustStore) -> Security:
    return Security(
        outbound=[Timestamp(), Sign(people["bank"]), Encrypt(to=SIGNER)],
        inbound=Require(signed=["Body", "Timestamp"], encrypted=["Body"], trust=trusted, key=people["bank"]),
    )


@pytest.fixture
def bound() -> Iterator[Callable[..., Any]]:
    """A function that gives the port of a zeep client of an address; its connections are closed at the end."""
    made: list[zeep.Client] = []

    def bind(address: str, security: Security, version: str = "BankSoap11") -> Any:
        made.append(zeep.Client(address + "?wsdl", wsse=SoapkitSecurity(security)))
        return made[-1].bind("BankService", version)

    yield bind
    for client in made:
        client.transport.session.close()


@pytest.mark.parametrize("version", ["BankSoap11", "BankSoap12"])
def test_a_call_is_signed_and_encrypted_both_ways(
    bound: Callable[..., Any],
    version: str,
    ours: Security,
    theirs: Security,
    bank_service: ModuleType,
    serve: Callable[..., str],
) -> None:
    address = serve(soapkit.asgi(bank_service.MyBank(), security=theirs))
    port = bound(address, ours, version)
    receipt = port.transfer(source="DE1", target="DE2", amount=Decimal("10.00"))
    assert receipt.amount == Decimal("10.00")
    account = port.account(iban="DE1")  # with xsi:type, whose prefix the Envelope declares
    assert account.owner[0].born.isoformat() == "1815-12-10"


def test_a_declared_fault_that_is_signed_and_encrypted_is_zeeps_fault(
    bound: Callable[..., Any], ours: Security, theirs: Security, bank_service: ModuleType, serve: Callable[..., str]
) -> None:
    port = bound(serve(soapkit.asgi(bank_service.MyBank(), security=theirs)), ours)
    with pytest.raises(zeep.exceptions.Fault) as caught:
        port.transfer(source="DE1", target="DE2", amount=Decimal("1000.00"))
    assert caught.value.detail.find(".//{urn:example:bank:types}available").text == "100.00"


def test_a_service_without_security_is_not_believed(
    bound: Callable[..., Any],
    ours: Security,
    people: dict[str, KeyPair],
    bank_service: ModuleType,
    serve: Callable[..., str],
) -> None:
    port = bound(serve(soapkit.asgi(bank_service.MyBank(), security=None)), Security(inbound=ours.inbound))
    with pytest.raises(SecurityError):
        port.transfer(source="DE1", target="DE2", amount=Decimal("10.00"))
    with pytest.raises(zeep.exceptions.Fault):  # a fault in the clear is a fault all the same
        port.transfer(source="DE1", target="DE2", amount=Decimal("1000.00"))
    strict = bound(
        serve(soapkit.asgi(bank_service.MyBank(), security=None)),
        Security(inbound=replace(ours.inbound, unsigned_faults=False)),
    )
    with pytest.raises(SecurityError):  # unless the settings say otherwise
        strict.transfer(source="DE1", target="DE2", amount=Decimal("1000.00"))


def test_replies_under_a_shared_key_are_read_by_many_threads(
    bound: Callable[..., Any],
    people: dict[str, KeyPair],
    trusted: TrustStore,
    bank_service: ModuleType,
    serve: Callable[..., str],
) -> None:
    request = [Timestamp(), SharedKey(to=people["bank"]), Sign(SHARED, parts=["Body", "Timestamp"]), Encrypt(to=SHARED)]
    ours = Security(
        outbound=request,
        inbound=Require(signed=["Body"], encrypted=["Body"], shared_key=True, trust=trusted, key=people["alice"]),
    )
    answer = [Timestamp(), SharedKey(to=soapkit.security.REQUEST), Sign(SHARED), Encrypt(to=SHARED)]
    theirs = Security(
        outbound=answer, inbound=Require(signed=["Body"], encrypted=["Body"], key=people["bank"], shared_key=True)
    )
    port = bound(serve(soapkit.asgi(bank_service.MyBank(), security=theirs)), ours)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: port.balance(iban="DE1").currency, range(20)))
    assert found == ["EUR"] * 20


def test_an_async_client_of_zeep_does_the_same(
    ours: Security, theirs: Security, bank_service: ModuleType, serve: Callable[..., str]
) -> None:
    address = serve(soapkit.asgi(bank_service.MyBank(), security=theirs))

    async def run() -> Any:
        async with zeep.AsyncClient(address + "?wsdl", wsse=SoapkitSecurity(ours)) as client:
            client.transport.wsdl_client.close()  # which zeep leaves open
            return await client.service.transfer(source="DE1", target="DE2", amount=Decimal("10.00"))

    assert asyncio.run(run()).amount == Decimal("10.00")


def test_what_zeep_reads_is_what_was_signed(people: dict[str, KeyPair], trusted: TrustStore) -> None:
    """Signature wrapping: the signed Body is moved aside, and a forged one stands in its place."""
    reply = Security(outbound=[Timestamp(), Sign(people["bank"])]).apply(
        soapkit.soap.envelope.Draft(soapkit.soap.version.SOAP_1_1, '<a xmlns="urn:a">1</a>').to_envelope()
    )
    wsse = SoapkitSecurity(Security(inbound=Require(signed=["Body"], trust=trusted)))
    right = etree.fromstring(etree.tostring(reply.root))
    assert wsse.verify(right).findtext(f"{BODY}/{{urn:a}}a") == "1"
    forged = etree.fromstring(etree.tostring(reply.root))
    body = forged.find(BODY)
    other = etree.SubElement(forged, body.tag)
    etree.SubElement(other, "{urn:a}a").text = "1000000"
    etree.SubElement(forged.find("{*}Header"), "{urn:a}aside").append(body)
    with pytest.raises(SoapkitError):
        SoapkitSecurity(Security(inbound=Require(signed=["Body"], trust=trusted))).verify(forged)


def test_a_document_type_is_refused_that_zeep_takes(trusted: TrustStore) -> None:
    wsse = SoapkitSecurity(Security(inbound=Require(signed=["Body"], trust=trusted)))
    text = '<!DOCTYPE a [<!ENTITY b "c">]><a:Envelope xmlns:a="http://schemas.xmlsoap.org/soap/envelope/">'
    text += "<a:Body/></a:Envelope>"
    with pytest.raises(SoapkitError, match="DOCTYPE"):
        wsse.verify(etree.fromstring(text))


def test_a_user_name_is_sent(bound: Callable[..., Any], bank_service: ModuleType, serve: Callable[..., str]) -> None:
    theirs = Security(inbound=Require(username={"ada": "secret"}))
    address = serve(soapkit.asgi(bank_service.MyBank(), security=theirs))
    good = bound(address, Security(outbound=[UsernameToken("ada", "secret", digest=True)]))
    assert good.balance(iban="DE1").currency == "EUR"
    bad = bound(address, Security(outbound=[UsernameToken("ada", "wrong", digest=True)]))
    with pytest.raises(zeep.exceptions.Fault):
        bad.balance(iban="DE1")


def test_settings_that_need_https_ask_for_it() -> None:
    with pytest.raises(UsageError, match="say https=True"):
        SoapkitSecurity(Security(https=True))
    SoapkitSecurity(Security(https=True), https=True)
