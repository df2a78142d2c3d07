"""Contracts with security policies, written for tests."""

from __future__ import annotations

SP11 = "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy"
SP12 = "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702"
SP13 = "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200802"
WSA = "http://www.w3.org/2005/08/addressing"

HEAD = """<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" targetNamespace="urn:double" xmlns:t="urn:double"
  xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:p="http://www.w3.org/ns/ws-policy" xmlns:sp="{sp}"
  xmlns:sp13="http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200802"
  xmlns:cxf="http://cxf.apache.org/custom/security-policy" xmlns:a="http://www.w3.org/2005/08/addressing"
  xmlns:m="http://www.w3.org/2007/05/addressing/metadata"
  xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">
"""
TYPES = """<types><x:schema xmlns:x="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:double"
    elementFormDefault="qualified">
    <x:element name="double"><x:complexType><x:sequence><x:element name="number" type="x:int"/></x:sequence>
      </x:complexType></x:element>
    <x:element name="doubleResponse"><x:complexType><x:sequence><x:element name="result" type="x:int"/></x:sequence>
      </x:complexType></x:element>
    <x:element name="half"><x:complexType><x:sequence><x:element name="number" type="x:int"/></x:sequence>
      </x:complexType></x:element>
    <x:element name="halfResponse"><x:complexType><x:sequence><x:element name="result" type="x:int"/></x:sequence>
      </x:complexType></x:element></x:schema></types>
  <message name="double"><part name="p" element="t:double"/></message>
  <message name="doubleResponse"><part name="p" element="t:doubleResponse"/></message>
  <message name="half"><part name="p" element="t:half"/></message>
  <message name="halfResponse"><part name="p" element="t:halfResponse"/></message>
  <portType name="Doubler">
    <operation name="double"><input message="t:double"/><output message="t:doubleResponse"/></operation>
    <operation name="half"><input message="t:half"/><output message="t:halfResponse"/></operation>
  </portType>
"""


def contract(
    policy: str,
    *,
    request: str = "",
    reply: str = "",
    half: str = "",
    sp: str = SP12,
    address: str = "http://a.example/",
) -> bytes:
    """A contract whose binding has `policy`; `request` and `reply`: what the messages of ``double`` demand besides;
    `half`: what the request of ``half`` does instead of `request`."""
    return (
        HEAD.format(sp=sp)
        + TYPES
        + f"""<binding name="DoublerSoap" type="t:Doubler"><p:Policy>{policy}</p:Policy>
    <s:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="double"><input><p:Policy>{request}</p:Policy><s:body use="literal"/></input>
      <output><p:Policy>{reply}</p:Policy><s:body use="literal"/></output></operation>
    <operation name="half"><input><p:Policy>{half or request}</p:Policy><s:body use="literal"/></input>
      <output><p:Policy>{reply}</p:Policy><s:body use="literal"/></output></operation>
  </binding>
  <service name="DoublerService"><port name="Doubler" binding="t:DoublerSoap">
    <s:address location="{address}"/></port></service></definitions>"""
    ).encode()


def nested(name: str, *inside: str, include: str = "", before: str = "") -> str:
    """An assertion with a nested policy."""
    attribute = f' sp:IncludeToken="{SP12}/IncludeToken/{include}"' if include else ""
    return f"<sp:{name}{attribute}>{before}<p:Policy>{''.join(inside)}</p:Policy></sp:{name}>"


def suite(name: str) -> str:
    prefix = "cxf" if "GCM" in name else "sp"
    return nested("AlgorithmSuite", f"<{prefix}:{name}/>")


def x509(include: str = "AlwaysToRecipient", *options: str) -> str:
    return nested("X509Token", *(f"<sp:{option}/>" for option in (*options, "WssX509V3Token10")), include=include)


def key_value() -> str:
    """A key without a certificate."""
    return nested("KeyValueToken", "<sp:RsaKeyValue/>", include="AlwaysToRecipient")


def asymmetric(*options: str, algorithms: str = "Basic256Sha256", initiator: str = "", recipient: str = "") -> str:
    return nested(
        "AsymmetricBinding",
        nested("InitiatorToken", initiator or x509()),
        nested("RecipientToken", recipient or x509("Never")),
        suite(algorithms),
        nested("Layout", "<sp:Lax/>"),
        "<sp:IncludeTimestamp/>",
        *(f"<sp:{option}/>" for option in options),
    )


def symmetric(*options: str, algorithms: str = "Basic256Sha256", protection: str = "") -> str:
    return nested(
        "SymmetricBinding",
        nested("ProtectionToken", protection or x509("Never")),
        suite(algorithms),
        nested("Layout", "<sp:Lax/>"),
        "<sp:IncludeTimestamp/>",
        *(f"<sp:{option}/>" for option in options),
    )


def transport(*, algorithms: str = "Basic256Sha256", https: str = "", timestamp: bool = True) -> str:
    return nested(
        "TransportBinding",
        nested("TransportToken", nested("HttpsToken", https)),
        suite(algorithms),
        nested("Layout", "<sp:Lax/>"),
        "<sp:IncludeTimestamp/>" if timestamp else "",
    )


def conversing(bootstrap: str, *options: str) -> str:
    """A SecureConversationToken whose context is asked for as `bootstrap` says."""
    inside = (*(f"<sp:{option}/>" for option in options), nested("BootstrapPolicy", bootstrap))
    return nested("SecureConversationToken", *inside, include="AlwaysToRecipient")


def issued(key_type: str = "", *more: str, derived: bool = False) -> str:
    """An IssuedToken that is a SAML 2.0 assertion, with a key of this type; `more`: elements of the template."""
    trust = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
    kind = f"<w:KeyType>{trust}/{key_type}</w:KeyType>" if key_type else ""
    saml = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0"
    inside = f"<w:TokenType>{saml}</w:TokenType>{kind}{''.join(more)}"
    template = f'<sp:RequestSecurityTokenTemplate xmlns:w="{trust}">{inside}</sp:RequestSecurityTokenTemplate>'
    options = ("<sp:RequireInternalReference/>", "<sp:RequireDerivedKeys/>" if derived else "")
    return nested("IssuedToken", *options, include="AlwaysToRecipient", before=template)


def by_password(*options: str) -> str:
    """A UsernameToken."""
    inside = (f"<sp:{option}/>" for option in (*options, "WssUsernameToken10"))
    return nested("UsernameToken", *inside, include="AlwaysToRecipient")


def username(*options: str, holder: str = "SignedSupportingTokens") -> str:
    return nested(holder, by_password(*options))


BODY_SIGNED = "<sp:SignedParts><sp:Body/></sp:SignedParts>"
BODY_ENCRYPTED = "<sp:EncryptedParts><sp:Body/></sp:EncryptedParts>"
BODY = BODY_SIGNED + BODY_ENCRYPTED
