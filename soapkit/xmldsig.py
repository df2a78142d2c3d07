"""Plain XML signatures of any document: sign, verify, and see what is signed. XML Signature 1.0 and 1.1.

For invoices, e-government documents, SAML. For SOAP messages there is `soapkit.security`. Needs the extra ``security``.
"""

from __future__ import annotations

from soapkit.security.crypto.algorithms import AlgorithmPolicy, profile
from soapkit.security.crypto.keys import KeyPair, load_certificate
from soapkit.security.document.document import HmacKey, SignedOctets, SignedPart, Verified
from soapkit.security.document.sign import sign
from soapkit.security.document.verify import verify, verify_all
from soapkit.security.trust.truststore import TrustStore

__all__ = [
    "AlgorithmPolicy",
    "HmacKey",
    "KeyPair",
    "SignedOctets",
    "SignedPart",
    "TrustStore",
    "Verified",
    "load_certificate",
    "profile",
    "sign",
    "verify",
    "verify_all",
]
