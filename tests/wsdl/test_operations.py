"""What bindings make of operations: styles, versions, headers, and what real contracts do to the rules."""

from __future__ import annotations

import pytest

from soapkit.databinding.shape import ElementField
from soapkit.operations import AttachedPart, Operation
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract

SOAP11 = "http://schemas.xmlsoap.org/wsdl/soap/"
SOAP12 = "http://schemas.xmlsoap.org/wsdl/soap12/"

HEAD = f"""<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="{SOAP11}" xmlns:soap12="{SOAP12}"
  xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t">
"""


def element(name: str, content: str, attributes: str = "") -> str:
    return f'<element name="{name}"{attributes}><complexType>{content}</complexType></element>'


Q = '<sequence><element name="q" type="string"/></sequence>'
ASK = element("ask", Q)
ANSWER = element("answer", '<sequence><element name="a" type="int"/></sequence>')


def types(*declarations: str) -> str:
    return (
        '<types><schema xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t" '
        'elementFormDefault="qualified">' + "\n".join(declarations) + "</schema></types>"
    )


def message(name: str, *parts: str) -> str:
    return f'<message name="{name}">{"".join(f"<part {part}/>" for part in parts)}</message>'


def port_type(*operations: str, name: str = "Oracle") -> str:
    return f'<portType name="{name}">{"".join(operations)}</portType>'


ASK_OPERATION = '<operation name="ask"><input message="t:in"/><output message="t:out"/></operation>'


def binding(
    *operations: str,
    name: str = "OracleSoap",
    prefix: str = "soap",
    style: str = "document",
    transport: str = "http://schemas.xmlsoap.org/soap/http",
    of: str = "Oracle",
) -> str:
    soap = f'<{prefix}:binding style="{style}" transport="{transport}"/>'
    return f'<binding name="{name}" type="t:{of}">{soap}{"".join(operations)}</binding>'


def bound(
    name: str = "ask",
    body: str = 'use="literal"',
    reply: str = 'use="literal"',
    *,
    prefix: str = "soap",
    action: str = "",
    headers: str = "",
    names: tuple[str, str] = ("", ""),
) -> str:
    return (
        f'<operation name="{name}"><{prefix}:operation soapAction="{action}"/>'
        f"<input{names[0]}>{headers}<{prefix}:body {body}/></input>"
        f"<output{names[1]}><{prefix}:body {reply}/></output></operation>"
    )


def service(*ports: tuple[str, str]) -> str:
    chosen = ports or (("OracleSoap", "soap"),)
    told = "".join(
        f'<port name="{name}" binding="t:{name}"><{prefix}:address location="http://x/{name}"/></port>'
        for name, prefix in chosen
    )
    return f'<service name="Delphi">{told}</service>'


def contract(*pieces: str, strict: bool = False) -> Contract:
    return load_contract(HEAD + "\n".join(pieces) + "</definitions>", strict=strict)


def the(found: Contract, name: str = "ask") -> Operation[object, object]:
    return found.operation(name)


def names(found: Contract, operation: Operation[object, object]) -> list[str]:
    return [field.name for field in found.shapes[operation.request.record].fields]


def told(found: Contract) -> str:
    return "\n".join(problem.message for problem in (*found.warnings, *found.problems, *found.notes))


IN_OUT = (message("in", 'name="parameters" element="t:ask"'), message("out", 'name="parameters" element="t:answer"'))


# --- wrapped or bare ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declaration", "style"),
    [
        (element("ask", Q), "wrapped"),
        (element("ask", "<sequence/>"), "wrapped"),
        ('<complexType name="Ask">' + Q + '</complexType><element name="ask" type="t:Ask"/>', "wrapped"),
        (
            element("ask", '<choice><element name="q" type="string"/><element name="r" type="string"/></choice>'),
            "wrapped",
        ),
        (element("ask", "<sequence><any/></sequence>"), "bare"),
        (element("ask", Q + '<attribute name="lang" type="string"/>'), "bare"),
        (element("ask", Q + "<anyAttribute/>"), "bare"),
        (element("ask", Q, ' nillable="true"'), "bare"),
        ('<element name="ask" type="string"/>', "bare"),
        ('<element name="ask"/>', "bare"),
        ('<element name="ask"><complexType mixed="true">' + Q + "</complexType></element>", "bare"),
        (element("ask", '<simpleContent><extension base="string"/></simpleContent>'), "bare"),
    ],
)
def test_an_element_is_a_wrapper_when_it_holds_elements_only(declaration: str, style: str) -> None:
    found = contract(
        types(declaration, ANSWER),
        *IN_OUT,
        port_type(ASK_OPERATION),
        binding(bound()),
        service(),
    )
    assert the(found).request.style == style
    assert the(found).request.tag == ("{urn:t}ask" if style == "wrapped" else None)


def test_an_element_not_named_like_the_operation_is_no_wrapper() -> None:
    found = contract(
        types(ASK.replace('"ask"', '"question"'), ANSWER),
        message("in", 'name="parameters" element="t:question"'),
        IN_OUT[1],
        port_type(ASK_OPERATION),
        binding(bound()),
        service(),
        strict=True,
    )
    assert (the(found).request.style, names(found, the(found))) == ("bare", ["parameters"])
    # then the reply is not unwrapped either
    assert (the(found).reply.style, the(found).unwrap) == ("bare", "parameters")  # type: ignore[union-attr]


def test_the_element_of_a_wrapped_reply_may_have_any_name() -> None:
    found = contract(types(ASK, ANSWER), *IN_OUT, port_type(ASK_OPERATION), binding(bound()), service(), strict=True)
    assert (the(found).reply.style, the(found).unwrap) == ("wrapped", "a")  # type: ignore[union-attr]


# --- messages that break the rules --------------------------------------------------------------------------------


def test_a_document_part_with_a_type_is_an_element_named_like_the_part() -> None:
    found = contract(
        types(ASK, ANSWER),
        message("in", 'name="q" type="xs:string"'),
        IN_OUT[1],
        port_type(ASK_OPERATION),
        binding(bound()),
        service(),
    )
    (field,) = found.shapes[the(found).request.record].fields
    assert isinstance(field, ElementField)
    assert field.tag == "q"
    assert "R2204 wants an element" in told(found)


def test_several_document_parts_are_several_fields() -> None:
    found = contract(
        types(ASK, ANSWER),
        message("in", 'name="one" element="t:ask"', 'name="two" element="t:answer"'),
        IN_OUT[1],
        port_type(ASK_OPERATION),
        binding(bound()),
        service(),
    )
    assert names(found, the(found)) == ["one", "two"]
    assert "2 parts of message in stand in the Body" in told(found)


def test_parts_choose_what_stands_in_the_body() -> None:
    found = contract(
        types(ASK, ANSWER),
        message("in", 'name="one" element="t:ask"', 'name="two" element="t:answer"'),
        IN_OUT[1],
        port_type(ASK_OPERATION),
        binding(bound(body='use="literal" parts="two"')),
        service(),
        strict=True,
    )
    assert names(found, the(found)) == ["two"]


def test_a_part_that_is_not_there_is_passed_over() -> None:
    found = contract(
        types(ASK, ANSWER),
        *IN_OUT,
        port_type(ASK_OPERATION),
        binding(bound(body='use="literal" parts="parameter"')),
        service(),
    )
    assert the(found).request.style == "wrapped"
    assert "soap:body names part parameter, which message in does not have; did you mean parameters?" in told(found)


def test_no_parts_at_all_make_an_empty_body() -> None:
    found = contract(
        types(ASK, ANSWER),
        *IN_OUT,
        port_type(ASK_OPERATION),
        binding(bound(body='use="literal" parts=""')),
        service(),
        strict=True,
    )
    assert (the(found).request.tag, names(found, the(found))) == (None, [])


def test_a_part_that_a_header_uses_is_not_in_the_body_though_parts_are_not_said() -> None:
    found = contract(
        types(ASK, ANSWER),
        message("in", 'name="parameters" element="t:ask"', 'name="who" element="t:answer"'),
        IN_OUT[1],
        port_type(ASK_OPERATION),
        binding(bound(headers='<soap:header message="t:in" part="who" use="literal"/>')),
        service(),
        strict=True,
    )
    assert the(found).request.style == "wrapped"
    assert [header.tag for header in the(found).request.headers] == ["{urn:t}answer"]


# --- rpc ----------------------------------------------------------------------------------------------------------


RPC = (message("in", 'name="q" type="xs:string"', 'name="n" type="xs:int"'), message("out", 'name="a" type="xs:int"'))


def test_an_rpc_body_without_namespace_takes_the_target_namespace() -> None:
    found = contract(types(), *RPC, port_type(ASK_OPERATION), binding(bound(), style="rpc"), service())
    assert (the(found).request.tag, the(found).unwrap) == ("{urn:t}ask", "a")
    assert "has no namespace" in told(found)


def test_an_empty_rpc_namespace_is_none() -> None:
    body = 'use="literal" namespace=""'
    found = contract(
        types(), *RPC, port_type(ASK_OPERATION), binding(bound(body=body, reply=body), style="rpc"), service()
    )
    assert the(found).request.tag == "ask"


def test_an_rpc_part_with_an_element_is_that_element() -> None:
    body = 'use="literal" namespace="urn:c"'
    found = contract(
        types(ASK, ANSWER),
        *IN_OUT,
        port_type(ASK_OPERATION),
        binding(bound(body=body, reply=body), style="rpc"),
        service(),
    )
    (field,) = found.shapes[the(found).request.record].fields
    assert isinstance(field, ElementField)
    assert (field.name, field.tag) == ("parameters", "{urn:t}ask")
    assert "R2203 wants a type" in told(found)


def test_encoded_messages_say_so_and_their_parts_may_be_absent_or_nil() -> None:
    encoded = 'use="encoded" namespace="urn:c" encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"'
    found = contract(
        types(), *RPC, port_type(ASK_OPERATION), binding(bound(body=encoded, reply=encoded), style="rpc"), service()
    )
    request = the(found).request
    assert (request.encoded, request.encoding_style) == (True, "http://schemas.xmlsoap.org/soap/encoding/")
    for field in found.shapes[request.record].fields:
        assert isinstance(field, ElementField)
        assert (field.minimum, field.nillable) == (0, True)


def test_the_style_of_an_operation_counts_before_that_of_its_binding() -> None:
    body = 'use="literal" namespace="urn:c"'
    operation = bound(body=body, reply=body).replace("soapAction", 'style="rpc" soapAction')
    found = contract(types(), *RPC, port_type(ASK_OPERATION), binding(operation), service(), strict=True)
    assert the(found).request.style == "rpc"


# --- ports and services -------------------------------------------------------------------------------------------


def test_ports_that_differ_in_version_and_action_are_one_service() -> None:
    found = contract(
        types(ASK, ANSWER),
        *IN_OUT,
        port_type(ASK_OPERATION),
        binding(bound(action="urn:one"), name="Soap11"),
        binding(bound(action="urn:two", prefix="soap12"), name="Soap12", prefix="soap12"),
        service(("Soap11", "soap"), ("Soap12", "soap12")),
        strict=True,
    )
    (only,) = found.services
    assert only.operation("ask").action == "urn:one"
    assert [(port.version, port.actions) for port in only.ports] == [("1.1", {}), ("1.2", {"ask": "urn:two"})]


def test_ports_that_say_different_things_are_several_services_of_one_name() -> None:
    body = 'use="literal" namespace="urn:c"'
    found = contract(
        types(ASK, ANSWER),
        *RPC,
        port_type(ASK_OPERATION),
        binding(bound(body=body, reply=body), name="A", style="rpc"),
        binding(bound(body='use="literal" namespace="urn:d"', reply=body), name="B", style="rpc"),
        service(("A", "soap"), ("B", "soap")),
        strict=True,
    )
    assert [(one.name, [port.name for port in one.ports]) for one in found.services] == [
        ("Delphi", ["A"]),
        ("Delphi", ["B"]),
    ]


def test_two_port_types_with_one_operation_name_are_not_confused() -> None:
    found = contract(
        types(ASK, ANSWER),
        *RPC,
        message("other", 'name="z" type="xs:date"'),
        port_type(ASK_OPERATION, name="One"),
        port_type('<operation name="ask"><input message="t:other"/></operation>', name="Two"),
        binding(
            bound(body='use="literal" namespace="urn:c"', reply='use="literal" namespace="urn:c"'),
            name="A",
            style="rpc",
            of="One",
        ),
        binding(
            '<operation name="ask"><input><soap:body use="literal" namespace="urn:c"/></input></operation>',
            name="B",
            style="rpc",
            of="Two",
        ),
        service(("A", "soap"), ("B", "soap")),
        strict=True,
    )
    one, two = found.services
    assert (names(found, one.operations[0]), names(found, two.operations[0])) == (["q", "n"], ["z"])


def test_an_overloaded_operation_is_told_apart_by_the_names_of_its_messages() -> None:
    first, second = (
        f'<operation name="ask"><input name="{name}" message="t:{message}"/>'
        f'<output name="{name}Answer" message="t:out"/></operation>'
        for name, message in (("short", "in"), ("long", "long"))
    )
    body = 'use="literal" namespace="urn:c"'
    found = contract(
        types(),
        *RPC,
        message("long", 'name="essay" type="xs:string"'),
        port_type(first, second),
        binding(
            bound(body=body, reply=body, action="urn:long", names=(' name="long"', ' name="longAnswer"')),
            bound(body=body, reply=body, action="urn:short", names=(' name="short"', ' name="shortAnswer"')),
            style="rpc",
        ),
        service(),
        strict=True,
    )
    short, long = found.service().operations
    assert (short.name, short.method, short.action, names(found, short)) == ("ask", "ask", "urn:short", ["q", "n"])
    assert (long.name, long.method, long.action, names(found, long)) == ("ask", "ask_2", "urn:long", ["essay"])


def test_a_stray_blank_or_slash_in_a_transport_is_no_trouble() -> None:
    found = contract(
        types(ASK, ANSWER),
        *IN_OUT,
        port_type(ASK_OPERATION),
        binding(bound(), transport=" http://schemas.xmlsoap.org/soap/http/ "),
        service(),
        strict=True,
    )
    assert found.notes == ()


def test_http_and_jms_ports_are_told_and_the_soap_port_serves() -> None:
    found = contract(
        types(ASK, ANSWER),
        *IN_OUT,
        port_type(ASK_OPERATION),
        binding(bound(), name="Jms", transport="http://www.w3.org/2010/soapjms/"),
        binding(bound()),
        '<binding name="Get" type="t:Oracle"><h:binding xmlns:h="http://schemas.xmlsoap.org/wsdl/http/"/></binding>',
        '<service name="Delphi"><port name="Jms" binding="t:Jms"><soap:address location="jms:queue:x"/></port>'
        '<port name="Get" binding="t:Get"/><port name="OracleSoap" binding="t:OracleSoap"/></service>',
        strict=True,
    )
    (only,) = found.services
    assert [(port.name, port.address) for port in only.ports] == [("OracleSoap", ""), ("Jms", "jms:queue:x")]
    assert "port Get has an HTTP GET or POST binding" in told(found)
    assert "port Jms is reached over http://www.w3.org/2010/soapjms" in told(found)


def test_a_mime_binding_is_read_as_the_soap_body_in_it() -> None:
    mime = (
        '<operation name="ask"><soap:operation soapAction=""/><input><m:multipartRelated '
        'xmlns:m="http://schemas.xmlsoap.org/wsdl/mime/"><m:part><soap:body parts="parameters" use="literal"/></m:part>'
        '<m:part><m:content part="scan" type="image/png"/></m:part></m:multipartRelated></input>'
        '<output><soap:body use="literal"/></output></operation>'
    )
    found = contract(
        types(ASK, ANSWER),
        message("in", 'name="parameters" element="t:ask"', 'name="scan" type="xs:base64Binary"'),
        IN_OUT[1],
        port_type(ASK_OPERATION),
        binding(mime),
        service(),
        strict=True,
    )
    assert the(found).request.style == "wrapped"
    bound_input = found.definitions.bindings["{urn:t}OracleSoap"].operations[0].input
    assert bound_input is not None
    assert bound_input.attachments == (("scan", ("image/png",)),)
    assert the(found).request.attached == (AttachedPart("scan", "scan", ("image/png",)),)


def test_a_contract_without_services_is_offered_by_its_bindings() -> None:
    found = contract(types(ASK, ANSWER), *IN_OUT, port_type(ASK_OPERATION), binding(bound()), strict=True)
    (only,) = found.services
    assert [(port.name, port.address) for port in only.ports] == [("OracleSoap", "")]


def test_a_contract_without_bindings_is_offered_as_if_it_had_one() -> None:
    found = contract(types(ASK, ANSWER), *IN_OUT, port_type(ASK_OPERATION), strict=True)
    assert the(found).request.style == "wrapped"
    assert "has no binding: SOAP 1.1 over HTTP was assumed" in told(found)


def test_a_binding_without_operations_has_those_of_its_port_type() -> None:
    found = contract(types(ASK, ANSWER), *IN_OUT, port_type(ASK_OPERATION), binding(), service())
    assert the(found).unwrap == "a"
    assert "binding OracleSoap has no operations" in told(found)


def test_no_operation_is_dropped_in_silence() -> None:
    tell = ASK_OPERATION.replace('"ask"', '"tell"')
    pieces = (types(ASK, ANSWER), *IN_OUT)
    found = contract(*pieces, port_type(ASK_OPERATION, tell), binding(bound()), service())
    assert "operation tell of port type Oracle is not in binding OracleSoap" in told(found)
    found = contract(*pieces, port_type(ASK_OPERATION), binding(bound(), bound("asks")), service())
    assert "operation asks of binding OracleSoap is not in port type Oracle; did you mean ask?" in told(found)


@pytest.mark.parametrize(
    "operation",
    [
        '<operation name="warn"><output message="t:out"/></operation>',
        '<operation name="warn"><output message="t:out"/><input message="t:in"/></operation>',
    ],
)
def test_an_operation_that_starts_at_the_server_is_told(operation: str) -> None:
    found = contract(
        types(ASK, ANSWER),
        *IN_OUT,
        port_type(ASK_OPERATION, operation),
        binding(bound(), bound("warn")),
        service(),
        strict=True,
    )
    assert [one.name for one in found.service().operations] == ["ask"]
    assert "operation warn starts at the server" in told(found)


# --- faults, actions, policies ------------------------------------------------------------------------------------


def test_a_fault_that_cannot_be_understood_is_passed_over() -> None:
    operation = ASK_OPERATION.replace("</operation>", '<fault name="Shy" message="t:shy"/></operation>')
    found = contract(types(ASK, ANSWER), *IN_OUT, port_type(operation), binding(bound()), service())
    assert the(found).faults == ()
    assert "fault Shy of ask was passed over: it refers to message {urn:t}shy" in told(found)


def test_a_fault_by_type_is_an_element_named_like_its_part() -> None:
    operation = ASK_OPERATION.replace("</operation>", '<fault name="Shy" message="t:shy"/></operation>')
    found = contract(
        types(ASK, ANSWER),
        *IN_OUT,
        message("shy", 'name="why" type="xs:string"'),
        port_type(operation),
        binding(bound()),
        service(),
    )
    assert [(fault.name, fault.tag) for fault in the(found).faults] == [("Shy", "why")]
    assert "R2205 wants an element" in told(found)


@pytest.mark.parametrize(
    "namespace", ["http://www.w3.org/2006/05/addressing/wsdl", "http://www.w3.org/2007/05/addressing/metadata"]
)
def test_the_actions_of_ws_addressing_are_read(namespace: str) -> None:
    operation = (
        f'<operation name="ask" xmlns:w="{namespace}"><input message="t:in" w:Action="urn:in"/>'
        '<output message="t:out" w:Action="urn:out"/></operation>'
    )
    found = contract(types(ASK, ANSWER), *IN_OUT, port_type(operation), binding(bound()), service(), strict=True)
    assert (the(found).request.action, the(found).reply.action) == ("urn:in", "urn:out")  # type: ignore[union-attr]


def test_policies_are_kept_where_they_are_attached() -> None:
    policy = (
        '<p:Policy xmlns:p="http://www.w3.org/ns/ws-policy" xmlns:u="http://docs.oasis-open.org/wss/2004/01/'
        'oasis-200401-wss-wssecurity-utility-1.0.xsd" u:Id="secure"><p:All/></p:Policy>'
    )
    reference = '<p:PolicyReference xmlns:p="http://www.w3.org/ns/ws-policy" URI="#{}"/>'
    found = contract(
        policy,
        types(ASK, ANSWER),
        *IN_OUT,
        port_type(ASK_OPERATION),
        binding(reference.format("secure"), bound()),
        service(),
        strict=True,
    )
    (kept,) = found.definitions.bindings["{urn:t}OracleSoap"].policies
    assert str(kept.element.tag).endswith("Policy")
    found = contract(
        types(ASK, ANSWER), *IN_OUT, port_type(ASK_OPERATION), binding(reference.format("gone"), bound()), service()
    )
    assert "no policy '#gone' in this document" in told(found)


def test_extensions_are_kept_and_a_required_one_is_told() -> None:
    using = '<w:UsingMagic xmlns:w="urn:magic"{}/>'
    required = using.format(' xmlns:d="http://schemas.xmlsoap.org/wsdl/" d:required="true"')
    pieces = (types(ASK, ANSWER), *IN_OUT, port_type(ASK_OPERATION))
    found = contract(*pieces, binding(using.format(""), bound()), service(), strict=True)
    (kept,) = found.definitions.bindings["{urn:t}OracleSoap"].extensions
    assert (kept.tag, kept.required) == ("{urn:magic}UsingMagic", False)
    assert found.notes == ()
    found = contract(*pieces, binding(required, bound()), service(), strict=True)
    assert "port OracleSoap requires {urn:magic}UsingMagic" in told(found)
