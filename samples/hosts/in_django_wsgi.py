"""SOAP in Django under WSGI, at /soap: each call in a transaction, connections cared for as around a view.

gunicorn in_django_wsgi:application
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from django_project import Note

import soapkit


@soapkit.service("urn:example:notes")
class Notes:
    @soapkit.operation
    def add(self, text: str) -> int:
        note = Note.objects.create(text=text)
        if not text:
            raise soapkit.Fault("a note has a text", code="Sender")
        return note.pk

    @soapkit.operation
    def texts(self) -> list[str]:
        return list(Note.objects.order_by("id").values_list("text", flat=True))


def as_a_view(call: soapkit.Call, next: soapkit.BlockingNext) -> object:
    request_started.send(sender=Notes, environ=call.http.extra)  # Django's handlers close old connections
    try:
        with transaction.atomic():
            return next(call)
    finally:
        request_finished.send(sender=Notes)


views = get_wsgi_application()
soap = soapkit.wsgi(Notes(), interceptors=[as_a_view])


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    serve = soap if environ["PATH_INFO"].rstrip("/") == "/soap" else views
    return serve(environ, start_response)
