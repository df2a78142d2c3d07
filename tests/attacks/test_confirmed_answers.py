"""SignatureConfirmation: an answer to another request, or to what somebody left of a request, is no answer.

WSS SOAP Message Security 1.1, 8.5: the initiator must find every signature of its request confirmed, and no others.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from lxml import etree

import soapkit
from soapkit.errors import SecurityError
from soapkit.security import Require, Security, Sign, SignatureConfirmation, Timestamp
from soapkit.security.markup import SIGNATURE
from soapkit.soap.envelope import Envelope
from soapkit.testing import loopback
from soapkit.transport.values import Request, Response
from soapkit.xml.parse import parse_message
from tests.parties import make_keys

CONFIRMED = ["Body", "Timestamp", "SignatureConfirmation"]


def client(keys, *more) -> Security:
    return Security(
        outbound=[Timestamp(), Sign(keys.alice), *more],
        inbound=Require(signed=["Body", "SignatureConfirmation"], trust=keys.trust, confirmed=True),
    )


def service(keys) -> Security:
    return Security(
        outbound=[Timestamp(), SignatureConfirmation(), Sign(keys.bob, parts=CONFIRMED)],
        inbound=Require(signed=["Body", "Timestamp"], trust=keys.trust),
    )


def answer(service: Security, request: Envelope, plain: Envelope, now) -> Envelope:
    return service.apply(plain, now=now, request=service.verify(request, now=now))


def test_an_answer_to_another_call_under_way_is_none(plain, keys, now):
    """Somebody on the way exchanges the answers of two calls: each has a right signature, and confirms a request."""
    both = client(keys)
    one, other = both.of_one_call(), both.of_one_call()
    first, second = (answer(service(keys), each.apply(plain, now=now), plain, now) for each in (one, other))
    for side, wrong in ((one, second), (other, first)):
        with pytest.raises(SecurityError, match="the signatures of one request"):
            side.verify(wrong, now=now)
    assert one.verify(first, now=now).signer_name == other.verify(second, now=now).signer_name == "CN=bob"


def test_an_answer_to_a_request_without_one_of_its_signatures_is_none(plain, keys, now):
    """Somebody took out the second signature, which the service did not ask for: the answer does not confirm it."""
    ours = client(keys, Sign(keys.curve, parts=["Signature"]))
    request = ours.apply(plain, now=now)
    whole = answer(service(keys), request, plain, now)
    root = parse_message(request.to_bytes())
    taken = next(each for each in root.iter(SIGNATURE) if b"ecdsa" in etree.tostring(each))
    taken.getparent().remove(taken)
    with pytest.raises(SecurityError, match="all of them and no others"):
        ours.verify(answer(service(keys), Envelope.read(root), plain, now), now=now)
    assert ours.verify(whole, now=now).signer_name == "CN=bob"
    with pytest.raises(SecurityError):  # once
        ours.verify(whole, now=now)


@soapkit.service("urn:example:clock")
class Clock:
    @soapkit.operation
    def tell(self, zone: str) -> str:
        return f"noon in {zone}"


class Exchanging:
    """A transport for two calls at once, which gives each the answer of the other where it is told to."""

    def __init__(self, application: soapkit.Asgi, *, exchanges: bool) -> None:
        self._inner, self._exchanges = loopback(application), exchanges
        self._both, self._answers = threading.Barrier(2), {}

    def send(self, request: Request) -> Response:
        self._answers[threading.get_ident()] = self._inner.send(request)
        self._both.wait(timeout=30)
        for thread, answer in self._answers.items():
            if (thread == threading.get_ident()) is not self._exchanges:
                return answer
        raise AssertionError("two threads, two answers")

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("exchanges", [True, False])
def test_two_calls_of_one_client_are_not_answered_crosswise(exchanges):
    keys = make_keys(datetime.now(UTC))
    application = soapkit.asgi(Clock(), security=service(keys))
    contract = application.endpoints[""].publication.publish("http://a.example/")["wsdl"]
    transport = Exchanging(application, exchanges=exchanges)
    ours = soapkit.Client.from_wsdl(contract, security=client(keys), transport=transport)

    def tell(zone: str) -> str:
        try:
            return str(ours.tell(zone=zone))
        except SecurityError:
            return "refused"

    with ThreadPoolExecutor(2) as threads:
        told = list(threads.map(tell, ["Oslo", "Rome"]))
    assert told == (["refused", "refused"] if exchanges else ["noon in Oslo", "noon in Rome"])
