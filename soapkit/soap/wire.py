"""pack() and unpack(): an envelope and the body of an HTTP message, with its media type.

    pack      bytes, version, action -> body, header fields
    unpack    body, Content-Type     -> Envelope

SOAP 1.1, 6; SOAP 1.2 part 2, 7 and appendix A (application/soap+xml); RFC 7303 (which encoding an XML body is in).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import quote

import msgspec

from soapkit.errors import MessageError, Place, UsageError, XmlError
from soapkit.soap.envelope import Envelope
from soapkit.soap.version import SOAP_1_1, Version
from soapkit.xml.encodings import UTF16_MARKS, utf16_of
from soapkit.xml.parse import DEFAULT_LIMITS, XmlLimits
from soapkit.xml.positions import columns_from

# --- media types --------------------------------------------------------------------------------------------------

_TYPE = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?=[;,]|\Z)")

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(?=[;,]|\Z)', re.DOTALL)  # RFC 9110, 5.6.4
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_CACHED_LENGTH = 256  # longer ones are read each time, so that strangers cannot fill the cache


@dataclass(frozen=True, slots=True)
class MediaType:
    """A Content-Type: `name` (``text/xml``) and the names of `parameters` in lower case, values without quotes."""

    name: str
    parameters: Mapping[str, str]


NO_MEDIA_TYPE = MediaType("", MappingProxyType({}))


def parse_media_type(text: str | None) -> MediaType:
    """Read a Content-Type field; nothing gives `NO_MEDIA_TYPE`.

    Raises `MessageError` for what no reader could agree on: no type, an unclosed quote, one parameter twice with
    two values.

    >>> parse_media_type('application/soap+xml; action="urn:x"').parameters["action"]
    'urn:x'
    """
    if not text or text.isspace():
        return NO_MEDIA_TYPE
    return _parse_cached(text) if len(text) <= _CACHED_LENGTH else _parse(text)


def _parse(text: str) -> MediaType:
    start = _TYPE.match(text)
    if start is None:
        raise MessageError(f"Content-Type {text[:100]!r} is no media type")
    parameters: dict[str, str] = {}
    position = start.end()
    while position < len(text) and text[position] == ";":
        name, value, position = _parameter(text, position + 1)
        if name and parameters.setdefault(name, value) != value:
            raise MessageError(f"Content-Type {text[:100]!r} has two values for {name}")
    # What follows a comma is a second Content-Type, joined by a proxy: the first one counts.
    return MediaType(start.group(1).lower(), MappingProxyType(parameters))


def _parameter(text: str, start: int) -> tuple[str, str, int]:
    """The parameter at `start`: name, value, and where it ends. Name empty: there was no ``name=``, only a word."""
    end = text.find(";", start)
    end = len(text) if end < 0 else end
    equals = text.find("=", start, end)
    if equals < 0:
        return "", "", end
    name = text[start:equals].strip().lower()
    first = equals + 1
    while text[first : first + 1].isspace():
        first += 1
    if text.startswith('"', first):
        quoted = _QUOTED.match(text, first)
        if quoted is None:
            raise MessageError(f"Content-Type {text[:100]!r} has a value for {name} whose quotes are not closed")
        return name, _QUOTED_PAIR.sub(r"\1", quoted.group(1)), quoted.end()
    if name != "action":  # a token holds no comma; KDSoap sends action=http://... without quotes, which may hold any
        comma = text.find(",", first, end)
        end = end if comma < 0 else comma
    return name, _unquoted(text[first:end]), end


_parse_cached = lru_cache(maxsize=512)(_parse)


def _unquoted(value: str) -> str:
    """A value that came without quotes; some peers use single ones around a charset."""
    value = value.strip()
    return value[1:-1] if len(value) >= 2 and value[0] == value[-1] == "'" else value


def read_action(version: Version, media_type: MediaType, soap_action: str | None) -> str:
    """The action of a request: of SOAP 1.1 in the SOAPAction header field, of 1.2 in the media type.

    Empty if there is none. Where the right place is empty, the other one counts: peers have been seen to use it.
    """
    in_field = _unquoted_action(soap_action or "")
    in_type = _action_in(media_type)
    return in_field or in_type if version is SOAP_1_1 else in_type or in_field


def _action_in(media_type: MediaType) -> str:
    """The action parameter. In a multipart it may stand in the type of the root part, which start-info has (Metro)."""
    parameters = media_type.parameters
    if "action" in parameters or "start-info" not in parameters:
        return parameters.get("action", "")
    return parse_media_type(parameters["start-info"]).parameters.get("action", "")


def _unquoted_action(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] == '"' else text


# --- pack ---------------------------------------------------------------------------------------------------------


def pack(envelope: bytes, version: Version, action: str | None = None) -> tuple[bytes, tuple[tuple[str, str], ...]]:
    """The HTTP body and the header fields that describe it.

    `action`: of a request (``""`` if the contract gives none); None for a reply, which carries none. Raises
    `UsageError` for an action that a header field cannot carry.

    >>> pack(b"<soap:Envelope ...", SOAP_1_1, "urn:x#go")[1]
    (('Content-Type', 'text/xml; charset=utf-8'), ('SOAPAction', '"urn:x#go"'))
    """
    return envelope, _fields(version, action)


@lru_cache(maxsize=2048)
def _fields(version: Version, action: str | None) -> tuple[tuple[str, str], ...]:
    """Written once for each action of a contract."""
    content_type = f"{version.media_type}; charset=utf-8"
    if action is None:
        return (("Content-Type", content_type),)
    if version.action_in == "SOAPAction header":
        # SOAP 1.1, 6.1.1; BP 1.1 R2744, R2745: quoted, and there even when it is empty
        return (("Content-Type", content_type), ("SOAPAction", quoted_action(action)))
    if action:
        content_type += f"; action={quoted_action(action)}"
    return (("Content-Type", content_type),)


def quoted_action(action: str) -> str:
    """An action as a quoted string. Characters beyond ASCII are written as a URI has them (RFC 3987, 3.1).

    Raises `UsageError` for a control character, which could end the header field.
    """
    if not action.isprintable():
        raise UsageError(f"the action {action!r} holds a character that HTTP cannot carry")
    if not action.isascii():
        action = quote(action, safe="!\"#$%&'()*+,/:;<=>?@[\\]^_`{|}~ ")
    return '"' + action.replace("\\", "\\\\").replace('"', '\\"') + '"'


# --- unpack -------------------------------------------------------------------------------------------------------

_SEARCHED = 65_536  # bytes in which the title of a page is looked for


def unpack(
    body: bytes, content_type: str | None = None, *, source: str = "message", limits: XmlLimits = DEFAULT_LIMITS
) -> Envelope:
    """The envelope in the body of an HTTP message.

    A media type that is not SOAP's does not matter where the body is a SOAP message: it is for a server to refuse it
    (`soapkit.transport.binding.refusal`). Raises `MessageError` for an empty body, a page of HTML, XML that is no SOAP
    message; `XmlError` for what is not well-formed or cut short; `soapkit.errors.LimitError`. All with `source` in
    their place.
    """
    if not body or body.isspace():
        raise MessageError("expected a SOAP message, found an empty body", place=Place(source))
    media_type = parse_media_type(content_type)
    data = to_parsable(body, media_type.parameters.get("charset", ""), source)
    try:
        with columns_from(data):
            return Envelope.parse(data, source=source, limits=limits, hold=True)
    except (XmlError, MessageError):
        if looks_like_html(body):
            raise MessageError(
                f"expected a SOAP message, found {describe_page(body)}",
                place=Place(source),
                bare="expected a SOAP message, found a page of HTML",
            ) from None
        raise


class Unparsed(msgspec.Struct, eq=False):
    """A message that was understood without being parsed; `envelope` parses it where somebody wants the tree. `body`:
    as it came."""

    body: bytes
    content_type: str
    version: Version
    _envelope: Envelope | None = None

    def __repr__(self) -> str:
        return f"Unparsed({len(self.body)} bytes)"

    @property
    def envelope(self) -> Envelope:
        """The message as a tree, the same one each time."""
        if self._envelope is None:
            self._envelope = unpack(self.body, self.content_type)
        return self._envelope


def is_utf8(content_type: str) -> bool:
    """Whether a Content-Type says that the body is one message in UTF-8, or leaves that to the message. False for one
    that is too long to be looked at twice."""
    return len(content_type) <= _CACHED_LENGTH and _is_utf8(content_type)


@lru_cache(maxsize=512)
def _is_utf8(content_type: str) -> bool:
    try:
        media_type = parse_media_type(content_type)
    except MessageError:
        return False
    charset = media_type.parameters.get("charset", "utf-8").lower()
    return charset in ("", "utf-8", "utf8") and not media_type.name.startswith("multipart/")


def looks_like_html(body: bytes) -> bool:
    """Whether these bytes are a page for a browser: their first markup, comments aside, says so."""
    position = 3 if body.startswith(codecs.BOM_UTF8) else 0
    while True:
        head = body[position : position + 64].lstrip()
        if not head:
            return False
        position = body.index(head, position)
        end = _PROLOG.get(head[:2])
        if end is None or (head[:2] == b"<!" and not head.startswith(b"<!--")):
            return head.lower().startswith(_PAGE)
        position = body.find(end, position) + len(end)
        if position < len(end):
            return False


_PAGE = (b"<html", b"<!doctype html")
_PROLOG = {b"<?": b"?>", b"<!": b"-->"}  # what may stand before the first element, and how it ends


def describe_page(body: bytes) -> str:
    """A page of HTML in a few words: its title, if it has one."""
    from html import unescape  # here: its table of entities is not worth loading before there is a page

    page = body[:_SEARCHED]
    small = page.lower()
    start = small.find(b">", small.find(b"<title") + 1) + 1 if b"<title" in small else 0
    end = small.find(b"</title", start)
    title = page[start:end].decode("utf-8", "replace") if 0 < start < end else ""
    words = " ".join(unescape(title).split())[:200]
    return f"a page of HTML with the title {words!r}" if words else "a page of HTML"


# --- encodings ----------------------------------------------------------------------------------------------------

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16's, which it starts with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_DECLARATION = re.compile(rb"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._:-]+)["'][^>]*\?>""")
_DECLARATION_TEXT = re.compile(r"\s*<\?xml\s[^>]*\?>")

# By Python's names. Not every codec: UTF-7 and the escaping ones turn harmless bytes into markup.
_CHARSETS = frozenset(
    ["utf-8", "ascii", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "koi8-r", "koi8-u"]
    + [f"iso8859-{part}" for part in (*range(1, 12), *range(13, 17))]
    + [f"cp{page}" for page in range(1250, 1259)]
    + ["shift_jis", "euc_jp", "iso2022_jp", "gb2312", "gbk", "gb18030", "big5", "euc_kr"]
)


def to_parsable(body: bytes, charset: str, source: str = "message") -> bytes:
    """The bytes for the parser, who follows a BOM or the XML declaration by itself.

    RFC 7303, 3: a BOM counts most, then the charset parameter, then the XML declaration. So only a charset that
    contradicts the declaration needs work: the body is written afresh in UTF-8, without its declaration.

    Raises `XmlError` for an encoding that is not known, or bytes that are not in it.
    """
    if body[:1].isspace() and body.lstrip().startswith(b"<?xml"):
        body = body.lstrip()  # scripts that serve SOAP are known to start with an empty line
    if not charset:
        return body
    name = charset.lower()
    if name in ("utf-8", "utf8") and body.startswith(b"<") and not body.startswith(b"<?"):
        return body  # nearly every message there is
    for bom, encoding in _BOMS:
        if body.startswith(bom):
            return _written_afresh(body[len(bom) :], encoding, source)
    codec = _codec(charset, source)
    declared = _DECLARATION.match(body[:1024])
    if declared is not None and _same_codec(declared.group(1).decode("ascii"), codec):
        return body
    if codec == "utf-8" and declared is None:
        return body
    if codec in ("utf-16", "utf-32"):  # without a BOM; RFC 2781, 4.3: big endian, unless the bytes show otherwise
        codec += "-le" if body[:1] == b"<" else "-be"
    return _written_afresh(body, codec, source)


_ENOUGH = 1024  # bytes in which a declaration ends


def fits_in_pieces(start: bytes, charset: str) -> bool | None:
    """Whether a body that begins so is read by the parser as it comes, piece by piece, with the result of `unpack`;
    None: more of it must be seen. `charset`: the parameter of its media type, empty or some spelling of UTF-8.

    What does not fit: white space before the XML declaration, an encoding in it that the media type contradicts,
    UTF-32, what is no XML, a page of HTML.
    """
    if len(start) < 4:
        return None
    if utf16_of(start) is not None:
        return not charset or start.startswith(UTF16_MARKS)
    text = start.removeprefix(codecs.BOM_UTF8)
    if not text.startswith(b"<?xml"):
        if any(page.startswith(text.lower()) for page in (b"<?xml", *_PAGE)):
            return None
        return text.startswith(b"<") and not looks_like_html(text)
    if b"?>" not in text and len(text) < _ENOUGH:
        return None
    declared = _DECLARATION.match(text)
    return declared is None or not (charset or text is not start) or _same_codec(declared[1].decode("ascii"), "utf-8")


def _codec(charset: str, source: str) -> str:
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        name = ""
    if name not in _CHARSETS:
        raise XmlError(f"the message is in charset {charset!r}, which is not known here", place=Place(source))
    return name


def _same_codec(declared: str, codec: str) -> bool:
    try:
        return codecs.lookup(declared).name == codec
    except LookupError:
        return False


def _written_afresh(body: bytes, codec: str, source: str) -> bytes:
    try:
        text = body.decode(codec)
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise XmlError(
            f"byte {error.start} of the message is not in {codec}, the encoding it came with",
            place=Place(source, line),
        ) from None
    declaration = _DECLARATION_TEXT.match(text)
    if declaration is not None:  # its lines are kept, so that the parser's places stay true
        text = "\n" * declaration.group().count("\n") + text[declaration.end() :]
    return text.encode()
