"""An exception -> what a log may say of it: its kind and its place in the code, without what a message held.

soapkit's own errors know which of their words repeat a value (`soapkit.errors.SoapkitError.for_log`). Of any other
exception the text is withheld where it repeats a secret of the message that was being served; the traceback stays.
"""

from __future__ import annotations

from types import TracebackType
from typing import Final, TypeAlias

from soapkit.errors import Fault, SoapkitError
from soapkit.exchange.log import secret_names
from soapkit.exchange.masking import Known

WITHHELD: Final = "(the text is withheld: it may repeat what the message keeps secret)"

ExcInfo: TypeAlias = "tuple[type[BaseException], BaseException, TracebackType | None]"

_MOST: Final = 50  # exceptions of a chain


def exc_info(error: BaseException, known: Known) -> ExcInfo:
    """For ``logger.error(..., exc_info=...)``: the exception itself where it may be told, else one that stands for it.

    `known`: the secrets of the message that was being served.
    """
    told = _told(error, known, {})
    return type(told), told, told.__traceback__


def _told(error: BaseException, known: Known, seen: dict[int, BaseException]) -> BaseException:
    if id(error) in seen or len(seen) >= _MOST:
        return seen.get(id(error), RuntimeError("(and more)"))
    seen[id(error)] = error  # a chain may lead back here
    known = _known_with(error, known)
    text, notes = _text_of(error, known)
    cause, context = (_before(error, one, known, seen) for one in _chain(error))
    members = tuple(_told(each, known, seen) for each in getattr(error, "exceptions", ()))
    same = (
        text == str(error)
        and notes == getattr(error, "__notes__", [])
        and (cause, context) == _chain(error)
        and all(told is each for told, each in zip(members, getattr(error, "exceptions", ()), strict=True))
    )
    if same and not isinstance(error, SyntaxError):  # which shows the line it speaks of
        return error
    made = _stand_in(error, text)
    made.__traceback__ = error.__traceback__
    made.__cause__, made.__context__ = cause, context
    made.__suppress_context__ = error.__suppress_context__ or context is None
    for note in (*notes, *(f"with {type(each).__name__}: {each}" for each in members)):
        made.add_note(note)
    seen[id(error)] = made
    return made


def _chain(error: BaseException) -> tuple[BaseException | None, BaseException | None]:
    """What an exception was raised from, and during."""
    return error.__cause__, None if error.__suppress_context__ else error.__context__


def _before(
    error: BaseException, before: BaseException | None, known: Known, seen: dict[int, BaseException]
) -> BaseException | None:
    """What came before an exception, as it may be told. An error of soapkit's has said what there is to say of one
    that is not, such as a ValueError that repeats a value."""
    if before is None or (isinstance(error, SoapkitError) and not isinstance(before, SoapkitError)):
        return None
    return _told(before, known, seen)


def _text_of(error: BaseException, known: Known) -> tuple[str, list[str]]:
    """What may be told of an exception, and its notes."""
    try:
        told = isinstance(error, SoapkitError) and not isinstance(error, Fault)  # of a fault the reason, if it may be
        text = error.for_log if isinstance(error, SoapkitError) and told else str(error)
    except Exception:
        return "(the exception cannot be shown)", []
    notes = [WITHHELD if known.are_in(note) else note for note in map(str, getattr(error, "__notes__", []))]
    if told:  # in words of ours
        known = Known(known.probes)
    return (WITHHELD if known.are_in(text) else text), notes


def _known_with(error: BaseException, known: Known) -> Known:
    """With the secrets of a call that the handler made, and that failed."""
    exchange = error.exchange if isinstance(error, SoapkitError) else None
    if exchange is None:
        return known
    also = Known.of([exchange.request], secret_names())
    return known | also | Known.of_query(exchange.address.partition("?")[2], secret_names())


def _stand_in(error: BaseException, text: str) -> BaseException:
    """An exception of the same name that says something else."""
    kind = type(error)
    named = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    made: BaseException = type(kind.__name__, (Exception,), named)(text)
    return made
