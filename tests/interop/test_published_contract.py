"""Others read the contract that code first writes, and make clients of it: Java, C, PHP, Python.

The contract is that of samples/orders.py (lists, choices, enumerations, facets, faults, header blocks, one-way), and
one of rpc messages.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn
from uuid import UUID

import pytest
import xmlschema
import zeep
from lxml import etree

import soapkit
from tests.interop.java_driver import jars

POM = Path(__file__).parent / "java" / "contract" / "pom.xml"
XSD = "{http://www.w3.org/2001/XMLSchema}"


@soapkit.service("urn:example:reckoner", style="rpc")
class Reckoner:
    """Adds and writes."""

    @soapkit.operation
    def add(self, a: int, b: Decimal) -> Decimal:
        return a + b

    @soapkit.operation
    def ping(self) -> None: ...


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("orders_for_others", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["orders_for_others"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def orders(root: Path) -> Iterator[ModuleType]:
    yield loaded(root / "samples" / "orders.py")
    del sys.modules["orders_for_others"]


@pytest.fixture(params=["orders", "reckoner"])
def contract(request: pytest.FixtureRequest, orders: ModuleType, tmp_path: Path) -> Path:
    app = soapkit.asgi(orders.Orders() if request.param == "orders" else Reckoner())
    publish = app.endpoints[""].publication.publish
    assert publish is not None
    path = tmp_path / f"{request.param}.wsdl"
    path.write_bytes(publish("http://localhost:8000/")["wsdl"])
    return path


@pytest.fixture(scope="session")
def java(missing_peer: Callable[[str], NoReturn]) -> Callable[..., str]:
    """Runs a Java main class with the jars of the pom; gives what it printed, fails where it failed."""
    folder = jars(POM, "JAX-WS RI and Apache CXF", missing_peer)

    def run(main: str, *arguments: object) -> str:
        return ran("java", "-XX:TieredStopAtLevel=1", "-cp", f"{folder}/*", main, *arguments)

    return run


def ran(*command: object, cwd: Path | None = None) -> str:
    """What a command printed on both its outputs; it must succeed."""
    result = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        cwd=cwd,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-4000:]
    return result.stdout


def test_wsimport_makes_java_of_it(java: Callable[..., str], contract: Path, tmp_path: Path) -> None:
    printed = java("com.sun.tools.ws.WsImport", "-extension", "-Xnocompile", "-keep", "-d", tmp_path, contract)
    assert "[ERROR]" not in printed
    sources = {path.stem: path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.java")}
    if contract.stem == "orders":
        assert "throws OutOfStock" in sources["Orders"]
        assert "public enum State" in sources["State"]
    else:
        assert "public BigDecimal add" in sources["Reckoner"]


def test_cxf_makes_java_of_it(java: Callable[..., str], contract: Path, tmp_path: Path) -> None:
    java("org.apache.cxf.tools.wsdlto.WSDLToJava", "-validate", "-d", tmp_path, contract)
    sources = {path.stem: path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.java")}
    if contract.stem == "orders":
        assert "throws OutOfStock" in sources["Orders"]
        assert "List<Line>" in sources["Order"]
    else:
        assert "BigDecimal add" in sources["Reckoner"]


def test_gsoap_makes_c_of_it(missing_peer: Callable[[str], NoReturn], contract: Path, tmp_path: Path) -> None:
    for tool in ("wsdl2h", "soapcpp2"):
        if shutil.which(tool) is None:
            missing_peer(f"{tool} (package gsoap)")
    header = tmp_path / "it.h"
    ran("wsdl2h", "-c", "-o", header, contract)
    ran("soapcpp2", "-C", "-c", "-x", "-w", "-L", f"-d{tmp_path}", "-I/usr/share/gsoap/import", header, cwd=tmp_path)
    assert "soap_call" in (tmp_path / "soapStub.h").read_text(encoding="utf-8")


def test_xmlschema_and_libxml2_take_its_types(contract: Path) -> None:
    for schema in etree.parse(contract).iter(f"{XSD}schema"):
        etree.XMLSchema(etree.fromstring(etree.tostring(schema)))
        assert xmlschema.XMLSchema(etree.tostring(schema).decode()).elements


def test_xsdata_makes_python_of_it(contract: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from xsdata.codegen.transformer import ResourceTransformer
    from xsdata.models.config import GeneratorConfig

    # it starts ruff, which stands beside this Python
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    config = GeneratorConfig()
    config.output.package = "made"
    with contextlib.chdir(tmp_path):
        ResourceTransformer(config=config).process([contract.as_uri()])
    made = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "made").rglob("*.py"))
    assert ("class Order" in made) if contract.stem == "orders" else ("class ReckonerAdd" in made)


PHP = """
$client = new SoapClient($argv[1] . "?wsdl", ["cache_wsdl" => WSDL_CACHE_NONE, "soap_version" => (int) $argv[2]]);
$caller = new SoapHeader("urn:example:orders", "Caller", new SoapVar(
    '<o:Caller xmlns:o="urn:example:orders"><o:name>php</o:name></o:Caller>', XSD_ANYXML));
$line = ["article" => "NU-0001", "quantity" => 2, "price" => "0.50"];
$placed = $client->__soapCall("place", [["lines" => [$line], "Card" => ["number" => "1", "expires" => "2030"]]],
    null, $caller, $back);
echo $placed->result->note, " ", $placed->result->lines->quantity, " ", $placed->result->state, " ",
    strlen($back["receipt"]), "\\n";
echo $client->total(["order" => $placed->result])->result, "\\n";
$client->viewed(["number" => 1, "at" => "2026-01-01T00:00:00Z"]);
try {
    $client->find(["number" => 99]);
} catch (SoapFault $fault) {
    echo $fault->getMessage(), " ", $fault->detail->UnknownOrder, "\\n";
}
"""


@pytest.mark.parametrize("version", ["1", "2"], ids=["SOAP 1.1", "SOAP 1.2"])
def test_php_calls_it(
    missing_peer: Callable[[str], NoReturn], orders: ModuleType, serve: Callable[..., str], version: str
) -> None:
    modules = ["php", "-r", "exit(extension_loaded('soap') ? 0 : 1);"]
    if shutil.which("php") is None or subprocess.run(modules, check=False).returncode:
        missing_peer("PHP with its SOAP extension (packages php-cli and php-soap)")
    address = serve(soapkit.asgi(orders.Orders(), validate="both"))
    printed = ran("php", "-r", PHP, address, version)
    assert printed.splitlines() == ["for php 2 open 36", "1.00", "there is no order 99 99"]


@pytest.mark.parametrize("port", ["OrdersSoap11", "OrdersSoap12"])
def test_zeep_calls_it(orders: ModuleType, serve: Callable[..., str], port: str) -> None:
    client = zeep.Client(serve(soapkit.asgi(orders.Orders(), validate="both")) + "?wsdl")
    shop: Any = client.bind("Orders", port)
    answer = shop.place(
        lines=[{"article": "NU-0001", "quantity": 3, "price": Decimal("0.50")}],
        Invoice={"days": 3},
        _soapheaders={"caller": {"name": "zeep"}},
    )
    assert UUID(answer.header.receipt)
    order = answer.body.result
    assert (order.note, order.Invoice.days, order.lines[0].quantity) == ("for zeep", 3, 3)
    assert shop.total(order=order) == Decimal("1.50")
    assert shop.search(states=["open"]).total == 1
    with pytest.raises(zeep.exceptions.Fault, match="there is no order 99"):
        shop.find(number=99)
