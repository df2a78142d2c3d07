"""``soapkit bundle`` makes a folder from which a contract is read without a network."""

from __future__ import annotations

import functools
import http.server
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from soapkit.cli.bundle import MARK, catalog_of
from soapkit.wsdl.load import load_contract
from soapkit.xml.documents import Documents

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def site(wsdl: Path) -> Iterator[tuple[str, list[str]]]:
    """The project's contracts on a web server; its address, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            super().do_GET()

        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Handler, directory=str(wsdl))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_a_bundle_of_a_url_is_read_without_a_network(run: Run, site: tuple[str, list[str]], tmp_path: Path) -> None:
    address, asked = site
    result = run("bundle", f"{address}/split/shop.wsdl", "--output", tmp_path / "shop")
    assert result.returncode == 0, result.stderr
    assert len(asked) == len(set(asked)), "each document is fetched once"
    original = load_contract(Path(__file__).resolve().parents[2] / "wsdl" / "split" / "shop.wsdl")
    bundle = load_contract(tmp_path / "shop" / "shop.wsdl")
    assert bundle.problems == ()
    assert [each.name for each in bundle.service().operations] == [each.name for each in original.service().operations]
    assert not any(url.startswith("http") for url in bundle.links.values())


def test_the_catalog_leads_from_each_url_to_its_file(run: Run, site: tuple[str, list[str]], tmp_path: Path) -> None:
    address, _ = site
    assert run("bundle", f"{address}/bank.wsdl", "--output", tmp_path / "bank").returncode == 0
    documents = Documents(catalog=tmp_path / "bank" / "catalog.xml")
    url = documents.resolve(f"{address}/bank.xsd", (tmp_path / "other.wsdl").as_uri())
    assert url == (tmp_path / "bank" / "bank.xsd").as_uri()


def test_a_bundle_of_files_names_no_path_of_this_machine(wsdl: Path) -> None:
    assert str(wsdl) not in catalog_of(load_contract(wsdl / "bank.wsdl"))


def test_a_bundle_is_replaced_by_the_next_one(run: Run, wsdl: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    assert run("bundle", wsdl / "bank.wsdl", "--output", folder).returncode == 0
    assert run("bundle", wsdl / "bare.wsdl", "--output", folder).returncode == 0
    assert sorted(path.name for path in folder.iterdir()) == ["bare.wsdl", "catalog.xml"]
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"], "nothing is left beside it"


def test_a_folder_that_is_no_bundle_is_not_overwritten(run: Run, wsdl: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    result = run("bundle", wsdl / "bank.wsdl", "--output", tmp_path)
    assert (result.returncode, [path.name for path in tmp_path.iterdir()]) == (1, ["mine.txt"])
    assert "is not a bundle that soapkit wrote" in result.stderr


def test_a_bundle_with_other_files_in_it_is_not_overwritten(run: Run, wsdl: Path, tmp_path: Path) -> None:
    (tmp_path / "catalog.xml").write_text(f"<!-- {MARK} -->")
    (tmp_path / "notes.txt").write_text("mine")
    result = run("bundle", wsdl / "bank.wsdl", "--output", tmp_path)
    assert (result.returncode, "notes.txt" in result.stderr) == (1, True)


def test_a_contract_that_cannot_be_read_leaves_nothing_behind(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.wsdl").write_text("<a/>")
    result = run("bundle", tmp_path / "bad.wsdl", "--output", tmp_path / "out")
    assert result.returncode == 1
    assert [path.name for path in tmp_path.iterdir()] == ["bad.wsdl"]


def test_a_document_that_could_not_be_read_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.wsdl").write_text(
        '<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" targetNamespace="urn:t" xmlns:t="urn:t"'
        ' xmlns:xs="http://www.w3.org/2001/XMLSchema"><types><xs:schema targetNamespace="urn:t">'
        '<xs:import namespace="urn:o" schemaLocation="other.xsd"/><xs:element name="go" type="xs:int"/></xs:schema>'
        '</types><message name="go"><part name="p" element="t:go"/></message><portType name="P">'
        '<operation name="go"><input message="t:go"/></operation></portType></definitions>'
    )
    result = run("bundle", tmp_path / "a.wsdl", "--output", tmp_path / "out", "--json")
    assert result.returncode == 0, result.stderr
    assert "other.xsd, which could not be read" in result.stderr
    assert [each["file"] for each in json.loads(result.stdout)["files"]] == ["a.wsdl", "catalog.xml"]
