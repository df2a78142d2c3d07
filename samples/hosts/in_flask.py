"""SOAP in Flask, at /soap: calls run in the application's context, where its extensions are at hand.

gunicorn in_flask:app
"""

from __future__ import annotations

from flask import Flask, current_app
from notes import SESSION, Database, Notes
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import soapkit

app = Flask(__name__)
app.extensions["database"] = Database("notes.db")


def in_session(call: soapkit.Call, next: soapkit.BlockingNext) -> object:
    with app.app_context(), current_app.extensions["database"].session() as session:
        SESSION.set(session)
        return next(call)


soap = soapkit.wsgi(Notes(), interceptors=[in_session])
app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/soap": soap})
