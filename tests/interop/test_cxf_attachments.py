"""Attachments to and from Apache CXF, live, signed and encrypted as the policies of the contract say."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import soapkit
from soapkit import Attachment
from soapkit.security import Security
from soapkit.wsdl.load import load_contract
from tests.interop.cxf_peer import PORT, SERVICE, TWENTY_ONE, Cxf, doubler, keys_of
from tests.policy.contracts import asymmetric, contract, symmetric

WHOLE, CONTENTS = "<sp:Attachments/>", "<sp:Attachments><sp13:ContentSignatureTransform/></sp:Attachments>"


def parts(signed: str, encrypted: str = "") -> str:
    hidden = f"<sp:EncryptedParts><sp:Body/>{encrypted}</sp:EncryptedParts>" if encrypted else ""
    return f"<sp:SignedParts><sp:Body/>{signed}</sp:SignedParts>{hidden}"


GCM, FIRST = asymmetric(algorithms="Basic128GCM"), asymmetric("EncryptBeforeSigning", algorithms="Basic128GCM")
# No Basic256GCM: CXF keeps its suites in statics, and who tells it another MAC for one of them changes that for all.
POLICIES = {
    "contents signed": (GCM, parts(CONTENTS)),
    "contents signed, encrypted": (GCM, parts(CONTENTS, WHOLE)),
    "contents signed, encrypted first": (FIRST, parts(CONTENTS, WHOLE)),
    "contents signed, symmetric": (symmetric(algorithms="Basic128GCM"), parts(CONTENTS, WHOLE)),
    "signed": (GCM, parts(WHOLE)),
    "signed, encrypted": (GCM, parts(WHOLE, WHOLE)),
}
SOME = [
    Attachment(b"one\ntwo\r\nthree", "text/plain; charset=UTF-8", "note@example.org"),
    Attachment(b"<a  b='1'><!-- c --><d/></a>", "application/xml", "data@example.org"),
    Attachment(b"\0\r\n\xff" * 100_000, "application/zip", "large@example.org"),
]


def written(policy: str, folder: Path) -> Path:
    binding, both = POLICIES[policy]
    path = folder / "double.wsdl"
    path.write_bytes(contract(binding, request=both, reply=both))
    return path


@pytest.mark.parametrize("policy", POLICIES)
def test_cxf_believes_our_attachments(policy: str, cxf: Cxf, tmp_path: Path) -> None:
    path = written(policy, tmp_path)
    with cxf.client(load_contract(path), cxf.serve(path), keys_of(cxf, "alice", "bob")) as client:
        assert client.with_attachments(*SOME).double(number=21) == 42


def test_cxf_refuses_attachments_that_we_did_not_sign(cxf: Cxf, tmp_path: Path) -> None:
    """The control: it looks at them."""
    address, other = cxf.serve(written("contents signed", tmp_path)), tmp_path / "without.wsdl"
    other.write_bytes(contract(GCM, request=parts(""), reply=parts("")))
    client = cxf.client(load_contract(other), address, keys_of(cxf, "alice", "bob"))
    with client, pytest.raises(soapkit.Fault):
        client.with_attachments(*SOME).double(number=21)


# what CXF signs of header fields, CXF does not believe itself: it signs others than it sends
@pytest.mark.parametrize("policy", [one for one in POLICIES if one.startswith("contents")])
def test_we_believe_the_attachments_of_a_client_by_cxf(
    policy: str, cxf: Cxf, tmp_path: Path, serve: Callable[..., str]
) -> None:
    path, seen = written(policy, tmp_path), []
    known = load_contract(path)

    async def look(call: Any, proceed: Any) -> Any:
        seen.append(call)
        call.reply_attachments.append(Attachment(b"\0answer", "application/zip", "answer@example.org"))
        return await proceed(call)

    security = Security.from_contract(known, keys=keys_of(cxf, "bob", "alice"), side="server")
    address = serve(soapkit.asgi(doubler(known), security=security, interceptors=[look]), http="h11")
    beside = [f"attach.{one.content_id}={one.content_type}|{base64.b64encode(one.read()).decode()}" for one in SOME]
    told, *said = cxf.driver.ask("call", str(path), SERVICE, PORT, address, TWENTY_ONE, *beside)
    assert told == "ok", said
    assert ">42<" in said[0]
    assert said[1].endswith(base64.b64encode(b"\0answer").decode())
    (call,) = seen
    assert [one.read() for one in call.attachments] == [one.read() for one in SOME]
    assert all(call.security.is_signed(one) for one in call.attachments)
