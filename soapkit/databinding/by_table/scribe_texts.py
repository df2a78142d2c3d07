"""A simple value -> its text, by table; what is wrong with it is noted, with its path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from soapkit.databinding.binary import beside
from soapkit.databinding.context import Context
from soapkit.databinding.simple import SimpleCodec, is_same, value_of
from soapkit.errors import EncodeError, Place, Problem
from soapkit.xml.names import XMLNS, is_ncname, split
from soapkit.xml.serialise import escape_attribute, escape_text


class TextScribe:
    """Writes the simple parts of one value; `problems` grows on the way. `path`: the steps to what is being written."""

    def __init__(self, context: Context, path: str) -> None:
        self.context = context
        self.problems: list[Problem] = []
        self.path: list[str] = [path]

    def problem(self, message: str, bare: str | None = None) -> str:
        """`bare`: the message without the value it repeats, for a log."""
        self.problems.append(Problem(message, Place(path="".join(self.path).removeprefix(".")), bare))
        return ""

    def raise_problems(self) -> None:
        """Raise `EncodeError` with all problems; return when there are none."""
        if self.problems:
            raise EncodeError(problems=self.problems)

    def text(self, value: Any, codec: SimpleCodec, fixed: str | None = None) -> str:
        """The text of a value, as it is before special characters are escaped. `fixed`: what it must be."""
        try:
            if fixed is not None:
                return self._fixed(value, codec, fixed)
            return codec.encode(value, self.context.prefix, False)
        except ValueError as error:
            return self.problem(f"{value!r:.60} is not {codec.words}: {error}", f"is not {codec.words}")

    def _fixed(self, value: Any, codec: SimpleCodec, fixed: str) -> str:
        """The fixed value as the schema writes it: what equals it is valid (XSD part 1, 3.3.4), but libxml2 compares
        the texts. But for a QName, whose prefix is ours."""
        wanted = value_of(fixed, codec)
        text = codec.encode(value, self.context.prefix, False)
        same = text == codec.encode(wanted, self.context.prefix, False) or is_same(value, wanted)
        if same or (not codec.contextual and is_same(value_of(text, codec), wanted)):
            return text if codec.contextual and fixed.startswith("{") else fixed
        return self.problem(f"is {value!r:.60}: expected the fixed value {fixed!r}", "is not the fixed value")

    def beside(self, value: Any, codec: SimpleCodec, fixed: str | None, content_type: str = "") -> str | None:
        """What stands for bytes that travel beside the message; None for any other value."""
        if codec.check_binary is None or fixed is not None or isinstance(value, str):
            return None
        try:
            codec.check_binary(value)
        except ValueError:
            return None  # told where its text is made
        return beside(value, content_type or codec.media_type)

    def escaped(self, text: str) -> str:
        """A text as content of an element."""
        try:
            return escape_text(text)
        except EncodeError as error:
            return self.problem(str(error))

    def escaped_attribute(self, text: str) -> str:
        """A text as the value of an attribute."""
        try:
            return escape_attribute(text)
        except EncodeError as error:
            return self.problem(str(error))

    def named(self, attributes: Mapping[str, str]) -> str:
        """Attributes of no known type."""
        found = []
        for name, text in attributes.items():
            if not isinstance(name, str) or not isinstance(text, str) or not _is_attribute(name):
                told = f"has {name!r}: {text!r:.60}: expected a Clark name and a text"
                self.problem(told, "has what is not a Clark name and a text")
            else:
                found.append(f' {self.context.qualified(name)}="{self.escaped_attribute(text)}"')
        return "".join(found)


def _is_attribute(name: str) -> bool:
    """Whether a Clark name is one that an attribute may have: a declaration is none (Namespaces in XML, 3)."""
    namespace, local = split(name)
    return is_ncname(local) and namespace != XMLNS
