"""The assertions that the W3C's test collection draws from SOAP 1.2, one by one: what is sent, what must come back.

SOAP Version 1.2 Specification Assertions and Test Collection (Second Edition): 140 assertions, numbered in its order.
Names, numbers and clauses are the collection's; the messages are ours. Each assertion has rows in a table below, or
stands in `NOT_TESTED` or `NOT_MET` with the reason.
"""

# ruff: noqa: E501  one row of the table a line

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
from lxml import etree

import soapkit
from soapkit.codegen.generate import module_in_memory
from soapkit.errors import FaultCode, SoapkitError
from soapkit.exchange.body import codecs_for, decode_body
from soapkit.exchange.flow import run
from soapkit.server.endpoint import Endpoint
from soapkit.server.host import endpoint_for
from soapkit.server.http import HttpRequest
from soapkit.server.service import operation, service
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.fault import read_fault, write_fault
from soapkit.soap.headers import is_forwarded, read_headers
from soapkit.soap.version import SOAP_1_2
from soapkit.transport.binding import package_of, request_for
from soapkit.transport.values import Headers, Response
from soapkit.wsdl.load import load_contract
from soapkit.xml.parse import parse_message

# The assertions in the collection's order: part, clause, and the names, which begin with x1- or x2-.
_IN_ORDER = """
1 1.2 conformance-part1 conformance-part2 | 1 1.3 reltoxml-noschema reltoxml-lexicalform | 1 2.1 soapnodes-procmodel
1 2.2 soaproles-invariant soaproles-next soaproles-none soaproles-ur | 1 2.4 muprocessing-true muprocessing-ur
1 2.5 structinterpbodies-ur
1 2.6 procsoapmsgs-steps procsoapmsgs-headerspec procsoapmsgs-body procsoapmsgs-fault procsoapmsgs-faultchoice
1 2.7.1 relayable-behavior | 1 2.7.2 forwardinter-behavior forwardinter-featuresem
1 2.7.4 soapinterminfoset-preserve | 1 2.8 envvermodel-permsg envvermodel-msgversion envvermodel-fault
1 3.1 soapfeature-override | 1 3.1.1 featurereq-spec | 1 3.2 soapmep-spec soapmep-featurereq soapmep-include
1 3.3 soapmodules-specrules
1 4.2 bindfw-enablemep bindfw-featurecomb bindfw-featuredepend bindfw-xml10 bindfw-streaming
1 5 soapenv-diichild soapenv-docprop soapenv-dtd soapenv-pi | 1 5.1 soapenvelope-prop
1 5.1.1 soapencattr-prop soapencattr-restrictions soapencattr-scope soapencattr-none
1 5.2 soaphead-prop | 1 5.2.1 soapheadblock-prop
1 5.2.2 soaprole-prop soaprole-omit soaprole-acceptur soaprole-ignore
1 5.2.3 soapmu-prop soapmu-omit soapmu-acceptfalse soapmu-allrep soapmu-ignore
1 5.2.4 soaprelay-prop soaprelay-omit soaprelay-acceptfalse soaprelay-allrep soaprelay-ignore
1 5.3 soapbody-prop | 1 5.4 soapfault-prop soapfault-single soapfault-only
1 5.4.1 faultcodeelement-prop | 1 5.4.1.1 faultvalueelement-prop | 1 5.4.1.2 faultsubcodeelement-prop
1 5.4.1.3 faultsubvalueelem-prop | 1 5.4.2 faultstringelement-prop | 1 5.4.2.1 reasontextelement-prop
1 5.4.3 faultactorelement-prop faultactorelement-intermediaries | 1 5.4.4 faultroleelement-prop
1 5.4.5 faultdetailelement-prop | 1 5.4.6 faultcodes-mu | 1 5.4.7.1 soapupgrade-prop
1 5.4.7.2 soapsupportedenv-prop | 1 5.4.7.3 soapqnamesu-prop | 1 5.4.8.1 soapnotunderstood-prop
1 5.4.8.2 soapqnamenu-prop | 1 6 useofuris-baseuri useofuris-ipv6 useofuris-length | 1 A version-soap11
2 2.3 values-struct values-array | 2 3.1 encrules-rep
2 3.1.1 encodingedgesandnodes-edge encodingedgesandnodes-edgeterm | 2 3.1.2 simpleenc-lexvalue
2 3.1.3 complexenc-obedge complexenc-distlab complexenc-distpos complexenc-array complexenc-nil
2 3.1.4 enctypename-tnprop | 2 3.1.4.1 itemtypeattr-prop | 2 3.1.5.1 idattr-prop | 2 3.1.5.2 refattr-prop
2 3.1.5.3 uniqueidconstraints-onlyone uniqueidconstraints-exclusive | 2 3.1.6 arraySizeattr-prop
2 3.1.7 nodeTypeattr-prop | 2 4 soapforrpc-sdm | 2 4.2.1 rpcinvocation-model | 2 4.2.2 rpcresponse-model
2 4.2.3 rpcencrestriction-onechild | 2 4.3 rpcsoaphead-hb | 2 4.4 rpcfaults-rules | 2 5.1.1 bindprops-uri
2 6.1 meppropconv-def | 2 6.2.1 mepname-uri
2 6.2.3 bindformdesc-propdef bindformdesc-reqctx bindformdesc-resctx bindformdesc-reqsttr bindformdesc-ressttr bindformdesc-stream bindformdesc-dlock
2 6.3.1 mepname2-uri
2 6.3.3 bindformdesc2-propdef bindformdesc2-reqctx bindformdesc2-resctx bindformdesc2-reqsttr bindformdesc2-ressttr
2 6.4.1 WebMethodFeatureName-uri | 2 6.4.3 webmethodstatemachine-urivalue webmethodstatemachine-compat
2 7.1.4 httpmediatype-mediatype | 2 7.2 http-bindname-uri | 2 7.3 http-suptransmep-uris
2 7.4 http-suptfeatures-webmethod http-suptfeatures-methrest | 2 7.5.1 http-reqsoapnode-dlock
2 7.5.1.1 http-reqbindreqstate-reqfld | 2 7.5.1.2 http-reqbindwaitstate-trans
2 7.5.2.1 http-respbindreceive-initerror | 2 7.5.2.2 http-respbindprocess-reshdr http-respbindprocess-fltmap
2 B.1 namemap-rules-sql
"""


def _assertions() -> dict[str, tuple[int, str]]:
    found: dict[str, tuple[int, str]] = {}
    for group in _IN_ORDER.replace("\n", "|").split("|"):
        if group.strip():
            part, clause, *names = group.split()
            for name in names:
                found[f"x{part}-{name}"] = (len(found) + 1, f"part {part}, {clause}")
    return found


ASSERTIONS = _assertions()
"""Name -> number, clause."""

_ALL = "says that the other assertions are to be kept"
_SPEC = "binds who writes a specification of a feature, a module or a binding, not a node"
_STATE = "describes the binding's states in the abstract; nothing on the wire shows them"

NOT_TESTED = {
    "x1-conformance-part1": _ALL,
    "x1-conformance-part2": _ALL,
    "x1-reltoxml-noschema": "says what is not required",
    "x1-procsoapmsgs-faultchoice": "leaves the choice among several right faults to the node",
    "x1-forwardinter-featuresem": _SPEC,
    "x1-soapinterminfoset-preserve": "soapkit hosts no intermediary: it forwards no message",
    "x1-faultactorelement-intermediaries": "soapkit hosts no intermediary; Node is written where it is given",
    "x1-soapfeature-override": _SPEC,
    "x1-featurereq-spec": _SPEC,
    "x1-soapmep-spec": _SPEC,
    "x1-soapmep-featurereq": _SPEC,
    "x1-soapmep-include": _SPEC,
    "x1-soapmodules-specrules": _SPEC,
    "x1-bindfw-enablemep": _SPEC,
    "x1-bindfw-featurecomb": _SPEC,
    "x1-bindfw-featuredepend": _SPEC,
    "x1-bindfw-xml10": "says what is not required",
    "x1-bindfw-streaming": "tests/fuzz asks for it: messages read in pieces against the tree",
    "x2-soapforrpc-sdm": _SPEC,
    "x2-bindprops-uri": _SPEC,
    "x2-meppropconv-def": _STATE,
    "x2-mepname-uri": _STATE,
    "x2-bindformdesc-propdef": _STATE,
    "x2-bindformdesc-reqctx": _STATE,
    "x2-bindformdesc-resctx": _STATE,
    "x2-bindformdesc-reqsttr": _STATE,
    "x2-bindformdesc-ressttr": _STATE,
    "x2-bindformdesc-stream": _STATE,
    "x2-bindformdesc-dlock": "of timing: no message shows it",
    "x2-mepname2-uri": _STATE,
    "x2-bindformdesc2-propdef": _STATE,
    "x2-bindformdesc2-reqctx": _STATE,
    "x2-bindformdesc2-resctx": _STATE,
    "x2-bindformdesc2-reqsttr": _STATE,
    "x2-bindformdesc2-ressttr": _STATE,
    "x2-WebMethodFeatureName-uri": _STATE,
    "x2-webmethodstatemachine-urivalue": _STATE,
    "x2-webmethodstatemachine-compat": _SPEC,
    "x2-http-bindname-uri": _STATE,
    "x2-http-reqsoapnode-dlock": "of timing: no message shows it",
    "x2-namemap-rules-sql": "names come from contracts, or are Python's, which are XML names already",
}

NOT_MET = {
    "x2-http-suptransmep-uris": "request-response only: GET hands out the page and the contract",
    "x2-http-suptfeatures-webmethod": "POST only, for the same reason",
    "x2-http-suptfeatures-methrest": "POST only, for the same reason",
}

# --- requests to an endpoint, and an XPath that must hold for the reply -------------------------------------------

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


@pytest.fixture(scope="module")
def endpoint() -> Endpoint:
    return endpoint_for(Tested(), roles=[OWN_ROLE], understood=["{urn:test}noted"])


@pytest.fixture(scope="module")
def called() -> Endpoint:
    return endpoint_for(Called(), rpc_result=True)


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
    Case("x1-soapenv-dtd", "a DTD", message(prolog="<!DOCTYPE e:Envelope>"), 400, SENDER),
    Case("x1-soapenv-pi", "an instruction before the Envelope", message(prolog="<?a b?>"), 400, SENDER),
    Case("x1-soapenv-pi", "an instruction in a header block", message(header=block(inside="<?a b?>")), 400, SENDER),
    Case("x1-soapenv-pi", "an instruction in a value", message(ECHO.replace("hi", "<?a b?>hi")), 400, SENDER),
    Case("x1-soapenvelope-prop", "a qualified attribute", message(envelope='xmlns:q="urn:q" q:a="1"')),
    Case("x1-soapenvelope-prop", "an unqualified attribute", message(envelope='a="1"'), 400, SENDER),
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
    Case("x1-soaphead-prop", "a Header with unqualified attributes", message(header=block()).replace("<e:Header", '<e:Header a="1"'), 400, SENDER),
    Case("x1-soapheadblock-prop", "a block in no namespace", message(header="<plain/>"), 400, SENDER),
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
    Case("x1-soapbody-prop", "a Body with unqualified attributes", message().replace("<e:Body", '<e:Body a="1"'), 400, SENDER),
    Case("x1-soapfault-prop", "Code and Reason, in this order", message("<x/>"), 400, f"name({F}/*[1]) = name({F}/e:Code) and name({F}/*[2]) = name({F}/e:Reason)"),
    Case("x1-soapfault-single", "a fault is one element", message('<t:fail xmlns:t="urn:test"/>'), 500, fault("Receiver")),
    Case("x1-soapfault-only", "a Fault beside another element means nothing", message(write_fault(SOAP_1_2, FaultCode(), "no") + ECHO), 400, SENDER),
    Case("x1-faultcodeelement-prop", "Value stands first", message("<x/>"), 400, f"count({F}/e:Code/e:Value) = 1 and not({F}/e:Code/*[1][not(self::e:Value)])"),
    Case("x1-faultvalueelement-prop", "a code of SOAP's", message("<x/>"), 400, SENDER),
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
    Case("x1-useofuris-length", "a role of 2048 characters", message(header=block(f'{MU} e:role="urn:{"x" * 2044}"'))),
    Case("x1-useofuris-length", "a namespace of 2048 characters", message(header=f'<h xmlns="urn:{"x" * 2044}" {MU}/>'), 500, NOT_UNDERSTOOD),
    Case("x1-version-soap11", "SOAP 1.1 is served as that", message(ns=S11), holds="/e11:Envelope/e11:Body/t:echoResponse", content_type="text/xml; charset=utf-8"),
    Case("x1-version-soap11", "a mismatch is told in SOAP 1.1 to who speaks that", message(ns="http://www.w3.org/2001/12/soap-envelope"), 500, f"{MISMATCH_11} and {UPGRADE_11}", content_type="text/xml; charset=utf-8"),
    Case("x1-faultroleelement-prop", "the role in which a block was not understood", message(header=block(f'{MU} e:role="{ROLE}/next"')), 500, f"{F}/e:Role = '{ROLE}/next'"),
    Case("x1-faultroleelement-prop", "be it our own", message(header=block(f'{MU} e:role="{OWN_ROLE}"')), 500, f"{F}/e:Role = '{OWN_ROLE}'"),
    Case("x1-faultroleelement-prop", "none is said where the block says none", message(header=block(MU)), 500, f"{F}[not(e:Role)]"),
    Case("x2-httpmediatype-mediatype", "application/soap+xml is taken", message(), content_type="application/soap+xml"),
    Case("x2-httpmediatype-mediatype", "in capitals, with parameters", message(), content_type='Application/SOAP+XML; Charset="UTF-8"; action="urn:test/echo"'),
    Case("x2-http-respbindreceive-initerror", "malformed", message()[:-3], 400, SENDER),
    Case("x2-http-respbindreceive-initerror", "another media type", message(), 415, "", content_type="text/plain"),
    Case("x2-http-respbindprocess-reshdr", "a reply is 200 in SOAP's media type", message()),
    Case("x2-http-respbindprocess-fltmap", "Sender is 400", message("<x/>"), 400, SENDER),
    Case("x2-http-respbindprocess-fltmap", "Receiver is 500", message('<t:fail xmlns:t="urn:test"/>'), 500, fault("Receiver")),
    Case("x2-http-respbindprocess-fltmap", "MustUnderstand is 500", message(header=block(MU)), 500, NOT_UNDERSTOOD),
    Case("x2-http-respbindprocess-fltmap", "VersionMismatch is 500", message(ns="urn:3"), 500, MISMATCH),
    Case("x2-http-respbindprocess-fltmap", "DataEncodingUnknown is 500", message(ECHO.replace("<t:echo", '<t:echo e:encodingStyle="urn:no"')), 500, fault("DataEncodingUnknown")),
]  # fmt: skip


def respond(endpoint: Endpoint, sent: str | bytes, content_type: str) -> Response:
    body = sent.encode() if isinstance(sent, str) else sent
    request = HttpRequest("POST", "/", headers=Headers({"Content-Type": content_type}), body=body)
    return run(endpoint.respond(request))


def shown(case: Any) -> str:
    number, clause = ASSERTIONS[case.assertion]
    return f"{number} {case.assertion} ({clause}): {case.demand}"


@pytest.mark.parametrize("case", CASES, ids=shown)
def test_what_comes_back_is_what_the_assertion_demands(endpoint: Endpoint, case: Case) -> None:
    response = respond(endpoint, case.sent, case.content_type)
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
    Case("x2-rpcfaults-rules", "arguments in an unknown encoding", double("<number>2</number>").replace("<t:double", '<t:double e:encodingStyle="urn:no"'), 500, fault("DataEncodingUnknown")),
]  # fmt: skip


@pytest.mark.parametrize("case", CALLS, ids=shown)
def test_a_call_is_answered_as_the_assertion_demands(called: Endpoint, case: Case) -> None:
    test_what_comes_back_is_what_the_assertion_demands(called, case)


# --- faults that are written, and requests that are sent ----------------------------------------------------------


@dataclass(frozen=True)
class Written:
    assertion: str
    demand: str
    fault: str
    holds: str


SUBCODES = write_fault(SOAP_1_2, FaultCode("Sender", ("{urn:a}One", "{urn:b}Two")), "no")
WHOLE = write_fault(SOAP_1_2, FaultCode(), {"en": "no", "de": "nein"}, "<a xmlns='urn:a'/>", role="urn:r", node="urn:n")
SUB = f"{F}/e:Code/e:Subcode"

WRITTEN = [
    Written("x1-faultsubcodeelement-prop", "Value, then a Subcode", SUBCODES, f"{SUB}/*[1]/self::e:Value and {SUB}/*[2]/self::e:Subcode/e:Value"),
    Written("x1-faultsubvalueelem-prop", "a QName", SUBCODES, f"{SUB}/e:Value/namespace::*[name() = substring-before({SUB}/e:Value, ':')] = 'urn:a'"),
    Written("x1-faultstringelement-prop", "a text for each language", WHOLE, f"count({F}/e:Reason/e:Text) = 2 and {F}/e:Reason/e:Text[@xml:lang = 'de'] = 'nein'"),
    Written("x1-faultactorelement-prop", "Node", WHOLE, f"{F}/e:Node = 'urn:n'"),
    Written("x1-faultroleelement-prop", "Role", WHOLE, f"{F}/e:Role = 'urn:r'"),
    Written("x1-faultdetailelement-prop", "Detail, last", WHOLE, f"{F}/*[last()]/self::e:Detail/*"),
    Written("x1-soapfault-prop", "all five, in their order", WHOLE, f"{F}/*[3]/self::e:Node and {F}/*[4]/self::e:Role and {F}/*[5]/self::e:Detail"),
]  # fmt: skip


@pytest.mark.parametrize("case", WRITTEN, ids=shown)
def test_a_fault_is_written_as_the_assertion_demands(case: Written) -> None:
    written = Draft(SOAP_1_2, case.fault).to_envelope().root
    assert etree.XPath(f"boolean({case.holds})", namespaces=PREFIXES)(written)


def test_a_request_goes_out_by_post_in_the_media_type_of_soap() -> None:
    """135, part 2, 7.5.1.1."""
    request = request_for("http://example.org/", SOAP_1_2, "urn:act", message().encode())
    assert request.method == "POST"
    assert request.headers["content-type"] == 'application/soap+xml; charset=utf-8; action="urn:act"'


@pytest.mark.parametrize(("status", "code"), [(400, "Sender"), (500, "Receiver"), (500, "MustUnderstand")])
def test_the_fault_in_a_response_of_another_status_is_read(status: int, code: str) -> None:
    """136, part 2, 7.5.1.2."""
    body = Draft(SOAP_1_2, write_fault(SOAP_1_2, FaultCode(code), "no")).to_bytes()
    package = package_of(Response(status, Headers({"Content-Type": "application/soap+xml"}), body), SOAP_1_2)
    assert package is not None
    found = read_fault(package.envelope)
    assert found is not None
    assert found.code.name == code


@pytest.mark.parametrize("code", list(SOAP_1_2.codes))
def test_each_code_of_a_fault_is_understood(code: str) -> None:
    """75, part 1, 5.4.6."""
    found = read_fault(Draft(SOAP_1_2, write_fault(SOAP_1_2, FaultCode(code), "no")).to_envelope())
    assert found is not None
    assert found.code.name == code


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


# --- SOAP encoding: what a message of an encoded contract is read as ----------------------------------------------


@dataclass(frozen=True)
class Encoded:
    assertion: str
    demand: str
    body: str
    reads: str = ""
    """What Python makes of ``request``, as text; nothing: the message is refused."""


def add(book: str, copies: str = "<copies>2</copies>", beside: str = "") -> str:
    return f"<l:add>{book}{copies}</l:add>{beside}"


def find(attributes: str = "", items: str = "<a>x</a><b>y</b>") -> str:
    return f"<l:find><words {attributes}>{items}</words></l:find>"


INSIDE = "<title>Emma</title><shelf>novels</shelf><price>7.50</price><author><name>Jane</name></author>"
BOOK = f"<book>{INSIDE}</book>"
SHARED = BOOK.replace("<name>Jane</name>", '<name n:ref="t"/>').replace("<title>", '<title n:id="t">')
TITLE, NAME, WORDS = "request.book.title", "request.book.author.name", "request.words.item"

ENCODED = [
    Encoded("x2-values-struct", "edges by their names", add(BOOK), f"{TITLE} == 'Emma'"),
    Encoded("x2-values-struct", "one name twice", add(BOOK.replace("<shelf>", "<title>Persuasion</title><shelf>"))),
    Encoded("x2-values-array", "edges by their places", find(), f"{WORDS} == ['x', 'y']"),
    Encoded("x2-encrules-rep", "a value in its place, or referred to", add(SHARED), f"{TITLE} == {NAME} == 'Emma'"),
    Encoded("x2-encrules-rep", "a reference before the value", add(SHARED.replace('<title n:id="t">Emma</title>', '<title n:ref="a"/>').replace('<name n:ref="t"/>', '<name n:id="a">Jane</name>')), f"{TITLE} == {NAME} == 'Jane'"),
    Encoded("x2-encodingedgesandnodes-edge", "an element is an edge", add(BOOK), f"{NAME} == 'Jane'"),
    Encoded("x2-encodingedgesandnodes-edgeterm", "an edge that leads to another's node", add(SHARED), f"{NAME} == 'Emma'"),
    Encoded("x2-encodingedgesandnodes-edgeterm", "an edge that leads nowhere", add(SHARED.replace('n:id="t"', 'n:id="u"'))),
    Encoded("x2-simpleenc-lexvalue", "the characters of an element", add(BOOK.replace("Emma", "E&#109;<![CDATA[ma]]>")), f"{TITLE} == 'Emma'"),
    Encoded("x2-complexenc-obedge", "an element inside its node", add(BOOK), f"{NAME} == 'Jane'"),
    Encoded("x2-complexenc-distlab", "in any order", add(f"<book><author><name>Jane</name></author>{INSIDE.partition('<author>')[0]}</book>"), f"{NAME} == 'Jane' and {TITLE} == 'Emma'"),
    Encoded("x2-complexenc-distpos", "the names of items mean nothing", find(items="<b>x</b><l:a>y</l:a>"), f"{WORDS} == ['x', 'y']"),
    Encoded("x2-complexenc-array", "itemType and arraySize may be there", find('n:itemType="xsd:string" n:arraySize="2"'), f"{WORDS} == ['x', 'y']"),
    Encoded("x2-complexenc-nil", "an edge that ends in no node", add(BOOK.replace("<price>7.50</price>", '<price xsi:nil="true"/>')), "request.book.price is None"),
    Encoded("x2-enctypename-tnprop", "xsi:type", add(BOOK.replace("<title>", '<title xsi:type="xsd:string">')), f"{TITLE} == 'Emma'"),
    Encoded("x2-itemtypeattr-prop", "a QName", find('n:itemType="xsd:string"'), f"{WORDS} == ['x', 'y']"),
    Encoded("x2-idattr-prop", "an id in the namespace of the encoding", add(SHARED), f"{NAME} == 'Emma'"),
    Encoded("x2-refattr-prop", "a ref in the namespace of the encoding", add(SHARED), f"{NAME} == 'Emma'"),
    Encoded("x2-uniqueidconstraints-onlyone", "one id twice", add(SHARED.replace("<shelf>", '<shelf n:id="t">'))),
    Encoded("x2-uniqueidconstraints-exclusive", "id and ref on one element", add(SHARED.replace("<name ", '<name n:id="u" '))),
    Encoded("x2-arraySizeattr-prop", "no size", find('n:arraySize="*"'), f"{WORDS} == ['x', 'y']"),
    Encoded("x2-arraySizeattr-prop", "a size", find('n:arraySize="2"'), f"{WORDS} == ['x', 'y']"),
    Encoded("x2-arraySizeattr-prop", "a star behind a size", find('n:arraySize="2 *"')),
    Encoded("x2-arraySizeattr-prop", "no number", find('n:arraySize="two"')),
    Encoded("x2-arraySizeattr-prop", "less than no size", find('n:arraySize="-1"')),
    Encoded("x2-nodeTypeattr-prop", "each of the three", add(BOOK.replace("<book>", '<book n:nodeType="struct">').replace("<title>", '<title n:nodeType="simple">')), f"{TITLE} == 'Emma'"),
    Encoded("x2-nodeTypeattr-prop", "array", find('n:nodeType="array"'), f"{WORDS} == ['x', 'y']"),
    Encoded("x2-nodeTypeattr-prop", "another", find('n:nodeType="heap"')),
    Encoded("x2-rpcinvocation-model", "a struct named as the procedure, an edge for each parameter", add(BOOK), "request.copies == 2"),
    Encoded("x2-rpcencrestriction-onechild", "two structs", add(BOOK) + add(BOOK)),
    Encoded("x2-rpcsoaphead-hb", "what is no parameter stands in the Header", add(BOOK, beside="")[:-8] + "<extra/></l:add>"),
]  # fmt: skip


@pytest.fixture(scope="module")
def library(root: Path) -> Any:
    contract = load_contract(root / "wsdl" / "rpc-encoded.wsdl")
    return module_in_memory(contract.services, contract.shapes, name="library_of_assertions")


@pytest.mark.parametrize("case", ENCODED, ids=shown)
def test_an_encoded_message_is_read_as_the_assertion_demands(library: Any, case: Encoded) -> None:
    service = library.LibraryClient.service
    named = "find" if "<l:find" in case.body else "add"
    namespaces = (
        f'xmlns:l="urn:example:library" xmlns:n="{ENC}" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    )
    body = case.body.replace(f"<l:{named}>", f'<l:{named} e:encodingStyle="{ENC}">')
    envelope = Envelope.read(parse_message(message(body, envelope=namespaces).encode()))
    try:
        request = decode_body(service.operation(named).request, envelope.body, codecs_for(service))
    except SoapkitError:
        assert not case.reads
    else:
        assert case.reads, "this was to be refused"
        assert eval(case.reads, {"request": request})


# --- the table is whole -------------------------------------------------------------------------------------------


def test_every_assertion_is_tested_or_says_why_not() -> None:
    tested = {case.assertion for table in (CASES, CALLS, WRITTEN, RELAYED, ENCODED) for case in table}
    tested |= {"x2-http-reqbindreqstate-reqfld", "x2-http-reqbindwaitstate-trans", "x1-faultcodes-mu"}  # above
    assert len(ASSERTIONS) == 140
    assert tested | NOT_TESTED.keys() | NOT_MET.keys() == ASSERTIONS.keys()
    assert not tested & (NOT_TESTED.keys() | NOT_MET.keys())
    assert not NOT_TESTED.keys() & NOT_MET.keys()
