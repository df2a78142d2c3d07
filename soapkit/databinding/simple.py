"""A simple shape -> the pair that reads and writes its text: white space, value, facets, enumeration.

`SimpleCodec.decode` and `encode` raise `ValueError` with what was expected; who calls them knows the place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias

from soapkit.attachment import Attachment
from soapkit.databinding.adapted import ADAPTED
from soapkit.databinding.binary import reference_to, referred
from soapkit.databinding.builtins import BUILTINS, Builtin, accepts
from soapkit.databinding.facets import Check, checks_for
from soapkit.databinding.lexical import BLANKS, collapse_blanks, parse_qname, replace_blanks
from soapkit.databinding.shape import Atomic, EnumValue, ListOf, Simple, UnionOf
from soapkit.databinding.spellings import spellings
from soapkit.databinding.values import QName
from soapkit.errors import ContractError, Place
from soapkit.xml.names import did_you_mean, local_name, split

Scope: TypeAlias = "Callable[[], Mapping[str | None, str]]"
"""The namespaces in scope by prefix, asked for only where a QName is read."""

Prefix: TypeAlias = "Callable[[str], str]"
"""The prefix for a namespace, asked for where a QName is written."""

SPACE: dict[str, Callable[[str], str]] = {
    "preserve": lambda text: text,
    "replace": replace_blanks,
    "collapse": collapse_blanks,
}


def no_scope() -> Mapping[str | None, str]:
    """Where no namespace is declared: of defaults and enumerations, whose QNames are Clark names."""
    return {}


@dataclass(frozen=True, slots=True)
class SimpleCodec:
    """The pair of functions for one simple type.

    `decode(text, scope)`: text as it stands in XML to value. `encode(value, prefix)`: to text, not yet escaped;
    `strict` refuses a `str` given in place of another type, which is else read as the type's text. `classes`: Python
    classes it writes. `words`: the type in words, for errors. `check_binary`: of xs:base64Binary, whose values may
    travel beside the message: raises `ValueError` for one that is none of the type. `attached`: its
    values are `soapkit.Attachment`, not bytes. `media_type`: of bytes that do not say what they are.
    """

    decode: Callable[[str, Scope], Any]
    encode: Callable[[Any, Prefix, bool], str]
    classes: tuple[type, ...]
    words: str
    contextual: bool = False  # reads or writes QNames
    check_binary: Callable[[Any], None] | None = None
    attached: bool = False
    media_type: str = ""


def simple_codec(shape: Simple) -> SimpleCodec:
    """The codec of a simple shape. Raises `ContractError` for facets that cannot be read, an unknown built-in type."""
    if isinstance(shape, Atomic):
        return _atomic(shape)
    return _list(shape) if isinstance(shape, ListOf) else _union(shape)


def _words(shape: Simple, fallback: str) -> str:
    return local_name(shape.name) if shape.name else fallback


def _check_all(checks: tuple[Check, ...], value: Any, text: str) -> None:
    for check in checks:
        if not check.holds(value, text):
            raise ValueError(f"expected {check.expected}")


# --- one value ----------------------------------------------------------------------------------------------------


def _atomic(shape: Atomic) -> SimpleCodec:
    builtin = BUILTINS.get(shape.builtin)
    if builtin is None:
        raise ContractError(
            f"xs:{shape.builtin} is not a built-in type of XSD 1.0{did_you_mean(shape.builtin, BUILTINS)}",
            place=Place(path=shape.name or ""),
        )
    parse, write = _value_functions(builtin)
    space = SPACE[shape.facets.white_space or builtin.white_space]
    checks = checks_for(builtin, shape.facets, name=shape.name or "")
    words = _words(shape, f"xs:{builtin.name}")
    patterned = bool(shape.facets.patterns) and builtin.family in ("number", "moment", "boolean")

    def decode(text: str, scope: Scope) -> Any:
        text = space(text)
        value = parse(text, scope)
        _check_all(checks, value, text)
        return value

    def encode(value: Any, prefix: Prefix, strict: bool) -> str:
        if not accepts(builtin, value):
            if strict or not isinstance(value, str):
                raise ValueError(f"expected {_class_names(builtin.classes)}, not {type(value).__name__}")
            value = _clark_or(parse, builtin, space(value))
        text = write(value, prefix)
        if patterned and not all(check.holds(value, text) for check in checks):
            text = _spelled(builtin, checks, value, text)
        _check_all(checks, value, text)
        return text

    def check_binary(value: Any) -> None:
        if not accepts(builtin, value):
            raise ValueError(f"expected {_class_names(builtin.classes)}, not {type(value).__name__}")
        _check_all(checks, value, "")

    classes = builtin.classes
    beside = builtin.name == "base64Binary" and not shape.facets.patterns
    plain = SimpleCodec(
        decode,
        encode,
        classes,
        words,
        builtin.family == "name",
        check_binary if beside else None,
        media_type=_only_type(shape.content_types),
    )
    if shape.python is Attachment:
        return _referred(plain) if shape.refers else _attached(plain)
    if shape.python is not None:
        return _adapted(shape.python, plain) if shape.python in ADAPTED else _enum(shape, shape.python, plain)
    return _limited(shape.enumeration, plain) if shape.enumeration else plain


def _spelled(builtin: Builtin, checks: tuple[Check, ...], value: Any, canonical: str) -> str:
    """Another spelling of the same value, where a pattern refuses the canonical one (``[0-9]{3}`` wants 009)."""
    for text in spellings(builtin, canonical):
        if all(check.holds(value, text) for check in checks):
            return text
    return canonical


def _class_names(classes: tuple[type, ...]) -> str:
    return " or ".join(cls.__name__ for cls in classes)


def _clark_or(parse: Callable[[str, Scope], Any], builtin: Builtin, text: str) -> Any:
    """A value from a `str`: of QNames in Clark notation, else as the type's text."""
    return QName.of(text) if builtin.family == "name" else parse(text, no_scope)


def _value_functions(builtin: Builtin) -> tuple[Callable[[str, Scope], Any], Callable[[Any, Prefix], str]]:
    if builtin.family == "name":
        return (lambda text, scope: parse_qname(text, scope())), _write_qname
    parse, write = builtin.parse, builtin.format
    return (lambda text, _scope: parse(text)), (lambda value, _prefix: write(value))


def _write_qname(value: QName, prefix: Prefix) -> str:
    return f"{prefix(value.namespace)}:{value.localname}" if value.namespace else value.localname


# --- enumerations -------------------------------------------------------------------------------------------------


def listed(values: tuple[EnumValue, ...]) -> str:
    """``one of 'a', 'b', ...`` for an error."""
    texts = [repr(value.value) for value in values[:12]]
    return "one of " + ", ".join(texts) + (f" and {len(values) - 12} more" if len(values) > 12 else "")


def value_of(text: str, codec: SimpleCodec) -> Any:
    """The value of an enumeration's or a default's lexical form; a QName may be a Clark name there."""
    if codec.contextual and text.startswith("{"):
        namespace, local = split(text)
        return codec.decode(f"p:{local}", lambda: {"p": namespace})
    return codec.decode(text, no_scope)


def is_same(value: Any, other: Any) -> bool:
    """Whether two values are the same one, as a fixed value wants it (XSD part 2, 2.2.1)."""
    return bool(_hashable(value) == _hashable(other))


def _hashable(value: Any) -> Any:
    """A value as a key: True is not 1, as it is to Python, and NaN is itself (XSD part 2, 3.2.4.1)."""
    if isinstance(value, list):
        return tuple(map(_hashable, value))
    if isinstance(value, float) and value != value:
        return float, "NaN"
    return (bool, value) if isinstance(value, bool) else value


def _limited(enumeration: tuple[EnumValue, ...], plain: SimpleCodec) -> SimpleCodec:
    """Only some values; the value has no class of its own."""
    expected = "expected " + listed(enumeration)
    allowed = {_hashable(_enumerated(entry.value, plain)) for entry in enumeration}

    def decode(text: str, scope: Scope) -> Any:
        try:
            value = plain.decode(text, scope)
        except ValueError:
            raise ValueError(expected) from None
        if _hashable(value) not in allowed:
            raise ValueError(expected)
        return value

    def encode(value: Any, prefix: Prefix, strict: bool) -> str:
        text = plain.encode(value, prefix, strict)
        known = value if accepts_classes(plain.classes, value) else value_of(text, plain)
        if _hashable(known) not in allowed:
            raise ValueError(expected)
        return text

    return SimpleCodec(decode, encode, plain.classes, plain.words, plain.contextual)


def accepts_classes(classes: tuple[type, ...], value: object) -> bool:
    """Whether `value` is of one of the classes."""
    return isinstance(value, classes)


def member_values(python: type[Enum], plain: SimpleCodec) -> dict[Any, Enum]:
    """Each member by the value of its type; a member may hold the value or its lexical form."""
    found: dict[Any, Enum] = {}
    for member in python:
        found[_hashable(_value_of_member(member, plain))] = member
    return found


def _value_of_member(member: Enum, plain: SimpleCodec) -> Any:
    value = member.value
    return _enumerated(value, plain) if isinstance(value, str) and str not in plain.classes else value


def _enumerated(text: str, plain: SimpleCodec) -> Any:
    """The value that an enumeration lists. Raises `ContractError` for a text that is none."""
    try:
        return value_of(text, plain)
    except ValueError as error:
        raise ContractError(f"the enumeration lists {text!r:.60}, which is not {plain.words}: {error}") from None


def _enum(shape: Atomic, python: type[Enum], plain: SimpleCodec) -> SimpleCodec:
    """The members of an `Enum` class stand for the values."""
    expected = "expected " + (listed(shape.enumeration) if shape.enumeration else f"a {python.__name__}")
    members = member_values(python, plain)
    values = {member: _value_of_member(member, plain) for member in python}

    def decode(text: str, scope: Scope) -> Any:
        try:
            return members[_hashable(plain.decode(text, scope))]
        except (ValueError, KeyError):
            raise ValueError(expected) from None

    def encode(value: Any, prefix: Prefix, strict: bool) -> str:
        if isinstance(value, python):
            return plain.encode(values[value], prefix, True)
        if strict:
            raise ValueError(f"expected {python.__name__}, not {type(value).__name__}")
        try:
            text = plain.encode(value, prefix, False)
            known = value if accepts_classes(plain.classes, value) else value_of(text, plain)
            if _hashable(known) in members:
                return text
        except ValueError:
            pass
        raise ValueError(expected)

    return SimpleCodec(decode, encode, (python,), plain.words, plain.contextual)


# --- classes held by a built-in type ------------------------------------------------------------------------------


def _adapted(python: type, plain: SimpleCodec) -> SimpleCodec:
    """The values of a class that is held by a built-in type."""
    adapted = ADAPTED[python]

    def decode(text: str, scope: Scope) -> Any:
        return adapted.to_python(plain.decode(text, scope))

    def encode(value: Any, prefix: Prefix, strict: bool) -> str:
        if isinstance(value, python):
            return plain.encode(adapted.from_python(value), prefix, True)
        if strict or not isinstance(value, str):
            raise ValueError(f"expected {python.__name__}, not {type(value).__name__}")
        return plain.encode(value, prefix, False)

    return SimpleCodec(decode, encode, (python,), plain.words)


def _attached(plain: SimpleCodec) -> SimpleCodec:
    """xs:base64Binary whose values are attachments; bytes may be given in their place."""

    def decode(text: str, scope: Scope) -> Any:
        content = plain.decode(text, scope)
        return Attachment(content, plain.media_type) if plain.media_type else Attachment(content)

    def encode(value: Any, prefix: Prefix, strict: bool) -> str:
        check_class(value, strict=strict)
        return plain.encode(value, prefix, False)

    def check_binary(value: Any) -> None:
        check_class(value, strict=False)
        if plain.check_binary is not None:
            plain.check_binary(value)

    def check_class(value: Any, *, strict: bool) -> None:
        if not isinstance(value, Attachment if strict else (*plain.classes, str)):
            raise ValueError(f"expected Attachment, not {type(value).__name__}")

    beside = check_binary if plain.check_binary is not None else None
    return SimpleCodec(
        decode, encode, (Attachment,), plain.words, False, beside, attached=True, media_type=plain.media_type
    )


def _referred(plain: SimpleCodec) -> SimpleCodec:
    """A URI whose value is the attachment that it refers to; one may be given in its place."""

    def decode(text: str, scope: Scope) -> Any:
        return referred(plain.decode(text, scope))

    def encode(value: Any, prefix: Prefix, strict: bool) -> str:
        return plain.encode(value if isinstance(value, str) and not strict else reference_to(value), prefix, False)

    return SimpleCodec(decode, encode, (Attachment,), plain.words)


def _only_type(content_types: str) -> str:
    """The media type that ``image/jpeg`` leaves; none where several are expected, or any of ``image/*``."""
    alone = content_types.partition(";")[0].strip()
    return "" if "," in content_types or "*" in alone else alone


# --- lists and unions ---------------------------------------------------------------------------------------------


def _list(shape: ListOf) -> SimpleCodec:
    item = simple_codec(shape.item)
    checks = checks_for(None, shape.facets, name=shape.name or "")

    def decode(text: str, scope: Scope) -> Any:
        text = collapse_blanks(text)
        values = [item.decode(part, scope) for part in text.split(" ")] if text else []
        _check_all(checks, values, text)
        return values

    def encode(value: Any, prefix: Prefix, strict: bool) -> str:
        if not isinstance(value, (list, tuple)):
            if strict or not isinstance(value, str):
                raise ValueError(f"expected list, not {type(value).__name__}")
            value = decode(value, no_scope)
        texts = [item.encode(part, prefix, strict) for part in value]
        for text in texts:
            if not text or any(blank in text for blank in BLANKS):
                raise ValueError(f"expected items without blanks; {text!r} would be read as several")
        text = " ".join(texts)
        _check_all(checks, value, text)
        return text

    plain = SimpleCodec(decode, encode, (list, tuple), _words(shape, f"list of {item.words}"), item.contextual)
    return _limited(shape.enumeration, plain) if shape.enumeration else plain


def _union(shape: UnionOf) -> SimpleCodec:
    members = tuple(simple_codec(member) for member in shape.members)
    words = _words(shape, " or ".join(member.words for member in members))
    checks = checks_for(None, shape.facets, name=shape.name or "")
    classes = tuple(dict.fromkeys(cls for member in members for cls in member.classes))

    def decode(text: str, scope: Scope) -> Any:
        for member in members:
            try:
                value = member.decode(text, scope)
            except ValueError:
                continue
            _check_all(checks, value, collapse_blanks(text))
            return value
        raise ValueError(f"expected {words}")

    def encode(value: Any, prefix: Prefix, strict: bool) -> str:
        for exact in (True,) if strict else (True, False):
            for place, member in enumerate(members):
                try:
                    text = member.encode(value, prefix, exact)
                except ValueError:
                    continue
                if place and isinstance(value, (bool, Decimal, float)):
                    text = _spelt_apart(value, text, members[:place])
                _check_all(checks, value, text)
                return text
        raise ValueError(f"expected {words}, not {type(value).__name__} {value!r:.60}")

    plain = SimpleCodec(decode, encode, classes, words, any(member.contextual for member in members))
    return _limited(shape.enumeration, plain) if shape.enumeration else plain


def _spelt_apart(value: bool | Decimal | float, text: str, earlier: tuple[SimpleCodec, ...]) -> str:
    """The spelling that no earlier member of a union takes for its own, where there is one: ``true`` is an NCName, and
    ``1`` is none; ``3`` is an integer, and ``3.0`` is none; ``3.0`` is a decimal, and ``3.0E0`` is none."""
    spellings = (text, text if "." in text else f"{text}.0")
    if isinstance(value, bool):
        spellings = (text, "1" if value else "0")
    elif isinstance(value, float) and math.isfinite(value):
        spellings = (text, text if "E" in text else f"{text}E0")
    return next((each for each in spellings if not any(_takes(member, each) for member in earlier)), text)


def _takes(member: SimpleCodec, text: str) -> bool:
    try:
        member.decode(text, no_scope)
    except ValueError:
        return False
    return True
