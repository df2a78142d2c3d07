"""WS-Security at 10 kB and 1 MB, bytes in, bytes out: soapkit, zeep, python-xmlsec alone, and a bare RSA signature.

Against WSS4J: wss4j.py; over many messages and in threads: endurance.py.

All sign the Body and a Timestamp with RSA-SHA256, SHA-256 and exclusive C14N, all encrypt the Body's content with
AES-256-GCM and RSA-OAEP. zeep cannot encrypt. xmlsec alone checks a signature with a key it is handed, and nothing
else: no certificate, no trust, no coverage, no freshness. With all that, written by hand around it (by_hand.py), it is
measured in a row of its own: the same work.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from bars import FOUND
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from floors import floors_of
from lxml import etree
from tables import Table, duration, ratio
from timing import measure
from workload import SOAP, message, record

from soapkit.security import Encrypt, KeyPair, Require, Security, Sign, Timestamp, TrustStore
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.soap.envelope import Draft
from soapkit.soap.version import SOAP_1_1

RECORDS = {"10 kB": 28, "1 MB": 2900}
SAME_WORK = "verify, the same work"
VERBS = ["sign", "verify", SAME_WORK, "encrypt", "decrypt", "sign and encrypt", "decrypt and verify"]

MAX_AGE = 86_400  # seconds; the messages are made once

Work: TypeAlias = Callable[[], Any]
Tasks: TypeAlias = dict[tuple[str, str, str], Work]
"""By stack, verb and size."""

OURS = "soapkit"

_BODY = b"<soap:Body>"

DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"


def security_tables(rounds: int) -> list[Table]:
    """One table: what each step costs, in multiples of soapkit's time."""
    authority = make_authority("Benchmark")
    alice = make_keypair("alice", authority)
    messages = plain_messages()
    tasks: Tasks = {}
    for prepare in (soapkit_tasks, xmlsec_tasks, zeep_tasks):
        try:
            tasks |= prepare(alice, TrustStore.of(authority), messages)
        except ImportError as error:
            print(f"{prepare.__name__.partition('_')[0]} is not measured: {error}")
    for size, data in messages.items():
        tasks[OURS, SAME_WORK, size] = tasks[OURS, "verify", size]
        tasks |= {("floor", verb, size): task for verb, task in floors_of(data, private_of(alice)).items()}
    bare = ("RSA-2048 alone", "sign", "10 kB")
    tasks[bare] = lambda: private_of(alice).sign(b"x" * 300, padding.PKCS1v15(), hashes.SHA256())
    times = measure(tasks, max(3, rounds // 3))
    if ("xmlsec", "verify", "10 kB") in times:
        FOUND["verify 10 kB, in xmlsec's time"] = times[OURS, "verify", "10 kB"] / times["xmlsec", "verify", "10 kB"]
    FOUND["sign and encrypt 10 kB, in RSA-2048 signatures"] = times[OURS, "sign and encrypt", "10 kB"] / times[bare]
    rows = []
    for verb in VERBS:
        for size in RECORDS:
            ours = times[OURS, verb, size]
            rows.append(
                [
                    f"{verb} {size}",
                    duration(ours),
                    *(
                        ratio(times[peer, verb, size] / ours) if (peer, verb, size) in times else "-"
                        for peer in ("xmlsec", "zeep")
                    ),
                    ratio(ours / times[bare]),
                    ratio(ours / times["floor", verb.partition(",")[0], size]),
                ]
            )
    note = (
        "Bytes of a message -> bytes of the secured one, and back to a tree that is believed. soapkit's time; that of "
        "the others in multiples of it; soapkit's in multiples of one RSA-2048 signature, and of the bare calls of "
        "libxml2 and OpenSSL that the step cannot do without."
    )
    return [
        Table("WS-Security", note, ["step", "soapkit", "xmlsec", "zeep", "in RSA signatures", "in bare calls"], rows)
    ]


# --- soapkit ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sides:
    """Who sends, and who receives: the same steps as the other stacks. `believing` is asked for all that is done."""

    signing: Security
    encrypting: Security
    securing: Security
    verifying: Security
    decrypting: Security
    believing: Security

    @classmethod
    def of(cls, alice: KeyPair, trust: TrustStore) -> Sides:
        """Alice sends to herself."""
        sign, encrypt = [Timestamp(), Sign(alice)], [Encrypt(to=alice)]
        signed = Require(signed=["Body", "Timestamp"], trust=trust, max_age=MAX_AGE, replay=None)
        return cls(
            signing=Security(outbound=sign),
            encrypting=Security(outbound=encrypt),
            securing=Security(outbound=[*sign, *encrypt]),
            verifying=Security(inbound=signed),
            decrypting=Security(inbound=Require(encrypted=["Body"], key=alice)),
            believing=Security(inbound=replace(signed, encrypted=["Body"], key=alice)),
        )


def soapkit_tasks(alice: KeyPair, trust: TrustStore, messages: Mapping[str, bytes]) -> Tasks:
    sides = Sides.of(alice, trust)
    pairs = {
        ("sign", "verify"): (sides.signing, sides.verifying),
        ("encrypt", "decrypt"): (sides.encrypting, sides.decrypting),
        ("sign and encrypt", "decrypt and verify"): (sides.securing, sides.believing),
    }
    tasks: Tasks = {}
    for size, data in messages.items():
        for (out, back), (sender, receiver) in pairs.items():
            tasks[OURS, out, size] = work(secure, sender, data)
            tasks[OURS, back, size] = work(believe, receiver, secure(sender, data))
    return tasks


def plain_messages() -> dict[str, bytes]:
    """What is secured, by size."""
    return {
        size: message("echoAll", (record(number) for number in range(1, count + 1))) for size, count in RECORDS.items()
    }


def secure(security: Security, data: bytes) -> bytes:
    """Bytes of a message -> bytes of the secured one, by way of the draft that an encoder writes."""
    content = data[data.index(_BODY) + len(_BODY) : data.rindex(b"</soap:Body>")]
    return security.apply_draft(Draft(SOAP_1_1, (content,))).to_bytes()


def believe(security: Security, data: bytes) -> Any:
    """Bytes of a secured message -> the tree that is believed."""
    return security.verify(data).envelope


def work(function: Callable[..., Any], *arguments: Any) -> Work:
    return lambda: function(*arguments)


# --- xmlsec alone -------------------------------------------------------------------------------------------------


def xmlsec_tasks(alice: KeyPair, trust: TrustStore, messages: Mapping[str, bytes]) -> Tasks:
    import xmlsec
    from by_hand import Receiver

    key = xmlsec.Key.from_memory(pem_of(alice), xmlsec.KeyFormat.PEM)
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_memory(pem_of(alice), xmlsec.KeyFormat.PEM))
    signing = Security(outbound=[Timestamp(), Sign(alice)])
    receiver = Receiver(trust.certificates[0], MAX_AGE)

    def sign(prepared: bytes) -> bytes:
        root = etree.fromstring(prepared)
        signature = root.find(f".//{{{DS}}}Signature")
        xmlsec.tree.add_ids(root, ["Id"])
        context = xmlsec.SignatureContext()
        context.key = key
        context.sign(signature)
        return etree.tostring(root)

    def verify(signed: bytes) -> Any:
        root = etree.fromstring(signed)
        xmlsec.tree.add_ids(root, ["Id"])
        context = xmlsec.SignatureContext()
        context.key = key
        context.verify(root.find(f".//{{{DS}}}Signature"))
        return root

    def encrypt(data: bytes) -> bytes:
        root = etree.fromstring(data)
        target = root.find(f"{{{SOAP}}}Body")[0]
        template = xmlsec.template.encrypted_data_create(
            root, xmlsec.Transform.AES256_GCM, type=xmlsec.EncryptionType.CONTENT, ns="xenc"
        )
        xmlsec.template.encrypted_data_ensure_cipher_value(template)
        info = xmlsec.template.encrypted_data_ensure_key_info(template, ns="ds")
        wrapped = xmlsec.template.add_encrypted_key(info, xmlsec.Transform.RSA_OAEP)
        xmlsec.template.encrypted_data_ensure_cipher_value(wrapped)
        context = xmlsec.EncryptionContext(manager)
        context.key = xmlsec.Key.generate(xmlsec.KeyData.AES, 256, xmlsec.KeyDataType.SESSION)
        context.encrypt_xml(template, target)
        return etree.tostring(root)

    def decrypt(encrypted: bytes) -> Any:
        root = etree.fromstring(encrypted)
        xmlsec.EncryptionContext(manager).decrypt(root.find(f".//{{{XENC}}}EncryptedData"))
        return root

    tasks: Tasks = {}
    for size, data in messages.items():
        prepared = _emptied(secure(signing, data))
        signed, encrypted = sign(prepared), encrypt(data)
        assert decrypt(encrypted).find(f"{{{SOAP}}}Body")[0][0].tag.endswith("record")
        tasks["xmlsec", "sign", size] = work(sign, prepared)
        tasks["xmlsec", "verify", size] = work(verify, signed)
        tasks["xmlsec", SAME_WORK, size] = work(receiver.verify, signed)
        tasks["xmlsec", "encrypt", size] = work(encrypt, data)
        tasks["xmlsec", "decrypt", size] = work(decrypt, encrypted)
    return tasks


def _emptied(signed: bytes) -> bytes:
    """A template for xmlsec: the same signature, its digests and its value taken out."""
    root = etree.fromstring(signed)
    for name in ("DigestValue", "SignatureValue"):
        for element in root.iter(f"{{{DS}}}{name}"):
            element.text = None
    return etree.tostring(root)


# --- zeep ---------------------------------------------------------------------------------------------------------


def zeep_tasks(alice: KeyPair, _trust: TrustStore, messages: Mapping[str, bytes]) -> Tasks:
    import xmlsec
    from zeep.wsse.signature import BinarySignature

    with tempfile.TemporaryDirectory() as folder:  # it reads both when it is made
        key, certificate = Path(folder, "key.pem"), Path(folder, "certificate.pem")
        key.write_bytes(pem_of(alice))
        certificate.write_bytes(alice.certificate.public_bytes(Encoding.PEM))
        signature = BinarySignature(
            str(key),
            str(certificate),
            signature_method=xmlsec.Transform.RSA_SHA256,
            digest_method=xmlsec.Transform.SHA256,
        )

    def sign(data: bytes) -> bytes:
        return etree.tostring(signature.apply(etree.fromstring(data), {})[0])

    def verify(signed: bytes) -> Any:
        return signature.verify(etree.fromstring(signed))

    tasks: Tasks = {}
    for size, data in messages.items():
        with_timestamp = secure(Security(outbound=[Timestamp()]), data)
        signed = sign(with_timestamp)
        tasks["zeep", "sign", size] = work(sign, with_timestamp)
        tasks["zeep", "verify", size] = work(verify, signed)
    return tasks


def pem_of(pair: KeyPair) -> bytes:
    return pair.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def private_of(pair: KeyPair) -> rsa.RSAPrivateKey:
    assert isinstance(pair.private_key, rsa.RSAPrivateKey)
    return pair.private_key
