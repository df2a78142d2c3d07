"""WS-Security: apply() and verify().

The names are handed out when they are asked for, so that ``import soapkit.security`` loads no cryptography.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from soapkit.security.connection import ConnectionRules
    from soapkit.security.context.context import Contexts, ContextStore, SecurityContext
    from soapkit.security.context.conversation import Conversation
    from soapkit.security.context.store import RedisContextStore, SqliteContextStore
    from soapkit.security.crypto.algorithms import AlgorithmPolicy, profile
    from soapkit.security.crypto.keys import KeyPair, load_certificate, load_certificates
    from soapkit.security.crypto.with_cryptography import CryptographyProvider
    from soapkit.security.crypto.with_xmlsec import XmlsecProvider
    from soapkit.security.header_rules import Endorsement, HeaderRules
    from soapkit.security.issued import IssuedToken, IssuedTokens, Issuing
    from soapkit.security.replay import MemoryReplayStore, RedisReplayStore, ReplayStore, SqliteReplayStore
    from soapkit.security.require import Limits, Require
    from soapkit.security.saml.settings import SamlAssertion, SamlRequirement, SamlToken
    from soapkit.security.saml.write import issue_assertion
    from soapkit.security.security import Security
    from soapkit.security.steps import (
        REQUEST,
        SHARED,
        SIGNER,
        BinarySecurityToken,
        Encrypt,
        PasswordKey,
        Present,
        SecretKey,
        SharedKey,
        Sign,
        SignatureConfirmation,
        Timestamp,
        UsernameToken,
    )
    from soapkit.security.trust.ocsp_asking import OcspResponders
    from soapkit.security.trust.truststore import TrustStore

_HOMES = {
    "AlgorithmPolicy": "crypto.algorithms",
    "profile": "crypto.algorithms",
    "ConnectionRules": "connection",
    "Contexts": "context.context",
    "ContextStore": "context.context",
    "RedisContextStore": "context.store",
    "SqliteContextStore": "context.store",
    "SecurityContext": "context.context",
    "Conversation": "context.conversation",
    "IssuedToken": "issued",
    "IssuedTokens": "issued",
    "Issuing": "issued",
    "Endorsement": "header_rules",
    "HeaderRules": "header_rules",
    "KeyPair": "crypto.keys",
    "load_certificate": "crypto.keys",
    "load_certificates": "crypto.keys",
    "OcspResponders": "trust.ocsp_asking",
    "MemoryReplayStore": "replay",
    "ReplayStore": "replay",
    "RedisReplayStore": "replay",
    "SqliteReplayStore": "replay",
    "SamlAssertion": "saml.settings",
    "SamlRequirement": "saml.settings",
    "SamlToken": "saml.settings",
    "issue_assertion": "saml.write",
    "Security": "security",
    "BinarySecurityToken": "steps",
    "REQUEST": "steps",
    "SHARED": "steps",
    "SIGNER": "steps",
    "SecretKey": "steps",
    "SharedKey": "steps",
    "Encrypt": "steps",
    "Limits": "require",
    "PasswordKey": "steps",
    "Present": "steps",
    "Require": "require",
    "Sign": "steps",
    "SignatureConfirmation": "steps",
    "Timestamp": "steps",
    "UsernameToken": "steps",
    "TrustStore": "trust.truststore",
    "CryptographyProvider": "crypto.with_cryptography",
    "XmlsecProvider": "crypto.with_xmlsec",
}

__all__ = [
    "REQUEST",
    "SHARED",
    "SIGNER",
    "AlgorithmPolicy",
    "BinarySecurityToken",
    "ConnectionRules",
    "ContextStore",
    "Contexts",
    "Conversation",
    "CryptographyProvider",
    "Encrypt",
    "Endorsement",
    "HeaderRules",
    "IssuedToken",
    "IssuedTokens",
    "Issuing",
    "KeyPair",
    "Limits",
    "MemoryReplayStore",
    "OcspResponders",
    "PasswordKey",
    "Present",
    "RedisContextStore",
    "RedisReplayStore",
    "ReplayStore",
    "Require",
    "SamlAssertion",
    "SamlRequirement",
    "SamlToken",
    "SecretKey",
    "Security",
    "SecurityContext",
    "SharedKey",
    "Sign",
    "SignatureConfirmation",
    "SqliteContextStore",
    "SqliteReplayStore",
    "Timestamp",
    "TrustStore",
    "UsernameToken",
    "XmlsecProvider",
    "issue_assertion",
    "load_certificate",
    "load_certificates",
    "profile",
]


def __getattr__(name: str) -> Any:  # whichever of the names above
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{home}"), name)
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        raise ImportError(f"{name} needs the {error.name} library: pip install soapkit[{extra}]") from error


_EXTRAS = {"cryptography": "security", "xmlsec": "xmlsec"}
