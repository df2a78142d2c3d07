"""A driver in Java for a peer: its jars fetched by Maven, its one source compiled, once for each version of both."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""For a program that lives for a minute beside others: no second compiler, no threads that collect garbage."""

JAVA = Path(__file__).parent / "java"


def jars(pom: Path, peer: str, missing_peer: Callable[[str], NoReturn], name: str = "", more: bytes = b"") -> Path:
    """The folder, in the user's cache, with the jars that a pom.xml asks for. `name`: of the folder, that of the pom's
    unless said; `more`: what else the folder is for, so that another version of it has another folder."""
    for tool in ("java", "javac", "mvn"):
        if shutil.which(tool) is None:
            missing_peer(tool)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    digest = hashlib.sha256(pom.read_bytes() + more).hexdigest()[:16]
    folder = cache / "soapkit-test-data" / f"{name or pom.parent.name}-{digest}"
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = ["mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
        if subprocess.run(command, capture_output=True, check=False, timeout=600).returncode != 0:
            missing_peer(f"{peer} from Maven Central")
        (folder / "complete").touch()
    return folder


def built(
    sources: Path, driver: str, peer: str, missing_peer: Callable[[str], NoReturn], pom: Path | None = None
) -> Path:
    """The folder, in the user's cache, with the jars that a pom.xml asks for, that of the sources unless said, and the
    compiled driver."""
    source = sources / f"{driver}.java"
    folder = jars(pom or sources / "pom.xml", peer, missing_peer, peer.lower(), source.read_bytes())
    if not (folder / f"{driver}.class").exists():
        command = ["javac", "-cp", f"{folder}/*", "-d", folder, source]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
    return folder


class Driver:
    """A driver, running: a line of words in, a line of words out. `options`: those of the JVM."""

    def __init__(self, folder: Path, name: str, *arguments: str, options: Sequence[str] = QUICK) -> None:
        self._process = subprocess.Popen(
            ["java", *options, "-Dsun.net.httpserver.nodelay=true", "-cp", f"{folder}/*:{folder}", name, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env={**os.environ, "JAVA_TOOL_OPTIONS": "-Dfile.encoding=UTF-8 -Dstdout.encoding=UTF-8"},
        )

    def line(self) -> list[str]:
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip("\n").split("\t")

    def ask(self, *words: str) -> list[str]:
        assert self._process.stdin is not None
        self._process.stdin.write("\t".join(words) + "\n")
        self._process.stdin.flush()
        return self.line()

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._process.stdout.close()
