"""Take every usable contract of the corpus through the journey, and print how many of how many.

python tests/corpus/run.py                     all of them, on both cores; writes docs/corpus.rst
python tests/corpus/run.py --sample            a fixed, stratified sixth: what CI runs
python tests/corpus/run.py --only SUBSTRING    those whose path holds a text
python tests/corpus/run.py --resume            go on where the last run was stopped
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
SHARED = ROOT.parent / "shared"
BUILD = ROOT / "build" / "corpus"
KNOWN = Path(__file__).resolve().with_name("known_failures.tsv")
SECONDS = 240  # for one contract; a journey that takes longer has failed

PAGE = """\
The corpus
==========

Real contracts, taken through the whole way: loaded (leniently), generated, imported, type-checked (``mypy --strict``);
a sample request and reply of every document and rpc/literal operation is made, validated with libxml2 against the
contract's schema, decoded and encoded again, and compared. Written by ``make corpus``. ::

{figures}

Contracts that do not load
--------------------------

{refused}

Recorded messages
-----------------

Messages that were recorded or written for these contracts: valid or not is said by libxml2, on the schema that soapkit
writes of the contract, and by xmlschema where libxml2 and the decoder are of two opinions. *Same infoset*: encoding
what was decoded gives the same elements, attributes and values, QNames in content resolved. *Same value*: what it gives
decodes to the same again. ::

{messages}

Valid ones of which the infoset is not the same, each with what differs:

{differing}

Where xmlschema overruled libxml2:

{overruled}
"""

sys.path.insert(0, str(Path(__file__).resolve().parent))

from messages import bound_messages, message_failures, message_table, read_messages, second_opinions  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", action="store_true", help="a fixed sixth, spread over all kinds")
    parser.add_argument("--only", default="", help="contracts whose path holds this text")
    parser.add_argument("--resume", action="store_true", help="go on where the last run was stopped")
    parser.add_argument("--types", action="store_true", help="type-check the generated packages too")
    parser.add_argument("--write", metavar="RST", help="write the table here, and what fails to known_failures.tsv")
    parser.add_argument("--check", action="store_true", help="fail where a contract that worked stops working")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    if not (SHARED / "unpack").exists():
        print("../shared is not here: nothing to run")
        return 1 if os.environ.get("SOAPKIT_PEERS") == "required" else 0
    printed = subprocess.run([SHARED / "unpack", "corpus"], capture_output=True, text=True, check=True)
    corpus = Path(printed.stdout.strip())
    paths = sorted(row["path"] for row in usable() if options.only in row["path"])
    if options.sample:
        paths = paths[::6]
    BUILD.mkdir(parents=True, exist_ok=True)
    log = BUILD / "results.jsonl"
    done = _done(log) if options.resume else {}
    if not options.resume:
        log.unlink(missing_ok=True)
    for result in travelled(corpus, [path for path in paths if path not in done], log, options.jobs):
        done[result["path"]] = result
    results = [done[path] for path in paths if path in done]
    if options.types:
        add_types(results)
    figures = table(results)
    print(figures)
    print(reasons(results))
    outcomes = read_messages_of(corpus, options.only, options.jobs)
    print(message_table(outcomes))
    for path, reason in message_failures(outcomes):
        print(f"  {path}: {reason}")
    if options.write:
        write(Path(options.write), figures, results, outcomes)
    return checked(results, outcomes) if options.check else 0


def read_messages_of(corpus: Path, only: str, jobs: int) -> list[dict[str, Any]]:
    """What became of the recorded messages. They are quick: a sample takes all of them."""
    groups = [(path, rows) for path, rows in bound_messages(corpus).items() if only in path]
    groups.sort(key=lambda group: -len(group[1]))
    work = partial(messages_read, str(corpus))
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=25) as pool:
        return [outcome for found in pool.imap_unordered(work, groups) for outcome in found]


def messages_read(corpus: str, group: tuple[str, list[dict[str, str]]]) -> list[dict[str, Any]]:
    """The messages of one contract, in a process of the pool."""
    found = [asdict(each) for each in read_messages(Path(corpus), *group, BUILD / "packages")]
    return json.loads(json.dumps(found).replace(f"{corpus}/", ""))  # type: ignore[no-any-return]


def usable() -> Iterator[dict[str, str]]:
    """The rows of the index that are well-formed and whose imports are at hand."""
    with (SHARED / "corpus" / "INDEX.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["imports_resolved"] == "yes" and row["wellformed"] == "yes":
                yield row


def travelled(corpus: Path, paths: list[str], log: Path, jobs: int) -> Iterator[dict[str, Any]]:
    """The journeys of these contracts, as each ends; kept in a log as they come, for --resume."""
    started = time.monotonic()
    context = multiprocessing.get_context("spawn")
    work = partial(travelled_one, str(corpus))
    with context.Pool(jobs, maxtasksperchild=25) as pool, log.open("a", encoding="utf-8") as file:
        for number, result in enumerate(pool.imap_unordered(work, paths), 1):
            file.write(json.dumps(result) + "\n")
            file.flush()
            if sys.stderr.isatty() or number % 100 == 0:
                print(f"{number} of {len(paths)}, {time.monotonic() - started:.0f} s", file=sys.stderr)
            yield result


def travelled_one(corpus: str, path: str) -> dict[str, Any]:
    """One journey, in a process of the pool, within its time."""
    from journey import Journey, travel

    def late(*_: object) -> None:
        raise TimeoutError(f"more than {SECONDS} s")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        journey = travel(Path(corpus), path, BUILD / "packages")
    except TimeoutError as error:
        journey = Journey(path, failures=[str(error)])
    finally:
        signal.alarm(0)
    # Reasons name files; the folder they were unpacked to is this machine's affair.
    return json.loads(journey.to_json().replace(f"{corpus}/", ""))  # type: ignore[no-any-return]


def add_types(results: list[dict[str, Any]]) -> None:
    """Put the number of errors that mypy --strict finds in each generated package, in batches, into its result."""
    packages = {result["package"]: result for result in results if result["imported"]}
    errors: Counter[str] = Counter()
    names = list(packages)
    for start in range(0, len(names), 60):
        batch = names[start : start + 60]
        command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--config-file="]
        run = subprocess.run(
            [*command, *(word for package in batch for word in ("-p", package))],
            cwd=BUILD / "packages",
            env={**os.environ, "MYPYPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        found = [line for line in run.stdout.splitlines() if ": error:" in line]
        errors.update(line.partition("/")[0] for line in found)
        for line in found[:20]:
            print(line, file=sys.stderr)
        if run.returncode not in (0, 1):
            raise SystemExit(f"mypy failed: {run.stdout[-2000:]} {run.stderr[-2000:]}")
    for package, result in packages.items():
        result["typed"] = errors[package] == 0


def table(results: list[dict[str, Any]]) -> str:
    """How many of how many."""
    offering = [result for result in results if result["operations"]]
    lines = [
        _line("contracts load", sum(result["loaded"] for result in results), len(results)),
        _line("operations offered", sum(result["operations"] for result in results), None),
        _line("problems told", sum(result["told"] for result in results), None),
        _line("packages generate", sum(result["generated"] for result in offering), len(offering)),
        _line("packages import", sum(result["imported"] for result in offering), len(offering)),
    ]
    typed = [result["typed"] for result in results if "typed" in result]
    if typed:
        lines.append(_line("packages type-check", sum(typed), len(typed)))
    for step, words in (("samples", "samples valid"), ("trips", "round trips the same")):
        good = sum(result[step]["good"] for result in results)
        lines.append(_line(words, good, sum(result[step]["total"] for result in results)))
    return "\n".join(lines)


def reasons(results: list[dict[str, Any]]) -> str:
    """The slowest contracts, then each failure with its reason."""
    slow = sorted(results, key=lambda result: -sum(result["seconds"].values()))[:5]
    lines = ["", "slowest:"] + [f"  {sum(r['seconds'].values()):6.1f} s  {r['path']} {r['seconds']}" for r in slow]
    lines += ["", "failures:"]
    for result in results:
        for failure in [*result["failures"], *result["samples"]["failures"], *result["trips"]["failures"]]:
            lines.append(f"  {result['path']}: {' '.join(failure.split())}")
    return "\n".join(lines)


def failed_steps(result: dict[str, Any]) -> list[str]:
    """The steps that did not go well."""
    steps = []
    if not result["loaded"]:
        return ["load"]
    if result["operations"] and not result["imported"]:
        steps.append("generate")
    if not result.get("typed", True):
        steps.append("types")
    for step in ("samples", "trips"):
        if result[step]["good"] != result[step]["total"]:
            steps.append(step)
    return steps


def write(page: Path, figures: str, results: list[dict[str, Any]], outcomes: list[dict[str, Any]]) -> None:
    """Write the page of the documentation, and the list that --check compares with."""
    rows = [(result["path"], failed_steps(result), result) for result in results]
    known = [(path, " ".join(steps)) for path, steps, _ in rows if steps]
    known += [(path, "message") for path, _ in message_failures(outcomes)]
    KNOWN.write_text("".join(f"{path}\t{steps}\n" for path, steps in sorted(known)), encoding="utf-8")
    refused = [(path, result) for path, steps, result in rows if steps == ["load"]]
    page.write_text(
        PAGE.format(
            figures=_indented(figures),
            refused=_bullets((path, result["failures"][0]) for path, result in refused),
            messages=_indented(message_table(outcomes)),
            differing=_bullets(message_failures(outcomes)),
            overruled=_bullets(second_opinions(outcomes)),
        ),
        encoding="utf-8",
    )


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _bullets(rows: Iterable[tuple[str, str]]) -> str:
    """One line a row: what, and why."""
    plain = ((name, " ".join(words.split())[:300].replace("`", "'").replace("*", " ")) for name, words in rows)
    return "\n".join(f"* ``{name}``: {words}" for name, words in plain) or "None."


def checked(results: list[dict[str, Any]], outcomes: list[dict[str, Any]]) -> int:
    """1 if a contract or a message fails at a step at which it did not fail when the list was written."""
    known = dict(line.split("\t") for line in KNOWN.read_text(encoding="utf-8").splitlines())
    worse = [
        f"{result['path']}: {step} worked, and works no more"
        for result in results
        for step in failed_steps(result)
        if step not in known.get(result["path"], "").split()
    ]
    worse += [f"{path}: {reason}" for path, reason in message_failures(outcomes) if path not in known]
    total = len(results) + len(outcomes)
    print("\n".join(["", *worse, f"{total - len(worse)} passed, {len(worse)} failed"]))
    return 1 if worse else 0


def _line(words: str, good: int, total: int | None) -> str:
    if total is None:
        return f"{words:24} {good:>7,}"
    share = 100 * good / total if total else 100.0
    return f"{words:24} {good:>7,} of {total:>7,}  {share:6.2f} %"


def _done(log: Path) -> dict[str, dict[str, Any]]:
    if not log.exists():
        return {}
    return {result["path"]: result for result in map(json.loads, log.read_text(encoding="utf-8").splitlines())}


if __name__ == "__main__":
    sys.exit(main())
