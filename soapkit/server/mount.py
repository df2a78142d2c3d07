"""Where a request stands: the path that the caller used, and what of it is below the mount point.

ASGI 3 says that ``path`` includes ``root_path``. Hosts that mount applications keep to that, or not:

    Starlette, FastAPI      path /soap/bank    root_path /soap         as ASGI says
    behind a proxy          path /soap/bank    root_path /api/soap     /api was taken off before us
    Litestar                path /bank/        root_path               /soap is left in raw_path only
    older Starlette         path /bank         root_path /soap         the path is cut
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote


class Standing(NamedTuple):
    """`full`: the path that the caller used, percent-decoded; `inner`: what of it is below the mount point."""

    full: str
    inner: str


def standing(path: str, root: str, raw: bytes = b"") -> Standing:
    """Where a request stands, of what its host says: ASGI's ``path``, ``root_path`` and ``raw_path``.

    >>> standing("/soap/bank", "/soap", b"/soap/bank")
    Standing(full='/soap/bank', inner='/bank')
    """
    if not root and raw == path.encode():
        return Standing(path, path)
    sent = unquote(raw.partition(b"?")[0].decode("latin-1"))
    cut = sent.rstrip("/").endswith(path.rstrip("/")) and len(sent.rstrip("/")) > len(path.rstrip("/"))
    if sent and cut:
        return Standing(sent, path)
    for mounted in _endings(root.rstrip("/")):
        if path == mounted or path.startswith(f"{mounted}/"):
            return Standing(root.rstrip("/").removesuffix(mounted) + path, path[len(mounted) :])
    return Standing(root.rstrip("/") + path, path)


def _endings(root: str) -> Iterator[str]:
    """``/api/soap``, ``/soap``: a path and what is left of it, from the left."""
    while root:
        yield root
        slash = root.find("/", 1)
        root = root[slash:] if slash > 0 else ""
