"""The bars: what soapkit is to reach, and whether this run reached it."""

from __future__ import annotations

from dataclasses import dataclass

from tables import Table

FOUND: dict[str, float] = {}
"""What was measured, by the names below."""


@dataclass(frozen=True, slots=True)
class Bar:
    """`name`: of the number; `limit`: that it may have at most, or (`least`) must have at least."""

    name: str
    limit: float
    least: bool = False


BARS = [
    Bar("decode 100 records, in bare parses", 1.6),
    Bar("decode 100 records over the tree, in bare parses", 3.2),
    Bar("decode 100 records, times faster than zeep", 25, least=True),
    Bar("decode 100 records over the tree, times faster than zeep", 12, least=True),
    Bar("decode 100 records over the tree, times faster than xsdata", 12, least=True),
    Bar("decode 10 MB, in bare parses", 4.7),
    Bar("decode 10 MB in pieces, in bare parses", 4.7),
    Bar("decode 10 MB, memory in zeep's", 0.5),
    Bar("decode 10 MB in pieces, memory in zeep's", 0.5),
    Bar("encode echo, times faster than zeep", 20, least=True),
    Bar("encode 100 records, times faster than zeep", 20, least=True),
    Bar("encode 10 MB, times faster than zeep", 20, least=True),
    Bar("decode 100 MB, time a byte in that of 10 MB", 1.3),
    Bar("encode 100 MB, time a byte in that of 10 MB", 1.3),
    Bar("send a part of 64 MB, in copies of a file", 2),
    Bar("receive a part of 64 MB, in copies of a file", 2),
    Bar("send a part of 64 MB, MB of memory", 8),
    Bar("receive a part of 64 MB, MB of memory", 8),
    Bar("serve an echo, in fixed replies of uvicorn", 2.5),
    Bar("serve an echo, times less than Spyne", 6, least=True),
    Bar("serve an echo, times less than node-soap", 1, least=True),
    Bar("serve an echo, times less than PHP", 1, least=True),
    Bar("serve an echo, times less than PHP behind nginx", 1, least=True),
    Bar("verify 10 kB, in xmlsec's time", 0.5),
    Bar("sign and encrypt 10 kB, in RSA-2048 signatures", 3),
    Bar("secure and believe 10 kB, in WSS4J's time", 1),
    Bar("secure and believe 1 MB, in WSS4J's time", 1.5),
    Bar("secure and believe 10,000 messages, MB of memory more", 1),
    Bar("of C14N, digests and RSA, how many let other threads run", 3, least=True),
]


def bars_table() -> list[Table]:
    """One table: each bar that was measured, and whether it was reached."""
    rows = []
    for bar in BARS:
        found = FOUND.get(bar.name)
        if found is not None:
            met = found >= bar.limit if bar.least else found <= bar.limit
            wanted = f"at {'least' if bar.least else 'most'} {bar.limit:g}"
            rows.append(
                [bar.name, wanted, f"{found:.1f}" if found >= 1 else f"{found:.2f}", "met" if met else "not met"]
            )
    return [Table("Bars", "What is aimed at, and what this run found.", ["bar", "aim", "found", ""], rows)]
