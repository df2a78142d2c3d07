"""The whole chain against Apache WSS4J in a warm JVM: sign and encrypt, decrypt and verify, in one run with ours.

The JVM runs hosts/Wss4jChain.java; Maven fetches WSS4J once, as the tests of tests/interop do. Its time is that of the
thread that does the work: what its garbage collector and its compiler take beside it is not counted.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

from bars import FOUND
from hosting import HERE, HOSTS, CannotStart
from security import OURS, Sides, believe, plain_messages, secure
from tables import Table, duration, ratio
from timing import sample

from soapkit.security import KeyPair, TrustStore
from soapkit.security.throwaway import write_keys

WARMING = {"10 kB": 3000, "1 MB": 60}
RUNS = {"10 kB": 25, "1 MB": 2}
STEPS = ["secure", "believe"]
PASSWORD = "changeit"


def wss4j_tables(rounds: int) -> list[Table]:
    """One table: each half of the chain, and the whole, on both sides; none where there is no JVM or no WSS4J."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_keys(folder, ["alice"], password=PASSWORD)
        try:
            peer = Peer(folder)
        except CannotStart as error:
            print(f"WSS4J is not measured: {error}")
            return []
        try:
            return [_table(_measured(peer, folder, max(3, rounds // 3)))]
        finally:
            peer.close()


class Peer:
    """The driver, running, with a file for each plain message. Raises `CannotStart`."""

    def __init__(self, folder: Path) -> None:
        sys.path.append(str(HERE.parent))  # the tests are no package that is installed
        from tests.interop.java_driver import JAVA, Driver, built

        jars = built(HOSTS, "Wss4jChain", "WSS4J", _missing, JAVA / "pom.xml")
        self._driver = Driver(jars, "Wss4jChain", str(folder), options=())  # with all of its compilers
        self._folder = folder

    def run(self, step: str, size: str, rounds: int) -> float:
        """CPU seconds of a round."""
        (nanoseconds,) = self._ask(step, self._plain(size), str(rounds))
        return int(nanoseconds) / 1e9

    def secured(self, size: str) -> bytes:
        """What it secured last."""
        made = self._folder / "made.xml"
        self._ask("write", self._plain(size), str(made))
        return made.read_bytes()

    def close(self) -> None:
        self._driver.close()

    def _plain(self, size: str) -> str:
        path = self._folder / f"{size}.xml"
        if not path.exists():
            path.write_bytes(plain_messages()[size])
        return str(path)

    def _ask(self, *words: str) -> list[str]:
        answer: list[str] = self._driver.ask(*words)
        assert answer[0] == "ok", f"WSS4J: {answer}"
        return answer[1:]


def _missing(what: str) -> NoReturn:
    raise CannotStart(f"{what} is not here")


def _measured(peer: Peer, folder: Path, rounds: int) -> dict[tuple[str, str, str], float]:
    """Seconds by stack, step and size, warm, in turns: the least (see `timing.measure`)."""
    alice = KeyPair.load(folder / "alice.p12", PASSWORD)
    sides = Sides.of(alice, TrustStore.load(folder / "ca.pem"))
    samples: dict[tuple[str, str, str], list[float]] = {}
    for size, data in plain_messages().items():
        for step in STEPS:
            peer.run(step, size, WARMING[size])
        assert believe(sides.believing, peer.secured(size)).body[0].tag.endswith("echoAll")
        secured = secure(sides.securing, data)
        tasks = {
            "secure": lambda data=data: secure(sides.securing, data),
            "believe": lambda secured=secured: believe(sides.believing, secured),
        }
        for task in tasks.values():
            task()
        for _ in range(rounds):
            for step in STEPS:
                samples.setdefault((OURS, step, size), []).append(sample(tasks[step], RUNS[size]))
                samples.setdefault(("WSS4J", step, size), []).append(peer.run(step, size, RUNS[size]))
    return {name: min(found) for name, found in samples.items()}


def _table(times: dict[tuple[str, str, str], float]) -> Table:
    rows = []
    for size in WARMING:
        halves = {stack: [times[stack, step, size] for step in STEPS] for stack in (OURS, "WSS4J")}
        FOUND[f"secure and believe {size}, in WSS4J's time"] = sum(halves[OURS]) / sum(halves["WSS4J"])
        words = [f"sign and encrypt {size}", f"decrypt and verify {size}", f"both {size}"]
        costs: dict[str, list[Any]] = {stack: [*each, sum(each)] for stack, each in halves.items()}
        rows += [
            [word, duration(ours), duration(theirs), ratio(ours / theirs)]
            for word, ours, theirs in zip(words, costs[OURS], costs["WSS4J"], strict=True)
        ]
    note = (
        f"WSS4J 4 in a JVM warmed by {WARMING['10 kB']:,} messages of 10 kB and {WARMING['1 MB']} of 1 MB: Body and "
        "Timestamp signed, Body encrypted, as above. The last column is soapkit's time in multiples of WSS4J's."
    )
    return Table("WS-Security and WSS4J", note, ["step", "soapkit", "WSS4J", "ratio"], rows)
