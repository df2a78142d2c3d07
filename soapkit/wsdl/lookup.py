"""A reference inside a WSDL -> what it refers to; where it dangles, what it most likely means, or the error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from soapkit.errors import ContractError, Place, Problems
from soapkit.xml.names import did_you_mean, local_name

FoundT = TypeVar("FoundT")


def look_up(name: str, known: Mapping[str, FoundT], *, kind: str, who: str, place: Place, warnings: Problems) -> FoundT:
    """What `name` (a Clark name) refers to.

    Where only the namespace is wrong and one component alone has that local name, it is taken, with a warning. Raises
    `ContractError` at `place` otherwise: ``{who} refers to {kind} ..., which no document defines``.
    """
    if name in known:
        return known[name]
    said = f"{who} refers to {kind} {name}" if name else f"{who} names no {kind}"
    alike = [candidate for candidate in known if local_name(candidate) == local_name(name)]
    if name and len(alike) == 1:
        warnings.add(f"{said}, which no document defines; {alike[0]} was assumed", place)
        return known[alike[0]]
    reason = f"{said}, which no document defines" if name else f"{said}; expected one (WSDL 1.1, 2)"
    raise ContractError(f"{reason}{did_you_mean(name, known)}", place=place)
