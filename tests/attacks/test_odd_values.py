"""Odd values: right by their schema, rare, and no reason to stop, to stall, or to answer otherwise than to others.

An error that is not one of the library's own becomes another fault than the one for all bad security, and a traceback:
both tell a stranger more than nothing (CWE-248), as do minutes of work for two kilobytes (CWE-1333).
"""

from __future__ import annotations

import time

import pytest
from lxml import etree

from soapkit import xmldsig
from soapkit.errors import SecurityError
from soapkit.security import (
    Require,
    SamlAssertion,
    SamlRequirement,
    SamlToken,
    Security,
    Sign,
    Timestamp,
    TrustStore,
    UsernameToken,
    issue_assertion,
)
from soapkit.security.markup import KEY_INFO, SIGNATURE
from soapkit.security.mime_canonical import canonical_fields
from soapkit.security.trust.names import names_the_same
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.xml.names import DS
from soapkit.xml.parse import parse_message

LAST = ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.9999999Z"]  # the latter is DateTime.MaxValue of .NET


def read(root: etree._Element) -> Envelope:
    return Envelope.read(parse_message(etree.tostring(root)))


@pytest.mark.parametrize("last", LAST)
def test_a_timestamp_may_end_with_the_year_9999(last, plain, keys, now):
    root = etree.fromstring(Security(outbound=[Timestamp()]).apply(plain, now=now).to_bytes())
    next(root.iter("{*}Expires")).text = last
    signed = Security(outbound=[Sign(keys.alice)]).apply(read(root), now=now)
    result = Security(inbound=Require(signed=["Body", "Timestamp"], trust=keys.trust)).verify(signed, now=now)
    assert result.expires.year == 9999


@pytest.mark.parametrize("last", LAST)
@pytest.mark.parametrize("version", ["2.0", "1.1"])
def test_an_assertion_for_one_use_may_be_valid_until_the_year_9999(version, last, plain, keys, now):
    said = SamlAssertion("urn:sts", "alice", version, once=True)
    root = etree.fromstring(issue_assertion(said, keys.bob, now=now))
    root.remove(root.find(SIGNATURE))
    for element in root.iter():
        if element.get("NotOnOrAfter"):
            element.set("NotOnOrAfter", last)
    identifier = root.get("ID") or root.get("AssertionID")
    token = xmldsig.sign(root, keys.bob, references=[f"#{identifier}"])
    message = Security(outbound=[SamlToken(token)]).apply(plain, now=now)
    security = Security(inbound=Require(saml=SamlRequirement(trust=TrustStore.of(keys.bob))))
    assert security.verify(message, now=now).assertion.not_on_or_after.year == 9999
    with pytest.raises(SecurityError, match="seen before"):
        security.verify(message, now=now)


@pytest.mark.parametrize("number", ["--5", "+5", "5.0", "0x5", "\u0665", "\u00b2", "9" * 61, "1e5", "- 5"])
def test_a_serial_number_is_written_in_digits(number, plain, keys, now):
    root = etree.fromstring(
        Security(outbound=[Sign(keys.alice, parts=["Body"], key_reference="issuer-serial")])
        .apply(plain, now=now)
        .to_bytes()
    )
    next(root.iter("{*}X509SerialNumber")).text = number
    with pytest.raises(SecurityError, match="X509SerialNumber is not a number"):
        Security(inbound=Require(signed=["Body"], trust=keys.trust)).verify(read(root), now=now)


HARD = {
    "blanks before a value that is none": "CN=" + " " * 2000 + "\\",
    "blanks behind a value": "CN=a" + " " * 2000 + "\\",
    "quotes that do not end": 'CN="' + "\\a" * 1000,
    "blanks in quotes that do not end": 'CN="' + " " * 2000,
    "a type without a value": "CN" + " " * 2000 + "\\",
    "blanks alone": " " * 2000 + "\\",
    "escaped blanks": "CN=" + "\\ " * 1000 + "\\",
    "many of them": "CN= ," * 400 + "CN=" + " " * 40 + "\\",
}


@pytest.mark.parametrize("hard", HARD)
def test_no_name_takes_long_to_compare(hard, keys):
    """The first of them took a minute: its blanks could be divided among three in as many ways as there are."""
    started = time.process_time()
    assert not names_the_same(HARD[hard], keys.alice.certificate.subject)
    assert time.process_time() - started < 0.5


def test_a_message_with_such_a_name_is_refused_before_it_costs(plain, keys, now):
    """Nobody's key is needed to send it: the name is looked up before anything is proved."""
    root = etree.fromstring(Security(outbound=[Sign(keys.alice, parts=["Body"])]).apply(plain, now=now).to_bytes())
    key_info = next(root.iter(KEY_INFO))
    key_info[:] = [etree.fromstring(f'<KeyName xmlns="{DS}">CN={" " * 2000}\\</KeyName>')]
    started = time.process_time()
    with pytest.raises(SecurityError, match="no certificate at hand"):
        Security(inbound=Require(signed=["Body"], trust=keys.trust)).verify(read(root), now=now)
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize("blank", ["\u00a0", "\u2003", "\u3000", "\u0085", "\u2028", "\u1680"])
def test_what_only_others_call_blank_is_part_of_a_name(blank, plain, keys, now):
    """XML 1.0, 2.3 has four blanks. Who may register "admin" with another behind it is not admin (CWE-178)."""
    passwords = {"admin": "secret", f"admin{blank}": "other"}
    secured = Security(outbound=[UsernameToken(f"admin{blank}", "other")]).apply(plain, now=now)
    assert Security(inbound=Require(username=passwords)).verify(secured, now=now).username == f"admin{blank}"
    said = SamlAssertion("urn:sts", f"admin{blank}", attributes={"role": f"clerk{blank}"})
    secured = Security(outbound=[SamlToken(said, key=keys.bob)]).apply(plain, now=now)
    wanted = Require(saml=SamlRequirement(trust=TrustStore.of(keys.bob)))
    told = Security(inbound=wanted).verify(secured, now=now).assertion
    assert (told.subject, told.attributes["role"]) == (f"admin{blank}", (f"clerk{blank}",))


def test_sections_of_a_parameter_are_counted_in_few_digits():
    field = "text/plain; name*" + "9" * 5000 + "=x"
    assert canonical_fields({"content-type": field}) == b'Content-Type:text/plain;name="x"\r\n'


@pytest.mark.parametrize("reference", ["issuer-serial", "thumbprint", "ski"])
def test_a_reference_that_is_signed_by_its_certificate_covers_nothing_else_in_it(reference, keys, now):
    """WSS SOAP Message Security 1.1, 8.3: of a certificate that is only named, the transform digests the certificate. A
    price inside the reference was never digested, and stood inside of something signed."""
    price = '<b:price xmlns:b="urn:bank">999</b:price>'
    plain = Draft(SOAP_1_1, f'<b:sell xmlns:b="urn:bank">{price.replace("999", "1")}</b:sell>').to_envelope()
    step = Sign(keys.alice, parts=["Body", "STRTransform"], key_reference=reference)
    message = Security(outbound=[step]).apply(plain, now=now).to_bytes()
    wanted = Require(
        signed=["Body", "//{urn:bank}price"],
        trust=keys.trust,
        certificates=[keys.alice.certificate],
        replay=None,
    )
    assert Security(inbound=wanted).verify(read(etree.fromstring(message)), now=now).signer_name == "CN=alice"
    count = len(list(etree.fromstring(message).find(".//{*}KeyInfo").iter()))
    for number in range(count):
        root = etree.fromstring(message)
        holder = list(root.find(".//{*}KeyInfo").iter())[number]
        holder.append(etree.fromstring(price))
        with pytest.raises(SecurityError):
            Security(inbound=wanted).verify(read(root), now=now)
