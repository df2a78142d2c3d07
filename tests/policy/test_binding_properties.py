"""Each property of a security binding is kept by who sends, and demanded by who receives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import soapkit
from soapkit.errors import SecurityError
from soapkit.policy import Keys
from soapkit.security import Encrypt, HeaderRules, Require, Security, Sign, Timestamp, TrustStore, UsernameToken
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.server.asgi import Asgi
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from tests.policy.contracts import BODY, BODY_SIGNED, asymmetric, contract, nested, symmetric, transport, username
from tests.policy.services import PASSWORDS, Doubler, Pairs


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    authority = make_authority()
    trust = TrustStore.of(authority)
    return Pairs(trust, make_keypair("alice", authority), make_keypair("bob", authority))


def laid_out(layout: str) -> str:
    return asymmetric().replace("<sp:Lax/>", f"<sp:{layout}/>")


def settings(policy: str, pairs: Pairs, side: Any, *, parts: str = BODY) -> Security:
    known = load_contract(contract(policy, request=parts, reply=parts))
    own = Keys(pairs.bob, trust=pairs.trust, passwords=PASSWORDS, certificates=(pairs.alice.certificate,))
    return Security.from_contract(known, keys=pairs.client() if side == "client" else own, side=side)


def called(client: Security, server: Security, address: str = "http://a.example/") -> Any:
    application: Asgi = soapkit.asgi(Doubler(), security=server, policy="off")
    known: Contract = load_contract(contract("", address=address))
    transport = soapkit.testing.loopback(application)
    with soapkit.Client.from_wsdl(known, security=client, transport=transport) as calling:
        return calling.double(number=21)


RULES = {
    "Strict": (
        laid_out("Strict"),
        HeaderRules(signed_with="certificate", layout="strict", order="sign-first"),
    ),
    "LaxTsFirst": (
        laid_out("LaxTsFirst"),
        HeaderRules(signed_with="certificate", layout="lax-timestamp-first", order="sign-first"),
    ),
    "LaxTsLast": (
        laid_out("LaxTsLast"),
        HeaderRules(signed_with="certificate", layout="lax-timestamp-last", order="sign-first"),
    ),
    "EncryptBeforeSigning": (
        asymmetric("EncryptBeforeSigning"),
        HeaderRules(signed_with="certificate", order="encrypt-first"),
    ),
    "OnlySignEntireHeadersAndBody": (
        asymmetric("OnlySignEntireHeadersAndBody"),
        HeaderRules(signed_with="certificate", order="sign-first", whole_parts=True),
    ),
    "ProtectTokens": (
        asymmetric("ProtectTokens"),
        HeaderRules(signed_with="certificate", order="sign-first", tokens_protected=True),
    ),
    "symmetric, EncryptBeforeSigning": (
        symmetric("EncryptBeforeSigning"),
        HeaderRules(signed_with="secret", order="encrypt-first"),
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_both_ends_keep_it_and_demand_it(name: str, pairs: Pairs) -> None:
    policy, rules = RULES[name]
    client, server = (settings(policy, pairs, side) for side in ("client", "server"))
    sent, named = (
        replace(rules, signing_certificate=each if rules.signed_with == "certificate" else "any")
        for each in ("sent", "named")
    )
    assert (server.inbound.rules, client.inbound.rules) == (sent, named)
    assert called(client, server) == 42


REFUSED: dict[str, tuple[str, Callable[[Pairs], Any]]] = {
    "Timestamp last": (laid_out("LaxTsFirst"), lambda pairs: [Timestamp(last=True), Sign(pairs.alice)]),
    "Timestamp first": (laid_out("LaxTsLast"), lambda pairs: [Timestamp(), Sign(pairs.alice)]),
    "token not protected": (asymmetric("ProtectTokens"), lambda pairs: [Timestamp(), Sign(pairs.alice)]),
    "a piece signed": (
        asymmetric("OnlySignEntireHeadersAndBody"),
        lambda pairs: [Timestamp(), Sign(pairs.alice, ["Body", "Timestamp", "//{urn:double}number"])],
    ),
    "Signature in the clear": (asymmetric("EncryptSignature"), lambda pairs: [Timestamp(), Sign(pairs.alice)]),
    "no Timestamp": (asymmetric(), lambda pairs: [Sign(pairs.alice, ["Body"])]),
    "user in the clear": (
        asymmetric() + username(holder="SignedEncryptedSupportingTokens"),
        lambda pairs: [
            Timestamp(),
            UsernameToken("alice", PASSWORDS["alice"]),
            Sign(pairs.alice, ["Body", "Timestamp", "UsernameToken"]),
        ],
    ),
    "user not signed": (
        asymmetric() + username(holder="SignedSupportingTokens"),
        lambda pairs: [Timestamp(), UsernameToken("alice", PASSWORDS["alice"]), Sign(pairs.alice)],
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_service_refuses_what_does_not_keep_it(name: str, pairs: Pairs) -> None:
    policy, steps = REFUSED[name]
    server = settings(policy, pairs, "server")
    client = [*steps(pairs), Encrypt(to=pairs.bob.certificate)]
    with pytest.raises(soapkit.Fault, match="security requirements"):
        called(Security(client, Require()), server)


@pytest.mark.parametrize("option", ["", "EncryptBeforeSigning"])
def test_a_service_refuses_the_other_order(option: str, pairs: Pairs) -> None:
    server = settings(asymmetric(*([option] if option else [])), pairs, "server")
    sign, encrypt = Sign(pairs.alice), Encrypt(to=pairs.bob.certificate, algorithm="aes256-cbc")
    order = [encrypt, sign] if not option else [sign, encrypt]
    with pytest.raises(soapkit.Fault, match="security requirements"):
        called(Security([Timestamp(), *order], Require()), server)


def test_over_https_a_timestamp_that_is_demanded_must_be_there(pairs: Pairs) -> None:
    policy = transport() + username()
    client, server = (settings(policy, pairs, side, parts="") for side in ("client", "server"))
    address = "https://a.example/"
    assert called(client, server, address) == 42
    with pytest.raises(soapkit.Fault, match="security requirements"):
        called(Security([UsernameToken("alice", PASSWORDS["alice"])]), server, address)
    with pytest.raises(SecurityError, match="no Timestamp"):
        called(client, Security(inbound=server.inbound), address)


def test_pieces_that_are_to_be_signed_where_whole_parts_alone_may_be_are_told_by_name(pairs: Pairs) -> None:
    pieces = "<sp:SignedElements><sp:XPath>//t:number</sp:XPath></sp:SignedElements>"
    with pytest.raises(SecurityError, match="//t:number is to be signed, which is no whole part"):
        settings(asymmetric("OnlySignEntireHeadersAndBody"), pairs, "client", parts=BODY_SIGNED + pieces)


# --- addressing ---------------------------------------------------------------------------------------------------

KERBEROS = nested("KerberosBinding")
ALTERNATIVES = f"<p:ExactlyOne><p:All>{KERBEROS}</p:All><p:All><m:Addressing/>{asymmetric()}</p:All></p:ExactlyOne>"


def test_addressing_that_the_chosen_alternative_demands_is_sent_and_demanded(pairs: Pairs) -> None:
    known = load_contract(contract(ALTERNATIVES, request=BODY, reply=BODY))
    assert known.services[0].ports[0].addressing == "", "one of several alternatives"
    client, server = (settings(ALTERNATIVES, pairs, side) for side in ("client", "server"))
    assert client.addressing == server.addressing == "2005/08"
    application = soapkit.asgi(Doubler(), security=server, policy="off")
    with soapkit.Client.from_wsdl(known, security=client, transport=soapkit.testing.loopback(application)) as calling:
        assert b"MessageID" in calling.preview.double(number=21).request
        assert calling.double(number=21) == 42
    silent = soapkit.Client.from_wsdl(
        known, security=client, addressing=False, transport=soapkit.testing.loopback(application)
    )
    with silent, pytest.raises(soapkit.Fault, match="Addressing"):
        silent.double(number=21)
