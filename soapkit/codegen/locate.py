"""A name of the generated package -> what of the contract it stands for.

For packages whose classes are made by need (`soapkit.codegen.live`). Most names are found by a look at the names in
the contract; for the rest the whole package is planned once: only that tells how a name gives way to one that is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from soapkit.codegen.face import exports
from soapkit.codegen.naming import class_name
from soapkit.codegen.plan import Options, Package
from soapkit.codegen.plan_services import plan_package
from soapkit.databinding.shape import Key, Simple
from soapkit.wsdl.model import Contract
from soapkit.xml.names import local_name


@dataclass(frozen=True, slots=True)
class OfRecord:
    """The class of a record."""

    key: Key


@dataclass(frozen=True, slots=True)
class OfEnum:
    """The class of an enumeration in `owner` (``""``: it has a name of its own)."""

    owner: Key
    shape: Simple


@dataclass(frozen=True, slots=True)
class OfSimple:
    """The alias of a simple type."""

    shape: Simple


@dataclass(frozen=True, slots=True)
class OfFault:
    """The exception of a declared fault, by the fault's name."""

    name: str


@dataclass(frozen=True, slots=True)
class OfModule:
    """A module of types, by its name; its names."""

    name: str
    names: Mapping[str, Located]


Located: TypeAlias = "OfRecord | OfEnum | OfSimple | OfFault | OfModule"


class Locator:
    """Finds names for one contract."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract

    def find(self, name: str) -> Located | None:
        """What the generated package calls `name`, if anything."""
        if name in self._faults:
            return OfFault(self._faults[name])
        keys = self._types.get(name, ())
        if len(keys) == 1 and name not in self._services:
            return OfRecord(keys[0])
        return self._everything.get(name)

    def names(self) -> list[str]:
        """All names that can be found, in order."""
        return sorted({*self._faults, *self._everything})

    @cached_property
    def _types(self) -> dict[str, list[Key]]:
        """The named complex types by the name that their class would like."""
        found: dict[str, list[Key]] = {}
        for name in self.contract.shapes.schema.schema.names("type"):
            found.setdefault(class_name(local_name(name)), []).append(name)
        return {name: keys for name, keys in found.items() if len(keys) > 1 or self._is_complex(keys[0])}

    def _is_complex(self, key: Key) -> bool:
        declared = self.contract.shapes.schema.schema.names("type")[str(key)]
        return local_name(str(declared.element.tag)) == "complexType"

    @cached_property
    def _faults(self) -> dict[str, str]:
        uses = (
            use
            for port_type in self.contract.outline.port_types.values()
            for operation in port_type.operations
            for use in operation.faults
        )
        names = (use.name or local_name(use.message) for use in uses)
        return {class_name(name): name for name in names}

    @cached_property
    def _services(self) -> frozenset[str]:
        """Names that services may have taken."""
        asked = [
            class_name(name) for each in self.contract.services for name in (each.name, local_name(each.port_type))
        ]
        short = [name.removesuffix(end) for name in asked for end in ("WebService", "Service", "PortType")]
        return frozenset(
            form for name in (*asked, *short) for form in (name, f"Async{name}", f"{name}Client", f"Async{name}Client")
        )

    # --- the whole plan -------------------------------------------------------------------------------------------

    @cached_property
    def _everything(self) -> dict[str, Located]:
        options = Options(generated_from=self.contract.source)
        package = plan_package(self.contract.services, self.contract.shapes, name="located", options=options)
        modules = {module: OfModule(module, names) for module, names in _modules(package).items()}
        homes = exports(package).items()
        found: dict[str, Located] = {
            name: at for name, module in homes if (at := _at(modules, module, name)) is not None
        }
        found.update({fault.exception: OfFault(fault.name) for fault in package.faults})
        return {**modules, **found}


def _at(modules: Mapping[str, OfModule], module: str, name: str) -> Located | None:
    return modules[module].names.get(name) if module in modules else None


def _modules(package: Package) -> dict[str, dict[str, Located]]:
    enums: dict[int, OfEnum] = {
        id(plan): OfEnum(owner, shape) for (owner, shape), (_, plan) in package.types.enums.items()
    }
    return {
        module.name: {
            **{plan.name: enums[id(plan)] for plan in module.enums},
            **{plan.name: OfSimple(plan.shape) for plan in module.aliases},
            **{plan.name: OfRecord(plan.record.key) for plan in module.classes},
        }
        for module in package.types.modules
    }
