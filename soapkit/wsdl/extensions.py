"""The extension elements inside a WSDL 1.1 binding and port: soap, soap12, http, mime.

Each reader takes the element that holds the extensions and gives the values of `soapkit.wsdl.model`. Elements of the
two SOAP namespaces are taken as they come: real contracts mix them inside one binding.

Source: WSDL 1.1, sections 3 (SOAP), 4 (HTTP), 5 (MIME); WSDL 1.1 Binding Extension for SOAP 1.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from lxml.etree import _Element

from soapkit.wsdl.model import BoundMessage, Protocol, SoapBody, SoapHeader, SoapVersion, Style
from soapkit.wsdl.page import Page, is_required
from soapkit.xml.names import WSDL11_HTTP, WSDL11_MIME, WSDL11_SOAP11, WSDL11_SOAP12, clark, local_name, namespace_of
from soapkit.xml.walk import children, tag_of

SOAP_VERSIONS: dict[str, SoapVersion] = {
    WSDL11_SOAP11: "1.1",
    WSDL11_SOAP12: "1.2",
    "http://schemas.xmlsoap.org/wsdl/soap": "1.1",  # without the slash, as sloppy writers have it
    "http://schemas.xmlsoap.org/wsdl/soap12": "1.2",
    "http://www.w3.org/2002/06/wsdl/soap12": "1.2",  # drafts
    "http://www.w3.org/2003/05/wsdl/soap12": "1.2",
    "http://schemas.xmlsoap.org/wsdl/soap12/wsdl11soap12.xsd": "1.2",
}

SOAP_OVER_HTTP = "http://schemas.xmlsoap.org/soap/http"

# Transports that are HTTP; a stray blank or slash at the end is removed before the look-up.
HTTP_TRANSPORTS = frozenset(
    {
        SOAP_OVER_HTTP,
        "http://schemas.xmlsoap.org/soap/https",
        "https://schemas.xmlsoap.org/soap/http",
        "http://schemas.xmlsoap.org/wsdl/soap/http",
        "http://schemas.xmlsoap.org/wsdl/soap12/http",
        "http://www.w3.org/2003/05/soap/bindings/HTTP",
        "http://www.w3.org/2003/05/soap/bindings/http",
        "http://www.w3.org/2003/05/soap-envelope/bindings/HTTP",
        "http://www.w3.org/2002/06/soap/bindings/http",
        "http://schemas.xmlsoap.org/soap/http/soap12",
    }
)

_XML_TYPES = ("text/xml", "application/xml")
_ADDRESSES: dict[str, Protocol] = {**dict.fromkeys(SOAP_VERSIONS, "soap"), WSDL11_HTTP: "http"}


def soap_children(parent: _Element, local: str) -> Iterator[_Element]:
    """The children of either SOAP binding namespace with this local name."""
    for element in children(parent):
        if local_name(tag_of(element)) == local and namespace_of(tag_of(element)) in SOAP_VERSIONS:
            yield element


def soap_child(parent: _Element, local: str) -> _Element | None:
    """The first of `soap_children`, or None."""
    return next(soap_children(parent, local), None)


def protocol_of(binding: _Element) -> tuple[Protocol, SoapVersion, _Element | None]:
    """What a binding speaks, and its soap:binding element."""
    element = soap_child(binding, "binding")
    if element is not None:
        return "soap", SOAP_VERSIONS[namespace_of(tag_of(element))], element
    if binding.find(clark(WSDL11_HTTP, "binding")) is not None:
        return "http", "1.1", None
    return "unknown", "1.1", None


def verb_of(binding: _Element) -> str:
    """The verb of an http:binding (WSDL 1.1, 4.3); ``""`` where there is none."""
    found = binding.find(clark(WSDL11_HTTP, "binding"))
    return (found.get("verb") or "").strip().upper() if found is not None else ""


def location_of(operation: _Element) -> str:
    """The location of an http:operation (WSDL 1.1, 4.4); ``""`` where there is none."""
    found = operation.find(clark(WSDL11_HTTP, "operation"))
    return (found.get("location") or "").strip() if found is not None else ""


def transport_of(binding: _Element) -> str:
    """The transport of a soap:binding, without stray blanks and slashes; HTTP if it names none."""
    return (binding.get("transport") or SOAP_OVER_HTTP).strip().rstrip("/")


def style_of(element: _Element | None, page: Page) -> Style | None:
    """The style attribute of a soap:binding or soap:operation, or None (WSDL 1.1, 3.3 and 3.4)."""
    written = (element.get("style") or "").strip() if element is not None else ""
    for style in ("document", "rpc"):
        if written.lower() == style:
            return style
    if element is not None and written:
        page.warn(f"style={written!r} is neither document nor rpc (WSDL 1.1, 3.3); it was passed over", element)
    return None


def address_of(port: _Element) -> str:
    """The location of the port's address element, of whatever protocol."""
    for element in children(port):
        if local_name(tag_of(element)) == "address" and element.get("location") is not None:
            return (element.get("location") or "").strip()
    return ""


def bound_message(element: _Element, page: Page) -> BoundMessage:
    """The binding of an input, output or fault: body and headers, wherever MIME has put them."""
    holders = [element, *(part for part in element.iter(clark(WSDL11_MIME, "part")))]
    body = next((found for holder in holders for found in soap_children(holder, "body")), None)
    if body is None:  # a fault has soap:fault with the same attributes
        body = soap_child(element, "fault")
    headers = tuple(_header(found, page, "header") for holder in holders for found in soap_children(holder, "header"))
    attachments: dict[str, list[str]] = {}
    for content in element.iter(clark(WSDL11_MIME, "content")):
        if part := content.get("part"):
            attachments.setdefault(part, []).extend((content.get("type") or "").split())
    return BoundMessage(
        name=(element.get("name") or "").strip(),
        body=_body(body, page) if body is not None else None,
        headers=headers,
        serialisation=_serialisation(element),
        attachments=tuple((part, tuple(dict.fromkeys(types))) for part, types in attachments.items()),
        policies=page.attached(element),
        place=page.place(element),
    )


def _serialisation(element: _Element) -> Literal["", "query", "path", "form", "xml"]:
    """How an HTTP binding writes a message."""
    for child in children(element):
        tag, media_type = tag_of(child), (child.get("type") or "").partition(";")[0].strip().lower()
        if tag == clark(WSDL11_HTTP, "urlEncoded"):
            return "query"
        if tag == clark(WSDL11_HTTP, "urlReplacement"):
            return "path"
        if tag in (clark(WSDL11_MIME, "mimeXml"), clark(WSDL11_MIME, "mimeXML")) or media_type in _XML_TYPES:
            return "xml"
        if tag == clark(WSDL11_MIME, "content") and media_type == "application/x-www-form-urlencoded":
            return "form"
    return ""


def _body(element: _Element, page: Page) -> SoapBody:
    parts = element.get("parts")
    return SoapBody(
        literal=_is_literal(element, page),
        parts=tuple(parts.split()) if parts is not None else None,
        namespace=element.get("namespace"),
        encoding_style=(element.get("encodingStyle") or "").strip(),
        place=page.place(element),
    )


def _header(element: _Element, page: Page, kind: str) -> SoapHeader:
    part = (element.get("part") or element.get("parts") or "").strip()
    if element.get("part") is None and part:
        page.warn(f"soap:{kind} has `parts`; `part` was assumed (WSDL 1.1, 3.7)", element)
    return SoapHeader(
        message=page.reference(element, "message"),
        part=part,
        literal=_is_literal(element, page),
        namespace=element.get("namespace"),
        required=is_required(element),
        faults=tuple(_header(found, page, "headerfault") for found in soap_children(element, "headerfault")),
        place=page.place(element),
    )


def _is_literal(element: _Element, page: Page) -> bool:
    """Whether use="literal", which BP 1.1 (R2706) and everyone's practice take for granted where it is not said."""
    use = (element.get("use") or "literal").strip()
    if use not in ("literal", "encoded"):
        page.warn(f"use={use!r} is neither literal nor encoded (WSDL 1.1, 3.5); literal was assumed", element)
    return use != "encoded"
