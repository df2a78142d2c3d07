"""SOAP in Starlette, at /soap/: a database from the start of the server, a session of it for each call.

uvicorn in_starlette:app
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from notes import SESSION, Database, Notes
from starlette.applications import Starlette
from starlette.routing import Mount

import soapkit


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
    yield {"database": Database("notes.db")}


async def in_session(call: soapkit.Call, next: soapkit.Next) -> object:
    with call.http.extra["state"]["database"].session() as session:  # `extra` is the ASGI scope
        SESSION.set(session)
        return await next(call)


soap = soapkit.asgi(Notes(), interceptors=[in_session])
app = Starlette(lifespan=lifespan, routes=[Mount("/soap", soap)])
