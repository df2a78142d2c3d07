"""The W3C's assertions on SOAP 1.2, one by one: what is sent to a service, what must come back, over ASGI and WSGI.

The list of them, and the reasons of those that have no row, are in `assertions`; the messages are ours.
"""

# ruff: noqa: E501  one row of the table a line

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
from lxml import etree

import soapkit
from soapkit.errors import Fault, FaultCode
from soapkit.server.service import operation, service
from soapkit.soap.envelope import Envelope
from soapkit.soap.fault import write_fault
from soapkit.soap.headers import is_forwarded, read_headers
from soapkit.soap.version import SOAP_1_2
from soapkit.xml.parse import parse_message
from tests.conformance.assertions import shown
from tests.conformance.hosting import HOSTS, Asked

# --- requests to a service, and an XPath that must hold for the reply ---------------------------------------------

S11 = "http://schemas.xmlsoap.org/soap/envelope/"
S12 = "http://www.w3.org/2003/05/soap-envelope"
ENC = "http://www.w3.org/2003/05/soap-encoding"
RPC = "http://www.w3.org/2003/05/soap-rpc"
ROLE = f"{S12}/role"
OWN_ROLE = "http://example.org/role/own"
PREFIXES = {"e": S12, "e11": S11, "t": "urn:test", "rpc": RPC}

ECHO = '<t:echo xmlns:t="urn:test"><t:text>hi</t:text></t:echo>'
ANSWER = "/e:Envelope/e:Body/t:echoResponse"
F = "/e:Envelope/e:Body/e:Fault"
HEAD = "/e:Envelope/e:Header"


@service("urn:test")
class Tested:
    """Answers, or breaks."""

    @operation
    def echo(self, text: str) -> str:
        """Say it again."""
        return text

    @operation
    def fail(self) -> str:
        """Break."""
        raise ZeroDivisionError

    @operation
    def known(self, word: Annotated[str, soapkit.header()]) -> str:
        """Say the header again."""
        return word

    @operation
    def heard(self, word: Annotated[str | None, soapkit.header()] = None) -> str:
        """Say the header again, if there is one."""
        return word or "nothing"

    @operation
    def refuse(self, which: str) -> str:
        """Send a fault."""
        raise FAULTS[which]


@service("urn:test", style="rpc")
class Called:
    """Takes a call."""

    @operation
    def forget(self, number: int) -> None:
        """Return nothing."""

    @operation
    def double(self, number: int) -> int:
        """Twice as much."""
        return 2 * number


FAULTS = {
    "client": Fault("no", code="Client"),
    "subcodes": Fault("no", code=FaultCode("Sender", ("{urn:a}One", "{urn:b}Two", "{urn:a}Three"))),
    "whole": Fault(
        "no",
        detail=(etree.Element("{urn:a}a"), etree.Element("{urn:b}b")),
        actor=OWN_ROLE,
        node="urn:n",
        reasons={"en": "no", "de": "nein <&>", "zh-Hant": "不"},
    ),
}


@pytest.fixture(scope="module", params=HOSTS)
def asked(request: pytest.FixtureRequest) -> Asked:
    return HOSTS[request.param](Tested(), roles=[OWN_ROLE], understood=["{urn:test}noted"])


@pytest.fixture(scope="module", params=HOSTS)
def called(request: pytest.FixtureRequest) -> Asked:
    return HOSTS[request.param](Called(), rpc_result=True)


def message(body: str = ECHO, header: str = "", envelope: str = "", prolog: str = "", ns: str = S12) -> str:
    head = f"<e:Header>{header}</e:Header>" if header else ""
    return f'{prolog}<e:Envelope xmlns:e="{ns}" {envelope}>{head}<e:Body>{body}</e:Body></e:Envelope>'


def block(attributes: str = "", inside: str = "") -> str:
    return f'<t:unknown xmlns:t="urn:test" {attributes}>{inside}</t:unknown>'


def fault(code: str, more: str = "true()") -> str:
    """The reply is one Fault of this code, alone in its Body, whose code is a name in SOAP's namespace; and more."""
    value = f"{F}/e:Code/e:Value"
    prefix = f"substring-before({value}, ':')"
    return (
        f"count(/e:Envelope/e:Body/*) = 1 and substring-after({value}, ':') = '{code}'"
        f" and {value}/namespace::*[name() = {prefix}] = '{S12}' and {more}"
    )


def named(attribute: str, name: str, namespace: str) -> str:
    """An attribute holds a QName: this name."""
    prefix = f"substring-before({attribute}, ':')"
    return f"substring-after({attribute}, ':') = '{name}' and {attribute}/../namespace::*[name() = {prefix}] = '{namespace}'"


@dataclass(frozen=True)
class Case:
    assertion: str
    demand: str
    sent: str | bytes
    status: int = 200
    holds: str = ANSWER
    content_type: str = "application/soap+xml; charset=utf-8"
    method: str = "POST"


MU = 'e:mustUnderstand="true"'
NOT_UNDERSTOOD = fault("MustUnderstand")
SENDER = fault("Sender")
UPGRADE = f"{HEAD}/e:Upgrade"
SUPPORTED = f"{UPGRADE}/e:SupportedEnvelope"
MISMATCH = fault("VersionMismatch")
MISMATCH_11 = "/e11:Envelope/e11:Body/e11:Fault[substring-after(faultcode, ':') = 'VersionMismatch']"
UPGRADE_11 = "count(/e11:Envelope/e11:Header/e:Upgrade/e:SupportedEnvelope) = 2"


def word(attributes: str = "") -> str:
    """A header block that the operations `known` and `heard` declare."""
    return f'<t:word xmlns:t="urn:test" {attributes}>yes</t:word>'


SUB = f"{F}/e:Code/e:Subcode"
REFUSE = message('<t:refuse xmlns:t="urn:test"><t:which>{}</t:which></t:refuse>')
HEARD = '<t:heard xmlns:t="urn:test"/>'
YES, NOTHING = (f"/e:Envelope/e:Body/t:heardResponse[. = '{said}']" for said in ("yes", "nothing"))

CASES = [
    Case("x1-reltoxml-lexicalform", "1 and true are one value", message(header=block('e:mustUnderstand=" 1 "')), 500, NOT_UNDERSTOOD),
    Case("x1-soapnodes-procmodel", "a message is processed", message()),
    Case("x1-soaproles-invariant", "a node is next for every block of a message", message(header=block(f'e:role="{ROLE}/next"') + block(f'{MU} e:role="{ROLE}/next"')), 500, NOT_UNDERSTOOD),
    Case("x1-soaproles-invariant", "and has its own role for every block", message(header=block(f'e:role="{OWN_ROLE}"') + block(f'{MU} e:role="{OWN_ROLE}"')), 500, NOT_UNDERSTOOD),
    Case("x1-soaproles-next", "every node is next", message(header=block(f'{MU} e:role="{ROLE}/next"')), 500, NOT_UNDERSTOOD),
    Case("x1-soaproles-next", "and processes what is for it", message(HEARD, word(f'e:role="{ROLE}/next"')), holds=YES),
    Case("x1-soaproles-none", "no node is none", message(header=block(f'{MU} e:role="{ROLE}/none"'))),
    Case("x1-soaproles-none", "and nobody processes what is for none", message(HEARD, word(f'e:role="{ROLE}/none"')), holds=NOTHING),
    Case("x1-soaproles-ur", "it processes what is for it", message(HEARD, word(f'e:role="{ROLE}/ultimateReceiver"')), holds=YES),
    Case("x1-soaproles-ur", "an endpoint is the ultimate receiver", message(header=block(f'{MU} e:role="{ROLE}/ultimateReceiver"')), 500, NOT_UNDERSTOOD),
    Case("x1-muprocessing-true", "what must be understood and is not ends it", message(header=block(MU)), 500, NOT_UNDERSTOOD),
    Case("x1-muprocessing-true", "what must be understood and is, is processed", message(HEARD, word(MU)), holds=YES),
    Case("x1-muprocessing-true", "what only another operation would process ends it", message(header=word(MU)), 500, NOT_UNDERSTOOD),
    Case("x1-muprocessing-true", "what the service says it understands does not", message(header=block(MU).replace("t:unknown", "t:noted"))),
    Case("x1-muprocessing-ur", "what is for another is no error", message(header=block(f'{MU} e:role="urn:other"'))),
    Case("x1-muprocessing-ur", "nor is it processed", message(HEARD, word('e:role="urn:other"')), holds=NOTHING),
    Case("x1-muprocessing-ur", "though it has the name of one that is ours", message(HEARD, word('e:role="urn:other"').replace("yes", "no") + word()), holds=YES),
    Case("x1-structinterpbodies-ur", "the children of the Body are read", message(), holds=f"{ANSWER}[. = 'hi']"),
    Case("x1-structinterpbodies-ur", "a child that nobody knows", message("<t:x xmlns:t='urn:test'/>"), 400, SENDER),
    Case("x1-structinterpbodies-ur", "a child too many", message(ECHO + ECHO), 400, SENDER),
    Case("x1-structinterpbodies-ur", "no child", message(""), 400, SENDER),
    Case("x1-procsoapmsgs-steps", "understanding comes before the Body", message("<x/>", block(MU)), 500, NOT_UNDERSTOOD),
    Case("x1-procsoapmsgs-steps", "before its encoding too", message(ECHO.replace("<t:echo", '<t:echo e:encodingStyle="urn:no"'), block(MU)), 500, NOT_UNDERSTOOD),
    Case("x1-procsoapmsgs-steps", "a mandatory block of our own role", message(header=block(f'{MU} e:role="{OWN_ROLE}"')), 500, NOT_UNDERSTOOD),
    Case("x1-procsoapmsgs-steps", "one that is understood", message(HEARD, word(f'{MU} e:role="{OWN_ROLE}"')), holds=YES),
    Case("x1-procsoapmsgs-headerspec", "a block that is understood is processed", message('<t:known xmlns:t="urn:test"/>', f'<t:word xmlns:t="urn:test" {MU}>yes</t:word>'), holds="/e:Envelope/e:Body/t:knownResponse[. = 'yes']"),
    Case("x1-procsoapmsgs-body", "the Body is processed though a block is passed over", message(header=block())),
    Case("x1-procsoapmsgs-fault", "one fault for two blocks", message(header=block(MU) + block(MU)), 500, f"count(//e:Fault) = 1 and {NOT_UNDERSTOOD}"),
    Case("x1-envvermodel-permsg", "the envelope says the version, whatever came before", message(), holds=ANSWER),
    Case("x1-envvermodel-msgversion", "SOAP 1.1 is answered by its own rules", message(ns=S11), holds="/e11:Envelope/e11:Body/t:echoResponse", content_type="text/xml; charset=utf-8"),
    Case("x1-envvermodel-msgversion", "an attribute of 1.2 says nothing in 1.1", message(header=block(f'xmlns:n="{S12}" n:mustUnderstand="1"'), ns=S11), holds="/e11:Envelope/e11:Body/t:echoResponse", content_type="text/xml; charset=utf-8"),
    Case("x1-envvermodel-msgversion", "an attribute of 1.1 says nothing in 1.2", message(header=block(f'xmlns:n="{S11}" n:mustUnderstand="1"'))),
    Case("x1-envvermodel-fault", "a version nobody knows", message(ns="urn:soap-3"), 500, MISMATCH),
    Case("x1-envvermodel-fault", "whatever else is wrong with it", message("", block(MU), 'a="1"', ns="urn:soap-3"), 500, MISMATCH),
    Case("x1-envvermodel-fault", "an envelope in no namespace", message().replace(f'xmlns:e="{S12}"', "").replace("e:", ""), 500, MISMATCH),
    Case("x1-envvermodel-fault", "a malformed message", "<e:Envelope", 400, SENDER),
    Case("x1-envvermodel-fault", "no Body", f'<e:Envelope xmlns:e="{S12}"/>', 400, SENDER),
    Case("x1-soapenv-diichild", "an element beside the Envelope", message() + "<x/>", 400, SENDER),
    Case("x1-soapenv-diichild", "another element for an Envelope", "<x/>", 400, SENDER),
    Case("x1-soapenv-docprop", "version, encoding and standalone", message(prolog='<?xml version="1.0" encoding="utf-8" standalone="yes"?>')),
    Case("x1-soapenv-docprop", "standalone no, which is common, is read all the same", message(prolog='<?xml version="1.0" standalone="no"?>')),
    Case("x1-soapenv-docprop", "a notation needs a DTD", message(prolog='<!DOCTYPE x [<!NOTATION n PUBLIC "p">]>'), 400, SENDER),
    Case("x1-soapenv-docprop", "another character encoding", message(prolog='<?xml version="1.0" encoding="utf-16"?>').encode("utf-16"), content_type="application/soap+xml"),
    Case("x1-soapenv-docprop", "an unparsed entity needs a DTD", message(prolog='<!DOCTYPE x [<!NOTATION n PUBLIC "p"><!ENTITY u SYSTEM "u" NDATA n>]>'), 400, SENDER),
    Case("x1-soapenv-dtd", "one elsewhere", message(prolog='<?xml version="1.0"?><!DOCTYPE e:Envelope SYSTEM "e.dtd" []>'), 400, SENDER),
    Case("x1-soapenv-dtd", "a DTD", message(prolog="<!DOCTYPE e:Envelope>"), 400, SENDER),
    Case("x1-soapenv-pi", "an instruction before the Envelope", message(prolog="<?a b?>"), 400, SENDER),
    Case("x1-soapenv-pi", "an instruction in the Envelope", message().replace("<e:Body", "<?a b?><e:Body"), 400, SENDER),
    Case("x1-soapenv-pi", "an instruction behind the Envelope", message() + "<?a b?>", 400, SENDER),
    Case("x1-soapenv-pi", "an instruction in a header block", message(header=block(inside="<?a b?>")), 400, SENDER),
    Case("x1-soapenv-pi", "an instruction in a value", message(ECHO.replace("hi", "<?a b?>hi")), 400, SENDER),
    Case("x1-soapenvelope-prop", "a qualified attribute", message(envelope='xmlns:q="urn:q" q:a="1"')),
    Case("x1-soapenvelope-prop", "an unqualified attribute", message(envelope='a="1"'), 400, SENDER),
    Case("x1-soapenvelope-prop", "two Headers", message(header=block()).replace("<e:Body", "<e:Header/><e:Body"), 400, SENDER),
    Case("x1-soapenvelope-prop", "two Bodies", message().replace("</e:Envelope>", "<e:Body/></e:Envelope>"), 400, SENDER),
    Case("x1-soapenvelope-prop", "text in it", message().replace("<e:Body", "text<e:Body"), 400, SENDER),
    Case("x1-soapenvelope-prop", "comments and white space in it", message(header=block()).replace("><", "><!-- a -->\n\t<")),
    Case("x1-soapenvelope-prop", "an element after the Body", message().replace("</e:Envelope>", block() + "</e:Envelope>"), 400, SENDER),
    Case("x1-soapenvelope-prop", "the Header after the Body", message().replace("</e:Envelope>", "<e:Header/></e:Envelope>"), 400, SENDER),
    Case("x1-soapencattr-prop", "an encoding that nobody knows", message(ECHO.replace("<t:echo", '<t:echo e:encodingStyle="urn:no"')), 500, fault("DataEncodingUnknown")),
    Case("x1-soapencattr-prop", "in no namespace it is another attribute", message(header=block('encodingStyle="urn:no"'))),
    Case("x1-soapencattr-restrictions", "on the Envelope", message(envelope=f'e:encodingStyle="{ENC}"'), 400, SENDER),
    Case("x1-soapencattr-restrictions", "on the Header", message(header=block()).replace("<e:Header", f'<e:Header e:encodingStyle="{ENC}"'), 400, SENDER),
    Case("x1-soapencattr-restrictions", "on the Body", message().replace("<e:Body", f'<e:Body e:encodingStyle="{ENC}"'), 400, SENDER),
    Case("x1-soapencattr-restrictions", "on a header block", message(header=block(f'e:encodingStyle="{ENC}"'))),
    Case("x1-soapencattr-restrictions", "on a Fault", message(write_fault(SOAP_1_2, FaultCode(), "no").replace("<soap:Fault", f'<soap:Fault xmlns:e="{S12}" e:encodingStyle="{ENC}"')), 400, SENDER),
    Case("x1-soapencattr-prop", "on a header block that is processed", message(HEARD, word('e:encodingStyle="urn:no"')), 500, fault("DataEncodingUnknown")),
    Case("x1-soapencattr-prop", "on one for somebody else", message(HEARD, word('e:encodingStyle="urn:no" e:role="urn:other"')), holds=NOTHING),
    Case("x1-soapencattr-scope", "an inner one that nobody knows", message(ECHO.replace("<t:text", '<t:text e:encodingStyle="urn:no"')), 500, fault("DataEncodingUnknown")),
    Case("x1-soapencattr-none", "no claim is made", message(ECHO.replace("<t:echo", f'<t:echo e:encodingStyle="{S12}/encoding/none"'))),
    Case("x1-soapencattr-scope", "an inner one takes the place of the outer", message(ECHO.replace("<t:echo", f'<t:echo e:encodingStyle="{ENC}"').replace("<t:text", f'<t:text e:encodingStyle="{S12}/encoding/none"'))),
    Case("x1-soaphead-prop", "a Header with qualified attributes", message(header=block()).replace("<e:Header", '<e:Header xmlns:q="urn:q" q:a="1"')),
    Case("x1-soaphead-prop", "a Header with nothing in it", message().replace("<e:Body", "<e:Header/><e:Body")),
    Case("x1-soaphead-prop", "a Header with text in it", message(header="text" + block()), 400, SENDER),
    Case("x1-soaphead-prop", "a Header with unqualified attributes", message(header=block()).replace("<e:Header", '<e:Header a="1"'), 400, SENDER),
    Case("x1-soapheadblock-prop", "a block in no namespace", message(header="<plain/>"), 400, SENDER),
    Case("x1-soapheadblock-prop", "its white space is significant", message(HEARD, word().replace("yes", " yes\n")), holds=YES.replace("'yes'", "' yes\n'")),
    Case("x1-soapheadblock-prop", "all four attributes", message(HEARD, word(f'{MU} e:role="{ROLE}/next" e:relay="1" e:encodingStyle="{S12}/encoding/none"')), holds=YES),
    Case("x1-soapheadblock-prop", "a block with elements in no namespace", message(header=block('a="1"', " <plain/> text "))),
    Case("x1-soaprole-prop", "a role in no namespace is none", message(header=block(f'{MU} role="urn:other"')), 500, NOT_UNDERSTOOD),
    Case("x1-soaprole-omit", "no role is the ultimate receiver", message(header=block(MU)), 500, NOT_UNDERSTOOD),
    Case("x1-soaprole-acceptur", "the ultimate receiver, said", message(header=block(f'e:role="{ROLE}/ultimateReceiver"'))),
    Case("x1-soaprole-ignore", "inside a block", message(header=block(inside=f'<t:a e:role="{ROLE}/next" {MU}/>'))),
    Case("x1-soaprole-ignore", "on the child of the Body", message(ECHO.replace("<t:echo", f'<t:echo e:role="{ROLE}/none"'))),
    Case("x1-soapmu-prop", "no boolean", message(header=block('e:mustUnderstand="yes"')), 400, SENDER),
    Case("x1-soapmu-prop", "in no namespace it is another attribute", message(header=block('mustUnderstand="1"'))),
    Case("x1-soapmu-omit", "left out", message(header=block())),
    Case("x1-soapmu-acceptfalse", "false", message(header=block('e:mustUnderstand="false"'))),
    Case("x1-soapmu-acceptfalse", "0", message(header=block('e:mustUnderstand="0"'))),
    Case("x1-soapmu-allrep", "1", message(header=block('e:mustUnderstand="1"')), 500, NOT_UNDERSTOOD),
    Case("x1-soapmu-allrep", "false, on one that is understood", message(HEARD, word('e:mustUnderstand=" false "')), holds=YES),
    Case("x1-soapmu-allrep", "true", message(header=block('e:mustUnderstand="true"')), 500, NOT_UNDERSTOOD),
    Case("x1-soapmu-ignore", "inside a block", message(header=block(inside=f"<t:a {MU}/>"))),
    Case("x1-soapmu-ignore", "on the child of the Body", message(ECHO.replace("<t:echo", f"<t:echo {MU}"))),
    Case("x1-soapmu-ignore", "no boolean, on the child of the Body", message(ECHO.replace("<t:echo", '<t:echo e:mustUnderstand="x"'))),
    Case("x1-soapmu-prop", "no boolean, for another", message(header=block('e:mustUnderstand="9" e:role="urn:other"')), 400, SENDER),
    Case("x1-soaprelay-prop", "no boolean", message(header=block('e:relay="yes"')), 400, SENDER),
    Case("x1-soaprelay-allrep", "each form of a boolean", message(header="".join(block(f'e:relay="{one}"') for one in ("1", "0", "true", "false", " true ")))),
    Case("x1-soaprelay-ignore", "inside a block", message(header=block(inside='<t:a e:relay="x"/>'))),
    Case("x1-soaprelay-ignore", "on the child of the Body", message(ECHO.replace("<t:echo", '<t:echo e:relay="x"'))),
    Case("x1-soapbody-prop", "a Body with qualified attributes", message().replace("<e:Body", '<e:Body xmlns:q="urn:q" q:a="1"')),
    Case("x1-soapbody-prop", "a Body with text in it", message("text" + ECHO), 400, SENDER),
    Case("x1-soapbody-prop", "a Body with unqualified attributes", message().replace("<e:Body", '<e:Body a="1"'), 400, SENDER),
    Case("x1-soapfault-prop", "Code and Reason, in this order", message("<x/>"), 400, f"name({F}/*[1]) = name({F}/e:Code) and name({F}/*[2]) = name({F}/e:Reason)"),
    Case("x1-soapfault-single", "a fault is one element", message('<t:fail xmlns:t="urn:test"/>'), 500, fault("Receiver")),
    Case("x1-soapfault-only", "a Fault beside another element means nothing", message(write_fault(SOAP_1_2, FaultCode(), "no") + ECHO), 400, SENDER),
    Case("x1-faultcodeelement-prop", "Value stands first", message("<x/>"), 400, f"count({F}/e:Code/e:Value) = 1 and not({F}/e:Code/*[1][not(self::e:Value)])"),
    Case("x1-faultvalueelement-prop", "a code of SOAP's", message("<x/>"), 400, SENDER),
    Case("x1-faultvalueelement-prop", "be it said in the words of SOAP 1.1", REFUSE.format("client"), 400, SENDER),
    Case("x1-faultstringelement-prop", "a reason with a text", message("<x/>"), 400, f"count({F}/e:Reason/e:Text) = 1"),
    Case("x1-reasontextelement-prop", "a text says its language", message("<x/>"), 400, f"{F}/e:Reason/e:Text[@xml:lang = 'en' and . != '']"),
    Case("x1-soapupgrade-prop", "a VersionMismatch offers versions", message(ns="urn:3"), 500, f"count({UPGRADE}) = 1 and not({UPGRADE}/@*)"),
    Case("x1-soapsupportedenv-prop", "each version it takes, the best first", message(ns="urn:3"), 500, f"count({SUPPORTED}) = 2 and count({SUPPORTED}/@qname) = 2"),
    Case("x1-soapqnamesu-prop", "by the name of its Envelope", message(ns="urn:3"), 500, named(f"{SUPPORTED}[1]/@qname", "Envelope", S12)),
    Case("x1-soapnotunderstood-prop", "each block that was not understood", message(header=block(MU) + '<t:other xmlns:t="urn:test" e:mustUnderstand="1"/>'), 500, f"count({HEAD}/e:NotUnderstood) = 2 and not({HEAD}/e:NotUnderstood/@e:encodingStyle)"),
    Case("x1-soapqnamenu-prop", "by its name", message(header=block(MU)), 500, named(f"{HEAD}/e:NotUnderstood/@qname", "unknown", "urn:test")),
    Case("x1-useofuris-baseuri", "a relative role, by xml:base", message(header=block(f'{MU} xml:base="{ROLE}/" e:role="next"')), 500, NOT_UNDERSTOOD),
    Case("x1-useofuris-baseuri", "a relative role, by the Envelope's xml:base", message(header=block(f'{MU} e:role="none"'), envelope=f'xml:base="{ROLE}/"')),
    Case("x1-useofuris-ipv6", "an address of IPv6 in a role", message(header=block(f'{MU} e:role="http://[2001:db8::1]/role"'))),
    Case("x1-useofuris-baseuri", "a relative role, by a base that is no URI, is nobody's", message(header=block(f'{MU} xml:base="http://[no" e:role="next"'))),
    Case("x1-useofuris-baseuri", "a relative role, by nothing, likewise", message(header=block(f'{MU} e:role="next"'))),
    Case("x1-useofuris-ipv6", "in a namespace", message(header=f'<h xmlns="http://[FEDC:BA98:7654:3210:FEDC:BA98:7654:3210]/ts" {MU}/>'), 500, NOT_UNDERSTOOD),
    Case("x1-useofuris-length", "a role of 2048 characters", message(header=block(f'{MU} e:role="urn:{"x" * 2044}"'))),
    Case("x1-useofuris-length", "a namespace of 2048 characters", message(header=f'<h xmlns="urn:{"x" * 2044}" {MU}/>'), 500, NOT_UNDERSTOOD),
    Case("x1-version-soap11", "SOAP 1.1 is served as that", message(ns=S11), holds="/e11:Envelope/e11:Body/t:echoResponse", content_type="text/xml; charset=utf-8"),
    Case("x1-version-soap11", "a mismatch is told in SOAP 1.1 to who speaks that", message(ns="http://www.w3.org/2001/12/soap-envelope"), 500, f"{MISMATCH_11} and {UPGRADE_11}", content_type="text/xml; charset=utf-8"),
    Case("x1-faultsubcodeelement-prop", "Value, then a Subcode", REFUSE.format("subcodes"), 400, f"{SUB}/*[1]/self::e:Value and {SUB}/*[2]/self::e:Subcode/*[2]/self::e:Subcode[count(*) = 1]/e:Value"),
    Case("x1-faultsubvalueelem-prop", "a QName", REFUSE.format("subcodes"), 400, f"{SUB}/e:Value/namespace::*[name() = substring-before({SUB}/e:Value, ':')] = 'urn:a' and {SUB}/e:Subcode/e:Value/namespace::*[name() = substring-before({SUB}/e:Subcode/e:Value, ':')] = 'urn:b'"),
    Case("x1-faultstringelement-prop", "a text for each language", REFUSE.format("whole"), 500, f"count({F}/e:Reason/e:Text) = 3 and {F}/e:Reason/e:Text[@xml:lang = 'de'] = 'nein <&>'"),
    Case("x1-reasontextelement-prop", "each says its language", REFUSE.format("whole"), 500, f"not({F}/e:Reason/e:Text[not(@xml:lang)]) and {F}/e:Reason/e:Text[@xml:lang = 'zh-Hant'] = '不'"),
    Case("x1-faultactorelement-prop", "Node", REFUSE.format("whole"), 500, f"{F}/e:Node = 'urn:n'"),
    Case("x1-faultroleelement-prop", "Role", REFUSE.format("whole"), 500, f"{F}/e:Role = '{OWN_ROLE}'"),
    Case("x1-faultdetailelement-prop", "Detail, last, with its entries", REFUSE.format("whole"), 500, f"{F}/*[last()]/self::e:Detail[count(*) = 2]/*[local-name() = 'a' and namespace-uri() = 'urn:a']"),
    Case("x1-soapfault-prop", "all five, in their order", REFUSE.format("whole"), 500, f"{F}[count(*) = 5]/*[1]/self::e:Code and {F}/*[2]/self::e:Reason and {F}/*[3]/self::e:Node and {F}/*[4]/self::e:Role and {F}/*[5]/self::e:Detail"),
    Case("x1-faultroleelement-prop", "the role in which a block was not understood", message(header=block(f'{MU} e:role="{ROLE}/next"')), 500, f"{F}/e:Role = '{ROLE}/next'"),
    Case("x1-faultroleelement-prop", "be it our own", message(header=block(f'{MU} e:role="{OWN_ROLE}"')), 500, f"{F}/e:Role = '{OWN_ROLE}'"),
    Case("x1-faultroleelement-prop", "none is said where the block says none", message(header=block(MU)), 500, f"{F}[not(e:Role)]"),
    Case("x2-httpmediatype-mediatype", "application/soap+xml is taken", message(), content_type="application/soap+xml"),
    Case("x2-httpmediatype-mediatype", "in capitals, with parameters", message(), content_type='Application/SOAP+XML; Charset="UTF-8"; action="urn:test/echo"'),
    Case("x2-http-respbindreceive-initerror", "malformed", message()[:-3], 400, SENDER),
    Case("x2-http-respbindreceive-initerror", "another media type", message(), 415, "", content_type="audio/mpeg"),
    Case("x2-http-respbindreceive-initerror", "another method", message(), 405, "", method="PUT"),
    Case("x2-http-respbindprocess-reshdr", "a reply is 200 in SOAP's media type", message()),
    Case("x2-http-respbindprocess-fltmap", "Sender is 400", message("<x/>"), 400, SENDER),
    Case("x2-http-respbindprocess-fltmap", "Receiver is 500", message('<t:fail xmlns:t="urn:test"/>'), 500, fault("Receiver")),
    Case("x2-http-respbindprocess-fltmap", "MustUnderstand is 500", message(header=block(MU)), 500, NOT_UNDERSTOOD),
    Case("x2-http-respbindprocess-fltmap", "VersionMismatch is 500", message(ns="urn:3"), 500, MISMATCH),
    Case("x2-http-respbindprocess-fltmap", "DataEncodingUnknown is 500", message(ECHO.replace("<t:echo", '<t:echo e:encodingStyle="urn:no"')), 500, fault("DataEncodingUnknown")),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=shown)
def test_what_comes_back_is_what_the_assertion_demands(asked: Asked, case: Case) -> None:
    body = case.sent.encode() if isinstance(case.sent, str) else case.sent
    response = asked(body, case.content_type, case.method)
    assert response.status == case.status, response.body
    if case.holds:
        reply = parse_message(response.body)
        assert etree.XPath(f"boolean({case.holds})", namespaces=PREFIXES)(reply), response.body
        media_type = "text/xml" if etree.QName(reply).namespace == S11 else "application/soap+xml"
        assert response.headers["content-type"].startswith(media_type)


BAD = f"{F}/e:Code/e:Subcode/e:Value"
BAD_ARGUMENTS = fault(
    "Sender",
    f"{BAD}/namespace::*[name() = substring-before({BAD}, ':')] = '{RPC}' and contains({BAD}, ':BadArguments')",
)


def double(inside: str) -> str:
    return message(f'<t:double xmlns:t="urn:test">{inside}</t:double>')


CALLS = [
    Case("x2-rpcinvocation-model", "an edge for each parameter", double("<number>2</number>"), holds="/e:Envelope/e:Body/t:doubleResponse[result = 4]"),
    Case("x2-rpcresponse-model", "the return value is named", double("<number>2</number>"), holds="/e:Envelope/e:Body/t:doubleResponse[*[1][self::rpc:result] = name(*[2])][result = 4]"),
    Case("x2-rpcresponse-model", "there is none", double("<number>2</number>").replace("t:double", "t:forget"), holds="/e:Envelope/e:Body/t:forgetResponse[not(*)]"),
    Case("x2-rpcfaults-rules", "an argument that cannot be read", double("<number>two</number>"), 400, BAD_ARGUMENTS),
    Case("x2-rpcfaults-rules", "an argument too few", double(""), 400, BAD_ARGUMENTS),
    Case("x2-rpcfaults-rules", "an argument too many", double("<number>2</number><more/>"), 400, BAD_ARGUMENTS),
    Case("x2-rpcfaults-rules", "a procedure nobody knows", message('<t:treble xmlns:t="urn:test"/>'), 400, BAD_ARGUMENTS.replace("BadArguments", "ProcedureNotPresent")),
    Case("x2-rpcfaults-rules", "an argument in an unknown encoding", double('<number e:encodingStyle="urn:no">2</number>'), 500, fault("DataEncodingUnknown")),
    Case("x2-rpcfaults-rules", "arguments in an unknown encoding", double("<number>2</number>").replace("<t:double", '<t:double e:encodingStyle="urn:no"'), 500, fault("DataEncodingUnknown")),
]  # fmt: skip


@pytest.mark.parametrize("case", CALLS, ids=shown)
def test_a_call_is_answered_as_the_assertion_demands(called: Asked, case: Case) -> None:
    test_what_comes_back_is_what_the_assertion_demands(called, case)


# --- intermediaries: which blocks they pass on --------------------------------------------------------------------


@dataclass(frozen=True)
class Relayed:
    assertion: str
    demand: str
    attributes: str
    processed: bool
    passed_on: bool


NEXT = f'e:role="{ROLE}/next"'

RELAYED = [
    Relayed("x1-relayable-behavior", "for it, processed", NEXT, True, False),
    Relayed("x1-relayable-behavior", "for it, processed, though relayable", f'{NEXT} e:relay="true"', True, False),
    Relayed("x1-relayable-behavior", "for it, passed over", NEXT, False, False),
    Relayed("x1-forwardinter-behavior", "for it, passed over, relayable", f'{NEXT} e:relay="true"', False, True),
    Relayed("x1-forwardinter-behavior", "for the ultimate receiver", "", False, True),
    Relayed("x1-forwardinter-behavior", "for another", 'e:role="urn:other"', False, True),
    Relayed("x1-forwardinter-behavior", "for nobody", f'e:role="{ROLE}/none"', False, True),
    Relayed("x1-soaprelay-omit", "relay left out is false", NEXT, False, False),
    Relayed("x1-soaprelay-acceptfalse", "false", f'{NEXT} e:relay="false"', False, False),
    Relayed("x1-soaprelay-acceptfalse", "0", f'{NEXT} e:relay="0"', False, False),
    Relayed("x1-soaprelay-allrep", "1", f'{NEXT} e:relay="1"', False, True),
    Relayed("x1-soaprelay-prop", "in no namespace it is another attribute", f'{NEXT} relay="true"', False, False),
]  # fmt: skip


@pytest.mark.parametrize("case", RELAYED, ids=shown)
def test_an_intermediary_passes_on_what_the_assertion_says(case: Relayed) -> None:
    envelope = Envelope.read(parse_message(message(header=block(case.attributes)).encode()))
    (found,) = read_headers(envelope)
    assert is_forwarded(found, SOAP_1_2, case.processed) is case.passed_on
