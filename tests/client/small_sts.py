"""A small security token service, on our own server: it issues tokens that say who asked, and remembers them."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import soapkit
from soapkit.codegen.generate import module_in_memory
from soapkit.security.issued import computed_key
from soapkit.ws.trust import BY_LABEL, TokenRequest, TokenResponse
from soapkit.ws.trust_read import read_request, version_of
from soapkit.ws.trust_write import write_responses
from soapkit.wsdl.load import load_contract
from soapkit.xml.parse import parse_message

CONTRACT = """<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" targetNamespace="urn:sts" xmlns:t="urn:sts"
  xmlns:s="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:w="{trust}" xmlns:m="http://www.w3.org/2007/05/addressing/metadata">
  <types><x:schema xmlns:x="http://www.w3.org/2001/XMLSchema" targetNamespace="{trust}" elementFormDefault="qualified">
    <x:complexType name="Anything"><x:sequence>
      <x:any namespace="##any" processContents="lax" minOccurs="0" maxOccurs="unbounded"/></x:sequence>
      <x:anyAttribute processContents="lax"/></x:complexType>
    <x:element name="RequestSecurityToken" type="w:Anything" xmlns:w="{trust}"/>
    <x:element name="{answer}" type="w:Anything" xmlns:w="{trust}"/></x:schema></types>
  <message name="ask"><part name="p" element="w:RequestSecurityToken"/></message>
  <message name="answer"><part name="p" element="w:{answer}"/></message>
  <portType name="TokenService"><operation name="ask">
    <input message="t:ask" m:Action="{trust}/RST/Issue"/>
    <output message="t:answer" m:Action="{trust}/RSTRC/IssueFinal"/>
  </operation></portType>
  <binding name="Soap" type="t:TokenService"><s:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="ask"><input><s:body use="literal"/></input><output><s:body use="literal"/></output></operation>
  </binding>
  <service name="TokenService"><port name="TokenService" binding="t:Soap"><s:address location="http://a.example/"/></port>
  </service></definitions>"""


class SmallSts:
    """What the service does. `asked`: the requests that came; `change`: changes each answer."""

    def __init__(self) -> None:
        self.asked: list[TokenRequest] = []
        self.live: set[str] = set()
        self.change: Callable[[TokenResponse], TokenResponse] = lambda response: response
        self.lifetime = timedelta(minutes=5)
        self.last_secret: bytes | None = None

    def answer(self, request: TokenRequest, who: str) -> TokenResponse:
        self.asked.append(request)
        return self.change(_KINDS[request.kind](self, request, who))

    def issue(self, request: TokenRequest, who: str) -> TokenResponse:
        now, name = datetime.now(UTC), secrets.token_hex(8)
        self.live.add(name)
        token = parse_message(f'<a:Token xmlns:a="urn:token" name="{name}" who="{who}"/>'.encode())
        told: dict[str, Any] = {"token_type": request.token_type, "token": token, "created": now}
        told["expires"] = request.expires or now + self.lifetime
        self.last_secret = None
        if request.key_type == "symmetric":
            theirs = secrets.token_bytes(32)
            assert request.entropy is not None
            assert request.key_size is not None
            self.last_secret = computed_key(request.entropy, theirs, request.key_size)
            told |= {"entropy": theirs, "computed_key": request.computed_key}
        return TokenResponse(**told)

    def renew(self, request: TokenRequest, who: str) -> TokenResponse:
        assert request.target is not None
        assert request.target.get("name") in self.live
        return TokenResponse(token=request.target, expires=request.expires)

    def validate(self, request: TokenRequest, who: str) -> TokenResponse:
        assert request.target is not None
        if request.target.get("name") in self.live:
            return TokenResponse(status="valid")
        return TokenResponse(status="invalid", reason="there is no such token")

    def cancel(self, request: TokenRequest, who: str) -> TokenResponse:
        assert request.target is not None
        self.live.remove(request.target.get("name") or "")
        return TokenResponse(cancelled=True)


_KINDS = {"issue": SmallSts.issue, "renew": SmallSts.renew, "validate": SmallSts.validate, "cancel": SmallSts.cancel}


def hosted(sts: SmallSts, label: Any, **settings: Any) -> Any:
    """The service as an application; settings as of `soapkit.asgi`."""
    version = BY_LABEL[label]
    answer = f"RequestSecurityTokenResponse{'Collection' if version.collection else ''}"
    known = load_contract(CONTRACT.format(trust=version.namespace, answer=answer).encode())
    module = module_in_memory(known.services, known.shapes, name=f"small_sts_{version.collection}")
    protocol: Any = module.Token

    class Served(protocol):  # type: ignore[misc]  # generated here
        def ask(self, *, p: Any, call: soapkit.Call) -> Any:
            element = call.envelope.content[0]
            who = (call.security.username if call.security is not None else "") or ""
            response = sts.answer(read_request(element), who)
            written = parse_message(write_responses([response], version_of(element)).encode())
            return module.Anything(any=[soapkit.Raw(inner) for inner in written])

    # one operation takes what WS-Trust has four Actions for
    return soapkit.asgi(Served(), any_action=True, **settings)
