"""Spyne: a service that echoes, behind its WSGI application, without validation (its quickest mode)."""

from __future__ import annotations

from typing import Any

from spyne import (
    Application,
    Array,
    Boolean,
    ComplexModel,
    Date,
    DateTime,
    Decimal,
    Double,
    Integer32,
    ServiceBase,
    Unicode,
    const,
    rpc,
)
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication
from workload import NAMESPACE, SIZES, Tasks

from peers.wsgi import poster


class Party(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info = [("name", Unicode), ("country", Unicode)]  # noqa: RUF012  Spyne's own way


class Record(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info = [  # noqa: RUF012  Spyne's own way
        ("id", Unicode),
        ("number", Integer32),
        ("amount", Decimal),
        ("currency", Unicode),
        ("booked", DateTime),
        ("due", Date),
        ("ratio", Double),
        ("cleared", Boolean),
        ("party", Party),
        ("reference", Unicode),
        ("text", Unicode),
    ]


class Records(ServiceBase):
    @rpc(Record, _returns=Record, _out_variable_name="record")
    def echo(ctx: Any, record: Any) -> Any:  # noqa: N805  Spyne's own way
        return record

    @rpc(
        Array(Record, wrapped=False),
        _returns=Array(Record, wrapped=False),
        _out_variable_name="record",
    )
    def echoAll(ctx: Any, record: Any) -> Any:  # noqa: N802, N805
        return record


def prepare() -> Tasks:
    """Serve, only: Spyne has no client."""
    const.MIN_GC_INTERVAL = float("inf")  # it collects garbage once a second: here that of all the other peers
    post = poster(hosted())
    return {f"serve {size}": post(size) for size in SIZES}


def hosted() -> WsgiApplication:
    """The service as a WSGI application."""
    application = Application([Records], NAMESPACE, in_protocol=Soap11(), out_protocol=Soap11())
    return WsgiApplication(application)
