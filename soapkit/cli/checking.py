"""A message and a contract -> what it is, and everything that is wrong with it.

    bytes -> envelope -> header blocks, fault or body -> which operation -> schema -> problems with line and column

A bare element is checked as the content of a Body would be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from lxml.etree import _Element

from soapkit.databinding.shape import Atomic, ElementField, RecordRef, Type
from soapkit.errors import MessageError, Place, Problem, Problems, XmlError
from soapkit.exchange.samples import Direction
from soapkit.operations import Header, Message, Operation, Service
from soapkit.soap.envelope import Envelope
from soapkit.soap.fault import read_fault
from soapkit.soap.headers import qname_in, read_headers
from soapkit.soap.rules import check_encodings, check_rules
from soapkit.soap.version import SOAP_1_1, SOAP_1_2, Version
from soapkit.wsdl.model import Contract
from soapkit.xml.names import WSU, XENC, XML, XOP, XSD, clark, did_you_mean, local_name, namespace_of
from soapkit.xml.parse import parse_message
from soapkit.xml.positions import with_columns
from soapkit.xml.walk import children, path_of, tag_of
from soapkit.xsd.validate import Validator, validator_for


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a message is: a request, a reply or a declared fault of an operation."""

    service: Service
    operation: Operation[Any, Any]
    direction: Direction
    message: Message | None = None  # None: a fault
    fault: str = ""

    def __str__(self) -> str:
        what = f"fault {self.fault}" if self.direction == "fault" else self.direction
        return f"{what} of {self.operation.name}"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found. `version` None: a bare element. `recognised`: none for an unknown operation, several where the
    contract cannot tell them apart. `notes`: what was not checked, and why."""

    version: Version | None = None
    recognised: tuple[Recognised, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()


def check_message(contract: Contract, data: bytes, source: str = "message") -> Checked:
    """Check a message: a SOAP envelope, or the element that stands in its Body. Never raises for what is wrong with it.

    `source`: what a person knows the message by.
    """
    try:
        root = parse_message(data, source=source)
    except XmlError as error:
        return Checked(problems=error.problems)
    checking = _Checking(contract, validator_for(contract.schema), source)
    version: Version | None = None
    try:
        if local_name(tag_of(root)) == "Envelope":
            envelope = Envelope.read(root)
            version = envelope.version
            recognised = checking.envelope(envelope)
        else:
            recognised = checking.content([root], root)
    except MessageError as error:
        checking.problems.found += error.problems
        recognised = ()
    checking.tell_loosened()
    problems = with_columns([_named(problem, source) for problem in checking.problems.found], data)
    return Checked(version, recognised, problems, tuple(checking.notes.found))


@dataclass(slots=True)
class _Checking:
    """One message being checked, and what was found so far."""

    contract: Contract
    validator: Validator
    source: str
    problems: Problems = field(default_factory=Problems)
    notes: Problems = field(default_factory=Problems)

    def envelope(self, envelope: Envelope) -> tuple[Recognised, ...]:
        """Check everything in an envelope; what it is."""
        check_rules(envelope)
        check_encodings(envelope)
        blocks = read_headers(envelope)
        self._fill_attachments(envelope.root)
        fault = read_fault(envelope)
        if fault is not None:
            self._check_fault(envelope)
            recognised = self._fault(fault.detail)
        else:
            recognised = self.content(list(envelope.content), envelope.body)
        self._check_headers(envelope, {block.element: block.must_understand for block in blocks}, recognised)
        return recognised

    # --- the Body -------------------------------------------------------------------------------------------------

    def content(self, entries: list[_Element], holder: _Element) -> tuple[Recognised, ...]:
        """Check the elements in a Body; what they are. `holder`: where they stand, or the only one."""
        encrypted = [entry for entry in entries if tag_of(entry) == clark(XENC, "EncryptedData")]
        if encrypted:
            self._add("the Body is encrypted; decrypt it first (soapkit decrypt)", encrypted[0])
            return ()
        recognised = tuple(self._recognised(entries))
        if recognised:
            self._check_as(recognised[0], entries, holder)
        elif not entries:
            self._add("the Body is empty, and no operation of the contract has such a message", holder)
        else:
            self._unknown(entries[0])
        return recognised

    def _recognised(self, entries: list[_Element]) -> Iterator[Recognised]:
        """The messages whose Body begins as this one does."""
        first = tag_of(entries[0]) if entries else None
        seen: set[tuple[str, str]] = set()
        for service, operation, direction, message in _messages(self.contract):
            tags = self._tags(message)
            if (first in tags if first is not None else not tags) and (operation.name, direction) not in seen:
                seen.add((operation.name, direction))
                yield Recognised(service, operation, direction, message)

    def _tags(self, message: Message) -> tuple[str, ...]:
        """The elements in the Body of a message."""
        if message.tag is not None:
            return (message.tag,)
        return tuple(part.tag for part in self._parts(message))

    def _parts(self, message: Message) -> tuple[ElementField, ...]:
        record = self.contract.shapes[message.record]
        return tuple(found for found in record.elements if isinstance(found, ElementField))

    def _unknown(self, entry: _Element) -> None:
        """No operation has such a message. The element is checked all the same, if the schema declares it."""
        tag = tag_of(entry)
        known = {name: None for _, _, _, message in _messages(self.contract) for name in self._tags(message)}
        declared = self.contract.schema.has("element", tag)
        near = did_you_mean(tag, known)
        if declared and entry.getparent() is None:  # a bare element need not be a message
            self._schema(entry)
        else:
            self._add(f"no operation of the contract has element {tag} in its Body{near}", entry)

    def _check_as(self, recognised: Recognised, entries: list[_Element], holder: _Element) -> None:
        message = recognised.message
        assert message is not None
        if message.encoded:
            self._note("SOAP encoding: only the names of the parts were checked", holder)
        if message.style == "rpc":
            self._alone(entries, recognised)
            self._check_parts(message, list(children(entries[0])), entries[0])
        elif message.tag is not None:
            self._alone(entries, recognised)
            self._schema(entries[0])
        else:
            self._check_parts(message, entries, holder)

    def _alone(self, entries: list[_Element], recognised: Recognised) -> None:
        for entry in entries[1:]:
            self._add(
                f"element {tag_of(entry)} may not stand here: the {recognised} has one element in its Body", entry
            )

    def _check_parts(self, message: Message, entries: list[_Element], holder: _Element) -> None:
        """The parts of an rpc or bare message: all there, in their order (BP 1.1, R2301), each valid by its type."""
        parts = self._parts(message)
        waiting = list(entries)
        for part in parts:
            found = next((entry for entry in waiting if tag_of(entry) == part.tag), None)
            if found is None:
                if part.minimum:
                    self._add(f"part {part.name} is missing; expected element {part.tag}", holder)
                continue
            if waiting[0] is not found and not message.encoded:
                self._add(f"element {tag_of(waiting[0])} is not expected here; expected {part.tag}", waiting[0])
            waiting.remove(found)
            if not message.encoded:
                self._part(part, found)
        known = [part.tag for part in parts]
        for entry in waiting:
            near = did_you_mean(tag_of(entry), known)
            hint = "; the parts of an rpc message are in no namespace" if message.style == "rpc" and near else ""
            if tag_of(entry) not in known:
                self._add(f"element {tag_of(entry)} is no part of the message{near}{hint}", entry)

    def _part(self, part: ElementField, entry: _Element) -> None:
        if self.contract.schema.has("element", part.tag) and namespace_of(part.tag):
            self._schema(entry)
        else:
            self._typed(entry, part.type)

    # --- faults ---------------------------------------------------------------------------------------------------

    def _fault(self, detail: tuple[_Element, ...]) -> tuple[Recognised, ...]:
        """Check the entries of a fault's detail; the declared faults that they are."""
        found: dict[tuple[str, str], Recognised] = {}
        declared = {fault.tag: fault for _, operation in _operations(self.contract) for fault in operation.faults}
        for entry in detail:
            tag = tag_of(entry)
            for service, operation in _operations(self.contract):
                for fault in operation.faults:
                    if fault.tag == tag:
                        known = Recognised(service, operation, "fault", None, fault.name)
                        found.setdefault((operation.name, fault.name), known)
            if tag in self.contract.schema.names("element"):
                self._schema(entry)
            elif tag in declared:
                self._typed(entry, declared[tag].type)
            if tag not in declared:
                self._note(f"{tag} is the detail of no declared fault{did_you_mean(tag, declared)}", entry)
        return tuple(found.values())

    def _check_fault(self, envelope: Envelope) -> None:
        """The children of soap:Fault (SOAP 1.1, 4.4; SOAP 1.2 part 1, 5.4)."""
        fault = envelope.content[0]
        if tag_of(fault) != envelope.version.fault:
            self._add(f"expected {envelope.version.fault}, the Fault of the Envelope's own version", fault)
            return
        self._sequence(fault, _FAULTS[envelope.version.label])
        if envelope.version is SOAP_1_1:
            code = fault.find("faultcode")
            if code is not None and ":" in (code.text or "") and not namespace_of(qname_in(code, code.text or "")):
                self._add(f"the prefix of faultcode {(code.text or '').strip()!r} is not declared", code)
            return
        self._check_code_12(fault)

    def _check_code_12(self, fault: _Element) -> None:
        code = fault.find(clark(SOAP_1_2.namespace, "Code"))
        value = code.find(clark(SOAP_1_2.namespace, "Value")) if code is not None else None
        if code is not None:
            self._sequence(code, _CODE_12)
        if value is not None and qname_in(value, value.text or "") not in SOAP_1_2.codes.values():
            names = ", ".join(map(local_name, SOAP_1_2.codes.values()))
            self._add(f"{(value.text or '').strip()!r} is no fault code of SOAP 1.2; expected one of {names}", value)
        for text in fault.iterfind(f"{clark(SOAP_1_2.namespace, 'Reason')}/{clark(SOAP_1_2.namespace, 'Text')}"):
            if text.get(clark(XML, "lang")) is None:
                self._add("a Text of the Reason has no xml:lang (SOAP 1.2 part 1, 5.4.2.1)", text)

    def _sequence(self, holder: _Element, expected: tuple[tuple[str, bool], ...]) -> None:
        """The children of an element, in this order, those marked being required."""
        found = [tag_of(child) for child in children(holder)]
        names = [name for name, _ in expected]
        for child in children(holder):
            if tag_of(child) not in names:
                near = did_you_mean(tag_of(child), names)
                self._add(f"element {tag_of(child)} may not stand in {local_name(tag_of(holder))}{near}", child)
        for name, required in expected:
            if required and name not in found:
                self._add(f"{local_name(tag_of(holder))} has no {name}", holder)
        known = [names.index(name) for name in found if name in names]
        if known != sorted(known):
            self._add(f"the children of {local_name(tag_of(holder))} are not in the order {', '.join(names)}", holder)

    # --- header blocks --------------------------------------------------------------------------------------------

    def _check_headers(
        self, envelope: Envelope, mandatory: dict[_Element, bool], recognised: tuple[Recognised, ...]
    ) -> None:
        declared = _declared_headers(self.contract, recognised)
        for block in envelope.headers:
            _without_frame(block, envelope.version)
            tag = tag_of(block)
            if tag in self.contract.schema.names("element"):
                self._schema(block)
            elif tag in declared:
                self._typed(block, declared[tag].type)
            if tag not in declared:
                must = ", and must be understood" if mandatory[block] else ""
                self._note(f"header block {tag} is not declared{must}", block)
        present = {tag_of(block) for block in envelope.headers}
        messages = [each.message for each in recognised if each.message is not None]
        for tag in declared:
            needed = bool(messages) and all(_requires(message, tag) for message in messages)
            if needed and tag not in present:
                self._add(f"the contract requires header block {tag}, which is missing", envelope.root)

    # --- the schema -----------------------------------------------------------------------------------------------

    def _schema(self, element: _Element) -> None:
        self.problems.found += self.validator.problems(element, source=self.source)

    def _typed(self, element: _Element, type_: Type) -> None:
        """Check an element that no schema declares against its type."""
        name = _type_name(type_)
        if name is not None and self.contract.schema.has("type", name):
            self.problems.found += self.validator.problems_as(element, name, source=self.source)
        else:
            self._note(f"the type of {tag_of(element)} has no name; its content was not checked", element)

    def tell_loosened(self) -> None:
        """What libxml2 could not check as the contract writes it is no secret."""
        for (space, name), words in self.validator.loosened.items():
            self.notes.add(f"{space} {name} was checked less strictly than it is written: {words.strip()}")

    def _fill_attachments(self, root: _Element) -> None:
        """What travels beside the envelope (XOP) is taken for base64 that is valid."""
        for include in list(root.iter(clark(XOP, "Include"))):
            parent = include.getparent()
            if parent is not None:
                self._note(f"{include.get('href')} travels beside the envelope and was not checked", include)
                parent.remove(include)
                parent.text = "AAAA"

    def _add(self, message: str, element: _Element) -> None:
        self.problems.add(message, self._place(element))

    def _note(self, message: str, element: _Element) -> None:
        self.notes.add(message, self._place(element))

    def _place(self, element: _Element) -> Place:
        return Place(self.source, element.sourceline, path=path_of(element))


_FAULTS = {
    "1.1": (("faultcode", True), ("faultstring", True), ("faultactor", False), ("detail", False)),
    "1.2": tuple(
        (clark(SOAP_1_2.namespace, name), name in ("Code", "Reason"))
        for name in ("Code", "Reason", "Node", "Role", "Detail")
    ),
}
_CODE_12 = ((clark(SOAP_1_2.namespace, "Value"), True), (clark(SOAP_1_2.namespace, "Subcode"), False))


def _operations(contract: Contract) -> Iterator[tuple[Service, Operation[Any, Any]]]:
    for service in contract.services:
        for operation in service.operations:
            yield service, operation


def _messages(contract: Contract) -> Iterator[tuple[Service, Operation[Any, Any], Direction, Message]]:
    for service, operation in _operations(contract):
        yield service, operation, "request", operation.request
        if operation.reply is not None:
            yield service, operation, "reply", operation.reply


def _declared_headers(contract: Contract, recognised: tuple[Recognised, ...]) -> dict[str, Header]:
    """The header blocks of the messages that this may be; of a fault, and of what is not known, those of all."""
    messages: Iterable[Message] = [each.message for each in recognised if each.message is not None]
    if not messages:
        messages = [message for _, _, _, message in _messages(contract)]
    return {header.tag: header for message in messages for header in message.headers}


def _requires(message: Message, tag: str) -> bool:
    return any(header.required and header.tag == tag for header in message.headers)


def _without_frame(block: _Element, version: Version) -> None:
    """A header block without the attributes that SOAP and WS-Security put on any block, whatever its type says."""
    for name in list(map(str, block.attrib)):
        if namespace_of(name) in (version.namespace, WSU):
            del block.attrib[name]


def _type_name(type_: Type) -> str | None:
    """The Clark name of a type; None if it has none."""
    if isinstance(type_, RecordRef):
        return type_.key if isinstance(type_.key, str) else None
    if isinstance(type_, Atomic):
        return type_.name or clark(XSD, type_.builtin)
    return getattr(type_, "name", None)


# --- where ----------------------------------------------------------------------------------------------------------


def _named(problem: Problem, source: str) -> Problem:
    """The SOAP rules call every message "message"; here it has a name."""
    return replace(problem, place=replace(problem.place, source=source))
