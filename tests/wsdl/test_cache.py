"""A contract that was read before is taken from the cache, and never a wrong one."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import soapkit
from soapkit.errors import ContractError
from soapkit.testing import FakeTransport
from soapkit.wsdl import load
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.slices import around, elements_of, line_at, parsed, ranges_of
from soapkit.wsdl.store import Store, folder
from soapkit.xml.documents import Documents
from soapkit.xml.parse import parse_document

WSDL = Path(__file__).resolve().parent.parent.parent / "wsdl"
OURS = ("bank.wsdl", "bare.wsdl", "rpc-literal.wsdl", "headers.wsdl", "faults.wsdl", "split/shop.wsdl")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own for each test, that also takes small contracts."""
    monkeypatch.setenv("SOAPKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(load, "WORTH", 0)
    return tmp_path / "cache"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A contract of several files, to be changed."""
    shutil.copytree(WSDL / "split", tmp_path / "split")
    return tmp_path / "split" / "shop.wsdl"


def is_cached(contract: soapkit.Contract) -> bool:
    return contract._whole is not None


# --- the same contract --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OURS)
def test_a_contract_from_the_cache_is_the_contract(name: str) -> None:
    read, kept = load_contract(WSDL / name), load_contract(WSDL / name)
    assert (is_cached(read), is_cached(kept)) == (False, True)
    assert kept.services == read.services
    assert (kept.problems, kept.warnings, kept.notes) == (read.problems, read.warnings, read.notes)
    assert (kept.source, kept.documentation, kept.fingerprint) == (read.source, read.documentation, read.fingerprint)
    assert dict(kept.shapes) == dict(read.shapes)
    assert [kept.shapes.derived(key) for key in read.shapes] == [read.shapes.derived(key) for key in read.shapes]


def test_its_documents_are_read_when_somebody_looks_at_them() -> None:
    read, kept = load_contract(WSDL / "split" / "shop.wsdl"), load_contract(WSDL / "split" / "shop.wsdl")
    assert [document.source for document in kept.documents] == [document.source for document in read.documents]
    assert kept.definitions.schemas[0].element.sourceline == read.definitions.schemas[0].element.sourceline
    assert kept.schema.namespaces == read.schema.namespaces


def test_a_dynamic_client_comes_from_the_cache() -> None:
    for _ in range(2):
        client = soapkit.Client.from_wsdl(WSDL / "bank.wsdl", transport=FakeTransport(b""))
        assert b"DE1</" in client.preview.balance(iban="DE1").request
        assert client.types.Person(name="Ada", born="1815-12-10")


def test_a_contract_given_as_bytes_is_cached_too() -> None:
    data = (WSDL / "bare.wsdl").read_bytes()
    assert [is_cached(load_contract(data)) for _ in range(2)] == [False, True]


# --- never a wrong one --------------------------------------------------------------------------------------------


def test_a_changed_document_is_read_anew(shop: Path) -> None:
    load_contract(shop)
    imported = next(shop.parent.rglob("*.xsd"))
    imported.write_bytes(imported.read_bytes() + b"<!-- changed -->")
    assert [is_cached(load_contract(shop)) for _ in range(2)] == [False, True]


def test_a_document_that_was_missing_and_is_there_now_is_read(shop: Path) -> None:
    imported = next(shop.parent.rglob("*.xsd"))
    text = imported.read_bytes()
    imported.unlink()
    before = load_contract(shop, usable=False).problems
    imported.write_bytes(text)
    assert before
    assert load_contract(shop).problems == ()


def test_a_document_that_is_gone_is_missed(shop: Path) -> None:
    load_contract(shop)
    next(shop.parent.rglob("*.xsd")).unlink()
    with pytest.raises(ContractError, match="there is no such file"):
        load_contract(shop)


def test_a_mapping_leads_elsewhere(shop: Path) -> None:
    load_contract(shop)
    imported = next(shop.parent.rglob("*.xsd"))
    documents = Documents(mapping={imported.name: imported.read_bytes()})
    assert not is_cached(load_contract(shop, documents=documents))


def test_strict_reads_everything() -> None:
    load_contract(WSDL / "bank.wsdl")
    assert not is_cached(load_contract(WSDL / "bank.wsdl", strict=True))


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign"])
def test_a_damaged_entry_is_passed_over(cache: Path, damage: str) -> None:
    read = load_contract(WSDL / "bank.wsdl")
    (entry,) = Store(cache).entries()
    data = bytearray(entry.read_bytes())
    data[len(data) // 2] ^= 0xFF
    entry.write_bytes({"cut": data[:-9], "flipped": data, "empty": b"", "foreign": b"\x80\x04pickle"}[damage])
    again = load_contract(WSDL / "bank.wsdl")
    assert not is_cached(again)
    assert again.services == read.services
    assert is_cached(load_contract(WSDL / "bank.wsdl"))  # and is replaced


def test_an_entry_that_says_nothing_sensible_is_passed_over(cache: Path) -> None:
    load_contract(WSDL / "bank.wsdl")
    (entry,) = Store(cache).entries()
    Store(cache).put(entry.stem, b"\x93\x01\x02\x03")
    assert not is_cached(load_contract(WSDL / "bank.wsdl"))


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="files have no such owners here")
def test_an_entry_that_others_may_write_is_passed_over(cache: Path) -> None:
    load_contract(WSDL / "bank.wsdl")
    (entry,) = Store(cache).entries()
    entry.chmod(0o666)
    assert not is_cached(load_contract(WSDL / "bank.wsdl"))


# --- where, and whether -------------------------------------------------------------------------------------------


def test_only_this_user_can_look_into_the_cache(cache: Path) -> None:
    load_contract(WSDL / "bank.wsdl")
    (entry,) = Store(cache).entries()
    assert stat.S_IMODE(entry.stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE(cache.stat().st_mode) & 0o077 == 0


def test_an_argument_switches_it_off(cache: Path) -> None:
    load_contract(WSDL / "bank.wsdl", cache=False)
    assert not cache.exists()


@pytest.mark.parametrize("said", ["off", "0", "no", "OFF"])
def test_the_environment_switches_it_off(cache: Path, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOAPKIT_CACHE", said)
    load_contract(WSDL / "bank.wsdl")
    assert (folder(), cache.exists()) == (None, False)


def test_without_a_word_it_is_where_the_platform_keeps_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOAPKIT_CACHE")
    found = folder()
    assert found is not None
    assert found.parts[-2:] == ("soapkit", "contracts")


def test_a_folder_that_cannot_be_written_is_no_trouble(cache: Path) -> None:
    cache.write_text("a file, not a folder")
    assert load_contract(WSDL / "bank.wsdl").operation("balance")


def test_small_contracts_are_not_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "WORTH", 64 * 1024)
    load_contract(WSDL / "bank.wsdl")
    assert Store(cache).entries() == []


def test_the_oldest_entries_go(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soapkit.wsdl.store._KEPT", 2)
    store = Store(cache)
    for number in range(4):
        store.put(f"{number}", b"x")
        os.utime(cache / f"{number}.contract", (number, number))
    assert [path.stem for path in store.entries()] == ["2", "3"]


def test_the_oldest_entries_go_where_all_are_too_large(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soapkit.wsdl.store._KEPT_BYTES", 1_000)
    store = Store(cache)
    for number in range(4):
        store.put(f"{number}", b"x" * 400)
        os.utime(cache / f"{number}.contract", (number, number))
    assert [path.stem for path in store.entries()] == ["2", "3"]


def test_many_processes_may_write_and_read_one_entry(cache: Path) -> None:
    code = (
        "import sys; from soapkit.wsdl import load; load.WORTH = 0\n"
        "for _ in range(10):\n"
        "    contract = load.load_contract(sys.argv[1]); assert len(contract.service().operations) == 9\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(WSDL / "bank.wsdl")]) for _ in range(4)]
    assert [process.wait() for process in running] == [0] * 4
    assert len(list(cache.iterdir())) == 1


# --- slices -------------------------------------------------------------------------------------------------------

TRICKY = """<?xml version="1.0"?><!-- <a> --><a xmlns="urn:a" xmlns:p="urn:p">
<b x='1>2"' y="&gt;'/>"/><b/></a
>"""


@pytest.mark.parametrize(
    "text",
    [
        TRICKY,
        "<a><a/></a>",
        "<a><a></a></a>",
        "<a>/></a>",
        "<a><![CDATA[<b/>]]><b>x/></b><c/></a>",
        "\ufeff<a>\r\n<ä b='ü'/>é<c><!-- > --></c></a>",
        "<a><?pi > ?><b  \n x = '1' ></b  ></a>",
    ],
)
def test_each_element_is_found_by_its_bytes(text: str) -> None:
    data = text.encode()
    root = parse_document(data, source="a")
    elements, ranges = elements_of(root), ranges_of(data)
    assert [each.tag for each in elements] == [each.name for each in ranges]
    for element, found in zip(elements, ranges, strict=True):
        parent = element.getparent()
        wrapper = around({} if parent is None else parent.nsmap)
        piece = parsed(data[found.start : found.end], wrapper, line_at(data, found, element), "a")
        assert [(each.tag, dict(each.attrib), each.text, each.sourceline) for each in elements_of(piece)] == [
            (each.tag, dict(each.attrib), each.text, each.sourceline) for each in elements_of(element)
        ]


def test_a_document_with_entities_is_not_cut() -> None:
    with pytest.raises(ValueError, match="entities"):
        ranges_of(b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>')
