"""The documentation is true: pages render, the code on them runs, and what it prints is what the page says."""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.util
import io
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import docutils.core
import docutils.utils
import pytest

import soapkit
from soapkit.cli.main import main as command_line
from soapkit.exchange.log import MessageLog

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
RENDERED_ALONE = ["README.rst", "CHANGELOG.rst", "CONTRIBUTING.rst", "SECURITY.rst"]
RUN = sorted(
    path.relative_to(DOCS).as_posix() for folder in ("tutorial", "howto") for path in (DOCS / folder).iterdir()
)
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.rst"))

MESSAGE = b"""<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">
<s:Body><pay xmlns="urn:example:bank">10.00</pay></s:Body></s:Envelope>"""

_BLOCK = re.compile(
    r"^\.\. code-block:: (?P<kind>\w+)\n(?P<options>(?:   :.*\n)*)\n(?P<body>(?:(?:   .*)?\n)+)", re.MULTILINE
)
_PRINTED = re.compile(r"^\s*print\(.*\)  # (?P<output>.+)$")


@dataclass(frozen=True)
class Block:
    """A code block of a page. `run`: a program runs it; else it is a sketch, which only has to be Python."""

    kind: str
    body: str
    line: int
    run: bool


def blocks(text: str) -> list[Block]:
    found = []
    for match in _BLOCK.finditer(text + "\n"):
        body = textwrap.dedent(match["body"])
        skipped = ":class: sketch" in match["options"] or ":class: not-run" in match["options"]
        line = text.count("\n", 0, match.start("body")) + 1
        found.append(Block(match["kind"], body, line, not skipped))
    return found


@pytest.fixture
def workshop(
    bank: ModuleType, bank_service: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A folder in which the pages' code runs: contracts, samples, keys, and a bank at every address."""
    from soapkit.security.throwaway import write_keys

    shutil.copytree(ROOT / "wsdl", tmp_path / "wsdl")
    for sample in ("bank_service.py", "clock.py"):
        shutil.copy(ROOT / "samples" / sample, tmp_path)
    write_keys(tmp_path / "keys", ["alice", "bank"], password="secret")
    (tmp_path / "message.xml").write_bytes(MESSAGE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("soapkit.exchange.log._log", MessageLog())  # which a page may change
    _answer_every_address(bank_service, tmp_path / "keys", monkeypatch)
    yield tmp_path


def _answer_every_address(bank_service: ModuleType, keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests go to a fresh bank in this process; those to ``/secure`` must be signed and encrypted."""
    from soapkit.security import SIGNER, Encrypt, KeyPair, Require, Security, Sign, Timestamp, TrustStore
    from soapkit.testing import loopback
    from soapkit.transport.aiohttp import AiohttpTransport
    from soapkit.transport.urllib3 import Urllib3Transport

    key, trusted = KeyPair.load(keys / "bank.p12", "secret"), TrustStore.load(keys / "ca.pem")
    security = Security(
        outbound=[Timestamp(), Sign(key), Encrypt(to=SIGNER)],
        inbound=Require(signed=["Body", "Timestamp"], encrypted=["Body"], trust=trusted, key=key),
    )
    open_bank = loopback(soapkit.asgi(bank_service.MyBank()))
    secure_bank = loopback(soapkit.asgi(bank_service.MyBank(), security=security))

    def send(_self: Any, request: Any) -> Any:
        return (secure_bank if request.url.endswith("/secure") else open_bank).send(request)

    async def send_async(_self: Any, request: Any) -> Any:
        return send(_self, request)

    monkeypatch.setattr(Urllib3Transport, "send", send)
    monkeypatch.setattr(AiohttpTransport, "send", send_async)


# --- pages render -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", RENDERED_ALONE)
def test_a_page_renders_by_itself(page: str) -> None:
    said = io.StringIO()
    docutils.core.publish_doctree(
        (ROOT / page).read_text(encoding="utf-8"),
        settings_overrides={"warning_stream": said, "report_level": docutils.utils.Reporter.INFO_LEVEL},
    )
    assert said.getvalue() == ""


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-E", "-b", "html", str(DOCS), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (built.returncode, built.stderr) == (0, "")


# --- code is Python, and runs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["../README.rst", *PAGES])
def test_python_on_a_page_compiles(page: str) -> None:
    for block in blocks((DOCS / page).read_text(encoding="utf-8")):
        if block.kind == "python":
            compile(block.body, f"{page}:{block.line}", "exec")


@pytest.mark.parametrize("page", ["../README.rst", *PAGES])
def test_what_a_page_imports_is_there(page: str, bank_service: ModuleType) -> None:
    for block in blocks((DOCS / page).read_text(encoding="utf-8")):
        if block.kind != "python":
            continue
        for node in ast.walk(ast.parse(block.body)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("soapkit", "bank"):
                if node.module == "soapkit.adapters.spyne":
                    pytest.importorskip("spyne", reason="Spyne does not import on Python 3.12 and later")
                module = importlib.import_module(str(node.module))
                names = [alias.name for alias in node.names]
                missing = [name for name in names if not hasattr(module, name) and not _is_module(module, name)]
                assert not missing, f"{page}:{block.line}: {node.module} has no {', '.join(missing)}"


def _is_module(package: ModuleType, name: str) -> bool:
    return hasattr(package, "__path__") and importlib.util.find_spec(f"{package.__name__}.{name}") is not None


@pytest.mark.parametrize("page", RUN)
def test_code_on_a_page_runs_and_prints_what_the_page_says(
    page: str, workshop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    namespace: dict[str, Any] = {"__name__": "a_page"}
    monkeypatch.setitem(sys.modules, "a_page", ModuleType("a_page"))
    sys.modules["a_page"].__dict__.update(namespace)
    namespace = sys.modules["a_page"].__dict__  # where annotations of classes on the page are looked up
    for block in blocks((DOCS / page).read_text(encoding="utf-8")):
        if not block.run:
            continue
        if block.kind == "python":
            _run_python(block, page, namespace)
        elif block.kind == "console":
            _run_commands(block, page, capsys)


def _run_python(block: Block, page: str, namespace: dict[str, Any]) -> None:
    printed = io.StringIO()
    source = "\n" * (block.line - 1) + block.body  # so that a traceback names the line of the page
    with contextlib.redirect_stdout(printed):
        exec(compile(source, str(DOCS / page), "exec"), namespace)
    output = iter(printed.getvalue().splitlines())
    for line in block.body.splitlines():
        said = _PRINTED.match(line)
        assert said is None or said["output"] in output, f"{page}: {line.strip()}: printed {printed.getvalue()!r}"


def _run_commands(block: Block, page: str, capsys: pytest.CaptureFixture[str]) -> None:
    for line in block.body.splitlines():
        words = shlex.split(line.removeprefix("$ "))
        if not line.startswith("$ soapkit"):
            continue
        with pytest.raises(SystemExit) as ended:
            command_line(words[1:])
        said = capsys.readouterr()
        assert ended.value.code == 0, f"{page}: {line}: exit code {ended.value.code}\n{said.out}{said.err}"
