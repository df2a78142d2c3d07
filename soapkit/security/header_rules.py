"""HeaderRules: how a security header must be built, beside what is signed and encrypted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from soapkit.errors import UsageError

Layout: TypeAlias = Literal["strict", "lax", "lax-timestamp-first", "lax-timestamp-last"]
Order: TypeAlias = Literal["any", "sign-first", "encrypt-first"]


@dataclass(frozen=True, slots=True)
class HeaderRules:
    """For ``Require(rules=...)``: what the properties of a security binding ask for (WS-SecurityPolicy 1.3, 6).

    `layout`: ``strict`` wants each token before the signature that is made with it, ``lax-timestamp-first`` and
    ``lax-timestamp-last`` the Timestamp at that end of the header (6.7). `order`: whether what must be both signed and
    encrypted is signed as it was (``sign-first``) or as it came out of encryption (``encrypt-first``, 6.3).
    `whole_parts`: signatures cover the Body, whole header blocks, and what is in the security header, and no elements
    inside of others (6.6). `tokens_protected`: each signature covers the token it was made with, where the message has
    that (6.5).

    Raises `UsageError` for a layout or an order that there is not.
    """

    layout: Layout = "lax"
    order: Order = "any"
    whole_parts: bool = False
    tokens_protected: bool = False

    def __post_init__(self) -> None:
        for name, known in (("layout", get_args(Layout)), ("order", get_args(Order))):
            if getattr(self, name) not in known:
                raise UsageError(f"{name}= is one of {', '.join(known)}, found {getattr(self, name)!r}")


NO_RULES = HeaderRules()
