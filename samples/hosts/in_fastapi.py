"""SOAP beside REST in FastAPI, at /soap/: one function gives both their database session.

uvicorn in_fastapi:app
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from notes import SESSION, Database, Notes

import soapkit


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.database = Database("notes.db")
    yield


def session_of(request: Request) -> Iterator[sqlite3.Connection]:
    with request.app.state.database.session() as session:
        yield session


async def in_session(call: soapkit.Call, next: soapkit.Next) -> object:
    with contextmanager(session_of)(Request(call.http.extra)) as session:  # `extra` is the ASGI scope
        SESSION.set(session)
        return await next(call)


app = FastAPI(lifespan=lifespan)
app.mount("/soap", soapkit.asgi(Notes(), interceptors=[in_session]))


@app.get("/notes")
def notes(session: Annotated[sqlite3.Connection, Depends(session_of)]) -> list[Any]:
    return [text for (text,) in session.execute("SELECT text FROM note ORDER BY id")]
