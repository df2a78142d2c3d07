"""Post the workload's requests to a WSGI application in this process: the same for every server."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from workload import ACTIONS, REQUESTS, Task


def poster(application: Callable[..., Any]) -> Callable[[str], Task]:
    """A function from a size to the task that posts its request and gives the body of the reply."""

    def post(size: str) -> Task:
        body = REQUESTS[size]
        common = {
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "",
            "PATH_INFO": "/",
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "localhost",
            "HTTP_SOAPACTION": f'"{ACTIONS[size]}"',
            "CONTENT_TYPE": "text/xml; charset=utf-8",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.url_scheme": "http",
            "wsgi.version": (1, 0),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }

        def task() -> bytes:
            environ = {**common, "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO()}
            return b"".join(application(environ, lambda *_: None))

        return task

    return post
