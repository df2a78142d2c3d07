"""The transport of a client: given, or made when it is first needed and then the client's own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Connection:
    """One for a client and all its views. Safe for several threads."""

    __slots__ = ("_given", "_lock", "_own")

    def __init__(self, given: Any) -> None:
        self._given = given
        self._own: Any = None
        self._lock = threading.Lock()

    def made_by(self, make: Callable[[], Any]) -> Any:
        """The transport; `make` makes it where none was given and none was made yet."""
        if self._given is not None:
            return self._given
        with self._lock:
            if self._own is None:
                self._own = make()
            return self._own

    def released(self) -> Any:
        """The transport to close, if the client made one."""
        with self._lock:
            own, self._own = self._own, None
            return own
