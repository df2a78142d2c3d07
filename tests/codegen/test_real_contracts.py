"""Contracts of other stacks become packages that import and that mypy --strict accepts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from soapkit.codegen.generate import generate
from soapkit.codegen.plan import Options
from soapkit.wsdl.load import load_contract

# What made it -> where it lies in the corpus of real contracts.
KINDS = {
    "cxf": "PackageGenerator--DeliveryService/DeliveryService.wsdl",
    "metro": "ipf--rad75/rad69.wsdl",
    "wcf": "PackageGenerator--PartnerService.local.scd/PartnerService.local.scd.wsdl",
    "asmx": "gowsdl--mnb-exchange/mnb-exchange.wsdl",
    "salesforce": "KDSoap--salesforce-partner/salesforce-partner.wsdl",
    "onvif": "onvif-specs--analytics/ver10/device/wsdl/devicemgmt.wsdl",
    "exchange": "PackageGenerator--ews.services/services.wsdl",
    "vies": "savon--vies/vies.xml",
}


@pytest.fixture(scope="module")
def corpus(root: Path) -> Path:
    unpack = root.parent / "shared" / "unpack"
    if not unpack.exists():
        if os.environ.get("SOAPKIT_PEERS") == "required":
            pytest.fail("../shared is required and not there")
        pytest.skip("../shared with the corpus of real contracts is not there")
    printed = subprocess.run([str(unpack), "corpus"], capture_output=True, text=True, check=True)
    return Path(printed.stdout.strip())


@pytest.fixture(scope="module")
def packages(corpus: Path, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a package for each kind, and for each of our own contracts."""
    folder = tmp_path_factory.mktemp("packages")
    for kind, path in KINDS.items():
        generate(corpus / path, folder / kind)
    for path in sorted((root / "wsdl").glob("*.wsdl")):
        generate(path, folder / f"ours_{path.stem.replace('-', '_')}")
    generate(root / "wsdl" / "bank.wsdl", folder / "lazy", options=Options(eager=0))
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_it_imports_and_hands_out_a_client_for_every_service(kind: str, packages: Path) -> None:
    code = (
        f"import {kind}, {kind}.services as made\n"
        "from soapkit.client.client import Client\n"
        "clients = [value for value in vars(made).values() if isinstance(value, type) and issubclass(value, Client)]\n"
        f"missing = [name for name in {kind}.__all__ if not hasattr({kind}, name)]\n"
        "print(len(clients) > 1, missing)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=packages, capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("True []\n", "")


def test_a_strict_type_checker_accepts_them_all(packages: Path, root: Path) -> None:
    checked = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--config-file",
            "",
            "--cache-dir",
            str(packages.parent / "mypy"),
            ".",
        ],
        cwd=packages,
        env={**os.environ, "MYPYPATH": str(root)},
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout


def test_a_linter_with_its_default_rules_accepts_them_all(packages: Path) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--ignore", "E501", "--output-format", "concise", "."],
        cwd=packages,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout[-3000:]


@pytest.mark.parametrize("kind", KINDS)
def test_its_classes_say_what_the_contract_says(kind: str, corpus: Path, losses: Callable[..., list[Any]]) -> None:
    contract = load_contract(corpus / KINDS[kind])
    found = losses(contract.services, contract.shapes)
    # A restriction that forbids an attribute of its base keeps it in Python, where it stays None.
    assert [loss for loss in found if loss[2] is not None] == []


def test_of_thousands_of_types_those_are_imported_that_one_refers_to(corpus: Path, tmp_path: Path) -> None:
    contract = load_contract(corpus / "vsphere-web-service-spring-server--vim" / "vim.wsdl")
    generate(contract, tmp_path / "vim")
    code = "import sys, vim; vim.VirtualMachineConfigInfo; print(*(name for name in sys.modules if name[:4] == 'vim.'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    modules = {f"vim.{file.stem}" for file in (tmp_path / "vim").glob("vim25_*.py")}
    assert len(modules) == 11
    assert {"vim.vim25_1", "vim.vim25_11"} == modules - imported
    assert "vim.services" not in imported
