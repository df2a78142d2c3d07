"""zeep: `create_message` and `process_reply` of its binding, as its own client calls them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import zeep
from lxml import etree
from workload import CONTRACT, NAMESPACE, RECORDS, REPLIES, Tasks
from zeep.transports import Transport

METHODS = {"echo": "echo", "100 records": "echoAll"}


class _Answering(Transport):
    """Answers every call with the same reply."""

    reply: Any = None

    def post(self, address: str, message: bytes, headers: Any) -> Any:
        return self.reply


def prepare() -> Tasks:
    """Encode ends in bytes, as zeep's transport sends them; decode starts with the bytes of a response."""
    tasks = {}
    for size, name in METHODS.items():
        transport = _Answering()
        transport.reply = SimpleNamespace(
            status_code=200,
            content=REPLIES[size],
            encoding="utf-8",
            headers={"Content-Type": "text/xml; charset=utf-8"},
        )
        client = zeep.Client(str(CONTRACT), transport=transport)
        record, party = (client.get_type(f"{{{NAMESPACE}}}{name}") for name in ("Record", "Party"))
        values = [record(**{**given, "party": party(**given["party"])}) for given in RECORDS[size]]
        argument = values if len(values) > 1 else values[0]
        tasks[f"encode {size}"] = _encoder(client, name, argument)
        tasks[f"decode {size}"] = _decoder(client, name, transport.reply)
        tasks[f"call {size}"] = _caller(client, name, argument)
    return tasks


def _encoder(client: Any, name: str, argument: Any) -> Any:
    service = client.service
    return lambda: etree.tostring(client.create_message(service, name, record=argument))


def _decoder(client: Any, name: str, response: Any) -> Any:
    binding = client.service._binding
    operation = binding.get(name)
    return lambda: binding.process_reply(client, operation, response)


def _caller(client: Any, name: str, argument: Any) -> Any:
    call = getattr(client.service, name)
    return lambda: call(record=argument)
