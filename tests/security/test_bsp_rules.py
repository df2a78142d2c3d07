"""WS-I Basic Security Profile 1.1: what we write keeps its rules, each asked of messages of every shape.

A rule is an expression that finds what breaks it. Those that ask for what is weak today (SHA-1, CBC) are not kept, and
docs/supported.rst tells which.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from soapkit.security import (
    Encrypt,
    KeyPair,
    Require,
    SamlAssertion,
    SamlToken,
    Security,
    Sign,
    Timestamp,
    TrustStore,
    UsernameToken,
    issue_assertion,
)
from soapkit.security.steps import SHARED, SharedKey, SignatureConfirmation
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.xml.names import DS, EXC_C14N, WSSE, WSU, XENC

OASIS = "http://docs.oasis-open.org/wss/"
NAMESPACES = {
    "soap": SOAP_1_1.namespace,
    "ds": DS,
    "ec": EXC_C14N,
    "wsse": WSSE,
    "wsu": WSU,
    "xenc": XENC,
    "wsse11": f"{OASIS}oasis-wss-wssecurity-secext-1.1.xsd",
    "saml1": "urn:oasis:names:tc:SAML:1.0:assertion",
    "saml2": "urn:oasis:names:tc:SAML:2.0:assertion",
}
SMS = f"{OASIS}2004/01/oasis-200401-wss-soap-message-security-1.0"
SMS11 = f"{OASIS}oasis-wss-soap-message-security-1.1"
X509 = f"{OASIS}2004/01/oasis-200401-wss-x509-token-profile-1.0"
USERNAME = f"{OASIS}2004/01/oasis-200401-wss-username-token-profile-1.0"
SAML = f"{OASIS}oasis-wss-saml-token-profile-1"
REFERENCE = "wsse:SecurityTokenReference"


def target(path: str) -> str:
    """A condition on a Reference: its URI leads to such an element."""
    return f"substring(@URI, 2) = //{path}/@*[local-name() = 'Id']"


X509_TOKEN = f"wsse:BinarySecurityToken[@ValueType = '{X509}#X509v3']"
PATH_TOKEN = f"wsse:BinarySecurityToken[@ValueType = '{X509}#X509PKIPathv1']"
PKCS7_TOKEN = f"wsse:BinarySecurityToken[@ValueType = '{X509}#PKCS7']"

RULES = {
    "R3203": "//wsu:Timestamp[count(wsu:Created) != 1]",
    "R3224": "//wsu:Timestamp[count(wsu:Expires) > 1]",
    "R3221": "//wsu:Expires[not(preceding-sibling::wsu:Created)]",
    "R3222": "//wsu:Timestamp/*[not(self::wsu:Created or self::wsu:Expires)]",
    "R3220": "//wsu:Created[string-length(substring-after(., '.')) > 4]",
    "R3229": "//wsu:Expires[string-length(substring-after(., '.')) > 4]",
    "R3213": "//wsu:Created[number(substring(., 18, 2)) > 59]",
    "R3215": "//wsu:Expires[number(substring(., 18, 2)) > 59]",
    "R3225": "//wsu:Created[@ValueType]",
    "R3226": "//wsu:Expires[@ValueType]",
    "R3217": "//wsu:Created[substring(., string-length(.)) != 'Z']",
    "R3223": "//wsu:Expires[substring(., string-length(.)) != 'Z']",
    "R3227": "//wsse:Security[count(wsu:Timestamp) > 1]",
    "R3061": f"//{REFERENCE}[count(*) != 1]",
    "R3057": f"//{REFERENCE}/wsse:Reference[{target(REFERENCE)}]",
    "R3059": f"//{REFERENCE}/wsse:Reference[not(@ValueType)][not({target('xenc:EncryptedKey')})]",
    "R3062": f"//{REFERENCE}/wsse:Reference[not(@URI)]",
    "R3027": f"//{REFERENCE}/ds:KeyName",
    "R3054": "//wsse:KeyIdentifier[not(@ValueType)]",
    "R3070": "//wsse:KeyIdentifier[not(@EncodingType)][not(contains(@ValueType, 'saml'))]",
    "R3071": f"//wsse:KeyIdentifier[@EncodingType][@EncodingType != '{SMS}#Base64Binary']",
    "R5204": f"//{REFERENCE}/wsse:Reference[not(starts-with(@URI, '#'))]",
    "R5205": f"//{REFERENCE}/wsse:Reference[{target('wsse:BinarySecurityToken')}]"
    "[not(preceding::wsse:BinarySecurityToken/@wsu:Id = substring(@URI, 2))]",
    "R3211": f"//{REFERENCE}/wsse:Reference[{target('ds:KeyInfo')}]",
    "R3102": "//wsse:Security/ds:Signature/ds:Object",
    "R3104": "//wsse:Security/ds:Signature//ds:Transform[contains(@Algorithm, 'enveloped')]",
    "R3001": "//wsse:Security/ds:Signature//ds:Reference[not(starts-with(@URI, '#'))]",
    "R3003": "//ds:*[@wsu:Id]",
    "R3004": "//xenc:*[@wsu:Id]",
    "R3005": "//soap:Body[@Id] | //wsu:Timestamp[@Id] | //wsse:*[@Id]",
    "R5416": "//wsse:Security/ds:Signature//ds:Reference[not(ds:Transforms)]",
    "R5411": "//ds:Transforms[not(ds:Transform)]",
    "R5423": "//wsse:Security/ds:Signature//ds:Transform"
    f"[@Algorithm != '{EXC_C14N}'][@Algorithm != '{SMS}#STR-Transform']",
    "R5412": "//wsse:Security/ds:Signature//ds:Transforms/ds:Transform[last()]"
    f"[@Algorithm != '{EXC_C14N}'][@Algorithm != '{SMS}#STR-Transform']",
    "R5407": "//ec:InclusiveNamespaces[not(@PrefixList) or @PrefixList = '']",
    "R3065": f"//ds:Transform[@Algorithm = '{SMS}#STR-Transform']"
    "[not(wsse:TransformationParameters/ds:CanonicalizationMethod)]",
    "R5404": f"//ds:CanonicalizationMethod[@Algorithm != '{EXC_C14N}']",
    "R5401": "//ds:HMACOutputLength",
    "R5402": "//wsse:Security/ds:Signature/ds:KeyInfo[count(*) != 1]",
    "R5417": f"//wsse:Security/ds:Signature/ds:KeyInfo[not({REFERENCE})]",
    "R5403": "//ds:Manifest",
    "R5440": "//ds:Signature//xenc:EncryptedData",
    "R5441": "//wsse11:SignatureConfirmation[not(@wsu:Id)]",
    "R3228": "//soap:Header/xenc:EncryptedData",
    "R3230": "//wsse11:EncryptedHeader[count(*) != 1 or not(xenc:EncryptedData)]",
    "R3231, R3214": "//xenc:EncryptedData[not(@Id = //xenc:DataReference/@*[name() = 'URI' and starts-with(., '#')]"
    " or concat('#', @Id) = //xenc:DataReference/@URI)]",
    "R3208": "//wsse:Security/xenc:EncryptedData[concat('#', @Id) = "
    "following-sibling::xenc:EncryptedKey//xenc:DataReference/@URI]",
    "R3209": "//xenc:EncryptedKey[@Type]",
    "R5622": "//xenc:EncryptedKey[@MimeType]",
    "R5623": "//xenc:EncryptedKey[@Encoding]",
    "R5602": "//xenc:EncryptedKey[@Recipient]",
    "R5603": "//xenc:EncryptedKey[not(xenc:EncryptionMethod)]",
    "R5629": "//xenc:EncryptedData[not(ds:KeyInfo)]"
    "[not(concat('#', @Id) = //xenc:EncryptedKey//xenc:DataReference/@URI)]",
    "R5624, R5627": "//wsse11:EncryptedHeader[not(@wsu:Id)]/xenc:EncryptedData[not(@Id)]",
    "R5601": "//xenc:EncryptedData[not(xenc:EncryptionMethod)]",
    "R5424": "//xenc:EncryptedData/ds:KeyInfo[count(*) != 1] | //xenc:EncryptedKey/ds:KeyInfo[count(*) != 1]",
    "R5426": f"//xenc:EncryptedData/ds:KeyInfo[not({REFERENCE})] | //xenc:EncryptedKey/ds:KeyInfo[not({REFERENCE})]",
    "R5608, R3006": "//xenc:DataReference[not(substring(@URI, 2) = //xenc:EncryptedData/@Id)]",
    "R5621": "//xenc:EncryptedKey/xenc:EncryptionMethod"
    f"[@Algorithm != '{XENC}rsa-oaep-mgf1p'][@Algorithm != '{XENC}rsa-1_5']",
    "R5614": "//soap:Header/xenc:EncryptedData",
    "R3029": "//wsse:BinarySecurityToken[not(@EncodingType)]",
    "R3030": f"//wsse:BinarySecurityToken[@EncodingType != '{SMS}#Base64Binary']",
    "R3031": "//wsse:BinarySecurityToken[not(@ValueType)]",
    "R3032, R3033, R5201, R5211, R5214": f"//wsse:BinarySecurityToken[not(starts-with(@ValueType, '{X509}#'))]",
    "R4222": "//wsse:UsernameToken[count(wsse:Password) > 1]",
    "R4201": "//wsse:Password[not(@Type)]",
    "R4223": "//wsse:UsernameToken[count(wsu:Created) > 1]",
    "R4225": "//wsse:UsernameToken[count(wsse:Nonce) > 1]",
    "R4220": "//wsse:Nonce[not(@EncodingType)]",
    "R4221": f"//wsse:Nonce[@EncodingType != '{SMS}#Base64Binary']",
    "R5218": f"//wsse:Reference[{target(X509_TOKEN)}][@ValueType != '{X509}#X509v3']",
    "R5212": f"//{REFERENCE}[wsse:Reference[{target(PKCS7_TOKEN)}]][not(@wsse11:TokenType = '{X509}#PKCS7')]",
    "R5213": f"//wsse:Reference[{target(PKCS7_TOKEN)}][@ValueType != '{X509}#PKCS7']",
    "R5215": f"//{REFERENCE}[wsse:Reference[{target(PATH_TOKEN)}]][not(@wsse11:TokenType = '{X509}#X509PKIPathv1')]",
    "R5216": f"//wsse:Reference[{target(PATH_TOKEN)}][@ValueType != '{X509}#X509PKIPathv1']",
    "R5206": f"//wsse:KeyIdentifier[not(contains(@ValueType, 'saml'))][@ValueType != '{X509}#X509SubjectKeyIdentifier']"
    f"[@ValueType != '{SMS11}#ThumbprintSHA1'][@ValueType != '{SMS11}#EncryptedKeySHA1']",
    "R6611": f"//{REFERENCE}[wsse:KeyIdentifier = //saml1:Assertion/@AssertionID]"
    f"[not(@wsse11:TokenType = '{SAML}.1#SAMLV1.1')]",
    "R6617": f"//{REFERENCE}[wsse:KeyIdentifier = //saml2:Assertion/@ID][not(@wsse11:TokenType = '{SAML}.1#SAMLV2.0')]",
    "R6603": f"//wsse:KeyIdentifier[. = //saml1:Assertion/@AssertionID][@ValueType != '{SAML}.0#SAMLAssertionID']",
    "R6616": f"//wsse:KeyIdentifier[. = //saml2:Assertion/@ID][@ValueType != '{SAML}.1#SAMLID']",
    "R6604": "//wsse:KeyIdentifier[contains(@ValueType, 'saml')][@EncodingType]",
    "R3069": f"//{REFERENCE}[wsse:Reference[{target('xenc:EncryptedKey')}]]"
    f"[not(@wsse11:TokenType = '{SMS11}#EncryptedKey')]",
    "R3072": f"//{REFERENCE}[@wsse11:TokenType = '{SMS11}#EncryptedKey']"
    f"/wsse:KeyIdentifier[@ValueType != '{SMS11}#EncryptedKeySHA1']",
}


NOW = datetime(2026, 11, 23, 15, 4, 5, 678901, tzinfo=UTC)


def a_message() -> Envelope:
    return Draft(
        SOAP_1_1,
        '<b:transfer xmlns:b="urn:bank" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="b:big"/>',
        ('<a:To xmlns:a="urn:addressing">http://bank.example/</a:To>',),
    ).to_envelope()


@pytest.fixture(scope="module")
def messages(keys) -> list[Envelope]:
    """One of each shape that the settings of `Security` make."""
    plain, now = a_message(), NOW
    alice, bob = keys.alice, keys.bob
    chained = KeyPair(alice.private_key, alice.certificate, (keys.authority.certificate,))
    references = ("direct", "path", "pkcs7", "issuer-serial", "ski", "thumbprint")
    shared = [SharedKey(to=bob), Sign(SHARED, parts=["Body"]), Encrypt(to=SHARED, parts=["Body", "To"])]
    derived = [SharedKey(to=bob, derived="2005/12"), Sign(SHARED, parts=["Body"]), Encrypt(to=SHARED)]
    steps = [
        *([Timestamp(), Sign(chained, parts=["Body", "Timestamp", "To"], key_reference=one)] for one in references),
        *([Sign(alice, parts=["Body", "STRTransform"], key_reference=one)] for one in ("direct", "issuer-serial")),
        *([Encrypt(to=bob, key_reference=one)] for one in references if one not in ("path", "pkcs7")),
        [Timestamp(), UsernameToken("ann", "secret", digest=True), Sign(alice, parts=["Body", "UsernameToken"])],
        [UsernameToken("ann", "secret", nonce=True, created=True), UsernameToken("bob")],
        [Timestamp(), Sign(alice), Encrypt(to=bob, parts=["Body", "Signature", "To"])],
        [Encrypt(to=bob, parts=["Body", "To"]), Sign(alice, parts=["Body", "To?"])],
        shared,
        derived,
    ]
    made = [Security(outbound=each).apply(plain, now=now) for each in steps]
    for version in ("2.0", "1.1"):
        of = {"confirmation": "holder-of-key", "holder": alice}
        token = SamlToken(issue_assertion(SamlAssertion("urn:sts", "ann", version, **of), bob, now=now))
        made.append(
            Security(outbound=[token, Sign(alice, parts=["Body"], key_reference="assertion")]).apply(plain, now=now)
        )
    request = Security(inbound=Require(signed=["Body"], trust=TrustStore.of(keys.authority))).verify(made[0], now=now)
    answering = Security(outbound=[SignatureConfirmation(), Sign(bob, parts=["Body", "SignatureConfirmation"])])
    made.append(answering.apply(plain, now=now, request=request))
    return [Envelope.read(each.root) for each in made]


@pytest.mark.parametrize("rule", RULES)
def test_what_we_write_keeps_the_rule(rule, messages):
    broken = [found for message in messages for found in message.root.xpath(RULES[rule], namespaces=NAMESPACES)]
    assert broken == []


def test_the_messages_hold_what_the_rules_speak_of(messages):
    """So that no rule is kept by having nothing to say."""
    names = {element.tag.rpartition("}")[2] for message in messages for element in message.root.iter("*")}
    spoken = [
        "Timestamp",
        "Created",
        "Expires",
        "SecurityTokenReference",
        "Reference",
        "KeyIdentifier",
        "BinarySecurityToken",
        "Signature",
        "TransformationParameters",
        "InclusiveNamespaces",
        "SignatureConfirmation",
        "EncryptedHeader",
        "EncryptedKey",
        "EncryptedData",
        "DataReference",
        "ReferenceList",
        "UsernameToken",
        "Password",
        "Nonce",
        "Assertion",
        "X509IssuerSerial",
        "DerivedKeyToken",
    ]
    assert set(spoken) - names == set()


def test_what_breaks_a_rule_is_what_the_page_tells(keys):
    """Those who ask for it, for peers that know nothing else."""
    alice, bob = keys.alice, keys.bob
    broken = {}
    for name, step in {
        "embedded": Sign(alice, parts=["Body"], key_reference="embedded"),
        "key-name": Sign(alice, parts=["Body"], key_reference="key-name"),
        "retrieval": Encrypt(to=bob, data_reference="retrieval"),
        "rsa-oaep": Encrypt(to=bob, key_transport="rsa-oaep"),
    }.items():
        root = Security(outbound=[step]).apply(a_message(), now=NOW).root
        broken[name] = {rule for rule, path in RULES.items() if root.xpath(path, namespaces=NAMESPACES)}
    assert broken == {"embedded": {"R5206"}, "key-name": {"R5417"}, "retrieval": {"R5426"}, "rsa-oaep": {"R5621"}}
