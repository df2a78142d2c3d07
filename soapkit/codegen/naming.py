"""XML names -> Python names: of classes, fields, methods, constants, modules.

The law of this file: whatever a contract calls things, what comes out is a plain Python identifier (or, for modules, a
plain ASCII file name), the same one each time, and never one that is taken.
"""

from __future__ import annotations

import builtins
import keyword
import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

KEYWORDS = frozenset(keyword.kwlist) | {"self", "cls"}

# What a client has besides its operations; an operation of that name is called with an underscore behind it.
# tests/codegen/test_naming.py holds this against the classes of soapkit.client.
CLIENT_MEMBERS = frozenset(
    {"aclose", "address", "close", "from_wsdl", "headers", "operations", "preview", "security", "service", "timeout"}
    | {"stream", "streaming", "transport", "types", "with_attachments", "with_exchange", "with_settings"}
)

# Segments of a namespace that say nothing of its content.
_DULL = re.compile(
    r"(v|ver|version|r|rev)?[\d._\-]*|www|wsdl|xsd|schemas?|xml|soap|index|asmx|svc|php|html?", re.IGNORECASE
)
_WORD_BREAKS = re.compile(
    r"(?<=[a-z0-9])(?=[A-Z])"  # transferMoney, sha1Hash
    r"|(?<=[A-Z]{2})(?=[A-Z][a-z])(?!(?<=[A-Z])[A-Z]s(?![a-z]))"  # IBANCode, but not I|Pv4 nor UR|Ls
)
_LONGEST = 100  # characters of a name: file systems and readers both have limits


def words(name: str) -> list[str]:
    """The words of a name: ``getIBANCode`` -> ``["get", "IBAN", "Code"]``.

    What Python does not allow in a name parts words, as do underscores; so nothing of a contract's text other than
    letters and digits ever comes through.
    """
    if name.isascii() and name.isidentifier():
        text = name
    else:
        plain = unicodedata.normalize("NFKC", name)  # as the compiler does with identifiers
        text = "".join(character if ("a" + character).isidentifier() else " " for character in plain)
    return [word for part in text.replace("_", " ").split() for word in _WORD_BREAKS.split(part)]


def _safe(name: str, lead: str, empty: str) -> str:
    """`name` as an identifier: with a letter in front, not a keyword, of bearable length."""
    name = unicodedata.normalize("NFKC", name)[:_LONGEST].rstrip("_") or empty
    if not name.isidentifier():
        name = lead + name
    if not name.isidentifier():  # a combining mark that NFKC leaves alone, or the like
        name = empty
    return f"{name}_" if name in KEYWORDS else name


def field_name(name: str) -> str:
    """The Python attribute for an element, an attribute or a part: ``bookingDate`` -> ``booking_date``."""
    return _safe("_".join(words(name)).lower(), "n", "field")


def method_name(name: str) -> str:
    """The Python method for an operation: ``GetQuote`` -> ``get_quote``, ``close`` -> ``close_``."""
    found = _safe("_".join(words(name)).lower(), "n", "operation")
    return f"{found}_" if found in CLIENT_MEMBERS else found


def constant_name(name: str) -> str:
    """The Python constant for an operation: ``GetQuote`` -> ``GET_QUOTE``."""
    found = _safe("_".join(words(name)).upper(), "N", "OPERATION")
    return found if found[0].isupper() else f"N_{found}"  # scripts without case would meet parameters of that name


def member_name(value: str) -> str:
    """The member of an enumeration for a value: ``2-day`` -> ``VALUE_2_DAY``, ``""`` -> ``EMPTY``."""
    if not value.strip():
        return "EMPTY"
    signs = {"+": "PLUS", "-": "MINUS"}
    sign = signs.get(value[0], "") if value[1:2].isdigit() or len(value) == 1 else ""
    text = "_".join(filter(None, [sign, *words(value)])).upper()
    return _safe(text, "VALUE_", "VALUE")


def class_name(name: str) -> str:
    """The Python class for a type: ``accountKind`` -> ``AccountKind``, ``ACCOUNT-2`` -> ``ACCOUNT2``."""
    joined = "".join(word[0].upper() + word[1:] for word in words(name))
    found = _safe(joined, "T", "Unnamed")
    # Classes start with a capital, fields with a small letter: so a parameter never hides a class.
    return found if found[0].isupper() else f"T{found}"


def module_names(namespaces: Sequence[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """A module name for each namespace, plain ASCII and never a way out of the folder.

    >>> module_names(["http://www.onvif.org/ver10/device/wsdl", "urn:ec:checkVat:types", ""])
    {'http://www.onvif.org/ver10/device/wsdl': 'device', 'urn:ec:checkVat:types': 'check_vat_types', '': 'no_namespace'}
    """
    names = Names(taken)
    return {namespace: _module_name(namespace, names) for namespace in namespaces}


def _module_name(namespace: str, names: Names) -> str:
    segments = _segments(namespace)
    name = segments[-1]
    for before in reversed(segments[:-1]):
        if not (names.holds(name) or name in _UNFIT_MODULES):
            break
        name = f"{before}_{name}"[-_LONGEST:].lstrip("_0123456789")
    return names.take(f"{name}_" if not name or name in _UNFIT_MODULES else name)


def _segments(namespace: str) -> list[str]:
    """The telling parts of a namespace, from the general to the special."""
    if not namespace.strip():
        return ["no_namespace"]
    scheme, _, rest = namespace.partition("://")
    if rest:
        host, *path = re.split(r"[/#?:;,=&]+", rest)
        labels = [label for label in host.split(".") if not _DULL.fullmatch(label)]
        parts = [*labels[-2:-1], *path] if len(labels) > 1 else [*labels, *path]
    else:
        parts = re.split(r"[/#?:;,=&]+", scheme.removeprefix("urn:"))
    ascii_parts = [_ascii_module(part) for part in parts if not _DULL.fullmatch(part)]
    return [part for part in ascii_parts if part] or [_ascii_module(namespace) or "namespace"]


def _ascii_module(text: str) -> str:
    text = re.sub(r"\.(wsdl|xsd|asmx|svc|php)$", "", text, flags=re.IGNORECASE)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    name = "_".join(words(plain)).lower()[:_LONGEST].strip("_")
    return f"n{name}" if name[:1].isdigit() else name


# A module called `types` next to a script that is run from its folder would hide the standard library's.
_UNFIT_MODULES = frozenset(sys.stdlib_module_names) | KEYWORDS | frozenset(dir(builtins)) | {"services", "type"}


@dataclass(slots=True)
class Names:
    """The names of one scope: hands out each only once."""

    taken: Iterable[str] = ()
    _held: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self._held = set(self.taken)

    def holds(self, name: str) -> bool:
        return name in self._held

    def hold(self, name: str) -> None:
        """Keep a name from being handed out."""
        self._held.add(name)

    def take(self, name: str, *others: str) -> str:
        """`name` if it is free, else the first free one of `others`, else ``name_2``, ``name_3``, ..."""
        for candidate in (name, *others):
            if candidate not in self._held:
                break
        else:
            number = 2
            while (candidate := f"{name.rstrip('_')}_{number}") in self._held:
                number += 1
        self._held.add(candidate)
        return candidate
