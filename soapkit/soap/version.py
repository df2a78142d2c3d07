"""SOAP 1.1 and 1.2: all that differs, as two values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from soapkit.xml.names import SOAP11, SOAP11_ENC, SOAP12, SOAP12_ENC, clark


@dataclass(frozen=True, slots=True)
class Version:
    """What one version of SOAP says differently. Names are Clark names.

    `role`: the attribute that names whom a header block is for; `next_role`: the role every node plays;
    `codes`: the fault codes by their SOAP 1.2 words. `action_in`: where the action of a request stands.
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

    @property
    def envelope(self) -> str:
        return clark(self.namespace, "Envelope")

    @property
    def header(self) -> str:
        return clark(self.namespace, "Header")

    @property
    def body(self) -> str:
        return clark(self.namespace, "Body")

    @property
    def fault(self) -> str:
        return clark(self.namespace, "Fault")

    @property
    def must_understand(self) -> str:
        return clark(self.namespace, "mustUnderstand")

    @property
    def encoding_style(self) -> str:
        return clark(self.namespace, "encodingStyle")

    def __repr__(self) -> str:
        return f"SOAP {self.label}"


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
