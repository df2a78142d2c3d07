"""What every peer is given: the same records as plain values, the same messages as bytes, and checks of what it makes.

A measurement counts only if its result is right: what was encoded holds the values, what was decoded is typed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

from lxml import etree

# `SOAPKIT_BENCH_CONTRACT` lets an experiment measure a contract in another place.
CONTRACT = Path(os.environ.get("SOAPKIT_BENCH_CONTRACT") or Path(__file__).with_name("records.wsdl"))
NAMESPACE = "urn:example:records"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"

Task: TypeAlias = Callable[[], Any]  # Any: each peer has values of its own
Tasks: TypeAlias = Mapping[str, Task]
"""What a peer's `prepare()` gives: tasks by name, of those in `TASKS`; it leaves out what it cannot do.

    encode N    N records as Python values -> the bytes of a request
    decode N    the bytes of a reply -> typed values; gives the record, or the list of them
    serve N     the bytes of a request, in an HTTP request -> the bytes of the reply of a service that echoes
    call N      a whole call of a client over a transport that answers at once
"""

SIZES = {"echo": 1, "100 records": 100}
TASKS = [f"{verb} {size}" for verb in ("encode", "decode", "serve", "call") for size in SIZES]

ACTIONS = {"echo": f"{NAMESPACE}/echo", "100 records": f"{NAMESPACE}/echoAll"}


def record(number: int) -> dict[str, Any]:
    """The values of one record; always the same for the same number."""
    booked = datetime(2026, 1, 1, 12, 30, tzinfo=UTC) + timedelta(hours=7 * number)
    return {
        "id": f"e-{number:06}",
        "number": number,
        "amount": Decimal(number * 725) / 100,
        "currency": "EUR",
        "booked": booked,
        "due": date(2026, 2, 1) + timedelta(days=number),
        "ratio": number / 8,
        "cleared": number % 2 == 0,
        "party": {"name": "Marks & Partner", "country": "DE"},
        "reference": f"2026/{number:06}/A",
        "text": f"Invoice {number} of last year, paid in full with thanks" if number % 5 else None,
    }


RECORDS = {size: [record(number) for number in range(1, count + 1)] for size, count in SIZES.items()}


def _element(values: Mapping[str, Any]) -> str:
    texts = {
        **values,
        "booked": f"{values['booked']:%Y-%m-%dT%H:%M:%SZ}",
        "cleared": "true" if values["cleared"] else "false",
        "party": "".join(f"<{name}>{_escaped(text)}</{name}>" for name, text in values["party"].items()),
    }
    inner = "".join(
        f"<{name}>{text if name == 'party' else _escaped(str(text))}</{name}>"
        for name, text in texts.items()
        if text is not None
    )
    return f"<record>{inner}</record>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def message(element: str, records: Iterable[Mapping[str, Any]]) -> bytes:
    """A SOAP message with records in an element of the contract."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<soap:Envelope xmlns:soap="{SOAP}"><soap:Body>'
        f'<{element} xmlns="{NAMESPACE}">{"".join(map(_element, records))}</{element}></soap:Body></soap:Envelope>'
    ).encode()


REQUESTS = {"echo": message("echo", RECORDS["echo"]), "100 records": message("echoAll", RECORDS["100 records"])}
REPLIES = {
    "echo": message("echoResponse", RECORDS["echo"]),
    "100 records": message("echoAllResponse", RECORDS["100 records"]),
}


def check(peer: str, tasks: Tasks) -> None:
    """Run each task once, and raise `AssertionError`, naming peer and task, for a wrong result."""
    for name, task in tasks.items():
        verb, _, size = name.partition(" ")
        result = task()
        if peer == "lxml":
            continue  # the floor has no values
        right = _right_bytes(result, size) if verb in ("encode", "serve") else _right_values(result, size)
        assert right, f"{peer}: {name} gave a wrong result: {str(result)[:300]}"


def _right_bytes(envelope: bytes, size: str) -> bool:
    found = etree.fromstring(envelope).findall(f".//{{{NAMESPACE}}}record")
    return len(found) == SIZES[size] and all(
        element.findtext(f"{{{NAMESPACE}}}id") == values["id"]
        and Decimal(element.findtext(f"{{{NAMESPACE}}}amount", "")) == values["amount"]
        and element.findtext(f"{{{NAMESPACE}}}party/{{{NAMESPACE}}}name") == values["party"]["name"]
        and element.findtext(f"{{{NAMESPACE}}}text") == values["text"]
        for element, values in zip(found, RECORDS[size], strict=True)
    )


def _right_values(decoded: Any, size: str) -> bool:
    found = decoded if isinstance(decoded, list) else [decoded]
    return len(found) == SIZES[size] and all(
        value.id == values["id"]
        and value.number == values["number"]
        and value.amount == values["amount"]
        and value.booked.year == values["booked"].year
        and value.ratio == values["ratio"]
        and value.cleared is values["cleared"]
        and value.party.name == values["party"]["name"]
        and getattr(value, "text", None) == values["text"]
        for value, values in zip(found, RECORDS[size], strict=True)
    )
