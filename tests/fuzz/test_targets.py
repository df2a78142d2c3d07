"""No target breaks: not for what once broke it, nor for some damaged inputs; `make fuzz` asks for longer."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from targets import TARGETS  # noqa: E402  a script's neighbour, no package

FOUND = sorted(path for path in (HERE / "found").glob("*/*") if path.parent.name in TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_bears_its_seeds_and_what_comes_of_them(name: str) -> None:
    target, chance = TARGETS[name], random.Random(11)
    seeds = list(target.seeds())
    for seed in seeds:
        target.ask(seed)
    for _ in range(1_500):
        target.ask(target.mutate(chance.choice(seeds), chance))


@pytest.mark.parametrize("path", FOUND, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_once_broke_a_target_breaks_it_no_more(path: Path) -> None:
    TARGETS[path.parent.name].ask(path.read_bytes())
