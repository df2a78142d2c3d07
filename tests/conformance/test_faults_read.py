"""Faults of SOAP 1.1 that a client must read, clause by clause: SOAP 1.1, 4.4; WS-I Basic Profile 1.1, 3.3."""

# ruff: noqa: E501  one row of the table a line

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

import soapkit
from soapkit.errors import Fault, FaultCode
from soapkit.server.service import operation, service
from soapkit.testing import FakeTransport, loopback
from soapkit.transport.values import Headers, Request, Response

S11 = "http://schemas.xmlsoap.org/soap/envelope/"


@service("urn:test")
class Called:
    """Is called."""

    @operation
    def echo(self, text: str) -> str:
        """Say it again."""
        return text


CONTRACT = loopback(soapkit.wsgi(Called())).send(Request("http://service.example/?wsdl", method="GET")).body


SENDER = FaultCode("Sender")


@dataclass(frozen=True)
class Read:
    clause: str
    demand: str
    fault: str
    code: FaultCode = SENDER
    reason: str = "no"
    says: dict[str, Any] = field(default_factory=dict)
    status: int = 500


def told(code: str = "e:Client", more: str = "", reason: str = "<faultstring>no</faultstring>") -> str:
    return f"<e:Fault><faultcode>{code}</faultcode>{reason}{more}</e:Fault>"


READ = [
    Read("1.1 4.4", "code and string", told()),
    Read("1.1 4.4", "an actor", told(more="<faultactor>urn:a</faultactor>"), says={"actor": "urn:a"}),
    *[Read("1.1 4.4.1", code, told(f"e:{code}"), FaultCode(name)) for code, name in (("Server", "Receiver"), ("VersionMismatch", "VersionMismatch"), ("MustUnderstand", "MustUnderstand"))],
    Read("1.1 4.4.1", "a dotted code", told("e:Client.Authentication"), FaultCode("Sender", (f"{{{S11}}}Client.Authentication",))),
    Read("BP R1004", "a code of one's own", told("q:Odd").replace("<faultcode>", '<faultcode xmlns:q="urn:q">'), FaultCode("Receiver", ("{urn:q}Odd",))),
    Read("BP R1016", "a language", told(reason='<faultstring xml:lang="de">nein</faultstring>'), reason="nein", says={"reasons": {"de": "nein"}}),
    Read("BP R1002", "a detail with nothing in it", told(more="<detail/>"), says={"detail": ()}),
    Read("BP R1002", "children of the detail, qualified or not", told(more='<detail><a/><q:b xmlns:q="urn:q"/>words</detail>'), says={"tags": ["a", "{urn:q}b"]}),
    Read("BP R1003", "attributes of the detail, qualified or not", told(more='<detail a="1" q:b="2" xmlns:q="urn:q"><a/></detail>'), says={"tags": ["a"]}),
    Read("BP R1107", "a fault with status 200", told(), status=200),
    Read("BP R1107", "a fault with status 400", told(), status=400),
    Read("BP R1001", "qualified children, which must not be", told().replace("<fault", "<e:fault").replace("</fault", "</e:fault")),
    Read("1.1 5.4.1", "what a detail refers to may stand behind the Fault", told(more='<detail><a href="#r"/></detail>') + '<m id="r">words</m>', says={"tags": ["a"]}),
]  # fmt: skip


@pytest.mark.parametrize("case", READ, ids=lambda case: f"{case.clause}: {case.demand}")
def test_a_client_reads_the_fault(case: Read) -> None:
    message = f'<e:Envelope xmlns:e="{S11}"><e:Body>{case.fault}</e:Body></e:Envelope>'.encode()
    transport = FakeTransport(Response(case.status, Headers({"Content-Type": "text/xml; charset=utf-8"}), message))
    client = soapkit.Client.from_wsdl(CONTRACT, "http://service.example/", version="1.1", transport=transport)
    with pytest.raises(Fault) as caught:
        client.echo(text="hi")
    fault = caught.value
    assert (fault.code, fault.reason) == (case.code, case.reason)
    found = {"tags": [entry.tag for entry in fault.detail], **vars(fault)}
    assert {name: found[name] for name in case.says} == case.says
