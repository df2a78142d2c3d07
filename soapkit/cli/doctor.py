"""``soapkit doctor``: versions, which extras are here, whether lxml and xmlsec agree; what to mend, in words."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

import click

from soapkit.version import __version__
from soapkit.wsdl.store import SWITCH, Store, folder

State: TypeAlias = Literal["ok", "absent", "wrong"]

REQUIRED = ("click", "Jinja2", "lxml", "msgspec", "platformdirs", "urllib3")
EXTRAS = {  # extra: distributions, and what they are for
    "async": (("aiohttp",), "AsyncClient"),
    "cli": (("rich",), "colours on a terminal"),
    "fast": (("pybase64",), "quicker base64"),
    "security": (("cryptography",), "WS-Security"),
    "server": (("uvicorn",), "soapkit serve and mock"),
    "xmlsec": (("xmlsec",), "the second provider of WS-Security"),
}
OLDEST_LXML = (6,)


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was looked at. `state`: ``absent`` is no fault, ``wrong`` is."""

    what: str
    state: State
    told: str


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """Tell what soapkit finds here: versions, which extras are installed and what for, and whether lxml and xmlsec were
    built for the same libxml2, without which xmlsec cannot be imported.

    Exit code 1 when something is wrong; the line says how to mend it. An extra that is not there is not wrong.

    \b
    Examples:
        soapkit doctor
        soapkit doctor --json
    """
    found = tuple(examined())
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2))
    else:
        width = max(len(one.what) for one in found)
        for one in found:
            click.echo(f"{one.state:<7}{one.what:<{width}}  {one.told}")
    sys.exit(1 if any(one.state == "wrong" for one in found) else 0)


def examined() -> Iterator[Found]:
    """Everything that is looked at, in the order it is told."""
    implementation = platform.python_implementation()
    yield Found("soapkit", "ok", __version__)
    yield Found(
        "Python", "ok", f"{implementation} {platform.python_version()} on {platform.system()}, {sys.executable}"
    )
    yield from (_required(name) for name in REQUIRED)
    yield _libxml2()
    yield _cache()
    for extra, (names, purpose) in EXTRAS.items():
        yield from (_extra(name, extra, purpose) for name in names)
    yield from _xmlsec()


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _required(name: str) -> Found:
    version = _version(name)
    if version is None:
        return Found(name, "wrong", f"is not here: pip install {name}")
    return Found(name, "ok", version)


def _extra(name: str, extra: str, purpose: str) -> Found:
    version = _version(name)
    if version is None:
        return Found(name, "absent", f"for {purpose}: pip install 'soapkit[{extra}]'")
    return Found(name, "ok", f"{version}, for {purpose}")


def _cache() -> Found:
    """Where parsed contracts are kept."""
    where = folder()
    if where is None:
        return Found("cache", "ok", f"off, by {SWITCH}")
    entries = Store(where).entries()
    size = sum(path.stat().st_size for path in entries) / 1e6
    return Found("cache", "ok", f"{where}, {len(entries)} contracts, {size:.1f} MB; {SWITCH}=off turns it off")


def _libxml2() -> Found:
    from lxml import etree  # told, where it cannot be imported, by `_required`

    used, built = etree.LIBXML_VERSION, etree.LIBXML_COMPILED_VERSION
    told = f"{_dotted(used)} in lxml"
    if etree.LXML_VERSION[:1] < OLDEST_LXML:
        return Found("libxml2", "wrong", f"{told} {_version('lxml')}, which is too old: pip install 'lxml>=6'")
    if used != built:
        return Found("libxml2", "wrong", f"{told}, which was built for {_dotted(built)}: reinstall lxml")
    return Found("libxml2", "ok", told)


def _xmlsec(load: Callable[[str], object] = importlib.import_module) -> Iterator[Found]:
    """Whether xmlsec can be imported beside lxml; nothing where it is not installed.

    Its wheels hold a libxml2 of their own, and it refuses to be imported where that is not the version of lxml's.
    """
    if _version("xmlsec") is None:
        return
    from lxml import etree

    try:
        module = load("xmlsec")
    except Exception as error:  # an import may fail in any way: a missing library, another libxml2
        told = f"cannot be imported: {error}"
        if "mismatch" in str(error):
            told = (
                f"was built for another libxml2 than lxml's {_dotted(etree.LIBXML_VERSION)}: "
                "pip install --upgrade 'lxml>=6' 'xmlsec>=1.3.16', or build both from source: "
                "pip install --no-binary lxml,xmlsec lxml xmlsec"
            )
        yield Found("lxml with xmlsec", "wrong", told)
        return
    theirs = getattr(module, "get_libxml_version", lambda: etree.LIBXML_VERSION)()
    yield Found("lxml with xmlsec", "ok", f"agree on libxml2 {_dotted(theirs)}")


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
