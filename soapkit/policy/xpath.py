"""An XPath of a policy -> the part that it chooses, as settings name it.

WS-SecurityPolicy 1.3, 4.1.2 and 4.2.2: paths start at the Envelope. Those that step to the Body, a header block or a
token of the security header have names of their own; any other is the path itself, with Clark names for prefixes.
"""

from __future__ import annotations

import re

from soapkit.errors import UsageError
from soapkit.policy.demands import XPath
from soapkit.security.parts import CONTENT, token_name, xpath_of
from soapkit.xml.names import SOAP11, SOAP12, WSSE, clark, local_name, namespace_of

_SECURITY = clark(WSSE, "Security")

# A literal, which is left as it is; or a name with a prefix, which is no axis ("child::").
_TOKEN = re.compile(r"""("[^"]*"|'[^']*')|(?<![\w.\-])([^\W\d][\w.\-]*):(?!:)(?=[\w*])""")

_CLARK = re.compile(r"""("[^"]*"|'[^']*')|\{([^{}]*)\}""")


def part_of(path: XPath) -> str:
    """The part that a path chooses: what is not there need not be covered.

    Raises `UsageError` for a prefix that nothing declares, for what is no XPath, and for the security header itself,
    which nothing inside it can cover.

    >>> names = (("s", SOAP11), ("a", "urn:a"))
    >>> part_of(XPath("/s:Envelope/s:Header/a:To", names)), part_of(XPath("//a:To", names))
    ('{urn:a}To?', '//{urn:a}To?')
    """
    steps = _steps(path)
    named = _named(steps) if steps is not None else None
    return named if named is not None else f"{_clark_path(path)}?"


def content_of(path: XPath) -> str:
    """The part that is what stands in the elements that a path chooses. Raises `UsageError` as `part_of` does.

    >>> content_of(XPath("//a:card", (("a", "urn:a"),)))
    '//{urn:a}card/node()?'
    """
    return "Body" if part_of(path) == "Body" else f"{_clark_path(path)}{CONTENT}?"


def path_of(part: str) -> XPath:
    """The path that a part by XPath is, with prefixes for namespaces. Undoes `part_of` and `content_of`.

    >>> path_of("//{urn:a}card/node()?").expression
    '//n1:card'
    """
    prefixes: dict[str, str] = {}

    def prefixed(found: re.Match[str]) -> str:
        literal, namespace = found.groups()
        return found[0] if literal is not None else f"{prefixes.setdefault(namespace, f'n{len(prefixes) + 1}')}:"

    expression = _CLARK.sub(prefixed, part.removesuffix("?").removesuffix(CONTENT))
    return XPath(expression, tuple(sorted((prefix, uri) for uri, prefix in prefixes.items())))


def required_part(path: XPath) -> str:
    """The part that must be there by a path. Raises `UsageError` as `part_of` does."""
    return part_of(path).removesuffix("?")


def _named(steps: list[str]) -> str | None:
    """The name of what plain steps lead to; None where it has none."""
    if not 2 <= len(steps) <= 4 or not _is_soap(steps[0], "Envelope"):
        return None
    if len(steps) == 2:
        return "Body" if _is_soap(steps[1], "Body") else None
    if not _is_soap(steps[1], "Header"):
        return None
    if len(steps) == 3:
        if steps[2] == _SECURITY:
            raise UsageError("the security header cannot be covered by what stands in it")
        return f"{steps[2]}?" if namespace_of(steps[2]) else None
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


def _clark_path(path: XPath) -> str:
    namespaces = dict(path.namespaces)

    def named(found: re.Match[str]) -> str:
        literal, prefix = found.groups()
        if literal is not None:
            return found[0]
        if prefix not in namespaces:
            raise UsageError(f"the XPath {path.expression} uses the prefix {prefix}, which nothing declares")
        return f"{{{namespaces[prefix]}}}"

    expression = _TOKEN.sub(named, path.expression.strip())
    if not expression.startswith("/"):
        expression = f"/*/{expression}"  # from the Envelope
    xpath_of(expression)
    return expression
