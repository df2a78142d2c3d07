"""A contract's policies become settings: for a client, and for the service that believes it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import soapkit
from soapkit.errors import SecurityError, SoapkitError, UsageError
from soapkit.policy import Keys
from soapkit.security import KeyPair, Security, TrustStore
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.soap.envelope import Envelope
from soapkit.testing import FakeTransport
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from soapkit.xml.parse import parse_message
from tests.policy.contracts import (
    BODY,
    BODY_ENCRYPTED,
    asymmetric,
    by_password,
    contract,
    nested,
    suite,
    symmetric,
    transport,
    username,
    x509,
)
from tests.policy.messages import sample


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
    service = Keys(people["bank"], trust=trust, passwords={"alice": "secret"}, certificates=certificates)
    return client, service


def loaded(text: bytes, folder: Path) -> Contract:
    (folder / "double.wsdl").write_bytes(text)
    return load_contract(folder / "double.wsdl")


CONFIRMED = nested("Wss11", "<sp:RequireSignatureConfirmation/>")
POLICIES = {
    "asymmetric": asymmetric(),
    "asymmetric, signature encrypted": asymmetric("EncryptSignature"),
    "asymmetric, encrypted first": asymmetric("EncryptBeforeSigning"),
    "asymmetric, GCM": asymmetric(algorithms="Basic128GCM"),
    "asymmetric, token protected": asymmetric("ProtectTokens"),
    "asymmetric, confirmed": asymmetric() + CONFIRMED,
    "asymmetric, confirmed and hidden": asymmetric("EncryptSignature")
    + nested("Wss11", "<sp:RequireSignatureConfirmation/>"),
    "symmetric": symmetric(),
    "symmetric, confirmed": symmetric() + CONFIRMED,
    "asymmetric, encrypted first and hidden": asymmetric("EncryptBeforeSigning", "EncryptSignature"),
    "symmetric, encrypted first and hidden": symmetric("EncryptBeforeSigning", "EncryptSignature"),
    "asymmetric, Timestamp last": asymmetric().replace("<sp:Lax/>", "<sp:LaxTsLast/>"),
    **{
        f"{name}, X509 in {holder}": binding() + nested(holder, x509())
        for name, binding in (("asymmetric", asymmetric), ("symmetric", symmetric))
        for holder in ("SupportingTokens", "SignedSupportingTokens", "SignedEndorsingEncryptedSupportingTokens")
    },
    **{
        f"{name}, over {option}": binding.replace(
            "<sp:Basic256Sha256/>",
            f"<sp:Basic256Sha256/><{'sp13' if option.endswith('11') else 'sp'}:{option}/>",
        )
        for option in ("InclusiveC14N", "InclusiveC14N11")
        for name, binding in (
            (
                "asymmetric",
                asymmetric("EncryptSignature", "ProtectTokens") + nested("EndorsingSupportingTokens", x509()),
            ),
            ("symmetric", symmetric("EncryptBeforeSigning", protection=x509("Never", "RequireDerivedKeys"))),
        )
    },
    "asymmetric, with a user": asymmetric() + username(),
    "symmetric, with a user": symmetric() + username("HashPassword"),
    "by password": symmetric(protection=by_password(), algorithms="Basic128"),
    "by password, implied derived keys": symmetric(protection=by_password("RequireImpliedDerivedKeys")),
    "by password, derived keys": symmetric("EncryptSignature", protection=by_password("RequireDerivedKeys")),
    "symmetric, endorsed by a user": symmetric() + username(holder="EndorsingSupportingTokens"),
    "asymmetric, endorsed by a signed user": asymmetric()
    + username("RequireDerivedKeys", holder="SignedEndorsingSupportingTokens"),
}


@pytest.mark.parametrize("policy", POLICIES)
def test_what_the_client_sends_the_service_believes_and_the_answer_back(
    policy: str, both: tuple[Keys, Keys], tmp_path: Path
) -> None:
    known = loaded(contract(POLICIES[policy], request=BODY, reply=BODY), tmp_path)
    client = Security.from_contract(known, keys=both[0])
    service = Security.from_contract(known, keys=both[1], side="server")
    sent = client.apply(sample(known))
    assert b"<" in sent.to_bytes()
    assert b":number>" not in sent.to_bytes()  # encrypted
    received = service.verify(Envelope.read(parse_message(sent.to_bytes())))
    assert {"Body", "Timestamp"} <= {one.name for one in received.signed}
    answer = service.apply(sample(known, "reply"), request=received)
    result = client.verify(Envelope.read(parse_message(answer.to_bytes())))
    assert {"Body", "Timestamp"} <= {one.name for one in result.signed}
    with pytest.raises(SecurityError):
        service.verify(sample(known))
    with pytest.raises(SecurityError):
        client.verify(sample(known, "reply"))


BESIDE = BODY.replace("<sp:Body/>", "<sp:Body/><sp:Attachments/>")


@pytest.mark.parametrize("binding", [asymmetric, symmetric])
@pytest.mark.parametrize("options", [(), ("EncryptBeforeSigning",)])
def test_attachments_are_covered_where_a_policy_says_so(
    binding: Any, options: tuple[str, ...], both: tuple[Keys, Keys], tmp_path: Path
) -> None:
    known = loaded(contract(binding(*options), request=BESIDE, reply=BODY), tmp_path)
    client = Security.from_contract(known, keys=both[0])
    service = Security.from_contract(known, keys=both[1], side="server")
    attachment = soapkit.Attachment(b"one\ntwo", "text/plain", "note@x")
    sent = client.apply(sample(known).with_attachments([attachment]))
    assert sent.attachments[0].content_type == "application/octet-stream"
    (came,) = service.verify(sent).envelope.attachments
    assert (came.read(), came.content_type) == (b"one\ntwo", "text/plain")
    with pytest.raises(SecurityError, match="ttachment"):
        service.verify(client.apply(sample(known)).with_attachments([attachment]))


def test_an_answer_that_confirms_another_request_is_not_believed(both: tuple[Keys, Keys], tmp_path: Path) -> None:
    known = loaded(contract(POLICIES["asymmetric, confirmed"], request=BODY, reply=BODY), tmp_path)
    client = Security.from_contract(known, keys=both[0])
    other = Security.from_contract(known, keys=both[0])
    service = Security.from_contract(known, keys=both[1], side="server")
    foreign = service.verify(other.apply(sample(known)))
    client.apply(sample(known))
    answer = service.apply(sample(known, "reply"), request=foreign)
    with pytest.raises(SecurityError, match="does not confirm the signatures of one request of ours"):
        client.verify(answer)


def test_each_message_has_what_it_demands_itself(both: tuple[Keys, Keys], tmp_path: Path) -> None:
    known = loaded(contract(asymmetric(), request=BODY, half=BODY_ENCRYPTED, reply=BODY), tmp_path)
    client = Security.from_contract(known, keys=both[0])
    service = Security.from_contract(known, keys=both[1], side="server")
    names = {}
    for operation in ("double", "half"):
        result = service.verify(client.apply(sample(known, name=operation)))
        names[operation] = {one.name for one in result.signed}
    assert "Body" in names["double"]
    assert "Body" not in names["half"]


@pytest.mark.parametrize("binding", [symmetric, asymmetric])
def test_a_service_refuses_what_an_endorsing_token_did_not_sign(
    binding: Any, both: tuple[Keys, Keys], tmp_path: Path
) -> None:
    """A MAC of a symmetric binding says nothing of who sent it; the endorsing signature does."""
    endorsed = nested("EndorsingSupportingTokens", x509())
    known = loaded(contract(binding() + endorsed, request=BODY, reply=BODY), tmp_path)
    service = Security.from_contract(known, keys=both[1], side="server")
    result = service.verify(Security.from_contract(known, keys=both[0]).apply(sample(known)))
    assert result.signer_name == "CN=alice"
    bare = loaded(contract(binding(), request=BODY, reply=BODY), tmp_path)
    with pytest.raises(SecurityError, match="is not endorsed"):
        service.verify(Security.from_contract(bare, keys=both[0]).apply(sample(bare)))


@pytest.mark.parametrize("policy", ["by password, derived keys", "asymmetric, endorsed by a signed user"])
def test_a_service_tells_the_user_whose_password_the_key_was_derived_from(
    policy: str, both: tuple[Keys, Keys], tmp_path: Path
) -> None:
    known = loaded(contract(POLICIES[policy], request=BODY, reply=BODY), tmp_path)
    service = Security.from_contract(known, keys=both[1], side="server")
    assert service.verify(Security.from_contract(known, keys=both[0]).apply(sample(known))).username == "alice"
    wrong = Security.from_contract(known, keys=replace(both[0], password="wrong"))
    with pytest.raises(SecurityError):
        service.verify(wrong.apply(sample(known)))


def test_a_user_signs_the_timestamp_over_https(both: tuple[Keys, Keys], tmp_path: Path) -> None:
    endorsed = username("RequireDerivedKeys", holder="EndorsingSupportingTokens")
    known = loaded(contract(transport() + endorsed, address="https://a.example/"), tmp_path)
    sent = Security.from_contract(known, keys=both[0]).apply(sample(known))
    result = Security.from_contract(known, keys=both[1], side="server").verify(sent)
    assert (result.username, [one.name for one in result.signed]) == ("alice", ["Timestamp"])


def test_an_endorsing_signature_stands_after_the_one_it_covers(both: tuple[Keys, Keys], tmp_path: Path) -> None:
    """And below what tells how to decrypt both: a receiver that works from top to bottom can follow."""
    endorsed = symmetric("EncryptSignature") + nested("EndorsingSupportingTokens", x509())
    known = loaded(contract(endorsed, request=BODY, reply=BODY), tmp_path)
    sent = Security.from_contract(known, keys=both[0]).apply(sample(known))
    order = [block.tag.rpartition("}")[2] for block in sent.headers[0]]
    assert order == [
        *("Timestamp", "EncryptedKey", "ReferenceList"),
        *("EncryptedData", "BinarySecurityToken", "EncryptedData"),
    ]


def test_what_the_layout_says_of_the_timestamp_is_kept(both: tuple[Keys, Keys], tmp_path: Path) -> None:
    known = loaded(contract(POLICIES["asymmetric, Timestamp last"], request=BODY, reply=BODY), tmp_path)
    sent = Security.from_contract(known, keys=both[0]).apply(sample(known))
    assert sent.headers[0][-1].tag.endswith("}Timestamp")


def test_headers_of_a_namespace_are_signed_and_demanded(both: tuple[Keys, Keys], tmp_path: Path) -> None:
    parts = '<sp:SignedParts><sp:Body/><sp:Header Namespace="urn:x"/></sp:SignedParts>'
    known = loaded(contract(asymmetric(), request=parts), tmp_path)
    client = Security.from_contract(known, keys=both[0])
    service = Security.from_contract(known, keys=both[1], side="server")
    plain = (
        sample(known).to_bytes().replace(b"<soap:Body", b'<soap:Header><x:a xmlns:x="urn:x"/></soap:Header><soap:Body')
    )
    sent = client.apply(Envelope.read(parse_message(plain)))
    assert "{urn:x}a" in {one.name for one in service.verify(sent).signed}
    added = sent.to_bytes().replace(b"<soap:Header>", b'<soap:Header><x:b xmlns:x="urn:x"/>')
    with pytest.raises(SecurityError, match="not covered"):
        service.verify(Envelope.read(parse_message(added)))


def test_elements_that_an_endorsing_token_signs_are_signed_and_demanded(
    both: tuple[Keys, Keys], tmp_path: Path
) -> None:
    elements = "<sp:SignedElements xmlns:d='urn:double'><sp:XPath>//d:number</sp:XPath></sp:SignedElements>"
    endorsed = transport() + nested("EndorsingSupportingTokens", x509(), elements)
    known = loaded(contract(endorsed, address="https://a.example/"), tmp_path)
    service = Security.from_contract(known, keys=both[1], side="server")
    sent = Security.from_contract(known, keys=both[0]).apply(sample(known))
    service.verify(sent)
    bare = loaded(contract(transport() + nested("EndorsingSupportingTokens", x509())), tmp_path)
    with pytest.raises(SecurityError, match="not covered"):
        service.verify(Security.from_contract(bare, keys=both[0]).apply(sample(bare)))


def test_a_service_that_knows_no_signer_must_be_told_whom_to_encrypt_to(
    both: tuple[Keys, Keys], tmp_path: Path
) -> None:
    encrypting = nested(
        "AsymmetricBinding",
        nested("InitiatorEncryptionToken", x509("Never")),
        nested("RecipientEncryptionToken", x509("Never")),
        suite("Basic256Sha256"),
    )
    known = loaded(contract(encrypting, request=BODY_ENCRYPTED, reply=BODY_ENCRYPTED), tmp_path)
    with pytest.raises(SecurityError, match=r"give Keys\(peer=\.\.\.\)"):
        Security.from_contract(known, keys=both[1], side="server")


def test_a_user_without_a_password_is_carried_and_not_believed(both: tuple[Keys, Keys], tmp_path: Path) -> None:
    known = loaded(contract(transport() + username("NoPassword")), tmp_path)
    sent = Security.from_contract(known, keys=both[0]).apply(sample(known))
    assert b"Password" not in sent.to_bytes()
    assert Security.from_contract(known, keys=both[1], side="server").verify(sent).username is None


def test_a_user_over_https_is_for_https_alone(both: tuple[Keys, Keys], tmp_path: Path) -> None:
    known = loaded(contract(transport() + username(), address="http://a.example/"), tmp_path)
    security = Security.from_contract(known, keys=both[0])
    sent = security.apply(sample(known))
    assert b"UsernameToken" in sent.to_bytes()
    with pytest.raises(UsageError, match="protected by HTTPS alone"):
        soapkit.Client.from_wsdl(known, security=security, transport=FakeTransport(b""))
    service = Security.from_contract(known, keys=both[1], side="server")
    assert service.verify(sent).username == "alice"


@pytest.mark.parametrize(
    ("policy", "keys", "said"),
    [
        (asymmetric(), Keys(), "Keys(own=...)"),
        (asymmetric(), Keys(), "Keys(peer=...)"),
        (asymmetric() + username(), Keys(), "Keys(username=...)"),
        (nested("SymmetricBinding", nested("ProtectionToken", nested("KerberosToken"))), Keys(), "Kerberos"),
        (username(), Keys(username="alice", password="secret"), "no security binding"),
        (asymmetric(algorithms="Basic256Sha256Rsa15"), Keys(), "Basic256Sha256Rsa15 encrypts keys with RSA 1.5"),
        (
            '<r:RMAssertion xmlns:r="http://docs.oasis-open.org/ws-rx/wsrmp/200702"/>',
            Keys(),
            "WS-ReliableMessaging (RMAssertion) is not done",
        ),
        (
            '<h:NtlmAuthentication xmlns:h="http://schemas.microsoft.com/ws/06/2004/policy/http"/>',
            Keys(),
            "NTLM authentication over HTTP (NtlmAuthentication) is not done",
        ),
        ('<x:Unheard xmlns:x="urn:x"/>', Keys(), "{urn:x}Unheard is not known here"),
        (symmetric(protection=by_password("RequireDerivedKeys")), Keys(username="alice"), "Keys(password=...)"),
        (symmetric(protection=by_password()), Keys(username="alice", password="secret"), "a key of 160 bits"),
    ],
)
def test_what_is_missing_or_not_done_is_told_with_its_place(policy: str, keys: Keys, said: str, tmp_path: Path) -> None:
    known = loaded(contract(policy, request=BODY, reply=BODY), tmp_path)
    with pytest.raises(SecurityError) as caught:
        Security.from_contract(known, keys=keys)
    assert said in str(caught.value)
    assert all("double.wsdl:" in line for line in str(caught.value).splitlines())


def test_what_configures_the_stack_of_the_other_side_is_not_in_the_way(both: tuple[Keys, Keys], tmp_path: Path) -> None:
    metro = (
        '<s:KeyStore xmlns:s="http://schemas.sun.com/2006/03/wss/server" storepass="x" alias="bank" location="a.jks"/>'
        '<t:STSConfiguration xmlns:t="http://schemas.sun.com/ws/2006/05/trust/server"/>'
        '<e:Utf816FFFECharacterEncoding xmlns:e="http://schemas.xmlsoap.org/ws/2004/09/policy/encoding"/>'
    )
    known = loaded(contract(metro + asymmetric(), request=BODY, reply=BODY), tmp_path)
    bare = loaded(contract(asymmetric(), request=BODY, reply=BODY), tmp_path)
    for keys, side in zip(both, ("client", "server"), strict=True):
        security, expected = (Security.from_contract(each, keys=keys, side=side) for each in (known, bare))
        assert (security.outbound, security.inbound) == (expected.outbound, expected.inbound)


def test_a_contract_without_a_policy_says_so(root: Path) -> None:
    with pytest.raises(SecurityError, match="has no policy"):
        Security.from_contract(load_contract(root / "wsdl" / "bank.wsdl"), keys=Keys())


def test_the_contracts_of_cxf_give_settings_or_a_named_reason(vectors: Path, both: tuple[Keys, Keys]) -> None:
    told: Counter[str] = Counter()
    for path in sorted((vectors / "cxf-systests").rglob("*.wsdl")):
        try:
            known = load_contract(path, usable=False)
        except SoapkitError:
            continue
        for port in dict.fromkeys(port.name for service in known.services for port in service.ports):
            try:
                Security.from_contract(known, keys=both[0], port=port, allow_rsa_1_5=True)
                told["settings"] += 1
            except SecurityError as error:
                told["a reason"] += 1
                assert str(error)
            except UsageError as error:
                told["another port"] += 1
                assert "has no port" in str(error)
    assert told["settings"] >= 344
    assert told["settings"] + told["a reason"] + told["another port"] >= 350
