"""How many of how many vectors are believed, by stack: ``python tests/vectors/run.py [--write docs/vectors.rst]``.

Needs ../shared. Prints the table and, of those that are right and yet not believed, the reason.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))
from catalog import Vector, vectors
from contracts import Tally, tallies

from soapkit.errors import SoapkitError

SHARED = Path(__file__).resolve().parents[3] / "shared"


@dataclass(frozen=True)
class Outcome:
    """What came of one vector: what of it is believed, or why it is refused."""

    vector: Vector
    believed: frozenset[str]
    error: str = ""

    @property
    def is_wrong(self) -> bool:
        """A damaged one that was believed: none may be."""
        return self.vector.damaged and bool(self.believed)

    @property
    def is_missed(self) -> bool:
        """A right one that was not believed."""
        return not self.vector.damaged and not self.believed


def ask(vector: Vector) -> Outcome:
    try:
        return Outcome(vector, frozenset(vector.ask(vector.data)))
    except SoapkitError as error:
        return Outcome(vector, frozenset(), str(error))


# What an error comes to, as a reason for the page. In this order.
REASONS = {
    r"DOCTYPE": "carries a DOCTYPE, which is never read",
    r"md5": "MD5, which no profile has",
    r"no canonical form": "its namespaces are relative URIs, for which there is no canonical form (xmlsec says so too)",
    r"expected XML|not well-formed": "is not well-formed",
    r"found URI '(?!#)": "signs something outside the document, which is never fetched",
    r"signed comments": "signs comments, which nobody would see",
    r"transform .* is (never run|not)": "chooses what it signs by XPath, which is never run",
    r"has 512 bits|has 768 bits|has 1000 bits": "an RSA key of less than 1024 bits",
    r"is not that of|was altered": "is not right, which xmlsec says too: its makers mend it in their test",
    r"key agreement algorithm": "a key that is agreed on over finite fields, which nobody uses any more",
    r"KeyInfo has nothing": "is encrypted once more, and says nothing of the key, as its makers want it",
    r"CipherReference": "chooses its octets by XPath, which is never run",
    r"not among the vectors": "the certificate in it is a placeholder",
    r"comments": "has a comment inside its DigestValue",
}


def reason(outcome: Outcome) -> str:
    return next((said for found, said in REASONS.items() if re.search(found, outcome.error)), outcome.error)


def page(outcomes: Iterable[Outcome], contracts: Sequence[Tally]) -> str:
    """docs/vectors.rst."""
    by_stack: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_stack[outcome.vector.stack].append(outcome)
    head = ("vectors", "files", "verified", "decrypted", "refused as they must be", "right, and not believed")
    rows = [(stack, *map(str, counts(found))) for stack, found in by_stack.items()]
    total = ("all", *map(str, counts([outcome for found in by_stack.values() for outcome in found])))
    lines = [*HEAD, *table(head, [*rows, total]), "", "Why some are not believed", "-------------------------", ""]
    for stack, found in by_stack.items():
        missed: dict[str, list[str]] = defaultdict(list)
        for outcome in found:
            if outcome.is_missed:
                missed[reason(outcome)].append(outcome.vector.name)
        for said, names in sorted(missed.items()):
            lines += [f"* {stack}: {len(names)} {said}:", *wrapped(names)]
    return "\n".join([*lines, *contracts_told(contracts)]) + "\n"


def contracts_told(found: Sequence[Tally]) -> list[str]:
    """How many contracts with policies give settings, and what keeps the others from it."""
    head = ("contracts of CXF's tests", "with policies", "ports with policies", "that give a client settings")
    rows = [(each.folder, *map(str, (each.contracts, each.ports, each.settings))) for each in found]
    total = [sum(getattr(each, name) for each in found) for name in ("contracts", "ports", "settings")]
    reasons: Counter[str] = sum((each.reasons for each in found), Counter())
    told = [f"* {count}: {said}" for said, count in sorted(reasons.items(), key=lambda each: (-each[1], each[0]))]
    return [*CONTRACTS, *table(head, [*rows, ("all", *map(str, total))]), "", OTHERS, "", *told]


HEAD = [
    "Messages and documents of other stacks",
    "======================================",
    "",
    ".. written by tests/vectors/run.py",
    "",
    "Signed and encrypted messages, XML signatures and encrypted documents that other stacks recorded, read by soapkit",
    "under the profile ``legacy``, since most are old. What is right should be believed: a signature that holds,",
    "content that comes out. Damaged ones, and attacks, must be refused.",
    "",
]


CONTRACTS = [
    "",
    "Contracts with policies",
    "-----------------------",
    "",
    "``Security.from_contract`` on every port of CXF's contracts that has a policy, with every key that one may ask",
    "for, and ``allow_rsa_1_5=True``. Which policies were tried against CXF itself is in :doc:`cxf`.",
    "",
]
OTHERS = "The others say why not, by name; ports by reason:"


def counts(found: list[Outcome]) -> tuple[int, int, int, str, str]:
    right = [outcome for outcome in found if not outcome.vector.damaged]
    damaged = [outcome for outcome in found if outcome.vector.damaged]
    refused = sum(not outcome.believed for outcome in damaged)
    return (
        len(found),
        sum("verified" in outcome.believed for outcome in right),
        sum("decrypted" in outcome.believed for outcome in right),
        f"{refused} of {len(damaged)}" if damaged else "",
        str(sum(outcome.is_missed for outcome in right) or ""),
    )


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    bar = "  ".join("=" * width for width in widths)
    text = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [head, *rows]
    ]
    return [bar, text[0], bar, *text[1:], bar]


def wrapped(names: list[str], width: int = 118) -> list[str]:
    lines, line = [], " "
    for name in names:
        said = f" ``{name}``"
        if len(line) + len(said) > width:
            lines, line = [*lines, line], " "
        line += said
    return [*lines, line]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="the page to write")
    given = parser.parse_args()
    if not (SHARED / "unpack").exists():
        print("../shared is not here: there is nothing to read")
        return 0
    printed = subprocess.run([SHARED / "unpack", "vectors"], capture_output=True, text=True, check=True)
    warnings.filterwarnings("ignore", message="Parsed a serial number")
    folder = Path(printed.stdout.strip())
    outcomes = [ask(vector) for vector in vectors(folder)]
    text = page(outcomes, tallies(folder))
    print(text)
    if given.write:
        given.write.write_text(text, encoding="utf-8")
    wrong = [str(outcome.vector) for outcome in outcomes if outcome.is_wrong]
    print("\n".join([f"{len(wrong)} damaged ones believed", *wrong]))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
