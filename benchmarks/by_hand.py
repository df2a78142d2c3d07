"""What a user of xmlsec writes around it, to know of a signed message what `Security.verify` tells.

The same work, as quick as it can be written by hand: a hardened parser; ids that only one element has; algorithms that
are allowed; the certificate that the message brings, and its path to an authority, both remembered; xmlsec itself; that
the Body at its place and the Timestamp are what was signed; and how old the message is.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import xmlsec
from cryptography import x509
from cryptography.x509 import verification
from lxml import etree
from workload import SOAP

_DS = "{http://www.w3.org/2000/09/xmldsig#}"
_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-"
_WSSE, _WSU = f"{{{_OASIS}secext-1.0.xsd}}", f"{{{_OASIS}utility-1.0.xsd}}"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_SIGNATURE, _DIGEST = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256"
_IDS = frozenset({f"{_WSU}Id", "Id", "ID", "AssertionID", "{http://www.w3.org/XML/1998/namespace}id"})
_ATTRIBUTES = etree.XPath("//@*")
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
_SKEW = timedelta(seconds=60)


class Receiver:
    """Believes what holders of certificates by `authority` signed, for `age` seconds."""

    def __init__(self, authority: x509.Certificate, age: int) -> None:
        self._age = timedelta(seconds=age)
        permitted, agnostic = verification.ExtensionPolicy.permit_all(), verification.Criticality.AGNOSTIC
        certifying = permitted.require_present(x509.BasicConstraints, agnostic, None)
        self._policy = (
            verification.PolicyBuilder()
            .store(verification.Store([authority]))
            .extension_policies(ca_policy=certifying, ee_policy=permitted)
        )
        self._signer_of = lru_cache(maxsize=128)(self._believed)

    def verify(self, data: bytes) -> Any:
        """The tree of a message that is believed. Raises `AssertionError` or `xmlsec.Error` for any other."""
        root, now = etree.fromstring(data, _PARSER), datetime.now(UTC)
        assert root.getroottree().docinfo.internalDTD is None
        ids: dict[str, Any] = {}
        for value in _ATTRIBUTES(root):
            if value.attrname in _IDS:
                assert ids.setdefault(str(value), value.getparent()) is value.getparent()
        header, body = root.find(f"{{{SOAP}}}Header"), root.find(f"{{{SOAP}}}Body")
        security = header.find(f"{_WSSE}Security")
        signature, timestamp = security.find(f"{_DS}Signature"), security.find(f"{_WSU}Timestamp")
        covered = _referred(signature.find(f"{_DS}SignedInfo"), ids)
        assert body in covered
        assert timestamp in covered
        reference = signature.find(f"{_DS}KeyInfo/{_WSSE}SecurityTokenReference/{_WSSE}Reference")
        certificate, key = self._signer_of(base64.b64decode(ids[reference.get("URI")[1:]].text))
        assert certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
        xmlsec.tree.add_ids(root, ["Id"])
        context = xmlsec.SignatureContext()
        context.key = key
        context.verify(signature)
        created, expires = (datetime.fromisoformat(timestamp.find(f"{_WSU}{name}").text) for name in _MOMENTS)
        assert created - _SKEW <= now <= min(created + self._age, expires) + _SKEW
        return root

    def _believed(self, der: bytes) -> tuple[x509.Certificate, Any]:
        certificate = x509.load_der_x509_certificate(der)
        self._policy.time(datetime.now(UTC)).build_client_verifier().verify(certificate, [])
        return certificate, xmlsec.Key.from_memory(der, xmlsec.KeyFormat.CERT_DER)


_MOMENTS = ("Created", "Expires")


def _referred(signed_info: Any, ids: dict[str, Any]) -> list[Any]:
    """The elements that a signature refers to, where its algorithms are allowed."""
    assert signed_info.find(f"{_DS}CanonicalizationMethod").get("Algorithm") == _EXCLUSIVE
    assert signed_info.find(f"{_DS}SignatureMethod").get("Algorithm") == _SIGNATURE
    found = []
    for reference in signed_info.iterfind(f"{_DS}Reference"):
        transforms = [each.get("Algorithm") for each in reference.find(f"{_DS}Transforms")]
        assert transforms == [_EXCLUSIVE]
        assert reference.find(f"{_DS}DigestMethod").get("Algorithm") == _DIGEST
        found.append(ids[reference.get("URI")[1:]])
    return found
