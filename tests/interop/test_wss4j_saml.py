"""Apache WSS4J 2.0 and OpenSAML 2, live: SAML assertions in both directions, each way to confirm them.

The driver is java/saml/Wss4jSamlDriver.java. OpenSAML 4, which WSS4J 3 and 4
need, is not on Maven Central; OpenSAML 3 is met in test_cxf_saml.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from soapkit.errors import SecurityError
from soapkit.security import (
    Encrypt,
    KeyPair,
    MemoryReplayStore,
    Require,
    SamlAssertion,
    SamlRequirement,
    SamlToken,
    Security,
    Sign,
    Timestamp,
    TrustStore,
    issue_assertion,
)
from soapkit.security.throwaway import write_keys
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.xml.parse import parse_message
from tests.interop.java_driver import JAVA, Driver, built

STS, BANK = "https://sts.example", "https://bank.example"
BODY = '<b:transfer xmlns:b="urn:bank"><b:to>DE1 é &amp;</b:to></b:transfer>'
METHODS = {"2.0": "urn:oasis:names:tc:SAML:2.0:cm:", "1.1": "urn:oasis:names:tc:SAML:1.0:cm:"}


class Wss4j(Driver):
    def __init__(self, jars: Path, folder: Path) -> None:
        super().__init__(jars, "Wss4jSamlDriver", str(folder))
        self.folder = folder

    def verify(self, message: bytes) -> list[str]:
        path = self.folder / "to-verify.xml"
        path.write_bytes(message)
        return self.ask("verify", str(path))

    def make(self, **settings: str) -> bytes:
        plain, made = self.folder / "plain.xml", self.folder / "made.xml"
        plain.write_bytes(Draft(SOAP_1_1, BODY).to_envelope().to_bytes())
        answer = self.ask("make", str(plain), str(made), ",".join(f"{key}={value}" for key, value in settings.items()))
        assert answer[0] == "ok", answer
        return made.read_bytes()


@pytest.fixture(scope="module")
def peer(missing_peer: Callable[[str], NoReturn], tmp_path_factory):
    folder = built(JAVA / "saml", "Wss4jSamlDriver", "WSS4J-SAML", missing_peer)
    keys = tmp_path_factory.mktemp("wss4j-saml")
    write_keys(keys, ["alice", "bob", "sts"], password="changeit")
    running = Wss4j(folder, keys)
    yield running
    running.close()


@pytest.fixture(scope="module")
def sts(peer):
    return KeyPair.load(peer.folder / "sts.p12", "changeit")


@pytest.fixture(params=["2.0", "1.1"])
def version(request):
    return request.param


def said(version, **more):
    given = {"issuer": STS, "subject": "alice", "audience": [BANK], "version": version}
    given |= {"attributes": {"urn:bank/role": ["clerk"]}, "authentication": "urn:oasis:names:tc:SAML:1.0:am:password"}
    return SamlAssertion(**given | more)


def secured(*steps) -> bytes:
    return Security(outbound=list(steps)).apply(Draft(SOAP_1_1, BODY).to_envelope()).to_bytes()


def believed(message, bob, sts, *, trust=None, **saml):
    demanded = {"trust": TrustStore.of(sts), "issuers": [STS], "audience": [BANK]} | saml
    require = Require(saml=SamlRequirement(**demanded), trust=trust, key=bob, replay=None)
    return Security(inbound=require).verify(Envelope.read(parse_message(message)))


# --- what we send -------------------------------------------------------------------------------------------------


def test_wss4j_believes_our_bearer_assertion(version, peer, sts):
    answer = peer.verify(secured(Timestamp(), SamlToken(issue_assertion(said(version), sts))))
    assert answer[0] == "ok", answer
    assert f"saml signed {STS} alice {METHODS[version]}bearer" in answer[1]


@pytest.mark.parametrize("by_issuer", [True, False])
def test_wss4j_believes_whom_we_vouch_for(by_issuer, version, peer, alice, sts):
    token = SamlToken(said(version, confirmation="sender-vouches"), key=sts if by_issuer else None)
    answer = peer.verify(secured(Timestamp(), token, Sign(alice, parts=["Body", "Timestamp", "Assertion"])))
    assert answer[0] == "ok", answer
    assert "signature Body Timestamp Assertion" in answer[1]


@pytest.mark.parametrize("parts", [["Body"], ["Body", "Assertion"], ["Body", "STRTransform"]])
def test_wss4j_believes_the_holder_of_the_key(parts, version, peer, alice, sts):
    token = SamlToken(issue_assertion(said(version, confirmation="holder-of-key", holder=alice), sts))
    answer = peer.verify(secured(Timestamp(), token, Sign(alice, parts=parts, key_reference="assertion")))
    assert answer[0] == "ok", answer
    assert "signature Body" in answer[1]
    assert f"saml signed {STS} alice {METHODS[version]}holder-of-key" in answer[1]


def test_wss4j_decrypts_our_assertion(version, peer, bob, sts):
    token = SamlToken(issue_assertion(said(version), sts))
    encrypt = Encrypt(to=bob, parts=["Body", "Assertion"], algorithm="aes128-gcm", oaep_digest="sha1")
    answer = peer.verify(secured(Timestamp(), token, encrypt))
    assert answer[0] == "ok", answer
    assert f"saml signed {STS} alice" in answer[1]


def test_wss4j_refuses_what_we_refuse(version, peer, alice, bob, sts):
    """The control: its checks are on, and ours."""
    holder = said(version, confirmation="holder-of-key", holder=alice)
    for message in (
        secured(SamlToken(issue_assertion(said(version), sts))).replace(b">alice<", b">admin<"),
        secured(SamlToken(issue_assertion(holder, sts))),
        secured(SamlToken(said(version, confirmation="sender-vouches"))),
        secured(SamlToken(issue_assertion(said(version, audience=["https://shop.example"]), sts))),
    ):
        assert peer.verify(message)[0] == "no"
        with pytest.raises(SecurityError):
            believed(message, bob, sts, trust=TrustStore.of(alice))


# --- what it sends ------------------------------------------------------------------------------------------------


def test_we_believe_a_bearer_assertion_of_wss4j(version, peer, bob, sts):
    found = believed(peer.make(version=version, confirmation="bearer", signed="true"), bob, sts).assertion
    assert (found.subject, found.issuer, found.confirmation, found.verified) == ("alice", STS, "bearer", True)
    assert found.attributes == {"urn:bank/role": ("clerk", "auditor")}
    assert found.authentication.lower().endswith("password")
    assert found.audience == (BANK,)


@pytest.mark.parametrize("signed", ["true", "false"])
@pytest.mark.parametrize("direct", ["", "yes"])
def test_we_believe_whom_wss4j_vouches_for(direct, signed, version, peer, alice, bob, sts):
    settings = {"direct": direct} if direct else {}
    message = peer.make(version=version, confirmation="sender-vouches", signed=signed, sign="sender", **settings)
    result = believed(message, bob, sts, trust=TrustStore.of(alice), confirmation=["sender-vouches"])
    assert (result.assertion.confirmation, result.assertion.verified) == ("sender-vouches", signed == "true")
    assert {entry.name for entry in result.signed} >= {"Body", "Assertion"}
    assert result.signer == alice.certificate


@pytest.mark.parametrize("key", ["X509_CERT", "KEY_VALUE", "X509_ISSUER_SERIAL"])
@pytest.mark.parametrize("direct", ["", "yes"])
def test_we_believe_a_holder_of_a_key_of_wss4j(direct, key, version, peer, alice, bob, sts):
    settings = {"direct": direct} if direct else {}
    message = peer.make(
        version=version, confirmation="holder-of-key", signed="true", sign="holder", key=key, **settings
    )
    result = believed(message, bob, sts, trust=TrustStore.of(alice))
    assert (result.assertion.subject, result.assertion.confirmation) == ("alice", "holder-of-key")
    assert "Body" in [entry.name for entry in result.signed]


def test_we_believe_a_holder_of_a_secret_that_came_encrypted_to_us(version, peer, bob, sts):
    message = peer.make(version=version, confirmation="holder-of-key", signed="true", secret="yes")
    result = believed(message, bob, sts)
    assert (result.assertion.subject, result.assertion.confirmation) == ("alice", "holder-of-key")
    assert [entry.name for entry in result.signed] == ["Body"]


def test_we_decrypt_an_assertion_of_wss4j(version, peer, bob, sts):
    message = peer.make(version=version, confirmation="bearer", signed="true", encrypt="yes")
    assert b"alice" not in message
    assert believed(message, bob, sts).assertion.subject == "alice"


def test_an_assertion_of_wss4j_for_one_use_is_believed_once(peer, sts):
    """Of SAML 2.0; it writes no DoNotCacheCondition."""
    message = peer.make(version="2.0", confirmation="bearer", signed="true", once="yes")
    saml = SamlRequirement(trust=TrustStore.of(sts), audience=[BANK])
    service = Security(inbound=Require(saml=saml, replay=MemoryReplayStore()))
    assert service.verify(Envelope.read(parse_message(message))).assertion
    with pytest.raises(SecurityError, match="for one use"):
        service.verify(Envelope.read(parse_message(message)))
