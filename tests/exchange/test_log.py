"""No secret reaches the log of messages."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from lxml import etree

from soapkit.exchange.log import MessageLog, blanked, log_message, set_message_log
from soapkit.exchange.masking import Known
from soapkit.xml.names import WSSE


def test_a_password_is_blanked() -> None:
    message = f'<w:UsernameToken xmlns:w="{WSSE}"><w:Password>hunter2</w:Password></w:UsernameToken>'.encode()
    assert "hunter2" not in blanked(message)
    assert "***" in blanked(message)


def test_what_stands_inside_a_secret_element_goes_too() -> None:
    assert "hunter2" not in blanked(b"<a><password>x<b>hunter2</b>y</password></a>")


def test_what_is_not_xml_is_not_written_out() -> None:
    assert "hunter2" not in blanked(b"<a>hunter2")


def test_nothing_is_logged_unless_somebody_listens(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "soapkit.messages"):
        log_message("sent", "go", b"<a/>")
    assert caplog.text == ""
    with caplog.at_level(logging.DEBUG, "soapkit.messages"):
        log_message("sent", "go", b"<a/>")
    assert "sent go: 4 bytes" in caplog.text


@pytest.fixture
def use() -> Iterator[Callable[[MessageLog], MessageLog]]:
    before = set_message_log(MessageLog())
    yield set_message_log
    set_message_log(before)


Use = Callable[[MessageLog], MessageLog]


def test_bodies_are_told_where_that_is_asked_for(caplog: pytest.LogCaptureFixture, use: Use) -> None:
    use(MessageLog(bodies=True))
    with caplog.at_level(logging.DEBUG, "soapkit.messages"):
        log_message("sent", "go", b"<a><password>hunter2</password></a>")
    assert "sent go: <a><password>***</password></a>" in caplog.text


@pytest.mark.parametrize(
    "name", ["newPassword", "PASS-WORD", "user_passwd", "clientSecret", "Pin", "access_token", "ApiKey", "passphrase"]
)
def test_names_that_look_like_secrets_are_secret(name: str) -> None:
    assert blanked(f"<a><{name}>hunter2</{name}></a>".encode()) == f"<a><{name}>***</{name}></a>"
    assert blanked(f"<a {name}='hunter2'/>".encode()) == f'<a {name}="***"/>'


@pytest.mark.parametrize("name", ["passenger", "spinning", "tokenize", "Username", "shipping"])
def test_names_that_only_sound_alike_are_not(name: str) -> None:
    assert "shown" in blanked(f"<a><{name}>shown</{name}></a>".encode())


def test_further_names_are_secret_by_local_name_or_by_clark_name(use: Use) -> None:
    use(MessageLog(secret=["iban", "{urn:x}card"]))
    told = blanked(b"<a xmlns:x='urn:x'><iban>DE1</iban><x:iban>DE2</x:iban><x:card>DE3</x:card><card>4</card></a>")
    assert "DE" not in told
    assert "<card>4</card>" in told


def test_a_name_can_be_said_to_be_no_secret_but_not_one_of_ws_security(use: Use) -> None:
    use(MessageLog(shown=["token", "Password"]))
    message = f"<a xmlns:w='{WSSE}'><token>seen</token><w:Password Type='#PasswordText'>hunter2</w:Password></a>"
    told = blanked(message.encode())
    assert "seen" in told
    assert "#PasswordText" in told
    assert "hunter2" not in told


def test_one_text_is_no_collection_of_names() -> None:
    with pytest.raises(TypeError, match="a collection of names"):
        MessageLog(secret="iban")


def test_what_a_secret_refers_to_is_secret() -> None:
    told = blanked(
        b"<a><password href='#id1'/><multiRef id='id1'>hunter2</multiRef><multiRef id='id2'>b</multiRef></a>"
    )
    assert "hunter2" not in told
    assert ">b<" in told


def test_xml_that_travels_as_text_is_looked_through() -> None:
    told = blanked(
        b"<a><data>&lt;login&gt;&lt;password&gt;hunter2&lt;/password&gt;&lt;u&gt;ada&lt;/u&gt;&lt;/login&gt;</data></a>"
    )
    assert "hunter2" not in told
    assert "ada" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"user": "ada", "password": "hunter2"}', '{"user": "ada", "password": "***"}'),
        ('[{"a": {"api_key": {"x": "hunter2"}}}]', '[{"a": {"api_key": "***"}}]'),
        ('{"password": "x", "password": "hunter2"}', '{"password": "***", "password": "***"}'),
        ('{"a": {"pin": 1234}, "a": 1}', '{"a": {"pin": "***"}, "a": 1}'),
        ('{"at": "https://ada:hunter2@example.org/"}', '{"at": "https://***@example.org/"}'),
        ('{"inner": "{\\"secret\\": \\"hunter2\\"}"}', '{"inner": "{\\"secret\\": \\"***\\"}"}'),
        ('{"inner": "<a><pin>1</pin></a>"}', '{"inner": "<a><pin>***</pin></a>"}'),
        ('"{\\"secret\\": \\"hunter2\\"}"', '"{\\"secret\\": \\"***\\"}"'),
        ('{"password": "hunter2"', "(22 characters like JSON)"),
        ('{"password": "hunter2"} {"a": 1}', "(32 characters like JSON)"),
        ('{"a":' * 5000 + '{"password":"hunter2"}' + "}" * 5000, "(30,022 characters like JSON)"),
        ('{"password": null,  "n": 1.50}', '{"password": null,  "n": 1.50}'),
        ("{urn:example}name", "{urn:example}name"),
        ("[a note]", "[a note]"),
        ('"quoted"', '"quoted"'),
    ],
    ids=range(15),
)
def test_json_that_travels_as_text_is_looked_through(text: str, told: str) -> None:
    element = etree.Element("a")
    element.text = text
    assert etree.fromstring(blanked(etree.tostring(element))).text == told


def test_secrets_in_json_are_known_where_they_are_repeated() -> None:
    text = '{"login": {"password": "hunter2"}, "note": "{\\"pin\\": 987654}"}'
    known = Known.of([f"<a>{text}</a>".encode()])
    assert known.are_in("no user has the password 'hunter2'")
    assert known.are_in("pin 987654 is wrong")
    assert not known.are_in("login failed")


def test_markup_that_is_no_xml_is_not_told() -> None:
    assert blanked(b"<a>&lt;password&gt;hunter2</a>") == "<a>(17 characters of markup)</a>"


def test_a_certificate_is_told_a_token_of_another_kind_is_not() -> None:
    token = "<w:BinarySecurityToken xmlns:w='%s' ValueType='%s'>MIIB</w:BinarySecurityToken>"
    assert "MIIB" in blanked((token % (WSSE, "http://x#X509v3")).encode())
    assert "MIIB" not in blanked((token % (WSSE, "http://x#Kerberosv5_AP_REQ")).encode())


def test_what_is_known_to_be_secret_is_masked_wherever_it_is_repeated() -> None:
    known = Known.of([b"<login><password>hunter2</password></login>"])
    told = blanked(b"<a b='hunter2'><c>you said hunter2</c>hunter2<d>other</d></a>", known)
    assert "hunter2" not in told
    assert "other" in told


def test_what_is_known_is_recognised_where_it_is_cut_short_or_escaped() -> None:
    known = Known.of(["<login><password>abc'\\\nd\u00e9fghijkl</password></login>".encode()])
    assert known.are_in(repr("abc'\\\nd\u00e9fghijkl")[:20])
    assert known.are_in("abc'\\\nd\u00e9fgh...")
    assert not known.are_in("abcd")


def test_long_texts_and_long_messages_are_cut(use: Use) -> None:
    use(MessageLog(text=10, characters=60, parsed=500))
    assert blanked(b"<a>" + b"x" * 100 + b"</a>") == "<a>xxxxxxxxxx... (100 characters)</a>"
    assert blanked(b"<a>" + b"<b>y</b>" * 30 + b"</a>").endswith("... (247 characters)")
    assert blanked(b"<a>" + b"x" * 500 + b"</a>") == "(507 bytes, too long for the log)"


def test_the_reason_of_a_fault_is_replaced(use: Use) -> None:
    soap = "http://www.w3.org/2003/05/soap-envelope"
    fault = "<s:Fault><s:Reason><s:Text>'hunter2' is wrong</s:Text></s:Reason></s:Fault>"
    message = f"<s:Envelope xmlns:s='{soap}'><s:Body>{fault}</s:Body></s:Envelope>"
    assert "<s:Text>is wrong</s:Text>" in blanked(message.encode(), reason="is wrong")


URLS = [
    ("https://ada:hunter2@host/a", "https://***@host/a"),
    ("https://host/a?b=1&amp;access_token=hunter2&amp;c#d", "https://host/a?b=1&amp;access_token=***&amp;c#d"),
    ("https://host/a?wsdl", "https://host/a?wsdl"),
    ("urn:x:y", "urn:x:y"),
]


@pytest.mark.parametrize("url, told", URLS)
def test_a_url_is_told_without_its_secrets(url: str, told: str) -> None:
    assert blanked(f"<a b='{url}'>{url}</a>".encode()) == f'<a b="{told}">{told}</a>'


def test_the_secret_parameters_of_a_query_are_known_as_they_are_and_as_they_are_spelt() -> None:
    known = Known.of_query("user=ada&password=hunter%202&api-key=k%26ey")
    assert known.are_in("GET /login?password=hunter%202")
    assert known.are_in("hunter 2 is wrong")
    assert known.are_in("k&ey")
    assert not known.are_in("ada")
