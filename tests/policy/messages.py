"""Messages of the contract of contracts.py."""

from __future__ import annotations

from typing import Any

from soapkit.exchange.samples import Sampled, sample_envelope
from soapkit.soap.envelope import Envelope
from soapkit.soap.version import BY_LABEL
from soapkit.wsdl.model import Contract


def sample(known: Contract, direction: Any = "request", name: str = "double") -> Envelope:
    """A message of an operation, nothing of it secured."""
    service = known.services[0]
    return sample_envelope(known.shapes, Sampled(service, service.operation(name), direction), BY_LABEL["1.1"])
