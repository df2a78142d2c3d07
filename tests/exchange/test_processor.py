"""The journey of a message, both ways."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from lxml.etree import _Element
from msgspec import Struct

from soapkit.databinding.annotations import XmlType, element
from soapkit.databinding.shape import Atomic
from soapkit.errors import Fault, MessageError, SecurityError, UsageError, ValidationError
from soapkit.exchange.body import codecs_for
from soapkit.exchange.message_security import SECURITY_HEADER
from soapkit.exchange.processor import Processor
from soapkit.exchange.validation import Checks
from soapkit.operations import Header, Message, Operation, Port, Service
from soapkit.security import Require, Security
from soapkit.soap.envelope import Envelope
from soapkit.soap.security_result import SecurityResult
from soapkit.soap.version import SOAP_1_1, SOAP_1_2
from soapkit.xml.names import SOAP11, WSSE
from soapkit.xml.parse import parse_message

__xml_namespace__ = "urn:x"


class Add(Struct, kw_only=True):
    a: Annotated[int, element("a")]
    b: Annotated[int, element("b")]


class AddResponse(Struct, kw_only=True):
    result: Annotated[int, element("result")]


class RpcAdd(Struct, kw_only=True):
    __xml_type__ = XmlType(None)
    a: Annotated[int, element("a", namespace="")]
    b: Annotated[int, element("b", namespace="")]


SESSION = Header("session", "{urn:x}session", Atomic("string"), required=True)
ADD: Operation[Add, int] = Operation(
    "add", Message(Add, "{urn:x}add"), Message(AddResponse, "{urn:x}sum"), unwrap="result"
)
RPC: Operation[RpcAdd, int] = Operation(
    "rpc", Message(RpcAdd, "{urn:x}rpc", "rpc"), Message(RpcAdd, "{urn:x}rpcResponse", "rpc")
)
LOGIN: Operation[Add, int] = Operation(
    "login", Message(Add, "{urn:x}login", headers=(SESSION,)), Message(AddResponse, "{urn:x}sum", headers=(SESSION,))
)
SERVICE = Service("Sums", "urn:x", "{urn:x}Sums", (ADD, RPC, LOGIN), (Port("P", "http://x/"),))


def processor(**settings: Any) -> Processor:
    return Processor(codecs_for(SERVICE), **settings)


def envelope(body: str, header: str = "") -> Envelope:
    text = (
        f'<s:Envelope xmlns:s="{SOAP11}" xmlns:x="urn:x"><s:Header>{header}</s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    )
    return Envelope.read(parse_message(text.encode()))


SUM = "<x:sum><x:result>3</x:result></x:sum>"


@pytest.mark.parametrize("version", [SOAP_1_1, SOAP_1_2])
def test_what_one_side_sends_the_other_receives(version: Any) -> None:
    sent = processor().send_request(version, ADD, Add(a=1, b=2), {})
    received = processor().receive_request(Envelope.read(parse_message(sent)), lambda _: ADD)
    assert received.value == Add(a=1, b=2)
    reply = processor().send_reply(version, ADD, AddResponse(result=3), {})
    assert processor().receive_reply(Envelope.read(parse_message(reply)), ADD).value == AddResponse(result=3)


class Believing:
    """Security that believes in one envelope only, whatever came."""

    def __init__(self, believed: Envelope) -> None:
        self.believed = believed

    def apply(self, envelope: Envelope, **_: object) -> Envelope:
        return self.believed

    def verify(self, envelope: Envelope, **_: object) -> SecurityResult:
        header = next((block for block in self.believed.headers if block.tag == SECURITY_HEADER), None)
        return SecurityResult(self.believed, header=header)


class Refusing:
    def apply(self, envelope: Envelope, **_: object) -> Envelope:
        return envelope

    def verify(self, envelope: Envelope, **_: object) -> SecurityResult:
        raise SecurityError("not signed")


def test_what_is_decoded_and_routed_is_what_was_verified_and_nothing_else() -> None:
    forged = envelope(SUM.replace("3", "666"))
    believed = envelope(SUM)
    received = processor(security=Believing(believed)).receive_reply(forged, ADD)
    assert received.value.result == 3
    assert received.envelope is believed


@pytest.mark.parametrize("security", [None, Security()])
def test_who_has_the_tree_of_a_message_and_may_change_it_has_not_its_bytes(security: Security | None) -> None:
    """They would be taken for what the tree says."""
    read = Envelope.parse(envelope(SUM).to_bytes(), hold=True)
    received = processor(security=security).receive_reply(read, ADD)
    assert read.received is not None
    assert isinstance(received.envelope, Envelope) and received.envelope.received is None


def test_a_security_header_is_understood_only_where_security_is_asked_for() -> None:
    secured = envelope(SUM, f'<w:Security xmlns:w="{WSSE}" s:mustUnderstand="1"/>')
    with pytest.raises(MessageError, match="Security") as caught:
        processor().receive_reply(secured, ADD)
    assert caught.value.code == "MustUnderstand"
    assert processor(security=Believing(secured)).receive_reply(secured, ADD).value.result == 3


def test_a_mandatory_security_header_that_is_for_us_and_was_not_processed_is_not_understood() -> None:
    """WSS 1.1, 5: each security header is for a role, and the rules of SOAP hold for each."""
    to_us = f'<w:Security xmlns:w="{WSSE}" s:mustUnderstand="1"/>'
    to_gate = to_us.replace("/>", ' s:actor="urn:gate"/>')
    with pytest.raises(MessageError, match=r"must be understood, and is not: .*Security"):
        processor(security=Security(actor="urn:gate")).receive_reply(envelope(SUM, to_gate + to_us), ADD)
    assert processor(security=Security(actor="urn:gate")).receive_reply(envelope(SUM, to_gate), ADD).value.result == 3
    optional = to_us.replace(' s:mustUnderstand="1"', "")
    assert processor(security=Security(actor="urn:gate")).receive_reply(envelope(SUM, to_gate + optional), ADD)
    assert processor(security=Security()).receive_reply(envelope(SUM, to_gate + to_us), ADD).value.result == 3
    with pytest.raises(MessageError, match=r"must be understood, and is not: .*Security"):  # a role that we do play
        processor(security=Security(), roles=("urn:gate",)).receive_reply(envelope(SUM, to_gate + to_us), ADD)


def test_an_unsigned_reply_is_refused() -> None:
    with pytest.raises(SecurityError, match="not signed"):
        processor(security=Refusing()).receive_reply(envelope(SUM), ADD)


def test_an_unsigned_fault_is_raised_and_marked_unverified() -> None:
    fault = envelope("<s:Fault><faultcode>s:Server</faultcode><faultstring>no</faultstring></s:Fault>")
    with pytest.raises(Fault, match="no") as caught:
        processor(security=Refusing()).receive_reply(fault, ADD)
    assert caught.value.unverified


class RefusingFaults(Refusing):
    unsigned_faults = False


def test_settings_may_refuse_a_fault_that_nobody_signed() -> None:
    fault = envelope("<s:Fault><faultcode>s:Server</faultcode><faultstring>no</faultstring></s:Fault>")
    with pytest.raises(SecurityError, match="not signed"):
        processor(security=RefusingFaults()).receive_reply(fault, ADD)
    strict = Security(inbound=Require(signed=["Body"], shared_key=True, unsigned_faults=False))
    with pytest.raises(SecurityError):
        processor(security=strict).receive_reply(fault, ADD)


def test_a_fault_of_a_peer_without_security_is_not_marked() -> None:
    fault = envelope("<s:Fault><faultcode>s:Server</faultcode><faultstring>no</faultstring></s:Fault>")
    with pytest.raises(Fault) as caught:
        processor().receive_reply(fault, ADD)
    assert not caught.value.unverified


class Recording:
    """A validator that keeps what it was given, and refuses one element."""

    def __init__(self, refused: str = "") -> None:
        self.seen: list[str] = []
        self.refused = refused

    def check(self, element: _Element) -> None:
        self.seen.append(str(element.tag))
        if element.tag == self.refused:
            raise ValidationError("no")


@pytest.mark.parametrize(
    ("mode", "seen"),
    [
        ("off", []),
        ("out", ["{urn:x}add"]),
        ("in", ["{urn:x}sum"]),
        ("both", ["{urn:x}add", "{urn:x}sum"]),
        ("request", ["{urn:x}add"]),
        ("response", ["{urn:x}sum"]),
        ("none", []),
    ],
)
def test_bodies_are_validated_on_the_ways_that_were_asked_for(mode: Any, seen: list[str]) -> None:
    validator = Recording()
    journey = processor(validator=validator, validate=Checks(mode))
    journey.send_request(SOAP_1_1, ADD, Add(a=1, b=2), {})
    journey.receive_reply(envelope(SUM), ADD)
    assert validator.seen == seen


def test_what_the_schema_refuses_is_not_sent() -> None:
    with pytest.raises(ValidationError):
        processor(validator=Recording("{urn:x}add"), validate=Checks("out")).send_request(
            SOAP_1_1, ADD, Add(a=1, b=2), {}
        )


def test_an_rpc_message_has_unqualified_accessors() -> None:
    sent = processor().send_request(SOAP_1_1, RPC, RpcAdd(a=1, b=2), {})
    assert b"<a>1</a><b>2</b>" in sent


def test_qualified_accessors_of_sloppy_peers_are_read() -> None:
    sloppy = envelope("<x:rpcResponse><x:a>1</x:a><x:b>2</x:b></x:rpcResponse>")
    assert processor().receive_reply(sloppy, RPC).value == RpcAdd(a=1, b=2)


def test_the_name_of_an_rpc_reply_wrapper_is_not_significant() -> None:
    assert processor().receive_reply(envelope("<x:other><a>1</a><b>2</b></x:other>"), RPC).value == RpcAdd(a=1, b=2)


def test_a_declared_header_goes_out_and_comes_in() -> None:
    sent = processor().send_request(SOAP_1_1, LOGIN, Add(a=1, b=2), {"session": "s1"})
    received = processor().receive_request(Envelope.read(parse_message(sent)), lambda _: LOGIN)
    assert received.headers == {"session": "s1"}


def test_a_required_header_must_be_given_and_must_come() -> None:
    with pytest.raises(UsageError, match="session"):
        processor().send_request(SOAP_1_1, LOGIN, Add(a=1, b=2), {})
    with pytest.raises(MessageError, match="session"):
        processor().receive_request(envelope("<x:login><x:a>1</x:a><x:b>2</x:b></x:login>"), lambda _: LOGIN)


def test_an_undeclared_header_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean session"):
        processor().send_request(SOAP_1_1, LOGIN, Add(a=1, b=2), {"sesion": "s1"})


def test_another_element_than_the_contract_says_is_refused_by_name() -> None:
    with pytest.raises(MessageError, match=r"expected element \{urn:x\}sum in the Body, found \{urn:x\}total"):
        processor().receive_reply(envelope("<x:total/>"), ADD)
