"""Others read the contract that code first writes, and make clients of it: Java, C, C#, PHP, Python.

The contract is that of samples/orders.py (lists, choices, enumerations, facets, faults, header blocks, one-way), and
one of rpc messages; and the first with a policy of all its bindings, messages and faults.
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
from typing import NoReturn

import pytest
import xmlschema
from lxml import etree

import soapkit
from soapkit.security import SIGNER, Encrypt, Require, Security, Sign, Timestamp, TrustStore
from soapkit.security.throwaway import make_authority, make_keypair
from tests.interop.java_driver import jars
from tests.interop.mono_driver import compiled

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


def secured() -> Security:
    """Settings whose policy the contract has too."""
    authority = make_authority()
    bob, trust = make_keypair("bob", authority), TrustStore.of(authority)
    signed = ["Body", "Timestamp"]
    steps = [Timestamp(), Sign(bob), Encrypt(to=SIGNER)]
    return Security(steps, Require(signed=signed, encrypted=["Body"], trust=trust, key=bob))


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


@pytest.fixture(params=["orders", "reckoner", "secured"])
def contract(request: pytest.FixtureRequest, orders: ModuleType, tmp_path: Path) -> Path:
    security = secured() if request.param == "secured" else None
    app = soapkit.asgi(Reckoner() if request.param == "reckoner" else orders.Orders(), security=security)
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
    if contract.stem != "reckoner":
        assert "throws OutOfStock" in sources["Orders"]
        assert "public enum State" in sources["State"]
    else:
        assert "public BigDecimal add" in sources["Reckoner"]


def test_cxf_makes_java_of_it(java: Callable[..., str], contract: Path, tmp_path: Path) -> None:
    java("org.apache.cxf.tools.wsdlto.WSDLToJava", "-validate", "-d", tmp_path, contract)
    sources = {path.stem: path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.java")}
    if contract.stem != "reckoner":
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


@pytest.fixture(scope="module")
def importer(missing_peer: Callable[[str], NoReturn], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mono's implementation of what .NET's wsdl.exe stands on."""
    return compiled("Importer", tmp_path_factory.mktemp("mono"), missing_peer, "System.Web.Services")


@pytest.mark.parametrize("protocol", ["Soap", "Soap12"])
def test_wsdl_exe_makes_csharp_of_it(protocol: str, importer: Path, contract: Path, tmp_path: Path) -> None:
    source = tmp_path / "Made.cs"
    warned = ran("mono", importer, contract, protocol, source).strip()
    assert warned == ("OptionalExtensionsIgnored" if contract.stem == "secured" else "0")  # it knows no policies
    ran("mcs", "-target:library", "-r:System.Web.Services", f"-out:{tmp_path / 'made.dll'}", source)
    made = source.read_text(encoding="utf-8")
    if contract.stem != "reckoner":
        assert "public enum State" in made
        assert "public Order find(" in made
    else:
        assert "public decimal add(long a, decimal b)" in made


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
    assert ("class Order" in made) if contract.stem != "reckoner" else ("class ReckonerAdd" in made)
