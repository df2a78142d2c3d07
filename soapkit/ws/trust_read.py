"""WS-Trust: RequestSecurityToken and its responses -> values. The pair of trust_write.py."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from lxml.etree import _Element

from soapkit.errors import MessageError
from soapkit.ws.trust import BY_NAMESPACE, KINDS, TARGETS, WST_1_4, KeyType, TokenRequest, TokenResponse, TrustVersion
from soapkit.xml.base64 import from_base64
from soapkit.xml.names import WSU, clark, local_name, namespace_of
from soapkit.xml.walk import child, children, place_of, tag_of

_LARGEST: Final = 1024  # bytes of a secret
_LONGEST: Final = 2048  # characters of a URI or a name


def version_of(element: _Element) -> TrustVersion:
    """The version that an element is of. Raises `MessageError` for one that is not of WS-Trust."""
    version = BY_NAMESPACE.get(namespace_of(tag_of(element)))
    if version is None:
        raise MessageError(
            f"expected an element of WS-Trust 1.3 or 2005/02, found {tag_of(element)}", place=place_of(element)
        )
    return version


def read_request(element: _Element) -> TokenRequest:
    """What a RequestSecurityToken asks for. Raises `MessageError` for what is none, or none that makes sense."""
    version = version_of(element)
    if element.tag != version.name("RequestSecurityToken"):
        raise MessageError(f"expected a RequestSecurityToken, found {tag_of(element)}", place=place_of(element))
    found = _found(element, version)
    said = _text_of(found.get("RequestType"))
    kinds = {f"{version.namespace}/{name}": kind for kind, name in KINDS.items()}
    if said not in kinds:
        raise MessageError(f"there is no RequestType {said!r:.120}", place=place_of(element))
    kind = kinds[said]
    target = found.get(TARGETS.get(kind, ""))
    if target is None and kind != "issue":
        raise MessageError(f"the request to {kind} a token names none", place=place_of(element))
    created, expires = _read_lifetime(found.get("Lifetime"))
    secondary = found.get("SecondaryParameters")
    return TokenRequest(
        kind,
        _text_of(found.get("TokenType")),
        _read_applies_to(element),
        _read_key_type(found.get("KeyType"), version),
        _read_size(found.get("KeySize")),
        _read_entropy(found.get("Entropy"), version),
        created,
        expires,
        _only(target) if target is not None else None,
        _within(found.get("OnBehalfOf")),
        _within(child(element, clark(WST_1_4, "ActAs"))),
        _within(found.get("UseKey")),
        found.get("Claims"),
        tuple(children(secondary)) if secondary is not None else (),
        _text_of(found.get("ComputedKeyAlgorithm")),
        (element.get("Context") or "")[:_LONGEST],
        "Renewing" in found,
    )


def read_responses(element: _Element) -> tuple[TokenResponse, ...]:
    """What a RequestSecurityTokenResponse says, or each in a collection. Raises `MessageError`."""
    version = version_of(element)
    if element.tag == version.name("RequestSecurityTokenResponseCollection"):
        responses = list(children(element, version.name("RequestSecurityTokenResponse")))
    elif element.tag == version.name("RequestSecurityTokenResponse"):
        responses = [element]
    else:
        responses = []
    if not responses:
        raise MessageError(f"expected a RequestSecurityTokenResponse, found {tag_of(element)}", place=place_of(element))
    return tuple(_read_response(response, version) for response in responses)


def _read_response(element: _Element, version: TrustVersion) -> TokenResponse:
    found = _found(element, version)
    created, expires = _read_lifetime(found.get("Lifetime"))
    proof, proof_key, computed = _read_proof(found.get("RequestedProofToken"), version)
    status = found.get("Status")
    parts = _found(status, version) if status is not None else {}
    return TokenResponse(
        _text_of(found.get("TokenType")),
        _within(found.get("RequestedSecurityToken")),
        _within(found.get("RequestedAttachedReference")),
        _within(found.get("RequestedUnattachedReference")),
        _read_applies_to(element),
        _read_key_type(found.get("KeyType"), version),
        _read_size(found.get("KeySize")),
        proof,
        proof_key,
        computed,
        _read_entropy(found.get("Entropy"), version),
        created,
        expires,
        _text_of(parts.get("Code")).rpartition("/")[2],
        _text_of(parts.get("Reason")),
        "RequestedTokenCancelled" in found,
        (element.get("Context") or "")[:_LONGEST],
    )


def _found(element: _Element, version: TrustVersion) -> dict[str, _Element]:
    """The children that the version has names for. Raises `MessageError` for one that is there twice."""
    found: dict[str, _Element] = {}
    for entry in children(element):
        if namespace_of(tag_of(entry)) != version.namespace:
            continue
        local = local_name(tag_of(entry))
        if local in found:
            raise MessageError(f"{local} stands there twice", place=place_of(entry))
        found[local] = entry
    return found


def _text_of(element: _Element | None) -> str:
    if element is None:
        return ""
    text = (element.text or "").strip()
    if len(element) or len(text) > _LONGEST:
        raise MessageError(f"{local_name(tag_of(element))} holds a short text", place=place_of(element))
    return text


def _within(element: _Element | None) -> _Element | None:
    """The one element in another; None where there is none."""
    return next(children(element), None) if element is not None else None


def _only(element: _Element) -> _Element:
    inside = list(children(element))
    if len(inside) != 1:
        raise MessageError(
            f"{local_name(tag_of(element))} holds one token or reference, found {len(inside)}", place=place_of(element)
        )
    return inside[0]


def _read_applies_to(element: _Element) -> str:
    for entry in children(element):
        if local_name(tag_of(entry)) == "AppliesTo":
            return next(_addresses(entry), "")
    return ""


def _addresses(element: _Element) -> Iterator[str]:
    for reference in children(element):
        for entry in children(reference):
            if local_name(tag_of(entry)) == "Address":
                yield _text_of(entry)


def _read_key_type(element: _Element | None, version: TrustVersion) -> KeyType:
    said = _text_of(element)
    kinds = {uri: kind for kind, uri in version.key_types.items()} | {f"{version.namespace}/Bearer": "bearer"}
    if said and said not in kinds:
        assert element is not None
        raise MessageError(f"there is no KeyType {said!r:.120}", place=place_of(element))
    return kinds.get(said, "")


def _read_size(element: _Element | None) -> int | None:
    if element is None:
        return None
    text = _text_of(element)
    if not (text.isascii() and text.isdigit()) or len(text) > 5:
        raise MessageError(f"KeySize is a number of bits, found {text[:20]!r}", place=place_of(element))
    return int(text)


def _read_entropy(element: _Element | None, version: TrustVersion) -> bytes | None:
    if element is None:
        return None
    inside = _only(element)
    if inside.tag != version.name("BinarySecret"):
        raise MessageError(f"entropy in a {tag_of(inside)} is not understood", place=place_of(inside))
    return _read_secret(inside)


def _read_proof(element: _Element | None, version: TrustVersion) -> tuple[bytes | None, _Element | None, str]:
    """The secret, the element that holds it, or the way to compute it."""
    if element is None:
        return None, None, ""
    inside = _only(element)
    if inside.tag == version.name("BinarySecret"):
        return _read_secret(inside), None, ""
    if inside.tag == version.name("ComputedKey"):
        return None, None, _text_of(inside)
    return None, inside, ""


def _read_secret(element: _Element) -> bytes:
    try:
        secret = from_base64("".join((element.text or "").split()))
    except ValueError:
        raise MessageError("BinarySecret does not hold base64", place=place_of(element)) from None
    if not 0 < len(secret) <= _LARGEST or len(element):
        raise MessageError(f"a BinarySecret holds 1 to {_LARGEST} bytes", place=place_of(element))
    return secret


def _read_lifetime(element: _Element | None) -> tuple[datetime | None, datetime | None]:
    if element is None:
        return None, None
    return _read_instant(child(element, clark(WSU, "Created"))), _read_instant(child(element, clark(WSU, "Expires")))


def _read_instant(element: _Element | None) -> datetime | None:
    if element is None:
        return None
    text = _text_of(element)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise MessageError(f"expected a dateTime, found {text[:40]!r}", place=place_of(element)) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
