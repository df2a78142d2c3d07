"""The Protocol that `soapkit.security.Security` keeps: all that the journey of a message knows of security."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, runtime_checkable

from soapkit.attachment import Attachment
from soapkit.errors import SoapkitError
from soapkit.exchange.flow import Flow
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.headers import check_understood
from soapkit.soap.security_result import SecurityResult
from soapkit.transport.values import AsyncTransport, Transport
from soapkit.xml.names import WSSE, clark

SECURITY_HEADER: Final = clark(WSSE, "Security")


class MessageSecurity(Protocol):
    """A pair: `apply` secures a plain message, `verify` gives back what may be believed of a secured one.

    What travels beside a message is in `Envelope.attachments`, both ways. Who looks at the tree alone returns an
    envelope without any, and they are left as they were.
    """

    def apply(
        self, envelope: Envelope, *, now: datetime | None = None, request: SecurityResult | None = None
    ) -> Envelope:
        """The secured message. Raises `soapkit.errors.SecurityError`.

        `request`: for a reply, what was believed of its request: whom to encrypt to.
        """
        ...

    def verify(self, envelope: Envelope, *, now: datetime | None = None) -> SecurityResult:
        """What may be believed, and in `SecurityResult.header` which security header was processed: it is understood,
        and no other. Raises `soapkit.errors.SecurityError`."""
        ...


@runtime_checkable
class FromDraft(Protocol):
    """Security that takes a message as text, for which it need not copy a tree."""

    def apply_draft(
        self,
        draft: Draft,
        attachments: Iterable[Attachment] = (),
        *,
        now: datetime | None = None,
        request: SecurityResult | None = None,
    ) -> Envelope:
        """The secured message, of what was written and what is to travel beside it."""
        ...


@runtime_checkable
class OfOneCall(Protocol):
    """Security that holds an answer against its request."""

    def of_one_call(self) -> MessageSecurity | None:
        """The same for one request and its answer, None where it is the same for all."""
        ...


@runtime_checkable
class HearsFaults(Protocol):
    """Security that tells whether a client hears a fault that nobody is known to have signed."""

    @property
    def unsigned_faults(self) -> bool:
        """Whether it is raised as the fault that it is, marked unverified, instead of being refused."""
        ...


@runtime_checkable
class Probed(Protocol):
    """Security that tells whether it can do its work."""

    def problems(self, *, now: datetime, margin: timedelta) -> tuple[str, ...]:
        """What keeps it from its work now, a sentence each; a certificate that expires within `margin` among it."""
        ...


@runtime_checkable
class Waiting(Protocol):
    """Security that tells whether it may have to wait."""

    @property
    def waits(self) -> bool:
        """Whether `verify` may wait for what is outside of this process, such as a store on another machine: then it
        belongs into a thread, for an event loop would stand still."""
        ...


@runtime_checkable
class AsksSender(Protocol):
    """Security that tells whether it asks what the connection says of a sender: his address, a certificate of TLS."""

    @property
    def asks_sender(self) -> bool:
        """Whether `verify` is to be told, as `soapkit.security.sender.Sender`."""
        ...

    @property
    def waits(self) -> bool:
        """See `Waiting`."""
        ...

    def apply(
        self, envelope: Envelope, *, now: datetime | None = None, request: SecurityResult | None = None
    ) -> Envelope:
        """See `MessageSecurity`."""
        ...

    def verify(self, envelope: Envelope, *, now: datetime | None = None, sender: Any = None) -> SecurityResult:
        """See `MessageSecurity`; `sender`: what the connection says."""
        ...


class Agreement(Protocol):
    """What a client has to agree on with a service, in messages of its own, before those of the contract."""

    def ready(self, transport: Transport | AsyncTransport) -> Flow[None]:
        """The flow after which messages can be secured. Raises what those messages raise."""
        ...

    def lost(self, error: SoapkitError) -> None:
        """A call ended with this error, which may say that nothing is agreed on any more."""
        ...

    def end(self, transport: Callable[[], Transport | AsyncTransport]) -> Flow[None]:
        """The flow that gives back what was agreed on; `transport` is asked for where something is to be sent."""
        ...


def believed(
    envelope: Envelope,
    security: MessageSecurity | None,
    understood: Container[str],
    now: datetime | None = None,
    roles: Container[str] = (),
) -> SecurityResult | None:
    """What may be believed of a message, its mandatory header blocks understood; None without security.

    `understood`: Clark names of header blocks, beside the security header that is processed; `roles`: that this node
    plays beside those of every node. A security header that is for us and that nobody processed, since `security` is of
    another role, is not understood (WSS SOAP Message Security 1.1, 5: the rules of SOAP hold for each of them).

    Raises `soapkit.errors.SecurityError`, `soapkit.errors.MessageError`.
    """
    if security is not None and not goes_by_text(security):
        envelope = envelope.with_attachments(envelope.attachments)  # without its bytes
    result = security.verify(envelope, now=now) if security is not None else None
    if result is None:
        check_understood(envelope, understood, roles=roles)
    else:
        header = result.header
        check_understood(result.envelope, lambda block: block is header or block.tag in understood, roles=roles)
    return result


def hears_unsigned_faults(security: object) -> bool:
    """Whether a fault that is not believed is raised all the same, as it is unless `security` says otherwise."""
    return not isinstance(security, HearsFaults) or security.unsigned_faults


def goes_by_text(security: object) -> bool:
    """Whether `verify` may be given the bytes of a message with its tree: not where somebody else's code has the tree
    first, and may change it."""
    return getattr(security, "goes_by_text", False)
