"""SOAP over HTTP, clause by clause: a request to a service, and the response it must get, over ASGI and WSGI.

SOAP 1.1, 6; SOAP 1.2 part 2, 7; WS-I Basic Profile 1.1, 3.4 and 4.7.
"""

# ruff: noqa: E501  one row of the table a line

from __future__ import annotations

import codecs
from dataclasses import dataclass, field

import msgspec
import pytest

import soapkit
from soapkit.server.service import operation, service
from soapkit.soap.fault import read_fault
from soapkit.soap.headers import read_not_understood, read_upgrade
from soapkit.soap.wire import unpack
from soapkit.transport.values import Response
from tests.conformance.hosting import HOSTS, Asked

S11 = "http://schemas.xmlsoap.org/soap/envelope/"
S12 = "http://www.w3.org/2003/05/soap-envelope"
XML, SOAP = "text/xml; charset=utf-8", "application/soap+xml; charset=utf-8"

ECHO = '<t:echo xmlns:t="urn:test"><t:text>hello</t:text></t:echo>'
TAKE = '<t:take xmlns:t="urn:test"><t:number>7</t:number></t:take>'
FAIL = '<t:fail xmlns:t="urn:test"/>'
TELL = '<t:tell xmlns:t="urn:test"/>'


class Limit(msgspec.Struct, kw_only=True):
    most: int


class TooMuch(soapkit.DeclaredFault[Limit]):
    """More than is allowed."""


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

    @operation(raises=[TooMuch])
    def take(self, number: int) -> int:
        """Take so many."""
        raise TooMuch(Limit(most=3), "at most three")

    @operation(one_way=True)
    def tell(self) -> None:
        """Listen."""

    @operation(one_way=True)
    def tell_and_fail(self) -> None:
        """Listen, and break."""
        raise ZeroDivisionError("a secret of ours")


@pytest.fixture(scope="module", params=HOSTS)
def asked(request: pytest.FixtureRequest) -> Asked:
    return HOSTS[request.param](Tested())


@pytest.fixture(scope="module", params=HOSTS)
def curt(request: pytest.FixtureRequest) -> Asked:
    """A service that tells no details."""
    return HOSTS[request.param](Tested(), details=False)


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
    # --- one way, declared faults
    Case("BP R2714", "a one-way message whose handler breaks", soap11('<t:tell_and_fail xmlns:t="urn:test"/>'), XML, 500),
    Case("1.1 4.4", "a declared fault", soap11(TAKE), XML, 500, "text/xml", "Receiver"),
    Case("1.2/1 5.4.5", "a declared fault", soap12(TAKE), SOAP, 500, "application/soap+xml", "Receiver"),
    # --- methods
    *[Case("BP R1114", f"the method {one}", soap11(), XML, 405, "text/plain", method=one) for one in ("OPTIONS", "DELETE", "PATCH", "TRACE", "M-POST", "post")],
    # --- media types
    *[Case("BP R1115", one, soap12(), one, 415, "text/plain") for one in ("application/xml", "application/xop+xml", "audio/mpeg", "text/html", "application/json", "soap", "text/xml; charset=\"utf-8", "text/xml; charset=utf-8; charset=utf-16")],
    Case("1.2/2 A", "a SOAP 1.2 message as text/xml is one of SOAP 1.2", soap12(), XML, 200, "application/soap+xml"),
    Case("1.2/2 A", "and its fault likewise", soap12("<x/>"), XML, 400, "application/soap+xml", "Sender"),
    Case("1.2/2 A", "a SOAP 1.1 message as application/soap+xml is one of SOAP 1.1", soap11(), SOAP, 200, "text/xml"),
    Case("1.2/2 A", "and its fault likewise", soap11("<x/>"), SOAP, 500, "text/xml", "Sender"),
    *[Case("RFC 9110 8.3", one, soap12(), one, 200, "application/soap+xml") for one in (
        "application/soap+xml", "APPLICATION/SOAP+XML", 'application/soap+xml;charset="UTF-8"', "application/soap+xml ; charset = 'utf-8' ",
        'application/soap+xml; action="urn:test/echo"; charset=utf-8', "application/soap+xml; ACTION=urn:test/echo;Charset=UTF8",
        'application/soap+xml; profile="a;b=\\"c\\""; charset=utf-8; foo=bar', "application/soap+xml;", "application/soap+xml; charset=utf-8, application/soap+xml; charset=utf-8",
        "application/soap+xml; action=http://example.org/a?b=c&d=e#f",
    )],
    Case("RFC 2387", "multipart/related without a boundary", soap12(), "multipart/related; type=\"application/soap+xml\"", 400, "application/soap+xml", "Sender"),
    # --- actions
    *[Case("BP R1127", f"the SOAPAction {one}", soap11(), XML, 200, "text/xml", headers={"SOAPAction": one}) for one in ("urn:test/echo", '"urn:other"', "\"", '"urn:test/tell"')],
    Case("1.1 6.1.1", "an empty Body with an action that nobody has", soap11(""), XML, 500, "text/xml", "Sender", headers={"SOAPAction": '"urn:other"'}),
    # --- encodings
    *[Case("RFC 7303 3", f"{codec} with a BOM, {kind}", mark + soap12().encode(codec), kind, 200, "application/soap+xml")
      for codec, mark in (("utf-8", codecs.BOM_UTF8), ("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE))
      for kind in ("application/soap+xml", SOAP, "application/soap+xml; charset=utf-16", "application/soap+xml; charset=iso-8859-1")],
    *[Case("RFC 7303 3", f"{codec} without a BOM, said by its charset", soap12().encode(codec), f"application/soap+xml; charset={codec}", 200, "application/soap+xml") for codec in ("utf-16-le", "utf-16-be", "utf-8")],
    Case("RFC 2781 4.3", "UTF-16 without a BOM is big endian", soap12().encode("utf-16-be"), "application/soap+xml; charset=UTF-16", 200, "application/soap+xml"),
    Case("XML F.1", "UTF-16 without a BOM, said by its declaration", ('<?xml version="1.0" encoding="UTF-16"?>' + soap12()).encode("utf-16-le"), "application/soap+xml", 200, "application/soap+xml"),
    Case("XML F.1", "UTF-16 without a BOM, said by nothing", soap12().encode("utf-16-le"), "application/soap+xml", 400, "application/soap+xml", "Sender"),
    Case("RFC 7303 3", "UTF-8, and a charset of UTF-16", soap12(), "application/soap+xml; charset=utf-16", 400, "application/soap+xml", "Sender"),
    Case("RFC 7303 3", "UTF-16 without a BOM, and a charset of UTF-8", soap12().encode("utf-16-le"), SOAP, 400, "application/soap+xml", "Sender"),
    Case("RFC 7303 3", "a charset that nobody knows", soap12(), "application/soap+xml; charset=klingon", 400, "application/soap+xml", "Sender"),
    Case("RFC 7303 3", "a charset that hides markup", soap12(), "application/soap+xml; charset=utf-7", 400, "application/soap+xml", "Sender"),
    Case("RFC 7303 3", "a declaration of an encoding that nobody knows", '<?xml version="1.0" encoding="klingon"?>' + soap12(), "application/soap+xml", 400, "application/soap+xml", "Sender"),
    Case("RFC 7303 3", "bytes beyond ASCII, and a charset of it", soap11(ECHO.replace("hello", "ä")), "text/xml; charset=us-ascii", 500, "text/xml", "Sender"),
    # --- what XML allows, and what it does not
    *[Case("XML 2.8", f"a declaration: {one}", one + soap12(), SOAP, 200, "application/soap+xml") for one in ('<?xml version="1.0"?>', "<?xml version='1.0' encoding='utf-8' standalone='no' ?>", '\r\n<?xml version="1.0"?>', '<?xml version="1.1"?>')],
    Case("XML 2.8", "white space and comments around", f"<!-- a -->\n{soap12()}\n<!-- b -->\n\n", SOAP, 200, "application/soap+xml"),
    Case("XML 2.8", "white space and comments within", soap12().replace("><", ">\n<!-- <x/> -->\t<"), SOAP, 200, "application/soap+xml"),
    Case("XML 2.8", "the same of SOAP 1.1", soap11().replace("><", ">\n<!-- <x/> -->\t<"), XML, 200, "text/xml"),
    Case("XML 2.8", "another version of XML", '<?xml version="2.0"?>' + soap12(), SOAP, 400, "application/soap+xml", "Sender"),
    Case("XML 2.8", "a declaration that does not stand first", "<!-- a -->" + '<?xml version="1.0"?>' + soap12(), SOAP, 400, "application/soap+xml", "Sender"),
    Case("XML 2.1", "two documents", soap12() + soap12(), SOAP, 400, "application/soap+xml", "Sender"),
    Case("XML 2.2", "a character that XML has not", soap12(ECHO.replace("hello", "\0")), SOAP, 400, "application/soap+xml", "Sender"),
    Case("XML 2.2", "nor by its number", soap12(ECHO.replace("hello", "&#1;")), SOAP, 400, "application/soap+xml", "Sender"),
    Case("XML 4.1", "an entity nobody declared", soap12(ECHO.replace("hello", "&nbsp;")), SOAP, 400, "application/soap+xml", "Sender"),
    Case("1.2/2 7.5.2.2", "white space alone", " \r\n\t", SOAP, 400, "application/soap+xml", "Sender"),
    Case("1.2/2 7.5.2.2", "a BOM alone", codecs.BOM_UTF8, SOAP, 400, "application/soap+xml", "Sender"),
    Case("1.2/2 7.5.2.2", "a page", "<html><body>hi</body></html>", SOAP, 400, "application/soap+xml", "Sender"),
    # --- bodies
    Case("BP R2724", "a Body that is empty", soap12(""), SOAP, 400, "application/soap+xml", "Sender"),
    Case("BP R2724", "two children of the Body", soap12(ECHO + ECHO), SOAP, 400, "application/soap+xml", "Sender"),
    Case("BP R2724", "an operation nobody knows", soap12("<x/>"), SOAP, 400, "application/soap+xml", "Sender"),
    Case("BP R2724", "a value that is none", soap12(TAKE.replace("7", "seven")), SOAP, 400, "application/soap+xml", "Sender"),
    Case("BP R2725", "an unknown version before a header nobody understands", soap11("<x/>", MANDATORY).replace(S11, "urn:3"), XML, 500, "text/xml", "VersionMismatch"),
    Case("BP R2725", "a header nobody understands before an unknown operation", soap11("<x/>", MANDATORY), XML, 500, "text/xml", "MustUnderstand"),
    # --- whom header blocks are for
    *[Case("1.2/1 2.2", f"mandatory for {one}", soap12(header=f'<h xmlns="urn:h" e:mustUnderstand="1" e:role="{S12}/role/{one}"/>'), SOAP, 500, "application/soap+xml", "MustUnderstand") for one in ("next", "ultimateReceiver")],
    Case("1.2/1 2.2", "mandatory for none, and for another", soap12(header=f'<h xmlns="urn:h" e:mustUnderstand="1" e:role="{S12}/role/none"/><h xmlns="urn:h" e:mustUnderstand="true" e:role="urn:other"/>'), SOAP, 200, "application/soap+xml"),
    Case("1.1 4.2.2", "mandatory for next", soap11(header='<h xmlns="urn:h" e:mustUnderstand="1" e:actor="http://schemas.xmlsoap.org/soap/actor/next"/>'), XML, 500, "text/xml", "MustUnderstand"),
    Case("1.1 4.2.2", "mandatory for another", soap11(header='<h xmlns="urn:h" e:mustUnderstand="1" e:actor="urn:other"/>'), XML, 200, "text/xml"),
    Case("1.2/2 A", "the parameter action, unquoted", soap12(), SOAP + "; action=urn:test/echo", 200, "application/soap+xml"),
]  # fmt: skip


def respond(asked: Asked, case: Case) -> Response:
    body = case.body.encode() if isinstance(case.body, str) else case.body
    return asked(body, case.content_type, case.method, case.headers)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.clause}: {case.demand}")
def test_a_service_answers_as_the_clause_demands(asked: Asked, case: Case) -> None:
    response = respond(asked, case)
    assert response.status == case.status
    assert response.headers.get("content-type", "").partition(";")[0] == case.media_type
    if case.media_type in ("", "text/plain"):
        return
    envelope = unpack(response.body, response.headers["content-type"])
    assert envelope.version.media_type == case.media_type
    fault = read_fault(envelope)
    assert (fault.code.name if fault is not None else "") == case.fault
    assert b"a secret of ours" not in response.body


def test_a_method_that_is_none_of_ours_is_told_which_are(asked: Asked) -> None:
    """RFC 9110, 15.5.6."""
    response = respond(asked, Case("", "", "", XML, 405, method="DELETE"))
    assert "POST" in response.headers["Allow"]


def test_a_version_mismatch_offers_the_versions_we_speak(asked: Asked) -> None:
    """SOAP 1.2 part 1, 5.4.7."""
    response = respond(asked, Case("", "", soap12().replace(S12, "urn:3"), SOAP, 500))
    assert read_upgrade(unpack(response.body)) == (f"{{{S12}}}Envelope", f"{{{S11}}}Envelope")


def test_a_must_understand_fault_names_what_was_not_understood(asked: Asked) -> None:
    """SOAP 1.2 part 1, 5.4.8; SOAP 1.1 has no place for it."""
    response = respond(asked, Case("", "", soap12(header=MANDATORY), SOAP, 500))
    assert read_not_understood(unpack(response.body)) == ("{urn:h}h",)
    response = respond(asked, Case("", "", soap11(header=MANDATORY), XML, 500))
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
def test_a_fault_of_soap_11_has_a_detail_where_the_body_was_to_blame_and_only_there(asked: Asked, sent: str) -> None:
    """SOAP 1.1, 4.4."""
    body = BODY_TO_BLAME.get(sent) or NOT_THE_BODY[sent]
    fault = read_fault(unpack(respond(asked, Case("", "", body, XML, 500)).body))
    assert fault is not None
    assert fault.has_detail is (sent in BODY_TO_BLAME)


@pytest.mark.parametrize(("sent", "content_type"), [(soap11(TAKE), XML), (soap12(TAKE), SOAP)])
def test_a_declared_fault_has_its_typed_detail(asked: Asked, sent: str, content_type: str) -> None:
    fault = read_fault(unpack(respond(asked, Case("", "", sent, content_type, 500)).body))
    assert fault is not None
    (entry,) = fault.detail
    assert (fault.reason, entry.tag, entry[0].text) == ("at most three", "{urn:test}TooMuch", "3")


WRONG = {
    "a value": (soap12(TAKE.replace("7", "seven")), "line 1, column 119: take.number: 'seven' is not xs:long"),
    "an operation": (soap12("<treble/>"), "no operation takes treble"),
    "XML": (soap12()[:-2], "not well-formed XML"),
    "a charset": (soap12().replace("hello", "\udce4"), "request:1:127: not well-formed XML: Invalid bytes"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_told_with_its_place_where_details_are_told_and_else_is_not(
    asked: Asked, curt: Asked, what: str
) -> None:
    sent, told = WRONG[what]
    case = Case("", "", sent.encode("utf-8", "surrogateescape"), SOAP, 400)
    full, short = (read_fault(unpack(respond(service, case).body)) for service in (asked, curt))
    assert full is not None
    assert short is not None
    assert told in full.reason
    assert short.reason == "the message cannot be read"
    assert (short.code, short.has_detail) == (full.code, False)


def test_a_mandatory_block_is_named_though_no_details_are_told(curt: Asked) -> None:
    """SOAP 1.2 part 1, 5.4.8: a sender must know which, to send it again without."""
    response = respond(curt, Case("", "", soap12(header=MANDATORY), SOAP, 500))
    assert read_not_understood(unpack(response.body)) == ("{urn:h}h",)
