"""Assertions beside security in real policies: which demand nothing of a message, which are done, which are not.

What is in no table here is unknown: `soapkit.policy.undone.cannot` refuses it by its name, unless it is ignorable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from soapkit.policy.expression import Assertion
from soapkit.security.connection import Shown

_SUN = "http://schemas.sun.com"
_WSIT = "http://java.sun.com/xml/ns/wsit"
_HTTPBC = "http://sun.com/ws/httpbc/security/BasicauthSecurityPolicy"
_SAP = "http://www.sap.com"

# Configuration of the stack that wrote the policy: its key stores, validators, timers. A contract that was taken from
# the stack's own files has them; what crosses the wire is not in them.
_CONFIGURATION = frozenset(
    {
        # Metro (WSIT)
        f"{_SUN}/2006/03/wss/server",
        f"{_SUN}/2006/03/wss/client",
        f"{_SUN}/ws/2006/05/sc/server",
        f"{_SUN}/ws/2006/05/sc/client",
        f"{_SUN}/ws/2006/05/trust/server",
        f"{_SUN}/ws/2006/05/trust/client",
        f"{_WSIT}/policy",
        f"{_WSIT}/2006/09/policy/encoding/client",
        f"{_WSIT}/2006/09/policy/transport/client",
        f"{_WSIT}/2006/09/policy/fastinfoset/service",  # what the service reads too
        f"{_WSIT}/2006/09/policy/soaptcp/service",  # how else it may be called
        "http://java.sun.com/xml/ns/metro/management",
        # parameters of WS-ReliableMessaging, which is demanded by its own assertion
        "http://sun.com/2006/03/rm",
        "http://sun.com/2006/03/rm/client",
        "http://java.sun.com/xml/ns/metro/ws-rx/wsrmp/200702",
        "http://schemas.microsoft.com/net/2005/02/rm/policy",
        "http://schemas.microsoft.com/ws-rx/wsrmp/200702",
        "http://ws.apache.org/sandesha2/policy",
        # Rampart, CXF, WSO2, Oracle
        "http://ws.apache.org/rampart/policy",
        "http://ws.apache.org/rampart/c/policy",
        "http://cxf.apache.org/transports/http/configuration",
        "http://www.wso2.org/products/wso2commons/throttle",
        "http://www.wso2.org/products/wso2commons/caching",
        "http://schemas.oracle.com/ws/2006/01/loggingpolicy",
        "http://www.wso2.org/products/carbon/security",
        # SAP: what its application server does with a call, and may do for who asks for it
        f"{_SAP}/710/features/attachment/",
        f"{_SAP}/webas/630/soap/features/session/",
        f"{_SAP}/webas/630/soap/features/messageId/",
        f"{_SAP}/webas/700/soap/features/CentralAdministration/",
        f"{_SAP}/NW05/soap/features/commit/",
        f"{_SAP}/NW05/soap/features/blocking/",
        f"{_SAP}/NW05/soap/features/wsrm/",  # that it can; that it must is said by WS-ReliableMessaging
        f"{_SAP}/esi/NW05/rif/",
        # Talend: what its runtime checks, counts and transforms; compression is the transport's, and negotiated
        "http://types.talend.com/policy/assertion/1.0",
        # .NET: which network an endpoint is for (ADFS), what svcutil notes for itself
        "http://schemas.microsoft.com/ws/2009/12/identityserver/",
        "http://tempuri.org/temporaryworkaround",
    }
)

# Kept by all that we send; and what a service has beside an assertion that demands it.
_KEPT = frozenset(
    {
        "{http://schemas.xmlsoap.org/ws/2004/09/policy/encoding}Utf816FFFECharacterEncoding",
        f"{{{_HTTPBC}}}UsernameToken",
    }
)
_BASIC_OF_SUN = f"{{{_HTTPBC}}}MustSupportBasicAuthentication"
_TRANSACTION_OF_SAP = f"{{{_SAP}/NW05/soap/features/transaction/}}required"

# What says itself that it demands nothing.
_OFF: Final[dict[str, Callable[[Assertion], bool]]] = {
    _BASIC_OF_SUN: lambda assertion: assertion.attribute("on") in ("false", "0"),
    _TRANSACTION_OF_SAP: lambda assertion: assertion.text in ("", "no"),
}


@dataclass(frozen=True, slots=True)
class Foreign:
    """An assertion that is known and not of security: what it demands, in words, and whether that is done."""

    words: str
    done: bool = False


_HTTP = "http://schemas.microsoft.com/ws/06/2004/policy/http"
LOGINS: Final[dict[str, Shown]] = {
    f"{{{_HTTP}}}BasicAuthentication": "basic",
    f"{{{_HTTP}}}DigestAuthentication": "digest",
    _BASIC_OF_SUN: "basic",
}
"""Assertions of .NET and of Sun that ask for an HTTP login, as an HttpsToken may."""
_BY_NAME = {
    _TRANSACTION_OF_SAP: Foreign("a transaction of SAP"),
    f"{{{_SAP}/webas/710/soap/features/transportbinding/}}OptimizedXMLTransfer": Foreign("the binary encoding of SAP"),
    f"{{{_SAP}/webas/630/soap/features/security/policy}}HTTPSSO2": Foreign("a logon ticket of SAP"),
    f"{{{_HTTP}}}NtlmAuthentication": Foreign("NTLM authentication over HTTP"),
    f"{{{_HTTP}}}NegotiateAuthentication": Foreign("Negotiate (Kerberos) authentication over HTTP"),
}
_RELIABLE = Foreign("WS-ReliableMessaging")
_WEBLOGIC = Foreign("WebLogic's own policy of security")
_TRANSACTION = Foreign("WS-AtomicTransaction")
_BY_NAMESPACE = {
    "http://schemas.xmlsoap.org/ws/2005/02/rm/policy": _RELIABLE,
    "http://docs.oasis-open.org/ws-rx/wsrmp/200702": _RELIABLE,
    "http://schemas.xmlsoap.org/ws/2004/10/wsat": _TRANSACTION,
    "http://docs.oasis-open.org/ws-tx/wsat/2006/06": _TRANSACTION,
    "http://schemas.microsoft.com/ws/06/2004/mspolicy/netbinary1": Foreign("the binary encoding of .NET"),
    "http://schemas.microsoft.com/ws/2006/05/framing/policy": Foreign("a transport of .NET that is not HTTP"),
    "http://schemas.microsoft.com/ws/06/2004/mspolicy/msmq": Foreign("MSMQ"),
    "http://schemas.microsoft.com/ws/2005/05/routing/policy": Foreign("a one-way channel of .NET"),
    "http://schemas.microsoft.com/net/2006/06/duplex": Foreign("a duplex channel of .NET"),
    "http://www.bea.com/wls90/security/policy": _WEBLOGIC,
    "http://www.bea.com/wls92/security/policy": _WEBLOGIC,
    "http://schemas.oracle.com/ws/2006/01/securitypolicy": Foreign("Oracle's own policy of security"),
    "http://schemas.xmlsoap.org/ws/2002/12/secext": Foreign("WS-SecurityPolicy of 2002"),
}


def demands_nothing(assertion: Assertion) -> bool:
    """Whether an assertion asks nothing of a message that every message does not keep."""
    off = _OFF.get(assertion.name)
    return assertion.namespace in _CONFIGURATION or assertion.name in _KEPT or (off is not None and off(assertion))


def foreign(assertion: Assertion) -> Foreign | None:
    """What is known of an assertion that is not of security; None for nothing."""
    return _BY_NAME.get(assertion.name) or _BY_NAMESPACE.get(assertion.namespace)
