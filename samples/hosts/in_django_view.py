"""SOAP as a view of Django, at /soap: behind its middleware, with the session and the user of the request at hand.

gunicorn in_django_view:application
"""

from __future__ import annotations

from typing import Any

import django_project
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from in_django_wsgi import Notes

import soapkit


def in_a_transaction(call: soapkit.Call, next: soapkit.BlockingNext) -> object:
    with transaction.atomic():  # Django's ATOMIC_REQUESTS sees no fault, which is an answer like any other
        return next(call)


soap = soapkit.wsgi(Notes(), interceptors=[in_a_transaction])


@csrf_exempt  # what is no SOAP message is answered 415, so no form of another site can call
def view(request: HttpRequest) -> StreamingHttpResponse:
    head: list[Any] = []
    environ = {**request.environ, "SCRIPT_NAME": request.path, "PATH_INFO": "", "django.request": request}
    body = soap(environ, lambda status, fields: head.extend((int(status[:3]), dict(fields))))
    return StreamingHttpResponse(body, status=head[0], headers=head[1])


django_project.urlpatterns.append(path("soap", view))
application = get_wsgi_application()
