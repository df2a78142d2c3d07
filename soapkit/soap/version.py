"""SOAP 1.1 and 1.2: all that differs, as two values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from soapkit.xml.names import SOAP11, SOAP11_ENC, SOAP12, SOAP12_ENC, clark


@dataclass(frozen=True, slots=True, eq=False)  # two values, told apart by identity
class Version:
    """What one version of SOAP says differently. Names are Clark names.

    `role`: the attribute that names whom a header block is for; `next_role`: the role every node plays;
    `codes`: the fault codes by their SOAP 1.2 words. `action_in`: where the action of a request stands. The names of
    elements and attributes follow from the namespace.
    """

    label: Literal["1.1", "1.2"]
    namespace: str
    media_type: str
    encoding: str
    role: str
    next_role: str
    none_role: str | None
    ultimate_receiver_role: str | None
    action_in: Literal["SOAPAction header", "action parameter"]
    codes: dict[str, str]

    envelope: str = field(init=False)
    header: str = field(init=False)
    body: str = field(init=False)
    fault: str = field(init=False)
    must_understand: str = field(init=False)
    encoding_style: str = field(init=False)

    def __post_init__(self) -> None:
        for name, local in _NAMES.items():  # once, not once a message
            object.__setattr__(self, name, clark(self.namespace, local))

    def __repr__(self) -> str:
        return f"SOAP {self.label}"


_NAMES = {
    "envelope": "Envelope",
    "header": "Header",
    "body": "Body",
    "fault": "Fault",
    "must_understand": "mustUnderstand",
    "encoding_style": "encodingStyle",
}

SOAP_1_1 = Version(
    label="1.1",
    namespace=SOAP11,
    media_type="text/xml",
    encoding=SOAP11_ENC,
    role=clark(SOAP11, "actor"),
    next_role="http://schemas.xmlsoap.org/soap/actor/next",
    none_role=None,
    ultimate_receiver_role=None,
    action_in="SOAPAction header",
    codes={
        "Sender": clark(SOAP11, "Client"),
        "Receiver": clark(SOAP11, "Server"),
        "VersionMismatch": clark(SOAP11, "VersionMismatch"),
        "MustUnderstand": clark(SOAP11, "MustUnderstand"),
        "DataEncodingUnknown": clark(SOAP11, "Client"),  # SOAP 1.1 has no code of its own for it
    },
)

SOAP_1_2 = Version(
    label="1.2",
    namespace=SOAP12,
    media_type="application/soap+xml",
    encoding=SOAP12_ENC,
    role=clark(SOAP12, "role"),
    next_role=f"{SOAP12}/role/next",
    none_role=f"{SOAP12}/role/none",
    ultimate_receiver_role=f"{SOAP12}/role/ultimateReceiver",
    action_in="action parameter",
    codes={
        name: clark(SOAP12, name)
        for name in ("Sender", "Receiver", "VersionMismatch", "MustUnderstand", "DataEncodingUnknown")
    },
)

VERSIONS = {version.namespace: version for version in (SOAP_1_1, SOAP_1_2)}
BY_LABEL = {version.label: version for version in (SOAP_1_1, SOAP_1_2)}
