"""FaultMessage: the fault of a message, read and written, both versions.

    SOAP 1.1, 4.4                                  SOAP 1.2 part 1, 5.4
    soap:Fault                                     soap:Fault
      faultcode    soap:Client, or any QName         Code: Value soap:Sender, Subcode: Value, Subcode ...
      faultstring                                    Reason: Text xml:lang, ...
      faultactor                                     Node, Role
      detail                                         Detail

Read leniently: real peers qualify the children of a 1.1 fault, write 1.2 children into it, or leave parts out. A
fault that is badly told is still the fault the caller must hear of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml.etree import _Element

from soapkit.errors import FaultCode
from soapkit.soap.envelope import Envelope
from soapkit.soap.headers import qname_in
from soapkit.soap.version import SOAP_1_1, VERSIONS, Version
from soapkit.xml.names import SOAP11, WSA, WSSE, XML, clark, local_name, split
from soapkit.xml.serialise import escape_attribute, escape_text
from soapkit.xml.walk import children, tag_of

_LANG = clark(XML, "lang")

# Every spelling of a fault code, to its SOAP 1.2 word. A 1.1 peer that says Sender means Client.
_WORDS = {
    "client": "Sender",
    "sender": "Sender",
    "server": "Receiver",
    "receiver": "Receiver",
    "versionmismatch": "VersionMismatch",
    "mustunderstand": "MustUnderstand",
    "dataencodingunknown": "DataEncodingUnknown",
}

# A SOAP 1.1 faultcode that is a subcode in SOAP 1.2 does not say whom it blames. The specifications that define these
# two families do (WS-Security 1.1, 12; WS-Addressing 1.0 SOAP binding, 6): the sender, apart from one.
_BLAMES_SENDER = frozenset({WSSE, WSA})
_ENDPOINT_UNAVAILABLE = clark(WSA, "EndpointUnavailable")


@dataclass(frozen=True, slots=True)
class FaultMessage:
    """A fault as it stands in a message.

    `reasons`: text by language (``""``: none said); `role`: SOAP 1.1's faultactor, 1.2's Role; `node`: 1.2's Node;
    `detail`: the entries of the detail element; `has_detail`: whether there is one, which in SOAP 1.1 says that the
    Body was to blame (4.4); `detail_attributes`: by Clark name.
    """

    version: Version
    code: FaultCode
    reasons: dict[str, str] = field(default_factory=dict)
    role: str = ""
    node: str = ""
    detail: tuple[_Element, ...] = ()
    has_detail: bool = False
    detail_attributes: dict[str, str] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """The reason in English or in no named language if there is one, else the first; may be empty."""
        for language in ("en", "", "en-US", "en-GB"):
            if language in self.reasons:
                return self.reasons[language]
        return next(iter(self.reasons.values()), "")


def read_fault(envelope: Envelope) -> FaultMessage | None:
    """The fault of a message, or None if it is not one. Never raises for what the fault leaves out."""
    element = next(children(envelope.body), None)
    if element is None or not _is_fault_of_any_version(element):
        return None
    parts: dict[str, _Element] = {}
    for part in children(element):
        parts.setdefault(local_name(tag_of(part)), part)
    detail = _first(parts, "detail", "Detail")
    return FaultMessage(
        version=envelope.version,
        code=_read_code(parts),
        reasons=_read_reasons(parts),
        role=_text(_first(parts, "faultactor", "Role")),
        node=_text(parts.get("Node")),
        detail=tuple(children(detail)) if detail is not None else (),
        has_detail=detail is not None,
        detail_attributes=_attributes(detail),
    )


def write_fault(
    version: Version,
    code: FaultCode,
    reason: str | Mapping[str, str],
    detail: str = "",
    *,
    role: str = "",
    node: str = "",
    detail_attributes: Mapping[str, str] | None = None,
    of_body: bool = False,
) -> str:
    """The Fault element as text, for `soapkit.soap.envelope.Draft.body`.

    `reason`: a text, or texts by language (SOAP 1.1 has room for one). `detail`: the text of the detail's entries, each
    declaring its prefixes. `role`: SOAP 1.1's faultactor. `of_body`: whether it was the Body that could not be
    processed, which SOAP 1.1 says by a detail, be it empty (4.4).

    Raises `soapkit.errors.EncodeError` for a character that XML cannot carry.

    >>> write_fault(SOAP_1_1, FaultCode("Sender"), "no such account")
    '<soap:Fault xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><faultcode>soap:Client</faultcode>...'
    """
    reasons = {"en": reason} if isinstance(reason, str) else {name or "en": text for name, text in reason.items()}
    write = _write_11 if version is SOAP_1_1 else _write_12
    attributes = _written_attributes(detail_attributes)
    has_detail = bool(detail or attributes or (of_body and version is SOAP_1_1))
    written = (detail, attributes) if has_detail else None
    inside = write(version, code, reasons or {"en": ""}, written, role, node)
    return f'<soap:Fault xmlns:soap="{version.namespace}">{inside}</soap:Fault>'


# --- reading ------------------------------------------------------------------------------------------------------


def _is_fault_of_any_version(element: _Element) -> bool:
    namespace, local = split(tag_of(element))
    return local == "Fault" and namespace in VERSIONS


def _read_code(parts: Mapping[str, _Element]) -> FaultCode:
    code = parts.get("Code")
    if code is not None:
        main, *subcodes = _code_chain(code) or [""]
        return _told_code(main, subcodes)
    faultcode = parts.get("faultcode")
    return _told_code(qname_in(faultcode, _text(faultcode)), []) if faultcode is not None else FaultCode()


def _code_chain(code: _Element) -> list[str]:
    """The values of Code, its Subcode, its Subcode's Subcode ..."""
    values: list[str] = []
    current: _Element | None = code
    while current is not None:
        inner = {local_name(tag_of(part)): part for part in children(current)}
        value = inner.get("Value")
        if value is not None:
            values.append(qname_in(value, _text(value)))
        current = inner.get("Subcode")
    return values


def _told_code(name: str, subcodes: list[str]) -> FaultCode:
    namespace, local = split(name)
    word = _WORDS.get(local.lower())
    if word is not None and (not namespace or namespace in VERSIONS):
        return FaultCode(word, tuple(subcodes))
    if not name:
        return FaultCode("Receiver", tuple(subcodes))
    # SOAP 1.1, 4.4.1: Client.Authentication is a kind of Client. Only in SOAP's namespace, or in none.
    family = _WORDS.get(local.partition(".")[0].lower()) if not namespace or namespace in VERSIONS else None
    blamed = "Sender" if namespace in _BLAMES_SENDER and name != _ENDPOINT_UNAVAILABLE else "Receiver"
    return FaultCode(family or blamed, (name, *subcodes))


def _read_reasons(parts: Mapping[str, _Element]) -> dict[str, str]:
    element = _first(parts, "faultstring", "Reason")
    if element is None:
        return {}
    texts = [text for text in children(element) if local_name(tag_of(text)) == "Text"] or [element]
    reasons: dict[str, str] = {}
    for text in texts:
        words = "".join(text.itertext()).strip()
        if words:
            reasons.setdefault(text.get(_LANG, ""), words)
    return reasons


def _first(parts: Mapping[str, _Element], *names: str) -> _Element | None:
    for name in names:
        if name in parts:
            return parts[name]
    return None


def _text(element: _Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""


def _attributes(element: _Element | None) -> dict[str, str]:
    return {str(name): str(value) for name, value in element.attrib.items()} if element is not None else {}


# --- writing ------------------------------------------------------------------------------------------------------


def _write_11(
    version: Version,
    code: FaultCode,
    reasons: Mapping[str, str],
    detail: tuple[str, str] | None,
    role: str,
    node: str,
) -> str:
    """The children of a SOAP 1.1 fault: in no namespace (SOAP 1.1, 4.4; BP 1.1 R1001)."""
    name = _code_11(version, code)
    reason = reasons.get("en") or next(iter(reasons.values()))
    actor = role or node  # 1.1 has one place for who it was
    written_actor = f"<faultactor>{escape_text(actor)}</faultactor>" if actor else ""
    written_detail = f"<detail{detail[1]}>{detail[0]}</detail>" if detail is not None else ""
    if split(name)[0] == SOAP11:
        faultcode = f"<faultcode>soap:{local_name(name)}</faultcode>"
    else:
        faultcode = f"<faultcode {_declared(name, 'code')}>{_prefixed(name, 'code')}</faultcode>"
    return f"{faultcode}<faultstring>{escape_text(reason)}</faultstring>{written_actor}{written_detail}"


def _code_11(version: Version, code: FaultCode) -> str:
    """The one code that SOAP 1.1 has room for. A subcode says more than Client or Server, and is what WS-Addressing
    and WS-Security want there; the codes that SOAP itself acts on stay."""
    if code.subcodes and code.name in ("Sender", "Receiver"):
        return code.subcodes[0]
    return version.codes.get(code.name, version.codes["Receiver"])


def _write_12(
    version: Version,
    code: FaultCode,
    reasons: Mapping[str, str],
    detail: tuple[str, str] | None,
    role: str,
    node: str,
) -> str:
    subcode = ""
    for number, name in reversed(list(enumerate(code.subcodes, 1))):
        value = f"<soap:Value {_declared(name, f'ns{number}')}>{_prefixed(name, f'ns{number}')}</soap:Value>"
        subcode = f"<soap:Subcode>{value}{subcode}</soap:Subcode>"
    word = code.name if code.name in version.codes else "Receiver"
    texts = "".join(
        f'<soap:Text xml:lang="{escape_attribute(language)}">{escape_text(text)}</soap:Text>'
        for language, text in reasons.items()
    )
    written_node = f"<soap:Node>{escape_text(node)}</soap:Node>" if node else ""
    written_role = f"<soap:Role>{escape_text(role)}</soap:Role>" if role else ""
    written_detail = f"<soap:Detail{detail[1]}>{detail[0]}</soap:Detail>" if detail is not None else ""
    return (
        f"<soap:Code><soap:Value>soap:{word}</soap:Value>{subcode}</soap:Code>"
        f"<soap:Reason>{texts}</soap:Reason>{written_node}{written_role}{written_detail}"
    )


def _declared(name: str, prefix: str) -> str:
    """The declaration that `_prefixed` of the same name and prefix needs."""
    namespace = split(name)[0]
    return f'xmlns:{prefix}="{escape_attribute(namespace)}"' if namespace else 'xmlns=""'


def _prefixed(name: str, prefix: str) -> str:
    namespace, local = split(name)
    return f"{prefix}:{escape_attribute(local)}" if namespace else escape_attribute(local)


def _written_attributes(attributes: Mapping[str, str] | None) -> str:
    written = ""
    for number, (name, value) in enumerate((attributes or {}).items(), 1):
        namespace, local = split(name)
        if namespace == XML:
            local = f"xml:{local}"
        elif namespace:
            written += f' xmlns:a{number}="{escape_attribute(namespace)}"'
            local = f"a{number}:{local}"
        written += f' {local}="{escape_attribute(value)}"'
    return written
