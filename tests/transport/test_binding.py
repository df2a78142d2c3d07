"""The SOAP HTTP bindings, both sides."""

import pytest

from soapkit.errors import HttpError, LimitError, MessageError, XmlError
from soapkit.soap.envelope import Draft
from soapkit.soap.version import SOAP_1_1, SOAP_1_2, Version
from soapkit.transport.binding import (
    action_of,
    fault_status,
    method_not_allowed,
    one_way_accepted,
    package_of,
    request_for,
    response_for,
    unsupported_media_type,
    version_of_media_type,
)
from soapkit.transport.values import Headers, Response
from soapkit.xml.parse import XmlLimits

ENVELOPE = Draft(SOAP_1_1, "<x/>").to_bytes()
XML = Headers({"Content-Type": "text/xml; charset=utf-8"})
HTML = Headers({"Content-Type": "text/html"})
PAGE = b"<html><head><title>Sign in</title></head></html>"


# --- client -------------------------------------------------------------------------------------------------------


def test_a_soap_11_request_has_a_quoted_soapaction() -> None:
    request = request_for("http://bank.example/", SOAP_1_1, "urn:go", ENVELOPE)
    assert request.method == "POST"
    assert request.body == ENVELOPE
    assert request.headers["SOAPAction"] == '"urn:go"'
    assert request.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert request.headers["Accept"] == "text/xml, multipart/related"
    assert request.headers["User-Agent"].startswith("soapkit/")


def test_a_soap_12_request_has_its_action_in_the_media_type() -> None:
    request = request_for("http://bank.example/", SOAP_1_2, "urn:go", ENVELOPE)
    assert "SOAPAction" not in request.headers
    assert request.headers["Content-Type"] == 'application/soap+xml; charset=utf-8; action="urn:go"'


def test_header_fields_of_the_caller_replace_ours() -> None:
    request = request_for("http://x/", SOAP_1_1, "", ENVELOPE, headers={"user-agent": "me", "X-Key": "1"}, timeout=3)
    assert request.headers["User-Agent"] == "me"
    assert request.headers["X-Key"] == "1"
    assert request.timeout == 3


@pytest.mark.parametrize("status", [200, 202, 400, 401, 500, 503])
def test_a_soap_message_is_taken_whatever_its_status(status: int) -> None:
    package = package_of(Response(status, XML, ENVELOPE), SOAP_1_1)
    assert package is not None
    assert package.envelope.content[0].tag == "x"


def test_a_soap_message_is_taken_even_as_html() -> None:
    assert package_of(Response(200, HTML, ENVELOPE), SOAP_1_1) is not None


@pytest.mark.parametrize("status", [200, 202, 204])
def test_no_reply_is_right_for_a_one_way_call(status: int) -> None:
    assert package_of(Response(status), SOAP_1_1, one_way=True) is None


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (Response(200, XML), "got HTTP 200 with an empty body"),
        (
            Response(202, reason="Accepted"),
            "got HTTP 202 Accepted with an empty body: the service has taken",
        ),
        (Response(200, HTML, PAGE, "OK"), "got HTTP 200 OK with a page of HTML with the title 'Sign in'"),
        (Response(200, XML, b'{"a": 1}'), r"with text/xml; charset=utf-8 that starts '{\"a\": 1}'"),
        (Response(200, body=b"hello"), "with no media type that starts 'hello'"),
        (
            Response(302, Headers({"Location": "https://y/"}), PAGE),
            r"\(https://y/\); redirects are not followed unless",
        ),
        (Response(401, HTML, PAGE), "wants to know who is calling"),
        (Response(403), "refuses"),
        (Response(404, HTML, PAGE, "Not Found"), "got HTTP 404 Not Found .* no service at this address"),
        (Response(405), "takes no POST"),
        (Response(415), "does not take text/xml: does it speak the other SOAP version"),
        (Response(500), "without a SOAP fault to say why"),
        (Response(500, XML, b"<error>no</error>"), "that starts '<error>no</error>'"),
        (Response(500, XML, ENVELOPE[:50]), "failed, without a SOAP fault"),
        (Response(503, Headers({"Retry-After": "120"})), r"not available now \(Retry-After: 120\)"),
        (Response(418, reason="I'm a teapot"), "got HTTP 418 I'm a teapot with an empty body$"),
    ],
)
def test_a_response_that_is_no_soap_message_is_told_in_a_sentence(response: Response, words: str) -> None:
    with pytest.raises(HttpError, match=words) as caught:
        package_of(response, SOAP_1_1, source="https://bank.example/")
    assert caught.value.status == response.status
    assert caught.value.body == response.body
    assert str(caught.value).startswith("https://bank.example/: expected a SOAP message")


def test_an_error_status_without_body_fails_a_one_way_call_too() -> None:
    with pytest.raises(HttpError):
        package_of(Response(500), SOAP_1_1, one_way=True)


def test_a_truncated_reply_is_told_with_its_place() -> None:
    with pytest.raises(XmlError) as caught:
        package_of(Response(200, XML, ENVELOPE[:-3]), SOAP_1_1)
    assert caught.value.place.line == 1


def test_a_reply_of_another_kind_of_xml_is_no_soap_message() -> None:
    with pytest.raises(MessageError, match="found element wsdl"):
        package_of(Response(200, XML, b"<wsdl/>"), SOAP_1_1)


def test_a_reply_beyond_a_limit_is_told_as_that() -> None:
    with pytest.raises(LimitError):
        package_of(Response(500, XML, ENVELOPE), SOAP_1_1, limits=XmlLimits(bytes=5))


def test_an_error_keeps_only_the_start_of_a_large_body() -> None:
    with pytest.raises(HttpError) as caught:
        package_of(Response(500, HTML, PAGE + b"x" * 100_000), SOAP_1_1)
    assert len(caught.value.body) == 4096


# --- server -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content_type", "version"),
    [
        ("text/xml; charset=utf-8", SOAP_1_1),
        ("application/soap+xml", SOAP_1_2),
        ('multipart/related; type="application/xop+xml"; start-info="application/soap+xml"', SOAP_1_2),
        ('multipart/related; type="application/xop+xml"; start-info="text/xml"', SOAP_1_1),
        ('multipart/related; type="application/soap+xml"', SOAP_1_2),
        ("multipart/related", SOAP_1_1),
        ("text/plain", None),
        ("application/json", None),
        ("application/x-www-form-urlencoded", None),
        ("application/xml", None),
        ("", None),
        (None, None),
        ("garbage", None),
    ],
)
def test_a_media_type_announces_a_version(content_type: str | None, version: Version | None) -> None:
    assert version_of_media_type(content_type) is version


def test_the_action_of_a_request_is_found_in_its_header_fields() -> None:
    assert action_of(SOAP_1_1, Headers({"soapaction": '"urn:go"', "content-type": "text/xml"})) == "urn:go"
    assert action_of(SOAP_1_2, Headers({"Content-Type": 'application/soap+xml; action="urn:go"'})) == "urn:go"


@pytest.mark.parametrize(
    ("version", "code", "status"),
    [
        (SOAP_1_1, "Sender", 500),
        (SOAP_1_1, "Receiver", 500),
        (SOAP_1_2, "Sender", 400),
        (SOAP_1_2, "Receiver", 500),
        (SOAP_1_2, "MustUnderstand", 500),
        (SOAP_1_2, "VersionMismatch", 500),
        (SOAP_1_2, "DataEncodingUnknown", 500),
    ],
)
def test_a_fault_has_the_status_of_its_version_and_code(version: Version, code: str, status: int) -> None:
    assert fault_status(version, code) == status


def test_a_reply_has_the_media_type_of_its_version() -> None:
    assert response_for(SOAP_1_1, ENVELOPE).headers["Content-Type"] == "text/xml; charset=utf-8"
    reply = response_for(SOAP_1_2, ENVELOPE, status=400)
    assert reply.headers["Content-Type"] == "application/soap+xml; charset=utf-8"
    assert (reply.status, reply.reason, reply.body) == (400, "Bad Request", ENVELOPE)


def test_a_one_way_message_is_accepted_with_nothing_in_the_answer() -> None:
    assert (one_way_accepted().status, one_way_accepted().body) == (202, b"")


def test_a_wrong_method_is_told_the_right_ones() -> None:
    response = method_not_allowed("POST")
    assert (response.status, response.headers["Allow"]) == (405, "POST")


def test_a_wrong_media_type_is_told_the_right_ones() -> None:
    response = unsupported_media_type("text/plainä")
    assert response.status == 415
    assert response.body == (
        b"expected a Content-Type among text/xml, application/soap+xml, multipart/related; found 'text/plain\\xe4'\n"
    )
