"""Shape -> a compiled function: element -> value.

For each record, a function is written that goes through the children in the order of the content model, straight on.
Law of this file: at anything unexpected it hands the element to the walker, which is right by definition; so what is
written here need only be right where it does not.

Two forms of each function are made as they are needed: ``bare``, for messages without any attribute, and ``careful``.

That nothing was overlooked (text between elements, an element or a comment inside a value) is not asked of every
element, which would cost a tenth of the whole, but counted: each function adds the elements and texts that it has read
to ``n``, and in the end they must be all the nodes there are (`Decoder.decode`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from lxml import etree
from lxml.etree import _Element

from soapkit.attachment import Attachment
from soapkit.databinding.binary import included, put_back
from soapkit.databinding.by_table.given_read import says_why_nil
from soapkit.databinding.by_table.walker import Walker
from soapkit.databinding.compiled.decoder_records import RecordReaderSource
from soapkit.databinding.compiled.decoder_texts import TextReader
from soapkit.databinding.compiled.source import Workshop
from soapkit.databinding.compiled.surprise import Surprise
from soapkit.databinding.content.nodes import allows
from soapkit.databinding.context import Bound, Context
from soapkit.databinding.lexical import collapse_blanks, parse_qname
from soapkit.databinding.shape import (
    AnyType,
    Key,
    RecordRef,
    Type,
)
from soapkit.databinding.values import Raw
from soapkit.xml.names import XSI_NIL

_ATTRIBUTED = etree.XPath("boolean(descendant-or-self::*/@*)")
_NODES = etree.XPath("count(.//node())")
_ELEMENTS = etree.XPath("count(.//*)")
_STRANGE = etree.XPath(
    "boolean(.//comment() or .//processing-instruction() or descendant-or-self::*[*]/text()[normalize-space()])"
)

_MANY = 1000  # children that are not read in vain

Count: TypeAlias = "list[float]"
"""Elements and texts that have been read."""

Read = Callable[[_Element, Count], Any]


def _whole(element: _Element, count: Count) -> None:
    """Count all that is below an element that was read by other means."""
    elements = _ELEMENTS(element)
    count[0] += elements
    count[1] += _NODES(element) - elements


def _kept(element: _Element, count: Count) -> Raw:
    _whole(element, count)
    return Raw(put_back(element))


def _included(element: _Element, count: Count) -> bytes:
    content = included(element).read()
    _whole(element, count)
    return content


def _attached(element: _Element, count: Count) -> Attachment:
    attachment = included(element, in_memory=False)
    _whole(element, count)
    return attachment


class _End:
    """Stands after the last child, so that no function asks whether there is another."""

    tag = None


class Decoder:
    """Compiled functions for the records of one context, made as they are needed. Safe for several threads."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.workshop = Workshop("decoder")
        self.texts = TextReader(context, self.workshop)
        self._names: dict[tuple[Key, bool], str] = {}
        self.workshop.globals.update(
            END=_End(),
            kept=_kept,
            included=_included,
            attached=_attached,
            Surprise=Surprise,
            ArithmeticError=ArithmeticError,
            Decimal=Decimal,
            datetime=datetime,
            date=date,
            allows=allows,
        )

    def decode(self, element: _Element, key: Key) -> Any:
        """The value of an element of a record type. Raises `Surprise` where the walker must look at the whole."""
        return self._checked(element, key, careful=bool(_ATTRIBUTED(element)))

    def _checked(self, element: _Element, key: Key, *, careful: bool) -> Any:
        count: Count = [0, 0]
        value = self.reader(key, careful=careful)(element, count)
        # White space between elements is more nodes than were read, and no harm: only then a closer look is taken.
        if _NODES(element) != count[0] + count[1] and (_ELEMENTS(element) != count[0] or _STRANGE(element)):
            raise Surprise
        return value

    def reader(self, key: Key, *, careful: bool) -> Read:
        """The function for a record, or its stand-in."""
        name = self._names.get((key, careful))
        if name is None:
            name = self._names[key, careful] = self.name(key, careful)
        return self.workshop.call(name)

    def name(self, key: Key, careful: bool) -> str:
        hint = f"read_{getattr(key, '__name__', 'record')}"
        return self.workshop.function(
            (key, careful),
            hint if careful else f"{hint}_bare",
            lambda name: RecordReaderSource(self, self.context.bound(key), careful).write(name),
        )

    # --- what generated code calls --------------------------------------------------------------------------------

    def slow(self, bound: Bound, careful: bool) -> Callable[[_Element, Count, float, float], Any]:
        """One level by table; the records inside by their functions again."""

        def nested(element: _Element, key: Key) -> Any:
            return self._checked(element, key, careful=careful)

        def read(element: _Element, count: Count, elements: float, texts: float) -> Any:
            if self.context.settings.unknown == "lenient":
                raise Surprise  # what is passed over is told with its path, which only the walk of the whole knows
            if element.get(XSI_NIL) is not None or len(element) > _MANY:
                raise Surprise  # the walk of the whole reads the many that are as they should be by their functions too
            walker = Walker(self.context, "", nested)
            value = walker.walk_record(element, bound)
            count[:] = elements, texts  # as they were before the function began that gives up
            _whole(element, count)
            return value

        return read

    def typed(self, bound: Bound) -> Callable[[_Element, Count, str], Any]:
        """What an element with xsi:type is: the function of the record it names, if that may stand here."""

        def read(element: _Element, count: Count, named: str) -> Any:
            try:
                found = self.context.find(parse_qname(collapse_blanks(named), element.nsmap).text)
            except ValueError:
                raise Surprise from None
            if not isinstance(found, RecordRef) or not self.context.derives(found.key, bound.record.key):
                raise Surprise
            return self.reader(found.key, careful=True)(element, count)

        return read

    def one(self, type_: Type, nillable: bool = False, default: str | None = None, fixed: str | None = None) -> Read:
        """An element by table: one with attributes (xsi:nil, xsi:type), or of anyType."""

        def nested(element: _Element, key: Key) -> Any:
            return self._checked(element, key, careful=True)

        def read(element: _Element, count: Count) -> Any:
            unsaid = isinstance(type_, AnyType) and not nillable and element.get(XSI_NIL) is not None
            if unsaid or self.context.settings.unknown == "lenient" or says_why_nil(element, type_):
                raise Surprise  # what it says beside its value is kept with that of its parent
            walker = Walker(self.context, "", nested)
            value = walker.element(element, type_, nillable=nillable, default=default, fixed=fixed)
            _whole(element, count)
            return value

        return read
