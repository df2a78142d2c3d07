"""The names of one generated module: what it defines, what it imports, and under which name.

A class body hides names: below a field ``date``, an annotation ``date`` is no longer the type. So a name is asked for
together with the names that are hidden where it will stand, and comes back under another (``date_``) where it must.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

NOTHING: frozenset[str] = frozenset()
_KIT = ("soapkit", "msgspec")


@dataclass(slots=True)
class Scope:
    """What a generated module knows by name.

    `module`: its own name within the package; `defined`: the names it defines itself.
    """

    module: str
    defined: AbstractSet[str] = NOTHING
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
        lines = ["from __future__ import annotations", "", *_grouped(self._imports)]
        if lazy or typing:
            lines += ["", f"if {checking}:"]
            checked = dict.fromkeys([*typing, *((".", *pair) for pair in lazy)])
            lines += [f"    {line}" for line in _grouped(checked) if line]
        if lazy:
            lines += ["else:"]
            lines += [f'    {alias} = {make}(f"{{__package__}}.{module}")' for module, alias in lazy]
        return lines


def _grouped(entries: dict[tuple[str, str, str], None]) -> list[str]:
    """``from`` lines in three blocks: the standard library, the kits, the package itself."""
    by_module: dict[str, list[str]] = {}
    for module, name, alias in sorted(entries, key=lambda entry: (entry[0], entry[1].casefold(), entry[1], entry[2])):
        by_module.setdefault(module, []).append(name if name == alias else f"{name} as {alias}")
    blocks: dict[int, list[str]] = {0: [], 1: [], 2: []}
    for module, names in by_module.items():
        block = 2 if module.startswith(".") else 1 if module.split(".")[0] in _KIT else 0
        blocks[block] += _from_line(module, names)
    lines: list[str] = []
    for block_lines in blocks.values():
        if block_lines:
            lines += ([""] if lines else []) + block_lines
    return lines


def _from_line(module: str, names: list[str]) -> list[str]:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= 120:
        return [line]
    return [f"from {module} import (", *(f"    {name}," for name in names), ")"]
