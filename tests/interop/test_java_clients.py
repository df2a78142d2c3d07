"""Java clients of the demo Bank, made of its contract by wsimport (Metro) and by wsdl2java (CXF): every field, the
typed fault, a header both ways, one-way, MTOM, over both SOAP versions."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import pytest

import soapkit
from tests.interop.java_driver import JAVA, jars

MAKERS = {
    "wsimport": ("com.sun.tools.ws.WsImport", "-extension", "-Xnocompile", "-keep", "-d"),
    "wsdl2java": ("org.apache.cxf.tools.wsdlto.WSDLToJava", "-d"),
}
PROVIDER = "-Djakarta.xml.ws.spi.Provider=org.apache.cxf.jaxws.spi.ProviderImpl"


@pytest.fixture(scope="module", params=MAKERS)
def caller(
    request: pytest.FixtureRequest,
    root: Path,
    missing_peer: Callable[[str], NoReturn],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str, str], list[str]]:
    """Calls the Bank at an address in a SOAP version; the lines it printed."""
    found = jars(JAVA / "contract" / "pom.xml", "JAX-WS RI and Apache CXF", missing_peer)
    made, classes = tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("classes")
    every = f"{found}/*"
    # each with the stack that made it: together they disagree about catalogs
    with_cxf = request.param == "wsdl2java"
    own = [str(path) for path in found.glob("*.jar") if with_cxf or not path.name.startswith("cxf-")]
    contract = str(root / "wsdl" / "bank.wsdl")
    ran("java", "-XX:TieredStopAtLevel=1", "-cp", every, *MAKERS[request.param], str(made), contract)
    sources = [*map(str, made.rglob("*.java")), str(JAVA / "bank" / "BankCaller.java")]
    ran("javac", "-nowarn", "-cp", every, "-d", str(classes), *sources)
    path = os.pathsep.join([str(classes), *own])
    chosen = [PROVIDER] if with_cxf else []

    def call(address: str, version: str) -> list[str]:
        return ran("java", "-XX:TieredStopAtLevel=1", *chosen, "-cp", path, "BankCaller", address, version).splitlines()

    return call


def ran(*command: str) -> str:
    """What a command printed; it must succeed."""
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, (result.stdout + result.stderr)[-4000:]
    return result.stdout


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_it_gets_every_field_the_fault_and_the_header(
    caller: Callable[[str, str], list[str]], bank_service: ModuleType, serve: Callable[..., str], version: str
) -> None:
    address = serve(soapkit.asgi(bank_service.MyBank(), validate="both"))
    assert caller(address, version) == [
        "amount 10.00 true",
        "owner Ada Lovelace 1815-12-10 EUR",
        "entries 100 100",
        "fault DE1 100000.00",
        "opened SAVINGS 1.50",
        "closed 1.50 true",
    ]
