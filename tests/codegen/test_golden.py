"""The package for one small contract, whole: a change of what is generated shows here, line by line.

``SOAPKIT_WRITE_GOLDEN=1 python -m pytest tests/codegen/test_golden.py`` writes the files anew: read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from soapkit.codegen.generate import generated
from soapkit.version import __version__
from soapkit.wsdl.load import load_contract

GOLDEN = Path(__file__).parent / "golden" / "faults"
FILES = ("__init__.py", "_types.py", "_views.py", "faults.py", "services.py")


@pytest.fixture(scope="module")
def files(root: Path) -> dict[str, str]:
    made = generated(load_contract(root / "wsdl" / "faults.wsdl"), "faults").files
    texts = {name: text.replace(f"soapkit {__version__}", "soapkit") for name, text in made.items() if "py" in name}
    if os.environ.get("SOAPKIT_WRITE_GOLDEN"):
        GOLDEN.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            (GOLDEN / f"{name}.txt").write_text(texts[name])
    return texts


def test_these_are_its_files(files: dict[str, str]) -> None:
    assert sorted(files) == sorted((*FILES, "py.typed"))


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_as_it_was(files: dict[str, str], name: str) -> None:
    assert files[name] == (GOLDEN / f"{name}.txt").read_text()
