"""Documents with texts longer than libxml2 takes unless told: a scanned contract of 15 MB that travels inline.

libxml2's switch (XML_PARSE_HUGE) takes away more than that limit: that on depth, and on what entities may come to. So a
document is read so only if it has no DOCTYPE, and who reads it looks at depth and texts afterwards.
"""

from __future__ import annotations

from lxml import etree

LIBXML2_TEXT = 10_000_000  # characters of a text or an attribute
_PIECE = 4096


def is_of_size(error: etree.XMLSyntaxError) -> bool:
    """Whether libxml2 refused a document since something in it is too long, or too deep."""
    return "huge" in (error.msg or "").lower()


def has_doctype(data: bytes) -> bool:
    """Whether a DOCTYPE stands before the root element, in whatever encoding. It is not read. A document that comes to
    no root element counts as one."""
    return doctype_before_root(data) is not False


def doctype_before_root(start: bytes) -> bool | None:
    """The same for a document that begins so; None: more of it must be seen."""
    # recover: nothing is believed here, and up to a mistake this parser sees what a strict one sees
    parser = etree.XMLPullParser(
        events=("start",), resolve_entities=False, no_network=True, load_dtd=False, recover=True
    )
    for at in range(0, len(start), _PIECE):
        parser.feed(start[at : at + _PIECE])
        for _, element in parser.read_events():
            docinfo = element.getroottree().docinfo
            return docinfo.internalDTD is not None or bool(docinfo.doctype)
    return None
