"""Components that are read when they are first asked for.

Loading notes where each message and operation stands. A large contract costs what is used of it; what is wrong with a
component is told when it is read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar, overload

ItemT = TypeVar("ItemT")


class Named(Mapping[str, ItemT]):
    """A mapping from names to what is read at the first look.

    >>> named = Named({"a": lambda: 1})
    >>> named["a"], list(named)
    (1, ['a'])
    """

    __slots__ = ("_lock", "_made", "_unread")

    def __init__(self, unread: Mapping[str, Callable[[], ItemT]]) -> None:
        self._unread = unread
        self._made: dict[str, ItemT] = {}
        self._lock = threading.RLock()  # of its own: what reads may be read under locks of others

    def __getitem__(self, name: str) -> ItemT:
        if name not in self._made:
            read = self._unread[name]
            with self._lock:
                if name not in self._made:
                    self._made[name] = read()
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._unread

    def __iter__(self) -> Iterator[str]:
        return iter(self._unread)

    def __len__(self) -> int:
        return len(self._unread)


class Later(Sequence[ItemT], Generic[ItemT]):
    """A sequence whose items are read at the first look. `names`: theirs, which are known at once.

    `written`: all of them as the document has them, for a comparison that reads none; empty if unknown.
    """

    __slots__ = ("_lock", "_made", "_places", "_read", "names", "written")

    def __init__(
        self, names: Sequence[str], read: Callable[[int], ItemT], written: Callable[[], bytes] = lambda: b""
    ) -> None:
        self.names = tuple(names)
        self.written = written
        self._read = read
        self._made: dict[int, ItemT] = {}
        self._places: dict[str, list[int]] = {}
        for place, name in enumerate(self.names):
            self._places.setdefault(name, []).append(place)
        self._lock = threading.RLock()  # as in `Named`

    def named(self, name: str) -> tuple[ItemT, ...]:
        """The items of this name; no other is read."""
        return tuple(self[place] for place in self._places.get(name, ()))

    @overload
    def __getitem__(self, index: int) -> ItemT: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ItemT, ...]: ...
    def __getitem__(self, index: int | slice) -> ItemT | tuple[ItemT, ...]:
        if isinstance(index, slice):
            return tuple(self[each] for each in range(*index.indices(len(self))))
        position = range(len(self.names))[index]
        if position not in self._made:
            with self._lock:
                if position not in self._made:
                    self._made[position] = self._read(position)
        return self._made[position]

    def __len__(self) -> int:
        return len(self.names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


class Usable(Sequence[ItemT], Generic[ItemT]):
    """The items of `Later` that can be used: None are passed over, so that its length is known only by reading all.

    >>> usable = Usable(Later(["a", "b"], lambda position: [None, "second"][position]))
    >>> list(usable), usable.named("a"), usable.any()
    (['second'], [], True)
    """

    __slots__ = ("_later",)

    def __init__(self, later: Later[ItemT | None]) -> None:
        self._later = later

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all, also of those that turn out not to be usable."""
        return self._later.names

    def at(self, place: int) -> ItemT | None:
        """The item at a place of `names`, or None if it cannot be used."""
        return self._later[place]

    def named(self, name: str) -> list[ItemT]:
        """Those of this name, in order; no other is read."""
        return [item for item in self._later.named(name) if item is not None]

    def any(self) -> bool:
        """Whether there is one; no more are read than it takes."""
        return any(item is not None for item in self._later)

    def _all(self) -> tuple[ItemT, ...]:
        return tuple(item for item in self._later if item is not None)

    @overload
    def __getitem__(self, index: int) -> ItemT: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ItemT, ...]: ...
    def __getitem__(self, index: int | slice) -> ItemT | tuple[ItemT, ...]:
        return self._all()[index]

    def __iter__(self) -> Iterator[ItemT]:
        return (item for item in self._later if item is not None)

    def __len__(self) -> int:
        return len(self._all())

    def __bool__(self) -> bool:
        return self.any()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._all() == tuple(other)

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())
