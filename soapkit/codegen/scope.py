"""The names of one generated module: what it defines, what it imports, and under which name.

A class body hides names: below a field ``date``, an annotation ``date`` is no longer the type. So a name is asked for
together with the names that are hidden where it will stand, and comes back under another (``date_``) where it must.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

NOTHING: frozenset[str] = frozenset()


@dataclass(slots=True)
class Scope:
    """What a generated module knows by name.

    `module`: its own name within the package; `defined`: the names it defines itself. `direct`: nothing in the package
    imports it in return, so that it may import names of the others at once.
    `package` and `exported`: of a module outside of the package, its absolute name and what its ``__init__`` hands out.
    """

    module: str
    defined: AbstractSet[str] = NOTHING
    direct: bool = False
    package: str = ""
    exported: Mapping[str, str] = field(default_factory=dict)
    _imports: dict[tuple[str, str, str], None] = field(default_factory=dict)  # module, name, alias
    _owners: dict[str, tuple[str, str]] = field(default_factory=dict)  # what each alias stands for
    _lazy: dict[tuple[str, str], None] = field(default_factory=dict)  # sibling module, alias
    _typing: dict[tuple[str, str, str], None] = field(default_factory=dict)

    def use(self, module: str, name: str, hidden: AbstractSet[str] = NOTHING) -> str:
        """The name under which ``module.name`` is known here; imported if need be."""
        alias = self._free(name, (module, name), hidden)
        if module != "builtins" or alias != name:
            self._imports[module, name, alias] = None
        return alias

    def use_typing(self, module: str, name: str, hidden: AbstractSet[str] = NOTHING) -> str:
        """As `use`, for a name that only annotations need: imported for type checkers alone."""
        alias = self._free(name, (module, name), hidden)
        self._typing[module, name, alias] = None
        return alias

    def sibling(self, module: str, name: str, hidden: AbstractSet[str] = NOTHING) -> str:
        """A name of another module of the package, used in annotations: that module is loaded when they are read."""
        if module == self.module:
            return name
        if self.package:
            home = self.package if self.exported.get(name) == module else f"{self.package}.{module}"
            return self.use(home, name, hidden)
        if self.direct:
            return self.use(f".{module}", name, hidden)
        alias = self._free(module, (".", module), hidden)
        self._lazy[module, alias] = None
        return f"{alias}.{name}"

    def base(self, module: str, name: str) -> str:
        """A name of another module of the package that is needed at once, such as a base class."""
        if module == self.module:
            return name
        alias = self._free(module, (".", module), NOTHING)
        self._imports[".", module, alias] = None
        return f"{alias}.{name}"

    def _free(self, alias: str, owner: tuple[str, str], hidden: AbstractSet[str]) -> str:
        while alias in self.defined or alias in hidden or self._owners.get(alias, owner) != owner:
            alias += "_"
        self._owners[alias] = owner
        return alias

    def import_lines(self) -> list[str]:
        """The lines between the docstring of the module and its first definition."""
        at_once = {(module, alias) for dot, module, alias in self._imports if dot == "."}
        lazy = sorted(pair for pair in self._lazy if pair not in at_once)
        typing = [entry for entry in self._typing if entry not in self._imports]
        if lazy:
            make = self.use("soapkit.databinding.lazy", "lazy_module")
        if lazy or typing:
            checking = self.use("typing", "TYPE_CHECKING")
        lines = ["from __future__ import annotations", "", *import_block(self._imports)]
        if lazy or typing:
            lines += ["", f"if {checking}:"]
            lines += import_block([*typing, *((".", *pair) for pair in lazy)], "    ")
        if lazy:
            lines += ["else:"]
            lines += [f'    {alias} = {make}(f"{{__package__}}.{module}")' for module, alias in lazy]
        return lines


def import_block(entries: Iterable[tuple[str, str, str]], indent: str = "") -> list[str]:
    """``from`` lines for (module, name, alias), as isort and ruff lay them out.

    Three sections: the standard library, others, the package itself. A renamed import stands alone.
    """
    statements: dict[tuple[str, str], list[str]] = {}
    for module, name, alias in sorted(entries, key=lambda entry: (member_key(entry[1]), entry[2])):
        renamed = alias if alias != name else ""
        statements.setdefault((module, renamed), []).append(f"{name} as {alias}" if renamed else name)
    ordered = sorted(statements.items(), key=lambda item: (_module_key(item[0][0]), member_key(item[1][0].split()[0])))
    lines: list[str] = []
    section = -1
    for (module, _), names in ordered:
        if lines and _module_key(module)[0] != section:
            lines.append("")
        section = _module_key(module)[0]
        lines += _from_line(module, names, indent)
    return lines


def _module_key(module: str) -> tuple[int, list[tuple[int, str]]]:
    section = 2 if module.startswith(".") else 0 if module.partition(".")[0] in sys.stdlib_module_names else 1
    return section, _natural(module.lower())


def member_key(name: str) -> tuple[int, list[tuple[int, str]], str]:
    """The order of names in an import: constants, then classes, then the rest."""
    return _kind(name), _natural(name.lower()), name


def listed_key(name: str) -> tuple[int, list[tuple[int, str]]]:
    """The order of names in ``__all__``: as in an import, capitals before small letters."""
    return _kind(name), _natural(name)


def _kind(name: str) -> int:
    return 0 if len(name) > 1 and name.isupper() else 1 if name[0].isupper() else 2


def _natural(text: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", text) if part]


def _from_line(module: str, names: list[str], indent: str) -> list[str]:
    line = f"{indent}from {module} import {', '.join(names)}"
    if len(line) <= 88:
        return [line]
    return [f"{indent}from {module} import (", *(f"{indent}    {name}," for name in names), f"{indent})"]
