"""An HttpsToken asks the connection to show who calls: held against callers, told to clients before they call."""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import soapkit
from soapkit.errors import Fault, LoginError, SecurityError, UsageError
from soapkit.policy import Keys
from soapkit.security import ConnectionRules, Require, Security, Timestamp, TrustStore
from soapkit.security.sender import Login, Sender
from soapkit.security.throwaway import make_authority, write_keys
from soapkit.server.http import HttpRequest
from soapkit.server.logins import logins_of
from soapkit.server.tls import TlsHTTPProtocol
from soapkit.testing import FakeTransport, loopback
from soapkit.transport.auth import Basic, Bearer, Digest
from soapkit.transport.urllib3 import Urllib3Transport
from soapkit.transport.values import Headers, Request
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from tests.policy.contracts import contract, conversing, nested, transport
from tests.policy.messages import sample
from tests.policy.services import ASYMMETRIC, PASSWORDS, Doubler, Pairs, published

ADDRESS = "https://a.example/"
HTTP = "http://schemas.microsoft.com/ws/06/2004/policy/http"
ASKS = {
    "certificate": transport(https="<sp:RequireClientCertificate/>", timestamp=False),
    "basic": transport(https="<sp:HttpBasicAuthentication/>", timestamp=False),
    "digest": transport(https="<sp:HttpDigestAuthentication/>", timestamp=False),
    "certificate, of 1.1": transport(timestamp=False).replace(
        "<sp:HttpsToken>", '<sp:HttpsToken RequireClientCertificate="true">'
    ),
    "basic, as .NET has it": transport(timestamp=False) + f'<h:BasicAuthentication xmlns:h="{HTTP}"/>',
    "basic, without a binding": f'<h:BasicAuthentication xmlns:h="{HTTP}"/>',
    "certificate, to begin a conversation": transport()
    + nested("EndorsingSupportingTokens", conversing(transport(https="<sp:RequireClientCertificate/>"))),
}
SHOWING: dict[str, Any] = {
    "certificate": Sender(certificate=make_authority().certificate),
    "basic": Sender(logins=(Login("basic", "alice", "changeit"),)),
    "digest": Sender(logins=(Login("digest", "alice"),)),
}


def asked(what: str) -> Contract:
    return load_contract(contract(ASKS[what], address=ADDRESS))


def service(what: str, logins: Any = PASSWORDS) -> Security:
    return Security.from_contract(asked(what), keys=Keys(logins=logins), side="server")


@pytest.mark.parametrize("what", [name for name in ASKS if "begin" not in name])
def test_a_call_that_shows_nothing_of_who_sends_it_is_refused(what: str) -> None:
    kind = what.partition(",")[0]
    settings = service(what, "host" if kind == "digest" else PASSWORDS)
    request = sample(asked(what))
    assert settings.asks_sender
    for shown, sender in SHOWING.items():
        if shown == kind:
            assert settings.verify(request, sender=sender).username == (None if kind == "certificate" else "alice")
        else:
            with pytest.raises(SecurityError):
                settings.verify(request, sender=sender)
    with pytest.raises(SecurityError):
        settings.verify(request)
    settings.apply(sample(asked(what), "reply"))


@pytest.mark.parametrize(
    "login",
    [
        Login("basic", "alice", "guess"),
        Login("basic", "alice", ""),
        Login("basic", "nobody", ""),
        Login("basic", "nobody", "changeit"),
        Login("basic", "alice"),  # of a web server whose word was not asked for
        Login("digest", "alice"),
    ],
)
def test_a_basic_login_is_held_against_the_passwords(login: Login) -> None:
    with pytest.raises(LoginError):
        service("basic").verify(sample(asked("basic")), sender=Sender(logins=(login,)))


def test_what_the_web_server_checked_is_believed_where_that_is_said() -> None:
    settings, request = service("basic", "host"), sample(asked("basic"))
    checked, brought = Login("basic", "alice"), Login("basic", "mallory", "whatever")
    assert settings.verify(request, sender=Sender(logins=(checked, brought))).username == "alice"
    with pytest.raises(SecurityError, match="must have been checked by the web server"):
        settings.verify(request, sender=Sender(logins=(brought,)))


@pytest.mark.parametrize(
    ("field", "found"),
    [
        (b64encode(b"alice:a:b"), [("basic", "alice", "a:b")]),
        (b64encode("älice:ü".encode()), [("basic", "älice", "ü")]),
        (b64encode("älice:ü".encode("latin-1")), [("basic", "älice", "ü")]),
        (b64encode(b"alice"), []),
        (b"!!", []),
        (b"", []),
    ],
)
def test_a_login_is_read_from_the_field_of_the_request(field: bytes, found: Any) -> None:
    request = HttpRequest("POST", "/", headers=Headers({"Authorization": f"bAsIc {field.decode()}"}))
    assert list(logins_of(request)) == found


def test_a_caller_cannot_write_what_the_web_server_says() -> None:
    written = Headers({"Remote-User": "alice", "Auth-Type": "Digest", "Authorization": 'Digest username="alice"'})
    assert not list(logins_of(HttpRequest("POST", "/", headers=written)))
    said = {"REMOTE_USER": "alice", "AUTH_TYPE": "Digest"}
    assert list(logins_of(HttpRequest("POST", "/", extra=said))) == [("digest", "alice", None)]


@pytest.mark.parametrize(
    ("what", "logins", "told"),
    [
        ("basic", None, r"asks for HTTP logins \(Basic\); give Keys\(logins=...\)"),
        ("digest", None, r"asks for HTTP logins \(Digest\); give Keys\(logins=...\)"),
        ("digest", PASSWORDS, "soapkit checks no Digest logins"),
    ],
)
def test_a_service_is_told_what_its_logins_need(what: str, logins: Any, told: str) -> None:
    with pytest.raises(SecurityError, match=told):
        service(what, logins)


def test_one_request_cannot_log_in_twice() -> None:
    both = transport(https="<sp:HttpBasicAuthentication/><sp:HttpDigestAuthentication/>")
    with pytest.raises(SecurityError, match="a request has one"):
        Security.from_contract(load_contract(contract(both)), keys=Keys())


HAVING = {
    "certificate": Urllib3Transport(certificate="alice.pem"),
    "basic": Urllib3Transport(auth=Basic("alice", "x")),
    "digest": Urllib3Transport(auth=Digest("alice", "x")),
}
OTHERS = {"nothing": Urllib3Transport(), "bearer": Urllib3Transport(auth=Bearer("x"))}


@pytest.mark.parametrize("what", ASKS)
def test_a_client_whose_transport_has_nothing_to_show_is_told_before_it_calls(what: str) -> None:
    kind = what.partition(",")[0]
    known = asked(what)
    settings = Security.from_contract(known, keys=Keys())
    for name, channel in {**HAVING, **OTHERS, "none": None}.items():
        if name == kind:
            soapkit.Client.from_wsdl(known, security=settings, transport=channel)
        else:
            with pytest.raises(UsageError, match=r"asks for .* so the contract says"):
                soapkit.Client.from_wsdl(known, security=settings, transport=channel)


class Ntlm:
    """A login of somebody's own."""

    def auth_flow(self, request: Request) -> Any:
        yield request


@pytest.mark.parametrize(
    "channel",
    [FakeTransport(b""), Urllib3Transport(verify=ssl.create_default_context(), auth=Ntlm())],
)
def test_a_transport_that_does_not_tell_is_left_alone(channel: Any) -> None:
    for what in ("certificate", "basic"):
        soapkit.Client.from_wsdl(
            asked(what), security=Security.from_contract(asked(what), keys=Keys()), transport=channel
        )


@pytest.mark.parametrize(
    ("rules", "option"),
    [
        (ConnectionRules(certificate=True), "RequireClientCertificate"),
        (ConnectionRules(login="basic", passwords=PASSWORDS), "HttpBasicAuthentication"),
        (ConnectionRules(login="digest"), "HttpDigestAuthentication"),
    ],
)
def test_what_a_service_written_in_code_wants_shown_its_contract_says(
    rules: ConnectionRules, option: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Security([Timestamp()], Require(present=["Timestamp"], connection=rules))
    application = soapkit.asgi(Doubler(), security=settings, policy="required")
    said = published(application, ADDRESS)
    assert option.encode() in said
    assert Security.from_contract(load_contract(said), keys=Keys()).shows == rules.shown
    assert b"Policy" not in published(application, "http://a.example/")


def test_messages_that_are_signed_cannot_say_it_beside() -> None:
    authority = make_authority()
    settings = ASYMMETRIC["signed"](Pairs(TrustStore.of(authority), authority, authority))
    shown = replace(settings, inbound=replace(settings.inbound, connection=ConnectionRules(certificate=True)))
    with pytest.raises(SecurityError, match="a client certificate must be shown: said of HTTPS alone"):
        soapkit.asgi(Doubler(), security=shown, policy="required")


def test_over_the_loopback_a_login_is_asked_for() -> None:
    application = soapkit.asgi(Doubler(), security=service("basic"))
    answer = loopback(application).send(
        Request(ADDRESS, sample(asked("basic")).to_bytes(), Headers({"Content-Type": "text/xml", "SOAPAction": '""'}))
    )
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Basic realm="Doubler", charset="UTF-8"'
    assert b"security requirements" in answer.body


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    write_keys(folder, ["localhost", "alice"])
    return folder


@pytest.mark.parametrize("what", ["certificate", "basic"])
def test_over_tls_who_shows_it_is_served_and_nobody_else(what: str, folder: Path, serve: Callable[..., str]) -> None:
    address = serve(
        soapkit.asgi(Doubler(), security=service(what)),
        http=TlsHTTPProtocol,
        ssl_certfile=folder / "localhost.pem",
        ssl_keyfile=folder / "localhost.key",
        ssl_ca_certs=str(folder / "ca.pem"),
        ssl_cert_reqs=ssl.CERT_OPTIONAL,
    ).replace("http:", "https:")
    has: dict[str, Any] = {
        "certificate": {"certificate": (folder / "alice.pem", folder / "alice.key")},
        "basic": {"auth": Basic("alice", "changeit")},
    }
    channel = Urllib3Transport(verify=folder / "ca.pem", **has[what])
    settings = Security.from_contract(asked(what), keys=Keys())
    with soapkit.Client.from_wsdl(asked(what), address, security=settings, transport=channel) as client:
        assert client.double(number=21) == 42
    plain = Urllib3Transport(verify=folder / "ca.pem")
    with soapkit.Client.from_wsdl(asked(what), address, transport=plain) as client, pytest.raises(Fault):
        client.double(number=21)
