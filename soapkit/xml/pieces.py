"""A document that comes in pieces -> the elements at one place in it, each whole, and freed when the next one is there.

    reader = ElementReader(("orders", "order"))
    for piece in pieces:
        for element in reader.feed(piece):          # valid until the next one is asked for
            ...
    root = reader.finish()                          # what stood around them

The pair of law and limits of `soapkit.xml.parse`: no DOCTYPE, nothing external, and what lxml does not limit is limited
here, for each element and for all that stands around them. Memory holds no more than that, and its bytes, however long
the document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from types import TracebackType

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import LimitError, Place, Problem, SoapkitError, XmlError
from soapkit.xml.encodings import blanked_encoding, from_utf16, without_encoding
from soapkit.xml.huge import LIBXML2_TEXT, doctype_before_root
from soapkit.xml.measure import Measure, is_like_ascii
from soapkit.xml.names import local_name
from soapkit.xml.namespace_names import MOST_NAMES, NAME_IS_NO_URI
from soapkit.xml.parse import (
    DEFAULT_LIMITS,
    LIBXML2_DEPTH,
    XmlLimits,
    check_depth,
    check_limits,
    check_texts,
    parse_message,
    words_of,
)
from soapkit.xml.piece_limits import Check, PieceLimits
from soapkit.xml.positions import UNKNOWN, Position, Start, counted, place_at, with_columns
from soapkit.xml.walk import tag_of
from soapkit.xml.window import Window

_DECLARATION = 256  # bytes in which an XML declaration ends, where there is one
_PROLOG = 16_384  # bytes in which the root element begins, where texts may be long
_MOST_ODD = 100  # elements between the others whose places are kept


class ElementReader:
    """Reads the elements at `path`: names from the root to the elements, in Clark notation, or local names for any
    namespace.

    `keep`: how many of the elements stay in the tree that `finish` gives, with all that stands around them; None:
    nothing does, and the path may lead through elements that repeat. `instructions`: whether processing instructions
    may stand in it. Raises `XmlError` and `LimitError` with line and column.
    """

    def __init__(
        self,
        path: Sequence[str],
        *,
        keep: int | None = None,
        instructions: bool = False,
        source: str = "message",
        limits: XmlLimits = DEFAULT_LIMITS,
    ) -> None:
        self._path = tuple(path)
        self._keep = keep
        self._source = source
        self._limits = limits
        self._around = 0  # bytes since the last element was found
        self._found = 0
        self._fed = False
        self._root: _Element | None = None
        self._head = b""  # what was read until the first element was whole
        self._before = 0  # elements before that one
        self._window = Window()  # what was read since the last but one was whole
        self._broken = False  # whether what was read is not what was parsed
        self._judged = False  # whether the encoding is known, which is the next that is asked
        self._hidden = True  # whether markup may stand there in other octets than those of ASCII
        self._rewritten: Callable[[bytes], bytes] | None = None  # what makes such octets of those of UTF-16
        self._parent: _Element | None = None  # of the element found last
        self._previous: _Element | None = None  # the one found last
        self._odd: dict[_Element, Position] = {}  # where elements stand that stay between the others
        self._noted = 0  # of them
        self._counted = PieceLimits(limits, source, above=len(self._path) - 1)
        self._instructions = instructions
        self._waiting: bytes | None = b""  # what came while it was not known whether texts may be long
        self._huge = False
        self._parser = self._made()

    def _made(self) -> etree.XMLPullParser:
        last = self._path[-1]
        return etree.XMLPullParser(
            events=("end",) if self._instructions else ("end", "pi"),
            tag=last if last.startswith("{") else f"{{*}}{last}",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=self._huge,
            remove_comments=True,
            remove_pis=self._instructions,
        )

    def _started(self, piece: bytes, *, ends: bool = False) -> bytes:
        """What the parser is to be fed with: nothing before it is known whether a DOCTYPE stands before the root. Only
        without one may texts be longer than libxml2 takes unless told (`soapkit.xml.huge`). `ends`: no more comes."""
        if self._waiting is None:
            return piece
        start = self._waiting + piece
        doctype = doctype_before_root(start) if self._limits.text > LIBXML2_TEXT else True
        if doctype is None and len(start) < _PROLOG and not ends:
            self._waiting = start
            return b""
        self._waiting = None
        if doctype is False:
            self._huge = True
            self._parser = self._made()
        return start

    @property
    def found(self) -> int:
        """How many elements were found."""
        return self._found

    def feed(self, piece: bytes) -> Iterator[_Element]:
        """The elements that end in the next piece. Run the iterator to its end before the next piece."""
        self._around += len(piece)
        self._fed = self._fed or bool(piece)
        self._window.add(self._rewritten(piece) if self._rewritten is not None else piece)
        if not self._judged:
            self._judge(self._window.data)
        found = self._found
        ready = self._started(piece)
        self._counted.add(ready, hidden=self._hidden)
        try:
            self._parser.feed(ready)
        except etree.XMLSyntaxError as error:
            self._broken = True
            self._check_prefixes()
            yield from self._elements()  # those before the mistake
            raise self._mistake(error) from None
        self._check_prefixes()
        yield from self._elements()
        if self._found > found:
            self._head = self._head or self._window.data
            self._window.keep_last()
            self._counted.keep_last()
        if self._around > self._limits.bytes:
            raise LimitError(
                f"more than {self._limits.bytes:,} bytes without an element {local_name(self._path[-1])}",
                place=Place(self._source),
            )

    def finish(self) -> _Element:
        """The root, with what was kept. Raises `XmlError` where the document is cut short."""
        if not self._fed:
            raise XmlError("expected XML, found nothing", place=Place(self._source))
        try:
            if start := self._started(b"", ends=True):
                self._parser.feed(start)
            root: _Element = self._parser.close()
        except etree.XMLSyntaxError as error:
            root = self._root_with_any_names(error)
        self._root = root
        for _ in self._elements():  # what follows the root: an instruction is refused there too
            pass
        self._check_document(root)
        check_limits(root, _full_of(1000), source=self._source, limits=self._limits)
        if self._huge:
            check_depth(root, self._source, min(self._limits.depth, LIBXML2_DEPTH))
            check_texts(root, self._source, self._limits.text)
        return root

    def _root_with_any_names(self, error: etree.XMLSyntaxError) -> _Element:
        """The root of a document that is well-formed but for namespace names that are no URIs, which libxml2 says at
        the end (`soapkit.xml.namespace_names`)."""
        if any(entry.type != NAME_IS_NO_URI for entry in self._parser.feed_error_log):
            raise self._mistake(error) from None
        if self._root is not None:
            return self._root
        data = self._window.data  # all there is: no element was found
        data = data if self._rewritten is None else without_encoding(data)
        return parse_message(data, source=self._source, limits=self._limits)

    def _judge(self, start: bytes) -> None:
        """How the document is encoded, as soon as enough of it is there."""
        declares = start.startswith(b"<?xml") and b"?>" not in start
        self._judged = len(start) > (_DECLARATION if declares else len(b"<?xml"))
        if self._judged:
            self._hidden = not is_like_ascii(start)
            self._rewritten = from_utf16(start)
        if self._rewritten is not None:
            self._window = Window()
            self._window.add(self._rewritten(start))

    def telling(self) -> ElementReader:
        """What is refused in a ``with`` of it is told with line and column in the document, where that can be found: of
        a problem with the element given last, or with what stands around the elements."""
        return self  # not a generator: this is asked of every element

    def __enter__(self) -> None: ...

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if isinstance(error, SoapkitError) and error.problems and self._root is not None and self._shows:
            error.tell(self._with_columns(self._root, error.problems, error.starts))

    @property
    def _shows(self) -> bool:
        """Whether start tags can be found in the window."""
        return (self._rewritten is not None or not self._hidden) and not self._broken

    def _with_columns(self, root: _Element, problems: Sequence[Problem], starts: Sequence[Start]) -> list[Problem]:
        """By the head what stands before the first element, by the window what stands in it."""
        starts = starts or (UNKNOWN,) * len(problems)
        if self._keep is not None:  # else what stood there is gone
            before = [start if start[0] < self._before or not self._found else (-2, "") for start in starts]
            head = self._head or self._window.data
            problems = with_columns(problems, blanked_encoding(head) if self._rewritten is not None else head, before)
        elements = list(counted(root))
        found = self._positions(elements, starts)
        found |= {start: self._odd[elements[start[0]]] for start in found if elements[start[0]] in self._odd}
        return [
            replace(problem, place=place_at(problem.place, found[start]))
            if start in found and problem.place.column is None
            else problem
            for problem, start in zip(problems, starts, strict=True)
        ]

    def _positions(self, elements: Sequence[_Element], starts: Collection[Start]) -> dict[Start, Position | None]:
        """By the window, where start tags stand among those of all `elements`."""
        names = [local_name(tag_of(each)) for each in elements]
        wanted = {start for start in starts if 0 <= start[0] < len(names) and names[start[0]] == start[1]}
        later = _later(names, wanted)
        encoding = elements[0].getroottree().docinfo.encoding if self._rewritten is None else None
        found = self._window.positions(later.values(), encoding or "utf-8")
        return {start: found.get(later[start]) for start in later}

    def _elements(self) -> Iterator[_Element]:
        checks: list[Check] | None = None
        for event, element in self._parser.read_events():
            if event == "pi":
                raise XmlError("a message may not carry a processing instruction", place=Place(self._source))
            if self._is_meant(element):
                if self._found == 0:
                    self._check_document(element)
                    self._root = element.getroottree().getroot()
                    self._before = next(place for place, each in enumerate(counted(self._root)) if each is element)
                self._found += 1
                if self._keep is not None and self._found <= self._keep + 1 and self._shows:
                    elements = list(counted(element))
                    place = elements.index(element)
                    self._note(elements, place, place + 1)
                if checks is None:
                    checks = self._counted.checks(element, huge=self._huge)
                for check in checks:
                    check(element)
                self._around = 0
                yield element
                self._free_before(element)

    def _is_meant(self, element: _Element) -> bool:
        """Whether an element of the right name stands at the right place."""
        parent = element.getparent()
        if parent is not None and parent is self._parent:
            return True  # the parser gives those of the right name only
        current: _Element | None = element
        for name in reversed(self._path):
            if current is None:
                return False
            tag = tag_of(current)
            if tag != name and (name.startswith("{") or local_name(tag) != name):
                return False
            current = current.getparent()
        if current is None:
            self._parent = parent
        return current is None

    def _check_document(self, element: _Element) -> None:
        if element.getroottree().docinfo.doctype:
            raise XmlError("a message may not carry a DOCTYPE", place=Place(self._source, 1))

    def _free_before(self, element: _Element) -> None:
        """Let go of what stands before an element. The element itself must stay: its tail has not come yet."""
        if self._keep is not None:
            before, self._previous = self._previous, element
            parent = element.getparent()
            if parent is None or before is None:
                return
            if before is not element.getprevious():
                self._note_odd(before, element)
            elif self._found > self._keep + 1 and not _text(before):
                parent.remove(before)
            return
        current: _Element | None = element
        while current is not None:
            parent = current.getparent()
            if parent is not None:
                while parent[0] is not current:
                    del parent[0]
            current = parent

    def _note_odd(self, before: _Element, element: _Element) -> None:
        """Where elements stand that came between two that were found, and the second: their bytes are let go."""
        if self._noted >= _MOST_ODD or not self._shows:
            return
        elements = list(counted(element))
        self._noted += 1
        inside = sum(1 for _ in before.iter(etree.Element))
        self._note(elements, elements.index(before) + inside, elements.index(element) + 1)

    def _note(self, elements: Sequence[_Element], start: int, end: int) -> None:
        """Where the elements from `start` to `end` among all stand."""
        odd = [(place, local_name(tag_of(elements[place]))) for place in range(start, min(end, start + _MOST_ODD))]
        for (place, _), position in self._positions(elements, odd).items():
            if position is not None:
                self._odd[elements[place]] = position

    def _check_prefixes(self) -> None:
        """Names whose prefix nobody declares, which the parser tells at the end only; names of namespaces that no Clark
        name can hold, and so many that are no URIs that it may have fallen silent."""
        log = self._parser.feed_error_log
        for entry in log:
            if entry.type_name.startswith("NS_ERR") or (
                entry.type == NAME_IS_NO_URI and ("}" in entry.message or len(log) >= MOST_NAMES)
            ):
                raise self._told(entry.message, entry.line, entry.column)

    def _mistake(self, error: etree.XMLSyntaxError) -> XmlError:
        """What is wrong with the document; the name of a namespace is told only where nothing else is."""
        told = (entry for entry in self._parser.feed_error_log if entry.type != NAME_IS_NO_URI)
        if (entry := next(told, None)) is None or error.code == entry.type:
            return self._told(words_of(error), *error.position)
        return self._told(entry.message, entry.line, entry.column)

    def _told(self, message: str, line: int, column: int) -> XmlError:
        place = Place(self._source, line or None, column or None)
        if "huge" in message.lower():
            return LimitError(f"the document is beyond a limit of the parser: {message.split(',')[0]}", place=place)
        return XmlError(f"not well-formed XML: {message}", place=place, bare="not well-formed XML")


def _later(names: Sequence[str], wanted: Collection[Start]) -> dict[Start, Start]:
    """For each of the start tags, how many of its name come after it."""
    seen: Counter[str] = Counter()
    found: dict[Start, Start] = {}
    for number in range(len(names) - 1, -1, -1):
        name = names[number]
        if (number, name) in wanted:
            found[number, name] = seen[name], name
        seen[name] += 1
    return found


def _full_of(attributes: int) -> Measure:
    """The measure of a piece that has no more than so many attributes; its elements are counted elsewhere."""
    return Measure(bytes=0, elements=0, attributes=attributes, namespaces=attributes)


def _text(element: _Element) -> bool:
    """Whether text follows an element: it stays, for who judges what stood around the elements."""
    return element.tail is not None and bool(element.tail.strip(" \t\r\n"))
