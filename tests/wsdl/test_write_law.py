"""Load, write, load: what a contract offers is the same after it was written, types and all; on real contracts."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from soapkit.databinding.shape import All, Choice, ChoiceField, Constraint, Record, RecordRef, Sequence, Shapes
from soapkit.errors import NOWHERE, ContractError, Place, SoapkitError
from soapkit.operations import Message, Operation, Service
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from soapkit.wsdl.write11 import write_wsdl
from soapkit.xml.names import local_name

EVERY = 9  # contracts: about a hundred of them, from everywhere in the corpus
BIG = 400_000  # bytes
KNOWN = {  # by the end of a path: what is different
    "nfds/DPEService.wsdl": "one element has another documentation in each message that names it; one is kept",
    "consumer/SignatureService.wsdl": "a type that others extend has no name; it is given one",
    "MS-SITESS.wsdl": "it declares types in the namespace of XML Schema itself; they are written in line",
    "iti79.wsdl": "what may stand for an abstract element is written as the choice that it is",
    "soap12-test.wsdl": "a wildcard excludes another namespace than its schema's, which XSD cannot say",
    "round4_groupG_dimerpc.wsdl": "a wildcard excludes another namespace than its schema's, which XSD cannot say",
}


class Telling:
    """A service as plain values. Named types are told once, by name; keys, which the reader makes up, not at all."""

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes
        self.types: dict[str, Any] = {}

    def service(self, service: Service) -> dict[str, Any]:
        return {
            # one document has one target namespace: names of port types and bindings may move into it
            "name": (service.name, service.namespace, local_name(service.port_type), service.documentation),
            "ports": [
                (port.name, port.address, port.version, local_name(port.binding), port.actions)
                for port in service.ports
            ],
            "operations": [self.operation(operation) for operation in service.operations],
            "types": self.types,
        }

    def operation(self, operation: Operation[Any, Any]) -> Any:
        plain = replace(operation, place=NOWHERE, request=None, reply=None, faults=())  # type: ignore[arg-type]
        messages = [self.message(message) for message in (operation.request, operation.reply) if message is not None]
        return plain, messages, [self.value(fault) for fault in operation.faults]

    def message(self, message: Message) -> Any:
        record = self.shapes[message.record]
        said = replace(message, record="", headers=())
        return said, self.record(replace(record, name=None)), [self.value(header) for header in message.headers]

    def record(self, record: Record) -> Any:
        return [
            self.value(getattr(record, field.name)) for field in fields(record) if field.name not in ("key", "place")
        ]

    def value(self, value: Any) -> Any:
        if isinstance(value, RecordRef):
            record = self.shapes[value.key]
            if record.name is None:
                return self.anonymous(value.key, record)
            if record.name not in self.types:
                self.types[record.name] = ...
                self.types[record.name] = self.record(record)
            return record.name
        if isinstance(value, tuple):
            return [self.value(each) for each in value]
        if isinstance(value, Place):
            return None
        if isinstance(value, Constraint):
            return [value.kind, value.name, value.refer, *(xpath_of(value, x) for x in (value.selector, *value.fields))]
        if isinstance(value, ChoiceField):
            value = replace(value, name="")  # made up by the reader, of the groups around it
        if isinstance(value, Sequence) and not value.optional and len(value.particles) == 1:
            (only,) = value.particles
            if isinstance(only, (Choice, All, Sequence)):
                return self.value(only)  # a sequence of one group is that group
        if is_dataclass(value) and not isinstance(value, type):
            return [type(value).__name__, *(self.value(getattr(value, field.name)) for field in fields(value))]
        return value

    def anonymous(self, key: object, record: Record) -> Any:
        mark = f"anonymous {key}"
        if mark in self.types:  # it contains itself
            return "itself"
        self.types[mark] = ...
        told = self.record(record)
        del self.types[mark]
        return told


def xpath_of(constraint: Constraint, xpath: str) -> str:
    """An XPath with namespaces for prefixes."""
    names = dict(constraint.prefixes)
    return re.sub(r"([\w.-]+):(?!:)", lambda found: f"{{{names[found[1]]}}}", xpath)


def told(contract: Contract, service: Service) -> dict[str, Any]:
    return Telling(contract.shapes).service(service)


def contracts_of(corpus: Path) -> Iterator[Path]:
    with (corpus / "INDEX.tsv").open(encoding="utf-8") as index:
        rows = [row for row in csv.DictReader(index, delimiter="\t") if int(row["closure_bytes"] or 0) < BIG]
    yield from (corpus / row["path"] for row in rows[::EVERY])


def difference(before: Any, after: Any, path: str = "") -> str:
    """Where two told services differ, the first place."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before:
            if key not in after:
                return f"{path}/{key} is gone"
            if found := difference(before[key], after[key], f"{path}/{key}"):
                return found
        return next((f"{path}/{key} is new" for key in after if key not in before), "")
    if isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)) and len(before) == len(after):
        return next(
            (f for n, (b, a) in enumerate(zip(before, after, strict=True)) if (f := difference(b, a, f"{path}/{n}"))),
            "",
        )
    return "" if before == after else f"{path}: {str(before)[:300]} became {str(after)[:300]}"


def test_a_part_of_the_corpus_is_the_same_after_it_was_written_and_read(corpus: Path) -> None:
    counts: Counter[str] = Counter()
    different = []
    for path in contracts_of(corpus):
        try:
            contract = load_contract(path, usable=False)
        except SoapkitError:
            continue
        for service in contract.services:
            try:
                again = load_contract(write_wsdl(service, contract.shapes))
                (read,) = again.services
                found = difference(told(contract, service), told(again, read))
            except (SoapkitError, ContractError, ValueError) as error:
                found = f"{type(error).__name__}: {error}"
            counts["different" if found else "same"] += 1
            if found and not str(path).endswith(tuple(KNOWN)):
                different.append(f"{path.relative_to(corpus)} {service.name}: {found}")
    assert not different, "\n".join(different)
    assert counts["same"] > 20
