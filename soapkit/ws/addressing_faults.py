"""The faults that WS-Addressing defines, as errors that say what is in them.

Sources: WS-Addressing 1.0 SOAP Binding, 6; the submission of August 2004, 4.
"""

from __future__ import annotations

from typing import Final

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import NOWHERE, MessageError
from soapkit.ws.addressing import VERSION_2004, VERSION_2005, WSA_2004, AddressingVersion, Properties
from soapkit.xml.names import WSA, namespace_of
from soapkit.xml.serialise import escape_attribute, escape_text
from soapkit.xml.walk import place_of, tag_of

# Subsubcodes stand below InvalidAddressingHeader (SOAP Binding, 6.4).
_BELOW_INVALID: Final = frozenset(
    {"InvalidCardinality", "MissingAddressInEPR", "InvalidAddress", "ActionMismatch", "OnlyAnonymousAddressSupported"}
)


class AddressingError(MessageError):
    """A message whose addressing headers are wrong. `subcode`: the local name of the fault that WS-Addressing 1.0 has
    for it; `problem`: the Clark name of the header block, or the action or address that is the matter; `version`: that
    the message speaks; `request`: its properties, as far as they are known."""

    def __init__(
        self,
        subcode: str,
        message: str,
        block: _Element | None = None,
        problem: str = "",
        bare: str | None = None,
        *,
        version: AddressingVersion | None = None,
        request: Properties | None = None,
    ) -> None:
        spoken = request.version if request is not None else version
        if spoken is None:
            spoken = VERSION_2004 if block is not None and namespace_of(tag_of(block)) == WSA_2004 else VERSION_2005
        outer = "InvalidAddressingHeader" if subcode in _BELOW_INVALID else subcode
        codes = (outer, subcode) if spoken is VERSION_2005 else (outer,)  # the submission has none below
        super().__init__(
            message,
            subcodes=dict.fromkeys(spoken.name(spoken.faults.get(one, one)) for one in codes),
            place=place_of(block, "message") if block is not None else NOWHERE,
            bare=bare,
        )
        self.subcode = subcode
        self.problem = problem or (tag_of(block) if block is not None else "")
        self.version = spoken
        self.request = request
        self.reason = spoken.reasons[outer]

    def answer(self) -> Properties:
        """The properties of the fault; it goes back over the connection, whatever the message says."""
        known = Properties(self.version, message_id=self.request.message_id if self.request else "")
        return known.answer(self.version.own_fault_action)

    def detail(self) -> str:
        """The entry for the fault's detail; in SOAP 1.1 it stands in a header block (SOAP Binding, 6.3). The submission
        describes none."""
        if not self.problem or self.version is not VERSION_2005:
            return ""
        if self.subcode == "ActionNotSupported":
            inner = f"<wsa:Action>{escape_text(self.problem)}</wsa:Action>"
            return f'<wsa:ProblemAction xmlns:wsa="{WSA}">{inner}</wsa:ProblemAction>'
        name = _qname(self.problem)
        if name is None:
            return f'<wsa:ProblemIRI xmlns:wsa="{WSA}">{escape_text(self.problem)}</wsa:ProblemIRI>'
        return (
            f'<wsa:ProblemHeaderQName xmlns:wsa="{WSA}" xmlns:p="{escape_attribute(name.namespace or "")}">'
            f"p:{name.localname}</wsa:ProblemHeaderQName>"
        )

    def block(self) -> str:
        """For SOAP 1.1: the header block with the detail; empty where there is none."""
        inner = self.detail()
        return f'<wsa:FaultDetail xmlns:wsa="{WSA}">{inner}</wsa:FaultDetail>' if inner else ""


def _qname(problem: str) -> etree.QName | None:
    """The name that a Clark name says; None for an address, however odd."""
    try:
        return etree.QName(problem) if problem.startswith("{") else None
    except ValueError:
        return None


def missing(local: str, request: Properties | None = None) -> AddressingError:
    """The error for a header block that is required and is not there."""
    version = request.version if request is not None else VERSION_2005
    told = f"the header block wsa:{local} is required"
    return AddressingError("MessageAddressingHeaderRequired", told, problem=version.name(local), request=request)
