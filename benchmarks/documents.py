"""Plain XML signatures at 10 kB and 1 MB, bytes in, bytes or a tree out: soapkit, python-xmlsec, signxml.

All sign the whole document (enveloped) with RSA-SHA256, SHA-256 and exclusive C14N. All are handed the certificate or
the key to verify with. soapkit and signxml hand on what was signed as a tree of its own; xmlsec answers yes or no.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from security import DS, Tasks, pem_of, plain_messages, private_of, work
from tables import Table, duration, ratio
from timing import measure

from soapkit import xmldsig
from soapkit.security import KeyPair
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.xml.names import EXC_C14N


def document_tables(rounds: int) -> list[Table]:
    """One table: a signature and its proof, in multiples of soapkit's time."""
    alice, messages = make_keypair("alice", make_authority("Benchmark")), plain_messages()
    tasks = _own_tasks(alice, messages)
    for prepare in (_xmlsec_tasks, _signxml_tasks):
        try:
            tasks |= prepare(alice, messages)
        except ImportError as error:
            print(f"{prepare.__name__.strip('_').partition('_')[0]} is not measured: {error}")
    times = measure(tasks, max(3, rounds // 3))
    rows = []
    for verb in ("sign", "verify"):
        for size in messages:
            ours = times["soapkit", verb, size]
            peers = [times.get((peer, verb, size)) for peer in ("xmlsec", "signxml")]
            rows.append([f"{verb} {size}", duration(ours), *(ratio(each / ours) if each else "-" for each in peers)])
    note = (
        "The enveloped signature of a whole document: soapkit's time, that of the others in multiples of it. soapkit "
        "and signxml read what was signed anew, and hand that on; xmlsec answers yes or no."
    )
    return [Table("XML signatures of documents", note, ["step", "soapkit", "xmlsec", "signxml"], rows)]


def _own_tasks(alice: KeyPair, messages: Mapping[str, bytes]) -> Tasks:
    tasks: Tasks = {}
    for size, data in messages.items():
        tasks["soapkit", "sign", size] = work(xmldsig.sign, data, alice)
        tasks["soapkit", "verify", size] = work(_believed, xmldsig.sign(data, alice), alice)
    return tasks


def _believed(signed: bytes, alice: KeyPair) -> Any:
    return xmldsig.verify(signed, trust=alice.certificate).signed


def _xmlsec_tasks(alice: KeyPair, messages: Mapping[str, bytes]) -> Tasks:
    import xmlsec

    key = xmlsec.Key.from_memory(pem_of(alice), xmlsec.KeyFormat.PEM)

    def sign(data: bytes) -> bytes:
        root = etree.fromstring(data)
        signature = xmlsec.template.create(root, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.RSA_SHA256, ns="ds")
        reference = xmlsec.template.add_reference(signature, xmlsec.Transform.SHA256, uri="")
        xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
        xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
        root.append(signature)
        context = xmlsec.SignatureContext()
        context.key = key
        context.sign(signature)
        return etree.tostring(root)

    def verify(signed: bytes) -> None:
        context = xmlsec.SignatureContext()
        context.key = key
        context.verify(etree.fromstring(signed).find(f"{{{DS}}}Signature"))

    return _tasks("xmlsec", sign, verify, messages)


def _signxml_tasks(alice: KeyPair, messages: Mapping[str, bytes]) -> Tasks:
    import signxml

    certificate = alice.certificate.public_bytes(Encoding.PEM).decode()
    signer = signxml.XMLSigner(c14n_algorithm=signxml.CanonicalizationMethod(EXC_C14N))

    def sign(data: bytes) -> bytes:
        return etree.tostring(signer.sign(etree.fromstring(data), key=private_of(alice), cert=certificate))

    def verify(signed: bytes) -> Any:
        return signxml.XMLVerifier().verify(etree.fromstring(signed), x509_cert=certificate)

    return _tasks("signxml", sign, verify, messages)


def _tasks(peer: str, sign: Any, verify: Any, messages: Mapping[str, bytes]) -> Tasks:
    tasks: Tasks = {}
    for size, data in messages.items():
        tasks[peer, "sign", size] = work(sign, data)
        tasks[peer, "verify", size] = work(verify, sign(data))
    return tasks
