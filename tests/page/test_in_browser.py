"""The page in Chromium: read, filtered, tried, by mouse and by keyboard, with and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest
from playwright.sync_api import expect

import soapkit
from soapkit.cli.checking import check_message
from soapkit.databinding.annotations import xsd
from soapkit.server.explored import explored
from soapkit.wsdl.load import load_contract

Browse = Callable[..., Any]
Serve = Callable[..., str]

# Chromium itself says so of every answer with such a status; a fault of SOAP 1.1 has it.
FAULT_STATUS = "Failed to load resource: the server responded with a status of"


@pytest.fixture
def address(bank_service: ModuleType, serve: Serve) -> str:
    return serve(soapkit.asgi(bank_service.MyBank()))


def fill(page: Any, **values: str) -> None:
    for label, value in values.items():
        page.get_by_label(label, exact=True).fill(value)


def answer(page: Any) -> str:
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector(".answer p")
    return str(page.locator(".answer").inner_text())


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_an_operation_is_called_from_the_form(address: str, browse: Browse, version: str) -> None:
    page = browse(f"{address}?op=transfer")
    page.get_by_label("Version").select_option(version)
    fill(page, source="DE1", target="DE2", amount="10.00")
    text = answer(page)
    assert "HTTP 200" in text
    assert ">10.00</" in text
    assert ("http://www.w3.org/2003/05/soap-envelope" in text) == (version == "1.2")


def test_a_declared_fault_has_a_box_with_its_typed_detail(address: str, browse: Browse) -> None:
    page = browse(f"{address}?op=transfer", console=(FAULT_STATUS,))
    fill(page, source="DE1", target="DE2", amount="1000.00")
    answer(page)
    box = page.locator(".fault").inner_text()
    assert "Fault InsufficientFunds" in box
    assert re.search(r"available\s+100.00", box)


def test_a_one_way_message_is_accepted(address: str, browse: Browse) -> None:
    page = browse(f"{address}?op=notify")
    assert "Accepted: the operation is one-way." in answer(page)


def test_what_is_not_a_value_of_its_type_is_not_sent(address: str, browse: Browse) -> None:
    page = browse(f"{address}?op=transfer")
    fill(page, amount="ten")
    page.get_by_role("button", name="Send").click()
    assert page.locator("p.wrong[role=status]").inner_text() == "amount: expected decimal"
    assert page.evaluate("document.activeElement.getAttribute('aria-invalid')") == "true"
    assert page.locator(".answer").inner_text() == ""


def test_form_and_message_are_kept_in_step_both_ways(address: str, browse: Browse) -> None:
    page = browse(f"{address}?op=transfer")
    message = page.locator("#message")
    fill(page, source="DE77")
    assert ">DE77</" in message.input_value()
    message.fill(message.input_value().replace("DE77", "DE88"))
    expect(page.get_by_label("source", exact=True)).to_have_value("DE88")


def test_what_a_message_leaves_out_is_sent_after_all_with_one_click(address: str, browse: Browse) -> None:
    page = browse(f"{address}?op=openAccount")
    message = page.locator("#message")
    message.fill(re.sub(r"<(\w+:deposit)\b.*</\1>", "", message.input_value(), flags=re.DOTALL))
    box = page.get_by_label("send deposit")
    expect(box).not_to_be_checked()
    box.check()
    assert re.search(r"<\w+:deposit\b", message.input_value())


def test_a_list_grows_and_shrinks(address: str, browse: Browse) -> None:
    page = browse(f"{address}?op=openAccount")
    message = page.locator("#message")
    before = message.input_value().count("<n1:owner") + message.input_value().count("<n2:owner")
    page.get_by_role("button", name="Add owner").click()
    after = message.input_value().count("<n1:owner") + message.input_value().count("<n2:owner")
    assert after == before + 1
    page.get_by_role("button", name="Remove owner").first.click()
    assert message.input_value().count("<n1:owner") + message.input_value().count("<n2:owner") == before


def test_a_derived_type_is_chosen_and_said(address: str, browse: Browse) -> None:
    page = browse(f"{address}?op=openAccount")
    page.get_by_label("type", exact=True).first.select_option(label="Company")
    assert re.search(r'xsi:type="\w+:Company"', page.locator("#message").input_value())


def test_a_file_becomes_base64(address: str, browse: Browse, tmp_path: Path) -> None:
    scan = tmp_path / "scan.bin"
    scan.write_bytes(bytes(range(256)))
    page = browse(f"{address}?op=openAccount")
    page.get_by_label("Take the bytes of a file").first.set_input_files(scan)
    expect(page.locator("#message")).to_have_value(re.compile("AAECAwQFBgcICQ"))


def test_a_file_becomes_what_a_swa_ref_refers_to(serve: Serve, browse: Browse, tmp_path: Path) -> None:
    @soapkit.service("urn:papers")
    class Papers:
        @soapkit.operation
        def keep(self, scan: Annotated[soapkit.Attachment, xsd("anyURI")]) -> str:
            return f"{scan.content_type}, {scan.size} bytes"

    scan = tmp_path / "scan.png"
    scan.write_bytes(bytes(range(256)))
    page = browse(f"{serve(soapkit.asgi(Papers()))}?op=keep")
    page.get_by_label("Take the bytes of a file").set_input_files(scan)
    expect(page.locator("#message")).to_have_value(re.compile("data:image/png;base64,AAECAwQ"))
    assert "image/png, 256 bytes" in answer(page)


def test_all_is_done_with_the_keyboard(address: str, browse: Browse) -> None:
    page = browse(f"{address}?op=transfer")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(60):
        page.keyboard.press("Tab")
        name = page.evaluate("(e => (e.labels || [{}])[0]?.textContent || e.textContent)(document.activeElement)")
        if name == "source":
            page.keyboard.press("Control+A")
            page.keyboard.type("DE1")
        elif name == "target":
            page.keyboard.press("Control+A")
            page.keyboard.type("DE2")
        elif name == "Send":
            page.keyboard.press("Enter")
            break
    page.wait_for_selector(".answer p")
    assert "HTTP 200" in page.locator(".answer").inner_text()
    assert page.evaluate("document.activeElement.className") == "answer"


def test_without_javascript_all_but_the_form_is_there(address: str, browse: Browse) -> None:
    page = browse(f"{address}?filter=OPENacc", java_script_enabled=False)
    assert page.locator("#operations a").all_inner_texts() == ["openAccount"]
    page.get_by_role("link", name="openAccount").click()
    text = page.locator("main").inner_text()
    assert "The form needs JavaScript" in text
    assert "<soap:Envelope" in text


MANY = 700


def test_seven_hundred_operations_are_listed_and_filtered(browse: Browse, serve: Serve, tmp_path: Path) -> None:
    names = [f"operation{number}" for number in range(MANY)]
    (tmp_path / "many.wsdl").write_text(
        '<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/" '
        'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t"><types>'
        '<xs:schema targetNamespace="urn:t">'
        + "".join(f'<xs:element name="{name}" type="xs:string"/>' for name in names)
        + "</xs:schema></types>"
        + "".join(f'<message name="{name}"><part name="p" element="t:{name}"/></message>' for name in names)
        + '<portType name="P">'
        + "".join(f'<operation name="{name}"><input message="t:{name}"/></operation>' for name in names)
        + '</portType><binding name="B" type="t:P"><s:binding transport="http://schemas.xmlsoap.org/soap/http"/>'
        + "".join(f'<operation name="{name}"><input><s:body use="literal"/></input></operation>' for name in names)
        + '</binding><service name="S"><port name="B" binding="t:B"><s:address location="http://localhost:9/"/></port>'
        "</service></definitions>"
    )
    page = browse(serve(explored(load_contract(tmp_path / "many.wsdl"))))
    assert page.locator("#operations > li:visible").count() == MANY
    page.get_by_label("Only those with").fill("operation69")
    expect(page.locator("#operations > li:visible")).to_have_count(11)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_screen_shows_all_of_it(address: str, browse: Browse, scheme: str) -> None:
    page = browse(f"{address}?op=openAccount", viewport={"width": 360, "height": 700}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", paper)[:3])) < 200) == (scheme == "dark")


def test_the_filter_leaves_what_fits(address: str, browse: Browse) -> None:
    page = browse(address)
    page.get_by_label("Only those with").fill("transf")
    assert page.locator("#operations li:visible a").all_inner_texts() == ["transfer"]
    assert page.locator("#count").inner_text() == "1 of 9"


@pytest.mark.parametrize("name", ["bank", "bare", "faults", "headers", "rpc-literal", "split/shop"])
def test_what_the_form_writes_of_a_full_example_is_valid(name: str, wsdl: Path, browse: Browse, serve: Serve) -> None:
    contract = load_contract(wsdl / f"{name}.wsdl")
    address = serve(explored(contract, token="t"))
    page = browse(address)
    for service in contract.services:
        for operation in service.operations:
            page.goto(f"{address}?op={operation.name}")
            assert "in step" in page.locator("[role=status]").inner_text()
            text = page.locator("#message").input_value()
            assert check_message(contract, text.encode(), operation.name).problems == (), text
