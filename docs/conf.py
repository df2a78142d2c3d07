"""How the documentation is built: python -m sphinx -W -b html docs docs/_build"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from soapkit.version import __version__

project = "soapkit"
author = "soapkit developers"
copyright = "soapkit developers"  # noqa: A001  Sphinx's word
release = version = __version__

extensions = ["sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
default_role = "literal"  # docstrings write `name`, as this project's code does
highlight_language = "text"
nitpicky = False

html_theme = "alabaster"
html_title = f"soapkit {release}"
html_theme_options = {
    "description": "A SOAP/WSDL toolkit: typed clients, services, WS-Security",
    "fixed_sidebar": True,
    "page_width": "1080px",
    "body_max_width": "48em",
    "show_powered_by": False,
    "font_family": "system-ui, sans-serif",
}
html_show_sourcelink = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
python_maximum_signature_line_length = 100

_LIST = re.compile(r"\s*([-*+]|\d+\.) ")


def with_literal_blocks(lines: list[str]) -> list[str]:
    """The lines of a docstring, each indented block marked as literal: in this project it is code or a table."""
    found: list[str] = []
    inside = False
    for number, line in enumerate(lines):
        indented = line.startswith("    ")
        starts = indented and not inside and number > 0 and not lines[number - 1].strip()
        before = next((one for one in reversed(lines[:number]) if one.strip()), "")
        if starts and not before.endswith("::") and not _LIST.match(before) and not before.startswith((".. ", " ")):
            found += ["::", ""]
        inside = indented or (inside and not line.strip())
        found.append(line)
    return found


def _process(_app: Any, _what: str, _name: str, _object: Any, _options: Any, lines: list[str]) -> None:
    lines[:] = with_literal_blocks(lines)


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", _process)
