"""suds-community: a client that does not send, and the `process_reply` of the context it gives."""

from __future__ import annotations

import logging
from typing import Any

import suds.client
from workload import CONTRACT, RECORDS, REPLIES, Tasks

METHODS = {"echo": "echo", "100 records": "echoAll"}


def prepare() -> Tasks:
    """Encode and decode."""
    logging.getLogger("suds").setLevel(logging.ERROR)
    client = suds.client.Client(CONTRACT.resolve().as_uri(), nosend=True, cache=None, prettyxml=False)
    tasks = {}
    for size, name in METHODS.items():
        values = [_record(client, given) for given in RECORDS[size]]
        argument = values if len(values) > 1 else values[0]
        method = getattr(client.service, name)
        tasks[f"encode {size}"] = _encoder(method, argument)
        tasks[f"decode {size}"] = _decoder(method(record=argument), REPLIES[size])
    return tasks


def _record(client: Any, given: dict[str, Any]) -> Any:
    value = client.factory.create("ns0:Record")
    for name, item in given.items():
        setattr(value, name, item)
    value.party = client.factory.create("ns0:Party")
    value.party.name, value.party.country = given["party"].values()
    return value


def _encoder(method: Any, argument: Any) -> Any:
    return lambda: method(record=argument).envelope


def _decoder(context: Any, reply: bytes) -> Any:
    return lambda: context.process_reply(reply)
