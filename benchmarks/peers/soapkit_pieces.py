"""soapkit, asked for one message: the first of its kind, which is read in pieces where it is large."""

from __future__ import annotations

from workload import Tasks

from peers import soapkit


def prepare() -> Tasks:
    """Decode alone."""
    return {name: task for name, task in soapkit.prepare().items() if name.startswith("decode")}
