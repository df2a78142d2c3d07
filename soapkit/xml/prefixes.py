"""Documents that use prefixes which nothing declares: what was most likely meant."""

from __future__ import annotations

import re

from soapkit.xml.names import (
    SOAP11_ENC,
    WSA,
    WSDL11,
    WSDL11_HTTP,
    WSDL11_MIME,
    WSDL11_SOAP11,
    WSDL11_SOAP12,
    WSU,
    XMIME,
    XSD,
)

# What contracts write, whoever made them.
_CUSTOMARY = {
    **dict.fromkeys(("xs", "xsd", "s", "schema"), XSD),
    "wsdl": WSDL11,
    **dict.fromkeys(("soap", "wsdlsoap"), WSDL11_SOAP11),
    **dict.fromkeys(("soap12", "wsoap12"), WSDL11_SOAP12),
    "http": WSDL11_HTTP,
    "mime": WSDL11_MIME,
    **dict.fromkeys(("soapenc", "SOAP-ENC"), SOAP11_ENC),
    "wsa": WSA,
    "wsaw": "http://www.w3.org/2006/05/addressing/wsdl",
    "wsam": "http://www.w3.org/2007/05/addressing/metadata",
    "wsp": "http://schemas.xmlsoap.org/ws/2004/09/policy",
    "wsu": WSU,
    "xmime": XMIME,
}
_COMPLAINT = re.compile(r"Namespace prefix (\S+) (?:for \S+ )?on \S+ is not defined")
_ROOT = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s+|<\?.*?\?>|<!--.*?-->)*<[^\s<>/!?=\"']+", re.DOTALL)


def declared(data: bytes, complaint: str) -> tuple[bytes, str] | None:
    """The document with the prefix declared that the parser complains of, and what was assumed of it.

    None where it complains of something else, or the document is in an encoding without ASCII.

    >>> declared(b'<a><xs:b/></a>', "Namespace prefix xs on b is not defined")[0]
    b'<a xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:b/></a>'
    """
    missing = _COMPLAINT.search(complaint)
    root = _ROOT.match(data)
    if missing is None or root is None:
        return None
    prefix = missing.group(1)
    namespace = _CUSTOMARY.get(prefix, f"urn:undeclared:{prefix}")
    words = f"prefix {prefix!r} is not declared (Namespaces in XML, 5); taken for {namespace!r}"
    return data[: root.end()] + f' xmlns:{prefix}="{namespace}"'.encode() + data[root.end() :], words
