"""One WSDL document being read: what its QNames mean, what it says in words, what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

from lxml.etree import _Element

from soapkit.errors import Place, Problems
from soapkit.wsdl.model import Attached, Extension, Policy, PolicyReference
from soapkit.xml.documents import Document
from soapkit.xml.make import make_element
from soapkit.xml.names import (
    WSDL11,
    WSDL11_HTTP,
    WSDL11_MIME,
    WSDL11_SOAP11,
    WSDL11_SOAP12,
    WSDL20,
    WSP15,
    WSU,
    XML,
    XSD,
    clark,
    local_name,
    namespace_of,
)
from soapkit.xml.prose import prose
from soapkit.xml.walk import children, tag_of
from soapkit.xsd.document import OLD_NAMESPACES

POLICY_NAMESPACES = (
    WSP15,
    "http://schemas.xmlsoap.org/ws/2004/09/policy",
    "http://www.w3.org/2006/07/ws-policy",  # drafts
    "http://schemas.xmlsoap.org/ws/2002/12/policy",
)
_POLICY = tuple(clark(namespace, "Policy") for namespace in POLICY_NAMESPACES)
POLICY_REFERENCES = tuple(clark(namespace, "PolicyReference") for namespace in POLICY_NAMESPACES)
POLICY_URIS = tuple(clark(namespace, "PolicyURIs") for namespace in POLICY_NAMESPACES)
_OWN_LANGUAGES = frozenset({WSDL11, WSDL11_SOAP11, WSDL11_SOAP12, WSDL11_HTTP, WSDL11_MIME, WSDL20, *POLICY_NAMESPACES})
# What the versions of WS-Addressing call their Action attribute.
_ACTIONS = (
    "{http://www.w3.org/2007/05/addressing/metadata}Action",
    "{http://www.w3.org/2006/05/addressing/wsdl}Action",
    "{http://www.w3.org/2006/02/addressing/wsdl}Action",
    "{http://www.w3.org/2005/08/addressing}Action",
    "{http://schemas.xmlsoap.org/ws/2004/08/addressing}Action",
)
_POLICY_NAMES = (
    clark(WSU, "Id"),
    clark("http://schemas.xmlsoap.org/ws/2002/07/utility", "Id"),  # a draft
    clark(XML, "id"),
    "Name",
    "Id",
)


@dataclass(frozen=True, slots=True)
class Page:
    """A document, its target namespace, the policies in it by id, and the list its warnings go to."""

    document: Document
    target_namespace: str
    warnings: Problems
    policies: dict[str, _Element]

    def place(self, element: _Element) -> Place:
        """Where an element of the document stands."""
        return self.document.place(element)

    def warn(self, message: str, element: _Element) -> None:
        """A rule broken at an element, and what was assumed."""
        self.warnings.add(message, self.place(element))

    def own(self, local: str) -> str:
        """The Clark name of what this document defines as `local`."""
        return clark(self.target_namespace, local)

    def qname(self, element: _Element, attribute: str) -> str:
        """The QName of a schema component in an attribute, as a Clark name; ``""`` if there is none.

        A prefix that nothing declares is taken for the target namespace, with a warning.
        """
        text = (element.get(attribute) or "").strip()
        return self.name_of(text, element, attribute) if text else ""

    def name_of(self, text: str, element: _Element, attribute: str) -> str:
        """A QName as `qname` reads it, for an attribute that holds several."""
        prefix, _, local = text.rpartition(":")
        namespace = element.nsmap.get(prefix or None)
        if prefix and namespace is None:
            self.warn(
                f"prefix {prefix!r} of {attribute}={text!r} is not declared (Namespaces in XML, 5); the target "
                f"namespace {self.target_namespace!r} was assumed",
                element,
            )
            return self.own(local)
        return clark(XSD if namespace in OLD_NAMESPACES else namespace, local)

    def reference(self, element: _Element, attribute: str) -> str:
        """The QName of a message, port type or binding in an attribute, as a Clark name; ``""`` if there is none.

        No namespace, and that of WSDL itself (which defines nothing to refer to), are taken for the target namespace,
        with a warning.
        """
        name = self.qname(element, attribute)
        if name and namespace_of(name) in ("", WSDL11) and self.target_namespace:
            where = namespace_of(name) or "no namespace"
            self.warn(
                f"{attribute}={element.get(attribute)!r} names something in {where}; the target namespace "
                f"{self.target_namespace!r} was assumed",
                element,
            )
            return self.own(local_name(name))
        return name

    def extensions(self, parent: _Element) -> tuple[Extension, ...]:
        """The elements of other languages below an element; those of WSDL, of its bindings and policies are not."""
        found = [element for element in children(parent) if namespace_of(tag_of(element)) not in _OWN_LANGUAGES]
        return tuple(
            Extension(tag_of(element), element, is_required(element), self.place(element)) for element in found
        )

    def attached(self, *elements: _Element) -> tuple[Attached, ...]:
        """The policies that stand in these elements, or that they refer to (WS-PolicyAttachment, 4)."""
        found: list[Attached] = []
        for element in elements:
            found += [self._policy(policy) for tag in _POLICY for policy in children(element, tag)]
            uris = [reference.get("URI", "") for tag in POLICY_REFERENCES for reference in children(element, tag)]
            uris += [uri for name in POLICY_URIS for uri in element.get(name, "").split()]
            for uri in uris:
                policy = self.policies.get(uri.removeprefix("#"))
                if policy is None:
                    if uri.startswith("#"):
                        self.warn(f"no policy {uri!r} in this document", element)
                    found.append(PolicyReference(uri, self.place(element), self.document.url))
                else:
                    found.append(self._policy(policy))
        return tuple(found)

    def _policy(self, element: _Element) -> Policy:
        return Policy(element, self.place(element), self.document.url)


def page_for(document: Document, warnings: Problems) -> Page:
    """The page of a document, whose root is a definitions or description element."""
    target_namespace = (document.root.get("targetNamespace") or "").strip()
    return Page(document, target_namespace, warnings, named_policies(document.root))


def named_policies(root: _Element) -> dict[str, _Element]:
    """The policies in a document by id and by name (WS-Policy 1.5, 4.2)."""
    policies: dict[str, _Element] = {}
    for tag in _POLICY:
        for policy in root.iter(tag):
            for name in _POLICY_NAMES:
                if policy.get(name):
                    policies.setdefault(policy.get(name, ""), policy)
    return policies


def documentation_of(element: _Element) -> str:
    """The text of the documentation elements below a WSDL element, without the indentation of the file."""
    # that of XML Schema stands where it may not, and is meant (the contract of VIES)
    tags = (clark(namespace_of(tag_of(element)), "documentation"), clark(XSD, "documentation"))
    texts = ("".join(str(text) for text in found.itertext()) for found in element.iterchildren(*tags))
    return "\n\n".join(cleaned for text in texts if (cleaned := prose(text)))


def is_schema(element: _Element) -> bool:
    """Whether an element is an xs:schema, of any version of XML Schema."""
    return local_name(tag_of(element)) == "schema" and "XMLSchema" in namespace_of(tag_of(element))


def schemas_in(types: _Element) -> Iterator[_Element]:
    """The schemas that a types element holds. An xs:import that stands there by itself (allowed in WSDL 2.0, 3.1.1, and
    met in WSDL 1.1) is given one around it."""
    for element in children(types):
        if is_schema(element):
            yield element
        elif local_name(tag_of(element)) == "import" and "XMLSchema" in namespace_of(tag_of(element)):
            holder = make_element(clark(namespace_of(tag_of(element)), "schema"), nsmap=element.nsmap)
            holder.append(deepcopy(element))
            yield holder


def action_of(element: _Element) -> str:
    """The WS-Addressing Action of an input, output or fault, or ``""`` (WS-Addressing Metadata, 4.4)."""
    return next((action for name in _ACTIONS if (action := (element.get(name) or "").strip())), "")


def is_required(element: _Element) -> bool:
    """Whether ``wsdl:required`` is set on an extension element (WSDL 1.1, 2.1.3)."""
    return element.get(clark(WSDL11, "required"), "").strip() in ("true", "1")
