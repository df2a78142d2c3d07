"""What stands inside of bindings, tokens and options: what is known is read, what is not is told by its name."""

from __future__ import annotations

import pytest

from soapkit.errors import ContractError, SecurityError
from soapkit.policy import Keys
from soapkit.policy.attach import Policies
from soapkit.policy.demands import Demands
from soapkit.policy.normal import normalise
from soapkit.policy.security import read_demands
from soapkit.security import BinarySecurityToken, Security, Sign, TrustStore
from soapkit.security.throwaway import make_authority
from soapkit.wsdl.load import load_contract
from tests.policy.contracts import BODY, BODY_SIGNED, asymmetric, contract, issued, nested, transport, username, x509

PAIR = make_authority()
KEYS = Keys(PAIR, peer=PAIR, trust=TrustStore.of(PAIR), username="alice", password="secret", sts=object())


def demands(policy: str) -> Demands:
    found = Policies(load_contract(contract(policy)))
    (alternative,) = normalise(found.endpoint().policy, found.resolve)
    return read_demands(alternative)


def settings(policy: str) -> Security:
    return Security.from_contract(load_contract(contract(policy, request=BODY, reply=BODY)), keys=KEYS)


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (asymmetric("SignxxBeforeEncrypting"), "SignxxBeforeEncrypting is not known here"),
        (asymmetric(initiator=x509("Always", "RequireHope")), "RequireHope is not known here"),
        (asymmetric().replace("<sp:Lax/>", "<sp:Loose/>"), "Loose is not known here"),
        (asymmetric() + nested("Wss11", "<sp:MustSupportMe/>"), "MustSupportMe is not known here"),
        (asymmetric() + nested("SupportingTokens", x509(), '<x:More xmlns:x="urn:x"/>'), "{urn:x}More is not known"),
        (asymmetric() + x509(), "X509Token stands by itself"),
        (asymmetric() + nested("SupportingTokens", x509(), "<sp:HashPassword/>"), "HashPassword stands outside of a"),
        (
            nested(
                "TransportBinding",
                nested(
                    "TransportToken",
                    '<f:WindowsTransportSecurity xmlns:f="http://schemas.microsoft.com/ws/2006/05/framing/policy"/>',
                ),
            ),
            "a transport of .NET that is not HTTP (WindowsTransportSecurity) is not done",
        ),
        (asymmetric() + "<sp:ProtectTokens/>", "ProtectTokens stands outside of a binding, which it says something of"),
    ],
)
def test_what_is_not_known_inside_is_told(policy: str, said: str) -> None:
    with pytest.raises(SecurityError) as caught:
        settings(policy)
    assert said in str(caught.value)


def test_what_configures_a_stack_is_passed_over_inside_too() -> None:
    rampart = '<r:RampartConfig xmlns:r="http://ws.apache.org/rampart/policy"/>'
    found = demands(nested("TransportBinding", nested("TransportToken", nested("HttpsToken"), rampart)))
    assert found.others == ()


def test_supporting_tokens_inside_of_a_binding_stand_beside_it() -> None:
    inside = transport().replace("<sp:IncludeTimestamp/>", f"<sp:IncludeTimestamp/>{username()}")
    assert demands(inside).supporting == demands(transport() + username()).supporting


def test_the_token_of_a_service_behind_what_ends_https_for_it_still_means_https() -> None:
    assert settings(transport().replace("HttpsToken", "HttpToken")).https


def test_small_letters_in_the_name_of_an_option_make_no_difference() -> None:
    binding = demands(asymmetric(initiator=x509("Always", "RequireDerivedkeys", "WssX509v3Token11"))).binding
    assert binding is not None
    assert binding.initiator_signature is not None
    assert binding.initiator_signature.options >= {"RequireDerivedKeys", "WssX509V3Token11"}


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ("<sp:SignedParts><sp:Bodey/></sp:SignedParts>", "SignedParts names Bodey, which is no part of a message"),
        ("<sp:SignedElements><sp:Body/></sp:SignedElements>", "SignedElements names Body"),
        (
            "<sp13:SignedElements><sp13:XPath2 Filter='subtract'>//t:x</sp13:XPath2></sp13:SignedElements>",
            "read with intersect, not subtract",
        ),
    ],
)
def test_a_part_that_is_none_is_told(parts: str, said: str) -> None:
    with pytest.raises(ContractError, match=said):
        demands(parts)


def test_the_suite_of_edelivery_has_no_sha1() -> None:
    policy = asymmetric().replace(
        "<sp:Basic256Sha256/>", '<e:Basic128GCMSha256MgfSha256 xmlns:e="http://e-delivery.eu/custom/security-policy"/>'
    )
    security = settings(policy)
    (sign,) = (step for step in security.outbound if isinstance(step, Sign))
    assert (sign.algorithm, sign.digest) == ("rsa-sha256", "sha256")
    assert security.inbound.algorithms.ciphers == {"aes128-gcm"}


@pytest.mark.parametrize(
    ("option", "kind"), [("WssX509Pkcs7Token11", "pkcs7"), ("WssX509PkiPathV1Token10", "path"), ("", "direct")]
)
def test_a_certificate_is_carried_as_its_assertion_asks(option: str, kind: str) -> None:
    token = nested("X509Token", f"<sp:{option}/>" if option else "", include="AlwaysToRecipient")
    security = settings(asymmetric(initiator=token) + nested("SupportingTokens", token))
    assert [s.key_reference for s in security.outbound if isinstance(s, Sign)] == [kind]
    assert [s.kind for s in security.outbound if isinstance(s, BinarySecurityToken)] == [kind]


@pytest.mark.parametrize("key_type", ["", "Symmetric"])
def test_the_issued_token_of_an_asymmetric_binding_is_for_a_key_pair(key_type: str) -> None:
    policy = asymmetric(initiator=issued(key_type))
    known = load_contract(contract(policy, request=BODY_SIGNED, reply=BODY_SIGNED))
    issuing = Security.from_contract(known, keys=KEYS).issuing
    assert issuing is not None
    assert issuing.asked["key_type"] == "public"
