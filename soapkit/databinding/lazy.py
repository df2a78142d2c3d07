"""A module that is imported at its first use: how generated modules refer to each other without circles.

Annotations of generated types name types of other namespaces, in any direction. They are read long after import, by
`typing.get_type_hints` with the module's globals; so what stands there under the other module's name need not be
loaded before.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any


class _LazyModule(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = getattr(import_module(self.__name__), name)
        setattr(self, name, value)
        return value


def lazy_module(name: str) -> ModuleType:
    """A stand-in for the module of this absolute name. Its first attribute imports it.

    Raises, at that moment, what the import raises, and `AttributeError` for a name that the module does not have.
    """
    return _LazyModule(name)
