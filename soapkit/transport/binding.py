"""A message in HTTP: method, status, action, media type.

    client    request_for(url, version, action, bytes) -> Request      package_of(response) -> Package | None
    server    package_of_request(bytes, headers) -> Package            response_for(version, bytes, status) -> Response

SOAP 1.1, 6; SOAP 1.2 part 2, 7; WS-I Basic Profile 1.1, 4.3 (R1100 to R1140).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import msgspec

from soapkit.attachment import Attachment
from soapkit.errors import HttpError, LimitError, MessageError, Place, SoapkitError, TransportError, XmlError
from soapkit.soap.attachments import (
    DEFAULT_ATTACHMENT_LIMITS,
    AttachmentLimits,
    Package,
    Unpacker,
    pack_package,
    unpack_package,
)
from soapkit.soap.rules import check_rules
from soapkit.soap.version import SOAP_1_1, SOAP_1_2, Version
from soapkit.soap.wire import describe_page, looks_like_html, pack, parse_media_type, read_action
from soapkit.transport.coding import ACCEPT_ENCODING
from soapkit.transport.limits import DEFAULT_HTTP_LIMITS, BodyReader, HttpLimits
from soapkit.transport.values import Headers, Request, Response, Sink
from soapkit.version import __version__
from soapkit.xml.parse import DEFAULT_LIMITS, XmlLimits
from soapkit.xml.positions import columns_from

USER_AGENT = f"soapkit/{__version__}"

# --- client -------------------------------------------------------------------------------------------------------

_ACCEPT = {
    SOAP_1_1: "text/xml, multipart/related",
    SOAP_1_2: "application/soap+xml, multipart/related",
}


def request_for(
    url: str,
    version: Version,
    action: str,
    envelope: bytes,
    *,
    headers: Mapping[str, str] | None = None,
    timeout: float | None = None,
    attachments: Sequence[Attachment] = (),
    xop: bool = False,
    sink: Callable[[int, Headers], Sink | None] | None = None,
) -> Request:
    """The HTTP request that carries a message.

    `headers` replace ours of the same names. `attachments` go with it, as SOAP with Attachments or (`xop`) as MTOM,
    which packs a message even where nothing goes with it. `sink`: as `reply_sink`, which it is unless said.

    Raises `soapkit.errors.UsageError` for an action or a header that HTTP cannot carry.
    """
    fields = _request_headers(version, action)
    stream = None
    if attachments or xop:
        stream, described = pack_package(envelope, version, action, attachments, xop=xop)
        fields = fields.with_(*described)
    if headers:
        fields = fields.with_(*headers.items())
    return Request(url, envelope, fields, "POST", timeout, stream, sink or reply_sink)


def reply_sink(
    _status: int,
    headers: Headers,
    *,
    attachments: AttachmentLimits = DEFAULT_ATTACHMENT_LIMITS,
    xml: XmlLimits = DEFAULT_LIMITS,
) -> Sink | None:
    """What takes the body of a reply with attachments while it comes: an `Unpacker`. None for any other reply."""
    content_type = headers.get("content-type", "")
    if not is_multipart(content_type):
        return None
    return Unpacker(content_type, source="reply", limits=attachments, xml_limits=xml)


def is_multipart(content_type: str) -> bool:
    """Whether a Content-Type announces a message with parts."""
    return content_type[:17].lower() == "multipart/related"


@lru_cache(maxsize=2048)
def _request_headers(version: Version, action: str) -> Headers:
    """Made once for each action of a contract."""
    fields = pack(b"", version, action)[1]
    return Headers((*fields, ("Accept", _ACCEPT[version]), ("User-Agent", USER_AGENT)))


def package_of(
    response: Response,
    version: Version,
    *,
    one_way: bool = False,
    source: str = "reply",
    limits: XmlLimits = DEFAULT_LIMITS,
    attachments: AttachmentLimits = DEFAULT_ATTACHMENT_LIMITS,
) -> Package | None:
    """The message that a response carries: a reply, or a fault whatever its status; with what came beside it. None:
    there is none, and none was due.

    `version`: of the request; a fault may come in the other. `one_way`: the operation has no reply, so that an empty
    202, 204 or 200 is what it should be. `source`: what errors call the message.

    Raises `HttpError` for a response that is no SOAP message, in a sentence that says what it is instead;
    `XmlError`, `MessageError` and `LimitError` for a SOAP message that is broken.
    """
    if isinstance(response.sink, Unpacker):
        return response.sink.finish()
    if not response.body or response.body.isspace():
        if one_way and 200 <= response.status < 300:
            return None
        raise _http_error(response, version, source, "an empty body")
    content_type = response.headers.get("content-type", "")
    try:
        if is_multipart(content_type):
            return unpack_package(response.body, content_type, source=source, limits=attachments, xml_limits=limits)
        return Package.single(response.body, content_type, source=source, limits=limits)
    except LimitError:
        raise
    except (XmlError, MessageError) as error:
        if 200 <= response.status < 300 and (is_multipart(content_type) or not _is_something_else(response)):
            raise
        raise _http_error(response, version, source, _describe(response)) from error


# What a status means for the caller of a web service: what to look at next.
_SENTENCES = {
    202: "the service has taken the request; its answer goes elsewhere (ReplyTo), if there is one",
    301: "the service has moved",
    302: "the service answers elsewhere",
    303: "the service answers elsewhere",
    307: "the service answers elsewhere",
    308: "the service has moved",
    400: "the server could not read the request",
    401: "the server wants to know who is calling: give it credentials",
    403: "the server knows who is calling and refuses",
    404: "there is no service at this address",
    405: "this address takes no POST: it is not the address of a SOAP service",
    407: "the proxy wants to know who is calling: give it credentials",
    408: "the server waited too long for the request",
    413: "the request is larger than the server takes",
    415: "the server does not take {media_type}: does it speak the other SOAP version?",
    429: "the server asks to be called less often",
    500: "the server failed, without a SOAP fault to say why",
    502: "a gateway got no proper answer from the service",
    503: "the service is not available now",
    504: "a gateway got no answer from the service in time",
}


def _http_error(response: Response, version: Version, source: str, found: str) -> HttpError:
    status = response.status
    told = f"HTTP {status} {response.reason}".strip()
    sentence = _SENTENCES.get(status, "").format(media_type=version.media_type)
    location = response.headers.get("location")
    if location and 300 <= status < 400:
        sentence += f" ({location}); redirects are not followed unless asked for"
    elif retry := response.headers.get("retry-after"):
        sentence += f" (Retry-After: {retry})"
    return HttpError(
        f"expected a SOAP message, got {told} with {found}" + (f": {sentence}" if sentence else ""),
        bare=f"expected a SOAP message, got HTTP {status}",
        status=status,
        body=response.body[:_KEPT],
        place=Place(source),
    )


_KEPT = 4096  # bytes of a body that an error keeps
_SHOWN = 80  # of these, how many it shows


_MARKUP = (b"<", b"\xff\xfe", b"\xfe\xff", b"\0")  # how XML starts, in UTF-8, UTF-16 and UTF-32


def _is_something_else(response: Response) -> bool:
    """Whether the body never meant to be XML: a page, JSON, words."""
    return looks_like_html(response.body) or response.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (
        b"<",
        b"\xff",
        b"\xfe",
        b"\0",
    )


def _describe(response: Response) -> str:
    if looks_like_html(response.body):
        return describe_page(response.body)
    kind = response.headers.get("content-type") or "no media type"
    start = response.body[:_SHOWN].decode("utf-8", "replace")
    return f"{kind} that starts {start!r}"


# --- server -------------------------------------------------------------------------------------------------------

# What a SOAP client sends. Nothing else is taken: a browser sends text/plain, or no media type at all, across origins
# without asking first.
SOAP_MEDIA_TYPES = ("text/xml", "application/soap+xml", "multipart/related")


class Announced(msgspec.Struct, frozen=True):
    """What the header fields of a request say of its message: the `version` of its media type, None where that is none
    of SOAP's; the `action` in that version, None where it cannot be read (`action_of` says why); the `length` of its
    body, -1 where it is not said."""

    content_type: str
    coding: str | None
    version: Version | None
    action: str | None
    is_multipart: bool
    length: int


def announced(headers: Headers) -> Announced:
    """What header fields say, for ``headers.known(announced)``: they are asked several times for every request."""
    content_type = headers.get("content-type", "")
    version = version_of_media_type(content_type)
    try:
        action = action_of(version, headers) if version is not None else None
    except MessageError:
        action = None
    return Announced(
        content_type,
        headers.get("content-encoding"),
        version,
        action,
        is_multipart(content_type),
        _length(headers.get("content-length", "")),
    )


def _length(said: str) -> int:
    if not (said.isascii() and said.isdecimal()):
        return -1
    return int(said) if len(said) <= 18 else sys.maxsize  # int() is slow on thousands of digits


def version_of_media_type(content_type: str | None) -> Version | None:
    """The SOAP version that a Content-Type announces, for a request or for the fault that answers an unreadable one.
    None: it is no media type of SOAP's, to be answered by `unsupported_media_type`.

    In multipart/related, ``start-info`` (MTOM) or ``type`` (SwA) say what the root part holds; in doubt, 1.1.
    """
    if content_type is not None and len(content_type) > _CACHED_LENGTH:
        return _version(content_type)
    return _version_cached(content_type)


def _version(content_type: str | None) -> Version | None:
    try:
        media_type = parse_media_type(content_type)
    except MessageError:
        return None
    if media_type.name not in SOAP_MEDIA_TYPES:
        return None
    parameters = media_type.parameters
    named = (media_type.name, parameters.get("start-info", ""), parameters.get("type", ""))
    return SOAP_1_2 if any(name.lower().startswith(SOAP_1_2.media_type) for name in named) else SOAP_1_1


_version_cached = lru_cache(maxsize=512)(_version)
_CACHED_LENGTH = 256  # longer ones are read each time, so that strangers cannot fill the cache


class RequestReader:
    """Takes the body of a request piece by piece and gives the message: `feed` each piece, then `finish`.

    Its content-coding is undone within `limits`, attachments beyond a size go to files, the rules of its SOAP version
    are kept. The pair of `package_of` on the server. `feed` raises nothing: it says whether more is wanted.
    """

    __slots__ = ("_body", "_error", "_unpacker", "received")

    def __init__(
        self,
        headers: Headers,
        limits: HttpLimits = DEFAULT_HTTP_LIMITS,
        xml: XmlLimits = DEFAULT_LIMITS,
        attachments: AttachmentLimits = DEFAULT_ATTACHMENT_LIMITS,
    ) -> None:
        self.received = 0  # bytes
        self._error: SoapkitError | None = None
        self._unpacker: Unpacker | None = None
        self._body: BodyReader | None = None
        try:
            content_type = headers.get("content-type", "")
            self._unpacker = Unpacker(content_type, source="request", limits=attachments, xml_limits=xml)
            self._body = BodyReader(headers.get("content-encoding"), limits, "request", self._unpacker)
        except SoapkitError as error:
            self._error = error

    def feed(self, piece: bytes) -> bool:
        """Take the next piece. False: something is wrong, which `finish` raises; no more is wanted."""
        self.received += len(piece)
        if self._body is not None and self._error is None:
            try:
                self._body.feed(piece)
            except SoapkitError as error:
                self._error = error
                self.discard()
        return self._error is None

    def discard(self) -> None:
        """Let go of what came, where nobody goes on: its files are removed at once."""
        if self._unpacker is not None:
            self._unpacker.discard()

    def finish(self) -> Package:
        """The whole message. Raises `MessageError`, `XmlError`, `LimitError`."""
        try:
            return self._finished()
        except BaseException:
            self.discard()
            raise

    def _finished(self) -> Package:
        try:
            if self._error is not None:
                raise self._error
            assert self._unpacker is not None
            assert self._body is not None
            self._body.finish()
            package = self._unpacker.finish()
        except TransportError as error:
            raise MessageError(str(error), bare=error.for_log) from error
        with columns_from(package.text):
            check_rules(package.envelope)
        return package


def package_of_request(body: bytes, headers: Headers, *, limits: HttpLimits = DEFAULT_HTTP_LIMITS) -> Package:
    """The message that a request carries, at once: `RequestReader` fed with its body."""
    reader = RequestReader(headers, limits)
    reader.feed(body)
    return reader.finish()


def action_of(version: Version, headers: Headers) -> str:
    """The action of a request, ``""`` if there is none: `soapkit.soap.wire.read_action` on its header fields."""
    content_type, field = headers.get("content-type", ""), headers.get("soapaction", "")
    is_short = len(content_type) + len(field) <= _CACHED_LENGTH
    return (_action_cached if is_short else _action)(version, content_type, field)


def _action(version: Version, content_type: str, soap_action: str) -> str:
    return read_action(version, parse_media_type(content_type), soap_action)


_action_cached = lru_cache(maxsize=2048)(_action)


def response_for(
    version: Version,
    envelope: bytes,
    *,
    status: int = 200,
    attachments: Sequence[Attachment] = (),
    xop: bool = False,
) -> Response:
    """The response that carries a reply, or, with `fault_status`, a fault. `attachments` go with it, as for
    `request_for`; then it is sent piece by piece."""
    if not attachments and not xop:
        return Response(status, _reply_headers(version), envelope, _REASONS.get(status, ""))
    pieces, fields = pack_package(envelope, version, None, attachments, xop=xop)
    return Response(status, Headers(fields), envelope, _REASONS.get(status, ""), stream=pieces)


def fault_status(version: Version, code: str) -> int:
    """The HTTP status for a fault of this code (in SOAP 1.2 words).

    SOAP 1.1: 500, always (6.2; BP 1.1 R1126). SOAP 1.2: 400 when the sender is to blame, else 500 (part 2, 7.5.2.2,
    table 20). Old .NET and Mono clients read only 500.
    """
    return 400 if code == "Sender" and version is SOAP_1_2 else 500


def one_way_accepted() -> Response:
    """The response to a one-way message: 202 and nothing in it (BP 1.1 R1112, R2714)."""
    return _ACCEPTED


def method_not_allowed(allow: str = "GET, HEAD, POST") -> Response:
    """The response to a method that the address does not take: 405 with Allow (BP 1.1 R1114)."""
    return _words(405, "this address takes " + allow, ("Allow", allow))


def unsupported_media_type(content_type: str | None) -> Response:
    """The response to a body that is not in a media type of SOAP's: 415 (BP 1.1 R1115)."""
    wanted = ", ".join(SOAP_MEDIA_TYPES)
    found = ascii(content_type) if content_type else "none"
    return _words(415, f"expected a Content-Type among {wanted}; found {found}", ("Accept-Post", wanted))


def unsupported_coding(coding: str | None) -> Response:
    """The response to a body in a content coding that is not undone: 415 (RFC 9110, 15.5.16)."""
    told = f"expected a Content-Encoding among {ACCEPT_ENCODING}, or none; found {coding!a}"
    return _words(415, told, ("Accept-Encoding", ACCEPT_ENCODING))


@lru_cache(maxsize=4)
def _reply_headers(version: Version) -> Headers:
    return Headers(pack(b"", version)[1])


_REASONS = {
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    500: "Internal Server Error",
    503: "Service Unavailable",
}

_ACCEPTED = Response(202, reason=_REASONS[202])


def _words(status: int, sentence: str, *fields: tuple[str, str]) -> Response:
    headers = Headers((("Content-Type", "text/plain; charset=utf-8"), *fields))
    return Response(status, headers, f"{sentence}\n".encode(), _REASONS[status])
