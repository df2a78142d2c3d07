"""Namespaces, and names in Clark notation: ``{namespace}local``, or ``local`` in no namespace.

Clark names are lxml's own, so a tag is compared without being taken apart.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

XML = "http://www.w3.org/XML/1998/namespace"
XMLNS = "http://www.w3.org/2000/xmlns/"
XSD = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
SOAP11_ENC = "http://schemas.xmlsoap.org/soap/encoding/"
SOAP12_ENC = "http://www.w3.org/2003/05/soap-encoding"

WSDL11 = "http://schemas.xmlsoap.org/wsdl/"
WSDL11_SOAP11 = "http://schemas.xmlsoap.org/wsdl/soap/"
WSDL11_SOAP12 = "http://schemas.xmlsoap.org/wsdl/soap12/"
WSDL11_HTTP = "http://schemas.xmlsoap.org/wsdl/http/"
WSDL11_MIME = "http://schemas.xmlsoap.org/wsdl/mime/"
WSDL20 = "http://www.w3.org/ns/wsdl"

WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
DSIG11 = "http://www.w3.org/2009/xmldsig11#"
DSIG_MORE_2021 = "http://www.w3.org/2021/04/xmldsig-more#"
WSC2005_12 = "http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512"
WSC2005_02 = "http://schemas.xmlsoap.org/ws/2005/02/sc"
WSSE11 = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"
SWA = "http://docs.oasis-open.org/wss/oasis-wss-SwAProfile-1.1"  # its identifiers follow behind a #
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"

SAML11 = "urn:oasis:names:tc:SAML:1.0:assertion"  # of SAML 1.0 and 1.1
SAML20 = "urn:oasis:names:tc:SAML:2.0:assertion"

WSA = "http://www.w3.org/2005/08/addressing"
WSAM = "http://www.w3.org/2007/05/addressing/metadata"
WSP15 = "http://www.w3.org/ns/ws-policy"
XOP = "http://www.w3.org/2004/08/xop/include"
XMIME = "http://www.w3.org/2005/05/xmlmime"

XSI_TYPE = f"{{{XSI}}}type"
XSI_NIL = f"{{{XSI}}}nil"

# The prefixes a reader of SOAP messages expects. Any other namespace is given ns1, ns2, ...
CUSTOMARY_PREFIXES = {
    XML: "xml",
    XSD: "xs",
    XSI: "xsi",
    SOAP11: "soap",
    SOAP12: "soap",
    SOAP11_ENC: "soapenc",
    SOAP12_ENC: "soapenc",
    WSSE: "wsse",
    WSU: "wsu",
    WSSE11: "wsse11",
    DS: "ds",
    DSIG11: "dsig11",
    XENC: "xenc",
    XENC11: "xenc11",
    EXC_C14N: "ec",
    SAML11: "saml1",
    SAML20: "saml2",
    WSA: "wsa",
    XOP: "xop",
    XMIME: "xmime",
}

# Namespaces in XML 1.0, production 4 (NCName), on the name classes of XML 1.0, 5th edition.
_START = (
    "A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NCNAME = re.compile(rf"[{_START}][{_START}\-.0-9\u00b7\u0300-\u036f\u203f-\u2040]*")


def clark(namespace: str | None, local: str) -> str:
    """``("urn:x", "a")`` -> ``{urn:x}a``; without a namespace, the local name itself."""
    return f"{{{namespace}}}{local}" if namespace else local


def split(name: str) -> tuple[str, str]:
    """``{urn:x}a`` -> ``("urn:x", "a")``; ``a`` -> ``("", "a")``."""
    if name.startswith("{"):
        namespace, _, local = name[1:].rpartition("}")
        return namespace, local
    return "", name


def local_name(name: str) -> str:
    """``{urn:x}a`` -> ``a``."""
    return name.rpartition("}")[2]


def namespace_of(name: str) -> str:
    """``{urn:x}a`` -> ``urn:x``; ``a`` -> ``""``."""
    return split(name)[0]


def is_ncname(text: str) -> bool:
    """Whether `text` is a name without a colon."""
    return _NCNAME.fullmatch(text) is not None


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name a person most likely meant by `name`, or None: first the same local name, then alike ones.

    >>> nearest("{urn:x}Transfer", ["{urn:x}transfer", "{urn:x}balance"])
    '{urn:x}transfer'
    """
    candidates = list(known)
    local = local_name(name)
    for candidate in candidates:
        if local_name(candidate).casefold() == local.casefold():
            return candidate
    by_local = {local_name(candidate): candidate for candidate in candidates}
    close = difflib.get_close_matches(local, by_local, n=1, cutoff=0.6)
    return by_local[close[0]] if close else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The tail of an error message: ``; did you mean {urn:x}transfer?``, or nothing."""
    found = nearest(name, known)
    return f"; did you mean {found}?" if found else ""
