"""WS-SecurityPolicy assertions, read as what they demand, and told in words."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from soapkit.cli.inspect import command
from soapkit.errors import ContractError
from soapkit.policy.attach import Policies
from soapkit.policy.demands import Demands, Parts
from soapkit.policy.normal import normalise
from soapkit.policy.plan import part_names
from soapkit.policy.security import read_demands
from soapkit.policy.suites import SUITES
from soapkit.policy.words import lines_of
from soapkit.wsdl.load import load_contract
from tests.policy.contracts import (
    BODY,
    SP11,
    SP12,
    asymmetric,
    contract,
    nested,
    suite,
    symmetric,
    transport,
    username,
    x509,
)


def demands(policy: str, sp: str = SP12) -> Demands:
    found = Policies(load_contract(contract(policy, sp=sp)))
    (alternative,) = normalise(found.endpoint().policy, found.resolve)
    return read_demands(alternative)


@pytest.mark.parametrize("sp", [SP11, SP12])
def test_a_binding_means_the_same_in_every_version(sp: str) -> None:
    binding = demands(asymmetric("EncryptSignature", "ProtectTokens", "OnlySignEntireHeadersAndBody"), sp).binding
    assert binding is not None
    assert binding.kind == "asymmetric"
    assert (binding.timestamp, binding.encrypt_signature, binding.protect_tokens, binding.whole_parts_only) == (
        True,
        True,
        True,
        True,
    )
    assert binding.suite is SUITES["Basic256Sha256"]
    assert binding.initiator_signature is not None
    assert binding.initiator_signature.travels(to_recipient=True)
    assert not binding.initiator_signature.travels(to_recipient=False)


def test_a_protection_token_signs_and_encrypts() -> None:
    binding = demands(symmetric(protection=x509("Never", "RequireDerivedKeys"))).binding
    assert binding is not None
    assert binding.signature_token == binding.encryption_token
    assert binding.signature_token is not None
    assert binding.signature_token.derived_keys


@pytest.mark.parametrize("signed", ["", "Signed"])
@pytest.mark.parametrize("kind", ["", "Endorsing", "Encrypted", "EndorsingEncrypted"])
def test_supporting_tokens_of_every_kind_are_read(signed: str, kind: str) -> None:
    (supporting,) = demands(transport() + username(holder=f"{signed}{kind}SupportingTokens")).supporting
    assert (supporting.signed, supporting.endorsing, supporting.encrypted) == (
        bool(signed),
        "Endorsing" in kind,
        "Encrypted" in kind,
    )


SP13 = "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200802"


def test_parts_add_up() -> None:
    found = demands(
        '<sp:SignedParts><sp:Body/><sp:Header Namespace="urn:h"/></sp:SignedParts>'
        '<sp:SignedParts><sp:Header Name="To" Namespace="urn:h"/><sp:Attachments/></sp:SignedParts>'
    )
    assert found.protection.signed == Parts(True, ("{urn:h}*", "{urn:h}To"), True)
    assert demands("<sp:SignedParts/>").protection.signed.everything


def test_attachments_are_whole_unless_every_policy_means_their_contents() -> None:
    content = "<sp:SignedParts><sp:Attachments><sp13:ContentSignatureTransform/></sp:Attachments></sp:SignedParts>"
    whole = content.replace("ContentSignature", "AttachmentCompleteSignature")
    bare = "<sp:SignedParts><sp:Attachments/></sp:SignedParts>"
    said = {
        content: ["AttachmentContents"],
        whole: ["Attachments"],
        bare: ["Attachments"],
        content + bare: ["Attachments"],
        whole + content: ["Attachments"],
        content + "<sp:SignedParts><sp:Body/></sp:SignedParts>": ["Body", "AttachmentContents"],
    }
    for text, parts in said.items():
        declared = text.replace("Transform/>", f'Transform xmlns:sp13="{SP13}"/>')
        assert list(part_names(demands(declared).protection.signed)) == parts


def test_elements_keep_the_namespaces_of_their_paths() -> None:
    (found,) = demands(
        "<sp:SignedElements><sp:XPath>//t:number</sp:XPath></sp:SignedElements>"
    ).protection.signed_elements
    assert found.expression == "//t:number"
    assert dict(found.namespaces)["t"] == "urn:double"


def test_the_bootstrap_policy_of_a_security_context_is_read() -> None:
    token = nested("SecureConversationToken", nested("BootstrapPolicy", transport(), username("HashPassword")))
    binding = demands(symmetric(protection=token)).binding
    assert binding is not None
    assert binding.signature_token is not None
    bootstrap = binding.signature_token.bootstrap
    assert bootstrap is not None
    assert bootstrap.binding is not None
    assert (bootstrap.binding.kind, bootstrap.supporting[0].tokens[0].kind) == ("transport", "username")


def test_an_issued_token_names_its_issuer_and_what_to_ask_for() -> None:
    issued = (
        "<sp:IssuedToken><sp:Issuer><a:Address>https://sts.example/</a:Address></sp:Issuer>"
        "<sp:RequestSecurityTokenTemplate><t:KeySize>256</t:KeySize></sp:RequestSecurityTokenTemplate>"
        "<p:Policy><sp:RequireInternalReference/></p:Policy></sp:IssuedToken>"
    )
    (supporting,) = demands(transport() + nested("EndorsingSupportingTokens", issued)).supporting
    (token,) = supporting.tokens
    assert (token.kind, token.issuer, token.template is not None) == ("issued", "https://sts.example/", True)


@pytest.mark.parametrize("name", sorted(set(SUITES) - {"CustomAlgorithmSuite", "Basic128RsaSha512"}))
def test_every_algorithm_suite_is_known(name: str) -> None:
    binding = demands(nested("TransportBinding", nested("TransportToken", nested("HttpsToken")), suite(name))).binding
    assert binding is not None
    assert binding.suite is not None
    assert binding.suite.cipher.startswith({"T": "tripledes", "B": "aes"}[name[0]])
    assert (binding.suite.transport == "rsa-1_5") == name.endswith("Rsa15")


def test_what_makes_no_sense_is_told_together_with_its_lines() -> None:
    with pytest.raises(ContractError) as caught:
        demands(nested("TransportBinding", nested("TransportToken"), suite("Basic257")) + asymmetric())
    told = str(caught.value)
    assert "TransportToken names 0 tokens; expected one" in told
    assert "no algorithm suite is called Basic257; did you mean Basic256?" in told
    assert "a second security binding" in told
    assert told.count("contract.wsdl:") == 3


def test_demands_are_told_in_words() -> None:
    policy = asymmetric("EncryptSignature") + username("HashPassword") + BODY
    policy += nested("Wss11", "<sp:RequireSignatureConfirmation/>") + "<m:Addressing><p:Policy/></m:Addressing>"
    assert lines_of(demands(policy)) == (
        "the client signs with an X.509 certificate (sent with requests)",
        "the service signs with an X.509 certificate (referred to, never sent)",
        (
            "algorithms Basic256Sha256 (aes256-cbc, rsa-oaep-mgf1p, digests SHA256); weak: SHA-1 signatures, CBC "
            "encryption"
        ),
        "a Timestamp",
        "signed first, then encrypted",
        "the signature is encrypted",
        "a UsernameToken with a password digest, signed",
        "signed: Body",
        "encrypted: Body",
        "replies confirm the signatures of their requests",
        "WS-Addressing headers",
    )


def test_inspect_tells_the_policy_of_each_port() -> None:
    either = f"<p:ExactlyOne><p:All>{transport()}</p:All><p:All>{asymmetric()}</p:All></p:ExactlyOne>"
    given = contract(either, request=BODY, half="<sp:SignedParts><sp:Body/></sp:SignedParts>")
    told = CliRunner().invoke(command, ["-"], input=given, catch_exceptions=False).output
    assert "  policy of Doubler\n    demands\n      the transport protects messages: HTTPS\n" in told
    assert "    or else\n      the client signs with an X.509 certificate" in told
    assert "    request of double: signed: Body; encrypted: Body\n" in told
    assert "    request of half: signed: Body\n" in told


def test_inspect_tells_a_policy_that_is_not_there() -> None:
    given = contract('<p:PolicyReference URI="#gone"/>')
    told = CliRunner().invoke(command, ["-"], input=given, catch_exceptions=False).output
    assert "standard input:25: no policy" in told
