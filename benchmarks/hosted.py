"""The process that `server` measures: one of the services below behind uvicorn, on a free port, which it prints.

python benchmarks/hosted.py "soapkit, async handler"
"""

from __future__ import annotations

import logging
import socket
import sys
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from workload import REPLIES


def bare() -> Any:
    """The ceiling: reads the request, answers with a fixed reply, knows nothing of SOAP."""
    reply = REPLIES["echo"]
    head = {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", b"text/xml; charset=utf-8"), (b"content-length", str(len(reply)).encode())],
    }

    async def application(
        _scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        while (await receive()).get("more_body"):
            pass
        await send(head)
        await send({"type": "http.response.body", "body": reply})

    return application


def soapkit_async() -> Any:
    """soapkit's ASGI application with an async handler."""
    from peers.soapkit import generated

    import soapkit

    records = generated()

    class Service(records.AsyncRecords):  # type: ignore[name-defined,misc]  # generated when the benchmark runs
        async def echo(self, *, record: Any) -> Any:
            return record

        async def echo_all(self, *, record: Any) -> Any:
            return record

    return soapkit.asgi(Service())


def soapkit_blocking() -> Any:
    """soapkit's ASGI application with a plain handler, which runs in a thread."""
    from peers.soapkit import generated, service

    import soapkit

    return soapkit.asgi(service(generated()))


def soapkit_wsgi() -> Any:
    """soapkit's WSGI application, behind uvicorn's bridge."""
    from peers.soapkit import generated, service
    from uvicorn.middleware.wsgi import WSGIMiddleware

    import soapkit

    return WSGIMiddleware(soapkit.wsgi(service(generated())))


def spyne_wsgi() -> Any:
    """Spyne's WSGI application, behind the same bridge."""
    from peers.spyne import hosted
    from uvicorn.middleware.wsgi import WSGIMiddleware

    return WSGIMiddleware(hosted())


SERVICES: dict[str, Callable[[], Any]] = {
    "a fixed reply": bare,
    "soapkit, async handler": soapkit_async,
    "soapkit, plain handler": soapkit_blocking,
    "soapkit, WSGI": soapkit_wsgi,
    "Spyne, WSGI": spyne_wsgi,
}


def main() -> None:
    """Serve until terminated."""
    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)
    application = SERVICES[sys.argv[1]]()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:  # TCP: for nodelay
        listener.bind(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        uvicorn.Server(uvicorn.Config(application, log_level="critical", lifespan="off")).run(sockets=[listener])


if __name__ == "__main__":
    main()
