"""Rate limits: how often a caller may call, kept by the library ``limits`` in memory or in Redis. Extra ``limits``.

    soapkit.asgi(MyBank(), interceptors=[RateLimit("20/second; 1000/hour")])
    soapkit.asgi(MyBank(), interceptors=[RateLimit("100/minute", storage="redis://cache.example:6379/0")])

Who calls more often is answered with a fault, in its SOAP version, under 429 (RFC 6585, 4) with Retry-After. In memory
each process counts for itself; in Redis all that use the same server count together.

These are interceptors (`soapkit.Interceptor`): they see requests that were read, verified and routed, and spare the
handler. What reading costs is limited by the size and the number of requests (docs/howto/limits), and by the proxy.
"""

from __future__ import annotations

import hashlib
import logging
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Any, Generic, TypeAlias, TypeVar

import limits
from limits.aio.storage import Storage as AsyncStorage
from limits.aio.strategies import MovingWindowRateLimiter as AsyncLimiter
from limits.storage import Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from soapkit.errors import Fault, UsageError
from soapkit.exchange.observing import fields
from soapkit.server.context import Call
from soapkit.server.interceptors import BlockingNext, Next

logger = logging.getLogger("soapkit.server")

By: TypeAlias = Callable[[Call], str | None]
"""A call -> whom it counts for; None: it is not counted."""

MEMORY = "memory://"
_PATIENCE = 1.0  # seconds that Redis is waited for
_WITHIN: dict[str, Any] = {"socket_timeout": _PATIENCE, "socket_connect_timeout": _PATIENCE}


def _once_more() -> dict[str, Any]:
    """A connection that broke, since Redis was started anew, is made anew at once; of its own redis does so where it
    blocks only. A Redis that hangs is not asked again."""
    try:
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
        from redis.exceptions import ConnectionError as Broken
    except ImportError:  # told by who needs it
        return {}
    return {"retry": Retry(NoBackoff(), 1, supported_errors=(Broken,))}


def address_of(call: Call) -> str | None:
    """The address of the caller; of IPv6 its network (/64), since one caller has all of that.

    Behind a proxy it is the proxy's, unless the server is told to trust what that says (uvicorn's
    ``--forwarded-allow-ips``).
    """
    try:
        address = ip_address(call.http.client)
    except ValueError:
        return call.http.client  # a name, a Unix socket
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{IPv6Address(int(address) >> 64 << 64)}/64"


LimiterT = TypeVar("LimiterT")


class _Limits(ABC, Generic[LimiterT]):
    """What both kinds share: the settings, the rates, whom a call counts for, what is answered."""

    def __init__(
        self,
        rates: str,
        *,
        by: By = address_of,
        storage: str = MEMORY,
        status: int = 429,
        serve_without_storage: bool = False,
    ) -> None:
        try:
            self._rates = limits.parse_many(rates)
        except ValueError:
            raise UsageError(f"{rates!r} is no rate: expected such as '20/second; 1000/hour'") from None
        if status not in (429, 503):
            raise UsageError(f"a caller that calls too often is answered with 429 or 503, not {status}")
        if not storage.startswith((MEMORY, "redis://", "rediss://", "redis+unix://")):
            raise UsageError(f"rates are kept at memory://, redis:// or rediss://, not at {storage.partition(':')[0]}:")
        self._by = by
        self._status = status
        self._serve_without_storage = serve_without_storage
        self._limiter = self._counting_at(storage)

    @abstractmethod
    def _counting_at(self, storage: str) -> LimiterT:
        """What counts, with its storage at a URL."""

    def _whom(self, call: Call) -> str | None:
        """For whom a call counts, as the storage has it: of bounded length, and nothing that could be read there."""
        whom = self._by(call)
        return None if whom is None else hashlib.sha256(whom.encode()).hexdigest()[:32]

    def _too_often(self, call: Call, rate: limits.RateLimitItem, reset: float) -> Fault:
        again = max(1, math.ceil(reset - time.time()))
        logger.warning("%s calls more often than %s", call.http.client, rate, extra=self._extra(call))
        return self._refused(call, "too many requests; try again later", again)

    def _without_storage(self, call: Call, error: Exception) -> Fault | None:
        """What to answer where the storage does not; None: serve all the same."""
        served = "served all the same" if self._serve_without_storage else "refused"
        told = type(error).__name__  # its text may have the URL, with a password
        logger.error("rates cannot be counted (%s): %s", told, served, extra=self._extra(call))
        if self._serve_without_storage:
            return None
        call.response.status = 503
        call.response.headers["Retry-After"] = "1"
        return Fault("the service cannot answer now; try again later", code="Receiver")

    def _refused(self, call: Call, reason: str, again: int) -> Fault:
        call.response.status = self._status
        call.response.headers["Retry-After"] = str(again)
        return Fault(reason, code="Receiver")  # SOAP 1.2 part 1, 5.4.6: the message itself was right

    def _extra(self, call: Call) -> dict[str, Any]:
        message_id = call.addressing.message_id if call.addressing is not None else ""
        return fields(operation=call.operation.name, message_id=message_id)


class RateLimit(_Limits[AsyncLimiter]):
    """An interceptor for `soapkit.asgi`, and for `soapkit.wsgi` where all interceptors are async.

    `rates`: how often, such as ``20/second; 1000/hour``; all must be kept. `by`: for whom a call counts, the address
    of the caller unless said; by user: ``lambda call: call.security.username``. `storage`: ``memory://`` unless said,
    or the URL of a Redis. `status`: 429, or 503 for callers that know no 429. `serve_without_storage`: serve where
    Redis does not answer within a second; refused with 503 unless said, since nobody counts then.

    Raises `UsageError` for rates, a status or a storage that are none.
    """

    def _counting_at(self, storage: str) -> AsyncLimiter:
        options = {} if storage == MEMORY else {"implementation": "redispy", **_WITHIN, **_once_more()}
        kept = storage_from_string(f"async+{storage}", **options)
        assert isinstance(kept, AsyncStorage)
        return AsyncLimiter(kept)

    async def __call__(self, call: Call, following: Next, /) -> object:
        """The call, where it may be made. Raises the fault for one that may not."""
        whom = self._whom(call)
        refusal = None if whom is None else await self._refusal(call, whom)
        if refusal is not None:
            raise refusal
        return await following(call)

    async def aclose(self) -> None:
        """Let go of the connections to Redis; the next call opens others."""
        bridge: Any = getattr(self._limiter.storage, "bridge", None)
        if bridge is not None:
            await bridge.get_connection().aclose()

    async def _refusal(self, call: Call, whom: str) -> Fault | None:
        try:
            for rate in self._rates:
                if not await self._limiter.hit(rate, whom):
                    stats = await self._limiter.get_window_stats(rate, whom)
                    return self._too_often(call, rate, stats.reset_time)
        except Exception as error:
            return self._without_storage(call, error)
        return None


class BlockingRateLimit(_Limits[MovingWindowRateLimiter]):
    """The same for `soapkit.wsgi`, among blocking interceptors."""

    def _counting_at(self, storage: str) -> MovingWindowRateLimiter:
        kept = storage_from_string(storage, **({} if storage == MEMORY else _WITHIN))
        assert isinstance(kept, Storage)
        return MovingWindowRateLimiter(kept)

    def __call__(self, call: Call, following: BlockingNext, /) -> object:
        """The call, where it may be made. Raises the fault for one that may not."""
        whom = self._whom(call)
        refusal = None if whom is None else self._refusal(call, whom)
        if refusal is not None:
            raise refusal
        return following(call)

    def close(self) -> None:
        """Let go of the connections to Redis; the next call opens others."""
        client: Any = getattr(self._limiter.storage, "storage", None)
        if hasattr(client, "close"):
            client.close()

    def _refusal(self, call: Call, whom: str) -> Fault | None:
        try:
            for rate in self._rates:
                if not self._limiter.hit(rate, whom):
                    return self._too_often(call, rate, self._limiter.get_window_stats(rate, whom).reset_time)
        except Exception as error:
            return self._without_storage(call, error)
        return None
