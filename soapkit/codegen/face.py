"""The plan of a package -> the source of its ``__init__``: every name a user needs, from one place."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping

from soapkit.codegen.classes import heading
from soapkit.codegen.literals import comment, docstring, literal
from soapkit.codegen.plan import Package
from soapkit.codegen.scope import import_block, listed_key
from soapkit.codegen.services import SERVICES_MODULE


def exports(package: Package) -> dict[str, str]:
    """The names handed out, each with its module: services and faults, then types whose name is the only one."""
    homes: dict[str, list[str]] = {}
    for module in package.types.modules:
        for name in sorted(module.names):
            homes.setdefault(name, []).append(module.name)
    found = {name: modules[0] for name, modules in homes.items() if len(modules) == 1}
    for service in package.services:
        protocols = (service.name, service.async_protocol) if service.hosted else ()
        found.update(dict.fromkeys((*protocols, service.client, service.async_client), SERVICES_MODULE))
    found.update((fault.exception, SERVICES_MODULE) for fault in package.faults)
    return {name: found[name] for name in sorted(found, key=listed_key)}


def init_source(package: Package) -> str:
    """The source of ``__init__.py``: imports at once, or at first use where there is much to import."""
    names = exports(package)
    lines = [heading(package), *_about(package), "", "from __future__ import annotations", ""]
    if package.size <= package.options.eager:
        lines += import_block(((f".{home}", name, name) for name, home in names.items()))
    else:
        lines += ["from typing import TYPE_CHECKING", "", "if TYPE_CHECKING:"]
        lines += import_block(((f".{home}", name, name) for name, home in names.items()), "    ")
        lines.append("else:")
        lines += [f"    {line}" if line else "" for line in _LAZY.splitlines()]
        lines += ["", *_homes(names)]
    lines += ["", "__all__ = [", *_packed(names), "]", ""] if names else ["__all__: list[str] = []", ""]
    return "\n".join(lines)


def _homes(names: Mapping[str, str]) -> list[str]:
    by_module: dict[str, list[str]] = {}
    for name, home in names.items():
        by_module.setdefault(home, []).append(name)
    lines = ["_NAMES = {"]
    for home, listed in sorted(by_module.items()):
        lines += [f"    {literal(home)}: [", *_packed(listed, "        "), "    ],"]
    return [*lines, "}", "_HOMES = {name: home for home, names in _NAMES.items() for name in names}"]


def _packed(names: Collection[str], indent: str = "    ") -> list[str]:
    """Names, as many in a line as fit."""
    if not names:
        return []
    wrapper = textwrap.TextWrapper(120, indent, indent, break_long_words=False, break_on_hyphens=False)
    return wrapper.wrap(", ".join(map(literal, names)) + ",")


_LAZY = """
def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value

def __dir__() -> list[str]:
    return __all__
""".strip()


def _about(package: Package) -> list[str]:
    clients = " and ".join(f"{service.client}, {service.async_client}" for service in package.services)
    first = f"{package.name}: {clients}." if clients else f"{package.name}: types."
    return docstring(comment(first), "")
