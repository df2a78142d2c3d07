"""Plain XML encryption of any document: encrypt, decrypt. XML Encryption 1.0 and 1.1.

For invoices, e-government documents, SAML. For SOAP messages there is `soapkit.security`. Needs the extra ``security``.
"""

from __future__ import annotations

from soapkit.security.algorithms import AlgorithmPolicy, profile
from soapkit.security.document_decrypt import Decrypted, DecryptedPart, decrypt
from soapkit.security.document_encrypt import encrypt
from soapkit.security.keys import KeyPair, load_certificate

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
