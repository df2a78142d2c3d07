"""What a template takes for a text: an expression for each type; and such a text without its references."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from soapkit.databinding.adapted import ADAPTED
from soapkit.databinding.builtins import BUILTINS
from soapkit.databinding.compiled.decoder_texts import NUMBERS
from soapkit.databinding.compiled.surprise import Surprise
from soapkit.databinding.shape import Atomic, Simple

_ANY = r"[^<]{0,100}+"  # for converters that look at each character themselves
_BYTES = r"[^<]{0,9000000}+"  # likewise, and each takes one byte
_NUMBERS = {python: f"{characters}{{1,100}}+" for python, characters in NUMBERS.items()}
_EXPRESSIONS = {"moment": _ANY, "boolean": _ANY, "bytes": _BYTES}  # by the family of a built-in type
_REFERENCE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)")


@dataclass(frozen=True, slots=True)
class Allowed:
    """The expressions for the texts of one way of writing. `free`: for the content of an element that may be any text;
    `free_attribute`: likewise of an attribute."""

    free: str
    free_attribute: str

    def in_element(self, type_: Simple) -> str:
        """That for the content of an element of this type."""
        if isinstance(type_, Atomic) and type_.python not in ADAPTED:
            builtin = BUILTINS[type_.builtin]
            return _NUMBERS.get(builtin.python) or _EXPRESSIONS.get(builtin.family, self.free)
        return self.free

    def in_attribute(self, type_: Simple) -> str:
        """That for the value of an attribute of this type."""
        expression = self.in_element(type_)
        return expression if expression in _NUMBERS.values() else self.free_attribute

    def has_references(self, expression: str) -> bool:
        """Whether a text that fits may hold references, and goes through `unescaped`."""
        return expression in (self.free, self.free_attribute)


# libxml2 takes texts to 10,000,000 bytes. A carriage return is read as a line feed, so it is left to the parser.
PLAIN: Final = Allowed(r"[^<>\x00-\x08\x0b-\x1f\ufffe\uffff]{0,2000000}+", r'[^<>"\x00-\x1f\ufffe\uffff]{0,2000000}+')
# libxml2 writes >, a carriage return and the like as references.
RETOLD: Final = Allowed(r"[^<]{0,2000000}+", r'[^"]{0,2000000}+')


def unescaped(text: str) -> str:
    """A text with the five references that XML defines. Raises `Surprise` for any other."""
    plain = text.replace("&amp;", "&")
    if len(text) - len(plain) == 4 * text.count("&"):  # there is no other, as in most texts
        return plain
    if _REFERENCE.search(text):
        raise Surprise
    return (
        text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", '"')
        .replace("&apos;", "'")
        .replace("&amp;", "&")
    )
