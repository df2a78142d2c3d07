"""What a contract demands of security, as settings.

The names are handed out when they are asked for, as `soapkit.security` does.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from soapkit.policy.from_contract import security_from
    from soapkit.policy.keys import Keys

_HOMES = {"Keys": "keys", "security_from": "from_contract"}

__all__ = ["Keys", "security_from"]


def __getattr__(name: str) -> Any:  # whichever of the names above
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
