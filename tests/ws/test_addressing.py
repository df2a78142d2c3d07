"""WS-Addressing: header blocks read and written, by clients and services; where answers may go."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from lxml import etree

import soapkit
from soapkit.errors import Fault, SoapkitError
from soapkit.exchange.flow import run
from soapkit.exchange.message_security import SECURITY_HEADER
from soapkit.server.http import HttpRequest
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1, SOAP_1_2, Version
from soapkit.testing import FakeTransport, loopback
from soapkit.transport.values import Headers, Response
from soapkit.ws.addressing import (
    BY_LABEL,
    VERSION_2004,
    VERSION_2005,
    WSA_2004,
    Addressing,
    EndpointReference,
    Label,
    Properties,
    default_action,
)
from soapkit.ws.addressing_faults import AddressingError
from soapkit.ws.addressing_headers import read_addressing, write_addressing
from soapkit.ws.allowed_addresses import is_allowed
from soapkit.wsdl.load import load_contract
from soapkit.xml.names import WSA

BODY = '<b:balance xmlns:b="urn:example:bank"><b:iban>DE1</b:iban></b:balance>'
XML = Headers({"Content-Type": "text/xml"})
ACTION = "urn:example:bank/balance"


def envelope(properties: Properties, version: Version = SOAP_1_1) -> Envelope:
    return Draft(version, BODY, write_addressing(properties, version)).to_envelope()


def blocks(response: bytes) -> dict[str, str]:
    found = Envelope.read(etree.fromstring(response)).headers
    return {etree.QName(block).localname: "".join(block.itertext()) for block in found}


# --- values -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", BY_LABEL)
@pytest.mark.parametrize("version", [SOAP_1_1, SOAP_1_2], ids=str)
def test_what_is_written_is_read(label: Label, version: Version) -> None:
    here = BY_LABEL[label]
    token = etree.fromstring('<t:token xmlns:t="urn:t">7</t:token>')
    properties = Properties(
        here,
        "urn:do",
        EndpointReference("http://a.example/", (token,) if here is VERSION_2005 else ()),
        "urn:uuid:1",
        (("urn:uuid:0", here.reply), ("urn:uuid:x", "urn:other")),
        EndpointReference("http://from.example/"),
        EndpointReference("http://b.example/?x=1&y=2"),
        EndpointReference("http://c.example/"),
    )
    found = read_addressing(envelope(properties, version))
    assert found is not None
    assert (found.version, found.action, found.message_id, found.relates_to) == (
        here,
        "urn:do",
        "urn:uuid:1",
        properties.relates_to,
    )
    assert (found.reply_to, found.fault_to, found.source) == (
        properties.reply_to,
        properties.fault_to,
        properties.source,
    )
    assert found.to is not None
    assert [one.text for one in found.to.parameters] == (["7"] if here is VERSION_2005 else [])


def test_a_message_without_blocks_has_no_properties() -> None:
    assert read_addressing(Draft(SOAP_1_1, BODY).to_envelope()) is None


@pytest.mark.parametrize(
    ("headers", "subcode"),
    [
        ("<w:Action>a</w:Action><w:Action>b</w:Action>", "InvalidCardinality"),
        ("<w:Action>a</w:Action><w:ReplyTo/>", "MissingAddressInEPR"),
        ("<w:Action> </w:Action>", "InvalidAddressingHeader"),
        ("<w:Action><w:x/></w:Action>", "InvalidAddressingHeader"),
    ],
)
def test_wrong_blocks_are_refused_by_the_name_of_their_fault(headers: str, subcode: str) -> None:
    text = "".join(f"{part}" for part in headers).replace("<w:Action>", f'<w:Action xmlns:w="{WSA}">')
    text = text.replace("<w:ReplyTo/>", f'<w:ReplyTo xmlns:w="{WSA}"/>')
    with pytest.raises(AddressingError) as caught:
        read_addressing(Draft(SOAP_1_1, BODY, (text,)).to_envelope())
    assert caught.value.subcode == subcode


def test_an_answer_relates_to_its_request_and_takes_the_parameters_along() -> None:
    token = etree.fromstring('<t:token xmlns:t="urn:t">7</t:token>')
    request = Properties(action="urn:do", message_id="urn:uuid:1", reply_to=EndpointReference("http://b/", (token,)))
    answer = request.answer("urn:done")
    text = "".join(write_addressing(answer, SOAP_1_2))
    assert ">urn:uuid:1</wsa:RelatesTo>" in text
    assert 'IsReferenceParameter="true"' in text
    assert answer.to == request.reply_to


@pytest.mark.parametrize(
    ("namespace", "action"),
    [
        ("http://example.com/stockquote", "http://example.com/stockquote/StockQuote/GetLastPriceInput"),
        ("http://example.com/stockquote/", "http://example.com/stockquote/StockQuote/GetLastPriceInput"),
        ("urn:example:quotes", "urn:example:quotes:StockQuote:GetLastPriceInput"),
    ],
)
def test_the_default_action_is_by_the_rule(namespace: str, action: str) -> None:
    assert default_action(namespace, "StockQuote", "GetLastPriceInput") == action


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("http://ok.example/answers/1", True),
        ("http://ok.example/answers", True),
        ("http://ok.example/answers-of-others", False),
        ("http://ok.example/answers/../admin", False),
        ("https://ok.example/answers/1", False),
        ("http://ok.example:8080/answers/1", False),
        ("http://ok.example.evil/answers/1", False),
        ("http://ok.example@evil/answers/1", False),
        ("http://evil.example\\@ok.example/answers/1", False),  # urllib3 reads it as one of evil.example
        ("http://me@ok.example/answers/1", False),
        ("http://ok.example/answers/%2e%2E/admin", False),
        ("http://ok.example/answers/..%2fadmin", False),
        ("http://ok.example\t/answers/1", False),
        ("http://ok.example:80/answers/1", True),
        ("HTTP://OK.example/answers/1", True),
        ("file:///etc/passwd", False),
    ],
)
def test_only_what_lies_below_an_allowed_address_is_allowed(address: str, allowed: bool) -> None:
    assert is_allowed(address, ["http://ok.example/answers"]) == allowed


# --- services -----------------------------------------------------------------------------------------------------


@pytest.fixture
def post(bank_service: ModuleType) -> Callable[..., Response]:
    """``post(properties, version, setting=...)``: what the bank answers."""

    def posted(
        properties: Properties | None,
        version: Version = SOAP_1_1,
        action: str = "",
        body: str = BODY,
        **settings: Any,
    ) -> Response:
        endpoint = soapkit.asgi(bank_service.MyBank(), **settings).endpoints[""]
        said = write_addressing(properties, version) if properties is not None else ()
        message = Draft(version, body, said).to_envelope()
        kind = {"Content-Type": version.media_type, **({"SOAPAction": f'"{action}"'} if action else {})}
        return run(endpoint.respond(HttpRequest("POST", "/", headers=Headers(kind), body=message.to_bytes())))

    return posted


@pytest.mark.parametrize("version", [SOAP_1_1, SOAP_1_2], ids=str)
@pytest.mark.parametrize("label", BY_LABEL)
def test_a_service_answers_in_kind(label: Label, version: Version, post: Callable[..., Response]) -> None:
    asked = Addressing(label, must_understand=True).properties("http://x/", ACTION)
    response = post(asked, version)
    assert response.status == 200, response.body
    answer = read_addressing(Envelope.read(etree.fromstring(response.body)))
    assert answer is not None
    assert answer.relates_to == ((asked.message_id, BY_LABEL[label].reply),)
    assert answer.action == "urn:example:bank:Bank:balanceResponse"
    assert answer.version is BY_LABEL[label]


def test_a_declared_fault_has_an_action_of_its_own(bank_service: ModuleType) -> None:
    endpoint = soapkit.asgi(bank_service.MyBank()).endpoints[""]
    asked = Addressing().properties("http://x/", "urn:example:bank/transfer")
    body = (
        '<b:transfer xmlns:b="urn:example:bank"><b:source>DE1</b:source><b:target>DE2</b:target>'
        "<b:amount>1000</b:amount></b:transfer>"
    )
    message = Draft(SOAP_1_1, body, write_addressing(asked, SOAP_1_1)).to_bytes()
    response = run(
        endpoint.respond(HttpRequest("POST", "/", headers=Headers({"Content-Type": "text/xml"}), body=message))
    )
    assert blocks(response.body)["Action"] == "urn:example:bank:Bank:transfer:Fault:InsufficientFunds"
    assert blocks(response.body)["RelatesTo"] == asked.message_id


@pytest.mark.parametrize("role", ["http://www.w3.org/2003/05/soap-envelope/role/none", "urn:other"])
def test_blocks_for_others_are_not_read(role: str) -> None:
    """SOAP Binding, 3.2: those that are for us alone are counted."""
    ours = write_addressing(Properties(action=ACTION, message_id="urn:1"), SOAP_1_2)
    theirs = f'<wsa:Action xmlns:wsa="{WSA}" soap:role="{role}">urn:else</wsa:Action>'
    found = read_addressing(Draft(SOAP_1_2, BODY, (theirs, *ours)).to_envelope())
    assert found is not None
    assert found.action == ACTION
    assert read_addressing(Draft(SOAP_1_2, BODY, (theirs,)).to_envelope()) is None
    played = read_addressing(Draft(SOAP_1_2, BODY, (theirs,)).to_envelope(), roles={"urn:other"})
    assert (played is not None) is (role == "urn:other")


def test_a_reply_to_nobody_is_not_sent(post: Callable[..., Response]) -> None:
    asked = Properties(action=ACTION, message_id="urn:1", reply_to=EndpointReference(f"{WSA}/none"))
    response = post(asked)
    assert (response.status, response.body) == (202, b"")


@pytest.mark.parametrize("version", [SOAP_1_1, SOAP_1_2], ids=str)
def test_a_service_is_no_relay(version: Version, post: Callable[..., Response]) -> None:
    asked = Properties(action=ACTION, message_id="urn:1", reply_to=EndpointReference("http://victim.example/"))
    response = post(asked, version)
    assert b"OnlyAnonymousAddressSupported" in response.body
    assert b"ProblemHeaderQName" in response.body
    assert blocks(response.body)["Action"] == f"{WSA}/fault"


@pytest.mark.parametrize("version", [SOAP_1_1, SOAP_1_2], ids=str)
def test_the_old_version_has_faults_of_its_own(version: Version, post: Callable[..., Response]) -> None:
    asked = Properties(
        VERSION_2004, ACTION, message_id="urn:1", reply_to=EndpointReference("http://victim.example/answers")
    )
    response = post(asked, version)
    assert b"InvalidMessageInformationHeader" in response.body
    assert WSA.encode() not in response.body
    said = read_addressing(Envelope.read(etree.fromstring(response.body)))
    assert said is not None
    assert (said.version, said.action) == (VERSION_2004, f"{WSA_2004}/fault")
    assert said.relates_to == (("urn:1", VERSION_2004.reply),)


@pytest.mark.parametrize(
    ("more", "related"),
    [
        ("", True),
        (f'<To xmlns="{WSA}">urn:a</To><To xmlns="{WSA}">urn:b</To>', True),
        (f'<FaultTo xmlns="{WSA}"/>', True),
        (f'<MessageID xmlns="{WSA}">urn:2</MessageID>', False),  # which one?
    ],
)
def test_a_fault_of_addressing_says_which_message_it_answers(
    more: str, related: bool, bank_service: ModuleType
) -> None:
    asked = Properties(action=ACTION, message_id="urn:1", reply_to=EndpointReference("http://victim.example/"))
    message = Draft(SOAP_1_1, BODY, (*write_addressing(asked, SOAP_1_1), more)).to_bytes()
    endpoint = soapkit.asgi(bank_service.MyBank()).endpoints[""]
    kind = Headers({"Content-Type": "text/xml"})
    answer = run(endpoint.respond(HttpRequest("POST", "/", headers=kind, body=message)))
    assert answer.status == 500
    assert blocks(answer.body).get("RelatesTo") == ("urn:1" if related else None)


@pytest.mark.parametrize(
    ("properties", "refused"),
    [
        (Properties(action=ACTION), True),
        (Properties(VERSION_2004, ACTION), False),
        (Properties(VERSION_2004, ACTION, reply_to=EndpointReference(VERSION_2004.anonymous)), True),
    ],
)
def test_a_request_whose_answer_could_not_say_whose_it_is_is_refused(
    properties: Properties, refused: bool, post: Callable[..., Response]
) -> None:
    assert (b"HeaderRequired" in post(properties).body) == refused


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("urn:example:bank/transfer", 500),
        ("urn:another", 500),
        ("urn:example:bank:Bank:balanceRequest", 200),  # by the default pattern
        ("urn:example:bank:Bank:balance", 200),  # as CXF has it, where the input has no name
        ("urn:example:bank/Bank/balanceRequest", 200),  # as stacks of 2004/08 join it
    ],
)
def test_an_action_that_is_not_of_the_operation_is_refused(
    action: str, status: int, post: Callable[..., Response]
) -> None:
    response = post(Properties(action=action, message_id="urn:1"))
    assert response.status == status
    assert (b"ActionNotSupported" in response.body) == (status == 500)


@pytest.mark.parametrize(("action", "status"), [("urn:another", 200), ("urn:example:bank/transfer", 500)])
def test_an_action_that_no_operation_has_is_passed_over_where_that_is_asked_for(
    action: str, status: int, bank_service: ModuleType
) -> None:
    endpoint = soapkit.asgi(bank_service.MyBank(), any_action=True).endpoints[""]
    message = envelope(Properties(action=action, message_id="urn:1")).to_bytes()
    kind = Headers({"Content-Type": "text/xml"})
    response = run(endpoint.respond(HttpRequest("POST", "/", headers=kind, body=message)))
    assert response.status == status


def test_what_peers_make_of_an_action_is_never_that_of_another_operation() -> None:
    @soapkit.service("urn:example:pages", name="Pages")
    class Pages:
        @soapkit.operation(action="urn:get")
        def get(self) -> str:
            return "get"

        @soapkit.operation(action="urn:getRequest")
        def get_request(self) -> str:
            return "get_request"

    app = soapkit.asgi(Pages())
    for name, action, served in [
        ("get", "urn:get", True),
        ("get", "urn:getRequest", False),
        ("get_request", "urn:getRequest", True),
        ("get_request", "urn:get", False),
    ]:
        asked = write_addressing(Properties(action=action, message_id="urn:1"), SOAP_1_1)
        message = Draft(SOAP_1_1, f'<{name} xmlns="urn:example:pages"/>', asked).to_bytes()
        kind = Headers({"Content-Type": "text/xml"})
        answer = run(app.endpoints[""].respond(HttpRequest("POST", "/", headers=kind, body=message)))
        assert (answer.status == 200) is served, (name, action)


def test_an_action_that_no_operation_has_is_not_supported(bank_service: ModuleType) -> None:
    endpoint = soapkit.asgi(bank_service.MyBank()).endpoints[""]
    asked = Properties(action="urn:another", message_id="urn:1")
    message = Draft(SOAP_1_2, '<x xmlns="urn:x"/>', write_addressing(asked, SOAP_1_2)).to_bytes()
    kind = Headers({"Content-Type": "application/soap+xml"})
    response = run(endpoint.respond(HttpRequest("POST", "/", headers=kind, body=message)))
    assert b"ActionNotSupported" in response.body
    assert b"<wsa:ProblemAction" in response.body


def test_the_fault_of_a_request_that_cannot_be_read_goes_where_faults_go(post: Callable[..., Response]) -> None:
    nobody = EndpointReference(f"{WSA}/none")
    asked = Properties(action=ACTION, message_id="urn:1", fault_to=nobody)
    read = post(asked)
    unread = post(asked, body='<b:balance xmlns:b="urn:example:bank"><b:wrong/></b:balance>')
    assert (read.status, unread.status, unread.body) == (200, 202, b"")


@pytest.mark.parametrize("name", [f"{{{WSA}}}Action", SECURITY_HEADER])
def test_a_reference_parameter_does_not_speak_for_the_service(name: str, post: Callable[..., Response]) -> None:
    back = EndpointReference(VERSION_2005.anonymous, (etree.Element(name),))
    response = post(Properties(action=ACTION, message_id="urn:1", reply_to=back))
    assert response.status == 500
    assert b"InvalidAddressingHeader" in response.body


def test_an_answer_goes_to_an_allowed_address(bank_service: ModuleType, serve: Callable[..., str]) -> None:
    came: list[bytes] = []

    async def listener(scope: Any, receive: Any, send: Any) -> None:
        came.append((await receive())["body"])
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    elsewhere = serve(listener)
    endpoint = soapkit.asgi(bank_service.MyBank(), reply_to=[elsewhere]).endpoints[""]
    asked = Properties(action=ACTION, message_id="urn:1", reply_to=EndpointReference(f"{elsewhere}answers"))
    message = envelope(asked).to_bytes()
    response = run(
        endpoint.respond(HttpRequest("POST", "/", headers=Headers({"Content-Type": "text/xml"}), body=message))
    )
    assert (response.status, response.body) == (202, b"")
    assert blocks(came[0])["RelatesTo"] == "urn:1"
    assert b"balanceResponse" in came[0]


@pytest.mark.parametrize(
    ("properties", "settings", "action", "said"),
    [
        (None, {"addressing": "required"}, "", b"MessageAddressingHeaderRequired"),
        (Properties(to=EndpointReference("http://x/"), message_id="urn:1"), {}, "", b"InvalidAddressingHeader"),
        (Properties(action=ACTION, message_id="urn:1"), {}, "urn:other", b"ActionMismatch"),
        (Properties(action=ACTION), {}, "", b"MessageAddressingHeaderRequired"),  # WS-I BP 1.2, R1163
    ],
)
def test_headers_that_are_missing_or_at_odds_get_their_fault(
    properties: Properties | None, settings: Any, action: str, said: bytes, post: Callable[..., Response]
) -> None:
    response = post(properties, SOAP_1_1, action, **settings)
    assert response.status == 500
    assert said in response.body


def test_switched_off_its_mandatory_blocks_are_not_understood(post: Callable[..., Response]) -> None:
    asked = Addressing().properties("http://x/", ACTION)
    message = write_addressing(asked, SOAP_1_2, must_understand=True)
    assert "mustUnderstand" in message[0]
    endpoint_response = post(asked, SOAP_1_2, addressing="off")
    assert endpoint_response.status == 200  # nothing was mandatory


# --- clients ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", BY_LABEL)
def test_client_and_service_agree(label: Label, bank: ModuleType, bank_service: ModuleType) -> None:
    app = soapkit.asgi(bank_service.MyBank(), addressing="required")
    addressing = Addressing(label, must_understand=True)
    with bank.BankClient("http://bank/", transport=loopback(app), addressing=addressing) as client:
        exchange = client.with_exchange.balance(iban="DE1")
        assert exchange.value.amount == Decimal("100.00")
        both = (exchange.request, exchange.response)
        asked, answered = (read_addressing(Envelope.read(etree.fromstring(one))) for one in both)
        assert asked is not None
        assert answered is not None
        assert answered.relates_to[0][0] == asked.message_id
        assert asked.to == EndpointReference("http://bank/")


def test_an_answer_to_another_message_is_refused(bank: ModuleType) -> None:
    strange = Properties(action="urn:x", relates_to=(("urn:uuid:another", VERSION_2005.reply),))
    body = (
        '<b:balanceResponse xmlns:b="urn:example:bank"><b:amount>1</b:amount><b:currency>EUR</b:currency>'
        "<b:asOf>2026-01-01</b:asOf></b:balanceResponse>"
    )
    reply = Draft(SOAP_1_1, body, write_addressing(strange, SOAP_1_1)).to_bytes()
    with (
        bank.BankClient("http://bank/", transport=FakeTransport(reply), addressing=True) as client,
        pytest.raises(SoapkitError, match="urn:uuid:another"),
    ):
        client.balance(iban="DE1")


POLICY = (
    '<p:Policy xmlns:p="http://www.w3.org/ns/ws-policy"><w:Addressing {}'
    ' xmlns:w="http://www.w3.org/2007/05/addressing/metadata"/></p:Policy>'
)
OLD_POLICY = (
    '<p:Policy xmlns:p="http://schemas.xmlsoap.org/ws/2004/09/policy"><w:UsingAddressing'
    ' xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing/policy"/></p:Policy>'
)


@pytest.mark.parametrize(
    ("mark", "sent"),
    [
        ('<w:UsingAddressing xmlns:w="http://www.w3.org/2006/05/addressing/wsdl" wsdl:required="true"/>', VERSION_2005),
        ('<w:UsingAddressing xmlns:w="http://www.w3.org/2006/05/addressing/wsdl"/>', None),
        (POLICY.format(""), VERSION_2005),
        (POLICY.format('p:Optional="true"'), None),
        (OLD_POLICY, VERSION_2004),
    ],
)
def test_a_client_does_as_the_contract_demands(mark: str, sent: Any, root: Path, tmp_path: Path) -> None:
    text = (root / "wsdl" / "bare.wsdl").read_text()
    head, tag, rest = text.partition("<soap:binding")
    (tmp_path / "bare.wsdl").write_text(f"{head}{mark}{tag}{rest}")
    contract = load_contract(tmp_path / "bare.wsdl")
    with soapkit.Client.from_wsdl(contract, transport=FakeTransport(b"")) as client:
        message = client.preview.count()
        found = read_addressing(Envelope.read(etree.fromstring(message.request)))
        assert (found.version if found is not None else None) is sent


def test_a_fault_of_addressing_is_an_ordinary_fault_to_a_caller(bank: ModuleType, bank_service: ModuleType) -> None:
    app = soapkit.asgi(bank_service.MyBank(), addressing="required")
    with bank.BankClient("http://bank/", transport=loopback(app)) as client, pytest.raises(Fault) as caught:
        client.balance(iban="DE1")
    assert "MessageAddressingHeaderRequired" in str(caught.value.code)
