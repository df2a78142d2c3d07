"""The attacks that take minutes: ``python tests/attacks/run.py [wrapping|zeep ...]``; `make attacks`.

``wrapping``: every variant of the messages that we sign; ``assertions``: of SAML assertions; ``recorded``: of messages
that other stacks signed; ``zeep``: the same against zeep's verification, as a control that they are attacks;
``timing``: whether failures that an oracle would tell apart take the same time, in process. Ends with 1 when a forged
element was believed by soapkit, none by zeep, or times differ.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from lxml import etree

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "vectors"))
from catalog import Vector, Verify, signed_bodies
from oracles import MOST_Z, timed, times_of, told_apart, z_of
from signed_messages import ASSERTIONS, FORGERIES, SHAPES, body_by, find, make
from wrapping import Wrapping, believed

from soapkit.errors import SoapkitError
from tests.parties import NOW, make_keys

TRIES = 3_000
SHARED = Path(__file__).resolve().parents[3] / "shared"


def wrapping() -> bool:
    """Whether nothing forged is believed of the messages that we sign."""
    keys = make_keys()
    made = ((shape, *make(shape, keys, NOW)) for shape in SHAPES)
    return _none_believed((shape.label, Wrapping(message, find(shape.part)), verify) for shape, message, verify in made)


def assertions() -> bool:
    """Whether no forged assertion is believed."""
    keys = make_keys()
    made = ((asserted, *asserted.make(keys, NOW)) for asserted in ASSERTIONS)
    return _none_believed(
        (f"{asserted}, signature {how}", Wrapping(message, find("Assertion"), forgery), verify)
        for (asserted, message, verify), (how, forgery) in itertools.product(made, FORGERIES.items())
    )


def recorded() -> bool:
    """Whether nothing forged is believed of the messages that other stacks signed."""
    return _none_believed(
        (str(vector), Wrapping(vector.data, find("Body")), body_by(verify)) for vector, verify in _recorded()
    )


def _none_believed(attempts: Iterable[tuple[str, Wrapping, Verify]]) -> bool:
    total = fooled = 0
    for label, variants, verify in attempts:
        tried, found = believed(iter(variants), verify, SoapkitError)
        print(f"{label}: {len(found)} of {tried:,} believed {found[:3] or ''}", flush=True)
        total, fooled = total + tried, fooled + len(found)
    print(f"soapkit believes {fooled} of {total:,} forged messages")
    return fooled == 0


def _recorded() -> Iterator[tuple[Vector, Verify]]:
    if not (SHARED / "unpack").exists():
        print("../shared is not here: messages of other stacks are left out")
        return
    printed = subprocess.run([SHARED / "unpack", "vectors"], capture_output=True, text=True, check=True)
    yield from signed_bodies(Path(printed.stdout.strip()))


def zeep() -> bool:
    """Whether zeep believes some: the control."""
    from cryptography.hazmat.primitives.serialization import Encoding
    from zeep.wsse.signature import verify_envelope

    keys = make_keys()
    message, _ = make(SHAPES[0], keys, NOW)
    with tempfile.NamedTemporaryFile(suffix=".pem") as certificate:
        certificate.write(keys.alice.certificate.public_bytes(Encoding.PEM))
        certificate.flush()

        def verify(data: bytes) -> bytes:
            root = etree.fromstring(data)
            verify_envelope(root, certificate.name)
            return etree.tostring(root.find("{*}Body"))

        tried, found = believed(iter(Wrapping(message, find("Body"))), verify, Exception)
    print(f"zeep believes {len(found):,} of {tried:,} forged bodies")
    return bool(found)


def timing() -> bool:
    """Whether refusals that an oracle would tell apart take the same time, and a control that differs is found."""
    keys, alike = make_keys(), True
    for title, attempts in timed(keys, NOW).items():
        farthest = _farthest(times_of(attempts, TRIES))
        print(
            f"{title}: {len(attempts)} kinds of failure, {TRIES:,} tries of each; {farthest[0]:.1f} apart{farthest[1]}"
        )
        alike = alike and farthest[0] < MOST_Z
    control = _farthest(times_of(told_apart(keys, NOW), TRIES))
    print(f"two that differ, the control: {control[0]:.1f} apart; alike is less than {MOST_Z}")
    return alike and control[0] > MOST_Z


def _farthest(found: dict[str, list[int]]) -> tuple[float, str]:
    """The two that differ most: by how much, in standard deviations of a rank sum, and which they are."""
    pairs = itertools.combinations(found, 2)
    apart, first, second = max((abs(z_of(found[first], found[second])), first, second) for first, second in pairs)
    medians = [statistics.median(found[label]) / 1_000 for label in (first, second)]
    return apart, f"({first}: {medians[0]:.1f} us; {second}: {medians[1]:.1f} us)"


ATTACKS: dict[str, Callable[[], bool]] = {
    "wrapping": wrapping,
    "assertions": assertions,
    "recorded": recorded,
    "zeep": zeep,
    "timing": timing,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("attacks", nargs="*", default=[*ATTACKS])
    failed = [name for name in parser.parse_args().attacks if not ATTACKS[name]()]
    print(f"failed: {', '.join(failed)}" if failed else "all as it must be")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
