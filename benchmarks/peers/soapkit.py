"""soapkit: the generated client and service, as a user has them."""

from __future__ import annotations

import importlib
import sys
import tempfile
from functools import cache
from types import ModuleType
from typing import Any

from workload import CONTRACT, RECORDS, REPLIES, Tasks

import soapkit
from peers.wsgi import poster
from soapkit.client.call import receive
from soapkit.codegen.generate import generate
from soapkit.testing import FakeTransport
from soapkit.transport.values import Headers, Response

METHODS = {"echo": "echo", "100 records": "echo_all"}


def prepare() -> Tasks:
    """Encode: the envelope of a call. Decode: what a client does with a response. Serve: the WSGI application."""
    records = generated()
    post = poster(soapkit.wsgi(service(records)))
    tasks = {}
    for size, method in METHODS.items():
        response, client = response_for(size), client_for(size)
        values = [_record(records, values) for values in RECORDS[size]]
        argument = values if len(values) > 1 else values[0]
        tasks[f"encode {size}"] = _encoder(client, method, argument)
        tasks[f"decode {size}"] = _decoder(client, method, response)
        tasks[f"serve {size}"] = post(size)
        tasks[f"call {size}"] = _caller(client, method, argument)
    return tasks


def response_for(size: str) -> Response:
    """The reply as a transport gives it."""
    return Response(200, Headers({"Content-Type": "text/xml; charset=utf-8"}), REPLIES[size])


def client_for(size: str) -> Any:
    """A client whose every call has that answer."""
    return generated().RecordsClient("http://localhost/", transport=FakeTransport(response_for(size)))


def warm(reply: bytes) -> None:
    """Read and write a few messages like those of "100 records": a client is seldom asked for one alone."""
    client, records = client_for("100 records"), generated()
    route, operation = client._route, client.service.operation("echo_all")
    response = Response(200, Headers({"Content-Type": "text/xml; charset=utf-8"}), reply)
    few = operation.request.record(record=[_record(records, values) for values in RECORDS["echo"]])
    for _ in range(5):
        receive(route, operation, response)
        route.processor.send_request(route.version, operation, few, {})


@cache
def generated() -> ModuleType:
    """The package generated from the contract."""
    folder = tempfile.mkdtemp(prefix="soapkit-bench-")
    generate(CONTRACT, f"{folder}/records")
    sys.path.insert(0, folder)
    return importlib.import_module("records")


def _record(records: ModuleType, values: dict[str, Any]) -> Any:
    return records.Record(**{**values, "party": records.Party(**values["party"])})


def _encoder(client: Any, method: str, argument: Any) -> Any:
    route = client._route
    operation = client.service.operation(method)
    record = operation.request.record
    return lambda: route.processor.send_request(route.version, operation, record(record=argument), {})


def _caller(client: Any, method: str, argument: Any) -> Any:
    call = getattr(client, method)
    transport = client._connection.transport()

    def task() -> Any:
        transport.requests.clear()
        return call(record=argument)

    return task


def _decoder(client: Any, method: str, response: Response) -> Any:
    route = client._route
    operation = client.service.operation(method)

    def task() -> Any:
        received = receive(route, operation, response)
        assert received is not None
        return operation.value_of(received.value)

    return task


def service(records: ModuleType) -> Any:
    """An implementation of the generated Protocol that echoes."""

    class Service(records.Records):  # type: ignore[name-defined,misc]  # generated when the benchmark runs
        def echo(self, *, record: Any) -> Any:
            return record

        def echo_all(self, *, record: Any) -> Any:
            return record

    return Service()
