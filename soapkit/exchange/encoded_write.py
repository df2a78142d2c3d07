"""A literal body -> SOAP encoding (SOAP 1.1, section 5; SOAP 1.2 part 2, section 3): each value says its type."""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml.etree import _Element

from soapkit.databinding.codec import Codecs
from soapkit.databinding.context import Context
from soapkit.databinding.lexical import parse_qname
from soapkit.databinding.shape import (
    AnyType,
    Atomic,
    ElementField,
    Record,
    RecordRef,
    Type,
)
from soapkit.exchange.encoded import ARRAY_TYPE, ARRAYS, accessors, declared_type, is_array
from soapkit.operations import Message
from soapkit.soap.version import Version
from soapkit.xml.make import make_element
from soapkit.xml.names import (
    SOAP11,
    SOAP11_ENC,
    SOAP12_ENC,
    XSD,
    XSI,
    XSI_NIL,
    XSI_TYPE,
    clark,
    namespace_of,
    split,
)
from soapkit.xml.parse import parse_message
from soapkit.xml.serialise import serialise
from soapkit.xml.walk import children, tag_of


def encoded_text(message: Message, text: str, codecs: Codecs, version: Version) -> str:
    """A literal Body in SOAP encoding: each value says its type, each array its size. The pair of `literal_body`."""
    around = f"<around>{text}</around>" if message.tag is None else text
    if not text:
        return text
    root = parse_message(around.encode(), source="message")
    writer = _Writer(codecs.context, version)
    record = codecs.shapes[message.record]
    writer.struct(root, record)
    roots = list(children(root)) if message.tag is None else [root]
    for one in roots:
        one.set(version.encoding_style, _style(message, version))
    whole = writer.finish(root)
    if message.tag is None:
        return "".join(serialise(child).decode() for child in whole)
    return serialise(whole).decode()


def _style(message: Message, version: Version) -> str:
    known = message.encoding_style.split()
    return known[0] if known and version.namespace == SOAP11 else version.encoding


@dataclass(slots=True)
class _Writer:
    """Notes what each element is to say, then writes it with prefixes that are declared at the top."""

    context: Context
    version: Version
    notes: list[tuple[_Element, str, str, str]] = field(default_factory=list)

    def struct(self, element: _Element, record: Record) -> None:
        """Note the types of the values inside a structure."""
        known = {tag: type_ for tag, type_, *_ in accessors(record)}
        for child in children(element):
            if tag_of(child) in known:
                self.value(child, known[tag_of(child)])

    def value(self, element: _Element, type_: Type) -> None:
        """Note what a value says of itself."""
        if element.get(XSI_NIL) is not None:
            return
        said = element.get(XSI_TYPE)
        if said is not None:
            type_ = self.context.find(parse_qname(said, element.nsmap).text) or type_
        if isinstance(type_, RecordRef):
            record = self.context.shapes[type_.key]
            if is_array(record):
                self._array(element, record)
            else:
                if namespace_of(record.name or "") == SOAP11_ENC:
                    _without_marks(element)
                if said is None and record.name is not None:
                    self._note(element, XSI_TYPE, record.name)
                self.struct(element, record)
        elif not isinstance(type_, AnyType) and said is None:
            self._note(element, XSI_TYPE, _name_of(type_))

    def _array(self, element: _Element, record: Record) -> None:
        (item,) = (one for one in record.elements if isinstance(one, ElementField))
        given = element.get(ARRAY_TYPE)
        _without_marks(element)
        if element.get(XSI_TYPE) is None:
            own = record.name if record.name is not None and record.name not in ARRAYS else None
            self._note(element, XSI_TYPE, own or clark(self.version.encoding, "Array"))
        of = self._item(item.type, given or declared_type(record))
        sizes = given[given.rfind("[") + 1 : given.rfind("]")] if given and "," in given else str(len(element))
        if self.version.encoding == SOAP11_ENC:
            self._note(element, ARRAY_TYPE, of, f"[{sizes}]")
        else:
            name, _, dimensions = of.partition("[")
            self._note(element, clark(SOAP12_ENC, "itemType"), clark(SOAP12_ENC, "Array") if dimensions else name)
            element.set(clark(SOAP12_ENC, "arraySize"), sizes.replace(",", " "))
        for child in children(element):
            self.value(child, item.type)

    def _item(self, type_: Type, declared: str | None) -> str:
        """What an array says that its items are: ``{...}int``, ``{...}int[]`` for arrays of them."""
        if declared and "[" in declared:
            return declared[: declared.rfind("[")]
        if isinstance(type_, RecordRef):
            return self.context.shapes[type_.key].name or clark(XSD, "anyType")
        return clark(XSD, "anyType") if isinstance(type_, AnyType) else _name_of(type_)

    def _note(self, element: _Element, attribute: str, name: str, rest: str = "") -> None:
        self.notes.append((element, attribute, name, rest))

    def finish(self, root: _Element) -> _Element:
        """The same element, its prefixes declared, with all that was noted."""
        prefixes = self._prefixes(root)
        whole = make_element(tag_of(root), root.attrib, prefixes)
        whole.text = root.text
        by_uri = {uri: prefix for prefix, uri in prefixes.items()}
        for element, attribute, name, rest in self.notes:
            namespace, local = split(name)
            element.set(attribute, f"{by_uri[namespace]}:{local}{rest}" if namespace else f"{local}{rest}")
        whole.extend(list(root))
        return whole

    def _prefixes(self, root: _Element) -> dict[str, str]:
        found: dict[str, str] = {prefix: uri for prefix, uri in root.nsmap.items() if prefix}
        wanted = {"xsi": XSI, "xsd": XSD, "soapenc": self.version.encoding}
        names = dict.fromkeys(namespace_of(name) for _, _, name, _ in self.notes)
        for uri in [*wanted.values(), *names]:
            if uri and uri not in found.values():
                customary = next((prefix for prefix, known in wanted.items() if known == uri), "")
                prefix = customary if customary and customary not in found else f"e{len(found)}"
                found[prefix] = uri
        return found


def _without_marks(element: _Element) -> None:
    """Without what only references and sizes need: nothing that is written refers to anything."""
    for name in list(element.attrib):
        if namespace_of(str(name)) in (SOAP11_ENC, SOAP12_ENC) or name in ("id", "href"):
            del element.attrib[name]


def _name_of(type_: Type) -> str:
    """The Clark name of a simple type: its own, that of the built-in type it restricts, else anySimpleType."""
    assert not isinstance(type_, (RecordRef, AnyType))
    if type_.name is not None and namespace_of(type_.name) not in (SOAP11_ENC, SOAP12_ENC):
        return type_.name
    return clark(XSD, type_.builtin if isinstance(type_, Atomic) else "anySimpleType")
