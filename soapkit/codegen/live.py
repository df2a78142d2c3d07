"""A contract -> a package in memory, of which each class and each method is written when it is first used.

What a dynamic client uses: the classes are those that `soapkit.codegen.generate` writes, but there is a module for
each, in `sys.modules` from the moment something refers to it, whose source is planned, written and run when a name of
it is asked for. So a client of a contract with thousands of types costs what its calls reach.

    soapkit_contract_1                the package; its names are those of the generated one, found by need
    soapkit_contract_1.account_3      the module of one class, enumeration or alias
    soapkit_contract_1.transfer_4     the module of one operation
"""

from __future__ import annotations

import itertools
import linecache
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import FunctionType, ModuleType
from typing import Any, Generic, TypeVar

from soapkit.codegen.classes import INDEX_MODULE, types_source
from soapkit.codegen.expressions import OWNERS_WITHOUT_CLASS, Alias, Named, simple_type
from soapkit.codegen.locate import Located, Locator, OfEnum, OfFault, OfModule, OfRecord
from soapkit.codegen.naming import class_name, field_name, method_name
from soapkit.codegen.plan import (
    AliasPlan,
    ClassPlan,
    EnumPlan,
    Options,
    Package,
    ServicePlan,
    Types,
    TypesModule,
    enum_type,
    mostly_unqualified,
)
from soapkit.codegen.plan_class import plan_class
from soapkit.codegen.plan_order import namespace_for
from soapkit.codegen.plan_services import plan_operation
from soapkit.codegen.plan_simple import anonymous_uses, plan_enum
from soapkit.codegen.services import services_source
from soapkit.databinding.shape import AnyType, Atomic, Key, Record, RecordRef, Simple, Type
from soapkit.errors import ContractError
from soapkit.operations import Operation, Service
from soapkit.wsdl.model import Contract
from soapkit.xml.names import XSD, local_name, namespace_of

KeyT = TypeVar("KeyT")
MadeT = TypeVar("MadeT")

_LOCK = threading.RLock()  # running one module runs those it needs
_NUMBERS = itertools.count(1)


class _Module(ModuleType):
    """A module whose source is written and run when a name of it is first asked for."""

    def __init__(self, package: str, name: str, write: Callable[[], str]) -> None:
        super().__init__(f"{package}.{name}")
        self.__package__ = package
        self.__dict__["_write"] = write
        sys.modules[self.__name__] = self

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__"):
            with _LOCK:
                write = self.__dict__.pop("_write", None)
                if write is not None:
                    self._run(write())
                if name in self.__dict__:
                    return self.__dict__[name]
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def _run(self, source: str) -> None:
        filename = f"<soapkit {self.__name__}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        exec(compile(source, filename, "exec", dont_inherit=True), self.__dict__)  # noqa: S102  our generator's


class _Needed(Mapping[KeyT, MadeT], Generic[KeyT, MadeT]):
    """A mapping whose values are made when they are looked up; None: there is none."""

    def __init__(self, make: Callable[[KeyT], MadeT | None]) -> None:
        self._make = make
        self._made: dict[KeyT, MadeT | None] = {}

    def __getitem__(self, key: KeyT) -> MadeT:
        if key not in self._made:
            self._made[key] = self._make(key)
        found = self._made[key]
        if found is None:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[KeyT]:
        return (key for key, value in self._made.items() if value is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class LivePackage:
    """The package of one contract. Safe for several threads. `keep_unknown`: as in `Options`."""

    def __init__(self, contract: Contract, name: str = "soapkit_contract", *, keep_unknown: bool = False) -> None:
        self.contract = contract
        self.name = f"{name}_{next(_NUMBERS)}"
        self.module = _package_module(self)
        self.types = Types(
            modules=(),
            classes=_Needed(self._class),
            enums=_Needed(self._enum),
            named=_Needed(self._named_simple),
            bases=_Needed(self._base),
        )
        options = Options(generated_from=contract.source, keep_unknown=keep_unknown)
        self._package = Package(self.name, options, self.types, (), (), shapes=contract.shapes)
        self._numbers = itertools.count(1)
        self._uses: dict[Key, dict[Simple, str]] = {}
        self._exceptions: dict[tuple[str, str], type[Exception]] = {}
        self._bound: dict[tuple[str, str, str], tuple[Operation[Any, Any], FunctionType, FunctionType]] = {}
        self._locator = Locator(contract)
        index = ModuleType(f"{self.name}.{INDEX_MODULE}")
        index.__dict__["XML_TYPES"] = _Needed(self._home_of_type)
        sys.modules[index.__name__] = index

    # --- operations -----------------------------------------------------------------------------------------------

    def bound(
        self, service: Service, operation: Operation[Any, Any], method: str
    ) -> tuple[Operation[Any, Any], FunctionType, FunctionType]:
        """An operation whose messages name classes, and the methods of a client and of an async client that call it."""
        with _LOCK:
            found = self._bound.get((service.name, service.port_type, method))
            if found is None:
                planned = plan_operation(service, operation, method, self.types)
                package = replace(self._package, services=(planned,), faults=_faults(planned))
                (plan,) = planned.methods
                module = _Module(self.name, self._module_name(plan.name), lambda: services_source(package))
                made = self._with_shared_exceptions(getattr(module, plan.constant))
                setattr(module, plan.constant, made)
                functions = [vars(getattr(module, cls))[plan.name] for cls in (planned.client, planned.async_client)]
                found = made, functions[0], functions[1]
                self._bound[service.name, service.port_type, method] = found
            return found

    def _with_shared_exceptions(self, operation: Operation[Any, Any]) -> Operation[Any, Any]:
        """A fault that several operations declare is one exception class."""
        faults = []
        for fault in operation.faults:
            assert fault.exception is not None  # the generator gives each one
            exception = self._exceptions.setdefault((fault.name, fault.tag), fault.exception)
            faults.append(replace(fault, exception=exception))
        return replace(operation, faults=tuple(faults))

    # --- types ----------------------------------------------------------------------------------------------------

    def _module_name(self, like: str) -> str:
        return f"{field_name(like)}_{next(self._numbers)}"

    def _add(self, name: str, write: Callable[[TypesModule], TypesModule], namespace: str) -> str:
        """A module of one type; its name."""
        module = self._module_name(name)
        empty = TypesModule(module, namespace, False, (), (), ())
        _Module(self.name, module, lambda: types_source(write(empty), self._package))
        return module

    def _base(self, key: Key) -> Named:
        name = class_name(str(key).rpartition("}")[2])

        def write(module: TypesModule) -> TypesModule:
            plan = self.types.classes[key]
            unqualified = mostly_unqualified((plan,), module.namespace)
            return replace(module, classes=(plan,), unqualified=unqualified)

        return Named(self._add(name, write, str(key).partition("{")[2].partition("}")[0]), name, sibling=True)

    def _class(self, key: Key) -> ClassPlan | None:
        if isinstance(key, str) and key.startswith(OWNERS_WITHOUT_CLASS):
            return None
        try:
            record = self.contract.shapes[key]
        except KeyError:
            return None
        waiting: list[Record] = [record]
        while waiting[-1].base is not None and waiting[-1].base.key not in self.types.classes._made:  # type: ignore[attr-defined]  # _Needed
            waiting.append(self.contract.shapes[waiting[-1].base.key])
        plan: ClassPlan | None = None
        for each in reversed(waiting):
            plan = self._planned(each)
            self.types.classes._made[each.key] = plan  # type: ignore[attr-defined]  # as above
        return plan

    def _planned(self, record: Record) -> ClassPlan:
        base = self.types.classes[record.base.key] if record.base is not None else None
        return plan_class(self.types.bases[record.key], record, base)

    # --- simple types ---------------------------------------------------------------------------------------------

    def _named_simple(self, shape: Simple) -> Named | Alias | None:
        """The class of a named enumeration; other simple types are written in line."""
        held = self.types.enums.get(("", shape))
        if held is None or not isinstance(shape, Atomic):
            return None
        return enum_type(*held)

    def _enum(self, use: tuple[Key, Simple]) -> tuple[str, EnumPlan] | None:
        owner, shape = use
        if not isinstance(shape, Atomic) or not shape.enumeration:
            return None
        declared = shape.name is not None and namespace_of(shape.name) != XSD
        if owner == "":
            if not declared:
                return None
            assert shape.name is not None
            return self._new_enum(class_name(local_name(shape.name)), shape, namespace_of(shape.name))
        if declared:
            return None
        if isinstance(owner, str) and owner.startswith(OWNERS_WITHOUT_CLASS):
            named = owner.partition(":")[2]
            return self._new_enum(f"{class_name(local_name(named))}Value", shape, namespace_of(named))
        name = self._anonymous(owner).get(shape)
        return None if name is None else self._new_enum(name, shape, namespace_for(self.contract.shapes[owner]))

    def _anonymous(self, owner: Key) -> dict[Simple, str]:
        """The anonymous enumerations of a record that its base does not have, with the names of their classes."""
        found = self._uses.get(owner)
        if found is None:
            record = self.contract.shapes[owner]
            inherited: set[Simple] = set()
            base = record.base
            while base is not None:
                inherited.update(self._anonymous(base.key))
                base = self.contract.shapes[base.key].base
            prefix = self.types.bases[owner].name
            found = self._uses[owner] = {
                shape: f"{prefix}{class_name(name)}"
                for shape, name in anonymous_uses(record).items()
                if shape not in inherited
            }
        return found

    def _new_enum(self, name: str, shape: Atomic, namespace: str) -> tuple[str, EnumPlan]:
        plan = plan_enum(name, shape)
        return self._add(name, lambda module: replace(module, enums=(plan,)), namespace), plan

    def _home_of_type(self, name: str) -> str | None:
        """``module:Class`` for the Clark name of a type that the contract declares: what xsi:type may say."""
        if namespace_of(name) == XSD:
            return None
        try:
            type_ = self.contract.shapes.type(name)
        except ContractError:
            return None
        home = self._home(type_)
        return None if home is None else f"{self.name}.{home.module}:{home.name}"

    def _home(self, type_: Type) -> Named | None:
        if isinstance(type_, RecordRef):
            return self.types.bases[type_.key]
        if isinstance(type_, AnyType) or type_.name is None:
            return None
        found = self.types.named.get(type_)
        if isinstance(found, Named):
            return found
        name = class_name(local_name(type_.name))
        plan = AliasPlan(name, type_, simple_type(type_, self.types.simple, "", home=False))
        return Named(self._add(name, lambda module: replace(module, aliases=(plan,)), namespace_of(type_.name)), name)

    # --- names for users ------------------------------------------------------------------------------------------

    def named(self, name: str) -> Any:
        """What the generated package calls `name`; None if nothing is called that."""
        with _LOCK:
            located = self._locator.find(name)
            return None if located is None else self._made(located)

    def names(self) -> list[str]:
        """All that `named` finds."""
        with _LOCK:
            return self._locator.names()

    def _made(self, located: Located) -> Any:
        match located:
            case OfRecord():
                home: Named | None = self.types.bases[located.key]
            case OfEnum():
                module, plan = self.types.enums[located.owner, located.shape]
                home = Named(module, plan.name)
            case OfFault():
                return self._exception(located.name)
            case OfModule():
                return _namespace_module(self, located)
            case _:
                home = self._home(located.shape)
        return None if home is None else getattr(sys.modules[f"{self.name}.{home.module}"], home.name)

    def _exception(self, name: str) -> type[Exception] | None:
        """The class of a declared fault: it is made with the first operation that declares it."""
        for service in self.contract.services:
            for operation in service.operations:
                if any(fault.name == name for fault in operation.faults):
                    bound, _, _ = self.bound(service, operation, method_name(operation.method))
                    return next((fault.exception for fault in bound.faults if fault.name == name), None)
        return None


def _namespace_module(package: LivePackage, located: OfModule) -> ModuleType:
    """What stands for a module of types of the generated package."""
    module = ModuleType(f"{package.name}.{located.name}")

    def find(name: str) -> Any:
        inner = located.names.get(name)
        if inner is None:
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        return package._made(inner)

    module.__dict__["__getattr__"] = find
    module.__dict__["__dir__"] = lambda: sorted(located.names)
    return module


def _faults(planned: ServicePlan) -> tuple[Any, ...]:
    return tuple({fault.constant: fault for method in planned.methods for fault in method.faults}.values())


def _package_module(package: LivePackage) -> ModuleType:
    """The module of the package: hands out classes by name, as ``__init__`` of a generated one does."""
    module = ModuleType(package.name, f"The contract {package.contract.source}, generated in memory as it is used.")
    module.__path__ = []  # its modules are in sys.modules; there is no folder
    sys.modules[package.name] = module

    def find(name: str) -> Any:
        if f"{package.name}.{name}" in sys.modules:
            return sys.modules[f"{package.name}.{name}"]
        found = None if name.startswith("__") else package.named(name)
        if found is None:
            raise AttributeError(f"module {package.name!r} has no attribute {name!r}")
        module.__dict__[name] = found
        return found

    module.__dict__["__getattr__"] = find
    module.__dict__["__dir__"] = package.names
    return module
