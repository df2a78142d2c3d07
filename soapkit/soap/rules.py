"""What a receiver must refuse though it could be read: the rules of an envelope that structure alone does not keep.

Meant for requests. A client reads replies more leniently: a caller gains nothing from a reply that is refused.
"""

from __future__ import annotations

from collections.abc import Container

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import LimitError, MessageError
from soapkit.soap.envelope import Envelope
from soapkit.soap.headers import blocks_for
from soapkit.soap.version import SOAP_1_2, VERSIONS
from soapkit.xml.names import SOAP11_ENC, SOAP12, SOAP12_ENC
from soapkit.xml.walk import children, path_of, place_of, tag_of

# The encodings of both versions, and the two ways to say "none" (SOAP 1.1, 4.1.1; SOAP 1.2 part 1, 5.1.1). That of
# SOAP 1.1 is met with and without its last slash.
_KNOWN_ENCODINGS = frozenset({"", f"{SOAP12}/encoding/none", SOAP12_ENC, SOAP11_ENC, SOAP11_ENC.rstrip("/")})

_INSIDE = {
    version: etree.XPath("descendant::*/@e:encodingStyle", namespaces={"e": version.namespace})
    for version in VERSIONS.values()
}

MOST_HEADERS = 100  # blocks of one message; the richest profiles of WS-* have about fifteen


def check_rules(envelope: Envelope) -> None:
    """Refuse a request that breaks a rule of its SOAP version.

    Raises `MessageError` (code ``Sender``); `LimitError` for more header blocks than anybody writes. The rules:

    * SOAP 1.2: Envelope, Header and Body carry no encodingStyle and no unqualified attribute (5.1 to 5.3), and between
      their children only white space (5);
    * SOAP 1.2: a header block is in a namespace (5.2.1), and so it is in SOAP 1.1 (4.2);
    * a Fault is alone in its Body (SOAP 1.2 part 1, 5.4; SOAP 1.1, 4.4).
    """
    version = envelope.version
    if version is SOAP_1_2:
        for element in (envelope.root, envelope.header, envelope.body):
            if element is not None:
                _check_frame(element)
    headers = envelope.headers
    if len(headers) > MOST_HEADERS:
        raise LimitError(f"the message has {len(headers):,} header blocks; at most {MOST_HEADERS} are read")
    for block in headers:
        if not tag_of(block).startswith("{"):
            raise _refused(block, f"header block {tag_of(block)} is in no namespace")
    entries = envelope.content
    for entry in entries:
        if entry.tag == version.fault and len(entries) > 1:
            raise _refused(entry, "a Fault is the only element of its Body")


def check_encodings(envelope: Envelope, processed: Container[str] = (), roles: Container[str] = ()) -> None:
    """Refuse a request that holds something for us in an encoding that is not known: in its Body, or in a header block
    that is processed (`processed`: their Clark names; `roles`: those that we play).

    Call it when every mandatory block is understood: what is wrong with a Body comes after that (SOAP 1.2 part 1, 2.6).
    Raises `MessageError`: code ``DataEncodingUnknown`` (SOAP 1.2 part 1, 5.4.6).
    """
    version = envelope.version
    blocks = (block for block in blocks_for(envelope, roles) if tag_of(block) in processed)
    for part in (*blocks, *envelope.content):
        # what the nearest element says counts; SOAP 1.1, 4.1.1 lets those around the Body say something too
        said = (
            style for each in (part, *part.iterancestors()) if (style := each.get(version.encoding_style)) is not None
        )
        _check_encoding(next(said, ""), part)
        for style in _INSIDE[version](part):
            _check_encoding(str(style), part)


def _check_frame(element: _Element) -> None:
    """Envelope, Header and Body of SOAP 1.2 hold elements, white space and qualified attributes."""
    for name in map(str, element.attrib):
        if name == SOAP_1_2.encoding_style or not name.startswith("{"):
            raise _refused(element, f"attribute {name} may not stand on {path_of(element)}")
    if _is_text(element.text) or any(_is_text(child.tail) for child in children(element)):
        raise _refused(element, f"{path_of(element)} may hold no text of its own")


def _check_encoding(styles: str, part: _Element) -> None:
    if not _KNOWN_ENCODINGS.issuperset(styles.split()):
        raise MessageError(
            f"this is in encoding {styles!r}, which is not known here",
            code="DataEncodingUnknown",
            place=place_of(part, "message"),
        )


def _is_text(text: str | None) -> bool:
    return text is not None and bool(text.strip(" \t\r\n"))


def _refused(element: _Element, sentence: str) -> MessageError:
    return MessageError(sentence, place=place_of(element, "message"))
