"""Every error the kit raises, one tree.

    SoapkitError
    ├── UsageError            the caller asked for something that is not there: an operation, an argument, a setting
    ├── XmlError              bytes that are not acceptable XML: not well-formed, a DOCTYPE
    │   └── LimitError        acceptable in kind, too large in size: depth, attributes, bytes
    ├── ContractError         a WSDL or schema that cannot be read; every problem found, each with file and line
    ├── DataError             values and XML that do not fit their type; every problem found, each with its path
    │   ├── DecodeError       XML -> value
    │   └── EncodeError       value -> XML
    ├── ValidationError       XML that does not satisfy its schema
    ├── MessageError          XML that is not a SOAP message, or one that breaks a rule of SOAP
    ├── SecurityError         a message that is not believed, or keys and settings that cannot serve
    │   └── LoginError        an HTTP login that is missing or wrong
    ├── TransportError        no reply
    │   ├── ConnectError      nobody answers at that address
    │   ├── TimeoutError      not in time
    │   └── HttpError         a reply that is not SOAP: HTML, an empty body, a bare 500
    └── Fault                 the fault a peer sent, or that a handler sends
        └── DeclaredFault     one that the contract declares, with a typed ``detail``: generated as subclasses

Each says where (`Place`) and what was expected. An error that ended a call carries the call's `exchange`.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar

DetailT = TypeVar("DetailT")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: in a file (line and column from 1), or at a path inside a message."""

    source: str = ""
    line: int | None = None
    column: int | None = None
    path: str = ""

    def __str__(self) -> str:
        return ": ".join(filter(None, (self._in_document(), self.path)))

    def _in_document(self) -> str:
        numbers = [str(number) for number in (self.line, self.column) if number is not None]
        if self.source:
            return ":".join([self.source, *numbers])
        return ", ".join(f"{word} {number}" for word, number in zip(("line", "column"), numbers, strict=False))


NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, at one place. `bare`: the message for a log, where `message` repeats a value."""

    message: str
    place: Place = NOWHERE
    bare: str | None = None

    def __str__(self) -> str:
        return self._at_its_place(self.message)

    @property
    def for_log(self) -> str:
        """Where, and what was expected; nothing of what was sent, which may be a password."""
        return self._at_its_place(self.message if self.bare is None else self.bare)

    def _at_its_place(self, message: str) -> str:
        where = str(self.place)
        return f"{where}: {message}" if where else message


MOST_TOLD = 100
"""Problems of one message that are told one by one: a stranger's message must not become a reply, or a line of a log,
many times its size."""


def and_more(count: int) -> Problem:
    """What stands for problems beyond `MOST_TOLD`."""
    return Problem(f"and {count:,} more like these")


class SoapkitError(Exception):
    """The root of every error that soapkit raises on purpose.

    `problems` lists each thing that was wrong; `exchange` is the call that failed (an `soapkit.Exchange`), where
    there was one.
    """

    exchange: Any = None  # an Exchange; typed there, since errors stand below everything
    starts: tuple[tuple[int, str], ...] = ()  # for each problem, the start tag it stands at: see soapkit.xml.positions
    of_body = False  # whether it is the content of a message's Body that is wrong

    def __init__(
        self,
        message: str = "",
        *,
        place: Place = NOWHERE,
        problems: Iterable[Problem] = (),
        bare: str | None = None,
    ) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems) or ((Problem(message, place, bare),) if message else ())
        super().__init__("\n".join(map(str, self.problems)) or message)

    def at_starts(self, starts: tuple[tuple[int, str], ...]) -> Self:
        """The same error, with the start tag of each problem. To be raised at once: a frame that keeps an error in a
        variable is kept by it, until the garbage collector finds the two."""
        self.starts = starts
        return self

    def tell(self, problems: Iterable[Problem]) -> None:
        """Tell these problems in place of those so far: the same ones, their places known better."""
        self.problems = tuple(problems)
        self.args = ("\n".join(map(str, self.problems)),)

    @property
    def for_log(self) -> str:
        """The message without the values that it repeats: what a log may say of it."""
        return "\n".join(problem.for_log for problem in self.problems)

    @property
    def place(self) -> Place:
        """Where the first problem stands."""
        return self.problems[0].place if self.problems else NOWHERE


class UsageError(SoapkitError):
    """The caller asked for something that is not there."""


class XmlError(SoapkitError):
    """Bytes that are not acceptable XML."""


class LimitError(XmlError):
    """XML, or a message, beyond a limit."""


class ContractError(SoapkitError):
    """A WSDL or a schema that cannot be read or used."""


class DataError(SoapkitError):
    """A value and its type do not fit."""


class DecodeError(DataError):
    """XML that does not fit the type it is decoded as. `subcode`: the Clark name of the fault subcode that SOAP 1.2 has
    for it, where it has one."""

    def __init__(
        self,
        message: str = "",
        *,
        place: Place = NOWHERE,
        problems: Iterable[Problem] = (),
        bare: str | None = None,
        subcode: str = "",
    ) -> None:
        super().__init__(message, place=place, problems=problems, bare=bare)
        self.subcode = subcode


class EncodeError(DataError):
    """A value that cannot be written as its type."""


class ValidationError(SoapkitError):
    """XML that does not satisfy its schema."""


class MessageError(SoapkitError):
    """Not a SOAP message, or one that breaks a rule of SOAP.

    `code` is the fault code a receiver answers with, in SOAP 1.2 words: ``Sender``, ``Receiver``, ``VersionMismatch``,
    ``MustUnderstand``, ``DataEncodingUnknown``; `subcodes` (Clark names) say more, in SOAP 1.2. `not_understood` names
    the header blocks (Clark names) of a ``MustUnderstand``, `role` says in which role they were met, where a block says
    one.
    """

    def __init__(
        self,
        message: str = "",
        *,
        code: str = "Sender",
        subcodes: Iterable[str] = (),
        not_understood: Iterable[str] = (),
        role: str = "",
        place: Place = NOWHERE,
        bare: str | None = None,
    ) -> None:
        super().__init__(message, place=place, bare=bare)
        self.code = code
        self.subcodes = tuple(subcodes)
        self.not_understood = tuple(not_understood)
        self.role = role


class SecurityError(SoapkitError):
    """A message that is not believed, or keys and settings that cannot serve.

    The message tells our side what was wrong. A peer is told none of it: only the one fault that
    `soapkit.exchange` sends for every security failure.
    """


class LoginError(SecurityError):
    """An HTTP login that a service demands, and that is missing or wrong. `scheme`: the one that the caller is asked
    for (RFC 9110, 11.6.1)."""

    def __init__(self, message: str, *, scheme: str) -> None:
        super().__init__(message)
        self.scheme = scheme


class TransportError(SoapkitError):
    """No reply arrived."""


class ConnectError(TransportError):
    """Nobody answers at that address, or the connection broke."""


class TimeoutError(TransportError, builtins.TimeoutError):  # noqa: A001  the word every transport uses
    """No reply in time. Also a builtin `TimeoutError`, so that one ``except`` serves asyncio, sockets and soapkit."""


class HttpError(TransportError):
    """A reply that is not a SOAP message.

    `status` is the HTTP status; `body` the first bytes that came.
    """

    def __init__(
        self, message: str, *, status: int, body: bytes = b"", place: Place = NOWHERE, bare: str | None = None
    ) -> None:
        super().__init__(message, place=place, bare=bare)
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True)
class FaultCode:
    """A fault's code: `name` in SOAP 1.2 words (``Sender``, ``Receiver``, ...) and its subcodes as Clark names.

    SOAP 1.1's ``Client`` and ``Server`` are read as ``Sender`` and ``Receiver`` (SOAP 1.2 part 1, 5.4.6 and SOAP 1.1,
    4.4.1), a dotted or foreign faultcode as a subcode.

    >>> FaultCode("Client").name
    'Sender'
    """

    name: str = "Receiver"
    subcodes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", _WORDS_OF_OLD.get(self.name, self.name))


_WORDS_OF_OLD = {"Client": "Sender", "Server": "Receiver"}


class Fault(SoapkitError):
    """The fault a peer sent, or that a handler raises to send one.

    `code`: who is to blame; `reason`: text for a person; `reasons`: by language where several came; `actor`: SOAP
    1.1's faultactor or 1.2's Role; `node`: 1.2's Node; `detail`: the detail, typed in a declared fault, else the
    entries of the ``detail`` element as a tuple of lxml elements; `unverified`: security was asked for, and this fault
    came without it: anybody may have sent it.

    Source: SOAP 1.1, 4.4; SOAP 1.2 part 1, 5.4.
    """

    def __init__(
        self,
        reason: str = "",
        *,
        code: str | FaultCode = "Receiver",
        detail: Any = (),
        actor: str = "",
        node: str = "",
        reasons: dict[str, str] | None = None,
    ) -> None:
        super().__init__(reason or "the peer sent a fault without a reason")
        self.reason = reason
        self.code = FaultCode(code) if isinstance(code, str) else code
        self.detail: Any = detail  # narrowed by DeclaredFault
        self.actor = actor
        self.node = node
        self.reasons = reasons or ({"en": reason} if reason else {})
        self.unverified = False

    @property
    def for_log(self) -> str:
        """Its code: the reason is a peer's to choose, and may repeat what was sent."""
        return " ".join(("fault", self.code.name, *self.code.subcodes))


class DeclaredFault(Fault, Generic[DetailT]):
    """A fault that the contract declares: ``raise InsufficientFunds(Funds(available=...), "not enough money")``.

    `detail` is the value of the declared element; a handler raises it, a client catches it.
    """

    detail: DetailT

    def __init__(
        self, detail: DetailT, reason: str = "", *, code: str | FaultCode = "Receiver", actor: str = "", node: str = ""
    ) -> None:
        super().__init__(reason or type(self).__name__, code=code, detail=detail, actor=actor, node=node)


@dataclass(slots=True)
class Problems:
    """A list that grows while something is read, to be told together: `raise_as(ContractError)` at the end."""

    found: list[Problem] = field(default_factory=list)

    def add(self, message: str, place: Place = NOWHERE) -> None:
        self.found.append(Problem(message, place))

    def raise_as(self, kind: type[SoapkitError]) -> None:
        """Raise `kind` with all that was found; return when there was nothing."""
        if self.found:
            raise kind(problems=self.found)
