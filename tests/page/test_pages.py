"""The pages as HTTP hands them out: what is on them, who may try, what a proxy refuses, and texts that try to run."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import pytest

import soapkit
from soapkit.errors import ConnectError
from soapkit.exchange.flow import run
from soapkit.server.explored import explored
from soapkit.server.http import HttpRequest
from soapkit.testing import FakeTransport
from soapkit.transport.values import Headers, Response
from soapkit.wsdl.later import Named
from soapkit.wsdl.load import load_contract

HERE = HttpRequest("GET", "/", headers=Headers({"Host": "127.0.0.1:8000"}), client="127.0.0.1")
REPLY = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>'


@dataclass
class Lamp:
    """Something that shines."""

    watts: int


@soapkit.service("urn:example:lamps")
class Lamps:
    """All the lamps."""

    @soapkit.operation
    def add(self, lamp: Lamp) -> int:
        """Put one more."""
        return lamp.watts


@pytest.fixture
def get(bank_service: ModuleType) -> Callable[..., Response]:
    """A function that gets a page of the bank's, for a query."""
    endpoint = soapkit.asgi(bank_service.MyBank()).endpoints[""]
    return lambda query="", request=HERE: run(endpoint.respond(replace(request, query=query)))


def html(response: Response) -> str:
    assert response.headers.get("content-type") == "text/html; charset=utf-8"
    return response.body.decode()


def test_the_list_has_every_operation_with_its_signature(get: Callable[..., Response]) -> None:
    page = html(get())
    for name in ("transfer", "balance", "openAccount", "notify"):
        assert f'<a href="?op={name}">{name}</a>' in page
    assert "(source, target, amount) &rarr; receipt" in page
    assert "Move money from one account to another." in page


def test_an_operation_has_tables_of_its_nested_parts_faults_and_headers(get: Callable[..., Response]) -> None:
    page = html(get("op=closeAccount"))
    assert "Header <code>caller</code>" in page
    assert "Header <code>auditNumber</code>" in page
    page = html(get("op=transfer"))
    assert "<h3>InsufficientFunds</h3>" in page
    assert "at most 2 digits after the point" in page


def test_a_sample_of_each_message_is_there_in_each_version(get: Callable[..., Response]) -> None:
    page = unescape(html(get("op=transfer")))
    for title in ("Request", "Reply", "Fault InsufficientFunds", "Fault UnknownAccount"):
        assert page.count(f"<figcaption>{title}</figcaption>") == 2
    assert 'xmlns:soap="http://www.w3.org/2003/05/soap-envelope"' in page


def test_a_command_to_copy_carries_the_address_as_reached(get: Callable[..., Response]) -> None:
    page = unescape(html(get("op=transfer", replace(HERE, headers=Headers({"Host": "bank.example"}), scheme="https"))))
    assert "curl https://bank.example/ -H 'Content-Type: text/xml; charset=utf-8'" in page
    assert "soapkit call 'https://bank.example/?wsdl' transfer source=" in page


def test_what_is_copied_calls_the_service_when_it_is_pasted(serve: Callable[..., str]) -> None:
    heard = []

    class Lamps2(Lamps):
        @soapkit.operation(name="addAll")
        def several(self, lamps: list[Lamp], atOnce: bool, note: str | None = None) -> int:
            heard.append((len(lamps), atOnce, note))
            return sum(lamp.watts for lamp in lamps)

        @soapkit.operation
        def add(self, lamp: Lamp) -> int:
            heard.append(lamp)
            return lamp.watts

    address = serve(soapkit.asgi(soapkit.service("urn:example:lamps", name="Lamps")(Lamps2)))
    for operation in ("add", "addAll"):
        heard.clear()
        page = urllib.request.urlopen(f"{address}?op={operation}").read().decode()
        copied = dict(re.findall(r"<figcaption>(.*?)</figcaption>.*?<code>(.*?)</code>", page, re.DOTALL))
        commands = {title: unescape(text) for title, text in copied.items()}
        exec(commands["Python"], {})
        words = shlex.split(commands["soapkit"])
        subprocess.run([sys.executable, "-m", "soapkit", *words[1:]], check=True, capture_output=True)
        curl = shlex.split(commands["curl"])
        fields = dict(curl[at + 1].split(": ", 1) for at, word in enumerate(curl) if word == "-H")
        sent = curl[curl.index("--data-binary") + 1].encode()
        urllib.request.urlopen(urllib.request.Request(curl[1], sent, fields)).close()
        assert len(heard) == 3


def test_the_types_are_browsed_from_base_to_derived(get: Callable[..., Response]) -> None:
    page = html(get("types"))
    (party,) = re.findall(r'href="(\?type=[^"]*Party)"', page)
    page = html(get(unescape(party)[1:]))
    assert ">Person</a>" in page
    assert "only a type derived from it may occur" in page


@pytest.mark.parametrize("query", ["op=nothing", "type=nothing", "op=<script>"])
def test_what_is_not_there_is_said_with_404(query: str, get: Callable[..., Response]) -> None:
    response = get(query)
    assert response.status == 404
    assert "<script>" not in html(response)


def test_nothing_on_a_page_may_run_or_load_but_what_comes_from_here(get: Callable[..., Response]) -> None:
    policy = get().headers.get("content-security-policy") or ""
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'")
    assert "unsafe" not in policy
    page = html(get("op=transfer"))
    assert not re.findall(r'(?:src|href)="(?:https?:)?//(?!127)', page)
    assert not re.findall(r"<[^>]+\s(?:style|on\w+)=", page)


@pytest.mark.parametrize("name", ["page.css", "page.js", "page.svg"])
def test_what_a_page_refers_to_is_handed_out(name: str, get: Callable[..., Response]) -> None:
    response = get(f"{name}=0.1")
    assert response.status == 200
    assert response.body


@pytest.mark.parametrize(
    ("host", "client", "offered"),
    [
        ("localhost:8000", "127.0.0.1", True),
        ("[::1]:8000", "::1", True),
        ("bank.example", "127.0.0.1", False),  # behind a proxy; or a name that was made to point here
        ("127.0.0.1:8000", "192.0.2.7", False),
    ],
)
def test_the_form_is_for_browsers_on_this_machine(
    host: str, client: str, offered: bool, get: Callable[..., Response]
) -> None:
    page = html(get("op=transfer", replace(HERE, headers=Headers({"Host": host}), client=client)))
    assert ('id="trial-root"' in page) == offered


def test_a_contract_is_written_once_whatever_address_asks_for_it(bank_service: ModuleType) -> None:
    publication: Any = soapkit.asgi(bank_service.MyBank()).endpoints[""].publication
    asked: list[str] = []

    def publish(address: str) -> Mapping[str, bytes]:
        asked.append(address)
        return publication.publish(address)

    counted = replace(publication, publish=publish)
    for host in ("a.example", "b.example:8080"):
        request = HttpRequest("GET", "/a&b", "wsdl", Headers({"Host": host}), client="192.0.2.1")
        body = counted.respond(request).body
        assert f'location="http://{host}/a&amp;b"'.encode() in body
        assert f'schemaLocation="http://{host}/a&amp;b?xsd=1"'.encode() in body
        assert b".invalid" not in body
    assert len(asked) == 1


def test_a_page_makes_no_document_and_its_list_reads_no_operation_of_the_contract(bank_service: ModuleType) -> None:
    publication: Any = soapkit.asgi(bank_service.MyBank()).endpoints[""].publication
    documents = Named({"wsdl": lambda: pytest.fail("made for a page"), "xsd=1": lambda: b"<schema/>"})
    counted = replace(publication, publish=lambda address: documents)
    page = html(counted.respond(HERE))
    assert "?xsd=1" in page
    assert "Move money from one account to another." in page  # which only the contract says
    assert counted.respond(replace(HERE, query="xsd=1")).body == b"<schema/>"
    read = publication.site().service.operations._later._made
    assert read.keys() <= {0}  # whether there is any
    assert "No account has this number." in html(counted.respond(replace(HERE, query="op=balance")))
    assert len(read.keys() - {0}) == 1


def test_the_form_can_be_switched_off_and_on(bank_service: ModuleType) -> None:
    for setting in (True, False):
        endpoint = soapkit.asgi(bank_service.MyBank(), try_it=setting).endpoints[""]
        asked = replace(HERE, query="op=transfer", client="192.0.2.7" if setting else "127.0.0.1")
        assert ('id="trial-root"' in html(run(endpoint.respond(asked)))) == setting


def test_a_service_from_code_has_the_same_pages() -> None:
    page = html(run(soapkit.asgi(Lamps()).endpoints[""].respond(replace(HERE, query="op=add"))))
    assert "Put one more." in page
    assert "<code>watts</code>" in page


# --- explored -----------------------------------------------------------------------------------------------------


@pytest.fixture
def transport() -> FakeTransport:
    return FakeTransport(REPLY)


@pytest.fixture
def ask(root: Path, transport: FakeTransport) -> Callable[..., Response]:
    """A function that sends a message to the proxy of the bank's page."""
    app = explored(load_contract(root / "wsdl" / "bank.wsdl"), transport=transport, token="right")
    headers = {"Host": "localhost:1", "Content-Type": "text/xml", "X-Soapkit-Token": "right", "SOAPAction": '"a"'}
    message = replace(HERE, method="POST", query="send", body=REPLY)

    def asked(**changed: str) -> Response:
        given = {**headers, **{name.replace("_", "-"): value for name, value in changed.items()}}
        return run(app.endpoints[""].respond(replace(message, headers=Headers(given))))

    return asked


def test_a_message_is_passed_on_to_the_address_of_the_contract(ask: Any, transport: FakeTransport) -> None:
    assert ask().body == REPLY
    (sent,) = transport.requests
    assert (sent.url, sent.body, sent.headers.get("soapaction")) == ("http://localhost:8000/bank", REPLY, '"a"')


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"X_Soapkit_Token": "wrong"}, 403),
        ({"X_Soapkit_Token": ""}, 403),
        ({"Host": "rebound.example"}, 421),
        ({"Content_Type": "text/plain"}, 415),
    ],
)
def test_the_proxy_is_for_its_own_page_only(
    changed: dict[str, str], status: int, ask: Any, transport: FakeTransport
) -> None:
    assert ask(**changed).status == status
    assert transport.requests == []


def test_a_service_that_does_not_answer_is_told(root: Path) -> None:
    def nobody(_request: object) -> Response:
        raise ConnectError("http://localhost:8000/bank: nobody listens there")

    app = explored(load_contract(root / "wsdl" / "bank.wsdl"), transport=FakeTransport(nobody), token="t")
    headers = Headers({"Host": "localhost", "Content-Type": "text/xml", "X-Soapkit-Token": "t"})
    response = run(app.endpoints[""].respond(HttpRequest("POST", "/", "send", headers, REPLY)))
    assert (response.status, response.body) == (502, b"http://localhost:8000/bank: nobody listens there\n")


# --- texts that try to run ----------------------------------------------------------------------------------------

EVIL = [
    "<script>window.hacked = 1</script>",
    "</script><script>window.hacked = 1</script>",
    '"><img src=x onerror="window.hacked = 1">',
    "'-window.hacked-'",
    "javascript:window.hacked=1",
    "{{ 7 * 7 }}{% raw %}",
    "<!--<script>",
    "]]><svg/onload=window.hacked=1>",
]

CONTRACT = """<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t">
  <documentation>{evil}</documentation>
  <types><xs:schema targetNamespace="urn:t" elementFormDefault="qualified">
    <xs:simpleType name="Kind"><xs:restriction base="xs:string">{values}</xs:restriction></xs:simpleType>
    <xs:element name="ask"><xs:complexType><xs:sequence>
      <xs:element name="kind" type="t:Kind"><xs:annotation><xs:documentation>{evil}</xs:documentation></xs:annotation></xs:element>
      <xs:element name="text" type="xs:string" default="{evil}"/></xs:sequence></xs:complexType></xs:element>
    <xs:element name="answer" type="t:Kind"/><xs:element name="wrong" type="xs:string"/>
  </xs:schema></types>
  <message name="in"><part name="p" element="t:ask"/></message><message name="out"><part name="p" element="t:answer"/></message>
  <message name="bad"><part name="p" element="t:wrong"/></message>
  <portType name="P"><operation name="ask"><documentation>{evil}</documentation><input message="t:in"/>
    <output message="t:out"/><fault name="wrong" message="t:bad"/></operation></portType>
  <binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="ask"><soap:operation soapAction="{evil}"/><input><soap:body use="literal"/></input>
    <output><soap:body use="literal"/></output><fault name="wrong"><soap:fault name="wrong" use="literal"/></fault></operation></binding>
  <service name="S"><documentation>{evil}</documentation><port name="{evil}" binding="t:B">
    <soap:address location="http://localhost:9/{evil}"/></port></service>
</definitions>"""  # noqa: E501  a contract in as few lines as it can be read in


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;").replace(">", "&gt;")


@pytest.mark.parametrize("evil", EVIL)
def test_texts_of_a_contract_and_of_a_reply_stay_text(
    evil: str, tmp_path: Path, browse: Callable[..., Any], serve: Callable[..., str]
) -> None:
    values = "".join(f'<xs:enumeration value="{escaped(one)}"/>' for one in EVIL)
    (tmp_path / "evil.wsdl").write_text(CONTRACT.format(evil=escaped(evil), values=values))
    fault = f"""<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>
        <faultcode>s:Client</faultcode><faultstring>{escaped(evil)}</faultstring>
        <detail><wrong xmlns="urn:t">{escaped(evil)}</wrong></detail></s:Fault></s:Body></s:Envelope>"""
    contract = load_contract(tmp_path / "evil.wsdl")
    address = serve(explored(contract, transport=FakeTransport(fault.encode()), token="t"))
    page = browse(f"{address}?op=ask", console=("Failed to load resource: the server responded with a status of 500",))
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector(".fault")
    assert evil in page.locator(".fault").inner_text()
    for query in ("", "?types", "?filter=" + quote(evil)):
        page.goto(address + query)
    assert page.evaluate("window.hacked") is None


def test_the_data_of_the_form_is_what_the_contract_says(get: Callable[..., Response]) -> None:
    page = html(get("op=openAccount"))
    (data,) = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    told = json.loads(data)
    names = {record["name"] for record in told["form"]["records"]}
    assert {"Person", "Company", "Scan"} <= names
