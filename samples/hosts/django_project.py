"""A Django project in one file: settings, a model, a view beside the service.

python django_project.py            # once: makes the table
"""

from __future__ import annotations

import django
from django.conf import settings
from django.db import connection, models
from django.http import HttpRequest, JsonResponse
from django.urls import path

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "notes.db"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
)
django.setup()


class Note(models.Model):
    """A note."""

    text = models.TextField()

    class Meta:
        app_label = "notes"


def notes(_: HttpRequest) -> JsonResponse:
    return JsonResponse(list(Note.objects.order_by("id").values_list("text", flat=True)), safe=False)


urlpatterns = [path("notes", notes)]

if __name__ == "__main__":
    with connection.schema_editor() as editor:
        editor.create_model(Note)
