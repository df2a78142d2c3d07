"""value <-> Body, and value <-> header block: document wrapped and bare, rpc.

`soapkit.operations.Message` says where a record is written: inside a wrapper element, or in the Body itself. What
differs between the styles was decided when the contract was read; nothing is guessed here.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any, Literal

from lxml import etree
from lxml.etree import _Element

from soapkit.databinding.codec import Codecs
from soapkit.databinding.describe import DescribedShapes
from soapkit.databinding.shape import ElementField, Key, RecordRef
from soapkit.errors import DecodeError, MessageError, Problem, UsageError
from soapkit.exchange.encoded import RPC, RPC_RESULT
from soapkit.exchange.encoded_read import literal_body
from soapkit.exchange.encoded_write import encoded_text
from soapkit.operations import Header, Message, Operation, Service
from soapkit.soap.envelope import Envelope
from soapkit.soap.headers import blocks_for, must_understand
from soapkit.soap.version import SOAP_1_1, Version
from soapkit.xml.names import XSI_NIL, did_you_mean, local_name, split
from soapkit.xml.positions import told_of_originals
from soapkit.xml.walk import children, place_of, tag_of

logger = logging.getLogger("soapkit.exchange")


def codecs_for(service: Service, unknown: Literal["strict", "lenient"] = "strict", *, written: bool = False) -> Codecs:
    """The codecs of a service whose operations name Python classes. Making them costs; keep and share them.

    `unknown`: ``strict`` refuses what the contract does not know, ``lenient`` passes it over, telling the log.
    `written`: whether its contract is written from these classes, and has no other type.
    """
    roots = _roots(service) if written else None
    return Codecs(DescribedShapes(service.namespace, service.types), unknown=unknown, warn=_warn, roots=roots)


def _roots(service: Service) -> Iterator[Key]:
    """The records that the contract of a service begins with."""
    yield from service.types
    for operation in service.operations:
        for message in (operation.request, operation.reply):
            if message is not None:
                yield message.record
                yield from (header.type.key for header in message.headers if isinstance(header.type, RecordRef))
        yield from (fault.type.key for fault in operation.faults if isinstance(fault.type, RecordRef))


def _warn(problem: Problem) -> None:
    logger.warning("read leniently: %s", problem.for_log)


def encode_body(
    message: Message,
    record: object,
    codecs: Codecs,
    version: Version = SOAP_1_1,
    named: Operation[Any, Any] | None = None,
) -> Sequence[bytes]:
    """The content of the Body for a request or reply record: its bytes, in pieces where it is large.

    `version`: matters to SOAP encoding only. `named`: the operation whose return value a reply names. Raises
    `soapkit.errors.EncodeError`.
    """
    codec = codecs.record(message.record)
    body: Sequence[bytes]
    if message.encoded:
        text = codec.encode_children(record) if message.tag is None else codec.encode(record, message.tag)
        body = (encoded_text(message, text, codecs, version).encode(),)
    elif message.tag is None:
        body = codec.encode_children_pieces(record)
    else:
        body = codec.encode_pieces(record, message.tag)
    return body if named is None else _with_result(body, named, codecs)


def decode_body(message: Message, body: _Element, codecs: Codecs, within: _Element | None = None) -> Any:
    """The record that a Body holds; its type is that of ``message.record``. The pair of `encode_body`.

    `within`: where values that SOAP encoding refers to may stand; the Body unless said.

    Raises `MessageError` when something else stands in the Body than the contract says, `DecodeError` when the
    content does not fit its type.
    """
    if not message.encoded:
        return _decoded(message, body, list(children(body)), codecs)
    entries, made_of = literal_body(message, body, codecs, within)
    with told_of_originals(entries[0] if entries else body, made_of.get):
        return _decoded(message, body, entries, codecs)


def _decoded(message: Message, body: _Element, entries: list[_Element], codecs: Codecs) -> Any:
    codec = codecs.record(message.record)
    if message.tag is None:
        return codec.decode_children(entries, body)
    if len(entries) != 1:
        raise MessageError(
            f"expected one element {message.tag} in the Body, found {_listed(entries)}", place=place_of(body, "message")
        )
    entry = came = entries[0]
    if message.style == "rpc":
        entry = _plain_rpc(message, came, codecs)
    if tag_of(entry) != message.tag:
        raise MessageError(
            f"expected element {message.tag} in the Body, found {tag_of(entry)}", place=place_of(entry, "message")
        )
    if entry.get(XSI_NIL) in ("true", "1"):
        raise DecodeError("a message cannot be nil", place=place_of(entry, "message"))
    if entry is came:
        return codec.decode(entry)
    with told_of_originals(entry, lambda found: _counterpart(found, entry, came)):
        return codec.decode(entry)


def _counterpart(element: _Element, copied: _Element, original: _Element) -> _Element | None:
    """What an element of a copy is a copy of."""
    both = zip(copied.iter(etree.Element), original.iter(etree.Element), strict=False)
    return next((came for found, came in both if found is element), None)


def _plain_rpc(message: Message, entry: _Element, codecs: Codecs) -> _Element:
    """An rpc wrapper as the contract would have it.

    Peers (Spyne, node-soap, soapbar) qualify part accessors, which must be in no namespace (WS-I BP 1.1, R2735), and
    give the reply's wrapper names of their own, which are not significant (SOAP 1.1, 7.1). Both are read, and told.
    What says which accessor is the return value (SOAP 1.2 part 2, 4.2.2) is passed over: the contract says it too.
    """
    if any(tag_of(accessor) == RPC_RESULT for accessor in children(entry)):
        entry = copy.deepcopy(entry)
        for result in list(children(entry, RPC_RESULT)):
            entry.remove(result)
    fields = codecs.shapes[message.record].elements
    declared = {field.tag for field in fields if isinstance(field, ElementField)}
    misnamed = tag_of(entry) != message.tag
    qualified = [
        accessor
        for accessor in children(entry)
        if tag_of(accessor) not in declared and local_name(tag_of(accessor)) in declared
    ]
    if not misnamed and not qualified:
        return entry
    if misnamed and not _is_reply(message) and local_name(tag_of(entry)) != local_name(message.tag or ""):
        return entry
    logger.warning("an rpc message of a peer names %s against the contract; read all the same", tag_of(entry))
    plain = copy.deepcopy(entry)
    plain.tag = message.tag or tag_of(entry)
    for accessor in children(plain):
        if tag_of(accessor) not in declared and local_name(tag_of(accessor)) in declared:
            accessor.tag = local_name(tag_of(accessor))
    return plain


def _is_reply(message: Message) -> bool:
    """WSDL 1.1, 3.5 and SOAP 1.1, 7.1: by convention a reply's wrapper ends in Response; a request's never does."""
    return (message.tag or "").endswith("Response")


def _with_result(body: Sequence[bytes], operation: Operation[Any, Any], codecs: Codecs) -> Sequence[bytes]:
    """The Body of an rpc reply in SOAP 1.2 with ``rpc:result`` first in it, which names the accessor that holds the
    return value; as it was where there is none.

    SOAP 1.2 part 2, 4.2.2. The return value is the one part of the reply that the request does not have: of others it
    cannot be told whether they are returned or handed out (WSDL 1.1, 2.4.6).
    """
    reply = operation.reply
    if reply is None or reply.style != "rpc":
        return body
    given = {field.name for field in codecs.shapes[operation.request.record].elements}
    returned = [
        field
        for field in codecs.shapes[reply.record].elements
        if isinstance(field, ElementField) and field.name not in given
    ]
    if len(returned) != 1:
        return body
    namespace, local = split(returned[0].tag)
    assert not namespace, "an accessor stands in no namespace"
    wrapper, mark, rest = b"".join(body).partition(b">")
    return wrapper, mark, f'<rpc:result xmlns:rpc="{RPC}">{local}</rpc:result>'.encode(), rest


def encode_headers(declared: tuple[Header, ...], values: Mapping[str, object], codecs: Codecs) -> tuple[str, ...]:
    """Header blocks for the values given by part name; None is left out.

    Raises `UsageError` for a name that the message does not declare, and for a required one that is missing.
    """
    if not declared and not values:
        return ()
    names = {header.name for header in declared}
    for name in values:
        if name not in names:
            raise UsageError(
                f"no header {name!r} is declared here; expected {', '.join(sorted(names)) or 'none'}"
                f"{did_you_mean(name, names)}"
            )
    blocks = []
    for header in declared:
        value = values.get(header.name)
        if value is not None:
            blocks.append(codecs.codec(header.type).encode(value, header.tag))
        elif header.required:
            raise UsageError(f"the header {header.name!r} ({header.tag}) is required by the contract and was not given")
    return tuple(blocks)


def decode_headers(
    declared: tuple[Header, ...], envelope: Envelope, codecs: Codecs, roles: Container[str] = ()
) -> dict[str, Any]:
    """The declared header blocks that came for us, by part name. The pair of `encode_headers`. `roles`: that we play.

    Of several blocks of one name the first is read. Raises `MessageError` when a required one is missing, or when one
    that must be understood would be passed over for another of its name; `DecodeError` when one does not fit its type.
    """
    if not declared:
        return {}
    blocks: dict[str, list[_Element]] = {}
    for block in blocks_for(envelope, roles):
        blocks.setdefault(tag_of(block), []).append(block)
    found: dict[str, Any] = {}
    for header in declared:
        first, *others = blocks.get(header.tag) or (None,)
        if first is not None:
            _check_passed_over(header, others, envelope)
            found[header.name] = codecs.codec(header.type).decode(first)
        elif header.required:
            raise MessageError(
                f"the header {header.tag} is required by the contract and is missing",
                place=place_of(envelope.root, "message"),
            )
    return found


def _check_passed_over(header: Header, others: list[_Element], envelope: Envelope) -> None:
    """A block that must be processed is, or the message fails (SOAP 1.2 part 1, 2.6; SOAP 1.1, 4.2.3)."""
    for block in others:
        if header.required or must_understand(block, envelope.version):
            raise MessageError(
                f"the header {header.tag} stands there {len(others) + 1} times: expected one of them",
                place=place_of(block, "message"),
            )
        logger.warning("of several header blocks %s the first is read", header.tag)


def _listed(entries: list[_Element]) -> str:
    return ", ".join(tag_of(entry) for entry in entries) if entries else "nothing"
