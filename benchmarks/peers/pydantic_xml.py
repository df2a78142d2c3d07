"""pydantic-xml: models written by hand for the contract, over lxml."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic_xml import BaseXmlModel, create_model, element
from workload import NAMESPACE, RECORDS, REPLIES, SOAP, Tasks

NSMAP = {"r": NAMESPACE, "soap": SOAP}


class Party(BaseXmlModel, tag="party", ns="r", nsmap=NSMAP):
    name: str = element(ns="r")
    country: str = element(ns="r")


class Record(BaseXmlModel, tag="record", ns="r", nsmap=NSMAP):
    id: str = element(ns="r")
    number: int = element(ns="r")
    amount: Decimal = element(ns="r")
    currency: str = element(ns="r")
    booked: datetime = element(ns="r")
    due: date = element(ns="r")
    ratio: float = element(ns="r")
    cleared: bool = element(ns="r")
    party: Party
    reference: str = element(ns="r")
    text: str | None = element(ns="r", default=None)


class Echo(BaseXmlModel, tag="echo", ns="r", nsmap=NSMAP):
    record: Record


class EchoResponse(BaseXmlModel, tag="echoResponse", ns="r", nsmap=NSMAP):
    record: Record


class EchoAll(BaseXmlModel, tag="echoAll", ns="r", nsmap=NSMAP):
    record: list[Record] = element(tag="record", ns="r")


class EchoAllResponse(BaseXmlModel, tag="echoAllResponse", ns="r", nsmap=NSMAP):
    record: list[Record] = element(tag="record", ns="r")


def envelope(content: type[BaseXmlModel]) -> Any:
    """An envelope with this in its Body."""
    body = create_model("Body", __tag__="Body", __ns__="soap", __nsmap__=NSMAP, content=(content, ...))
    return create_model("Envelope", __tag__="Envelope", __ns__="soap", __nsmap__=NSMAP, body=(body, ...))


def prepare() -> Tasks:
    """Encode and decode whole envelopes."""
    requests = {"echo": (envelope(Echo), Echo), "100 records": (envelope(EchoAll), EchoAll)}
    replies = {"echo": envelope(EchoResponse), "100 records": envelope(EchoAllResponse)}
    tasks = {}
    for size, (outer, inner) in requests.items():
        records = [Record(**{**values, "party": Party(**values["party"])}) for values in RECORDS[size]]
        content = inner(record=records if size != "echo" else records[0])
        body: Any = outer.model_fields["body"].annotation
        value = outer(body=body(content=content))
        tasks[f"encode {size}"] = _encoder(value)
        tasks[f"decode {size}"] = _decoder(replies[size], REPLIES[size])
    return tasks


def _encoder(value: Any) -> Any:
    return lambda: value.to_xml(skip_empty=True, exclude_none=True)


def _decoder(model: Any, reply: bytes) -> Any:
    return lambda: model.from_xml(reply).body.content.record
