"""Serve each client so often: an interceptor that counts with `limits`, in memory, or in Redis for several processes.

uvicorn rate_limit:app
"""

from __future__ import annotations

import time

import limits
from clock import Clock
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

import soapkit


class RateLimit:
    """Answers 429 with Retry-After (RFC 6585, 4) to a client address that asks more often."""

    def __init__(self, rate: str) -> None:
        self._rate = limits.parse(rate)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, call: soapkit.Call, next: soapkit.Next) -> object:
        if await self._limiter.hit(self._rate, call.http.client):
            return await next(call)
        again = (await self._limiter.get_window_stats(self._rate, call.http.client)).reset_time
        call.response.status = 429
        call.response.headers["Retry-After"] = str(max(1, round(again - time.time())))
        raise soapkit.Fault("too many requests", code="Receiver")


app = soapkit.asgi(Clock(), interceptors=[RateLimit("2/minute")])
