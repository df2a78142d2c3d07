"""What the connection of a request says of its sender, for security that asks for it."""

from __future__ import annotations

from soapkit.exchange.message_security import AsksSender, MessageSecurity
from soapkit.server.certificates import CertificateHeader, certificate_of
from soapkit.server.http import HttpRequest
from soapkit.server.logins import logins_of


def from_sender(
    security: MessageSecurity | None, request: HttpRequest, header: CertificateHeader | None
) -> MessageSecurity | None:
    """The settings for one request; the same, where they do not ask who sends it.

    `header`: where a proxy that is believed tells of certificates.
    """
    if not isinstance(security, AsksSender) or not security.asks_sender:
        return security
    from soapkit.security.sender import FromSender, Login, Sender  # only settings that have loaded it ask

    shown = certificate_of(request, header)
    logins = tuple(Login(*each) for each in logins_of(request))
    return FromSender(security, Sender(request.client, shown.certificate if shown is not None else None, logins))
