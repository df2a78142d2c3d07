"""IssuedToken assertions become settings: the client asks its token service for what the template says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import soapkit
from soapkit.client.sts import SAML_2_0, StsClient
from soapkit.codegen.generate import module_in_memory
from soapkit.errors import SecurityError
from soapkit.policy import Keys
from soapkit.security import (
    SHARED,
    Encrypt,
    IssuedToken,
    KeyPair,
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
from soapkit.security.references_write import assertion_reference
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.testing import FakeTransport, loopback
from soapkit.transport.values import Request
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from soapkit.xml.parse import parse_message
from tests.client.small_sts import SmallSts, hosted
from tests.parties import sealed
from tests.policy.contracts import BODY, BODY_SIGNED, asymmetric, contract, issued, nested, symmetric, transport
from tests.policy.messages import sample

ADDRESS = "https://a.example/"


@pytest.fixture(scope="module")
def people() -> dict[str, KeyPair]:
    authority = make_authority()
    return {"authority": authority} | {name: make_keypair(name, authority) for name in ("alice", "bank", "sts")}


@pytest.fixture
def sts(people: dict[str, KeyPair]) -> SmallSts:
    made = SmallSts()

    def as_assertion(response: Any) -> Any:
        holder = people["alice"] if made.asked[-1].key_type == "public" else None
        said = SamlAssertion(
            issuer="sts",
            subject="alice",
            confirmation="holder-of-key" if holder is not None else "bearer",
            holder=holder,
            audience=[made.asked[-1].applies_to],
        )
        return replace(response, token=parse_message(issue_assertion(said, people["sts"])))

    made.change = as_assertion
    return made


@pytest.fixture
def both(people: dict[str, KeyPair], sts: SmallSts) -> tuple[Keys, Keys]:
    """The keys of a client and of a service."""
    source = StsClient("https://sts.example/", transport=loopback(hosted(sts, "1.3")))
    trust, certificates = TrustStore.of(people["authority"]), [people["bank"].certificate]
    client = Keys(people["alice"], peer=people["bank"], trust=trust, sts=source, certificates=certificates)
    saml = SamlRequirement(trust=TrustStore.of(people["sts"]), audience=[ADDRESS])
    return client, Keys(people["bank"], trust=trust, saml=saml)


def loaded(policy: str, folder: Path, parts: str = "") -> Contract:
    (folder / "double.wsdl").write_bytes(contract(policy, request=parts, reply=parts, address=ADDRESS))
    return load_contract(folder / "double.wsdl")


def never(token: str) -> str:
    return token.replace("/AlwaysToRecipient", "/Never")


POLICIES = {
    "a bearer token over HTTPS": (transport() + nested("SignedSupportingTokens", issued("Bearer")), "", "bearer"),
    "a public key over HTTPS": (transport() + nested("EndorsingSupportingTokens", issued("PublicKey")), "", "public"),
    "a public key that signs": (asymmetric(initiator=issued("PublicKey")), BODY, "public"),
    "a public key that signs, the token told as carried beside": (
        asymmetric("ProtectTokens", initiator=never(issued("Symmetric")))
        + nested("SignedSupportingTokens", issued("Symmetric")),  # as OIO IDWS spells it, and means a key pair
        BODY,
        "public",
    ),
    "a public key that signs, the token told twice alike": (
        asymmetric(initiator=never(issued("PublicKey"))) + nested("SignedSupportingTokens", issued("PublicKey")),
        BODY,
        "public",
    ),
    "a public key that signs, whose it is told by the token beside": (
        asymmetric(initiator=nested("SamlToken", "<sp:WssSamlV20Token11/>", include="Never"))
        + nested("SignedSupportingTokens", issued()),
        BODY,
        "public",
    ),
    "a bearer token beside, and nothing is signed": (
        asymmetric(initiator=never(issued("Bearer"))).replace("<sp:IncludeTimestamp/>", "")
        + nested("SupportingTokens", issued("Bearer")),
        "",
        "bearer",
    ),
    "a bearer token that is signed": (
        asymmetric() + nested("SignedSupportingTokens", issued("Bearer")),
        BODY,
        "bearer",
    ),
}


@pytest.mark.parametrize("policy", POLICIES)
def test_the_client_asks_for_the_token_and_the_service_believes_it(
    policy: str, both: tuple[Keys, Keys], sts: SmallSts, tmp_path: Path
) -> None:
    text, parts, key_type = POLICIES[policy]
    known = loaded(text, tmp_path, parts)
    protocol: Any = module_in_memory(known.services, known.shapes, name="issued").Doubler

    class Doubler(protocol):  # type: ignore[misc]  # generated here
        def double(self, *, number: int, call: soapkit.Call) -> int:
            assert call.security is not None
            assert call.security.assertion is not None
            assert call.security.assertion.subject == "alice"
            return 2 * number

        def half(self, *, number: int) -> int:
            return number // 2

    application = soapkit.asgi(Doubler(), security=Security.from_contract(known, keys=both[1], side="server"))
    security = Security.from_contract(known, keys=both[0])
    with soapkit.Client.from_wsdl(known, security=security, transport=loopback(application)) as client:
        assert (client.double(number=21), client.half(number=21)) == (42, 10)
    (asked,) = sts.asked
    assert (asked.applies_to, asked.key_type, asked.token_type) == (ADDRESS, key_type, SAML_2_0)
    plain = soapkit.Client.from_wsdl(known, transport=loopback(application))
    with pytest.raises(soapkit.Fault, match="security requirements"):
        plain.double(number=21)


@pytest.mark.parametrize("key_type", ["SymmetricKey", ""])
def test_the_key_of_a_token_endorses_over_https(
    key_type: str, both: tuple[Keys, Keys], sts: SmallSts, tmp_path: Path
) -> None:
    known = loaded(transport() + nested("EndorsingSupportingTokens", issued(key_type)), tmp_path)
    transported = FakeTransport(b"<nothing/>")
    security = Security.from_contract(known, keys=both[0])
    client = soapkit.Client.from_wsdl(known, security=security, transport=transported)
    with pytest.raises(soapkit.SoapkitError):
        client.double(number=21)
    header = parse_message(transported.requests[0].body)[0][0]
    assertion = "{urn:oasis:names:tc:SAML:2.0:assertion}Assertion"
    assert [each.tag for each in header] == [TIMESTAMP, assertion, SIGNATURE]
    assert sts.asked[0].key_size == 256


def test_what_a_template_says_more_is_asked_for_as_it_is(
    both: tuple[Keys, Keys], sts: SmallSts, tmp_path: Path
) -> None:
    token = issued("Bearer", '<w:Claims Dialect="urn:claims"><c:Claim xmlns:c="urn:claims"/></w:Claims>')
    known = loaded(transport() + nested("SignedSupportingTokens", token), tmp_path)
    client = soapkit.Client.from_wsdl(
        known, security=Security.from_contract(known, keys=both[0]), transport=FakeTransport(b"<nothing/>")
    )
    with pytest.raises(soapkit.SoapkitError):
        client.double(number=21)
    assert [each.tag.rpartition("}")[2] for each in sts.asked[0].parameters] == ["Claims"]


def test_a_token_that_is_given_needs_no_token_service(both: tuple[Keys, Keys], people: Any, tmp_path: Path) -> None:
    known = loaded(transport() + nested("SignedSupportingTokens", issued("Bearer")), tmp_path)
    given = SamlToken(issue_assertion(SamlAssertion(issuer="sts", subject="alice"), people["sts"]))
    security = Security.from_contract(known, keys=Keys(assertion=given))
    assert security.issuing is None
    assert given in security.outbound


@pytest.mark.parametrize(
    ("policy", "keys", "said"),
    [
        (transport() + nested("SignedSupportingTokens", issued("Bearer")), Keys(), "give Keys(sts=...)"),
        (transport() + nested("EndorsingSupportingTokens", issued("")), Keys(), "give Keys(sts=...)"),
        (symmetric(protection=issued("SymmetricKey")), Keys(), "give Keys(sts=...)"),
        (asymmetric(initiator=issued("SymmetricKey")), Keys(), "give Keys(sts=...)"),
        (
            asymmetric(initiator=issued("PublicKey")) + nested("EndorsingSupportingTokens", issued("SymmetricKey")),
            Keys(),
            "several assertions, or issued tokens, in a message are not done",
        ),
        (
            transport() + nested("EndorsingSupportingTokens", issued("Bearer")),
            Keys(),
            "a bearer token is to endorse, and has no key to sign with",
        ),
    ],
)
def test_what_is_missing_or_not_done_is_told_with_its_place(policy: str, keys: Keys, said: str, tmp_path: Path) -> None:
    known = loaded(policy, tmp_path, BODY)
    with pytest.raises(SecurityError) as caught:
        Security.from_contract(known, keys=keys)
    assert said in str(caught.value)
    assert all("double.wsdl:" in line for line in str(caught.value).splitlines())


FOR_TRANSPORT = transport().replace(nested("HttpsToken", ""), issued("{}"))


@pytest.mark.parametrize("key_type", ["Bearer", "PublicKey", "SymmetricKey"])
@pytest.mark.parametrize("policy", [FOR_TRANSPORT, transport() + nested("SignedSupportingTokens", issued("{}"))])
def test_a_token_that_signs_nothing_is_asked_for_and_shown(
    policy: str, key_type: str, both: tuple[Keys, Keys], tmp_path: Path
) -> None:
    """Also one that stands for the transport itself, as CXF's contracts have it: HTTPS protects it then."""
    known = loaded(policy.replace("{}", key_type), tmp_path, "")
    client = Security.from_contract(known, keys=both[0])
    assert client.https
    assert client.issuing is not None
    assert [step.assertion for step in client.outbound if isinstance(step, SamlToken)] == [client.issuing.tokens]
    assert Security.from_contract(known, keys=both[1], side="server").inbound.saml is not None


DOUBLED = '<d:doubleResponse xmlns:d="urn:double"><d:result>42</d:result></d:doubleResponse>'


def test_the_key_of_a_token_protects_both_ways(both: tuple[Keys, Keys], sts: SmallSts, tmp_path: Path) -> None:
    """The answer names the assertion of the request, which it does not carry."""
    known = loaded(symmetric(protection=issued("SymmetricKey", derived=True)), tmp_path, BODY)
    security = Security.from_contract(known, keys=both[0])
    answers: list[bytes] = []

    def answer(request: Request) -> bytes:
        """As a service that has opened the key in the assertion, as WSS4J refers to it."""
        assertion = parse_message(request.body)[0][0][1]
        assert assertion.tag == "{urn:oasis:names:tc:SAML:2.0:assertion}Assertion"
        assert sts.last_secret is not None
        reference = assertion_reference(assertion)
        theirs = IssuedToken(assertion, sts.last_secret, attached=reference)
        shared = SharedKey(to=theirs, derived="2005/12")
        secured = Security(
            outbound=[
                Timestamp(),
                shared,
                Sign(SHARED, algorithm="hmac-sha1"),
                Encrypt(to=SHARED, algorithm="aes256-cbc"),
            ]
        ).apply(Draft(SOAP_1_1, DOUBLED).to_envelope())
        carried = secured.headers[0].find(assertion.tag)
        secured.headers[0].remove(carried)
        answers.append(secured.to_bytes())
        return answers[-1]

    client = soapkit.Client.from_wsdl(known, security=security, transport=FakeTransport(answer))
    exchange = client.with_exchange.double(number=21)
    assert exchange.value == 42
    assert {one.name for one in exchange.security.signed} == {"Body", "Timestamp"}
    stranger = Security.from_contract(known, keys=replace(both[0], replay=None))
    with pytest.raises(SecurityError, match="we sent none with a key"):
        stranger.verify(Envelope.read(parse_message(answers[0])))


def test_a_token_that_only_the_service_can_read_is_signed_and_names_the_key(
    people: dict[str, KeyPair], both: tuple[Keys, Keys], tmp_path: Path
) -> None:
    """The profile of OIO IDWS, from the contract alone."""
    policy = asymmetric("ProtectTokens", "OnlySignEntireHeadersAndBody", initiator=never(issued("PublicKey")))
    known = loaded(policy + nested("SignedSupportingTokens", issued("PublicKey")), tmp_path, BODY_SIGNED)
    said = SamlAssertion("sts", "alice", audience=[ADDRESS], confirmation="holder-of-key", holder=people["alice"])
    token = sealed(issue_assertion(said, people["sts"]), people["bank"], algorithm="aes256-cbc")
    keys = replace(both[0], assertion=SamlToken(IssuedToken(token)), sts=None)
    client = Security.from_contract(known, keys=keys)
    service = Security.from_contract(known, keys=both[1], side="server")
    sent = client.apply(sample(known))
    assert b"alice<" not in sent.to_bytes()
    believed = service.verify(Envelope.read(parse_message(sent.to_bytes())))
    assert believed.assertion is not None
    assert believed.assertion.subject == "alice"
    assert believed.is_signed(believed.assertion.element)
