"""Write Python source, compile it so that tracebacks and debuggers show it."""

from __future__ import annotations

import itertools
import keyword
import linecache
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_numbers = itertools.count(1)


class Source:
    """Lines of a function that is being written.

    >>> source = Source("def double(x):")
    >>> with source.block():
    ...     source.line("return 2 * x")
    >>> source.text
    'def double(x):\\n    return 2 * x\\n'
    """

    def __init__(self, head: str) -> None:
        self.lines = [head]
        self.depth = 0

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    @contextmanager
    def block(self, head: str = "") -> Iterator[None]:
        """What follows stands one step deeper, below `head`."""
        if head:
            self.line(head)
        self.depth += 1
        yield
        self.depth -= 1

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


class Workshop:
    """Where generated functions live: one set of globals, so that they call each other by name.

    A function is written when it is first called: until then a stand-in has its name. Names and constants are given
    by the workshop, so nothing of a schema is ever written into source except by `repr`.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.globals: dict[str, Any] = {"__name__": f"soapkit.generated.{title}", "__builtins__": __builtins__}
        self._constants: dict[int, str] = {}
        self._kept: list[Any] = []
        self._functions: dict[Any, str] = {}
        self._lock = threading.RLock()

    def constant(self, value: Any, hint: str = "c") -> str:
        """A name by which generated code reaches `value`."""
        with self._lock:
            name = self._constants.get(id(value))
            if name is None:
                name = f"{_word(hint)}_{len(self._kept)}"
                self._constants[id(value)] = name
                self._kept.append(value)  # so that its id stays its own
                self.globals[name] = value
            return name

    def function(self, key: Any, hint: str, write: Callable[[str], Source]) -> str:
        """The name of the function for `key`; `write(name)` gives its source when it is first called."""
        with self._lock:
            name = self._functions.get(key)
            if name is None:
                name = f"{_word(hint)}_{len(self._functions)}"
                self._functions[key] = name
                self.globals[name] = self._stand_in(name, write)
            return name

    def _stand_in(self, name: str, write: Callable[[str], Source]) -> Callable[..., Any]:
        def first_call(*arguments: Any) -> Any:
            with self._lock:
                if self.globals[name] is first_call:
                    self.globals[name] = self.compiled(name, write(name))
            return self.globals[name](*arguments)

        return first_call

    def compiled(self, name: str, source: Source) -> Callable[..., Any]:
        """The function that a source defines, at once."""
        file = f"<soapkit {self.title} {name} #{next(_numbers)}>"
        text = source.text
        made: dict[str, Any] = {}
        exec(compile(text, file, "exec"), self.globals, made)  # noqa: S102  names by _word, all else by repr
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        function: Callable[..., Any] = made[name]
        return function

    def call(self, name: str) -> Callable[..., Any]:
        """The function of this name, or its stand-in."""
        function: Callable[..., Any] = self.globals[name]
        return function


def _word(hint: str) -> str:
    """A Python name made of `hint`."""
    word = re.sub(r"[^A-Za-z0-9_]", "_", hint)
    return word if word and not word[0].isdigit() and not keyword.iskeyword(word) else f"_{word}"
