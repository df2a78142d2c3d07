"""Side by side with zeep, Spyne, suds-community, xsdata and pydantic-xml: ratios, charts, docs/performance.rst.

python benchmarks/run.py                        everything; writes docs/performance.rst
python benchmarks/run.py --quick                fewer rounds; writes nothing
python benchmarks/run.py --only encode decode   some of it; writes nothing
"""

from __future__ import annotations

import argparse
import logging
import warnings
from collections.abc import Callable, Mapping

from bars import bars_table
from binary import binary_tables
from charts import draw
from contracts import contract_tables
from documents import document_tables
from endurance import endurance_tables
from imports import import_table
from large import large_tables
from messages import message_tables
from report import PAGE, circumstances, write
from security import security_tables
from server import server_tables
from tables import Table
from wss4j import wss4j_tables

VERBS = ["encode", "decode", "serve", "call"]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds: a look, not a result; writes nothing")
    parser.add_argument("--only", nargs="+", choices=[*VERBS, *PARTS], default=[], help="measure these; write nothing")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # those of the peers
    logging.disable(logging.WARNING)
    rounds = 3 if options.quick else 15
    print(circumstances())
    tables = measured(rounds, options.only)
    if not options.quick and not options.only:
        write(tables)
        draw(tables)
        print(f"\nwritten to {PAGE.relative_to(PAGE.parent.parent)}")


def measured(rounds: int, only: list[str]) -> list[Table]:
    """The tables that were asked for, each printed as it is ready."""
    tables = []
    verbs = [name for name in only if name in VERBS]
    if verbs or not only:
        tables += told(message_tables(rounds, verbs))
    for name, part in PARTS.items():
        if not only or name in only:
            tables += told(part(rounds))
    return tables + told(bars_table())


def told(tables: list[Table]) -> list[Table]:
    for table in tables:
        print(table.as_text())
    return tables


PARTS: Mapping[str, Callable[[int], list[Table]]] = {
    "imports": lambda rounds: [import_table(rounds)],
    "large": large_tables,
    "binary": binary_tables,
    "security": lambda rounds: [
        *security_tables(rounds),
        *wss4j_tables(rounds),
        *document_tables(rounds),
        *endurance_tables(rounds),
    ],
    "contracts": contract_tables,
    "server": server_tables,
}


if __name__ == "__main__":
    main()
