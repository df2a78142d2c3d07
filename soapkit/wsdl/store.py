"""Where parsed contracts are kept between processes: a folder of entries, one file each.

The law of this file: an entry is data, never code; it is written beside its place and put there at once; one that is
damaged, or that another user wrote, is passed over as if it were not there. Nothing here ever raises.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import platformdirs

SWITCH = "SOAPKIT_CACHE"
"""The environment variable that names the folder, or says ``off``."""

_OFF = ("off", "0", "no", "false")
# What is kept at most; the oldest go. Some servers write the time into a contract, so that each reading is a new one.
_KEPT = 200
_KEPT_BYTES = 100_000_000
_MAGIC = b"soapkit1"


def folder() -> Path | None:
    """Where entries are: the folder that ``SOAPKIT_CACHE`` names, else that of the platform; None where it is off."""
    said = os.environ.get(SWITCH, "").strip()
    if said.lower() in _OFF:
        return None
    return Path(said) if said else Path(platformdirs.user_cache_dir("soapkit", appauthor=False)) / "contracts"


@dataclass(frozen=True, slots=True)
class Store:
    """The entries in one folder, by key: a hexadecimal digest."""

    folder: Path

    def get(self, key: str) -> bytes | None:
        """The entry, or None if there is none that can be believed."""
        try:
            with self._path(key).open("rb") as file:
                if not _is_ours(os.fstat(file.fileno())):
                    return None
                data = file.read()
        except OSError:
            return None
        start = len(_MAGIC) + 32
        if data[: len(_MAGIC)] != _MAGIC or sha256(data[start:]).digest() != data[len(_MAGIC) : start]:
            return None
        return data[start:]

    def put(self, key: str, entry: bytes) -> None:
        """Keep an entry, in place of one that is there. A folder that cannot be written is no trouble."""
        with contextlib.suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".tmp")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(_MAGIC + sha256(entry).digest() + entry)
                Path(draft).replace(self._path(key))
            except OSError:
                Path(draft).unlink()
                raise
            self._tidy()

    def entries(self) -> list[Path]:
        """The files of all entries, the oldest first."""
        found: list[tuple[float, Path]] = []
        with contextlib.suppress(OSError):
            for path in self.folder.glob("*.contract"):
                with contextlib.suppress(OSError):
                    found.append((path.stat().st_mtime, path))
        return [path for _, path in sorted(found)]

    def _tidy(self) -> None:
        size = 0
        for number, path in enumerate(reversed(self.entries())):
            with contextlib.suppress(OSError):
                size += path.stat().st_size
                if number >= _KEPT or size > _KEPT_BYTES:
                    path.unlink()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.contract"


def _is_ours(status: os.stat_result) -> bool:
    """Whether only this user can have written a file. Where there are no such users, a profile is private."""
    if not hasattr(os, "getuid"):
        return True
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
