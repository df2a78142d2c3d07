"""The stacks that are measured, one file each, behind one function: ``prepare() -> Tasks``.

`prepare` raises `ImportError` where the peer is not installed.
"""
