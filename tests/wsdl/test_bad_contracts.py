"""What is not a contract, or a broken one, is told by file and line, with what was expected."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from lxml import etree

import soapkit
from soapkit.errors import ContractError
from soapkit.testing import FakeTransport
from soapkit.wsdl.load import load_contract
from soapkit.xml.documents import DocumentLimits, Documents
from soapkit.xml.names import SOAP11

WSDL = Path(__file__).resolve().parent.parent.parent / "wsdl"

HEAD = """<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t">
"""
TYPES = """<types><xs:schema targetNamespace="urn:t">
  <xs:element name="ask" type="xs:string"/> <xs:element name="answer" type="xs:string"/>
</xs:schema></types>
"""
MESSAGES = """<message name="askIn"><part name="q" element="t:ask"/></message>
<message name="askOut"><part name="a" element="t:answer"/></message>
"""
PORT_TYPE = """<portType name="Oracle"><operation name="ask">
  <input message="t:askIn"/><output message="t:askOut"/>
</operation></portType>
"""
BINDING = """<binding name="OracleSoap" type="t:Oracle"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
  <operation name="ask"><soap:operation soapAction=""/>
    <input><soap:body use="literal"/></input><output><soap:body use="literal"/></output>
  </operation>
</binding>
"""
SERVICE = """<service name="Delphi"><port name="OracleSoap" binding="t:OracleSoap">
  <soap:address location="http://localhost/"/></port></service>
"""
PARTS = (HEAD, TYPES, MESSAGES, PORT_TYPE, BINDING, SERVICE, "</definitions>")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def problem_of(text: str, **options: bool) -> str:
    """Write a contract, fail to read it, and return the words of the error."""
    Path("oracle.wsdl").write_text(text)
    with pytest.raises(ContractError) as caught:
        load_contract("oracle.wsdl", **options)
    return str(caught.value)


def with_change(before: str, after: str) -> str:
    text = "".join(PARTS)
    assert before in text
    return text.replace(before, after)


def line_of(text: str, piece: str) -> int:
    return text[: text.index(piece)].count("\n") + 1


def test_the_contract_that_the_others_are_made_from_is_good(here: Path) -> None:
    (here / "oracle.wsdl").write_text("".join(PARTS))
    assert load_contract("oracle.wsdl", strict=True).operation("ask").unwrap == "a"


# --- not a contract -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Not found", r"^oracle\.wsdl:1:1: expected XML, found b'Not found'"),
        ("", r"^oracle\.wsdl:1: the document is empty"),
        ("<definitions>", r"^oracle\.wsdl:1:\d+: not well-formed XML"),
        (
            "<!DOCTYPE html>\n<html><meta charset=utf-8><p>Log in</html>",
            r"^oracle\.wsdl:1: expected XML, found an HTML page.*\?wsdl",
        ),
        ("<html><body>Log in</body></html>", r"^oracle\.wsdl:1: expected a WSDL document.*HTML page.*\?wsdl"),
        (
            '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>',
            r"^oracle\.wsdl:1: expected a WSDL document.*this is a schema",
        ),
        ("<definitions/>", r"^oracle\.wsdl:1: expected a WSDL document.*no known version of WSDL; found definitions"),
        ("<project/>", r"^oracle\.wsdl:1: expected a WSDL document, element .*definitions; found element project"),
        (HEAD + "</definitions>", r"^oracle\.wsdl:2: the document defines nothing; expected messages"),
        (HEAD + "<documentation>Soon.</documentation></definitions>", r"^oracle\.wsdl:2: the document defines nothing"),
    ],
)
def test_what_is_not_a_contract_is_told(here: Path, text: str, words: str) -> None:
    (here / "oracle.wsdl").write_text(text)
    with pytest.raises(ContractError, match=words):
        load_contract("oracle.wsdl")


def test_a_file_that_is_not_there_is_told(here: Path) -> None:
    with pytest.raises(ContractError, match=r"^no such file: oracle\.wsdl$"):
        load_contract("oracle.wsdl")


def test_an_external_entity_is_never_opened(here: Path) -> None:
    (here / "secret.txt").write_text("s3cret")
    entity = '<!DOCTYPE definitions [<!ENTITY e SYSTEM "secret.txt">]>'
    text = "".join((entity, HEAD, "<documentation>&e;</documentation>", *PARTS[1:]))
    assert "s3cret" not in problem_of(text)


@pytest.mark.parametrize("location", ["http://www.w3.org/2001/XMLSchema.dtd", "words.dtd"])
def test_the_dtd_that_a_contract_names_is_not_read_and_costs_nothing(here: Path, location: str) -> None:
    (here / "words.dtd").write_text('<!ENTITY words "of the disk">')
    dtd, used = f'<!DOCTYPE definitions SYSTEM "{location}">', "<documentation>&words;</documentation>"
    (here / "oracle.wsdl").write_text("".join((dtd, *PARTS)))
    assert load_contract("oracle.wsdl").service().operations
    assert "Entity 'words' not defined" in problem_of("".join((dtd, HEAD, used, *PARTS[1:])))


def test_an_internal_entity_is_expanded(here: Path) -> None:
    entity = '<!DOCTYPE definitions [<!ENTITY words "wise words">]>'
    (here / "oracle.wsdl").write_text("".join((entity, HEAD, "<documentation>&words;</documentation>", *PARTS[1:])))
    assert load_contract("oracle.wsdl").documentation == "wise words"


def test_a_bomb_of_entities_is_refused(here: Path) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 20}">' for n in range(1, 9))
    bomb = f'<!DOCTYPE definitions [<!ENTITY e0 "{"x" * 100}">{entities}]>'
    assert "oracle.wsdl:1" in problem_of("".join((bomb, HEAD, "<documentation>&e8;</documentation>", *PARTS[1:])))


# --- references that dangle ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            'element="t:ask"',
            'element="t:Ask"',
            (
                "operation ask cannot be used: element {urn:t}Ask is referred to, but no schema declares it; "
                "did you mean {urn:t}ask?"
            ),
        ),
        (
            'message="t:askIn"',
            'message="t:askInn"',
            (
                "operation ask cannot be used: it refers to message {urn:t}askInn, which no document defines; "
                "did you mean {urn:t}askIn?"
            ),
        ),
        (
            'type="t:Oracle"',
            'type="t:Orakle"',
            (
                "binding OracleSoap refers to port type {urn:t}Orakle, which no document defines; did you mean "
                "{urn:t}Oracle?"
            ),
        ),
        (
            'binding="t:OracleSoap"',
            'binding="t:OracelSoap"',
            (
                "port OracleSoap refers to binding {urn:t}OracelSoap, which no document defines; did you mean "
                "{urn:t}OracleSoap?"
            ),
        ),
    ],
)
def test_a_dangling_reference_is_told_with_the_nearest_name(here: Path, before: str, after: str, words: str) -> None:
    text = with_change(before, after)
    assert f"oracle.wsdl:{line_of(text, after)}: {words}" in problem_of(text).splitlines()


def test_a_dangling_type_deep_inside_costs_the_operation_that_needs_it(here: Path) -> None:
    text = with_change('<xs:element name="ask" type="xs:string"/>', '<xs:element name="ask" type="t:Question"/>')
    assert "oracle.wsdl:4: operation ask cannot be used: type {urn:t}Question" in problem_of(text)


def test_a_dangling_reference_does_not_cost_the_other_operations(here: Path) -> None:
    text = "".join(PARTS).replace(
        "</operation></portType>",
        '</operation>\n<operation name="tell"><input message="t:tellIn"/></operation></portType>',
    )
    (here / "oracle.wsdl").write_text(
        text.replace(
            "</binding>", '<operation name="tell"><input><soap:body use="literal"/></input></operation></binding>'
        )
    )
    contract = load_contract("oracle.wsdl")
    assert [operation.name for operation in contract.service().operations] == ["ask"]
    (problem,) = contract.problems
    assert str(problem).startswith("oracle.wsdl:11: operation tell cannot be used: it refers to message {urn:t}tellIn")


def test_a_contract_of_which_nothing_can_be_used_is_given_to_who_asks(here: Path) -> None:
    (here / "oracle.wsdl").write_text(with_change('element="t:ask"', 'element="t:Ask"'))
    contract = load_contract("oracle.wsdl", usable=False)
    assert [service.operations for service in contract.services] == [()]
    assert len(contract.problems) == 1


def test_a_part_that_says_nothing_is_told(here: Path) -> None:
    text = with_change('<part name="q" element="t:ask"/>', '<part name="q"/>')
    assert "oracle.wsdl:6: operation ask cannot be used: part 'q' has neither an element nor a type" in problem_of(text)


def test_a_required_header_that_is_missing_costs_the_operation(here: Path) -> None:
    header = '<input><soap:header message="t:askIn" part="{}" use="literal"{}/>'
    required = ' xmlns:w="http://schemas.xmlsoap.org/wsdl/" w:required="true"'
    text = with_change("<input><soap", header.format("who", required) + "<soap")
    assert "soap:header names part 'who', which message askIn does not have" in problem_of(text)
    (here / "oracle.wsdl").write_text(with_change("<input><soap", header.format("who", "") + "<soap"))
    contract = load_contract("oracle.wsdl")
    assert contract.operation("ask").request.headers == ()
    assert any("a header block was passed over" in warning.message for warning in contract.warnings)


# --- imports ------------------------------------------------------------------------------------------------------


def test_a_missing_import_is_told_at_the_import(here: Path) -> None:
    text = "".join((HEAD, '<import namespace="urn:t" location="types.wsdl"/>\n', *PARTS[1:4], *PARTS[5:]))
    words = problem_of(text)
    assert "oracle.wsdl:3: expected a WSDL document or a schema at " in words
    assert "there is no such file" in words


def test_a_missing_schema_costs_what_needs_it(here: Path) -> None:
    schema = '<types><xs:schema><xs:import namespace="urn:t" schemaLocation="types.xsd"/></xs:schema></types>\n'
    words = problem_of("".join((HEAD, schema, *PARTS[2:])))
    assert "oracle.wsdl:4: operation ask cannot be used: element {urn:t}ask is referred to" in words
    (here / "oracle.wsdl").write_text("".join((HEAD, schema, *PARTS[2:])))
    warnings = load_contract("oracle.wsdl", usable=False).warnings
    assert any(str(warning).startswith("oracle.wsdl:3: types.xsd cannot be read") for warning in warnings)


def test_an_import_of_something_else_is_told(here: Path) -> None:
    (here / "types.wsdl").write_text("<html/>")
    text = "".join((HEAD, '<import namespace="urn:t" location="types.wsdl"/>\n', *PARTS[1:3]))
    (here / "oracle.wsdl").write_text(text + "</definitions>")
    (problem,) = load_contract("oracle.wsdl", usable=False).problems
    assert str(problem) == "oracle.wsdl:3: expected a WSDL document or a schema at types.wsdl; found element html"


def test_a_loop_of_imports_ends(here: Path) -> None:
    (here / "oracle.wsdl").write_text(
        "".join((HEAD, '<import namespace="urn:t" location="./oracle.wsdl"/>\n', *PARTS[1:]))
    )
    contract = load_contract("oracle.wsdl", strict=True)
    assert len(contract.documents) == 1


def test_imports_without_end_are_stopped(here: Path) -> None:
    def fetch(url: str) -> bytes:
        return (HEAD + f'<import namespace="urn:t" location="{url}x"/></definitions>').encode()

    documents = Documents(fetch=fetch, limits=DocumentLimits(documents=20))
    with pytest.raises(ContractError, match=r"more than 20 documents"):
        load_contract("http://example.org/x", documents=documents)


def test_schemas_without_end_are_stopped(here: Path) -> None:
    def fetch(url: str) -> bytes:
        if url.endswith("oracle.wsdl"):
            schema = '<xs:schema><xs:import namespace="urn:1" schemaLocation="1"/></xs:schema>'
            return "".join((HEAD, f"<types>{schema}</types>", *PARTS[2:])).encode()
        number = int(url.rpartition("/")[2])
        return (
            f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:{number}">'
            f'<xs:import namespace="urn:{number + 1}" schemaLocation="{number + 1}"/></xs:schema>'
        ).encode()

    documents = Documents(fetch=fetch, limits=DocumentLimits(documents=20))
    contract = load_contract("http://example.org/oracle.wsdl", documents=documents, usable=False)
    assert any("more than 20 documents" in warning.message for warning in contract.warnings)
    assert len(contract.documents) == 20


def test_an_import_of_another_namespace_is_told(here: Path) -> None:
    (here / "types.wsdl").write_text(
        HEAD.replace('targetNamespace="urn:t"', 'targetNamespace="urn:u"') + "</definitions>"
    )
    text = "".join((HEAD, '<import namespace="urn:v" location="types.wsdl"/>\n', *PARTS[1:]))
    assert "oracle.wsdl:3: the import is of namespace 'urn:v', types.wsdl is of 'urn:u'" in problem_of(
        text, strict=True
    )


# --- names --------------------------------------------------------------------------------------------------------


def test_a_name_defined_twice_is_told_and_the_first_counts(here: Path) -> None:
    second = '<message name="askIn"><part name="other" element="t:answer"/></message>\n'
    text = "".join((*PARTS[:3], second, *PARTS[3:]))
    words = problem_of(text, strict=True)
    assert (
        "oracle.wsdl:8: message askIn is defined a second time (first at oracle.wsdl:6); the first was taken" in words
    )
    (here / "oracle.wsdl").write_text(text)
    contract = load_contract("oracle.wsdl")
    assert [field.name for field in contract.shapes[contract.operation("ask").request.record].fields] == ["q"]


def test_an_undeclared_prefix_is_taken_for_the_target_namespace(here: Path) -> None:
    text = with_change('message="t:askIn"', 'message="u:askIn"')
    assert "oracle.wsdl:9: prefix 'u' of message='u:askIn' is not declared" in problem_of(text, strict=True)
    (here / "oracle.wsdl").write_text(text)
    assert load_contract("oracle.wsdl").operation("ask").unwrap == "a"


def test_a_name_of_the_wrong_namespace_is_taken_where_only_one_is_meant(here: Path) -> None:
    text = with_change('message="t:askIn"', 'message="u:askIn" xmlns:u="urn:u"')
    words = problem_of(text, strict=True)
    assert "it refers to message {urn:u}askIn, which no document defines; {urn:t}askIn was assumed" in words
    (here / "oracle.wsdl").write_text(text)
    assert load_contract("oracle.wsdl").operation("ask").unwrap == "a"


def test_a_name_without_a_prefix_is_taken_for_the_target_namespace(here: Path) -> None:
    (here / "oracle.wsdl").write_text(with_change('binding="t:OracleSoap"', 'binding="OracleSoap"'))
    contract = load_contract("oracle.wsdl")
    assert contract.operation("ask").unwrap == "a"
    assert any(
        "names something in http://schemas.xmlsoap.org/wsdl/" in warning.message for warning in contract.warnings
    )


def test_all_that_is_wrong_is_told_at_once_when_strict(here: Path) -> None:
    text = with_change('message="t:askIn"', 'message="u:askIn"').replace('use="literal"', 'use="litteral"')
    words = problem_of(text, strict=True).splitlines()
    assert [line.partition(": ")[0] for line in words] == ["oracle.wsdl:9", "oracle.wsdl:13"]


def test_a_contract_of_100_megabytes_is_refused_before_it_is_read(here: Path) -> None:
    with (here / "oracle.wsdl").open("wb") as file:
        file.truncate(100_000_000)
    tracemalloc.start()
    with pytest.raises(ContractError, match=r"oracle\.wsdl has 100,000,000 bytes; at most 67,108,864 are read"):
        load_contract("oracle.wsdl")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


DATASET = """<types><xs:schema targetNamespace="urn:t" elementFormDefault="qualified">
  <xs:import namespace="http://www.w3.org/2001/XMLSchema"/>
  <xs:element name="ask" type="xs:string"/>
  <xs:element name="answer"><xs:complexType><xs:sequence>
    <xs:element name="Rows" minOccurs="0"><xs:complexType><xs:sequence>
      <xs:element ref="xs:schema"/><xs:any/>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema></types>
"""
ROWS = (
    '<Rows xmlns="urn:t"><xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" id="NewDataSet"/>'
    '<diffgr:diffgram xmlns:diffgr="urn:schemas-microsoft-com:xml-diffgram-v1">'
    '<NewDataSet xmlns=""><Table><No>7</No></Table></NewDataSet></diffgr:diffgram></Rows>'
)


def test_a_dataset_of_dotnet_is_the_schema_and_the_rows_as_xml(here: Path) -> None:
    """ASP.NET declares a DataSet by the element of XSD itself and a wildcard; nothing says what is in it."""
    (here / "oracle.wsdl").write_text("".join((HEAD, DATASET, *PARTS[2:])))
    contract = load_contract("oracle.wsdl")
    assert contract.problems == ()
    reply = f'<e:Envelope xmlns:e="{SOAP11}"><e:Body><answer xmlns="urn:t">{ROWS}</answer></e:Body></e:Envelope>'
    with soapkit.Client.from_wsdl(contract, transport=FakeTransport(reply.encode())) as client:
        rows = client.ask(q="all").rows
    assert [element.tag for element in (rows.schema, rows.any)] == [
        "{http://www.w3.org/2001/XMLSchema}schema",
        "{urn:schemas-microsoft-com:xml-diffgram-v1}diffgram",
    ]
    assert etree.fromstring(rows.any.xml).findtext(".//No") == "7"
