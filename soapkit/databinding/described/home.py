"""What a class and its module say of themselves: namespace, form of elements, the name of the type."""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass
from enum import Enum

from soapkit.databinding.annotations import (
    Element,
    XmlType,
)
from soapkit.xml.names import clark


@dataclass(frozen=True, slots=True)
class Home:
    """Where a class stands: the namespace of its names, the form of its elements."""

    namespace: str
    form: str

    def tag(self, mark: Element) -> str:
        if mark.namespace is not None:
            return clark(mark.namespace, mark.name)
        return clark(self.namespace if (mark.form or self.form) == "qualified" else "", mark.name)


def xml_type_of(cls: type) -> XmlType | None:
    """What `xml_type` said of this very class, not of its base."""
    found = cls.__dict__.get("__xml_type__")
    return found if isinstance(found, XmlType) else None


def home_of(cls: type, namespace: str) -> Home:
    module = sys.modules.get(cls.__module__)
    mark = xml_type_of(cls)
    named = mark.namespace if mark is not None else None
    found = named if named is not None else getattr(module, "__xml_namespace__", namespace)
    return Home(found, getattr(module, "__xml_element_form__", "qualified"))


def type_name(cls: type, namespace: str = "") -> str | None:
    """The Clark name of the schema type that a class stands for, None if it is anonymous."""
    mark = xml_type_of(cls)
    name = cls.__name__ if mark is None else mark.name
    return None if name is None else clark(home_of(cls, namespace).namespace, name)


def documentation(cls: type) -> str:
    text = cls.__dict__.get("__doc__") or ""
    if text.startswith(f"{cls.__name__}(") and not isinstance(cls, type(Enum)):
        return ""  # the signature that dataclasses write
    return inspect.cleandoc(text)
