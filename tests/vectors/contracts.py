"""The contracts of Apache CXF's own tests: which of their ports give a client settings, and why others do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from soapkit.errors import SoapkitError
from soapkit.policy import Keys
from soapkit.policy.attach import Policies
from soapkit.security import Contexts, KeyPair, SamlToken, Security, TrustStore
from soapkit.security.crypto.certificates import public_key_of
from soapkit.security.throwaway import make_authority
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract


@dataclass
class Tally:
    """What came of a folder of contracts. `reasons`: how many ports each keeps from settings."""

    folder: str
    contracts: int = 0
    ports: int = 0
    settings: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


def keys_of_anybody() -> Keys:
    """Whatever a policy may ask for."""
    pair: KeyPair = make_authority()
    tokens: Any = object()  # a token service, which is not asked before the first message
    return Keys(
        pair,
        peer=pair,
        trust=TrustStore.of(pair, public_key_of(pair.certificate)),
        username="alice",
        password="secret",
        certificates=(pair.certificate,),
        contexts=Contexts(),
        assertion=SamlToken(b"<Assertion/>"),
        sts=tokens,
    )


def contracts_of_cxf(vectors: Path) -> Iterator[tuple[str, Contract]]:
    """The folder of each contract that can be read, and the contract."""
    home = vectors / "cxf-systests"
    for path in sorted(home.rglob("*.wsdl")):
        folder = path.relative_to(home).parts
        try:
            yield "/".join(folder[: 2 if folder[0] == "services" else 3]), load_contract(path, usable=False)
        except SoapkitError:
            continue


def tallies(vectors: Path) -> list[Tally]:
    """A tally for each folder that has a contract with a policy."""
    keys, found = keys_of_anybody(), dict[str, Tally]()
    for folder, known in contracts_of_cxf(vectors):
        tally = found.setdefault(folder, Tally(folder))
        ports = list(_ports(known))
        tally.contracts += bool(ports)
        for port in ports:
            tally.ports += 1
            told = told_of(known, port, keys)
            tally.settings += not told
            tally.reasons.update(told)
    return [tally for tally in found.values() if tally.ports]


def _ports(known: Contract) -> Iterator[str]:
    """The ports that demand something."""
    seen = dict[str, None]()
    try:
        for endpoint in Policies(known).endpoints():
            if endpoint.has_policy and endpoint.port not in seen:
                seen[endpoint.port] = None
    except SoapkitError:
        return
    yield from seen


def told_of(known: Contract, port: str, keys: Keys) -> list[str]:
    """Why a port gives no settings; nothing where it does."""
    try:
        Security.from_contract(known, keys=keys, port=port, allow_rsa_1_5=True)
    except SoapkitError as error:
        return list(dict.fromkeys(problem.message for problem in error.problems))
    return []
