"""SOAP at the level of messages, clause by clause: what is sent to a service, what must come back.

Each row: the clause, what it demands, the message, and either ``ok`` or the fault code in SOAP 1.2 words. A reply and a
fault are in the version of the request.
"""

# ruff: noqa: E501  one row of the table a line

from __future__ import annotations

from dataclasses import dataclass

import pytest

from soapkit.errors import FaultCode, MessageError
from soapkit.server.service import operation, service
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.fault import read_fault, write_fault
from soapkit.soap.headers import (
    check_understood,
    not_understood_blocks,
    read_not_understood,
    read_upgrade,
    upgrade_block,
)
from soapkit.soap.rules import check_rules
from soapkit.soap.version import SOAP_1_1, SOAP_1_2, Version
from soapkit.soap.wire import unpack
from soapkit.transport.binding import fault_status
from tests.conformance.hosting import HOSTS, Asked

S12 = "http://www.w3.org/2003/05/soap-envelope"
S11 = "http://schemas.xmlsoap.org/soap/envelope/"
ROLE = f"{S12}/role"
NEXT11 = "http://schemas.xmlsoap.org/soap/actor/next"

ECHO = '<t:echo xmlns:t="urn:test"><t:text>hello</t:text></t:echo>'
UNDERSTOOD = {"{urn:test}known"}
ROLES = {"urn:role:here"}


@service("urn:test")
class Tested:
    """Answers."""

    @operation
    def echo(self, text: str) -> str:
        """Say it again."""
        return text


@pytest.fixture(scope="module", params=HOSTS)
def asked(request: pytest.FixtureRequest) -> Asked:
    """A node that understands `UNDERSTOOD` and plays `ROLES`."""
    return HOSTS[request.param](Tested(), understood=UNDERSTOOD, roles=ROLES)


def soap12(body: str = ECHO, header: str = "", on_envelope: str = "", on_header: str = "", on_body: str = "") -> str:
    head = f"<e:Header {on_header}>{header}</e:Header>" if header or on_header else ""
    return f'<e:Envelope xmlns:e="{S12}" {on_envelope}>{head}<e:Body {on_body}>{body}</e:Body></e:Envelope>'


def soap11(body: str = ECHO, header: str = "", on_envelope: str = "", on_body: str = "") -> str:
    head = f"<e:Header>{header}</e:Header>" if header else ""
    return f'<e:Envelope xmlns:e="{S11}" {on_envelope}>{head}<e:Body {on_body}>{body}</e:Body></e:Envelope>'


def block(name: str = "unknown", attributes: str = "") -> str:
    return f'<t:{name} xmlns:t="urn:test" {attributes}/>'


@dataclass(frozen=True)
class Case:
    clause: str
    demand: str
    message: str | bytes
    expected: str = "ok"


FAULT = write_fault(SOAP_1_2, FaultCode("Sender"), "no")
ONE, TRUE, ZERO, FALSE = (f'e:mustUnderstand="{value}"' for value in ("1", "true", "0", "false"))

CASES = [
    # --- SOAP 1.2 part 1, 2.2: roles
    Case("1.2/1 2.2", "next is played by every node", soap12(header=block("known", f'{ONE} e:role="{ROLE}/next"'))),
    Case("1.2/1 2.2", "next, not understood", soap12(header=block(attributes=f'{ONE} e:role="{ROLE}/next"')), "MustUnderstand"),
    Case("1.2/1 2.2", "none is played by nobody", soap12(header=block(attributes=f'{ONE} e:role="{ROLE}/none"'))),
    Case("1.2/1 2.2", "ultimateReceiver is the endpoint", soap12(header=block(attributes=f'{ONE} e:role="{ROLE}/ultimateReceiver"')), "MustUnderstand"),
    Case("1.2/1 2.2", "a role of our own", soap12(header=block(attributes=f'{ONE} e:role="urn:role:here"')), "MustUnderstand"),
    Case("1.2/1 2.2", "a role of another node", soap12(header=block(attributes=f'{ONE} e:role="urn:role:there"'))),
    Case("1.2/1 2.2", "roles are compared as they are written", soap12(header=block(attributes=f'{ONE} e:role="{ROLE}/NEXT"'))),
    # --- 2.4, 2.5, 2.6: understanding
    Case("1.2/1 2.4", "a mandatory block that is understood", soap12(header=block("known", ONE))),
    Case("1.2/1 2.4", "a mandatory block that is not understood", soap12(header=block(attributes=ONE)), "MustUnderstand"),
    Case("1.2/1 2.4", "one of several is not understood", soap12(header=block("known", ONE) + block(attributes=ONE)), "MustUnderstand"),
    Case("1.2/1 2.4", "an optional block that is not understood is ignored", soap12(header=block())),
    Case("1.2/1 2.6", "a mandatory block for us among optional ones", soap12(header=block() + block("other", TRUE)), "MustUnderstand"),
    Case("1.2/1 2.4", "the name of a block counts with its namespace", soap12(header=f'<known xmlns="urn:other" {ONE}/>'), "MustUnderstand"),
    # --- 2.8, 5.4.7: versions
    Case("1.2/1 2.8", "an envelope of an unknown version", soap12().replace(S12, "http://www.w3.org/2001/12/soap-envelope"), "VersionMismatch"),
    Case("1.2/1 2.8", "an envelope in no namespace", "<Envelope><Body/></Envelope>", "VersionMismatch"),
    Case("1.2/1 A", "an envelope of SOAP 1.1 is served as that", soap11()),
    # --- 5: the infoset
    Case("1.2/1 5", "a DOCTYPE", "<!DOCTYPE x>" + soap12(), "Sender"),
    Case("1.2/1 5", "a DOCTYPE with an external subset", '<!DOCTYPE x SYSTEM "http://example.org/x.dtd">' + soap12(), "Sender"),
    Case("1.2/1 5", "a DOCTYPE with entities", '<!DOCTYPE x [<!ENTITY a "b">]>' + soap12(ECHO.replace("hello", '&a;')), "Sender"),
    Case("1.2/1 5", "a processing instruction before the envelope", "<?pi?>" + soap12(), "Sender"),
    Case("1.2/1 5", "a processing instruction in the body", soap12("<?pi?>" + ECHO), "Sender"),
    Case("1.2/1 5", "a processing instruction after the envelope", soap12() + "<?pi?>", "Sender"),
    Case("1.2/1 5", "comments anywhere", "<!--a-->" + soap12("<!--b-->" + ECHO, "<!--c-->" + block()) + "<!--d-->"),
    Case("1.2/1 5", "an XML declaration", '<?xml version="1.0" encoding="UTF-8"?>' + soap12()),
    Case("1.2/1 5", "an XML declaration that stands alone", '<?xml version="1.0" standalone="yes"?>' + soap12()),
    Case("1.2/1 5", "white space between the parts", soap12().replace("><", ">\n\t <")),
    Case("1.2/1 5", "text in the Envelope", soap12().replace("<e:Body", "words<e:Body"), "Sender"),
    Case("1.2/1 5", "text in the Body", soap12(ECHO + "words"), "Sender"),
    Case("1.2/1 5", "a character reference", soap12(ECHO.replace("hello", '&#xE4;'))),
    Case("1.2/1 5", "a CDATA section", soap12(ECHO.replace("hello", '<![CDATA[<b>]]>'))),
    Case("1.2/1 5", "not well-formed", soap12()[:-1], "Sender"),
    Case("1.2/1 5", "an undeclared prefix", soap12("<t:a/>"), "Sender"),
    Case("1.2/1 5", "an undeclared entity", soap12("&nbsp;"), "Sender"),
    # --- 5.1: the Envelope
    Case("1.2/1 5.1", "the envelope with another prefix", soap12().replace("e:", "soap-env:").replace(":e=", ":soap-env=")),
    Case("1.2/1 5.1", "the envelope in the default namespace", f'<Envelope xmlns="{S12}"><Body>{ECHO}</Body></Envelope>'),
    Case("1.2/1 5.1", "a root of another name", soap12().replace("e:Envelope", "e:Letter"), "Sender"),
    Case("1.2/1 5.1", "an envelope without Body", f'<e:Envelope xmlns:e="{S12}"/>', "Sender"),
    Case("1.2/1 5.1", "an envelope with two Bodies", soap12().replace("</e:Envelope>", "<e:Body/></e:Envelope>"), "Sender"),
    Case("1.2/1 5.1", "a Header behind the Body", soap12().replace("</e:Envelope>", "<e:Header/></e:Envelope>"), "Sender"),
    Case("1.2/1 5.1", "two Headers", soap12(header=block()).replace("<e:Body", "<e:Header/><e:Body"), "Sender"),
    Case("1.2/1 5.1", "an element behind the Body", soap12().replace("</e:Envelope>", block() + "</e:Envelope>"), "Sender"),
    Case("1.2/1 5.1", "an element before the Body", soap12().replace("<e:Body", block() + "<e:Body"), "Sender"),
    Case("1.2/1 5.1", "a qualified attribute on the Envelope", soap12(on_envelope='xmlns:t="urn:test" t:a="1"')),
    Case("1.2/1 5.1", "an unqualified attribute on the Envelope", soap12(on_envelope='a="1"'), "Sender"),
    # --- 5.1.1: encodingStyle
    Case("1.2/1 5.1.1", "encodingStyle on the Envelope", soap12(on_envelope='e:encodingStyle=""'), "Sender"),
    Case("1.2/1 5.1.1", "encodingStyle on the Header", soap12(on_header='e:encodingStyle=""'), "Sender"),
    Case("1.2/1 5.1.1", "encodingStyle on the Body", soap12(on_body='e:encodingStyle=""'), "Sender"),
    Case("1.2/1 5.1.1", "encodingStyle on a header block", soap12(header=block(attributes='e:encodingStyle=""'))),
    Case("1.2/1 5.1.1", "no encoding, said on the body's child", soap12(ECHO.replace("<t:echo", f'<t:echo e:encodingStyle="{S12}/encoding/none"'))),
    Case("1.2/1 5.1.1", "the SOAP encoding", soap12(ECHO.replace("<t:echo", '<t:echo e:encodingStyle="http://www.w3.org/2003/05/soap-encoding"'))),
    Case("1.2/1 5.4.6", "an encoding nobody knows, beside a block nobody understands", soap12(ECHO.replace("<t:echo", '<t:echo e:encodingStyle="http://example.org/poison"'), block(attributes=ONE)), "MustUnderstand"),
    Case("1.2/1 5.4.6", "an encoding nobody knows", soap12(ECHO.replace("<t:echo", '<t:echo e:encodingStyle="http://example.org/poison"')), "DataEncodingUnknown"),
    # --- 5.2: the Header
    Case("1.2/1 5.2", "an empty Header", soap12(on_header=" ")),
    Case("1.2/1 5.2", "text in the Header", soap12(header="words"), "Sender"),
    Case("1.2/1 5.2.1", "a header block in no namespace", soap12(header="<plain/>"), "Sender"),
    Case("1.2/1 5.2.2", "an empty role is the ultimate receiver", soap12(header=block(attributes=f'{ONE} e:role=""')), "MustUnderstand"),
    Case("1.2/1 5.2.2", "a role in no namespace is no role", soap12(header=block(attributes=f'{ONE} role="{ROLE}/none"')), "MustUnderstand"),
    Case("1.2/1 5.2.3", "mustUnderstand 1", soap12(header=block(attributes=ONE)), "MustUnderstand"),
    Case("1.2/1 5.2.3", "mustUnderstand true", soap12(header=block(attributes=TRUE)), "MustUnderstand"),
    Case("1.2/1 5.2.3", "mustUnderstand 0", soap12(header=block(attributes=ZERO))),
    Case("1.2/1 5.2.3", "mustUnderstand false", soap12(header=block(attributes=FALSE))),
    Case("1.2/1 5.2.3", "mustUnderstand with white space around", soap12(header=block(attributes='e:mustUnderstand=" true "')), "MustUnderstand"),
    Case("1.2/1 5.2.3", "mustUnderstand that is no boolean", soap12(header=block(attributes='e:mustUnderstand="wrong"')), "Sender"),
    Case("1.2/1 5.2.3", "mustUnderstand in no namespace", soap12(header=block(attributes='mustUnderstand="1"'))),
    Case("1.2/1 5.2.3", "mustUnderstand inside a header block", soap12(header=f'<t:unknown xmlns:t="urn:test"><t:a {ONE}/></t:unknown>')),
    Case("1.2/1 5.2.3", "mustUnderstand on the body's child", soap12(ECHO.replace("<t:echo", f"<t:echo {ONE}"))),
    Case("1.2/1 5.2.4", "relay that is no boolean", soap12(header=block(attributes=f'{ONE} e:relay="maybe"')), "Sender"),
    Case("1.2/1 5.2.4", "relay does not matter to an endpoint", soap12(header=block(attributes='e:relay="true"'))),
    # --- 5.3, 5.4: the Body, and faults in it
    Case("1.2/1 5.3", "an empty Body, which no operation has", soap12(""), "Sender"),
    Case("1.2/1 5.3", "several elements in the Body, likewise", soap12(ECHO + ECHO), "Sender"),
    Case("1.2/1 5.3", "an element in no namespace in the Body, likewise", soap12("<plain/>"), "Sender"),
    Case("1.2/1 5.4", "a Fault beside another element", soap12(FAULT + ECHO), "Sender"),
    Case("1.2/1 5.4", "a Fault alone is no request", soap12(FAULT), "Sender"),
    Case("1.2/1 5.4.7", "an Upgrade block is for information", soap12(header=upgrade_block())),
    # --- SOAP 1.1
    Case("1.1 3", "a DOCTYPE", "<!DOCTYPE x>" + soap11(), "Sender"),
    Case("1.1 3", "a processing instruction", soap11("<?pi?>" + ECHO), "Sender"),
    Case("1.1 4", "no Body", f'<e:Envelope xmlns:e="{S11}"><e:Header/></e:Envelope>', "Sender"),
    Case("1.1 4", "a qualified element behind the Body", soap11().replace("</e:Envelope>", block() + "</e:Envelope>")),
    Case("1.1 4.1.1", "encodingStyle on the Envelope", soap11(on_envelope='e:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"')),
    Case("1.1 4.1.1", "an encoding nobody knows, said on the Body", soap11(on_body='e:encodingStyle="http://example.org/poison"'), "Sender"),
    Case("1.1 4.1.1", "and nearer, one that is known", soap11(ECHO.replace("<t:echo", '<t:echo e:encodingStyle=""'), on_body='e:encodingStyle="http://example.org/poison"')),
    Case("1.1 4.1.1", "several encodings, all known", soap11(ECHO.replace("<t:echo", '<t:echo e:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/ http://schemas.xmlsoap.org/soap/encoding"'))),
    Case("1.1 4.1.1", "an encoding nobody knows, for which there is no code of its own", soap11(ECHO.replace("<t:echo", '<t:echo e:encodingStyle="http://example.org/poison"')), "Sender"),
    Case("1.1 4.1.2", "another namespace", soap11().replace(S11, "urn:soap"), "VersionMismatch"),
    Case("1.1 4.2", "a header block in no namespace", soap11(header="<plain/>"), "Sender"),
    Case("1.1 4.2.2", "no actor is the last node", soap11(header=block(attributes=ONE)), "MustUnderstand"),
    Case("1.1 4.2.2", "the actor next", soap11(header=block(attributes=f'{ONE} e:actor="{NEXT11}"')), "MustUnderstand"),
    Case("1.1 4.2.2", "another actor", soap11(header=block(attributes=f'{ONE} e:actor="urn:role:there"'))),
    Case("1.1 4.2.2", "the roles of SOAP 1.2 are no actors", soap11(header=block(attributes=f'{ONE} e:actor="{ROLE}/next"'))),
    Case("1.1 4.2.3", "mustUnderstand 0", soap11(header=block(attributes=ZERO))),
    Case("1.1 4.2.3", "mustUnderstand understood", soap11(header=block("known", ONE))),
    Case("1.1 4.2.3", "mustUnderstand that is no boolean", soap11(header=block(attributes='e:mustUnderstand="2"')), "Sender"),
    Case("1.1 4.2.3", "mustUnderstand inside a header block", soap11(header=f'<t:known xmlns:t="urn:test"><t:a {ONE}/></t:known>')),
    Case("1.1 4.2.2", "an empty actor is the last node", soap11(header=block(attributes=f'{ONE} e:actor=""')), "MustUnderstand"),
    Case("1.1 4.3", "an empty Body, which no operation has", soap11(""), "Sender"),
    Case("1.1 4.3", "several elements in the Body, likewise", soap11(ECHO + ECHO), "Sender"),
    Case("1.1 4.3", "an element behind the Body is passed over, whatever it is called", soap11().replace("</e:Envelope>", f"{ECHO}</e:Envelope>")),
    Case("1.1 4.3", "an attribute on the Body", soap11(on_body='xmlns:q="urn:q" q:a="1"')),
    Case("1.1 4.2", "two Headers", soap11(header=block()).replace("<e:Body", "<e:Header/><e:Body"), "Sender"),
    Case("1.1 4.2", "a Header behind the Body", soap11().replace("</e:Envelope>", "<e:Header/></e:Envelope>"), "Sender"),
    Case("1.1 4.2", "an element before the Body", soap11().replace("<e:Body", block() + "<e:Body"), "Sender"),
    Case("1.1 4.1", "two Bodies", soap11().replace("</e:Envelope>", "<e:Body/></e:Envelope>"), "Sender"),
    Case("1.1 4.1.1", "an unknown encoding of a header block that is passed over", soap11(header=block(attributes='e:encodingStyle="http://example.org/poison"'))),
    Case("1.1 4.2.2", "an actor of our own", soap11(header=block(attributes=f'{ONE} e:actor="urn:role:here"')), "MustUnderstand"),
    Case("1.1 4.2.3", "mustUnderstand in no namespace", soap11(header=block(attributes='mustUnderstand="1"'))),
    Case("1.1 4.2.3", "relay is an attribute like any other", soap11(header=block(attributes=f'xmlns:n="{S12}" n:relay="maybe" n:role="x"'))),
    Case("1.1 4.4", "a Fault alone is no request", soap11(write_fault(SOAP_1_1, FaultCode(), "no")), "Sender"),
    Case("1.1 4", "an element in no namespace behind the Body", soap11().replace("</e:Envelope>", "<plain/></e:Envelope>"), "Sender"),
    Case("1.1 4.4", "a Fault beside another element", soap11(write_fault(SOAP_1_1, FaultCode(), "no") + ECHO), "Sender"),
    # --- WS-I Basic Profile 1.1: what a receiver must take or refuse
    Case("BP R1008", "a DTD", "<!DOCTYPE e:Envelope>" + soap11(), "Sender"),
    Case("BP R1009", "a processing instruction", soap11("<?a b?>" + ECHO), "Sender"),
    Case("BP R1010", "an XML declaration", '<?xml version="1.0"?>' + soap11()),
    Case("BP R1013", "mustUnderstand 1", soap11(header=block(attributes=ONE)), "MustUnderstand"),
    Case("BP R1015", "a root that is no Envelope", "<x/>", "Sender"),
    Case("BP R1017", "no xsi:type is needed", soap11()),
    Case("BP R1025", "every mandatory block counts, whatever its place", soap11(header=block("known", ONE) + block(attributes=ONE)), "MustUnderstand"),
    # --- encodings: SOAP 1.2 part 2, appendix A; RFC 7303; BP 1.1 R1012
    Case("BP R1012", "UTF-16 with a BOM", soap12().encode("utf-16")),
    Case("BP R4001", "UTF-8 with a BOM", soap12().encode("utf-8-sig")),
    Case("BP R1012", "UTF-16, big endian, with a BOM", b"\xfe\xff" + soap12().encode("utf-16-be")),
    Case("BP R1012", "UTF-16 with a BOM and a declaration of it", ('<?xml version="1.0" encoding="utf-16"?>' + soap12()).encode("utf-16")),
    Case("RFC 7303 3", "a BOM of UTF-16 against charset utf-8 and a declaration of utf-8", ('<?xml version="1.0" encoding="utf-8"?>' + soap12()).encode("utf-16")),
    Case("RFC 7303 3", "a BOM of UTF-8 and a declaration of another", b"\xef\xbb\xbf" + ('<?xml version="1.0" encoding="iso-8859-1"?>' + soap12()).encode()),
    Case("RFC 7303 3", "UTF-16 cut in the middle of a character", soap12().encode("utf-16")[:-1], "Sender"),
    Case("RFC 7303 3", "UTF-8 with a surrogate in it", soap12(ECHO.replace("hello", '@')).encode().replace(b"@", b"\xed\xa0\x80"), "Sender"),
    Case("RFC 7303 3", "a declaration that the charset contradicts", '<?xml version="1.0" encoding="iso-8859-1"?>' + soap12()),
    Case("RFC 7303 3", "bytes that are not in the charset", soap12(ECHO.replace("hello", 'ä')).encode("latin-1"), "Sender"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.clause}: {case.demand}")
def test_a_receiver_does_what_the_clause_demands(asked: Asked, case: Case) -> None:
    message = case.message if isinstance(case.message, bytes) else case.message.encode()
    version = SOAP_1_1 if f'<e:Envelope xmlns:e="{S11}"'.encode() in message else SOAP_1_2
    response = asked(message, f"{version.media_type}; charset=utf-8")
    reply = unpack(response.body, response.headers["content-type"])
    fault = read_fault(reply)
    assert ("ok" if fault is None else fault.code.name) == case.expected
    assert response.status == (200 if fault is None else fault_status(version, fault.code.name))
    assert (reply.version, response.headers["content-type"].partition(";")[0]) == (version, version.media_type)


def test_every_row_says_something_of_its_own() -> None:
    assert len({(case.clause, case.demand) for case in CASES}) == len(CASES)


# --- what goes back -----------------------------------------------------------------------------------------------


def refusal(message: str) -> MessageError:
    with pytest.raises(MessageError) as caught:
        envelope = unpack(message.encode(), None)
        check_understood(envelope, UNDERSTOOD)
    return caught.value


def test_a_must_understand_fault_names_each_block_in_the_header_and_none_in_the_body() -> None:
    """SOAP 1.2 part 1, 5.4.8."""
    error = refusal(soap12(header=block("a", ONE) + block("known", ONE) + block("b", TRUE) + block("a", TRUE)))
    blocks = not_understood_blocks(error.not_understood)
    reply = Draft(SOAP_1_2, write_fault(SOAP_1_2, FaultCode(error.code), str(error)), blocks).to_envelope()
    assert read_not_understood(reply) == ("{urn:test}a", "{urn:test}b")
    fault = read_fault(reply)
    assert fault is not None
    assert (fault.code.name, fault.has_detail) == ("MustUnderstand", False)


def test_a_version_mismatch_can_be_told_in_soap_11_with_the_versions_we_take() -> None:
    """SOAP 1.2 part 1, 5.4.7 and appendix A; SOAP 1.1, 4.1.2."""
    error = refusal(soap12().replace(S12, "urn:soap-3"))
    body = write_fault(SOAP_1_1, FaultCode(error.code), str(error))
    reply = Draft(SOAP_1_1, body, (upgrade_block(),)).to_envelope()
    assert reply.version is SOAP_1_1
    assert read_upgrade(reply) == (f"{{{S12}}}Envelope", f"{{{S11}}}Envelope")


@pytest.mark.parametrize(
    ("version", "code", "written"),
    [(SOAP_1_1, name, code) for name, code in SOAP_1_1.codes.items()]
    + [(SOAP_1_2, name, code) for name, code in SOAP_1_2.codes.items()],
)
def test_each_code_is_written_in_the_words_of_its_version(version: Version, code: str, written: str) -> None:
    """SOAP 1.1, 4.4.1; SOAP 1.2 part 1, 5.4.6."""
    draft = Draft(version, write_fault(version, FaultCode(code), "why"))
    element = next(element for element in draft.to_envelope().body.iter("faultcode", f"{{{S12}}}Value") if element.text)
    prefix, _, local = (element.text or "").partition(":")
    assert f"{{{element.nsmap[prefix]}}}{local}" == written


def test_a_fault_that_blames_the_sender_is_400_only_in_soap_12() -> None:
    """SOAP 1.1, 6.2; SOAP 1.2 part 2, 7.5.2.2."""
    assert [fault_status(version, "Sender") for version in (SOAP_1_1, SOAP_1_2)] == [500, 400]


def test_every_fault_we_write_keeps_the_rules_we_hold_others_to() -> None:
    for version in (SOAP_1_1, SOAP_1_2):
        for code in version.codes:
            fault = write_fault(
                version, FaultCode(code, ("{urn:x}Sub",)), "why", '<d xmlns="urn:x"/>', role="r", node="n"
            )
            envelope: Envelope = Draft(version, fault, (upgrade_block(),)).to_envelope()
            check_rules(envelope)
            check_understood(envelope)
