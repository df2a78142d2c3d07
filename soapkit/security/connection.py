"""ConnectionRules: what the connection must show of who sends a message, and whether it does."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from soapkit.errors import LoginError, SecurityError, UsageError
from soapkit.security.sender import Login, Sender
from soapkit.security.steps import PasswordOf
from soapkit.security.tokens import password_of

Scheme: TypeAlias = Literal["basic", "digest"]
Shown: TypeAlias = Literal["certificate", "basic", "digest"]
"""What a connection may show of who sends: a certificate of TLS, an HTTP login."""


@dataclass(frozen=True, slots=True)
class ConnectionRules:
    """For ``Require(connection=...)``: what an HttpsToken may ask for (WS-SecurityPolicy 1.3, 5.4.10).

    `certificate`: whether the sender must have shown a certificate when the connection was made; whoever ends TLS has
    checked it against its authorities. `login`: the scheme of an HTTP login that must be right, none where empty.
    `passwords`: what a Basic login is checked against; None: the web server before the service has checked the login,
    and says so (``AUTH_TYPE`` and ``REMOTE_USER`` of WSGI), which is the only way for Digest.

    Raises `UsageError` for a scheme that there is not, and passwords that nothing is checked against.

    >>> ConnectionRules(certificate=True).shown
    frozenset({'certificate'})
    """

    certificate: bool = False
    login: Literal["", "basic", "digest"] = ""
    passwords: PasswordOf | None = field(default=None, repr=False, hash=False)

    def __post_init__(self) -> None:
        if self.login not in ("", "basic", "digest"):
            raise UsageError(f"login= is basic, digest or '', found {self.login!r}")
        if self.passwords is None:
            return
        if self.login != "basic":
            raise UsageError("passwords= is what a Basic login is checked against: login='basic'; no digest is checked")
        if not (isinstance(self.passwords, Mapping) or callable(self.passwords)):
            raise UsageError(
                "ConnectionRules(passwords=...) is a mapping from users to passwords, or a function that gives one's"
            )

    @property
    def shown(self) -> frozenset[Shown]:
        """All that must be shown."""
        found: set[Shown] = {"certificate"} if self.certificate else set()
        return frozenset(found | ({self.login} if self.login else set()))

    def user_of(self, sender: Sender | None) -> str | None:
        """Who has logged in by HTTP; None where nobody need have.

        Raises `LoginError` where a login is missing or wrong, `SecurityError` where a certificate is.
        """
        if self.certificate and (sender is None or sender.certificate is None):
            raise SecurityError("the sender must show a certificate when the connection is made, and showed none")
        if not self.login:
            return None
        for login in sender.logins if sender is not None else ():
            if login.scheme == self.login and self._is_right(login):
                return login.name
        raise self._refusal(sender)

    def _is_right(self, login: Login) -> bool:
        if self.passwords is None:
            return login.is_checked
        if login.password is None:
            return False
        expected = password_of(self.passwords, login.name)
        return hmac.compare_digest((expected or "").encode(), login.password.encode()) and expected is not None

    def _refusal(self, sender: Sender | None) -> SecurityError:
        if self.passwords is None:
            told = f"a {self.login} login must have been checked by the web server (AUTH_TYPE, REMOTE_USER); none was"
            return SecurityError(told)
        tried = any(login.scheme == self.login for login in sender.logins) if sender is not None else False
        told = (
            "the password of the HTTP login is wrong, or there is no such user" if tried else "there is no HTTP login"
        )
        return LoginError(told, scheme="Basic")


NO_CONNECTION_RULES = ConnectionRules()
