"""soapkit over the tree, as it reads what is signed, validated, or not plain: the same client, without templates."""

from __future__ import annotations

from workload import Task, Tasks

from peers.soapkit import METHODS, client_for, response_for
from soapkit.client.call import receive_package


def prepare() -> Tasks:
    """Decode alone: encoding is the same."""
    return {f"decode {size}": _decoder(size, method) for size, method in METHODS.items()}


def _decoder(size: str, method: str) -> Task:
    client, response = client_for(size), response_for(size)
    operation = client.service.operation(method)

    def task() -> object:
        received = receive_package(client._route, operation, response)
        assert received is not None
        return operation.value_of(received.value)

    return task
