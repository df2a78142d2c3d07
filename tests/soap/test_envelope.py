"""Envelopes: what is one, and what is not."""

import pytest

from soapkit.errors import MessageError
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1, SOAP_1_2, Version
from soapkit.xml.parse import parse_message

S11 = 'xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
S12 = 'xmlns:s="http://www.w3.org/2003/05/soap-envelope"'


def read(text: str) -> Envelope:
    return Envelope.read(parse_message(text.encode()))


@pytest.mark.parametrize(("declaration", "version"), [(S11, SOAP_1_1), (S12, SOAP_1_2)])
def test_the_namespace_of_the_envelope_tells_its_version(declaration: str, version: Version) -> None:
    assert read(f"<s:Envelope {declaration}><s:Body/></s:Envelope>").version is version


def test_header_blocks_and_body_entries_come_in_order() -> None:
    envelope = read(f"<s:Envelope {S11}><s:Header><a/><b/></s:Header><s:Body><c/><d/></s:Body></s:Envelope>")
    assert [block.tag for block in envelope.headers] == ["a", "b"]
    assert [entry.tag for entry in envelope.content] == ["c", "d"]


def test_an_envelope_of_an_unknown_namespace_is_a_version_mismatch() -> None:
    with pytest.raises(MessageError, match="urn:soap-3") as caught:
        read('<s:Envelope xmlns:s="urn:soap-3"><s:Body/></s:Envelope>')
    assert caught.value.code == "VersionMismatch"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<html><body/></html>", "expected a SOAP Envelope, found element html"),
        (f"<s:Envelope {S11}/>", "has no Body"),
        (f"<s:Envelope {S11}><s:Header/></s:Envelope>", "has no Body"),
        (f"<s:Envelope {S11}><s:Body/><s:Header/></s:Envelope>", "may not stand here"),
        (f"<s:Envelope {S11}><s:Body/><s:Body/></s:Envelope>", "may not stand here"),
        (f"<s:Envelope {S12}><s:Body/><x xmlns='urn:x'/></s:Envelope>", "may not stand here"),
        (f"<s:Envelope {S11}><s:Body/><x/></s:Envelope>", "may not stand here"),
        (f"<s:Envelope {S11}><x xmlns='urn:x'/><s:Body/></s:Envelope>", "may not stand here"),
        (f"<s:Envelope {S11}><Body/></s:Envelope>", "may not stand here"),
        (f"<s:Envelope {S12}><s:Header/><s:Header/><s:Body/></s:Envelope>", "may not stand here"),
    ],
)
def test_a_wrong_structure_is_the_senders_fault(text: str, words: str) -> None:
    with pytest.raises(MessageError, match=words) as caught:
        read(text)
    assert caught.value.code == "Sender"
    assert caught.value.place.line == 1


def test_soap_11_lets_qualified_elements_follow_the_body() -> None:
    assert read(f"<s:Envelope {S11}><s:Body/><x xmlns='urn:x'/></s:Envelope>").content == ()


def test_a_draft_becomes_the_envelope_it_describes() -> None:
    draft = Draft(SOAP_1_2, '<x xmlns="urn:x">ä</x>').with_headers('<h xmlns="urn:h"/>')
    envelope = draft.to_envelope()
    assert envelope.version is SOAP_1_2
    assert [block.tag for block in envelope.headers] == ["{urn:h}h"]
    assert envelope.content[0].text == "ä"
    assert Envelope.read(parse_message(envelope.to_bytes())).to_bytes() == draft.to_bytes()


def test_versions_are_told_apart_by_identity_and_serve_as_keys() -> None:
    assert {SOAP_1_1: "a", SOAP_1_2: "b"}[SOAP_1_2] == "b"
    assert SOAP_1_1.fault == "{http://schemas.xmlsoap.org/soap/envelope/}Fault"
    assert repr(SOAP_1_2) == "SOAP 1.2"
