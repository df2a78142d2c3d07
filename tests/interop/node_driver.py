"""Programs in Node for peers: what they run on, fetched by npm into the user's cache, once for each version of it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

NODE = Path(__file__).parent / "node"


def node_modules(missing_peer: Callable[[str], NoReturn]) -> Path:
    """The folder in which the packages of node/package.json are: ``NODE_PATH`` for a program that needs them."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            missing_peer(tool)
    wanted = (NODE / "package.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "soapkit-test-data" / f"node-{hashlib.sha256(wanted).hexdigest()[:16]}"
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_bytes(wanted)
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder]
        if subprocess.run(command, capture_output=True, check=False, timeout=300).returncode != 0:
            missing_peer("node-soap from npm")
        (folder / "complete").touch()
    return folder / "node_modules"
