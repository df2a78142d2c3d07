"""xsdata: dataclasses as its generator writes them for the contract, its quickest parser and writer."""

# ruff: noqa: RUF009  what is called makes a dataclasses.field

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from workload import NAMESPACE, RECORDS, REPLIES, SOAP, Tasks
from xsdata.formats.dataclass.context import XmlContext
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.handlers import XmlEventHandler
from xsdata.formats.dataclass.serializers import XmlSerializer
from xsdata.formats.dataclass.serializers.writers import XmlEventWriter
from xsdata.models.datatype import XmlDate, XmlDateTime


def _child(name: str, namespace: str = NAMESPACE) -> Any:
    return field(default=None, metadata={"name": name, "type": "Element", "namespace": namespace})


def _children(name: str) -> Any:
    return field(default_factory=list, metadata={"name": name, "type": "Element", "namespace": NAMESPACE})


@dataclass
class Party:
    name: str | None = _child("name")
    country: str | None = _child("country")


@dataclass
class Record:
    id: str | None = _child("id")
    number: int | None = _child("number")
    amount: Decimal | None = _child("amount")
    currency: str | None = _child("currency")
    booked: XmlDateTime | None = _child("booked")
    due: XmlDate | None = _child("due")
    ratio: float | None = _child("ratio")
    cleared: bool | None = _child("cleared")
    party: Party | None = _child("party")
    reference: str | None = _child("reference")
    text: str | None = _child("text")


@dataclass
class Echo:
    record: Record | None = _child("record")


@dataclass
class EchoAll:
    record: list[Record] = _children("record")


@dataclass
class EchoInput:
    class Meta:
        name = "Envelope"
        namespace = SOAP

    @dataclass
    class Body:
        echo: Echo | None = _child("echo")

    body: Body | None = _child("Body", SOAP)


@dataclass
class EchoOutput:
    class Meta:
        name = "Envelope"
        namespace = SOAP

    @dataclass
    class Body:
        echo_response: Echo | None = _child("echoResponse")

    body: Body | None = _child("Body", SOAP)


@dataclass
class EchoAllInput:
    class Meta:
        name = "Envelope"
        namespace = SOAP

    @dataclass
    class Body:
        echo_all: EchoAll | None = _child("echoAll")

    body: Body | None = _child("Body", SOAP)


@dataclass
class EchoAllOutput:
    class Meta:
        name = "Envelope"
        namespace = SOAP

    @dataclass
    class Body:
        echo_all_response: EchoAll | None = _child("echoAllResponse")

    body: Body | None = _child("Body", SOAP)


def prepare() -> Tasks:
    """Encode and decode; a parser and a serialiser are made once and kept, as its documentation advises."""
    context = XmlContext()
    parser = XmlParser(context=context, handler=XmlEventHandler)
    serializer = XmlSerializer(context=context, writer=XmlEventWriter)
    one = EchoInput(EchoInput.Body(Echo(_record(RECORDS["echo"][0]))))
    many = EchoAllInput(EchoAllInput.Body(EchoAll([_record(values) for values in RECORDS["100 records"]])))
    return {
        "encode echo": lambda: serializer.render(one).encode(),
        "encode 100 records": lambda: serializer.render(many).encode(),
        "decode echo": lambda: parser.from_bytes(REPLIES["echo"], EchoOutput).body.echo_response.record,
        "decode 100 records": lambda: (
            parser.from_bytes(REPLIES["100 records"], EchoAllOutput).body.echo_all_response.record
        ),
    }


def _record(values: dict[str, Any]) -> Record:
    return Record(
        **{
            **values,
            "booked": XmlDateTime.from_datetime(values["booked"]),
            "due": XmlDate.from_date(values["due"]),
            "party": Party(**values["party"]),
        }
    )
