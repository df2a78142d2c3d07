"""node-soap's signed messages, live: WSSecurityCert signs what our service demands, and takes our signed answers.

By default it signs with RSA-SHA256 over SHA-256 digests, Timestamp and Body, in a Timestamp of ten minutes; it reads no
security of answers: whatever stands in the header, it takes the Body, so that must not be encrypted.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest

import soapkit
from soapkit.security import KeyPair, Require, Security, Sign, Timestamp, TrustStore, profile
from soapkit.security.throwaway import write_keys
from tests.interop.node_driver import NODE, node_modules

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
RSA_SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA1_ALONE = {"signatureAlgorithm": RSA_SHA1, "digestAlgorithm": SHA1}
OPTIONS: dict[str, Mapping[str, Any]] = {
    "as it is": {},
    "rsa-sha256": {"signatureAlgorithm": RSA_SHA256, "signerOptions": {"prefix": "ds"}},
    "wsu:Id": {"signerOptions": {"idMode": "wssecurity"}},
    "without enveloped-signature": {"signatureTransformations": [EXCLUSIVE]},
}

Node = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("node")
    write_keys(folder, ["alice", "bob"], password="changeit")
    return folder


@pytest.fixture
def node(
    keys: Path,
    root: Path,
    bank_service: ModuleType,
    serve: Callable[..., str],
    missing_peer: Callable[[str], NoReturn],
) -> Node:
    """Calls a service with these settings, by WSSecurityCert with options."""
    modules = node_modules(missing_peer)

    def call(security: Security, options: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
        address = serve(soapkit.asgi(bank_service.MyBank(), security=security))
        words = [
            root / "wsdl" / "bank.wsdl",
            address,
            keys / "alice.key",
            keys / "alice.pem",
            "changeit",
            json.dumps(options),
        ]
        return subprocess.run(
            ["node", NODE / "signed.js", *map(str, words)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "NODE_PATH": str(modules)},
        )

    return call


def settings(keys: Path, **more: Any) -> Security:
    """What a service demands of node-soap, and how it signs its answers."""
    bob = KeyPair.load(keys / "bob.p12", "changeit")
    required = Require(signed=["Body", "Timestamp"], trust=TrustStore.load(keys / "ca.pem"), **more)
    return Security(outbound=[Timestamp(), Sign(bob)], inbound=required)


@pytest.mark.parametrize("options", OPTIONS)
def test_what_node_soap_signs_is_believed_and_our_signed_answer_read(options: str, keys: Path, node: Node) -> None:
    done = node(settings(keys), OPTIONS[options])
    assert (done.stdout.strip(), done.returncode) == ("EUR", 0), done.stdout + done.stderr


def test_its_sha1_is_refused_unless_a_profile_takes_it(keys: Path, node: Node) -> None:
    assert node(settings(keys), SHA1_ALONE).stdout.strip() == "the message does not meet the security requirements"
    done = node(settings(keys, algorithms=profile("legacy_sha1")), SHA1_ALONE)
    assert done.stdout.strip() == "EUR", done.stdout + done.stderr


def test_without_its_timestamp_it_is_refused(keys: Path, node: Node) -> None:
    assert node(settings(keys), {"hasTimeStamp": False}).returncode == 1
