"""``soapkit bundle`` writes a contract and all that it imports into one folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from soapkit.cli.bundle import catalog_of, command
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.publish import bundled
from soapkit.xml.documents import Documents

WSDL = Path(__file__).resolve().parent.parent.parent / "wsdl"


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("bank.wsdl", ["bank.wsdl", "bank.xsd", "catalog.xml"]),
        (
            "split/shop.wsdl",
            ["catalog.xml", "common.xsd", "customers.xsd", "interface.wsdl", "lines.xsd", "orders.xsd", "shop.wsdl"],
        ),
    ],
)
def test_a_bundle_is_the_same_contract_in_one_folder(tmp_path: Path, name: str, files: list[str]) -> None:
    result = CliRunner().invoke(command, [str(WSDL / name), "--output", str(tmp_path / "out")], catch_exceptions=False)
    assert result.exit_code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == files
    contract = load_contract(tmp_path / "out" / Path(name).name, strict=True)
    original = load_contract(WSDL / name)
    assert [operation.name for operation in contract.service().operations] == [
        operation.name for operation in original.service().operations
    ]


PAGES = {
    "https://bank.example/soap?wsdl": (WSDL / "bank.wsdl").read_text().replace('"bank.xsd"', '"?xsd=1"').encode(),
    "https://bank.example/soap?xsd=1": (WSDL / "bank.xsd").read_bytes(),
}


def test_the_catalog_says_which_file_stands_for_which_url(tmp_path: Path) -> None:
    contract = load_contract("https://bank.example/soap?wsdl", documents=Documents(fetch=PAGES.__getitem__))
    for name, data in bundled(contract).items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "catalog.xml").write_text(catalog_of(contract))
    documents = Documents(catalog=tmp_path / "catalog.xml")
    again = load_contract(documents.resolve("https://bank.example/soap?wsdl", ""), documents=documents, strict=True)
    assert again.operation("transfer").unwrap == "receipt"
    assert all(document.url.startswith("file:") for document in again.documents)


def test_a_name_from_a_url_never_leaves_the_folder() -> None:
    data = (WSDL / "bare.wsdl").read_bytes()
    for url in ("http://x/../../etc/passwd", "http://x/a%2F..%2Fb.wsdl", "http://x/?wsdl", "http://x/con:aux.wsdl"):
        contract = load_contract(url, documents=Documents(fetch=lambda _: data))
        (name,) = bundled(contract)
        assert "/" not in name
        assert ".." not in name
        assert name.endswith(".wsdl")


def test_the_folder_must_be_named() -> None:
    assert CliRunner().invoke(command, [str(WSDL / "bank.wsdl")]).exit_code == 2
