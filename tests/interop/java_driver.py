"""A driver in Java for a peer: its jars fetched by Maven, its one source compiled, once for each version of both."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

JAVA = Path(__file__).parent / "java"


def jars(pom: Path, peer: str, missing_peer: Callable[[str], NoReturn]) -> Path:
    """The folder, in the user's cache, with the jars that a pom.xml asks for."""
    for tool in ("java", "javac", "mvn"):
        if shutil.which(tool) is None:
            missing_peer(tool)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    digest = hashlib.sha256(pom.read_bytes()).hexdigest()[:16]
    folder = cache / "soapkit-test-data" / f"{pom.parent.name}-{digest}"
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = ["mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
        if subprocess.run(command, capture_output=True, check=False, timeout=600).returncode != 0:
            missing_peer(f"{peer} from Maven Central")
        (folder / "complete").touch()
    return folder


def built(sources: Path, driver: str, peer: str, missing_peer: Callable[[str], NoReturn]) -> Path:
    """The folder, in the user's cache, with the jars that pom.xml asks for and the compiled driver."""
    for tool in ("java", "javac", "mvn"):
        if shutil.which(tool) is None:
            missing_peer(tool)
    pom, source = sources / "pom.xml", sources / f"{driver}.java"
    digest = hashlib.sha256(pom.read_bytes() + source.read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "soapkit-test-data" / f"{peer.lower()}-{digest}"
    if (folder / f"{driver}.class").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    fetched = subprocess.run(
        ["mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", f"-DoutputDirectory={folder}"],
        capture_output=True,
        check=False,
        timeout=600,
    )
    if fetched.returncode != 0:
        missing_peer(f"{peer} from Maven Central")
    subprocess.run(["javac", "-cp", f"{folder}/*", "-d", folder, source], check=True, capture_output=True, timeout=300)
    return folder


class Driver:
    """A driver, running: a line of words in, a line of words out."""

    def __init__(self, folder: Path, name: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            ["java", "-Dsun.net.httpserver.nodelay=true", "-cp", f"{folder}/*:{folder}", name, *arguments],
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
