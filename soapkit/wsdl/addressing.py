"""Which version of WS-Addressing a port demands: by wsaw:UsingAddressing, or by a policy (Metadata, 3 and 3.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from lxml import etree
from lxml.etree import _Element

from soapkit.wsdl.model import Binding, Policy, PortDefinition
from soapkit.xml.names import clark, local_name
from soapkit.xml.walk import tag_of

Version: TypeAlias = Literal["", "2005/08", "2004/08"]

ADDRESSING_MARKS: Final[dict[str, Version]] = {
    "{http://www.w3.org/2007/05/addressing/metadata}Addressing": "2005/08",
    "{http://www.w3.org/2006/05/addressing/wsdl}UsingAddressing": "2005/08",
    "{http://www.w3.org/2006/02/addressing/wsdl}UsingAddressing": "2005/08",
    "{http://schemas.xmlsoap.org/ws/2004/08/addressing/policy}UsingAddressing": "2004/08",
}

_OPTIONAL: Final = tuple(
    clark(namespace, "Optional")
    for namespace in ("http://www.w3.org/ns/ws-policy", "http://schemas.xmlsoap.org/ws/2004/09/policy")
)


def addressing_demanded(binding: Binding, port: PortDefinition) -> Version:
    """The version that every message to a port must have; ``""`` where none must."""
    for extension in (*port.extensions, *binding.extensions):
        if extension.tag in ADDRESSING_MARKS and extension.required:
            return ADDRESSING_MARKS[extension.tag]
    for policy in (*port.policies, *binding.policies):
        if isinstance(policy, Policy):
            for element in _assertions(policy.element):
                return ADDRESSING_MARKS[tag_of(element)]
    return ""


def _assertions(policy: _Element) -> Iterator[_Element]:
    """The assertions of addressing that stand in every alternative: what is optional, or one of several, demands
    nothing."""
    for element in policy.iter(etree.Element):
        if tag_of(element) not in ADDRESSING_MARKS or any(_is_true(element.get(name)) for name in _OPTIONAL):
            continue
        choices = [one for one in element.iterancestors() if local_name(tag_of(one)) == "ExactlyOne"]
        if all(len([child for child in one if isinstance(child.tag, str)]) == 1 for one in choices):
            yield element


def _is_true(text: str | None) -> bool:
    return text is not None and text.strip() in ("true", "1")
