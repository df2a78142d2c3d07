"""The same application for granian, which leaves to it whom to believe X-Forwarded-Proto and X-Forwarded-For."""

from __future__ import annotations

from app import app as direct
from granian.utils.proxies import wrap_asgi_with_proxy_headers

app = wrap_asgi_with_proxy_headers(direct, trusted_hosts="127.0.0.1")
