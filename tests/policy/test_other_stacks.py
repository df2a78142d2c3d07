"""Assertions of other stacks beside security: passed over where they demand nothing, done, or told by name."""

from __future__ import annotations

import pytest

from soapkit.errors import SecurityError
from soapkit.policy import Keys
from soapkit.security import Security
from soapkit.wsdl.load import load_contract
from tests.policy.contracts import contract, nested, suite, transport

SAP = "http://www.sap.com"
HTTPBC = "http://sun.com/ws/httpbc/security/BasicauthSecurityPolicy"
BINARY = f'<t:OptimizedXMLTransfer xmlns:t="{SAP}/webas/710/soap/features/transportbinding/" uri="binxml" {{}}/>'
LOGIN = transport(https="<sp:HttpBasicAuthentication/>", timestamp=False)


def sap(*inside: str, transaction: str = "no") -> str:
    """What an application server of SAP writes around how it is to be called."""
    features = {
        "710/features/attachment/": "<s:Enabled>false</s:Enabled>",
        "webas/630/soap/features/session/": "<s:Session><s:enableSession>false</s:enableSession></s:Session>",
        "webas/700/soap/features/CentralAdministration/": '<s:CentralAdministration p:Optional="true"/>',
        "NW05/soap/features/transaction/": f"<s:required>{transaction}</s:required>",
        "NW05/soap/features/commit/": "<s:enableCommit>false</s:enableCommit>",
        "NW05/soap/features/blocking/": "<s:enableBlocking>true</s:enableBlocking>",
        "NW05/soap/features/wsrm/": "<s:enableWSRM>false</s:enableWSRM>",
    }
    said = [text.replace(">", f' xmlns:s="{SAP}/{name}">', 1) for name, text in features.items() if "/>" not in text]
    said += [text.replace("/>", f' xmlns:s="{SAP}/{name}"/>') for name, text in features.items() if "/>" in text]
    return f"<p:All>{''.join((*said, *inside))}</p:All>"


def settings(policy: str) -> Security:
    return Security.from_contract(load_contract(contract(policy, address="https://a.example/")), keys=Keys())


@pytest.mark.parametrize(
    ("policy", "shows"),
    [
        (sap(BINARY.format('p:Optional="true"'), f"<p:All>{LOGIN}</p:All>"), {"basic"}),
        (f'<b:MustSupportBasicAuthentication xmlns:b="{HTTPBC}" on="true"/>', {"basic"}),
        (f'<b:MustSupportBasicAuthentication xmlns:b="{HTTPBC}" on="false"/>' + LOGIN, {"basic"}),
        (f'<b:MustSupportBasicAuthentication xmlns:b="{HTTPBC}" on="false"/>' + transport(timestamp=False), set()),
        ('<t:SchemaValidation xmlns:t="http://types.talend.com/policy/assertion/1.0"/>' + LOGIN, {"basic"}),
    ],
)
def test_what_demands_nothing_of_a_message_keeps_nobody_from_calling(policy: str, shows: set[str]) -> None:
    found = settings(policy)
    assert (found.shows, found.outbound) == (shows, ())


TICKET = f'<q:HTTPSSO2 xmlns:q="{SAP}/webas/630/soap/features/security/policy"/>'


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (sap(BINARY.format(""), LOGIN), "the binary encoding of SAP (OptimizedXMLTransfer) is not done"),
        (sap(LOGIN, transaction="yes"), "a transaction of SAP (required) is not done"),
        (
            nested(
                "TransportBinding",
                nested("TransportToken", nested("HttpsToken", TICKET)),
                suite("Basic128"),
            ),
            "HTTPSSO2",
        ),
        ('<w:Identity xmlns:w="http://www.bea.com/wls90/security/policy"/>', "WebLogic's own policy of security"),
    ],
)
def test_what_is_not_done_is_told_by_name(policy: str, told: str) -> None:
    with pytest.raises(SecurityError) as caught:
        settings(policy)
    assert told in str(caught.value)
