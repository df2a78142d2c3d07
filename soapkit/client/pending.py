"""The answer to a call that comes elsewhere (WS-Addressing, ReplyTo): waited for, and read as any other reply."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from soapkit import errors
from soapkit.errors import SecurityError
from soapkit.exchange.flow import Flow, call, pause
from soapkit.exchange.pending import PendingReplies
from soapkit.transport.values import Headers, Response

ReceivedT = TypeVar("ReceivedT")

logger = logging.getLogger("soapkit.client")

_FIRST, _LONGEST = 0.005, 0.5  # seconds between two looks for an answer
_ENDLESS: Final = 7 * 24 * 3600  # seconds that an answer is kept for a client without a timeout


def is_only_accepted(response: Response) -> bool:
    """Whether a response says no more than that the request was taken."""
    return 200 <= response.status < 300 and response.sink is None and not response.body.strip()


@dataclass(frozen=True, slots=True)
class Waiting:
    """The wait for the answer to one message. `timeout`: seconds from its making, None without end."""

    pending: PendingReplies
    message_id: str
    timeout: float | None
    clock: Callable[[], float] = time.monotonic
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_since", self.clock())

    def begun(self) -> Flow[None]:
        """From now on answers are kept: as long as is waited for them, and a little, since clocks differ."""
        lifetime = _ENDLESS if self.timeout is None else math.ceil(self.timeout) + 5
        yield from call(self.pending.expect, self.message_id, lifetime)

    def answered(self, read: Callable[[Response], ReceivedT]) -> Flow[ReceivedT]:
        """What `read` gives of the answer, which it is handed as if it were the response.

        One that security does not believe is passed over: whoever learns the message's identifier may send one. Raises
        what else `read` raises; `soapkit.errors.TimeoutError` where no answer has come in time, or what was wrong with
        the last that came.
        """
        wait = _FIRST
        refused: SecurityError | None = None
        while True:
            answer = yield from call(self.pending.take, self.message_id)
            if answer is not None:
                try:
                    return read(Response(200, Headers({"Content-Type": answer.content_type}), answer.body))
                except SecurityError as error:
                    logger.warning("an answer to %s is not believed: %s", self.message_id, error.for_log)
                    refused = error
                continue
            left = self._left
            if left is not None and left <= 0:
                raise refused or errors.TimeoutError(
                    f"no answer to {self.message_id} has come within {self.timeout:g} s"
                )
            yield from pause(wait if left is None else min(wait, left))
            wait = min(wait * 1.5, _LONGEST)

    def over(self) -> Flow[None]:
        """Answers are waited for no more."""
        yield from call(self.pending.forget, self.message_id)

    @property
    def _left(self) -> float | None:
        return None if self.timeout is None else self._since + self.timeout - self.clock()
