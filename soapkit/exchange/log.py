"""Tell what passes, with secrets blanked: the logger ``soapkit.messages``, off unless it is set to DEBUG.

Secrets are blanked in the parsed tree, not by patterns on text: passwords, keys, tokens' secrets and signatures'
private parts never reach a log. What cannot be parsed is not written out.
"""

from __future__ import annotations

import logging

from soapkit.errors import XmlError
from soapkit.soap.envelope import Envelope
from soapkit.xml.names import WSSE, clark
from soapkit.xml.parse import parse_message
from soapkit.xml.serialise import serialise

logger = logging.getLogger("soapkit.messages")

# The elements whose text is a secret. Names of a contract's own (a Login's password) can be added.
SECRETS = {clark(WSSE, "Password"), "password", "Password", "passwd", "secret", "BinarySecret"}

LONGEST = 20_000  # characters of one message in the log


def log_message(what: str, operation: str, message: bytes | Envelope) -> None:
    """Write a message to the log, if anybody listens: ``sent transfer: <soap:Envelope ...``."""
    if logger.isEnabledFor(logging.DEBUG):
        text = blanked(message if isinstance(message, bytes) else message.to_bytes())
        logger.debug("%s %s: %s", what, operation, text)


def blanked(message: bytes) -> str:
    """The message as text, secrets replaced by ``***``.

    >>> blanked(b"<a><password>x</password></a>")
    '<a><password>***</password></a>'
    """
    if not message:
        return "(empty)"
    try:
        root = parse_message(message)
    except XmlError as error:
        return f"({len(message)} bytes, not XML: {error})"
    for element in root.iter():
        name = str(element.tag)
        if name in SECRETS or name.rpartition("}")[2] in SECRETS:
            for inner in list(element):
                element.remove(inner)
            element.text = "***"
    text = serialise(root).decode()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text):,} characters)"
