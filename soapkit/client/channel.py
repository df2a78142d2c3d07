"""Whether the way that messages go is one that their security may be left to."""

from __future__ import annotations

from typing import Any, Final

from soapkit.errors import UsageError
from soapkit.transport.identity import NOBODY, Identified, Shown

_GIVE: Final[dict[Shown, tuple[str, str]]] = {
    "certificate": ("a client certificate", "certificate=(...)"),
    "basic": ("an HTTP Basic login", "auth=Basic(...)"),
    "digest": ("an HTTP Digest login", "auth=Digest(...)"),
}


def check_channel(security: Any, address: str, transport: Any) -> None:
    """Check that messages may go to this address over this transport, None for one that is made as it comes.

    `security`: whatever a user gave; a `soapkit.security.Security` says whether it is for HTTPS alone and what the
    connection must show of us, and so does what secures a request for a security context. Raises `UsageError` with
    what is missing.
    """
    conversation = getattr(security, "conversation", None)
    for what, each in (("what is sent", security), ("the request for a security context", _bootstrap(conversation))):
        if getattr(each, "https", False) and not address.lower().startswith("https:"):
            raise UsageError(
                f"{what} to {address} is protected by HTTPS alone, so the contract says: call it by https:"
            )
        for shown in sorted(getattr(each, "shows", ())):
            _check_shown(shown, address, transport)


def _bootstrap(conversation: Any) -> Any:
    return getattr(conversation, "bootstrap", None)


def _check_shown(shown: Shown, address: str, transport: Any) -> None:
    """Of a transport that does not tell, such as one of the user's own, it is believed."""
    teller = NOBODY if transport is None else transport
    if isinstance(teller, Identified) and teller.shows(shown) is False:
        what, give = _GIVE[shown]
        raise UsageError(
            f"{address} asks for {what}, so the contract says, and the transport has none: give the client"
            f" transport=Urllib3Transport({give}), or AiohttpTransport({give})"
        )
