"""A contract's text -> Python source that is only ever data.

The law of this file: nothing that comes out can end the string, the comment or the docstring it stands in, whatever
goes in: quotes, backslashes, line breaks of any alphabet, marks that turn the direction of reading.
"""

from __future__ import annotations

import re
import textwrap
from decimal import Decimal

_WIDTH = 108


def literal(value: str | float | bool | bytes | None) -> str:
    """A Python literal, strings in double quotes where that reads well."""
    if not isinstance(value, str):
        return repr(value)
    plain = repr(value)  # escapes all that cannot be printed, line breaks and marks of direction included
    if plain.startswith("'") and '"' not in value:
        return f'"{plain[1:-1]}"'
    return plain


def decimal_literal(value: Decimal) -> str:
    """``Decimal("1.50")``, without the name of the class."""
    return f"({literal(str(value))})"


def comment(text: str) -> str:
    """`text` in one line that is safe behind a ``#``."""
    return "".join(character if character.isprintable() else " " for character in " ".join(text.split()))


def docstring(text: str, indent: str = "    ") -> list[str]:
    """The lines of a docstring, indented; none if there is nothing to say."""
    paragraphs = _paragraphs(text)
    if not paragraphs:
        return []
    lines = [line for paragraph in paragraphs for line in (*_wrapped(paragraph, indent), "")][:-1]
    if len(lines) == 1 and len(lines[0]) + len(indent) <= _WIDTH + 8:
        return [f'{indent}"""{_closed(lines[0])}"""']
    return [
        f'{indent}"""{lines[0]}',
        *(f"{indent}{line}".rstrip() for line in lines[1:]),
        f'{indent}"""',
    ]


def _paragraphs(text: str) -> list[str]:
    """Text as schemas lay it out, indented anyhow -> paragraphs of one line each, escaped."""
    blocks = re.split(r"\n[ \t\r]*\n", text.replace("\r\n", "\n").replace("\r", "\n"))
    return [_escaped(" ".join(block.split())) for block in blocks if block.strip()]


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def _wrapped(paragraph: str, indent: str) -> list[str]:
    # Never breaks inside a word, so an escape sequence stays whole.
    return textwrap.wrap(
        paragraph, _WIDTH - len(indent), break_long_words=False, break_on_hyphens=False, fix_sentence_endings=False
    ) or [paragraph]


def _closed(line: str) -> str:
    """A last line that does not run into the closing quotes."""
    body = line.removesuffix('"')
    escaped = (len(body) - len(body.rstrip("\\"))) % 2  # the quote is behind a backslash already
    return line if body == line or escaped else body + '\\"'
