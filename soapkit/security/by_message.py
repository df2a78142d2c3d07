"""Settings that differ between messages: chosen by what the Body holds.

The choice for a message that came in is made after decryption, by the very element that it will be routed by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from soapkit.security.require import Require
from soapkit.security.steps import Step
from soapkit.soap.envelope import Envelope
from soapkit.xml.walk import tag_of


@dataclass(frozen=True, slots=True)
class ByMessage:
    """Steps and requirements by the Clark name of the first element in the Body, None for an empty Body."""

    outbound: Mapping[str | None, Sequence[Step]] = field(default_factory=dict)
    inbound: Mapping[str | None, Require] = field(default_factory=dict)

    def steps(self, envelope: Envelope, otherwise: Sequence[Step]) -> Sequence[Step]:
        """The steps for a message on its way out."""
        return self.outbound.get(_tag(envelope), otherwise)

    def require(self, envelope: Envelope, otherwise: Require) -> Require:
        """What a message on its way in must satisfy."""
        return self.inbound.get(_tag(envelope), otherwise)


def _tag(envelope: Envelope) -> str | None:
    return tag_of(envelope.content[0]) if envelope.content else None
