"""Our own contracts are read as they are meant."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from soapkit.databinding.shape import ElementField, RecordRef
from soapkit.errors import ContractError
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from soapkit.xml.documents import Documents

WSDL = Path(__file__).resolve().parent.parent.parent / "wsdl"
OURS = ("bank.wsdl", "bare.wsdl", "rpc-literal.wsdl", "headers.wsdl", "faults.wsdl", "split/shop.wsdl")

BANK = "{urn:example:bank}"
TYPES = "{urn:example:bank:types}"


@pytest.fixture(scope="module")
def bank() -> Contract:
    return load_contract(WSDL / "bank.wsdl")


def fields_of(contract: Contract, key: object) -> list[str]:
    return [field.name for field in contract.shapes[key].fields]


@pytest.mark.parametrize("name", OURS)
def test_our_contracts_break_no_rule(name: str) -> None:
    contract = load_contract(WSDL / name, strict=True)
    assert (contract.warnings, contract.problems, contract.notes) == ((), (), ())


def test_a_service_has_its_ports_in_both_versions(bank: Contract) -> None:
    (service,) = bank.services
    assert (service.name, service.namespace, service.port_type) == ("BankService", "urn:example:bank", BANK + "Bank")
    assert [(port.name, port.version, port.address) for port in service.ports] == [
        ("BankSoap11", "1.1", "http://localhost:8000/bank"),
        ("BankSoap12", "1.2", "http://localhost:8000/bank"),
    ]
    assert service.documentation == "The bank, in both versions of SOAP at one address."


def test_a_wrapped_operation_has_the_fields_of_its_wrapper(bank: Contract) -> None:
    transfer = bank.operation("transfer")
    assert (transfer.request.style, transfer.request.tag) == ("wrapped", BANK + "transfer")
    assert fields_of(bank, transfer.request.record) == ["source", "target", "amount"]
    assert transfer.action == "urn:example:bank/transfer"
    assert transfer.documentation == "Move money from one account to another."
    assert (transfer.place.source, transfer.place.line) == (str(bank.source), transfer.place.line)
    assert transfer.place.line is not None


def test_a_reply_of_one_field_is_unwrapped_and_one_of_several_is_not(bank: Contract) -> None:
    assert bank.operation("transfer").unwrap == "receipt"
    assert bank.operation("statement").unwrap == "entry"
    assert bank.operation("balance").unwrap is None


def test_a_one_way_operation_has_no_reply(bank: Contract) -> None:
    assert bank.operation("notify").one_way
    assert not bank.operation("transfer").one_way


def test_declared_faults_have_a_type_and_words(bank: Contract) -> None:
    funds, unknown = bank.operation("transfer").faults
    assert (funds.name, funds.tag, funds.type) == (
        "InsufficientFunds",
        TYPES + "insufficientFunds",
        RecordRef(TYPES + "Funds"),
    )
    assert (unknown.name, unknown.documentation) == ("UnknownAccount", "No account has this number.")


def test_headers_stand_in_their_direction_and_say_whether_they_are_required(bank: Contract) -> None:
    close = bank.operation("closeAccount")
    assert close.reply is not None
    assert [(header.name, header.tag, header.required) for header in close.request.headers] == [
        ("caller", TYPES + "caller", True)
    ]
    assert [(header.name, header.required) for header in close.reply.headers] == [("auditNumber", False)]


def test_a_bare_operation_has_a_field_for_each_part() -> None:
    library = load_contract(WSDL / "bare.wsdl")
    look_up = library.operation("lookUp")
    assert look_up.reply is not None
    assert (look_up.request.style, look_up.request.tag) == ("bare", None)
    (isbn,) = library.shapes[look_up.request.record].fields
    assert isinstance(isbn, ElementField)
    assert (isbn.name, isbn.tag) == ("isbn", "{urn:example:bare}isbn")
    assert look_up.unwrap == "book"
    assert fields_of(library, library.operation("count").request.record) == []
    assert library.operation("giveBack").unwrap is None


def test_rpc_parts_are_unqualified_fields_below_the_name_of_the_operation() -> None:
    weather = load_contract(WSDL / "rpc-literal.wsdl")
    readings = weather.operation("readings")
    assert readings.reply is not None
    assert (readings.request.style, readings.request.tag) == ("rpc", "{urn:example:rpc:calls}readings")
    assert readings.reply.tag == "{urn:example:rpc:calls}readingsResponse"
    fields = weather.shapes[readings.reply.record].fields
    assert [field.tag for field in fields if isinstance(field, ElementField)] == ["station", "readings"]
    assert weather.operation("temperature").unwrap == "degrees"
    assert readings.unwrap is None


def test_a_synthetic_record_is_known_by_the_operation() -> None:
    weather = load_contract(WSDL / "rpc-literal.wsdl")
    assert weather.operation("readings").request.record == "message:{urn:example:rpc}readingsRequest"
    assert "message:{urn:example:rpc}readingsResponse" in weather.shapes


def test_a_part_that_is_a_header_is_not_in_the_body() -> None:
    login = load_contract(WSDL / "headers.wsdl").operation("login")
    assert login.reply is not None
    assert (login.reply.style, login.unwrap) == ("wrapped", "greeting")
    assert [header.name for header in login.reply.headers] == ["session"]


def test_a_header_fault_is_kept_in_the_definitions() -> None:
    contract = load_contract(WSDL / "headers.wsdl")
    binding = contract.definitions.bindings["{urn:example:headers}MailboxSoap"]
    fetch = next(operation for operation in binding.operations if operation.name == "fetch")
    assert fetch.input is not None
    assert [fault.part for fault in fetch.input.headers[0].faults] == ["expired"]


def test_a_contract_in_six_files_with_circles_is_one() -> None:
    contract = load_contract(WSDL / "split" / "shop.wsdl")
    names = sorted(Path(document.source).name for document in contract.documents)
    assert names == ["common.xsd", "customers.xsd", "interface.wsdl", "lines.xsd", "orders.xsd", "shop.wsdl"]
    assert contract.operation("placeOrder").faults[0].tag == "{urn:example:shop:orders}soldOut"
    for namespace in ("orders", "customers"):
        address = contract.shapes[f"{{urn:example:shop:{namespace}}}Address"]
        assert [field.name for field in address.elements] == ["street", "city"]


def test_each_component_knows_its_place(bank: Contract) -> None:
    lines = (WSDL / "bank.wsdl").read_text().splitlines()
    definitions = bank.definitions
    for word, components in (
        ("message", definitions.messages),
        ("portType", definitions.port_types),
        ("binding", definitions.bindings),
        ("service", definitions.services),
    ):
        for component in components.values():
            assert component.place.line is not None
            assert f"<wsdl:{word} " in lines[component.place.line - 1]


def test_a_contract_is_read_from_bytes_with_a_mapping() -> None:
    data = (WSDL / "bank.wsdl").read_bytes()
    contract = load_contract(data, documents=Documents(mapping={"bank.xsd": WSDL / "bank.xsd"}))
    assert contract.operation("transfer").unwrap == "receipt"


def test_a_contract_is_read_from_a_url() -> None:
    pages = {
        "https://bank.example/soap?wsdl": (WSDL / "bank.wsdl").read_bytes(),
        "https://bank.example/bank.xsd": (WSDL / "bank.xsd").read_bytes(),
    }
    contract = load_contract("https://bank.example/soap?wsdl", documents=Documents(fetch=pages.__getitem__))
    assert contract.source == "https://bank.example/soap?wsdl"
    assert [document.source for document in contract.documents] == list(pages)


def test_a_contract_is_read_from_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "shop.zip", "w") as archive:
        for path in (WSDL / "split").rglob("*.*"):
            if path.is_file():
                archive.write(path, f"wsdl/{path.relative_to(WSDL / 'split')}")
    # shop.wsdl and interface.wsdl import each other: neither comes first by itself
    with pytest.raises(ContractError, match=r"expected an archive with one WSDL document.*shop\.wsdl"):
        load_contract(tmp_path / "shop.zip")
    contract = load_contract(f"zip:{(tmp_path / 'shop.zip').as_uri()}!/wsdl/shop.wsdl")
    assert contract.operation("placeOrder").unwrap == "number"


def test_the_one_contract_of_an_archive_is_found(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bank.zip", "w") as archive:
        archive.write(WSDL / "bank.xsd", "bank.xsd")
        archive.write(WSDL / "bank.wsdl", "bank.wsdl")
    assert load_contract(tmp_path / "bank.zip").operation("transfer").unwrap == "receipt"


def test_a_bare_schema_may_be_imported_as_if_it_were_a_wsdl(tmp_path: Path) -> None:
    text = (WSDL / "bank.wsdl").read_text()
    schema = '      <xs:import namespace="urn:example:bank:types" schemaLocation="bank.xsd"/>\n'
    assert schema in text
    text = text.replace(schema, '<xs:import namespace="urn:example:bank:types"/>')
    imported = '<wsdl:import namespace="urn:example:bank:types" location="bank.xsd"/>\n  <wsdl:types>'
    (tmp_path / "bank.wsdl").write_text(text.replace("<wsdl:types>", imported))
    (tmp_path / "bank.xsd").write_bytes((WSDL / "bank.xsd").read_bytes())
    contract = load_contract(tmp_path / "bank.wsdl", strict=True)
    assert contract.operation("account").unwrap == "account"


def test_all_there_is_in_a_contract_is_found_by_name(bank: Contract) -> None:
    assert bank.service().name == "BankService"
    assert bank.service(port="BankSoap12").name == "BankService"
    with pytest.raises(KeyError):
        bank.service("Shop")
    with pytest.raises(KeyError):
        bank.operation("withdraw")
