"""The page on a public contract is true of that contract, which is test data that is not part of the project."""

from __future__ import annotations

import contextlib
import io
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from soapkit.cli.main import main as command_line

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "howto" / "public-contract.rst"


@pytest.fixture
def vies(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which the package ``vies`` was generated as the page says."""
    contract = corpus / "soapbar--checkVatService" / "checkVatService.wsdl"
    if not contract.exists():
        pytest.skip("the test data has no contract of VIES")
    (tmp_path / "wsdl" / "vies").mkdir(parents=True)
    shutil.copy(contract, tmp_path / "wsdl" / "vies")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_the_page_works(vies: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = PAGE.read_text(encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        command_line(["generate", "wsdl/vies/checkVatService.wsdl", "--output", "vies", "--save"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.splitlines()[0] in said
    assert (vies / "soapkit.toml").exists()
    offline = [text for text in _python(said) if "FakeTransport(REPLY)" in text]
    printed = io.StringIO()
    namespace: dict[str, Any] = {}
    with contextlib.redirect_stdout(printed):
        exec("from vies import CheckVatServiceClient\nimport soapkit\n" + "\n".join(offline), namespace)
    assert printed.getvalue().splitlines() == ["True A COMPANY", "True", "True"]
    del sys.modules["vies"]


def _python(page: str) -> list[str]:
    """The Python blocks of a page."""
    found = []
    for part in page.split(".. code-block:: python\n")[1:]:
        lines = []
        for line in part.splitlines()[2:]:
            if line and not line.startswith("   "):
                break
            lines.append(line[3:])
        found.append("\n".join(lines))
    return found
