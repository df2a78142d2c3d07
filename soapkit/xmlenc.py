"""Plain XML encryption of any document: encrypt, decrypt. XML Encryption 1.0 and 1.1.

For invoices, e-government documents, SAML. For SOAP messages there is `soapkit.security`. Needs the extra ``security``.
"""

from __future__ import annotations

from soapkit.security.crypto.algorithms import AlgorithmPolicy, profile
from soapkit.security.crypto.keys import KeyPair, load_certificate
from soapkit.security.document.decrypt import Decrypted, DecryptedPart, decrypt
from soapkit.security.document.encrypt import encrypt

__all__ = [
    "AlgorithmPolicy",
    "Decrypted",
    "DecryptedPart",
    "KeyPair",
    "decrypt",
    "encrypt",
    "load_certificate",
    "profile",
]
