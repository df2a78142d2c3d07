"""The applications in Python that `server` measures; hosting.py starts uvicorn and gunicorn on them."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

from workload import REPLIES, REQUESTS, SIZES


def bare() -> Any:
    """The ceiling: reads the request, answers with the reply of that size, knows nothing of SOAP."""
    replies = {len(REQUESTS[size]): REPLIES[size] for size in SIZES}

    async def application(
        _scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        received, more = 0, True
        while more:
            message = await receive()
            received += len(message.get("body", b""))
            more = message.get("more_body", False)
        reply = replies[received]
        headers = [(b"content-type", b"text/xml; charset=utf-8"), (b"content-length", str(len(reply)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
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
    """soapkit's WSGI application."""
    from peers.soapkit import generated, service

    import soapkit

    return soapkit.wsgi(service(generated()))


def spyne_wsgi() -> Any:
    """Spyne's WSGI application."""
    from peers.spyne import hosted

    return hosted()


def application() -> Any:
    """The application that the environment names."""
    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)
    return globals()[os.environ["HOSTED"]]()
