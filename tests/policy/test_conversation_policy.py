"""SecureConversationToken assertions become settings: both ends of a conversation, told by the contract alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import soapkit
from soapkit.codegen.generate import module_in_memory
from soapkit.errors import SecurityError, UsageError
from soapkit.policy import Keys
from soapkit.security import Contexts, KeyPair, Security, SecurityContext, TrustStore
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.testing import loopback
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from tests.policy.contracts import (
    BODY,
    BODY_SIGNED,
    SP11,
    asymmetric,
    contract,
    conversing,
    nested,
    symmetric,
    transport,
    username,
)
from tests.policy.messages import sample

BOOTSTRAP = asymmetric() + BODY
USER = transport() + username()
POLICIES = {
    "symmetric": (symmetric(protection=conversing(BOOTSTRAP)), BODY),
    "symmetric, derived keys": (symmetric(protection=conversing(BOOTSTRAP, "RequireDerivedKeys")), BODY),
    "symmetric, 128 bits": (symmetric(protection=conversing(BOOTSTRAP), algorithms="Basic128"), BODY),
    "symmetric, signed alone": (symmetric(protection=conversing(BOOTSTRAP)), BODY_SIGNED),
    "symmetric, encrypted first": (symmetric("EncryptBeforeSigning", protection=conversing(BOOTSTRAP)), BODY),
    "symmetric, bootstrapped so": (symmetric(protection=conversing(symmetric() + username() + BODY)), BODY),
    "beside a symmetric binding": (symmetric() + nested("EndorsingSupportingTokens", conversing(BOOTSTRAP)), BODY),
    "beside an asymmetric binding": (asymmetric() + nested("EndorsingSupportingTokens", conversing(BOOTSTRAP)), BODY),
    "over HTTPS": (transport() + nested("EndorsingSupportingTokens", conversing(USER)), ""),
    "over HTTPS, derived keys": (
        transport() + nested("EndorsingSupportingTokens", conversing(USER, "RequireDerivedKeys")),
        "",
    ),
}


@pytest.fixture(scope="module")
def people() -> dict[str, KeyPair]:
    authority = make_authority()
    return {"authority": authority} | {name: make_keypair(name, authority) for name in ("alice", "bank")}


@pytest.fixture(scope="module")
def both(people: dict[str, KeyPair]) -> tuple[Keys, Keys]:
    """The keys of a client and of a service."""
    trust = TrustStore.of(people["authority"])
    certificates = (people["alice"].certificate, people["bank"].certificate)
    client = Keys(
        people["alice"],
        peer=people["bank"],
        trust=trust,
        username="alice",
        password="secret",
        certificates=certificates,
    )
    return client, Keys(people["bank"], trust=trust, passwords={"alice": "secret"}, certificates=certificates)


def loaded(text: bytes, folder: Path) -> Contract:
    (folder / "double.wsdl").write_bytes(text)
    return load_contract(folder / "double.wsdl")


def hosted(known: Contract, security: Security, *, signed: bool = True) -> Any:
    protocol: Any = module_in_memory(known.services, known.shapes, name="conversed").Doubler

    class Doubler(protocol):  # type: ignore[misc]  # generated here
        def double(self, *, number: int, call: soapkit.Call) -> int:
            assert call.security is not None
            assert bool(call.security.context) is signed
            return 2 * number

        def half(self, *, number: int) -> int:
            return number // 2

    return soapkit.asgi(Doubler(), security=security)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("sp", ["12", "11"])
def test_both_ends_converse_as_the_contract_says(policy: str, sp: str, both: tuple[Keys, Keys], tmp_path: Path) -> None:
    written, parts = POLICIES[policy]
    text = contract(written, request=parts, reply=parts, address="https://a.example/")
    if sp == "11":
        text = text.replace(b"http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702", SP11.encode())
    known = loaded(text, tmp_path)
    service = Security.from_contract(known, keys=both[1], side="server")
    assert service.conversation is not None
    client = soapkit.Client.from_wsdl(
        known, security=Security.from_contract(known, keys=both[0]), transport=loopback(hosted(known, service))
    )
    with client:
        assert (client.double(number=21), client.half(number=21)) == (42, 10)
        (context,) = service.conversation.contexts.held()
        assert context.version == ("2005/02" if sp == "11" else "2005/12")
        assert context.username == ("alice" if "user" in written.lower() else None)
    assert service.conversation.contexts.held() == ()


def test_a_call_without_a_context_is_refused(both: tuple[Keys, Keys], tmp_path: Path) -> None:
    """Who may only ask for a context may not call, though he signs and encrypts as the bootstrap policy says."""
    known = loaded(contract(symmetric(protection=conversing(BOOTSTRAP)), request=BODY, reply=BODY), tmp_path)
    bare = loaded(contract(asymmetric(), request=BODY, reply=BODY), tmp_path)
    for keys in both[1], Keys(both[1].own, trust=both[1].trust, certificates=both[1].certificates):
        service = Security.from_contract(known, keys=keys, side="server")
        client = soapkit.Client.from_wsdl(
            bare, security=Security.from_contract(bare, keys=both[0]), transport=loopback(hosted(known, service))
        )
        with pytest.raises(soapkit.Fault, match="security requirements"):
            client.double(number=21)


def test_a_context_that_was_known_before_needs_no_bootstrap(both: tuple[Keys, Keys], tmp_path: Path) -> None:
    token = nested("SecurityContextToken", "<sp:RequireDerivedKeys/>", include="AlwaysToRecipient")
    known = loaded(contract(symmetric(protection=token), request=BODY, reply=BODY), tmp_path)
    context = SecurityContext("urn:uuid:1", bytes(32))
    service = Security.from_contract(known, keys=Keys(contexts=Contexts([context])), side="server")
    assert service.conversation is None
    security = Security.from_contract(known, keys=Keys(contexts=Contexts([context])))
    client = soapkit.Client.from_wsdl(known, security=security, transport=loopback(hosted(known, service)))
    assert client.double(number=21) == 42
    with pytest.raises(SecurityError, match=r"give Keys\(contexts=...\)"):
        Security.from_contract(known, keys=both[0])


def test_a_policy_may_forbid_to_cancel(both: tuple[Keys, Keys], tmp_path: Path) -> None:
    token = conversing(BOOTSTRAP, "MustNotSendCancel")
    known = loaded(contract(symmetric(protection=token), request=BODY, reply=BODY), tmp_path)
    conversation = Security.from_contract(known, keys=both[0]).conversation
    assert conversation is not None
    assert not conversation.cancel


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (nested("SecureConversationToken"), "SecureConversationToken without a BootstrapPolicy"),
        (conversing(nested("SymmetricBinding", nested("ProtectionToken", nested("KerberosToken")))), "Kerberos"),
        (conversing(asymmetric()), "Keys(own=...)"),
    ],
)
def test_what_a_bootstrap_policy_wants_and_is_missing_is_told_with_its_place(
    token: str, said: str, tmp_path: Path
) -> None:
    known = loaded(contract(symmetric(protection=token), request=BODY, reply=BODY), tmp_path)
    with pytest.raises(SecurityError) as caught:
        Security.from_contract(known, keys=Keys())
    assert said in str(caught.value)
    assert all("double.wsdl:" in line for line in str(caught.value).splitlines())


def test_a_bootstrap_over_https_is_for_https(both: tuple[Keys, Keys], tmp_path: Path) -> None:
    known = loaded(contract(symmetric(protection=conversing(USER)), request=BODY, reply=BODY), tmp_path)
    security = Security.from_contract(known, keys=both[0])
    with pytest.raises(UsageError, match="protected by HTTPS alone"):
        soapkit.Client.from_wsdl(known, security=security)


SHOWN = nested("SupportingTokens", conversing(""))


@pytest.mark.parametrize(("binding", "parts"), [(transport(), ""), (asymmetric(), BODY), (symmetric(), BODY)])
def test_a_context_that_signs_nothing_is_shown_and_demanded(
    binding: str, parts: str, both: tuple[Keys, Keys], tmp_path: Path
) -> None:
    known, bare = (
        loaded(contract(policy, request=parts, reply=parts, address="https://a.example/"), tmp_path)
        for policy in (binding + SHOWN, binding)
    )
    context, ended = (
        SecurityContext(f"urn:uuid:{name}", bytes(32), expires=datetime.now(UTC) + timedelta(minutes=left))
        for name, left in (("1", 5), ("2", -5))
    )
    keys = replace(both[1], contexts=Contexts([context, ended]))
    service = Security.from_contract(known, keys=keys, side="server")

    def sent(policy: Contract, *contexts: SecurityContext) -> Any:
        keys = replace(both[0], contexts=Contexts(contexts) if contexts else None)
        return Security.from_contract(policy, keys=keys).apply(sample(known))

    assert service.verify(sent(known, context)).context == ""  # who shows it has signed nothing
    for told, message in (
        ("must bring a SecurityContextToken", sent(bare)),
        ("'urn:uuid:3' is at hand", sent(known, SecurityContext("urn:uuid:3", bytes(32)))),
        ("or it has expired", sent(known, replace(ended, expires=None))),
    ):
        with pytest.raises(SecurityError, match=told):
            service.verify(message)


def test_a_context_shown_over_https_is_asked_for_there(both: tuple[Keys, Keys], tmp_path: Path) -> None:
    known = loaded(contract(transport() + SHOWN, address="https://a.example/"), tmp_path)
    service = Security.from_contract(known, keys=both[1], side="server")
    client = soapkit.Client.from_wsdl(
        known,
        security=Security.from_contract(known, keys=both[0]),
        transport=loopback(hosted(known, service, signed=False)),
    )
    with client:
        assert client.double(number=21) == 42
    assert service.conversation is not None
    assert len(service.conversation.contexts.held()) == 1  # to cancel one takes a signature under it


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (asymmetric() + nested("SignedSupportingTokens", conversing(BOOTSTRAP)), "to be signed or encrypted itself"),
        (transport() + SHOWN.replace("AlwaysToRecipient", "Never"), "and is only named"),
    ],
)
def test_a_context_that_signs_nothing_and_cannot_be_shown_so_is_told(
    policy: str, told: str, both: tuple[Keys, Keys], tmp_path: Path
) -> None:
    with pytest.raises(SecurityError, match=told):
        Security.from_contract(loaded(contract(policy, request=BODY_SIGNED), tmp_path), keys=both[0])
