"""SOAP in Litestar, at /soap: the database is in the application's state.

uvicorn in_litestar:app
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar, asgi
from litestar.types import Receive, Scope, Send
from notes import SESSION, Database, Notes

import soapkit


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    app.state.database = Database("notes.db")
    yield


async def in_session(call: soapkit.Call, next: soapkit.Next) -> object:
    with call.http.extra["litestar_app"].state.database.session() as session:  # `extra` is the ASGI scope
        SESSION.set(session)
        return await next(call)


service = soapkit.asgi(Notes(), interceptors=[in_session])


@asgi("/soap", is_mount=True, copy_scope=True)
async def soap(scope: Scope, receive: Receive, send: Send) -> None:
    await service(scope, receive, send)


app = Litestar([soap], lifespan=[lifespan])
