"""Independent clients call the demo Bank and the code-first sample: every field, the typed faults, header blocks both
ways, one-way, MTOM where the client has it, over both SOAP versions. Each prints the same lines where it got the same.

docs/supported.rst shows the matrix: a test here holds it against the one that is run.
"""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest

import soapkit
from tests.interop import suds_client, zeep_client
from tests.interop.java_driver import JAVA, jars
from tests.interop.node_driver import NODE, node_modules

HERE = Path(__file__).parent
BOTH = ("1.1", "1.2")
PROVIDER = "-Djakarta.xml.ws.spi.Provider=org.apache.cxf.jaxws.spi.ProviderImpl"

TOLD = {
    "bank": [
        "transfer 10.00 true",
        "account DE1 Ada Lovelace 1815-12-10 ada@example.org 90.00 2020-02-29 current EUR",
        "statement 100 e100 100 2026-04-11T12:00:00Z 2026-04-11 25.00 190.00 DE2 Payment 100 & thanks true",
        "fault DE1 90.00 100000.00",
        "notified",
        "opened savings 1.50 EUR",
        "closed 1.50 audited",
        (
            "echo Grüße & <tags>|true|-7|9007199254740991|1234.5678|0.25|2026-11-30|2026-11-30T12:00:00Z|12:34:56"
            "|P1DT2H|2026|http://example.org/a?b=c&d|thing|5000|DEADBEEF|loan|unlimited|a b|1 2 3|nil|absent|left 5"
            "|cash 1.50|cheque c1|Ada Lovelace 1815-12-10|image/png 2 5000|LON TRN|1|3"
        ),
    ],
    "orders": [
        "placed 1 36 NU-0001 2 0.50 card 1 2030 open true P3D for peer absent receipt",
        "shortage NU-0001 100",
        "found 1 open",
        "unknown 99",
        "search 1 1",
        "viewed",
        "total 1.00",
        "labelled 1.00",
    ],
}

Missing = Callable[[str], NoReturn]
Calling = Callable[[str, str, str], list[str]]
"""A service's name, its address, a SOAP version -> what the client printed."""


@dataclass(frozen=True)
class Client:
    """A client. `made`: of the contracts in a folder, how it is called; `instead`: what it tells otherwise."""

    made: Callable[[Path, Missing], Calling]
    versions: tuple[str, ...] = BOTH
    mtom: bool = False
    instead: tuple[str, str] = ("", "")


def _zeep(_contracts: Path, _missing: Missing) -> Calling:
    return lambda service, address, version: list(getattr(zeep_client, service)(address, version))


def _suds(_contracts: Path, _missing: Missing) -> Calling:
    return lambda service, address, version: list(getattr(suds_client, service)(address, version))


def _php(_contracts: Path, missing: Missing) -> Calling:
    modules = ["php", "-r", "exit(extension_loaded('soap') ? 0 : 1);"]
    if shutil.which("php") is None or subprocess.run(modules, check=False).returncode:
        missing("PHP with its SOAP extension (packages php-cli and php-soap)")
    return lambda *words: ran("php", HERE / "php" / "client.php", *words).splitlines()


def _node(_contracts: Path, missing: Missing) -> Calling:
    environment = {"NODE_PATH": str(node_modules(missing))}
    return lambda *words: ran("node", NODE / "client.js", *words, environment=environment).splitlines()


def _gsoap(contracts: Path, missing: Missing) -> Calling:
    for tool in ("wsdl2h", "soapcpp2", "g++"):
        if shutil.which(tool) is None:
            missing(f"{tool} (packages gsoap, libgsoap-dev and g++)")
    for service in TOLD:
        folder = contracts / f"gsoap-{service}"
        folder.mkdir()
        ran("wsdl2h", "-o", folder / "it.h", contracts / f"{service}.wsdl", cwd=contracts)
        ran("soapcpp2", "-C", "-L", "-x", "-w", "-I/usr/share/gsoap/import", f"-d{folder}", folder / "it.h")
        sources = [HERE / "gsoap" / f"{service}.cpp", "soapC.cpp", "soapClient.cpp"]
        ran("g++", "-w", "-I.", f"-I{HERE / 'gsoap'}", "-o", "caller", *sources, "-lgsoap++", cwd=folder)
    return lambda service, *words: ran(contracts / f"gsoap-{service}" / "caller", *words).splitlines()


def _wsimport(contracts: Path, missing: Missing) -> Calling:
    return _java(contracts, missing, "com.sun.tools.ws.WsImport", "-extension", "-Xnocompile", "-keep")


def _wsdl2java(contracts: Path, missing: Missing) -> Calling:
    return _java(contracts, missing, "org.apache.cxf.tools.wsdlto.WSDLToJava")


def _java(contracts: Path, missing: Missing, maker: str, *options: str) -> Calling:
    found = jars(JAVA / "contract" / "pom.xml", "JAX-WS RI and Apache CXF", missing)
    folder = contracts / maker.rpartition(".")[2]
    made, classes = folder / "made", folder / "classes"
    made.mkdir(parents=True)
    bindings = contracts / "orders-bindings.xml"  # it names orders.wsdl beside it
    bindings.write_bytes((JAVA / "clients" / "orders-bindings.xml").read_bytes())
    for words in (("-b", bindings, "-d", made, contracts / "orders.wsdl"), ("-d", made, contracts / "bank.wsdl")):
        ran("java", "-XX:TieredStopAtLevel=1", "-cp", f"{found}/*", maker, *options, *words)
    sources = [*made.rglob("*.java"), *(JAVA / "clients").glob("*.java")]
    ran("javac", "-nowarn", "-cp", f"{found}/*", "-d", classes, *sources)
    # each with the stack that made it: together they disagree about catalogs
    with_cxf = "cxf" in maker
    own = [path for path in found.glob("*.jar") if with_cxf or not path.name.startswith("cxf-")]
    run = ["java", "-XX:TieredStopAtLevel=1", *([PROVIDER] if with_cxf else []), "-cp", _path(classes, *own)]
    return lambda service, *words: ran(*run, f"{service.capitalize()}Caller", *words).splitlines()


CLIENTS: Mapping[str, Client] = {
    # zeep reads a union as the first of its types, so that one is sent
    "zeep": Client(_zeep, instead=("|unlimited|", "|7.50|")),
    "suds-community": Client(_suds, versions=("1.1",)),
    "PHP": Client(_php),
    "node-soap": Client(_node, mtom=True),
    "gSOAP": Client(_gsoap, mtom=True),
    "wsimport": Client(_wsimport, mtom=True),
    "wsdl2java": Client(_wsdl2java, mtom=True),
}
CELLS = [
    pytest.param(name, service, version, id=f"{name}-{service}-{version}")
    for name, client in CLIENTS.items()
    for service in TOLD
    for version in client.versions
]


@pytest.mark.parametrize(("client", "service", "version"), CELLS)
def test_it_gets_every_field_the_faults_and_the_headers(
    client: str,
    service: str,
    version: str,
    calling: Callable[[str], Calling],
    application: Callable[..., Any],
    serve: Callable[..., str],
) -> None:
    seen: list[tuple[str, bool]] = []

    async def noting(call: soapkit.Call, following: soapkit.Next) -> object:
        is_multipart = call.http.headers.get("content-type", "").startswith("multipart/related")
        seen.append((call.message.version.label, is_multipart))
        return await following(call)

    address = serve(application(service, noting))
    expected = [line.replace(*CLIENTS[client].instead) for line in TOLD[service]]
    assert calling(client)(service, address, version) == expected
    assert {told for told, _ in seen} == {version}
    assert any(is_multipart for _, is_multipart in seen) is CLIENTS[client].mtom


def test_the_page_shows_what_is_run(root: Path) -> None:
    """Rows of the table: client, its SOAP versions with the Bank and with the code-first sample, MTOM."""
    page = (root / "docs" / "supported.rst").read_text(encoding="utf-8")
    section = page[page.index("Clients of other stacks") :]
    for name, client in CLIENTS.items():
        [row] = [line.split() for line in section.splitlines() if line.startswith(f"{name} ")]
        cells = ["yes" if version in client.versions else "no" for _ in TOLD for version in BOTH]
        assert row[1:6] == [*cells, "yes" if client.mtom else "no"], name


@pytest.fixture(scope="module")
def application(bank_service: ModuleType) -> Callable[..., Any]:
    """A service by name, as a new ASGI application that validates both ways."""
    orders = importlib.import_module("orders")

    def made(service: str, *interceptors: Any) -> Any:
        implementation = bank_service.MyBank() if service == "bank" else orders.Orders()
        return soapkit.asgi(implementation, validate="both", interceptors=interceptors)

    return made


@pytest.fixture(scope="module")
def calling(
    application: Callable[..., Any], root: Path, missing_peer: Missing, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Calling]]:
    """A client by name, made once of both contracts."""
    contracts, found = tmp_path_factory.mktemp("contracts"), dict[str, Calling]()
    for name in ("bank.wsdl", "bank.xsd"):
        (contracts / name).write_bytes((root / "wsdl" / name).read_bytes())
    publish = application("orders").endpoints[""].publication.publish
    (contracts / "orders.wsdl").write_bytes(publish("http://localhost:8000/")["wsdl"])

    def made(name: str) -> Calling:
        if name not in found:
            found[name] = CLIENTS[name].made(contracts, missing_peer)
        return found[name]

    yield made
    sys.modules.pop("orders", None)


def _path(*parts: Path) -> str:
    return os.pathsep.join(map(str, parts))


def ran(*command: object, cwd: Path | None = None, environment: Mapping[str, str] = {}) -> str:
    """What a command printed; it must succeed."""
    words = [str(word) for word in command]
    result = subprocess.run(
        words, capture_output=True, text=True, timeout=300, check=False, cwd=cwd, env={**os.environ, **environment}
    )
    assert result.returncode == 0, (result.stdout + result.stderr)[-4000:]
    return result.stdout
