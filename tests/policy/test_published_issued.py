"""A service from code that believes a token service says so in its contract: clients go there, and are served."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import soapkit
from soapkit.client.sts import SAML_1_1, SAML_2_0, StsClient
from soapkit.errors import SecurityError, UsageError
from soapkit.policy import Keys
from soapkit.security import (
    REQUEST,
    SHARED,
    SIGNER,
    Encrypt,
    KeyPair,
    Require,
    SamlAssertion,
    SamlRequirement,
    Security,
    SharedKey,
    Sign,
    Timestamp,
    TrustStore,
    issue_assertion,
)
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.testing import loopback
from soapkit.wsdl.load import load_contract
from soapkit.xml.parse import parse_message
from tests.client.small_sts import SmallSts, hosted
from tests.policy.services import SIGNED, Doubler, published
from tests.policy.test_saml_policies import with_secret

ADDRESS, STS = "https://bank.example/soap", "https://sts.example/soap"
AUTHORITY = make_authority()
PEOPLE: dict[str, KeyPair] = {name: make_keypair(name, AUTHORITY) for name in ("alice", "bank")} | {
    "sts": make_keypair("sts", make_authority("tokens"))
}
BANK = PEOPLE["bank"]


def believing(key_type: Any, **more: Any) -> SamlRequirement:
    confirmation = ("bearer",) if key_type == "bearer" else ("holder-of-key",)
    given = {"audience": [ADDRESS, "https://bank.example"], "confirmation": confirmation, "key_type": key_type} | more
    return SamlRequirement(TrustStore.of(PEOPLE["sts"]), token_service=STS, **given)


def one_secret(derived: Any) -> Security:
    return Security(
        [Timestamp(), SharedKey(to=REQUEST, derived=derived), Sign(SHARED), Encrypt(to=SHARED)],
        Require(signed=SIGNED, encrypted=["Body"], key=BANK, saml=believing("symmetric")),
    )


SERVICES: dict[str, tuple[str, Callable[[], Security]]] = {
    "a bearer over HTTPS": ("bearer", lambda: Security([Timestamp()], Require(saml=believing("bearer")))),
    "a bearer of SAML 1.1": ("bearer", lambda: Security(inbound=Require(saml=believing("bearer", version="1.1")))),
    "a key pair over HTTPS": (
        "public",
        lambda: Security([Timestamp()], Require(signed=["Timestamp"], saml=believing("public"))),
    ),
    "a secret over HTTPS": (
        "symmetric",
        lambda: Security([Timestamp()], Require(signed=["Timestamp"], key=BANK, saml=believing("symmetric"))),
    ),
    "a key pair that signs": (
        "public",
        lambda: Security(
            [Timestamp(), Sign(BANK), Encrypt(to=SIGNER)],
            Require(signed=SIGNED, encrypted=["Body"], key=BANK, saml=believing("public")),
        ),
    ),
    "a secret that protects": ("symmetric", lambda: one_secret("")),
    "a secret that keys are derived from": ("symmetric", lambda: one_secret("2005/12")),
}


@pytest.fixture
def sts() -> SmallSts:
    made = SmallSts()

    def as_assertion(response: Any) -> Any:
        asked = made.asked[-1]
        version = "1.1" if asked.token_type == SAML_1_1 else "2.0"
        if asked.key_type == "symmetric":
            issued: Any = with_secret(PEOPLE, version).assertion
            return replace(response, token=issued.element, proof=issued.secret, entropy=None, computed_key="")
        holder = PEOPLE["alice"] if asked.key_type == "public" else None
        kind: Any = "holder-of-key" if holder is not None else "bearer"
        said = SamlAssertion("sts", "alice", version, confirmation=kind, holder=holder, audience=[asked.applies_to])  # type: ignore[arg-type]
        return replace(response, token=parse_message(issue_assertion(said, PEOPLE["sts"])))

    made.change = as_assertion
    return made


@pytest.mark.parametrize("name", SERVICES)
def test_a_client_that_knows_the_contract_alone_asks_for_the_token_and_is_served(name: str, sts: SmallSts) -> None:
    key_type, security = SERVICES[name]
    application = soapkit.asgi(Doubler(), security=security(), policy="required")
    known = load_contract(
        published(application, ADDRESS if "over" in name or "1.1" in name else "http://bank.example/soap")
    )
    keys = Keys(
        PEOPLE["alice"],
        peer=BANK.certificate,
        trust=TrustStore.of(AUTHORITY),
        certificates=[BANK.certificate],
        sts=StsClient(STS, transport=loopback(hosted(sts, "1.3"))),
    )
    client = soapkit.Client.from_wsdl(
        known, address=ADDRESS, security=Security.from_contract(known, keys=keys), transport=loopback(application)
    )
    with client:
        assert (client.double(number=21), client.half(number=21)) == (42, 10)
    (asked,) = sts.asked
    assert (asked.key_type, asked.token_type) == (key_type, SAML_1_1 if "1.1" in name else SAML_2_0)
    plain = soapkit.Client.from_wsdl(known, address=ADDRESS, transport=loopback(application))
    with plain, pytest.raises(soapkit.Fault, match="security requirements"):
        plain.double(number=21)


def test_the_contract_says_where_tokens_are_issued() -> None:
    application = soapkit.asgi(Doubler(), security=SERVICES["a bearer over HTTPS"][1](), policy="required")
    with pytest.raises(SecurityError, match=rf"SAML 2\.0 .* from {STS}; give Keys\(sts="):
        Security.from_contract(load_contract(published(application, ADDRESS)), keys=Keys())


def test_a_key_is_of_a_kind_that_a_token_service_is_asked_for() -> None:
    trust = TrustStore.of(PEOPLE["sts"])
    with pytest.raises(UsageError, match="key_type= is what a token service is asked for"):
        SamlRequirement(trust, key_type="bearer")
    with pytest.raises(UsageError, match="key_type= is bearer, public or symmetric"):
        believing("none")
