"""Every abnormal request gets the fault that SOAP names for it, in the version of the request."""

from __future__ import annotations

import logging
from types import ModuleType
from typing import Any

import pytest
from lxml import etree

from soapkit.exchange.flow import run
from soapkit.server.endpoint import Endpoint
from soapkit.server.host import endpoint_for
from soapkit.server.http import HttpRequest
from soapkit.soap.envelope import Envelope
from soapkit.soap.fault import FaultMessage, read_fault
from soapkit.transport.values import Headers, Response
from soapkit.xml.names import SOAP11, SOAP12
from soapkit.xml.parse import parse_message

MEDIA = {"1.1": "text/xml; charset=utf-8", "1.2": "application/soap+xml; charset=utf-8"}
NAMESPACE = {"1.1": SOAP11, "1.2": SOAP12}

BALANCE = '<b:balance xmlns:b="urn:example:bank"><b:iban>DE1</b:iban></b:balance>'


def envelope(body: str, version: str = "1.1", header: str = "") -> bytes:
    block = f"<s:Header>{header}</s:Header>" if header else ""
    return f'<s:Envelope xmlns:s="{NAMESPACE[version]}">{block}<s:Body>{body}</s:Body></s:Envelope>'.encode()


def post(endpoint: Endpoint, body: bytes, version: str = "1.1", **headers: str) -> Response:
    fields = {"Content-Type": MEDIA[version], **{name.replace("_", "-"): value for name, value in headers.items()}}
    return run(endpoint.respond(HttpRequest("POST", "/", headers=Headers(fields), body=body)))


def fault_in(response: Response) -> FaultMessage:
    fault = read_fault(Envelope.read(parse_message(response.body)))
    assert fault is not None, response.body
    return fault


@pytest.fixture
def endpoint(bank_service: ModuleType) -> Endpoint:
    return endpoint_for(bank_service.MyBank())


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_reply_keeps_the_soap_version_of_its_request(endpoint: Endpoint, version: str) -> None:
    response = post(endpoint, envelope(BALANCE, version), version)
    assert response.status == 200
    assert response.headers["content-type"].startswith(MEDIA[version].split(";")[0])
    assert etree.fromstring(response.body).tag == f"{{{NAMESPACE[version]}}}Envelope"


def test_the_soap_version_is_that_of_the_envelope_not_of_the_media_type(endpoint: Endpoint) -> None:
    response = post(endpoint, envelope(BALANCE, "1.2"), "1.1")
    assert etree.fromstring(response.body).tag == f"{{{SOAP12}}}Envelope"


# What is sent, in which version; the HTTP status, the fault code and a piece of the reason that come back.
ABNORMAL = {
    "an empty body": (b"", "1.1", 500, "Sender", "empty"),
    "text": (b"hello", "1.1", 500, "Sender", "expected XML"),
    "a cut message": (envelope(BALANCE)[:-20], "1.1", 500, "Sender", "not well-formed"),
    "a cut message of SOAP 1.2": (envelope(BALANCE, "1.2")[:-20], "1.2", 400, "Sender", "not well-formed"),
    "a DOCTYPE": (b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + envelope(BALANCE), "1.1", 500, "Sender", "DOCTYPE"),
    "an external entity": (
        b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>" + envelope(BALANCE.replace("DE1", "&a;")),
        "1.1",
        500,
        "Sender",
        "DOCTYPE",
    ),
    "a depth bomb": (envelope("<a>" * 2000 + "</a>" * 2000), "1.1", 500, "Sender", "limit"),
    "an attribute bomb": (
        envelope("<a " + " ".join(f'x{number}=""' for number in range(10_000)) + "/>"),
        "1.1",
        500,
        "Sender",
        "attributes",
    ),
    "not an envelope": (b"<a/>", "1.1", 500, "Sender", "expected a SOAP Envelope"),
    "an envelope of no known version": (
        b'<Envelope xmlns="urn:soap:13"><Body/></Envelope>',
        "1.1",
        500,
        "VersionMismatch",
        "SOAP 1.1 or 1.2",
    ),
    "no Body": (f'<s:Envelope xmlns:s="{SOAP11}"/>'.encode(), "1.1", 500, "Sender", "no Body"),
    "an empty Body": (envelope(""), "1.1", 500, "Sender", "empty Body"),
    "an unknown operation": (
        envelope('<b:Balance xmlns:b="urn:example:bank"/>'),
        "1.1",
        500,
        "Sender",
        "did you mean {urn:example:bank}balance",
    ),
    "two bodies": (envelope(BALANCE + BALANCE), "1.1", 500, "Sender", "expected one element"),
    "an unknown parameter": (
        envelope('<b:balance xmlns:b="urn:example:bank"><b:ibna>DE1</b:ibna></b:balance>', "1.2"),
        "1.2",
        400,
        "Sender",
        "iban",
    ),
    "a missing parameter": (envelope('<b:balance xmlns:b="urn:example:bank"/>'), "1.1", 500, "Sender", "iban"),
    "a value against a facet": (envelope(BALANCE.replace("DE1", "no iban")), "1.1", 500, "Sender", "iban"),
    "a mandatory header that nobody understands": (
        envelope(BALANCE, "1.1", '<x:y xmlns:x="urn:x" s:mustUnderstand="1"/>'),
        "1.1",
        500,
        "MustUnderstand",
        "{urn:x}y",
    ),
    "a missing required header": (
        envelope(
            '<b:closeAccount xmlns:b="urn:example:bank"><b:iban>DE1</b:iban><b:payTo>DE2</b:payTo></b:closeAccount>'
        ),
        "1.1",
        500,
        "Sender",
        "caller",
    ),
}


@pytest.mark.parametrize("name", ABNORMAL)
def test_an_abnormal_request_gets_the_fault_that_soap_names(endpoint: Endpoint, name: str) -> None:
    body, version, status, code, reason = ABNORMAL[name]
    response = post(endpoint, body, version)
    fault = fault_in(response)
    assert (response.status, fault.code.name) == (status, code)
    assert reason in fault.reason


@pytest.mark.parametrize("name", ABNORMAL)
def test_it_keeps_serving_after_an_abnormal_request(endpoint: Endpoint, name: str) -> None:
    post(endpoint, ABNORMAL[name][0], ABNORMAL[name][1])
    assert post(endpoint, envelope(BALANCE)).status == 200


def test_without_details_a_sender_is_not_told_what_was_wrong(bank_service: ModuleType) -> None:
    endpoint = endpoint_for(bank_service.MyBank(), details=False)
    reason = fault_in(post(endpoint, envelope('<b:balance xmlns:b="urn:example:bank"/>'))).reason
    assert reason == "the message cannot be read"


def test_a_message_not_understood_names_each_block_in_a_header(endpoint: Endpoint) -> None:
    header = '<x:y xmlns:x="urn:x" s:mustUnderstand="true"/><x:z xmlns:x="urn:x" s:mustUnderstand="true"/>'
    response = post(endpoint, envelope(BALANCE, "1.2", header), "1.2")
    blocks = etree.fromstring(response.body).findall(f"{{{SOAP12}}}Header/{{{SOAP12}}}NotUnderstood")
    assert [block.get("qname", "").split(":")[-1] for block in blocks] == ["y", "z"]


def test_a_mandatory_header_for_another_role_is_not_ours(endpoint: Endpoint) -> None:
    header = '<x:y xmlns:x="urn:x" s:mustUnderstand="1" s:actor="urn:somebody-else"/>'
    assert post(endpoint, envelope(BALANCE, "1.1", header)).status == 200


def test_a_version_mismatch_is_told_in_soap_1_1_with_the_versions_we_speak(endpoint: Endpoint) -> None:
    response = post(endpoint, b'<Envelope xmlns="urn:soap:13"><Body/></Envelope>')
    root = etree.fromstring(response.body)
    assert root.tag == f"{{{SOAP11}}}Envelope"
    assert len(root.findall(f"{{{SOAP11}}}Header/{{{SOAP12}}}Upgrade/{{{SOAP12}}}SupportedEnvelope")) == 2


@pytest.mark.parametrize("media_type", ["text/plain", "application/json", "application/x-www-form-urlencoded", ""])
def test_a_media_type_that_a_browser_may_send_unasked_is_415(endpoint: Endpoint, media_type: str) -> None:
    headers = Headers({"Content-Type": media_type} if media_type else {})
    response = run(endpoint.respond(HttpRequest("POST", "/", headers=headers, body=envelope(BALANCE))))
    assert response.status == 415


@pytest.mark.parametrize("coding", ["br", "gzip, gzip", "compress"])
def test_a_coding_that_is_not_undone_is_415_and_says_which_are(endpoint: Endpoint, coding: str) -> None:
    headers = Headers({"Content-Type": "text/xml", "Content-Encoding": coding})
    response = run(endpoint.respond(HttpRequest("POST", "/", headers=headers, body=envelope(BALANCE))))
    assert (response.status, response.headers.get("accept-encoding")) == (415, "gzip, deflate")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_is_405_and_says_what_is_allowed(endpoint: Endpoint, method: str) -> None:
    response = run(endpoint.respond(HttpRequest(method, "/")))
    assert response.status == 405
    assert "POST" in response.headers["allow"]


def test_a_one_way_message_is_answered_202_and_nothing(endpoint: Endpoint) -> None:
    notify = '<b:notify xmlns:b="urn:example:bank"><b:iban>DE1</b:iban><b:message>hello</b:message></b:notify>'
    response = post(endpoint, envelope(notify))
    assert (response.status, response.body) == (202, b"")


class Failing:
    """A handler of every operation that fails with a secret in its message."""

    def __init__(self, service: Any) -> None:
        type(self).__soapkit_service__ = service  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> Any:
        def handler(**_: object) -> None:
            raise RuntimeError("the password is hunter2")

        return handler


def test_an_unexpected_exception_is_told_to_the_log_and_not_to_the_caller(
    bank: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint = endpoint_for(Failing(bank.Bank.__soapkit_service__))
    with caplog.at_level(logging.ERROR, "soapkit.server"):
        response = post(endpoint, envelope(BALANCE))
    fault = fault_in(response)
    assert fault.code.name == "Receiver"
    assert b"hunter2" not in response.body
    assert "hunter2" in caplog.text
    reference = fault.reason.split("reference ")[1].rstrip(")")
    assert reference in caplog.text


def test_a_body_lost_to_an_upgrade_is_told_to_the_log(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    """CXF 4 asks for HTTP/2; uvicorn with httptools then hands on the head alone."""
    assert fault_in(post(endpoint, b"", Upgrade="h2c")).code.name == "Sender"
    assert "came without its body: uvicorn with httptools drops it" in caplog.text
    caplog.clear()
    post(endpoint, b"")
    assert "Upgrade" not in caplog.text


def test_a_declared_fault_carries_its_typed_detail(endpoint: Endpoint) -> None:
    response = post(endpoint, envelope(BALANCE.replace("DE1", "XX9")))
    fault = fault_in(response)
    (entry,) = fault.detail
    assert entry.tag == "{urn:example:bank:types}unknownAccount"
    assert entry[0].text == "XX9"
    assert response.status == 500
