"""Three opinions about what is valid, on samples of real contracts and mutations of them: soapkit's, and xmlschema's.

python tests/corpus/differential.py [--only SUBSTRING] [--every N] [--mutations M] [--types T]

soapkit's opinion is that of its decoder with validation on: valid is what libxml2 accepts, on the schema that soapkit
writes, and the decoder reads. Each disagreement is printed with the message; those that are explained are counted.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import csv
import random
import re
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import xmlschema
from journey import documents_of
from lxml import etree
from lxml.etree import _Element
from messages import xmlschema_of

from soapkit.codegen.generate import module_in_memory
from soapkit.databinding.sample.sample import sample_content, sample_element
from soapkit.databinding.shape import RecordRef, reachable
from soapkit.errors import SoapkitError
from soapkit.exchange.body import codecs_for, decode_body, encode_body
from soapkit.operations import Message, Service
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from soapkit.xml.names import XSD, XSI_NIL, XSI_TYPE
from soapkit.xml.parse import parse_message
from soapkit.xsd.arrays import is_array
from soapkit.xsd.model import ComplexType
from soapkit.xsd.validate import Validator, validator_for

ROOT = Path(__file__).resolve().parent.parent.parent
SHARED = ROOT.parent / "shared"

TEXTS: Final = (
    "",
    " ",
    "x y",
    "7",
    "-1",
    "true",
    "2026-01-01",
    "99999999999999999999",
    "1.5",
    "a" * 300,
    " 7 ",
    "é",
    "{}",
)

# Where they differ and soapkit is right, or says in its documentation why it is of another opinion: what one of them
# says, and why.
EXPLAINED: Final = {
    "valid value of the atomic type 'xs:ENTITY'": (
        "libxml2 alone asks that entities be declared, which no message may do"
    ),
    "libxml2 'line 1: Envelope/Body[^']*: text is not allowed here, only elements'; decoder": (
        "xmlschema lets text pass in element-only content that is only a wildcard (XSD part 1, 3.4.4)"
    ),
    r"xmlschema 'element is not nillable'; libxml2 ''; decoder ''": (
        "xmlschema refuses xsi:nil on an element under a lax wildcard that nobody declares"
    ),
}


def is_explained(sentence: str) -> bool:
    """Whether a disagreement is one of those above."""
    return any(re.search(words, sentence) for words in EXPLAINED)


# --- mutations ----------------------------------------------------------------------------------------------------


def mutations(element: _Element, chance: random.Random, count: int, types: list[str]) -> Iterator[tuple[str, _Element]]:
    """The element itself, then copies of it in each of which one thing was changed; what, in a word."""
    yield "none", element
    words = list(_CHANGES)
    for number in range(count):
        changed = copy.deepcopy(element)
        word = words[number % len(words)]
        at = chance.choice(list(changed.iter(etree.Element)))
        if word == "type":
            at.set(XSI_TYPE, _qname(chance.choice(types), at) if types else "nothing")
        elif not _CHANGES[word](at, chance):
            continue
        yield word, changed


def _qname(name: str, at: _Element) -> str:
    namespace, _, local = name[1:].rpartition("}") if name.startswith("{") else ("", "", name)
    prefix = next((prefix for prefix, known in at.nsmap.items() if known == namespace), None)
    return f"{prefix}:{local}" if prefix else local


def _drop(at: _Element, chance: random.Random) -> bool:
    parent = at.getparent()
    if parent is None:
        return False
    parent.remove(at)
    return True


def _double(at: _Element, chance: random.Random) -> bool:
    if at.getparent() is None:
        return False
    at.addnext(copy.deepcopy(at))
    return True


def _swap(at: _Element, chance: random.Random) -> bool:
    other = at.getnext()
    if other is None or at.getparent() is None:
        return False
    other.addnext(at)
    return True


def _rename(at: _Element, chance: random.Random) -> bool:
    if at.getparent() is None:
        return False
    names = [each.tag for each in at.getparent()] + ["{urn:strange}other", "other"]
    at.tag = chance.choice(names)
    return True


def _text(at: _Element, chance: random.Random) -> bool:
    at.text = chance.choice(TEXTS)
    return True


def _attribute(at: _Element, chance: random.Random) -> bool:
    name = chance.choice([*at.attrib, "other", "{urn:strange}other"])
    at.set(str(name), chance.choice(TEXTS))
    return True


def _no_attribute(at: _Element, chance: random.Random) -> bool:
    if not at.attrib:
        return False
    del at.attrib[chance.choice(list(at.attrib))]
    return True


def _nil(at: _Element, chance: random.Random) -> bool:
    at.set(XSI_NIL, chance.choice(["true", "1", "false", "yes"]))
    if chance.random() < 0.7:
        for child in at:
            at.remove(child)
        at.text = None
    return True


def _tail(at: _Element, chance: random.Random) -> bool:
    if at.getparent() is None:
        return False
    at.tail = chance.choice(["x", "  "])
    return True


def _child(at: _Element, chance: random.Random) -> bool:
    etree.SubElement(at, chance.choice(["{urn:strange}other", "other", str(at.tag)]))
    return True


_CHANGES: Final = {
    "drop": _drop,
    "double": _double,
    "swap": _swap,
    "rename": _rename,
    "text": _text,
    "attribute": _attribute,
    "no attribute": _no_attribute,
    "nil": _nil,
    "tail": _tail,
    "child": _child,
    "type": _text,  # handled where the types are known
}


# --- opinions -----------------------------------------------------------------------------------------------------


class Contest:
    """One contract, with those who judge."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.validator: Validator = validator_for(contract.schema)
        self._loose: dict[str, bool] = {}
        self.oracle: xmlschema.XMLSchema10 = xmlschema_of(contract.schema)
        self.module: Any = module_in_memory(contract.services, contract.shapes, name="differential")

    def services(self) -> Iterator[tuple[Service, Service]]:
        """The services of the contract, each with that of the generated package."""
        known = {
            (service.name, service.port_type): service
            for value in vars(self.module).values()
            if isinstance(service := getattr(value, "service", None), Service)
        }
        for service in self.contract.services:
            if (service.name, service.port_type) in known:
                yield service, known[service.name, service.port_type]

    def disagreements(self, chance: random.Random, count: int, tally: Counter[str]) -> Iterator[str]:
        """A sentence for each message on which soapkit and xmlschema differ."""
        types = list(self.contract.schema.names("type"))[:40]
        for service, runtime in self.services():
            codecs = codecs_for(runtime)
            for operation in service.operations:
                made = next(each for each in runtime.operations if each.name == operation.name)
                for message, known in ((operation.request, made.request), (operation.reply, made.reply)):
                    if message is None or known is None or message.style == "rpc" or message.encoded:
                        continue
                    if self._has_arrays(message):
                        continue  # what is in an array of SOAP encoding, no schema says
                    for sample in self.samples(message):
                        if not self.contract.schema.has("element", str(sample.tag)) or self._is_loose(sample):
                            continue  # a part by type, against BP R2204; or see below
                        for word, changed in mutations(sample, chance, count, types):
                            found = self._compare(known, codecs, word, changed, tally)
                            if found:
                                yield f"{operation.name}: {found}"

    def _is_loose(self, sample: _Element) -> bool:
        """Whether the contract breaks XSD there, so that no two stacks agree: what libxml2 refuses, or nobody declares,
        such as ``ref="s:schema"``; soapkit then writes it looser, and says so."""
        tag = str(sample.tag)
        if tag not in self._loose:
            compiled = self.validator.compile(frozenset({("element", tag)}))
            here = compiled.normalised.components
            schemas = any(str(each.tag).startswith(f"{{{XSD}}}") for each in sample.iter(etree.Element))
            self._loose[tag] = schemas or bool(here & self.validator.loosened.keys() or compiled.normalised.gaps)
        return self._loose[tag]

    def _has_arrays(self, message: Message) -> bool:
        return any(
            isinstance(component, ComplexType) and is_array(self.contract.schema, component)
            for key in reachable([message.record], self.contract.shapes)
            if isinstance(key, str) and self.contract.schema.has("type", key)
            for component in [self.contract.schema.type(key)]
        )

    def samples(self, message: Message) -> list[_Element]:
        """Samples, minimal and full, of a message whose Body holds one element."""
        found = []
        for full in (False, True):
            with contextlib.suppress(SoapkitError):
                if message.tag is None:
                    made = sample_content(message.record, self.contract.shapes, full=full)
                else:
                    made = [sample_element(message.tag, RecordRef(message.record), self.contract.shapes, full=full)]
                found += made if len(made) == 1 else []
        return found

    def _compare(self, message: Message, codecs: Any, word: str, element: _Element, tally: Counter[str]) -> str:
        # as a message would bring it: parsed anew
        text = etree.tostring(element, encoding="unicode", with_tail=False)
        envelope = Envelope.read(parse_message(Draft(SOAP_1_1, text).to_bytes()))
        entry = envelope.content[0]
        told = "; ".join(str(each) for each in self.validator.problems(entry))
        value: Any = None
        try:
            value = decode_body(message, envelope.body, codecs)
            read = ""
        except SoapkitError as error:
            read = str(error)
        wrong = first_error(self.oracle, entry)
        tally["messages"] += 1
        tally["valid" if not wrong else "invalid"] += 1
        if not (told or read) and not wrong:
            return self._written(message, codecs, value, entry)
        if bool(told or read) == bool(wrong):
            tally["refused by libxml2 alone"] += bool(told) and not read
            tally["refused by the decoder alone"] += bool(read) and not told
            return ""
        return f"DIFFER {word}: xmlschema {wrong!r}; libxml2 {told!r}; decoder {read!r}\n      {text[:700]}"

    def _written(self, message: Message, codecs: Any, value: Any, before: _Element) -> str:
        """What was read is written so that it is valid again."""
        try:
            text = encode_body(message, value, codecs)
        except SoapkitError as error:
            return f"NOT WRITTEN: {error}\n      {etree.tostring(before, encoding='unicode')[:700]}"
        envelope = Envelope.read(parse_message(Draft(SOAP_1_1, text).to_bytes()))
        told = [str(each) for entry in envelope.content for each in self.validator.problems(entry)]
        return f"WRITTEN INVALID: {told}\n      {etree.tostring(before, encoding='unicode')[:700]}" if told else ""


def first_error(oracle: xmlschema.XMLSchema10, entry: _Element) -> str:
    """What xmlschema says is wrong with an element; empty if nothing is."""
    try:
        error = next(
            iter(oracle.iter_errors(etree.fromstring(etree.tostring(entry, encoding="unicode", with_tail=False)))), None
        )
    except (KeyError, ValueError) as refused:
        return f"{type(refused).__name__}: {refused}"
    return "" if error is None else " ".join(str(error.reason or error).split())[:200] or "something"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="contracts whose path holds this text")
    parser.add_argument("--every", type=int, default=1, help="take each n-th")
    parser.add_argument("--mutations", type=int, default=22, help="of each sample")
    parser.add_argument("--types", type=int, default=60, help="contracts of at most so many types")
    options = parser.parse_args()
    printed = subprocess.run([SHARED / "unpack", "corpus"], capture_output=True, text=True, check=True)
    corpus = Path(printed.stdout.strip())
    with (corpus / "INDEX.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    paths = [
        row["path"]
        for row in rows
        if row["imports_resolved"] == "yes"
        and row["wellformed"] == "yes"
        and options.only in row["path"]
        and int(row["types"] or 0) <= options.types
    ]
    tally: Counter[str] = Counter()
    differing = 0
    warnings.simplefilter("ignore")
    for path in sorted(paths)[:: options.every]:
        try:
            contest = Contest(load_contract(corpus / path, documents=documents_of(corpus), usable=False))
        except Exception as error:  # told, and on with the next
            tally[f"not judged: {type(error).__name__}"] += 1
            continue
        tally["contracts"] += 1
        for sentence in contest.disagreements(random.Random(path), options.mutations, tally):
            if is_explained(sentence):
                tally["explained"] += 1
                continue
            differing += 1
            print(f"{path}: {sentence}")
    print(dict(tally), f"{differing} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
