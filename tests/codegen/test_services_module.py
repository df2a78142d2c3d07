"""Operations become methods: clients and Protocols with the same names, exceptions, and Operations as values."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from soapkit.codegen.generate import module_in_memory, render
from soapkit.codegen.plan import Options, Package
from soapkit.codegen.plan_services import plan_package
from soapkit.codegen.services import services_source, views_source
from soapkit.codegen.skeleton import skeleton_source
from soapkit.databinding.shape import Atomic, ElementField, Record, RecordRef, Sequence
from soapkit.errors import DeclaredFault, UsageError
from soapkit.operations import FaultDetail, Header, Message, Operation, Port, Service
from soapkit.wsdl.load import load_contract

STRING = Atomic("string")


def record(key: str, *names: str) -> Record:
    return Record(key, None, Sequence(tuple(ElementField(name, f"{{urn:s}}{name}", STRING) for name in names)))


def operation(name: str, **more: Any) -> Operation[Any, Any]:
    more.setdefault("request", Message("ask:{urn:s}ask", "{urn:s}ask"))
    more.setdefault("reply", Message("answer:{urn:s}answer", "{urn:s}answer"))
    return Operation(name=name, **more)


SHAPES = {
    each.key: each
    for each in (
        record("ask:{urn:s}ask", "question"),
        record("answer:{urn:s}answer", "text"),
        record("both:{urn:s}both", "text", "more"),
        record("nothing:{urn:s}nothing"),
        Record("{urn:s}Oops", "{urn:s}Oops", Sequence((ElementField("why", "{urn:s}why", STRING),))),
    )
}


def service(*operations: Operation[Any, Any], name: str = "OracleService", port_type: str = "Oracle") -> Service:
    return Service(name, "urn:s", f"{{urn:s}}{port_type}", operations, (Port("P", "http://x/"),))


def planned(*services: Service, **options: Any) -> Package:
    return plan_package(services, SHAPES, name="oracle", options=Options(**options))


def module(*services: Service) -> ModuleType:
    return module_in_memory(services, SHAPES, "oracle")


def method_of(source: str, name: str) -> str:
    """The text of the first method of this name in the client."""
    _, _, client = source.partition("(Client):")
    _, _, rest = client.partition(f"def {name}(")
    return rest.partition("\n\n    def ")[0].partition("\n\n\n")[0]


def test_a_method_takes_the_fields_of_the_request_and_returns_the_only_field_of_the_reply() -> None:
    assert "self, *, question: str) -> str:" in method_of(services_source(planned(service(operation("Ask")))), "ask")


def test_a_reply_of_several_fields_is_returned_whole() -> None:
    both = operation("ask", reply=Message("both:{urn:s}both", "{urn:s}both"))
    assert "-> Both:" in method_of(services_source(planned(service(both))), "ask")


@pytest.mark.parametrize("reply", [None, Message("nothing:{urn:s}nothing", "{urn:s}nothing")])
def test_an_empty_reply_and_a_one_way_operation_return_nothing(reply: Message | None) -> None:
    assert "-> None:" in method_of(services_source(planned(service(operation("ask", reply=reply)))), "ask")


def test_header_blocks_are_further_keywords() -> None:
    headers = (Header("session", "{urn:s}session", STRING, required=True), Header("question", "{urn:s}q", STRING))
    request = Message("ask:{urn:s}ask", "{urn:s}ask", headers=headers)
    text = method_of(services_source(planned(service(operation("ask", request=request)))), "ask")
    assert "question: str, session: str, question_2: str | None = None)" in text
    assert '{"session": session, "question_2": question_2}' in text


def test_the_protocol_asks_for_every_keyword_and_has_no_defaults(root: Path) -> None:
    contract = load_contract(root / "wsdl" / "bank.wsdl")
    bank = module_in_memory(contract.services, contract.shapes, "bank_of_protocol")
    for protocol in (bank.Bank, bank.AsyncBank):
        given = inspect.signature(protocol.open_account).parameters
        assert {name for name, each in given.items() if each.default is not inspect.Parameter.empty} == set()
    assert inspect.iscoroutinefunction(bank.AsyncBank.open_account)
    asked = inspect.signature(bank.BankClient.open_account).parameters
    assert asked["deposit"].default is None
    assert asked["owner"].default is inspect.Parameter.empty


def test_the_clients_share_names_and_the_service_is_a_value() -> None:
    made = module(service(operation("ask")))
    assert made.OracleClient.service is made.AsyncOracleClient.service is made.Oracle.__soapkit_service__
    known = made.OracleClient.service.operation("ask")
    assert (known.method, known.unwrap, known.request.record.__name__) == ("ask", "text", "Ask")
    assert asyncio.iscoroutinefunction(made.AsyncOracleClient.ask)


def test_a_declared_fault_is_an_exception_with_a_typed_detail() -> None:
    fault = FaultDetail("Oops", "{urn:s}oops", RecordRef("{urn:s}Oops"), documentation="It went wrong.")
    made = module(service(operation("ask", faults=(fault,)), operation("again", faults=(fault,))))
    assert issubclass(made.Oops, DeclaredFault)
    assert made.Oops.__doc__ == "It went wrong."
    asked, again = made.OracleClient.service.operations
    assert asked.faults[0].exception is again.faults[0].exception is made.Oops


def test_the_type_of_a_detail_gives_its_name_to_the_exception() -> None:
    fault = FaultDetail("Oops", "{urn:s}oops", RecordRef("{urn:s}Oops"))
    made = module(service(operation("ask", faults=(fault,))))
    assert made.Oops.__orig_bases__[0].__args__[0] is made.OopsDetail
    assert made.OopsDetail.__xml_type__.name == "Oops"


def test_two_faults_of_one_name_are_two_exceptions() -> None:
    one = FaultDetail("Oops", "{urn:s}one", RecordRef("{urn:s}Oops"))
    other = FaultDetail("Oops", "{urn:s}other", STRING)
    package = planned(service(operation("a", faults=(one,)), operation("b", faults=(other,))))
    assert [fault.exception for fault in package.faults] == ["Oops", "OopsFault"]


def test_methods_keep_clear_of_what_a_client_has_and_of_each_other() -> None:
    package = planned(service(operation("close"), operation("GetX"), operation("getX"), operation("import")))
    assert [method.name for method in package.services[0].methods] == ["close_", "get_x", "get_x_2", "import_"]


def test_a_method_that_is_called_like_a_type_does_not_hide_it() -> None:
    day = {
        **SHAPES,
        "day:{urn:s}day": Record("day:{urn:s}day", None, Sequence((ElementField("d", "{urn:s}d", Atomic("date")),))),
    }
    asked = operation("date", request=Message("day:{urn:s}day", "{urn:s}day"))
    source = services_source(plan_package([service(asked, operation("str"))], day, name="days"))
    assert "from datetime import date as date_" in source
    assert "def date(self, *, d: date_) -> str_:" in source


@pytest.mark.parametrize(
    ("name", "port_type", "expected"),
    [
        ("BankService", "Bank", "Bank"),
        ("Service", "Any", "Service"),
        ("CheckVatPortType", "X", "CheckVat"),
        ("calculator", "ICalculator", "Calculator"),
    ],
)
def test_a_service_is_called_what_it_is_about(name: str, port_type: str, expected: str) -> None:
    assert planned(service(operation("go"), name=name, port_type=port_type)).services[0].name == expected


def test_a_service_keeps_its_long_name_where_a_message_has_the_short_one() -> None:
    assert planned(service(operation("Ask"), name="AskService")).services[0].name == "AskService"


def test_several_services_of_one_name_are_told_apart_by_their_port_types() -> None:
    package = planned(service(operation("a"), port_type="One"), service(operation("b"), port_type="Two"))
    assert [each.name for each in package.services] == ["One", "Two"]
    assert len({each.constant for each in package.services}) == 2


def test_views_say_what_with_exchange_and_preview_return() -> None:
    source = views_source(planned(service(operation("ask"))))
    assert "    def ask(self, *, question: str) -> Exchange[str]: ..." in source
    assert "    async def ask(self, *, question: str) -> Preview: ..." in source


def test_only_the_operations_asked_for_and_what_they_reach(root: Path) -> None:
    contract = load_contract(root / "wsdl" / "bank.wsdl")
    options = Options(operations=frozenset({"account"}))
    package = plan_package(contract.services, contract.shapes, name="bank", options=options)
    assert [method.name for method in package.services[0].methods] == ["account"]
    names = {name for module in package.types.modules for name in module.names}
    assert {"Account", "Party", "Person", "Company"} <= names  # Person and Company by xsi:type
    assert not {"Everything", "Receipt"} & names


@pytest.mark.parametrize(
    "options",
    [Options(operations=frozenset({"Askk"})), Options(exclude=frozenset({"x"})), Options(services=frozenset({"x"}))],
)
def test_a_name_that_the_contract_does_not_have_is_refused(options: Options) -> None:
    with pytest.raises(UsageError, match=r"the contract has no (operation|service)"):
        plan_package([service(operation("Ask"))], SHAPES, name="x", options=options)


def test_names_of_ones_own(root: Path) -> None:
    contract = load_contract(root / "wsdl" / "bank.wsdl")
    options = Options(
        names={"{urn:example:bank:types}Iban": "AccountNumber", "transfer": "move_money"},
        modules={"urn:example:bank:types": "records"},
    )
    package = plan_package(contract.services, contract.shapes, name="bank", options=options)
    source = services_source(package)
    assert "from .records import" in source
    assert "def move_money(self, *, source: AccountNumber, target: AccountNumber, amount: Amount) -> Receipt:" in source


@pytest.mark.parametrize("name", ["os; x", "class", "../up", ""])
def test_a_name_of_ones_own_must_be_an_identifier(name: str) -> None:
    with pytest.raises(UsageError, match="not a Python identifier"):
        plan_package([service(operation("ask"))], SHAPES, name="x", options=Options(modules={"urn:s": name}))


def test_a_skeleton_has_every_method_and_hosts_the_service(root: Path) -> None:
    contract = load_contract(root / "wsdl" / "bank.wsdl")
    source = skeleton_source(plan_package(contract.services, contract.shapes, name="bank"))
    assert "class MyBank(Bank):" in source
    assert source.count("    def ") == 9
    assert source.endswith("app = asgi(MyBank())\n")
    compile(source, "skeleton", "exec")


def test_a_long_name_without_parameters_stands_in_one_line() -> None:
    silent = operation("x" * 120, request=Message("nothing:{urn:s}nothing", "{urn:s}nothing"))
    compile(services_source(planned(service(silent))), "services", "exec")


def test_a_contract_without_services_and_types_is_an_empty_package() -> None:
    for source in render(plan_package([], {}, name="empty")).values():
        compile(source, "empty", "exec")


def test_a_constant_never_has_the_name_of_a_class() -> None:
    fault = FaultDetail("A", "{urn:s}a", STRING)
    package = planned(service(operation("a", faults=(fault,)), operation("b"), name="B"))
    assert [method.constant for method in package.services[0].methods] == ["A_OPERATION", "B_OPERATION"]
    assert planned(service(operation("a"), name="SERVICE")).services[0].name == "SERVICEService"


def test_what_the_contract_says_of_a_parameter_stands_in_the_docstring() -> None:
    field = ElementField("question", "{urn:s}question", STRING, documentation="What to ask.\n\nAt length.")
    shapes = {**SHAPES, "ask:{urn:s}ask": Record("ask:{urn:s}ask", None, Sequence((field,)))}
    source = services_source(plan_package([service(operation("ask"))], shapes, name="oracle"))
    assert '"""The operation ask.\n\n        `question`: What to ask.\n        """' in source
