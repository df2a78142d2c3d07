"""soapkit.toml: what was generated from what, so that it can be done again.

    [[generate]]
    contract = "wsdl/bank.wsdl"
    output = "bank"
    operations = ["transfer"]                       # only these; likewise services, http_ports, exclude

    [generate.names]                                # Python names for types, faults and operations
    "{urn:example:bank:types}Iban" = "AccountNumber"

    [generate.modules]                              # module names for namespaces
    "urn:example:bank:types" = "records"

Paths are relative to the file.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from soapkit.codegen.plan import Options
from soapkit.errors import Place, UsageError
from soapkit.xml.names import did_you_mean

PROJECT_FILE = "soapkit.toml"


@dataclass(frozen=True, slots=True)
class Target:
    """One package to generate: the arguments of ``soapkit generate``."""

    contract: str
    output: Path
    package: str = ""
    options: Options = field(default_factory=Options)
    strict: bool = False
    catalog: str | None = None
    allow_remote: bool = False


# Key -> the type of its value.
_KEYS: Mapping[str, type] = {
    "contract": str,
    "output": str,
    "package": str,
    "operations": list,
    "services": list,
    "http_ports": list,
    "exclude": list,
    "names": dict,
    "modules": dict,
    "strict": bool,
    "catalog": str,
    "allow_remote": bool,
    "keep_unknown": bool,
}
_WORDS = {str: "a text", list: "a list of texts", dict: "a table of texts", bool: "true or false"}


def load_targets(path: Path) -> list[Target]:
    """What a project file says to generate. Raises `UsageError` for a file that is missing or cannot be understood."""
    if not path.is_file():
        raise UsageError(f"there is no {path}: name a CONTRACT, or write what is to be generated into {path}")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"not a TOML document: {error}", place=Place(str(path))) from error
    entries = content.get("generate")
    if not isinstance(entries, list) or not entries:
        raise UsageError("expected at least one [[generate]] table", place=Place(str(path)))
    return [_target(entry, path, number) for number, entry in enumerate(entries, 1)]


def saved(target: Target, path: Path) -> None:
    """Add a target to a project file, unless it has one of that output. Raises as `load_targets` does."""
    known = load_targets(path) if path.is_file() else []
    if any(other.output.resolve() == target.output.resolve() for other in known):
        return
    with path.open("a", encoding="utf-8") as file:
        file.write(("\n" if known else "") + _entry(target, path))


def _target(entry: Mapping[str, Any], path: Path, number: int) -> Target:
    place = Place(str(path), path=f"generate[{number}]")
    for key, value in entry.items():
        if key not in _KEYS:
            raise UsageError(f"unknown key {key}{did_you_mean(key, _KEYS)}", place=place)
        _check_value(key, value, place)
    for key in ("contract", "output"):
        if key not in entry:
            raise UsageError(f"expected the key {key}", place=place)
    remote = urlsplit(entry["contract"]).scheme in ("http", "https")
    return Target(
        contract=entry["contract"] if remote else str(path.parent / entry["contract"]),
        output=path.parent / entry["output"],
        package=entry.get("package", ""),
        options=Options(
            operations=frozenset(entry.get("operations", ())),
            services=frozenset(entry.get("services", ())),
            http_ports=frozenset(entry.get("http_ports", ())),
            exclude=frozenset(entry.get("exclude", ())),
            names=entry.get("names", {}),
            modules=entry.get("modules", {}),
            keep_unknown=entry.get("keep_unknown", False),
        ),
        strict=entry.get("strict", False),
        catalog=str(path.parent / entry["catalog"]) if "catalog" in entry else None,
        allow_remote=entry.get("allow_remote", False),
    )


def _check_value(key: str, value: object, place: Place) -> None:
    expected = _KEYS[key]
    inner: list[object] = []
    if isinstance(value, list):
        inner = value
    elif isinstance(value, dict):
        inner = list(value.values())
    if not isinstance(value, expected) or not all(isinstance(item, str) for item in inner):
        raise UsageError(f"expected {_WORDS[expected]} for {key}, not {value!r}", place=place)


def _entry(target: Target, path: Path) -> str:
    """A target as TOML, whose basic strings are JSON's."""
    remote = urlsplit(target.contract).scheme in ("http", "https")
    lines = ["[[generate]]"]
    lines.append(f"contract = {_text(target.contract if remote else _relative(target.contract, path))}")
    lines.append(f"output = {_text(_relative(target.output, path))}")
    if target.package:
        lines.append(f"package = {_text(target.package)}")
    for key in ("operations", "services", "http_ports", "exclude"):
        names: frozenset[str] = getattr(target.options, key)
        if names:
            lines.append(f"{key} = [{', '.join(map(_text, sorted(names)))}]")
    if target.catalog is not None:
        lines.append(f"catalog = {_text(_relative(target.catalog, path))}")
    lines += [f"{key} = true" for key in ("strict", "allow_remote") if getattr(target, key)]
    lines += ["keep_unknown = true"] if target.options.keep_unknown else []
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _relative(location: str | Path, path: Path) -> str:
    return Path(os.path.relpath(location, path.resolve().parent)).as_posix()
