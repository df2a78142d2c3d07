"""WS-Trust: values -> RequestSecurityToken and its responses, as text. The pair of trust_read.py."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from lxml.etree import _Element

from soapkit.ws.trust import KINDS, TARGETS, TRUST_2005_02, WST_1_4, TokenRequest, TokenResponse, TrustVersion
from soapkit.xml.base64 import to_base64
from soapkit.xml.names import WSA, WSU
from soapkit.xml.serialise import escape_attribute, escape_text, serialise

_WSP_2004: Final = "http://schemas.xmlsoap.org/ws/2004/09/policy"


def write_request(request: TokenRequest, version: TrustVersion) -> str:
    """The RequestSecurityToken element, as text. The pair of `read_request`."""
    namespace = version.namespace
    target = TARGETS.get(request.kind)
    inside = [
        _text("TokenType", request.token_type),
        _text("RequestType", f"{namespace}/{KINDS[request.kind]}"),
        _applies_to(request.applies_to),
        _lifetime(request.created, request.expires),
        _around("wst:OnBehalfOf", request.on_behalf_of),
        _around("wst14:ActAs", request.act_as, f' xmlns:wst14="{WST_1_4}"'),
        _written(request.claims),
        _text("KeyType", version.key_types[request.key_type] if request.key_type else ""),
        _text("KeySize", str(request.key_size) if request.key_size is not None else ""),
        _entropy(request.entropy, namespace),
        _text("ComputedKeyAlgorithm", request.computed_key),
        _around("wst:UseKey", request.use_key),
        "<wst:Renewing/>" if request.renewing else "",
        _around(f"wst:{target}", request.target) if target else "",
        _parameters(request.parameters, version),
    ]
    return _element("RequestSecurityToken", namespace, inside, request.context)


def write_responses(responses: Iterable[TokenResponse], version: TrustVersion) -> str:
    """The answer to a request, as text: in a collection where the version has one (WS-Trust 1.4, 4.3 and 3.2)."""
    written = [_response(response, version) for response in responses]
    if not version.collection:
        return "".join(written[:1])
    inside = "".join(written)
    name = "RequestSecurityTokenResponseCollection"
    return f'<wst:{name} xmlns:wst="{version.namespace}">{inside}</wst:{name}>'


def _response(response: TokenResponse, version: TrustVersion) -> str:
    namespace = version.namespace
    proof = ""
    if response.proof is not None:
        proof = _binary_secret(response.proof, f"{namespace}/SymmetricKey")
    elif response.proof_key is not None:
        proof = _written(response.proof_key)
    elif response.computed_key:
        proof = _text("ComputedKey", response.computed_key)
    status = ""
    if response.status:
        code = _text("Code", f"{namespace}/status/{response.status}")
        status = f"<wst:Status>{code}{_text('Reason', response.reason)}</wst:Status>"
    inside = [
        _text("TokenType", response.token_type),
        _around("wst:RequestedSecurityToken", response.token),
        _applies_to(response.applies_to),
        _around("wst:RequestedAttachedReference", response.attached),
        _around("wst:RequestedUnattachedReference", response.unattached),
        f"<wst:RequestedProofToken>{proof}</wst:RequestedProofToken>" if proof else "",
        _entropy(response.entropy, namespace),
        _lifetime(response.created, response.expires),
        _text("KeyType", version.key_types[response.key_type] if response.key_type else ""),
        _text("KeySize", str(response.key_size) if response.key_size is not None else ""),
        status,
        "<wst:RequestedTokenCancelled/>" if response.cancelled else "",
    ]
    return _element("RequestSecurityTokenResponse", namespace, inside, response.context)


def _element(local: str, namespace: str, inside: list[str], context: str) -> str:
    said = f' Context="{escape_attribute(context)}"' if context else ""
    return f'<wst:{local} xmlns:wst="{namespace}"{said}>{"".join(inside)}</wst:{local}>'


def _text(local: str, text: str) -> str:
    return f"<wst:{local}>{escape_text(text)}</wst:{local}>" if text else ""


def _written(element: _Element | None) -> str:
    """An element as it is: as text, since moving one may change the prefixes that a signature in it covers."""
    return serialise(element).decode() if element is not None else ""


def _around(name: str, element: _Element | None, declared: str = "") -> str:
    return f"<{name}{declared}>{_written(element)}</{name}>" if element is not None else ""


def _applies_to(address: str) -> str:
    if not address:
        return ""
    told = f'<wsa:EndpointReference xmlns:wsa="{WSA}"><wsa:Address>{escape_text(address)}</wsa:Address>'
    return f'<wsp:AppliesTo xmlns:wsp="{_WSP_2004}">{told}</wsa:EndpointReference></wsp:AppliesTo>'


def _lifetime(created: datetime | None, expires: datetime | None) -> str:
    inside = "".join(
        f"<wsu:{name}>{_instant(moment)}</wsu:{name}>"
        for name, moment in (("Created", created), ("Expires", expires))
        if moment is not None
    )
    return f'<wst:Lifetime xmlns:wsu="{WSU}">{inside}</wst:Lifetime>' if inside else ""


def _instant(moment: datetime) -> str:
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def _entropy(entropy: bytes | None, namespace: str) -> str:
    return f"<wst:Entropy>{_binary_secret(entropy, f'{namespace}/Nonce')}</wst:Entropy>" if entropy is not None else ""


def _binary_secret(secret: bytes, kind: str) -> str:
    return f'<wst:BinarySecret Type="{kind}">{to_base64(secret)}</wst:BinarySecret>'


def _parameters(parameters: tuple[_Element, ...], version: TrustVersion) -> str:
    inside = "".join(map(_written, parameters))
    if not inside or version is TRUST_2005_02:
        return inside
    return f"<wst:SecondaryParameters>{inside}</wst:SecondaryParameters>"
