"""Rules on documents: imports, their order, encodings (WS-I Basic Profile 1.1, 4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml.etree import _Element

from soapkit.errors import Place, Problem
from soapkit.wsdl.extensions import SOAP_VERSIONS
from soapkit.wsdl.lint.description import Description
from soapkit.wsdl.page import Page, is_required, is_schema
from soapkit.xml.documents import Document
from soapkit.xml.names import WSDL11, XSD, clark, local_name, namespace_of
from soapkit.xml.walk import children, tag_of

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_EXTENDED = ("binding", "portType", "message", "types", "import")


def is_absolute(uri: str) -> bool:
    """Whether a URI has a scheme (RFC 3986, 4.3)."""
    return _ABSOLUTE.match(uri) is not None


def imports_only_wsdl(description: Description) -> Iterator[Problem]:
    """R2001."""
    for page, element, document in _imported(description):
        if tag_of(document.root) != clark(WSDL11, "definitions"):
            yield Problem(f"wsdl:import leads to {document.source}, which is no WSDL document", page.place(element))


def imports_schemas_as_schemas(description: Description) -> Iterator[Problem]:
    """R2002."""
    for page, element, document in _imported(description):
        if is_schema(document.root):
            message = f"the schema {document.source} is imported by wsdl:import; expected xs:import in wsdl:types"
            yield Problem(message, page.place(element))


def imports_schemas_in_schemas(description: Description) -> Iterator[Problem]:
    """R2003."""
    for page in description.pages:
        for element in page.document.root.iter(clark(XSD, "import")):
            parent = element.getparent()
            if parent is not None and not is_schema(parent):
                around = local_name(tag_of(parent))
                yield Problem(f"xs:import stands in {around}; expected it in an xs:schema", page.place(element))


def imports_only_schemas(description: Description) -> Iterator[Problem]:
    """R2004."""
    for schema in description.contract.schema.documents:
        for element in schema.root.iterchildren(clark(XSD, "import")):
            document = description.led_to(schema.url, element.get("schemaLocation") or "")
            if document is not None and not is_schema(document.root):
                found = tag_of(document.root)
                yield Problem(f"xs:import leads to {document.source}, whose root is {found}", schema.place(element))


def imports_have_a_location(description: Description) -> Iterator[Problem]:
    """R2007."""
    for page, element in description.elements("import"):
        if not (element.get("location") or "").strip():
            yield Problem("wsdl:import has no location", page.place(element))


def imports_of_absolute_namespaces(description: Description) -> Iterator[Problem]:
    """R2803."""
    for page, element in description.elements("import"):
        namespace = (element.get("namespace") or "").strip()
        if not is_absolute(namespace):
            yield Problem(f"the namespace {namespace!r} of wsdl:import is not absolute", page.place(element))


def imports_of_the_right_namespace(description: Description) -> Iterator[Problem]:
    """R2005."""
    for page, element, document in _imported(description):
        target, namespace = document.root.get("targetNamespace") or "", element.get("namespace") or ""
        if tag_of(document.root) == clark(WSDL11, "definitions") and target != namespace:
            message = f"wsdl:import is of namespace {namespace!r}; {document.source} is of {target!r}"
            yield Problem(message, page.place(element))


def imports_stand_first(description: Description) -> Iterator[Problem]:
    """R2022."""
    yield from _first(description, "import", ("documentation", "import"))


def types_stand_second(description: Description) -> Iterator[Problem]:
    """R2023."""
    yield from _first(description, "types", ("documentation", "import", "types"))


def descriptions_in_utf(description: Description) -> Iterator[Problem]:
    """R4003."""
    for page in description.pages:
        yield from _in_utf(page.document)


def schemas_in_utf(description: Description) -> Iterator[Problem]:
    """R2010."""
    for document in _schema_documents(description):
        yield from _in_utf(document)


def descriptions_in_xml_10(description: Description) -> Iterator[Problem]:
    """R4004."""
    for page in description.pages:
        yield from _in_xml_10(page.document)


def schemas_in_xml_10(description: Description) -> Iterator[Problem]:
    """R2011."""
    for document in _schema_documents(description):
        yield from _in_xml_10(document)


def no_required_extensions(description: Description) -> Iterator[Problem]:
    """R2026. The soap: elements are no strangers: the Profile itself is about them."""
    for local in _EXTENDED:
        for page, holder in description.elements(local):
            for element in holder.iterdescendants("{*}*"):
                namespace = namespace_of(tag_of(element))
                if is_required(element) and namespace not in SOAP_VERSIONS and namespace not in (WSDL11, XSD):
                    yield Problem(f"the extension {tag_of(element)} is required", page.place(element))


def _imported(description: Description) -> Iterator[tuple[Page, _Element, Document]]:
    """Each wsdl:import with the document that it leads to."""
    for page, element in description.elements("import"):
        document = description.led_to(page.document.url, element.get("location") or "")
        if document is not None:
            yield page, element, document


def _first(description: Description, local: str, may_precede: tuple[str, ...]) -> Iterator[Problem]:
    for page in description.pages:
        before: str | None = None
        for element in children(page.document.root):
            if namespace_of(tag_of(element)) != WSDL11:
                continue
            name = local_name(tag_of(element))
            if name == local and before is not None:
                yield Problem(f"wsdl:{local} stands after wsdl:{before}", page.place(element))
            if name not in may_precede:
                before = name


def _schema_documents(description: Description) -> Iterator[Document]:
    return (document for document in description.contract.documents if is_schema(document.root))


def _in_utf(document: Document) -> Iterator[Problem]:
    encoding = document.root.getroottree().docinfo.encoding or "UTF-8"
    if encoding.upper().replace("-", "") not in ("UTF8", "UTF16", "UTF16LE", "UTF16BE", "ASCII", "USASCII"):
        yield Problem(f"the document is in {encoding}", Place(document.source, 1))


def _in_xml_10(document: Document) -> Iterator[Problem]:
    version = document.root.getroottree().docinfo.xml_version
    if version != "1.0":
        yield Problem(f"the document is in XML {version}", Place(document.source, 1))
