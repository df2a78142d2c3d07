"""Serve each caller so often: counted in memory, or in Redis for several processes.

uvicorn rate_limit:app
RATES_AT=redis://localhost:6379/0 uvicorn rate_limit:app --workers 4
"""

from __future__ import annotations

import os

from clock import Clock

import soapkit
from soapkit.adapters.limits import RateLimit

limit = RateLimit("2/minute; 100/day", storage=os.environ.get("RATES_AT", "memory://"))
app = soapkit.asgi(Clock(), interceptors=[limit])
