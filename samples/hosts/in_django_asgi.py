"""SOAP in Django under ASGI, at /soap: async handlers on Django's async ORM, connections cared for as around a view.

uvicorn in_django_asgi:application
"""

from __future__ import annotations

from typing import Any

from asgiref.sync import ThreadSensitiveContext
from django.core.asgi import get_asgi_application
from django.core.signals import request_finished, request_started
from django_project import Note

import soapkit


@soapkit.service("urn:example:notes")
class Notes:
    @soapkit.operation
    async def add(self, text: str) -> int:
        if not text:
            raise soapkit.Fault("a note has a text", code="Sender")
        return (await Note.objects.acreate(text=text)).pk

    @soapkit.operation
    async def texts(self) -> list[str]:
        return [text async for text in Note.objects.order_by("id").values_list("text", flat=True)]


async def as_a_view(call: soapkit.Call, next: soapkit.Next) -> object:
    async with ThreadSensitiveContext():  # a thread of its own for the database calls of this one
        await request_started.asend(sender=Notes, scope=call.http.extra)  # Django's handlers close old connections
        try:
            return await next(call)
        finally:
            await request_finished.asend(sender=Notes)


views = get_asgi_application()
soap = soapkit.asgi(Notes(), interceptors=[as_a_view])


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    path = scope.get("path", "").removeprefix(scope.get("root_path", "")).rstrip("/")
    serve = soap if scope["type"] == "lifespan" or path == "/soap" else views
    await serve(scope, receive, send)
