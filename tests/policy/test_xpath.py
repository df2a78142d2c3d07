"""XPaths of policies: plain paths are parts with a name, others are paths with Clark names; both sides keep them."""

from __future__ import annotations

from pathlib import Path

import pytest

from soapkit.errors import SecurityError, UsageError
from soapkit.policy import Keys
from soapkit.policy.demands import XPath
from soapkit.policy.xpath import part_of
from soapkit.security import Security, TrustStore
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.wsdl.load import load_contract
from soapkit.xml.names import SAML20, SOAP11, SOAP12, WSA, WSSE
from tests.policy.contracts import asymmetric, contract

NAMES = (("s", SOAP11), ("s12", SOAP12), ("w", WSSE), ("a", WSA), ("saml", SAML20))


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/s:Envelope/s:Body", "Body"),
        ("/s12:Envelope/s12:Body", "Body"),
        ("/s:Envelope/s:Header/a:To", f"{{{WSA}}}To?"),
        ("/s:Envelope/s:Header/w:Security/saml:Assertion", "Assertion?"),
        ("/s:Envelope/s:Header/w:Security/w:UsernameToken", "UsernameToken?"),
        (
            "/s:Envelope/s:Header/w:Security/a:Other",
            f"/{{{SOAP11}}}Envelope/{{{SOAP11}}}Header/{{{WSSE}}}Security/{{{WSA}}}Other?",
        ),
        ("//a:To", f"//{{{WSA}}}To?"),
        ("/s:Envelope/s:Header/a:*", f"/{{{SOAP11}}}Envelope/{{{SOAP11}}}Header/{{{WSA}}}*?"),
        ("s:Body/a:To", f"/*/{{{SOAP11}}}Body/{{{WSA}}}To?"),
        ("//a:To[@a:unit='a:kg']", f"//{{{WSA}}}To[@{{{WSA}}}unit='a:kg']?"),
        ("/descendant::a:To", f"/descendant::{{{WSA}}}To?"),
        ("//plain", "//plain?"),
    ],
)
def test_a_path_is_the_part_that_settings_name(path: str, part: str) -> None:
    assert part_of(XPath(path, NAMES)) == part


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/s:Envelope/s:Header/w:Security", "cannot be covered by what stands in it"),
        ("//unknown:To", "uses the prefix unknown, which nothing declares"),
        ("//a:To[", "is no XPath"),
        ("", "is no XPath"),
    ],
)
def test_what_is_no_part_is_told(path: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        part_of(XPath(path, NAMES))


def test_signed_elements_of_a_contract_are_signed_and_demanded(tmp_path: Path) -> None:
    authority = make_authority()
    alice, bank = (make_keypair(name, authority) for name in ("alice", "bank"))
    keys = Keys(alice, peer=bank, trust=TrustStore.of(authority))

    def settings(path: str) -> Security:
        elements = (
            f'<sp:SignedElements><sp:XPath xmlns:s="{SOAP11}" xmlns:w="{WSA}">{path}</sp:XPath></sp:SignedElements>'
        )
        (tmp_path / "double.wsdl").write_bytes(contract(asymmetric(), request=elements, reply=elements))
        return Security.from_contract(load_contract(tmp_path / "double.wsdl"), keys=keys)

    made = settings("/s:Envelope/s:Header/w:To")
    assert list(made.inbound.signed) == ["Timestamp", f"{{{WSA}}}To?"]
    assert list(settings("//w:To").inbound.signed) == ["Timestamp", f"//{{{WSA}}}To?"]
    with pytest.raises(SecurityError, match="uses the prefix v, which nothing declares"):
        settings("//v:To")
