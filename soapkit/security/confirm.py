"""SignatureConfirmation: an answer says which signatures its request had. WSS SOAP Message Security 1.1, section 8.5.

A client that gets its own signature values back, signed by the service, knows that its request came whole. An answer
confirms all the signatures of one request, once: what confirms less answers a request that somebody took a signature
out of, and an answer to another request confirms another.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta

from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.markup import SIGNATURE, SIGNATURE_CONFIRMATION, SIGNATURE_VALUE, base64_text, bytes_of, new
from soapkit.security.parts import Message
from soapkit.soap.security_result import SecurityResult
from soapkit.xml.walk import children, place_of

_KEPT = timedelta(hours=1)


class SentSignatures:
    """The signature values of each message sent, until its answer has come. Bounded; thread-safe."""

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._held: OrderedDict[frozenset[bytes], datetime] = OrderedDict()
        self._lock = threading.Lock()

    def remember(self, values: Iterable[bytes], now: datetime) -> None:
        """Hold those of one message for an hour, the oldest giving way when there are many."""
        with self._lock:
            self._held[frozenset(values)] = now + _KEPT
            while len(self._held) > self._capacity:
                self._held.popitem(last=False)

    def take(self, values: Iterable[bytes], now: datetime) -> bool:
        """Whether these are all of one message sent, and were not confirmed before; then they are confirmed."""
        with self._lock:
            expires = self._held.pop(frozenset(values), None)
            return expires is not None and expires > now

    def __repr__(self) -> str:
        return f"SentSignatures({len(self._held)} held)"


def signature_values(message: Message) -> tuple[bytes, ...]:
    """The values of the signatures in the security header."""
    values = (next(children(token, SIGNATURE_VALUE), None) for token in message.tokens if token.tag == SIGNATURE)
    return tuple(bytes_of(value) for value in values if value is not None)


def confirmations(values: Iterable[bytes]) -> list[_Element]:
    """A SignatureConfirmation for each value; one without where there are none, which says that nothing was signed."""
    made = []
    wanted: list[bytes | None] = [*values]
    for value in wanted or [None]:
        element = new(SIGNATURE_CONFIRMATION)
        if value is not None:
            element.set("Value", base64_text(value))
        made.append(element)
    return made


def check_confirmed(message: Message, result: SecurityResult, sent: SentSignatures, now: datetime) -> None:
    """Raise `SecurityError` unless the message confirms, signed, signatures that we sent."""
    found = message.named("SignatureConfirmation")
    if not found:
        raise SecurityError("the message confirms no signature of ours: it has no SignatureConfirmation")
    for element in found:
        if not result.is_signed(element):
            raise SecurityError("a SignatureConfirmation is not signed: anyone may have put it there")
    values = [_value(element) for element in found]
    if not sent.take(values, now):
        raise SecurityError(
            "the message does not confirm the signatures of one request of ours, all of them and no others"
        )


def _value(element: _Element) -> bytes:
    text = element.get("Value")
    if text is None:
        told = "the message confirms that nothing was signed, where a signature of ours must be confirmed"
        raise SecurityError(told, place=place_of(element))
    copy = new(SIGNATURE_CONFIRMATION)
    copy.text = text
    return bytes_of(copy)
