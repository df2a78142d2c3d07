"""Fuzzes each target for a time: ``python tests/fuzz/run.py [--seconds 60] [--seed N] [TARGET ...]``; `make fuzz`.

With atheris (Python 3.11), coverage of soapkit leads; without it, mutations are random. What breaks a target is written
to ``tests/fuzz/found/TARGET/``, where `test_targets.py` asks with it from then on.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
FOUND = HERE / "found"
NAMES = ("front_door", "multipart", "codings", "lexical", "decoder", "template")  # of `targets.TARGETS`
DIFFERENTIAL = ("fuzz_plain_messages", "fuzz_large_messages", "fuzz_canonical_forms", "fuzz_met_headers")
CHUNK = 500  # examples of a differential run between two looks at the clock


def guided(name: str, seconds: int, seed: int) -> None:
    """Fuzz one target with atheris. Ends the process, with its own status."""
    import atheris

    with atheris.instrument_imports(include=["soapkit"]):
        from targets import TARGETS

    target = TARGETS[name]

    def mutate(data: bytes, most: int, number: int) -> bytes:
        chance = random.Random(number)
        return target.mutate(data, chance)[:most] if chance.random() < 0.7 else atheris.Mutate(data, most)

    found = FOUND / name
    found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for number, data in enumerate(target.seeds()):
            Path(corpus, str(number)).write_bytes(data)
        options = [f"-max_total_time={seconds}", f"-seed={seed}", f"-artifact_prefix={found}/", "-max_len=16384"]
        limits = ["-timeout=10", "-rss_limit_mb=2048", "-verbosity=0", "-print_final_stats=1"]
        atheris.Setup([name, *options, *limits, corpus], target.ask, custom_mutator=mutate)
        atheris.Fuzz()


def unguided(name: str, seconds: float, seed: int) -> int:
    """Fuzz one target with random mutations; how many there were. What breaks it is kept, then raised."""
    from targets import TARGETS

    target, chance, until, count = TARGETS[name], random.Random(seed), time.monotonic() + seconds, 0
    pool = list(target.seeds())
    while time.monotonic() < until:
        data = target.mutate(chance.choice(pool), chance)
        try:
            target.ask(data)
        except BaseException:
            (FOUND / name).mkdir(parents=True, exist_ok=True)
            (FOUND / name / f"crash-{hashlib.sha1(data, usedforsecurity=False).hexdigest()}").write_bytes(data)
            raise
        count += 1
    return count


def differential(name: str, seconds: float, seed: int) -> int:
    """Ask two readers about damaged messages; how many there were."""
    module, until, count = importlib.import_module(name), time.monotonic() + seconds, 0
    while time.monotonic() < until:
        module.run(CHUNK, seed + count)
        count += CHUNK
    return count


def run_one(name: str, seconds: int, seed: int) -> None:
    """One target, in this process."""
    if name in DIFFERENTIAL:
        print(f"{differential(name, seconds, seed):,} messages")
    elif importlib.util.find_spec("atheris") is not None:
        guided(name, seconds, seed)
    else:
        print(f"{unguided(name, seconds, seed):,} inputs, without atheris")


def main() -> int:
    """Each target in a process of its own. Nothing of soapkit is imported in this one: atheris must see it come."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", default=[*NAMES, *DIFFERENTIAL])
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**31)
    parser.add_argument("--here", action="store_true", help="in this process: one target")
    given = parser.parse_args()
    if given.here:
        run_one(given.targets[0], given.seconds, given.seed)
        return 0
    failed = []
    for name in given.targets:
        print(f"== {name}: seed {given.seed}, {given.seconds} s", flush=True)
        command = [sys.executable, __file__, "--here", f"--seconds={given.seconds}", f"--seed={given.seed}", name]
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
        if (FOUND / name).is_dir() and not any((FOUND / name).iterdir()):
            (FOUND / name).rmdir()
    print(f"broken: {', '.join(failed)}" if failed else "nothing broke")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
