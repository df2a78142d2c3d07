"""Faults, read and written in both versions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soapkit.errors import EncodeError, FaultCode
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.fault import FaultMessage, read_fault, write_fault
from soapkit.soap.version import SOAP_1_1, SOAP_1_2, Version
from soapkit.xml.parse import parse_message


def fault_in(version: Version, body: str) -> FaultMessage:
    fault = read_fault(Draft(version, body).to_envelope())
    assert fault is not None
    return fault


def fault_11(inside: str) -> FaultMessage:
    return fault_in(SOAP_1_1, f'<soap:Fault xmlns:x="urn:x">{inside}</soap:Fault>')


def fault_12(inside: str) -> FaultMessage:
    return fault_in(SOAP_1_2, f'<soap:Fault xmlns:x="urn:x">{inside}</soap:Fault>')


def test_a_plain_message_is_no_fault() -> None:
    assert read_fault(Draft(SOAP_1_1, "<a/>").to_envelope()) is None
    assert read_fault(Draft(SOAP_1_1).to_envelope()) is None


def test_a_fault_of_soap_11_is_read_whole() -> None:
    fault = fault_11(
        "<faultcode>soap:Client</faultcode><faultstring xml:lang='de'>kein Geld</faultstring>"
        "<faultactor>urn:bank</faultactor><detail x:a='1'><x:funds>3</x:funds><x:more/></detail>"
    )
    assert fault.code == FaultCode("Sender")
    assert fault.reasons == {"de": "kein Geld"}
    assert fault.reason == "kein Geld"
    assert fault.role == "urn:bank"
    assert [entry.tag for entry in fault.detail] == ["{urn:x}funds", "{urn:x}more"]
    assert fault.detail_attributes == {"{urn:x}a": "1"}


def test_a_fault_of_soap_12_is_read_whole() -> None:
    fault = fault_12(
        "<soap:Code><soap:Value>soap:Sender</soap:Value>"
        "<soap:Subcode><soap:Value>x:NoMoney</soap:Value>"
        "<soap:Subcode><soap:Value>x:AtAll</soap:Value></soap:Subcode></soap:Subcode></soap:Code>"
        '<soap:Reason><soap:Text xml:lang="de">kein Geld</soap:Text>'
        '<soap:Text xml:lang="en">no money</soap:Text></soap:Reason>'
        "<soap:Node>urn:node</soap:Node><soap:Role>urn:role</soap:Role><soap:Detail><x:funds/></soap:Detail>"
    )
    assert fault.code == FaultCode("Sender", ("{urn:x}NoMoney", "{urn:x}AtAll"))
    assert fault.reasons == {"de": "kein Geld", "en": "no money"}
    assert fault.reason == "no money"
    assert (fault.node, fault.role) == ("urn:node", "urn:role")
    assert [entry.tag for entry in fault.detail] == ["{urn:x}funds"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("soap:Client", FaultCode("Sender")),
        ("soap:Server", FaultCode("Receiver")),
        ("soap:VersionMismatch", FaultCode("VersionMismatch")),
        ("soap:MustUnderstand", FaultCode("MustUnderstand")),
        ("Client", FaultCode("Sender")),
        ("undeclared:Server", FaultCode("Receiver")),
        (" soap:Client\n", FaultCode("Sender")),
        ("soap:Sender", FaultCode("Sender")),
        ("soap:Client.Authentication", FaultCode("Sender", (f"{{{SOAP_1_1.namespace}}}Client.Authentication",))),
        ("Server.userException", FaultCode("Receiver", ("Server.userException",))),
        ("x:NoMoney", FaultCode("Receiver", ("{urn:x}NoMoney",))),
        ("x:Client", FaultCode("Receiver", ("{urn:x}Client",))),
        ("SOAP-ENV:Server", FaultCode("Receiver")),
        ("500", FaultCode("Receiver", ("500",))),
        ("", FaultCode("Receiver")),
    ],
)
def test_a_faultcode_of_any_shape_is_understood(text: str, code: FaultCode) -> None:
    assert fault_11(f"<faultcode>{text}</faultcode>").code == code


def test_a_security_faultcode_blames_the_sender() -> None:
    wsse = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
    fault = fault_11(f'<faultcode xmlns:w="{wsse}">w:FailedAuthentication</faultcode>')
    assert fault.code == FaultCode("Sender", (f"{{{wsse}}}FailedAuthentication",))


def test_a_prefix_may_be_declared_on_the_faultcode_itself() -> None:
    assert fault_11('<faultcode xmlns:q="urn:q">q:Bad</faultcode>').code.subcodes == ("{urn:q}Bad",)


@pytest.mark.parametrize(
    "body",
    [
        "<soap:Fault/>",
        "<soap:Fault><faultcode/></soap:Fault>",
        "<soap:Fault><faultstring/></soap:Fault>",
        "<soap:Fault><detail/></soap:Fault>",
        "<soap:Fault>just words</soap:Fault>",
        "<soap:Fault><soap:Code/><soap:Reason/></soap:Fault>",
        "<soap:Fault><soap:Code><soap:Subcode/></soap:Code></soap:Fault>",
    ],
)
@pytest.mark.parametrize("version", [SOAP_1_1, SOAP_1_2])
def test_a_fault_without_its_parts_is_still_a_fault(version: Version, body: str) -> None:
    fault = fault_in(version, body)
    assert fault.code == FaultCode("Receiver")
    assert fault.reason == ""


def test_a_soap_11_fault_whose_children_are_qualified_is_read() -> None:
    fault = fault_11(
        "<soap:faultcode>soap:Client</soap:faultcode><soap:faultstring>bad</soap:faultstring>"
        "<soap:detail><x:d/></soap:detail>"
    )
    assert (fault.code.name, fault.reason, len(fault.detail)) == ("Sender", "bad", 1)


def test_a_soap_12_shaped_fault_inside_soap_11_is_read() -> None:
    fault = fault_11(
        "<soap:Code><soap:Value>soap:Sender</soap:Value></soap:Code><soap:Reason><soap:Text>bad</soap:Text></soap:Reason>"
    )
    assert (fault.code.name, fault.reason) == ("Sender", "bad")


def test_a_soap_12_fault_element_inside_a_soap_11_envelope_is_read() -> None:
    fault = fault_in(
        SOAP_1_1,
        f'<f:Fault xmlns:f="{SOAP_1_2.namespace}"><f:Code><f:Value>f:Sender</f:Value></f:Code>'
        "<f:Reason><f:Text xml:lang='en'>bad</f:Text></f:Reason></f:Fault>",
    )
    assert (fault.code.name, fault.reason) == ("Sender", "bad")


def test_markup_inside_a_reason_does_not_cut_it() -> None:
    assert fault_11("<faultstring>not <b>enough</b> money</faultstring>").reason == "not enough money"


def test_a_written_fault_of_soap_11_has_unqualified_children() -> None:
    fault = write_fault(SOAP_1_1, FaultCode("Sender"), "no <money>", '<x xmlns="urn:x"/>', role="urn:me")
    assert fault == (
        '<soap:Fault xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><faultcode>soap:Client</faultcode>'
        "<faultstring>no &lt;money&gt;</faultstring><faultactor>urn:me</faultactor>"
        '<detail><x xmlns="urn:x"/></detail></soap:Fault>'
    )


def test_a_written_fault_of_soap_12_says_its_language() -> None:
    fault = write_fault(SOAP_1_2, FaultCode("Receiver"), "broken")
    assert fault == (
        '<soap:Fault xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Code><soap:Value>soap:Receiver</soap:Value>'
        '</soap:Code><soap:Reason><soap:Text xml:lang="en">broken</soap:Text></soap:Reason></soap:Fault>'
    )


def test_soap_11_tells_a_subcode_where_it_has_room_for_one_code() -> None:
    fault = write_fault(SOAP_1_1, FaultCode("Sender", ("{urn:x}NoMoney",)), "no")
    assert '<faultcode xmlns:code="urn:x">code:NoMoney</faultcode>' in fault


def test_soap_11_keeps_the_codes_that_soap_acts_on() -> None:
    fault = write_fault(SOAP_1_1, FaultCode("MustUnderstand", ("{urn:x}Header",)), "no")
    assert "<faultcode>soap:MustUnderstand</faultcode>" in fault


def test_soap_11_has_no_code_for_an_unknown_encoding() -> None:
    assert "soap:Client" in write_fault(SOAP_1_1, FaultCode("DataEncodingUnknown"), "no")


def test_an_unknown_code_name_is_the_receivers() -> None:
    assert "soap:Server" in write_fault(SOAP_1_1, FaultCode("Nonsense"), "no")
    assert "soap:Receiver" in write_fault(SOAP_1_2, FaultCode("Nonsense"), "no")


def test_a_fault_without_a_reason_can_be_written() -> None:
    for version in (SOAP_1_1, SOAP_1_2):
        assert fault_in(version, write_fault(version, FaultCode(), "")).reason == ""


def test_a_reason_that_xml_cannot_carry_is_refused() -> None:
    with pytest.raises(EncodeError, match=r"U\+0000"):
        write_fault(SOAP_1_1, FaultCode(), "a\0b")


def test_attributes_of_the_detail_are_written() -> None:
    names = {"{urn:y}a": 'x"<', "b": "2", "{http://www.w3.org/XML/1998/namespace}lang": "en"}
    for version in (SOAP_1_1, SOAP_1_2):
        assert (
            fault_in(version, write_fault(version, FaultCode(), "no", detail_attributes=names)).detail_attributes
            == names
        )


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")).map(
    lambda text: " ".join(text.split())
)
NAMES = st.builds("{{urn:{}}}{}".format, st.sampled_from("abc"), st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_.-]{0,8}\Z"))
CODES = st.builds(
    FaultCode,
    st.sampled_from(["Sender", "Receiver", "VersionMismatch", "MustUnderstand", "DataEncodingUnknown"]),
    st.lists(NAMES, max_size=3).map(tuple),
)


@given(CODES, st.dictionaries(st.sampled_from(["en", "de", "fr-CH"]), WORDS.filter(bool), min_size=1), WORDS, WORDS)
def test_a_soap_12_fault_is_read_as_it_was_written(
    code: FaultCode, reasons: dict[str, str], role: str, node: str
) -> None:
    fault = fault_in(SOAP_1_2, write_fault(SOAP_1_2, code, reasons, "<d/>", role=role, node=node))
    assert (fault.code, fault.reasons, fault.role, fault.node) == (code, reasons, role.strip(), node.strip())
    assert [entry.tag for entry in fault.detail] == ["d"]


@given(st.sampled_from(["Sender", "Receiver", "VersionMismatch", "MustUnderstand"]), WORDS.filter(bool), WORDS)
def test_a_soap_11_fault_is_read_as_it_was_written(name: str, reason: str, role: str) -> None:
    fault = fault_in(SOAP_1_1, write_fault(SOAP_1_1, FaultCode(name), reason, role=role))
    assert (fault.code, fault.reason, fault.role) == (FaultCode(name), reason, role.strip())


def test_comments_inside_a_fault_do_not_matter() -> None:
    text = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><!-- a --><s:Fault>'
        "<faultcode>s:<!-- b -->Client</faultcode><faultstring>no<!-- c --> money</faultstring>"
        "</s:Fault></s:Body></s:Envelope>"
    )
    fault = read_fault(Envelope.read(parse_message(text.encode())))
    assert fault is not None
    assert (fault.code.name, fault.reason) == ("Sender", "no money")
