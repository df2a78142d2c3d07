"""A document that comes in pieces -> the elements at one place in it, each whole, and freed when the next one is there.

    reader = ElementReader(("orders", "order"))
    for piece in pieces:
        for element in reader.feed(piece):          # valid until the next one is asked for
            ...
    root = reader.finish()                          # what stood around them

The pair of law and limits of `soapkit.xml.parse`: no DOCTYPE, nothing external, and what lxml does not limit is limited
here, for each element and for all that stands around them. Memory holds no more than that, however long the document.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import LimitError, Place, XmlError
from soapkit.xml.measure import Measure, is_like_ascii
from soapkit.xml.names import local_name
from soapkit.xml.parse import DEFAULT_LIMITS, XmlLimits, check_limits, words_of
from soapkit.xml.walk import tag_of


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
        self._fields = 0  # equals signs since then: without many, no element has too many attributes
        self._found = 0
        self._fed = False
        self._hidden = False  # whether markup may stand there in other octets than those of ASCII
        self._parent: _Element | None = None  # of the element found last
        self._previous: _Element | None = None  # the one found last
        last = self._path[-1]
        self._parser = etree.XMLPullParser(
            events=("end",) if instructions else ("end", "pi"),
            tag=last if last.startswith("{") else f"{{*}}{last}",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=instructions,
        )

    @property
    def found(self) -> int:
        """How many elements were found."""
        return self._found

    def feed(self, piece: bytes) -> Iterator[_Element]:
        """The elements that end in the next piece. Run the iterator to its end before the next piece."""
        self._around += len(piece)
        if piece and not self._fed:
            self._fed, self._hidden = True, not is_like_ascii(piece)
        self._fields += len(piece) if self._hidden else piece.count(b"=")
        try:
            self._parser.feed(piece)
        except etree.XMLSyntaxError as error:
            yield from self._elements()  # those before the mistake
            raise self._told(error) from None
        yield from self._elements()
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
            root: _Element = self._parser.close()
        except etree.XMLSyntaxError as error:
            raise self._told(error) from None
        for _ in self._elements():  # what follows the root: an instruction is refused there too
            pass
        self._check_document(root)
        check_limits(root, _full_of(1000), source=self._source, limits=self._limits)
        return root

    def _elements(self) -> Iterator[_Element]:
        for event, element in self._parser.read_events():
            if event == "pi":
                raise XmlError("a message may not carry a processing instruction", place=Place(self._source))
            if self._is_meant(element):
                if self._found == 0:
                    self._check_document(element)
                self._found += 1
                self._check(element)
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

    def _check(self, element: _Element) -> None:
        if self._fields > min(self._limits.attributes, self._limits.in_scope):
            check_limits(element, _full_of(self._fields), source=self._source, limits=self._limits)
        self._around = self._fields = 0

    def _check_document(self, element: _Element) -> None:
        if element.getroottree().docinfo.doctype:
            raise XmlError("a message may not carry a DOCTYPE", place=Place(self._source, 1))

    def _free_before(self, element: _Element) -> None:
        """Let go of what stands before an element. The element itself must stay: its tail has not come yet."""
        if self._keep is not None:
            before, self._previous = self._previous, element
            parent = element.getparent()
            if (
                parent is not None
                and before is not None
                and before is element.getprevious()
                and self._found > self._keep + 1
                and not _text(before)
            ):
                parent.remove(before)
            return
        current: _Element | None = element
        while current is not None:
            parent = current.getparent()
            if parent is not None:
                while parent[0] is not current:
                    del parent[0]
            current = parent

    def _told(self, error: etree.XMLSyntaxError) -> XmlError:
        line, column = error.position
        message = words_of(error)
        place = Place(self._source, line or None, column or None)
        if "huge" in message.lower():
            return LimitError(f"the document is beyond a limit of the parser: {message.split(',')[0]}", place=place)
        return XmlError(f"not well-formed XML: {message}", place=place, bare="not well-formed XML")


def _full_of(attributes: int) -> Measure:
    """The measure of a piece that has no more than so many attributes; its elements are counted elsewhere."""
    return Measure(bytes=0, elements=0, attributes=attributes, namespaces=attributes)


def _text(element: _Element) -> bool:
    """Whether text follows an element: it stays, for who judges what stood around the elements."""
    return element.tail is not None and bool(element.tail.strip(" \t\r\n"))
