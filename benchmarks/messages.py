"""Messages: encode, decode, serve and whole calls, side by side with the peers, in process."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping

from bars import FOUND
from tables import Table, duration, ratio
from timing import measure
from workload import SIZES, Tasks, check

PEERS = {
    "lxml": "lxml",
    "soapkit": "soapkit",
    "soapkit_tree": "soapkit, over the tree",
    "zeep": "zeep",
    "xsdata": "xsdata",
    "pydantic_xml": "pydantic-xml",
    "suds": "suds",
    "spyne": "spyne",
}
FLOOR = {"encode": "tostring", "decode": "bare parse"}

Times = Mapping[tuple[str, str], float]
"""CPU seconds by peer and task."""


def prepared() -> dict[str, Tasks]:
    """The tasks of each peer that is installed; one that is missing is told."""
    found = {}
    for peer in PEERS:
        try:
            tasks = importlib.import_module(f"peers.{peer}").prepare()
        except ImportError as error:
            print(f"{peer} is not measured: {error}")
            continue
        check(peer, tasks)
        found[peer] = tasks
    return found


def message_tables(rounds: int, only: Collection[str]) -> list[Table]:
    """A table for each verb that was asked for."""
    tasks = {
        (peer, name): task
        for peer, mine in prepared().items()
        for name, task in mine.items()
        if not only or name.partition(" ")[0] in only
    }
    times: Times = measure(tasks, rounds)
    _tell(times)
    return [
        *(_against_floor(times, verb, said) for verb, said in FLOOR.items() if ("lxml", f"{verb} echo") in times),
        *(_against_soapkit(times, verb) for verb in ("serve", "call") if ("soapkit", f"{verb} echo") in times),
        *_round_trip(times),
    ]


def _tell(times: Times) -> None:
    """What the bars ask for."""

    def over(name: str, one: str, other: str, task: str) -> None:
        if (one, task) in times and (other, task) in times:
            FOUND[name] = times[one, task] / times[other, task]

    decode = "decode 100 records"
    over(f"{decode}, in bare parses", "soapkit", "lxml", decode)
    over(f"{decode} over the tree, in bare parses", "soapkit_tree", "lxml", decode)
    over(f"{decode}, times faster than zeep", "zeep", "soapkit", decode)
    over(f"{decode} over the tree, times faster than zeep", "zeep", "soapkit_tree", decode)
    over(f"{decode} over the tree, times faster than xsdata", "xsdata", "soapkit_tree", decode)
    for size in SIZES:
        over(f"encode {size}, times faster than zeep", "zeep", "soapkit", f"encode {size}")


def _against_floor(times: Times, verb: str, said: str) -> Table:
    words = {"encode": "Values -> bytes of a request", "decode": "Bytes of a reply -> typed values"}
    return Table(
        verb.capitalize(),
        f"{words[verb]}; the time of lxml's {said} of the same message is 1.",
        ["stack", *SIZES],
        [
            [
                f"lxml {said}" if peer == "lxml" else name,
                *(_over(times, peer, "lxml", f"{verb} {size}", absolute=peer == "lxml") for size in SIZES),
            ]
            for peer, name in PEERS.items()
            if (peer, f"{verb} echo") in times
        ],
    )


def _against_soapkit(times: Times, verb: str) -> Table:
    words = {
        "serve": "Bytes of a request in a WSGI environment -> bytes of the reply of a service that echoes",
        "call": "A client's whole call over a transport that answers at once",
    }
    return Table(
        verb.capitalize(),
        f"{words[verb]}; soapkit's time is 1.",
        ["stack", *SIZES],
        [
            [
                peer,
                *(_over(times, peer, "soapkit", f"{verb} {size}", absolute=peer == "soapkit") for size in SIZES),
            ]
            for peer in PEERS
            if (peer, f"{verb} echo") in times
        ],
    )


def _round_trip(times: Times) -> list[Table]:
    """How many times faster than each peer encoding and decoding together are: what is aimed at."""
    both = {
        peer: [times[peer, f"encode {size}"] + times[peer, f"decode {size}"] for size in SIZES]
        for peer in PEERS
        if (peer, "encode echo") in times and (peer, "decode echo") in times and peer != "lxml"
    }
    if "soapkit" not in both:
        return []
    rows = [
        [peer, *(ratio(theirs / ours) for theirs, ours in zip(both[peer], both["soapkit"], strict=True))]
        for peer in both
        if peer != "soapkit"
    ]
    return [
        Table(
            "Encode and decode together",
            "How many times faster soapkit is than each peer (bars: zeep 4 for the echo, 8 for 100 records).",
            ["stack", *SIZES],
            rows,
        )
    ]


def _over(times: Times, peer: str, floor: str, name: str, *, absolute: bool) -> str:
    said = ratio(times[peer, name] / times[floor, name])
    return f"{said} ({duration(times[peer, name])})" if absolute else said
