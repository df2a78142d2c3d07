"""A program in C# for Mono: its one source, compiled."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

MONO = Path(__file__).parent / "mono"


def compiled(name: str, folder: Path, missing_peer: Callable[[str], NoReturn], *assemblies: str) -> Path:
    """The program of ``mono/NAME.cs``, which needs these assemblies of Mono's, in a folder."""
    for tool in ("mono", "mcs"):
        if shutil.which(tool) is None:
            missing_peer(f"{tool} (packages mono-runtime, mono-mcs and libmono-system-servicemodel4.0a-cil)")
    program = folder / f"{name.lower()}.exe"
    command = ["mcs", *(f"-r:{assembly}" for assembly in assemblies), f"-out:{program}", str(MONO / f"{name}.cs")]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return program
