"""One contract's journey: load, generate, import, sample, validate, decode, encode; what worked, and what did not.

Each step is tried on its own, so one failure does not hide the next. A step's failures are sentences, a few kept.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import re
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from encoded_bodies import encoded_bodies_differ
from lxml import etree
from lxml.etree import _Element

from soapkit.codegen.generate import generate
from soapkit.databinding.sample.sample import sample_content, sample_element
from soapkit.databinding.shape import ElementField, RecordRef
from soapkit.errors import ContractError, Problems, SoapkitError, ValidationError
from soapkit.exchange.body import codecs_for, decode_body, encode_body
from soapkit.exchange.samples import Direction, Sampled, sample_envelope
from soapkit.operations import Message, Operation, Service
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from soapkit.xml.documents import Documents
from soapkit.xml.parse import parse_message
from soapkit.xsd.validate import Validator, validator_for

KEPT = 8  # failures of one kind that are kept in words


@dataclass
class Tally:
    """How many of how many, and why the rest failed."""

    good: int = 0
    total: int = 0
    failures: list[str] = field(default_factory=list)

    def count(self, failure: str | None) -> None:
        self.total += 1
        if failure is None:
            self.good += 1
        elif len(self.failures) < KEPT:
            self.failures.append(failure[:600])


@dataclass
class Journey:
    """What became of one contract."""

    path: str
    loaded: bool = False
    generated: bool = False
    imported: bool = False
    package: str = ""
    operations: int = 0
    told: int = 0
    warnings: int = 0
    samples: Tally = field(default_factory=Tally)
    trips: Tally = field(default_factory=Tally)
    failures: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def travel(corpus: Path, path: str, output: Path) -> Journey:
    """Take the contract at `path` (below `corpus`) through every step; generated packages go below `output`."""
    journey = Journey(path)
    with _step(journey, "load"):
        contract = load_contract(corpus / path, documents=documents_of(corpus), usable=False)
        journey.loaded = True
        journey.told = len(contract.problems)
        journey.warnings = len(contract.warnings)
        journey.operations = sum(len(service.operations) for service in contract.services)
    if not journey.loaded or not journey.operations:
        return journey
    with _step(journey, "samples"):
        sampled = list(_samples(journey, contract))
    with _step(journey, "generate"):
        journey.package = "c_" + "".join(character if character.isalnum() else "_" for character in path)
        generate(contract, output / journey.package)
        journey.generated = True
    if journey.generated:
        with _step(journey, "import"):
            package = _imported(output, journey.package)
            services = {(service.name, service.port_type): service for service in _services(package)}
            journey.imported = True
        if journey.imported:
            with _step(journey, "trip"):
                for service, operation, kind, body in sampled:
                    runtime = services.get((service.name, service.port_type))
                    alike = [one for one in service.operations if one.name == operation.name]
                    journey.trips.count(_trip(runtime, operation, alike.index(operation), kind, body))
    return journey


def documents_of(corpus: Path) -> Documents:
    """A loader that knows the corpus's local copies of absolute URLs."""
    folder = corpus / "_common"
    known = json.loads((folder / "urlmap.json").read_text(encoding="utf-8"))
    return Documents(mapping={url: folder / file for url, file in known.items()})


class _step:  # noqa: N801  reads as a statement
    """Time a step; an exception in it ends the step, in words."""

    def __init__(self, journey: Journey, name: str) -> None:
        self.journey = journey
        self.name = name

    def __enter__(self) -> None:
        self.started = time.perf_counter()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> bool:
        self.journey.seconds[self.name] = round(time.perf_counter() - self.started, 3)
        if isinstance(error, Exception):
            self.journey.failures.append(f"{self.name}: {_words(error)}")
            return True
        return False


def _words(error: Exception) -> str:
    if isinstance(error, SoapkitError):
        return f"{type(error).__name__}: {error}"[:600]
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"CRASH {type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno})"[:600]


# --- samples ------------------------------------------------------------------------------------------------------


def _samples(
    journey: Journey, contract: Contract
) -> Iterator[tuple[Service, Operation[Any, Any], str, list[_Element]]]:
    """A sample of every request and reply, valid where a schema describes it whole; what does not validate is counted
    and not passed on."""
    validator = validator_for(contract.schema)
    elements = _global_elements(contract)
    for service in contract.services:
        for operation in service.operations:
            kinds: tuple[tuple[Direction, Message | None], ...] = (
                ("request", operation.request),
                ("reply", operation.reply),
            )
            for kind, message in kinds:
                if message is None:
                    continue
                try:
                    if message.encoded:
                        sampled = Sampled(service, operation, kind)
                        body = list(sample_envelope(contract.shapes, sampled, SOAP_1_1, full=True).body)
                    else:
                        body = sample_body(message, contract, elements)
                    if message.style != "rpc" and not message.encoded:
                        _check(validator, message, contract, body)
                except Exception as error:
                    journey.samples.count(f"{operation.name} {kind}: {_words(error)}")
                    continue
                journey.samples.count(None)
                yield service, operation, kind, body


def _check(validator: Validator, message: Message, contract: Contract, body: list[_Element]) -> None:
    """Validate the elements of a Body; a part that the contract describes by type (against BP R2204) by that type."""
    fields = {field.tag: field for field in contract.shapes[message.record].elements if isinstance(field, ElementField)}
    for element in body:
        field = fields.get(str(element.tag))
        if message.tag is not None or field is None or contract.schema.has("element", field.tag):
            validator.check(element)
        elif isinstance(field.type, RecordRef) and isinstance(field.type.key, str):
            Problems(list(validator.problems_as(element, field.type.key))).raise_as(ValidationError)


def sample_body(message: Message, contract: Contract, elements: list[ElementField]) -> list[_Element]:
    """The elements of a sample Body; those of `elements` may stand for wildcards."""
    if message.tag is None:
        return list(sample_content(message.record, contract.shapes, full=True, elements=elements))
    return [sample_element(message.tag, RecordRef(message.record), contract.shapes, full=True, elements=elements)]


def _global_elements(contract: Contract) -> list[ElementField]:
    """The global elements of a contract's schema that can be used."""
    found = []
    for tag in contract.schema.names("element"):
        with contextlib.suppress(ContractError):
            found.append(contract.shapes.element(tag))
    return found


# --- there and back -----------------------------------------------------------------------------------------------


def _imported(folder: Path, package: str) -> Any:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return importlib.import_module(package)


def _services(package: Any) -> Iterator[Service]:
    for name in dir(package):
        service = getattr(getattr(package, name), "service", None)
        if isinstance(service, Service):
            yield service


_codecs: dict[int, Any] = {}


def _trip(
    service: Service | None, operation: Operation[Any, Any], place: int, kind: str, body: list[_Element]
) -> str | None:
    """Decode a body and encode it again: None if it comes back unchanged. `place`: among the operations of its name."""
    where = f"{operation.name} {kind}"
    if service is None:
        return f"{where}: its service is not in the package"
    try:
        runtime = [known for known in service.operations if known.name == operation.name][place]
        message = runtime.request if kind == "request" else runtime.reply
        assert message is not None
        codecs = _codecs.setdefault(id(service), codecs_for(service))
        text = "".join(etree.tostring(element, encoding="unicode") for element in body)
        first = _envelope(text)
        value = decode_body(message, first.body, codecs)
        second = _envelope(encode_body(message, value, codecs))
    except Exception as error:
        return f"{where}: {_words(error)}"
    if message.encoded:
        found = encoded_bodies_differ(first.body, second.body, _same_value)
    else:
        found = difference(canonical(first.body), canonical(second.body))
    return None if found is None else f"{where}: {found}"


def _envelope(body: str | Sequence[bytes]) -> Envelope:
    return Envelope.read(parse_message(Draft(SOAP_1_1, body).to_bytes()))


def canonical(element: _Element) -> Any:
    """An element as a value to compare: names, attributes, text, children; insignificant white space aside."""
    children = [canonical(child) for child in element]
    text = element.text or ""
    if children:
        parts = [text, *((child.tail or "") for child in element)]
        text = "|".join(part.strip() for part in parts).strip("|")
    attributes = tuple(sorted((name, _resolved(element, name, value)) for name, value in element.attrib.items()))
    return (str(element.tag), attributes, _value(text), tuple(children))


def _resolved(element: _Element, name: str, value: str) -> str:
    """An attribute's value; a QName in xsi:type by its namespace."""
    if name.endswith("}type") and ":" in value:
        prefix, _, local = value.strip().partition(":")
        return f"{{{element.nsmap.get(prefix)}}}{local}"
    return _value(value)


_FLOAT = re.compile(r"-?\d+\.\d+(E-?\d+)?|-?INF|NaN")


def _value(text: str) -> str:
    return " ".join(text.split())


def _same_text(before: str, after: str) -> bool:
    """Equal, or two spellings of one number, the second that in which floats are written."""
    if before == after:
        return True
    try:
        return _FLOAT.fullmatch(after) is not None and float(before) == float(after)
    except ValueError:
        return False


def _same_value(before: str, one: _Element, after: str, other: _Element) -> bool:
    return _same_text(*(_qname(_value(text), element) for text, element in ((before, one), (after, other))))


def _qname(text: str, element: _Element) -> str:
    prefix, colon, local = text.partition(":")
    return f"{{{element.nsmap[prefix]}}}{local}" if colon and prefix in element.nsmap else text


def difference(before: Any, after: Any, path: str = "") -> str | None:
    """Where two canonical values first differ, in words; None if they do not."""
    here = f"{path}/{before[0].rpartition('}')[2]}"
    if before[0] != after[0]:
        return f"{here}: {before[0]} became {after[0]}"
    names = [name for name, _ in before[1]]
    if names != [name for name, _ in after[1]] or not all(
        _same_text(one[1], other[1]) for one, other in zip(before[1], after[1], strict=True)
    ):
        return f"{here}: attributes {before[1]} became {after[1]}"
    if not _same_text(before[2], after[2]):
        return f"{here}: text {before[2][:80]!r} became {after[2][:80]!r}"
    for one, other in zip(before[3], after[3], strict=False):
        found = difference(one, other, here)
        if found:
            return found
    if len(before[3]) != len(after[3]):
        return f"{here}: {len(before[3])} children became {len(after[3])}"
    return None
