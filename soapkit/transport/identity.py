"""What a transport shows of who we are: a client certificate of TLS, a login of HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, runtime_checkable

from soapkit.transport.auth import Auth, Basic, Bearer, Digest

if TYPE_CHECKING:
    import ssl

    from soapkit.transport.tls import Certificate

Shown: TypeAlias = Literal["certificate", "basic", "digest"]
_LOGINS: dict[type, str] = {Basic: "basic", Digest: "digest", Bearer: "bearer"}


@runtime_checkable
class Identified(Protocol):
    """A transport that can tell what it shows of who we are."""

    def shows(self, what: Shown) -> bool | None:
        """Whether it shows that; None where it does not know, as of an `ssl.SSLContext` that was handed in."""
        ...


@dataclass(frozen=True, slots=True)
class Identity:
    """What a transport was given to show."""

    verify: bool | str | Path | ssl.SSLContext = True
    certificate: Certificate | None = None
    auth: Auth | None = None

    def shows(self, what: Shown) -> bool | None:
        """As `Identified.shows`."""
        if what == "certificate":
            return self.certificate is not None if isinstance(self.verify, bool | str | Path) else None
        return None if self.auth is not None and type(self.auth) not in _LOGINS else self._login == what

    @property
    def _login(self) -> str:
        return _LOGINS.get(type(self.auth), "")


NOBODY = Identity()
"""What a transport shows that was given nothing."""
