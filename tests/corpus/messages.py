"""The recorded messages of the corpus: judged valid or not, decoded with their contract, encoded again, compared.

Each message is bound to an operation of a contract. Whether it is valid is said by libxml2 on the schema that soapkit
writes, and where soapkit's decoder is of another opinion by xmlschema on the same documents, as the second judge.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

import xmlschema
from encoded_bodies import encoded_bodies_differ
from journey import _imported, _services, _words, documents_of
from lxml import etree
from lxml.etree import _Element

from soapkit.codegen.generate import generate
from soapkit.databinding.dates.temporal import parse_datetime, parse_duration
from soapkit.databinding.describe import DescribedShapes
from soapkit.databinding.shape import ElementField, RecordRef
from soapkit.errors import SoapkitError
from soapkit.exchange.body import codecs_for, decode_body, encode_body
from soapkit.exchange.faults import fault_from
from soapkit.operations import Message, Operation, Service
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.fault import read_fault
from soapkit.soap.version import SOAP_1_1
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from soapkit.xml.names import XSI, namespace_of
from soapkit.xml.parse import parse_message
from soapkit.xml.walk import tag_of
from soapkit.xsd.normalise import normalise
from soapkit.xsd.normalise_pages import DRIVER
from soapkit.xsd.schema import Schema, Space
from soapkit.xsd.validate import Validator, validator_for


@dataclass
class Outcome:
    """What became of one message.

    `kind`: ``literal``, ``encoded``, ``fault``, ``none`` (no operation of the contract is meant: see `reason`).
    `valid`: by the judges, None where none can say; `judge`: whose word that is; `why`: what it says is wrong.
    `decoded`: the decoder reads it. `same`: what is encoded again is the same infoset; `means_the_same`: it is the same
    value at least, as where an attribute that has its default is left out. `refused`: with validation on. `reason`:
    why it was not decoded, or where the two differ.
    """

    path: str
    kind: str = "literal"
    valid: bool | None = None
    judge: str = "libxml2"
    why: str = ""
    decoded: bool = False
    same: bool = False
    means_the_same: bool = False
    refused: bool = False
    reason: str = ""


def bound_messages(corpus: Path) -> dict[str, list[dict[str, str]]]:
    """The rows of MESSAGES.tsv by the path of their contract."""
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    with (corpus / "MESSAGES.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            found[f"{row['set']}/{row['wsdl']}"].append(row)
    return dict(found)


def read_messages(corpus: Path, path: str, rows: list[dict[str, str]], output: Path) -> list[Outcome]:
    """Take the messages of one contract through the journey."""
    try:
        reader = _Reader(corpus, path, output)
    except Exception as error:
        return [Outcome(row["path"], "none", reason=f"its contract: {_words(error)}") for row in rows]
    return [reader.read(corpus, row) for row in rows]


class _Reader:
    """A contract, its generated package and its judges."""

    def __init__(self, corpus: Path, path: str, output: Path) -> None:
        self.contract: Contract = load_contract(corpus / path, documents=documents_of(corpus), usable=False)
        self.validator: Validator = validator_for(self.contract.schema)
        name = "m_" + "".join(character if character.isalnum() else "_" for character in path)
        generate(self.contract, output / name)
        self.services = list(_services(_imported(output, name)))
        self.codecs = {id(service): codecs_for(service) for service in self.services}
        self.second: xmlschema.XMLSchema10 | None = None

    # --- one message ----------------------------------------------------------------------------------------------

    def read(self, corpus: Path, row: dict[str, str]) -> Outcome:
        outcome = Outcome(row["path"])
        try:
            envelope = Envelope.read(parse_message((corpus / row["path"]).read_bytes()))
        except SoapkitError as error:
            outcome.kind, outcome.reason, outcome.refused = "none", f"no message: {_words(error)}", True
            return outcome
        fault = read_fault(envelope)
        found = list(self._operations(row["operation"]))
        if fault is not None:
            outcome.kind, outcome.valid = "fault", True
            outcome.decoded = self._reads_fault(fault, found, outcome)
            outcome.same = outcome.means_the_same = outcome.decoded
            return outcome
        request = row["direction"] == "request"
        choices = [
            (service, message)
            for service, operation in found
            for message in [operation.request if request else operation.reply]
            if message is not None
        ]
        if not choices:
            outcome.kind, outcome.reason = (
                "none",
                f"the contract has no operation {row['operation']!r} of this direction",
            )
            return outcome
        results = [self._one(service, message, envelope, outcome) for service, message in choices]
        return max(results, key=lambda each: (each.same, each.decoded, each.valid is True))

    def _operations(self, name: str) -> Iterator[tuple[Service, Operation[Any, Any]]]:
        for service in self.services:
            for operation in service.operations:
                if operation.name == name:
                    yield service, operation

    def _reads_fault(self, fault: Any, found: list[tuple[Service, Operation[Any, Any]]], outcome: Outcome) -> bool:
        try:
            for service, operation in found:
                fault_from(fault, operation.faults, self.codecs[id(service)])
        except Exception as error:
            outcome.reason = _words(error)
            return False
        return True

    def _one(self, service: Service, message: Message, envelope: Envelope, before: Outcome) -> Outcome:
        outcome = Outcome(before.path, "encoded" if message.encoded else "literal")
        codecs = self.codecs[id(service)]
        problems = self.problems(message, envelope) if not message.encoded else None
        try:
            value = decode_body(message, envelope.body, codecs, envelope.root)
            outcome.decoded = True
        except Exception as error:
            outcome.reason = f"decode: {_words(error)}"
        if problems is not None:
            outcome.valid, outcome.why = not problems, "; ".join(problems)[:300]
            if outcome.valid != outcome.decoded:
                self._ask_again(message, envelope, outcome)
        outcome.refused = bool(problems) or not outcome.decoded
        if outcome.decoded:
            try:
                text = encode_body(message, value, codecs)
                again = Envelope.read(parse_message(Draft(SOAP_1_1, text).to_bytes()))
                if message.encoded:
                    found = encoded_bodies_differ(envelope.body, again.body, _same)
                else:
                    found = bodies_differ(envelope.body, again.body, rpc=message.style == "rpc")
                outcome.same, outcome.reason = found is None, found or ""
                outcome.means_the_same = found is None or decode_body(message, again.body, codecs) == value
            except Exception as error:
                outcome.reason = f"encode: {_words(error)}"
        return outcome

    # --- judges ---------------------------------------------------------------------------------------------------

    def problems(self, message: Message, envelope: Envelope) -> list[str] | None:
        """What libxml2 says is wrong; None where it cannot say."""
        try:
            if message.style == "rpc":
                return self._rpc_problems(message, envelope)
            if message.tag is not None and [tag_of(each) for each in envelope.content] != [message.tag]:
                return [f"the Body holds {[tag_of(each) for each in envelope.content]}: expected {message.tag}"]
            if message.tag is None:
                parts = DescribedShapes()[message.record].elements
                known = [each.tag for each in parts if isinstance(each, ElementField)]
                lacking = [each.tag for each in parts if isinstance(each, ElementField) and each.minimum]
                here = [tag_of(each) for each in envelope.content]
                if not set(lacking) <= set(here) <= set(known) or len(here) > len(set(here)):
                    return [f"the Body holds {here}: expected {known}"]
            return [str(each) for entry in envelope.content for each in self.validator.problems(entry)]
        except SoapkitError as error:
            raise AssertionError(f"libxml2 cannot judge: {error}") from error

    def _rpc_problems(self, message: Message, envelope: Envelope) -> list[str]:
        if len(envelope.content) != 1:
            return ["an rpc message has one wrapper"]
        wrapper = envelope.content[0]
        fields = {each.tag: each for each in self._contract_record(message) if isinstance(each, ElementField)}
        here = {str(accessor.tag) for accessor in wrapper}
        told = [f"{each.tag} is missing" for each in fields.values() if each.minimum and each.tag not in here]
        for accessor in wrapper:
            if not isinstance(accessor.tag, str):
                continue
            field = fields.get(accessor.tag)
            if field is None:
                told.append(f"{accessor.tag} is no part")
            elif isinstance(field.type, RecordRef) and isinstance(field.type.key, str):
                told += [str(each) for each in self.validator.problems_as(accessor, field.type.key)]
        return told

    def _contract_record(self, message: Message) -> tuple[Any, ...]:
        for service in self.contract.services:
            for operation in service.operations:
                for each in (operation.request, operation.reply):
                    if each is not None and each.tag == message.tag and each.style == "rpc":
                        return self.contract.shapes[each.record].elements
        return ()

    def _ask_again(self, message: Message, envelope: Envelope, outcome: Outcome) -> None:
        """The second judge, where libxml2 and the decoder are of two opinions."""
        if message.style == "rpc":
            return
        try:
            verdicts = [self._xmlschema(entry) for entry in envelope.content]
        except Exception as error:
            outcome.judge = f"libxml2 (xmlschema cannot say: {type(error).__name__})"
            return
        wrong = [each for each in verdicts if each]
        if bool(wrong) == outcome.valid and envelope.content and not outcome.why.startswith("the Body"):
            outcome.valid, outcome.judge = not wrong, "xmlschema"
            outcome.why = wrong[0] if wrong else f"libxml2 says: {outcome.why}"

    def _xmlschema(self, entry: _Element) -> str:
        """What xmlschema says is wrong with an element; empty if nothing is."""
        if self.second is None:
            self.second = xmlschema_of(self.contract.schema)
        error = next(
            iter(self.second.iter_errors(etree.fromstring(etree.tostring(entry, encoding="unicode", with_tail=False)))),
            None,
        )
        return "" if error is None else " ".join(str(error.reason or error).split())[:200]


def xmlschema_of(schema: Schema) -> xmlschema.XMLSchema10:
    """The second judge's schema: all of the documents that soapkit writes of a contract."""
    spaces: tuple[Space, ...] = ("element", "type", "attribute")
    normalised = normalise(schema, {(space, name) for space in spaces for name in schema.names(space)})
    first, *others = [_without_locations(text) for name, text in normalised.documents.items() if name != DRIVER]
    made = xmlschema.XMLSchema10(first, build=False, validation="lax")
    for text in others:
        made.add_schema(text)
    made.build()
    return made


def _without_locations(text: str) -> str:
    return re.sub(r' schemaLocation="[^"]*"', "", text)


# --- the same infoset ---------------------------------------------------------------------------------------------

_IGNORED = (XSI, "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")


def bodies_differ(before: _Element, after: _Element, *, rpc: bool = False) -> str | None:
    """Where two bodies first differ, in words; None if they do not.

    The same are: QNames that resolve to the same name, spellings of one value, blanks between elements. Attributes
    that belong to the message (xsi:schemaLocation, encodingStyle) aside; xsi:type and xsi:nil are compared.
    """
    ones, others = _children(before), _children(after)
    if len(ones) != len(others):
        return f"{len(ones)} elements in the Body became {len(others)}"
    for one, other in zip(ones, others, strict=True):
        found = _differ(one, other, "", named=not rpc)
        if found is not None:
            return found
    return None


def _children(element: _Element) -> list[_Element]:
    return [child for child in element if isinstance(child.tag, str)]


def _differ(one: _Element, other: _Element, path: str, *, named: bool = True) -> str | None:
    here = f"{path}/{tag_of(one).rpartition('}')[2]}"
    if named and one.tag != other.tag:
        return f"{here}: {one.tag} became {other.tag}"
    ours, theirs = _attributes(one), _attributes(other)
    if ours.keys() != theirs.keys():
        lost, new = sorted(ours.keys() - theirs.keys()), sorted(theirs.keys() - ours.keys())
        return f"{here}: attributes lost {lost}, new {new}"
    for name, text in ours.items():
        if not _same(text, one, theirs[name], other):
            return f"{here}: attribute {name} {text[:60]!r} became {theirs[name][:60]!r}"
    first, second = _children(one), _children(other)
    if [each.tag for each in first] != [each.tag for each in second]:
        names = [[tag_of(each).rpartition("}")[2] for each in run] for run in (first, second)]
        return f"{here}: children {names[0]} became {names[1]}"[:300]
    for text, again in zip(_texts(one), _texts(other), strict=True):
        if not _same(text, one, again, other) and not (first and not text.strip() and not again.strip()):
            return f"{here}: text {text[:60]!r} became {again[:60]!r}"
    for child, same in zip(first, second, strict=True):
        found = _differ(child, same, here)
        if found is not None:
            return found
    return None


def _texts(element: _Element) -> list[str]:
    texts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str):
            texts.append(child.tail or "")
        else:
            texts[-1] += child.tail or ""
    return texts


def _attributes(element: _Element) -> dict[str, str]:
    kept = (f"{{{XSI}}}type", f"{{{XSI}}}nil")
    return {
        str(name): str(value)
        for name, value in element.attrib.items()
        if name in kept or namespace_of(str(name)) not in _IGNORED
    }


_QNAME = re.compile(r"([^\s:{}]+:)?[^\s:{}]+")


def _same(text: str, one: _Element, again: str, other: _Element) -> bool:
    before, after = " ".join(text.split()), " ".join(again.split())
    if before == after and ":" not in before:
        return True
    if before == after or _value(before) == _value(after):
        return True
    words, others = before.split(), after.split()
    return len(words) == len(others) and all(
        word == found or _value(word) == _value(found) or _resolved(word, one) == _resolved(found, other)
        for word, found in zip(words, others, strict=True)
    )


def _resolved(text: str, element: _Element) -> object:
    if not _QNAME.fullmatch(text):
        return text
    prefix, _, local = text.rpartition(":")
    namespace = element.nsmap.get(prefix or None)
    return text if prefix and namespace is None else (namespace or "", local)


@cache
def _value(text: str) -> object:
    """One of the spellings of a value as that value: numbers, booleans, moments, binary."""
    if text in ("true", "false"):
        return text == "true"
    for parse in (parse_datetime, parse_duration):
        try:
            return parse(text)
        except ValueError:
            pass
    try:
        return Decimal(text)
    except InvalidOperation:
        pass
    squeezed = text.replace(" ", "")
    return ("hex", squeezed.upper()) if re.fullmatch(r"([0-9a-fA-F]{2})+", squeezed) else squeezed


# --- what is told -------------------------------------------------------------------------------------------------


def message_table(outcomes: list[dict[str, Any]]) -> str:
    """How many of how many."""
    valid = [each for each in outcomes if each["kind"] == "literal" and each["valid"]]
    invalid = [each for each in outcomes if each["kind"] == "literal" and not each["valid"]]
    encoded = [each for each in outcomes if each["kind"] == "encoded"]
    faults = [each for each in outcomes if each["kind"] == "fault"]
    unbound = [each for each in outcomes if each["kind"] == "none"]
    rows = (
        ("valid: decode", valid, "decoded"),
        ("  encoded: same infoset", valid, "same"),
        ("  encoded: same value", valid, "means_the_same"),
        ("invalid: refused", invalid, "refused"),
        ("SOAP encoding: decode", encoded, "decoded"),
        ("  encoded: same infoset", encoded, "same"),
        ("faults are read", faults, "decoded"),
    )
    lines = [
        f"{words:24} {sum(each[what] for each in group):>7,} of {len(group):>7,}"
        + (f"  {100 * sum(each[what] for each in group) / len(group):6.2f} %" if group else "")
        for words, group, what in rows
    ]
    return "\n".join([*lines, f"{'of no operation':24} {len(unbound):>7,}"])


def message_failures(outcomes: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Each message that did not go as it should, with the reason."""
    for each in sorted(outcomes, key=lambda one: one["path"]):
        if each["kind"] == "literal" and each["valid"] and not each["same"]:
            kept = "means the same" if each["means_the_same"] else "differs" if each["decoded"] else "not read"
            yield each["path"], f"{kept}: {each['reason']}"
        elif each["kind"] == "literal" and not each["valid"] and not each["refused"]:
            yield each["path"], f"invalid and not refused: {each['why']}"
        elif each["kind"] == "fault" and not each["decoded"]:
            yield each["path"], f"not read: {each['reason']}"


def second_opinions(outcomes: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Each message on which libxml2 was overruled."""
    for each in sorted(outcomes, key=lambda one: one["path"]):
        if each["judge"] == "xmlschema":
            yield each["path"], each["why"]
