"""ContentEncryptedElements, RequiredParts and RequiredElements of WS-SecurityPolicy, kept by both sides."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from soapkit.errors import SecurityError, UsageError
from soapkit.policy import Keys
from soapkit.policy.names import SP12
from soapkit.policy.normal import normalise
from soapkit.policy.parse import WSP15, parse_policy
from soapkit.policy.security import read_demands
from soapkit.policy.words import lines_of
from soapkit.security import Encrypt, KeyPair, Present, Require, Security, Sign, TrustStore
from soapkit.security.markup import ENCRYPTED_DATA, TYPE_CONTENT
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.wsdl.load import load_contract
from soapkit.xml.parse import parse_message
from tests.policy.contracts import BODY, BODY_SIGNED, asymmetric, contract, transport

AUTHORITY = make_authority()
ALICE, BANK = make_keypair("alice", AUTHORITY), make_keypair("bank", AUTHORITY)
TRUST = TrustStore.of(AUTHORITY)
CLIENT = Keys(ALICE, peer=BANK, trust=TRUST, certificates=(ALICE.certificate, BANK.certificate))
SERVICE = Keys(BANK, trust=TRUST, certificates=(ALICE.certificate, BANK.certificate))
MESSAGE = '<t:double xmlns:t="urn:double"><t:number kind="card">4711</t:number></t:double>'
CONTENT = "<sp:ContentEncryptedElements><sp:XPath>//t:number</sp:XPath></sp:ContentEncryptedElements>"
ELEMENT = "<sp:EncryptedElements><sp:XPath>//t:number</sp:XPath></sp:EncryptedElements>"
PART = '<sp:RequiredParts><sp:Header Name="To" Namespace="urn:a"/></sp:RequiredParts>'
ANY_PART = '<sp:RequiredParts><sp:Header Namespace="urn:a"/></sp:RequiredParts>'
PRESENT = "<sp:RequiredElements><sp:XPath>//t:number[@kind='card']</sp:XPath></sp:RequiredElements>"
HEADER = '<a:To xmlns:a="urn:a">bank</a:To>'


def message(*headers: str, body: str = MESSAGE) -> Envelope:
    return Draft(SOAP_1_1, body, headers).to_envelope()


def both(folder: Path, policy: str, request: str) -> tuple[Security, Security]:
    (folder / "double.wsdl").write_bytes(contract(policy, request=request, address="https://a.example/"))
    known = load_contract(folder / "double.wsdl")
    return (
        Security.from_contract(known, keys=CLIENT),
        Security.from_contract(known, keys=SERVICE, side="server"),
    )


def on_the_wire(envelope: Envelope) -> Envelope:
    return Envelope.read(parse_message(envelope.to_bytes()))


def test_the_content_of_elements_is_encrypted_and_not_the_elements(tmp_path):
    client, service = both(tmp_path, asymmetric(), BODY_SIGNED + CONTENT)
    sent = on_the_wire(client.apply(message()))
    (data,) = sent.body.iter(ENCRYPTED_DATA)
    assert data.get("Type") == TYPE_CONTENT
    assert data.getparent().attrib == {"kind": "card"}
    assert b"4711" not in sent.to_bytes()
    result = service.verify(sent)
    assert result.envelope.content[0][0].text == "4711"
    assert "{urn:double}number" in {each.name for each in result.encrypted}


def test_a_service_refuses_content_that_came_in_the_clear(tmp_path):
    _, service = both(tmp_path, asymmetric(), BODY_SIGNED + CONTENT)
    (tmp_path / "plain").mkdir()
    plain, _ = both(tmp_path / "plain", asymmetric(), BODY_SIGNED)
    with pytest.raises(SecurityError, match="did not come encrypted"):
        service.verify(on_the_wire(plain.apply(message())))


def test_a_whole_element_that_came_encrypted_has_its_content_encrypted(tmp_path):
    _, service = both(tmp_path, asymmetric(), BODY_SIGNED + CONTENT)
    (tmp_path / "whole").mkdir()
    for more in (ELEMENT, ""):
        whole, _ = both(tmp_path / "whole", asymmetric(), (BODY_SIGNED + more) if more else BODY)
        assert service.verify(on_the_wire(whole.apply(message()))).envelope.content[0][0].text == "4711"


def test_an_element_whose_content_alone_came_encrypted_is_not_encrypted(tmp_path):
    """Its attributes could be read on the way."""
    _, service = both(tmp_path, asymmetric(), BODY_SIGNED + ELEMENT)
    (tmp_path / "content").mkdir()
    content, _ = both(tmp_path / "content", asymmetric(), BODY_SIGNED + CONTENT)
    with pytest.raises(SecurityError, match="did not come encrypted"):
        service.verify(on_the_wire(content.apply(message())))


def test_content_beside_what_came_encrypted_is_not_hidden(tmp_path):
    client, service = both(tmp_path, asymmetric(), CONTENT)
    sent = on_the_wire(client.apply(message()))
    (data,) = sent.body.iter(ENCRYPTED_DATA)
    data.tail = "forged"
    with pytest.raises(SecurityError, match="did not come encrypted"):
        service.verify(sent)


def test_content_of_several_elements_and_of_none(tmp_path):
    client, service = both(tmp_path, asymmetric(), BODY_SIGNED + CONTENT)
    several = '<t:double xmlns:t="urn:double"><t:number>1</t:number><t:number/></t:double>'
    sent = on_the_wire(client.apply(message(body=several)))
    assert len(list(sent.body.iter(ENCRYPTED_DATA))) == 2
    assert [each.text for each in service.verify(sent).envelope.content[0]] == ["1", None]
    none = client.apply(message(body='<t:double xmlns:t="urn:double"/>'))
    assert not list(none.body.iter(ENCRYPTED_DATA))
    assert len(service.verify(on_the_wire(none)).envelope.content[0]) == 0


@pytest.mark.parametrize("binding", [asymmetric(), transport()])
@pytest.mark.parametrize("required", [PART, ANY_PART, PRESENT])
def test_what_must_be_there_is_looked_for_by_both_sides(binding, required, tmp_path):
    client, service = both(tmp_path, binding, (BODY if "Asymmetric" in binding else "") + required)
    right = message(HEADER)
    assert service.verify(on_the_wire(client.apply(right))).envelope.content[0][0].text == "4711"
    wrong = message(body=MESSAGE.replace("card", "cash"))
    with pytest.raises(SecurityError, match="which must be there"):
        client.apply(wrong)
    (tmp_path / "loose").mkdir()
    loose, _ = both(tmp_path / "loose", binding, BODY if "Asymmetric" in binding else "")
    with pytest.raises(SecurityError, match="which must be there"):
        service.verify(on_the_wire(loose.apply(wrong)))


def test_headers_of_a_namespace_are_signed_and_must_be(tmp_path):
    """SignedParts with a Header that says a namespace and no name."""
    parts = '<sp:SignedParts><sp:Body/><sp:Header Namespace="urn:a"/></sp:SignedParts>'
    client, service = both(tmp_path, asymmetric(), parts)
    sent = client.apply(message(HEADER, '<a:Action xmlns:a="urn:a">go</a:Action>', '<b:X xmlns:b="urn:b"/>'))
    assert {each.name for each in service.verify(on_the_wire(sent)).signed} >= {"{urn:a}To", "{urn:a}Action"}
    sent.header.insert(0, etree.fromstring(HEADER))
    with pytest.raises(SecurityError, match="is not covered"):
        service.verify(on_the_wire(sent))


def test_a_supporting_token_signs_elements_too(tmp_path):
    elements = "<sp:SignedElements><sp:XPath>//t:number</sp:XPath></sp:SignedElements>"
    token = "<sp:X509Token><p:Policy><sp:WssX509V3Token10/></p:Policy></sp:X509Token>"
    endorsing = f"<sp:EndorsingSupportingTokens><p:Policy>{token}{elements}</p:Policy></sp:EndorsingSupportingTokens>"
    client, service = both(tmp_path, asymmetric() + endorsing, BODY)
    result = service.verify(on_the_wire(client.apply(message())))
    assert "{urn:double}number" in {each.name for each in result.signed}


@pytest.mark.parametrize("name", ["ContentEncryptedElements", "RequiredElements"])
def test_a_path_that_cannot_be_read_is_told_with_its_place(name, tmp_path):
    with pytest.raises(SecurityError, match=r"double.wsdl:\d+: the XPath //x:y uses the prefix x"):
        both(tmp_path, asymmetric(), f"<sp:{name}><sp:XPath>//x:y</sp:XPath></sp:{name}>")


def test_it_is_told_in_words():
    inside = parse_message(
        f'<p:Policy xmlns:p="{WSP15}" xmlns:sp="{SP12}" xmlns:t="t">{CONTENT}{ANY_PART}{PRESENT}</p:Policy>'.encode()
    )
    (alternative,) = normalise(parse_policy(inside))
    assert lines_of(read_demands(alternative)) == (
        "encrypted: what is in //t:number",
        "must be there: headers of urn:a, //t:number[@kind='card']",
    )


# --- by hand ------------------------------------------------------------------------------------------------------


def test_content_is_a_part_by_hand():
    part = "//{urn:double}number/node()"
    sent = Security(outbound=[Encrypt(to=BANK, parts=[part])]).apply(message())
    assert b"4711" not in sent.to_bytes()
    result = Security(inbound=Require(encrypted=[part], key=BANK)).verify(on_the_wire(sent))
    assert result.envelope.content[0][0].text == "4711"


def test_parts_must_be_there_by_hand():
    with pytest.raises(SecurityError, match=r"no {urn:a}To, which must be there"):
        Security(outbound=[Present(["{urn:a}To"])]).apply(message())
    with pytest.raises(SecurityError, match=r"no {urn:a}\*, which must be there"):
        Security(inbound=Require(present=["{urn:a}*"])).verify(message())
    assert Security(outbound=[Present(["{urn:a}*"])]).apply(message(HEADER)).headers


def test_settings_that_cannot_be_meant_are_refused():
    alice: KeyPair = ALICE
    for wrong in (lambda: Sign(alice, parts=["//x/node()"]), lambda: Present(["//x/node()"])):
        with pytest.raises(UsageError, match="for Encrypt alone"):
            wrong()
    with pytest.raises(UsageError, match="for Encrypt alone"):
        Require(signed=["//x/node()"], trust=TRUST)
    with pytest.raises(UsageError, match="names of parts, not a str"):
        Require(present="Body")
