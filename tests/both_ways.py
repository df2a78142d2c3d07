"""A message verified as a tree, by who knows nothing of it, and as bytes, by who has met one like it before."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from soapkit.errors import SoapkitError
from soapkit.security import Security
from soapkit.soap.envelope import Envelope
from soapkit.soap.security_result import SecurityResult


def both_ways(security: Security, genuine: bytes, now: datetime) -> Callable[[bytes], SecurityResult]:
    """A function that verifies messages like the genuine one: what is believed in one way must be in the other."""
    with suppress(SoapkitError):  # of messages of other stacks, some are to be refused
        security.verify(genuine, now=now)

    def verify(data: bytes) -> SecurityResult:
        by_tree = _outcome(lambda: security.verify(Envelope.parse(data), now=now))
        by_bytes = _outcome(lambda: security.verify(data, now=now))
        assert type(by_tree) is type(by_bytes), (by_tree, by_bytes)
        if isinstance(by_bytes, SoapkitError):
            raise by_bytes
        assert isinstance(by_tree, SecurityResult)
        assert _told(by_tree) == _told(by_bytes)
        return by_bytes

    return verify


def _outcome(verify: Callable[[], SecurityResult]) -> SecurityResult | SoapkitError:
    try:
        return verify()
    except SoapkitError as error:
        return error


def _told(result: SecurityResult) -> tuple[object, ...]:
    """What a result says, but for the elements, which are of two trees."""
    signed = [(each.name, each.element.getroottree().getpath(each.element), each.signer_name) for each in result.signed]
    opened = [each.name for each in result.encrypted]
    said = (
        opened,
        result.context,
        result.signer,
        result.chain,
        result.username,
        result.created,
        result.expires,
        result.warnings,
    )
    return (signed, result.envelope.to_bytes(), result.signature_values, *said)
