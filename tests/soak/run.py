"""What a service is put through, and what happened: ``make soak``.

python tests/soak/run.py --seconds 60                     all of it; those that take time take so many seconds each
python tests/soak/run.py killed redis --seconds 10        some of it
python tests/soak/run.py echoes --requests 1000000        so many at least, however long that takes
python tests/soak/run.py --write docs/reliability.rst     and write the table into the page
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import textwrap
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.soak import callers, processes  # noqa: E402  # found through the line above

SCENARIOS: dict[str, Callable[[Path, float], Awaitable[str]]] = {
    "killed": processes.workers_are_killed,
    "redis": processes.redis_goes_and_comes,
    "crash": callers.handlers_crash,
    "heads": callers.heads_never_end,
    "bodies": callers.bodies_never_end,
    "half": callers.bodies_are_half,
    "cut": callers.replies_are_cut,
    "fail": callers.handlers_fail,
    "hang": callers.handlers_hang,
    "many": callers.many_at_once,
    "memory": processes.memory_stays,
    "echoes": processes.echoes_leave_memory,
}

_BEGINS, _ENDS = ".. written by make soak: begins\n", ".. written by make soak: ends\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", default=[*SCENARIOS], metavar="|".join(SCENARIOS))
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--write", type=Path, metavar="RST")
    parser.add_argument("--requests", type=int, default=20_000, help="echoes that memory is watched under, at least")
    options = parser.parse_args()
    scenarios = SCENARIOS | {"echoes": partial(processes.echoes_leave_memory, at_least=options.requests)}
    rows, failed = [], []
    for name in options.scenarios:
        done, begun = SCENARIOS[name].__doc__ or name, time.monotonic()
        try:
            with tempfile.TemporaryDirectory(prefix="soapkit-soak-") as folder:
                happened = asyncio.run(scenarios[name](Path(folder), options.seconds))
        except Exception as error:
            failed.append(name)
            happened = f"FAILED: {type(error).__name__}: {error}"
        print(f"{name} ({time.monotonic() - begun:.0f} s): {done}\n    {happened}", flush=True)
        rows.append((done, happened))
    if options.write is not None and not failed:
        before, _, rest = options.write.read_text(encoding="utf-8").partition(_BEGINS)
        _, _, after = rest.partition(_ENDS)
        options.write.write_text(f"{before}{_BEGINS}\n{table(rows)}\n{_ENDS}{after}", encoding="utf-8")
    print(f"failed: {', '.join(failed)}" if failed else "all as it must be")
    return bool(failed)


def table(rows: list[tuple[str, str]], widths: tuple[int, int] = (44, 72)) -> str:
    """A table of reStructuredText."""
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    lines = [rule]
    for row in [("what was done", "what happened"), *rows]:
        cells = [textwrap.wrap(text, width, break_on_hyphens=False) for text, width in zip(row, widths, strict=True)]
        for at in range(max(map(len, cells))):
            texts = (cell[at] if at < len(cell) else "" for cell in cells)
            padded = (text.ljust(width) for text, width in zip(texts, widths, strict=True))
            lines.append(f"| {' | '.join(padded)} |")
        lines.append(rule)
    lines[lines.index(rule, 1)] = rule.replace("-", "=")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
