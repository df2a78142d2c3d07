"""Calls without SOAP, through a port with an HTTP binding: the request of an operation, the value of its answer.

WSDL 1.1, 4 (HTTP GET and POST) and 5 (MIME): parameters in the URL or in a form, the answer an XML element or content
of another media type. Nothing of it can be signed, addressed or faulted.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from lxml import etree

from soapkit.attachment import Attachment
from soapkit.databinding.codec import Codecs
from soapkit.errors import EncodeError, HttpError, Place, Problem
from soapkit.exchange.attached import parts_among
from soapkit.exchange.body import decode_body, encode_body
from soapkit.exchange.processor import Received
from soapkit.operations import Operation
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.transport.binding import USER_AGENT
from soapkit.transport.values import Headers, Request, Response
from soapkit.xml.parse import parse_message
from soapkit.xml.serialise import serialise
from soapkit.xml.walk import tag_of

_XML_TYPES = ("text/xml", "application/xml")
_FORM = "application/x-www-form-urlencoded"


def request_without_soap(
    operation: Operation[object, object], record: object, address: str, codecs: Codecs, timeout: float | None
) -> Request:
    """The HTTP request of a call. Raises `EncodeError` for a value that no URL and no form can carry."""
    use = operation.http
    assert use is not None
    body = b"".join(encode_body(operation.request, record, codecs))
    url, location, content, fields = address.rstrip("/"), use.location, b"", {"Accept": "*/*", "User-Agent": USER_AGENT}
    if use.parameters == "xml":
        content, fields["Content-Type"] = body, "text/xml; charset=utf-8"
    else:
        pairs = list(_pairs(body, operation.name))
        if use.parameters == "form":
            content, fields["Content-Type"] = urlencode(pairs).encode(), _FORM
        elif use.parameters == "path":
            for name, value in pairs:
                location = location.replace(f"({name})", quote(value, safe=""))
        elif pairs:
            location += ("&" if "?" in location else "?") + urlencode(pairs, quote_via=quote)
    if location:
        url += location if location[0] in "/?" else f"/{location}"
    return Request(url, content, Headers(fields), use.verb or "GET", timeout)


def _pairs(body: bytes, operation: str) -> list[tuple[str, str]]:
    """The parameters as a URL or a form has them: names and texts; a list is its name with each of its items."""
    pairs = []
    for element in etree.fromstring(b"<body>%b</body>" % body):
        name = etree.QName(tag_of(element)).localname
        for leaf in [*element] or [element]:
            if len(leaf):
                told = f"{name} is no simple value, nor a list of them; {operation} sends them in a URL or a form"
                raise EncodeError(problems=[Problem(told)])
            pairs.append((name, leaf.text or ""))
    return pairs


def answer_without_soap(operation: Operation[object, object], response: Response, codecs: Codecs) -> Received | None:
    """What came back; None where nothing is due. Raises `HttpError` for another status than 2xx, and for an answer of
    another media type than the contract says; `DecodeError` and `XmlError` for one that is broken."""
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not 200 <= response.status < 300:
        raise _refused(operation, response, "an error")
    if operation.reply is None:
        return None
    if operation.reply.attached:
        return _content(operation, response, codecs)
    if not response.body.strip():
        return _received(operation, "", codecs)
    if media_type not in _XML_TYPES and not media_type.endswith("+xml"):
        raise _refused(operation, response, f"{media_type or 'no media type'} where XML was expected")
    root = parse_message(response.body, source=operation.name)
    return _received(operation, serialise(root).decode(), codecs)


def _content(operation: Operation[object, object], response: Response, codecs: Codecs) -> Received:
    assert operation.reply is not None
    came = Attachment(response.body, response.headers.get("content-type", ""), content_id=" ")
    named = parts_among(operation.reply, [came])
    return _received(operation, "", codecs, (came,), named)


def _received(
    operation: Operation[object, object],
    body: str,
    codecs: Codecs,
    attachments: tuple[Attachment, ...] = (),
    parts: dict[str, Attachment] | None = None,
) -> Received:
    assert operation.reply is not None
    envelope: Envelope = Draft(SOAP_1_1, body).to_envelope()
    value = decode_body(operation.reply, envelope.body, codecs)
    return Received(operation, value, {}, envelope, None, attachments, parts or {})


def _refused(operation: Operation[object, object], response: Response, found: str) -> HttpError:
    text = " ".join(response.body[:200].decode("utf-8", "replace").split())
    return HttpError(
        f"{operation.name} was answered with HTTP {response.status} {response.reason}, {found}: {text!r}",
        status=response.status,
        bare=f"{operation.name} was answered with HTTP {response.status}, {found}",
        body=response.body[:4096],
        place=Place(operation.name),
    )
