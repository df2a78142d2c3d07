"""An XPath of a policy -> the part that it chooses, where that has a name.

WS-SecurityPolicy 1.3, 4.1.2 and 4.2.2: paths start at the Envelope. Those that step to the Body, a header block or a
token of the security header are what contracts have; no XPath is run over a message.
"""

from __future__ import annotations

from soapkit.policy.demands import XPath
from soapkit.security.parts import token_name
from soapkit.xml.names import SOAP11, SOAP12, WSSE, clark, local_name, namespace_of

_SECURITY = clark(WSSE, "Security")


def part_of(path: XPath) -> str | None:
    """The part that a path chooses, as settings name it: what is not there need not be covered. None for another path.

    >>> names = (("s", SOAP11), ("a", "urn:a"))
    >>> part_of(XPath("/s:Envelope/s:Header/a:To", names)), part_of(XPath("//a:To", names))
    ('{urn:a}To?', None)
    """
    steps = _steps(path)
    if steps is None or not 2 <= len(steps) <= 4 or not _is_soap(steps[0], "Envelope"):
        return None
    if len(steps) == 2:
        return "Body" if _is_soap(steps[1], "Body") else None
    if not _is_soap(steps[1], "Header"):
        return None
    if len(steps) == 3:
        return f"{steps[2]}?" if namespace_of(steps[2]) and steps[2] != _SECURITY else None
    name = token_name(steps[3]) if steps[2] == _SECURITY else None
    return f"{name}?" if name is not None else None


def _steps(path: XPath) -> list[str] | None:
    """The Clark names of an absolute path of plain steps; None for anything else."""
    head, *steps = path.expression.strip().split("/")
    if head or not steps:
        return None
    namespaces = dict(path.namespaces)
    found = []
    for step in steps:
        prefix, colon, name = step.partition(":")
        if not colon or prefix not in namespaces or not name.replace("-", "").replace("_", "").isalnum():
            return None
        found.append(clark(namespaces[prefix], name))
    return found


def _is_soap(name: str, local: str) -> bool:
    return local_name(name) == local and namespace_of(name) in (SOAP11, SOAP12)
