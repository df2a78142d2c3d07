"""SOAP over HTTP, clause by clause: a request to an endpoint, and the response it must get.

SOAP 1.1, 6; SOAP 1.2 part 2, 7; WS-I Basic Profile 1.1, 3.4 and 4.7.
"""

# ruff: noqa: E501  one row of the table a line

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from soapkit.exchange.flow import run
from soapkit.server.endpoint import Endpoint
from soapkit.server.host import endpoint_for
from soapkit.server.http import HttpRequest
from soapkit.server.service import operation, service
from soapkit.soap.fault import read_fault
from soapkit.soap.headers import read_not_understood, read_upgrade
from soapkit.soap.wire import unpack
from soapkit.transport.values import Headers, Response

S11 = "http://schemas.xmlsoap.org/soap/envelope/"
S12 = "http://www.w3.org/2003/05/soap-envelope"
XML, SOAP = "text/xml; charset=utf-8", "application/soap+xml; charset=utf-8"

ECHO = '<t:echo xmlns:t="urn:test"><t:text>hello</t:text></t:echo>'
FAIL = '<t:fail xmlns:t="urn:test"/>'
TELL = '<t:tell xmlns:t="urn:test"/>'


@service("urn:test")
class Tested:
    """Answers, fails, or listens."""

    @operation
    def echo(self, text: str) -> str:
        """Say it again."""
        return text

    @operation
    def fail(self) -> str:
        """Break."""
        raise ZeroDivisionError("a secret of ours")

    @operation(one_way=True)
    def tell(self) -> None:
        """Listen."""


@pytest.fixture(scope="module")
def endpoint() -> Endpoint:
    return endpoint_for(Tested())


def soap11(body: str = ECHO, header: str = "") -> str:
    return f'<e:Envelope xmlns:e="{S11}"><e:Header>{header}</e:Header><e:Body>{body}</e:Body></e:Envelope>'


def soap12(body: str = ECHO, header: str = "") -> str:
    return soap11(body, header).replace(S11, S12)


@dataclass(frozen=True)
class Case:
    clause: str
    demand: str
    body: str | bytes
    content_type: str | None
    status: int
    media_type: str = ""  # of the response; nothing: it has none
    fault: str = ""
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)


MANDATORY = '<h xmlns="urn:h" e:mustUnderstand="1"/>'

CASES = [
    Case("1.1 6.2", "a reply", soap11(), XML, 200, "text/xml"),
    Case("1.2/2 7.5.2.2", "a reply", soap12(), SOAP, 200, "application/soap+xml"),
    Case("1.1 6.2", "a fault that blames the sender", soap11("<x/>"), XML, 500, "text/xml", "Sender"),
    Case("1.2/2 table 20", "a fault that blames the sender", soap12("<x/>"), SOAP, 400, "application/soap+xml", "Sender"),
    Case("1.1 6.2", "a fault that blames the receiver", soap11(FAIL), XML, 500, "text/xml", "Receiver"),
    Case("1.2/2 table 20", "a fault that blames the receiver", soap12(FAIL), SOAP, 500, "application/soap+xml", "Receiver"),
    Case("1.1 4.2.3", "a header nobody understands", soap11(header=MANDATORY), XML, 500, "text/xml", "MustUnderstand"),
    Case("1.2/2 table 20", "a header nobody understands", soap12(header=MANDATORY), SOAP, 500, "application/soap+xml", "MustUnderstand"),
    Case("1.2/1 A", "an unknown version", soap12().replace(S12, "urn:3"), SOAP, 500, "application/soap+xml", "VersionMismatch"),
    Case("1.2/1 A", "an unknown version, in the media type of SOAP 1.1", soap12().replace(S12, "urn:3"), XML, 500, "text/xml", "VersionMismatch"),
    Case("1.1 3", "a DOCTYPE", "<!DOCTYPE a>" + soap11(), XML, 500, "text/xml", "Sender"),
    Case("1.2/1 5", "a DOCTYPE", "<!DOCTYPE a>" + soap12(), SOAP, 400, "application/soap+xml", "Sender"),
    Case("1.1 6.2", "not well-formed", soap11()[:-2], XML, 500, "text/xml", "Sender"),
    Case("1.2/2 7.5.2.2", "not well-formed", soap12()[:-2], SOAP, 400, "application/soap+xml", "Sender"),
    Case("1.1 6", "an empty body", "", XML, 500, "text/xml", "Sender"),
    Case("1.2/2 7.5.2.2", "an empty body", "", SOAP, 400, "application/soap+xml", "Sender"),
    Case("BP R1115", "another media type", soap11(), "text/plain", 415, "text/plain"),
    Case("BP R1115", "a form", soap11(), "application/x-www-form-urlencoded", 415, "text/plain"),
    Case("BP R1115", "no media type", soap11(), None, 415, "text/plain"),
    Case("BP R1114", "a method that is none of ours", soap11(), XML, 405, "text/plain", method="PUT"),
    Case("BP R2714", "a one-way message", soap11(TELL), XML, 202),
    Case("1.2/2 6.2", "a one-way message", soap12(TELL), SOAP, 202),
    Case("BP R1109", "an action in quotes", soap11(), XML, 200, "text/xml", headers={"SOAPAction": '"urn:test/echo"'}),
    Case("1.1 6.1.1", "no action at all", soap11(), XML, 200, "text/xml"),
    Case("1.1 6.1.1", "an empty action", soap11(), XML, 200, "text/xml", headers={"SOAPAction": '""'}),
    Case("BP R1012", "UTF-16", soap11().encode("utf-16"), "text/xml; charset=utf-16", 200, "text/xml"),
    Case("BP R4001", "a BOM", soap11().encode("utf-8-sig"), XML, 200, "text/xml"),
    Case("1.2/2 A", "the parameter action, unquoted", soap12(), SOAP + "; action=urn:test/echo", 200, "application/soap+xml"),
]  # fmt: skip


def respond(endpoint: Endpoint, case: Case) -> Response:
    fields = dict(case.headers)
    if case.content_type is not None:
        fields["Content-Type"] = case.content_type
    body = case.body.encode() if isinstance(case.body, str) else case.body
    return run(endpoint.respond(HttpRequest(case.method, "/", headers=Headers(fields), body=body)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.clause}: {case.demand}")
def test_an_endpoint_answers_as_the_clause_demands(endpoint: Endpoint, case: Case) -> None:
    response = respond(endpoint, case)
    assert response.status == case.status
    assert response.headers.get("content-type", "").partition(";")[0] == case.media_type
    if case.media_type in ("", "text/plain"):
        return
    envelope = unpack(response.body, response.headers["content-type"])
    assert envelope.version.media_type == case.media_type
    fault = read_fault(envelope)
    assert (fault.code.name if fault is not None else "") == case.fault
    assert b"a secret of ours" not in response.body


def test_a_method_that_is_none_of_ours_is_told_which_are(endpoint: Endpoint) -> None:
    """RFC 9110, 15.5.6."""
    response = respond(endpoint, Case("", "", "", XML, 405, method="DELETE"))
    assert "POST" in response.headers["Allow"]


def test_a_version_mismatch_offers_the_versions_we_speak(endpoint: Endpoint) -> None:
    """SOAP 1.2 part 1, 5.4.7."""
    response = respond(endpoint, Case("", "", soap12().replace(S12, "urn:3"), SOAP, 500))
    assert read_upgrade(unpack(response.body)) == (f"{{{S12}}}Envelope", f"{{{S11}}}Envelope")


def test_a_must_understand_fault_names_what_was_not_understood(endpoint: Endpoint) -> None:
    """SOAP 1.2 part 1, 5.4.8; SOAP 1.1 has no place for it."""
    response = respond(endpoint, Case("", "", soap12(header=MANDATORY), SOAP, 500))
    assert read_not_understood(unpack(response.body)) == ("{urn:h}h",)
    response = respond(endpoint, Case("", "", soap11(header=MANDATORY), XML, 500))
    assert unpack(response.body).headers == ()


BODY_TO_BLAME = {
    "an unknown operation": soap11("<x/>"),
    "two bodies": soap11(ECHO + ECHO),
    "an empty Body": soap11(""),
    "a value that is none": soap11(ECHO.replace("<t:text>hello</t:text>", "")),
    "a handler that breaks": soap11(FAIL),
}
NOT_THE_BODY = {
    "a header nobody understands": soap11(header=MANDATORY),
    "an unknown version": soap11().replace(S11, "urn:3"),
    "not well-formed": soap11()[:-2],
    "no Body": f'<e:Envelope xmlns:e="{S11}"/>',
}


@pytest.mark.parametrize("sent", [*BODY_TO_BLAME, *NOT_THE_BODY])
def test_a_fault_of_soap_11_has_a_detail_where_the_body_was_to_blame_and_only_there(
    endpoint: Endpoint, sent: str
) -> None:
    """SOAP 1.1, 4.4."""
    body = BODY_TO_BLAME.get(sent) or NOT_THE_BODY[sent]
    fault = read_fault(unpack(respond(endpoint, Case("", "", body, XML, 500)).body))
    assert fault is not None
    assert fault.has_detail is (sent in BODY_TO_BLAME)
