"""Tell what passes: the logger ``soapkit.messages``, at DEBUG one line for each message, without its body.

Bodies are told where that is asked for (`set_message_log`), with secrets masked in the parsed tree
(`soapkit.exchange.masking`) and long texts cut. What cannot be parsed is not written out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import XmlError
from soapkit.exchange.masking import NOTHING, Known, Names, mask
from soapkit.soap.envelope import Envelope
from soapkit.soap.wire import Unparsed
from soapkit.xml.names import SOAP11, SOAP12, clark
from soapkit.xml.parse import parse_message
from soapkit.xml.serialise import serialise
from soapkit.xml.walk import child

logger = logging.getLogger("soapkit.messages")


@dataclass(frozen=True, slots=True)
class MessageLog:
    """What the logger ``soapkit.messages`` is told of each message, and which names are secret in every log.

    `bodies`: the envelope too, masked; otherwise its size only. `secret`: elements and attributes that are masked
    beside those that look like secrets, by local name or as ``{namespace}name``; `shown`: names that are not, although
    they look like it. `characters`: of one message; `text`: of one text inside it; `parsed`: bytes of a message beyond
    which it is not looked into.

    >>> set_message_log(MessageLog(bodies=True, secret={"iban", "{urn:bank}CardNumber"}))    # doctest: +SKIP
    """

    bodies: bool = False
    secret: Iterable[str] = ()
    shown: Iterable[str] = ()
    characters: int = 20_000
    text: int = 1_000
    parsed: int = 1_000_000
    names: Names = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.secret, str) or isinstance(self.shown, str):
            raise TypeError("expected a collection of names, not one text")
        object.__setattr__(self, "names", Names(frozenset(self.secret), frozenset(self.shown)))


_log = MessageLog()


def set_message_log(settings: MessageLog) -> MessageLog:
    """How messages are logged from now on, by clients and services of this process. Gives the settings until now."""
    global _log
    before, _log = _log, settings
    return before


def secret_names() -> Names:
    """Which names are secret in every log of this process."""
    return _log.names


def is_heard() -> bool:
    """Whether anybody listens to what `log_message` tells: asked once for all that a call tells."""
    return logger.isEnabledFor(logging.DEBUG)


def log_message(
    what: str,
    operation: str,
    message: bytes | Envelope | Unparsed,
    *,
    known: Callable[[], Known] = lambda: NOTHING,
    reason: str | None = None,
    size: int = 0,
) -> None:
    """Write a message to the log, if anybody listens: ``sent transfer: 812 bytes``.

    `known`: what else is secret in it, such as what the request held that it answers; `reason`: for a fault, what the
    log says in the place of its reason, where that repeats what a sender sent; `size`: how many bytes it had on the
    wire, where `message` is a tree.
    """
    if is_heard():
        if isinstance(message, Unparsed):
            message = message.body
        if _log.bodies:
            text = blanked(message if isinstance(message, bytes) else message.to_bytes(), known(), reason)
        else:
            size = len(message) if isinstance(message, bytes) else size
            text = f"{size:,} bytes" if size else "a message with parts"
        logger.debug("%s %s: %s", what, operation, text)


def blanked(message: bytes, known: Known = NOTHING, reason: str | None = None) -> str:
    """The message as text, secrets replaced by ``***``, long texts cut.

    >>> blanked(b"<a><password>x</password></a>")
    '<a><password>***</password></a>'
    """
    if not message:
        return "(empty)"
    if len(message) > _log.parsed:
        return f"({len(message):,} bytes, too long for the log)"
    try:
        root = parse_message(message)
    except XmlError as error:
        return f"({len(message):,} bytes, not XML: {error.for_log})"
    if reason is not None:
        _put_reason(root, reason)
    mask(root, _log.names, known)
    _shorten(root, _log.text)
    text = serialise(root).decode()
    return text if len(text) <= _log.characters else f"{text[: _log.characters]}... ({len(text):,} characters)"


def _put_reason(root: _Element, reason: str) -> None:
    """Another reason for the fault in an envelope; both versions."""
    for namespace in (SOAP11, SOAP12):
        body = child(root, clark(namespace, "Body"))
        fault = child(body, clark(namespace, "Fault")) if body is not None else None
        if fault is not None:
            for text in (*fault.iter("faultstring"), *fault.iter(clark(namespace, "Text"))):
                text.text = reason


def _shorten(root: _Element, most: int) -> None:
    for element in root.iter(etree.Element):
        for name, value in element.items():
            if len(value) > most:
                element.set(name, _cut(value, most))
        if element.text and len(element.text) > most:
            element.text = _cut(element.text, most)
        if element.tail and len(element.tail) > most:
            element.tail = _cut(element.tail, most)


def _cut(text: str, most: int) -> str:
    return f"{text[:most]}... ({len(text):,} characters)"
