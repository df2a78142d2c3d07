"""Every signed or encrypted message and document among the vectors, with what it takes to read it.

They are of their time (SHA-1, CBC, RSA 1.5, 1024-bit keys): read under the profile ``legacy``, at a time when their
certificates were valid. A vector that carries its certificate is read with that one believed: what is asked of soapkit
here is whether the signature is right, not whose it is.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key, load_pem_public_key
from lxml import etree

from soapkit import xmldsig, xmlenc
from soapkit.errors import SecurityError, SoapkitError
from soapkit.security import KeyPair, Require, Security, TrustStore, profile
from soapkit.security.crypto.keys import load_certificate
from soapkit.security.crypto.pkcs12 import keys_in
from soapkit.security.markup import BINARY_SECURITY_TOKEN, ENCRYPTED_DATA, SIGNATURE
from soapkit.security.tokens import certificates_of
from soapkit.soap.security_result import SecurityResult
from soapkit.xml.names import DS, WSSE
from soapkit.xmldsig import HmacKey
from tests.both_ways import both_ways

LEGACY = profile("legacy")
ANY_AGE = 10**9
Verify = Callable[[bytes, Sequence[str]], SecurityResult]


@dataclass(frozen=True)
class Vector:
    """One file of a `stack`. `ask`: what of it is believed (``verified``, ``decrypted``), or the error of a refusal;
    `damaged`: it must be refused, as those say who made it; `verify`: for a message, which parts must be signed."""

    stack: str
    name: str
    data: bytes
    ask: Callable[[bytes], set[str]]
    damaged: bool = False
    verify: Verify | None = None

    def __str__(self) -> str:
        return f"{self.stack}: {self.name}"


def vectors(root: Path) -> Iterator[Vector]:
    """All of them, under the folder that ``../shared/unpack vectors`` prints."""
    for source in (cxf, cxf_systests, veewee, dotnet, xml_crypto, signxml, python3_saml):
        yield from source(root)
    for source in (w3c_signature, merlin_signature, phaos_signature, encryption):
        yield from source(root / "xmlsec1/tests")


def signed_bodies(root: Path) -> Iterator[tuple[Vector, Verify]]:
    """The messages whose Body is signed, and who verifies one like it, and the parts that must be signed."""
    for vector in vectors(root):
        if vector.verify is None or vector.damaged:
            continue
        try:
            vector.verify(vector.data, ["Body"])
        except SoapkitError:
            continue
        yield vector, vector.verify


# --- messages -----------------------------------------------------------------------------------------------------


def _message(stack: str, path: Path, now: datetime, *, damaged: bool = False, **require: Any) -> Vector:
    # one of PHP's ends the namespace of SOAP 1.2 in a slash, which no signature covers
    recorded = path.read_bytes().replace(b"2003/05/soap-envelope/", b"2003/05/soap-envelope")

    def verify(data: bytes, signed: Sequence[str] = ()) -> SecurityResult:
        wanted = {"algorithms": LEGACY, "replay": None, "max_age": ANY_AGE, "skew": ANY_AGE} | require
        security = Security(inbound=Require(signed=signed, **wanted), actor=_actor(data))
        return both_ways(security, recorded, now)(data)

    def ask(data: bytes) -> set[str]:
        result = verify(data)
        return {said for said, found in (("verified", result.signed), ("decrypted", result.encrypted)) if found}

    return Vector(stack, path.name, recorded, ask, damaged, verify)


def _actor(data: bytes) -> str | None:
    header = next(etree.fromstring(data).iter(f"{{{WSSE}}}Security"), None)
    return (
        next((value for name, value in header.attrib.items() if name.endswith("}actor")), None)
        if header is not None
        else None
    )


def _is_secured(path: Path) -> bool:
    try:
        root = etree.parse(path).getroot()
    except etree.XMLSyntaxError:
        return False
    return root.tag.endswith("}Envelope") and any(True for _ in root.iter(SIGNATURE, ENCRYPTED_DATA))


def cxf(root: Path) -> Iterator[Vector]:
    folder = root / "cxf/rt/ws/security/src/test/resources/org/apache/cxf/ws/security/wss4j"
    store = root / "p12-converted/cxf__rt__ws__security__src__test__resources__privatestore.jks.p12"
    alias = KeyPair.load(store, "changeit")
    # the Body itself is encrypted, to nobody here, by nobody here
    damaged = {"encrypted_body_element.xml", "in_enc.xml", "signed_invalid.xml"}
    for path in filter(_is_secured, sorted(folder.rglob("*.xml"))):
        now = datetime(2010, 3, 1, tzinfo=UTC)
        wanted = {"trust": TrustStore.of(alias), "key": alias, "shared_key": True}
        yield _message("Apache CXF", path, now, damaged=path.name in damaged, **wanted)


def cxf_systests(root: Path) -> Iterator[Vector]:
    folder = root / "cxf-systests/systests/ws-security/src/test/resources/org/apache/cxf/systest/ws/action"
    for path in filter(_is_secured, sorted(folder.rglob("*.xml"))):
        certificate = certificates_of(next(etree.parse(path).iter(BINARY_SECURITY_TOKEN)))[0]
        yield _message("Apache CXF", path, datetime(2024, 6, 1, tzinfo=UTC), trust=TrustStore((certificate,)))


def veewee(root: Path) -> Iterator[Vector]:
    folder = root / "veewee/tests/fixtures"
    keys = [_bare_key(folder / f"certificates/wsse-client-{name}.pem.key.der") for name in ("x509", "private-key")]
    for name in ("reference/wsse-encrypted-request.xml", "wsse-decrypt-response.xml"):  # the others are templates
        yield _message("PHP, wse-php", folder / "soap" / name, datetime(2017, 9, 1, 8, 30, tzinfo=UTC), key=keys)


def dotnet(root: Path) -> Iterator[Vector]:
    folder = root / "signxml/test/interop/ws-security/ws.js"
    server = load_certificate(folder / "examples/server_public.pem")
    for path in sorted(folder.rglob("*.xml")):
        wanted = {"trust": TrustStore((server,)), "damaged": path.name.startswith("invalid")}
        yield _message(".NET, WSE (ws.js)", path, _valid(server), **wanted)
    path = root / "signxml/test/interop/soap/request.xml"
    data = path.read_bytes()
    yield _document("signxml", path, data, _certificate_in(data))  # its KeyInfo is not one of WS-Security


# --- documents with signatures ------------------------------------------------------------------------------------


def _document(stack: str, path: Path, data: bytes, trust: Any, *, damaged: bool = False) -> Vector:
    at = _valid(trust) if isinstance(trust, x509.Certificate) else None

    def ask(data: bytes) -> set[str]:
        if trust is None:
            raise SecurityError("the key is not among the vectors")
        xmldsig.verify_all(data, trust=trust, algorithms=LEGACY, at=at, id_attributes=("id",))
        return {"verified"}

    return Vector(stack, path.name, data, ask, damaged)


def _valid(certificate: x509.Certificate) -> datetime:
    return certificate.not_valid_before_utc + timedelta(days=1)


def _is_signed(data: bytes) -> bool:
    try:
        return any(True for _ in etree.fromstring(data).iter(SIGNATURE))
    except etree.XMLSyntaxError:
        return False


def xml_crypto(root: Path) -> Iterator[Vector]:
    folder = root / "xml-crypto/test/static"
    client = load_certificate(folder / "client_public.pem")
    keys: dict[str, Any] = {
        "hmac": HmacKey((folder / "hmac.key").read_bytes()),
        "keyinfo": load_certificate(folder / "keyinfo.pem"),
        "saml_external": load_pem_public_key((folder / "saml_external_ns.pem").read_bytes()),
        "signature_with_incl": load_certificate(folder / "signature_with_inclusivenamespaces.pem"),
        "valid_saml_sha256": load_certificate(folder / "idp_certificate.pem"),
        "invalid_saml_sha256": load_certificate(folder / "idp_certificate.pem"),
        "windows": load_certificate(folder / "windows_store_certificate.pem"),
        "wsfed": load_certificate(folder / "wsfederation_metadata.pem"),
        **dict.fromkeys(
            ("valid_saml", "saml_", "id_with", "invalid_saml"), load_certificate(folder / "feide_public.pem")
        ),
    }
    attacks = ("invalid", "saml_multiple", "saml_wrapped", "valid_saml_signature_wrapping", "valid_saml_with_digest")
    for path in sorted(folder.rglob("*.xml")):
        data = path.read_bytes()
        if _is_signed(data):
            key = next((key for start, key in keys.items() if path.name.startswith(start)), client)
            yield _document("xml-crypto (node)", path, data, key, damaged=path.name.startswith(attacks))


def signxml(root: Path) -> Iterator[Vector]:
    folder = root / "signxml/test"
    authority = load_certificate(folder / "interop/cacert.pem")
    for path in sorted(folder.rglob("*.xml")):
        data = path.read_bytes()
        if not _is_signed(data) or path.parent.name in ("TR2012", "soap", "files", "xml-crypto"):
            continue  # those of others are counted with theirs
        yield _document("signxml", path, data, _certificate_in(data) or authority, damaged=path.name == "example2.xml")


def python3_saml(root: Path) -> Iterator[Vector]:
    folder = root / "python3-saml/tests/data/responses"
    # of the "invalid" ones, those whose signature is: the others are wrong as SAML
    damaged = {
        "bad_reference",
        "encrypted_nameID_without_EncMethod",
        "encrypted_nameID_without_keyinfo",
        "multiple_assertions",
        "no_key",
        "signature_wrapping_attack",
        "signature_wrapping_attack2",
        "response_node_text_attack",
    }
    for path in sorted(folder.rglob("*.base64")):
        data = base64.b64decode(path.read_bytes())
        name = path.name.removesuffix(".xml.base64")
        if _is_signed(data) and (path.parent == folder or name in damaged):
            yield _document("python3-saml", path, data, _certificate_in(data), damaged=name in damaged)


def w3c_signature(root: Path) -> Iterator[Vector]:
    folder = root / "xmldsig11-interop-2012"
    secret = HmacKey((folder / "keys/hmackey.bin").read_bytes())
    named = load_certificate(root.parents[1] / "signxml/test/interop/TR2012/rsa-cert.der")
    for path in sorted(folder.glob("*.xml")):
        data = path.read_bytes()
        key = secret if "hmac" in path.name else _key_in(data) or named
        yield _document("W3C, XML Signature 1.1 (2012)", path, data, key, damaged="truncated40" in path.name)


def merlin_signature(root: Path) -> Iterator[Vector]:
    certs = root / "merlin-xmldsig-twenty-three/certs"
    # whose key it is where the signature only names it, by its Readme
    named = {"x509-is": "macha", "x509-ski": "nemain", "x509-sn": "badb", "rawx509crt": "balor"}
    for folder in ("merlin-xmldsig-twenty-three", "merlin-exc-c14n-one"):
        for path in sorted((root / folder).glob("*.xml")):
            data = path.read_bytes()
            whose = next((owner for part, owner in named.items() if part in path.name), "lugh-cert")
            key = HmacKey(b"secret") if "hmac" in path.name else _key_in(data)
            key = key or load_certificate(certs / f"{whose}.der")
            yield _document("Merlin, XML Signature", path, data, key, damaged="hmac-sha1-40" in path.name)


def phaos_signature(root: Path) -> Iterator[Vector]:
    folder = root / "phaos-xmldsig-three"
    rsa_one, dsa_one = (load_certificate(folder / f"certs/{kind}-cert.der") for kind in ("rsa", "dsa"))
    for path in sorted(folder.glob("signature-*.xml")):
        key = HmacKey(b"test") if "hmac" in path.name else dsa_one if "-dsa-" in path.name else rsa_one
        damaged = "enveloped-bad" in path.name or "hmac-sha1-40" in path.name
        yield _document("Phaos, XML Signature", path, path.read_bytes(), key, damaged=damaged)


def _certificate_in(data: bytes) -> x509.Certificate | None:
    element = next(etree.fromstring(data).iter(f"{{{DS}}}X509Certificate"), None)
    try:
        return x509.load_der_x509_certificate(base64.b64decode(element.text)) if element is not None else None
    except ValueError:  # what stands there is none
        return None


def _key_in(data: bytes) -> Any:
    """The key that stands in the signature itself, which no user of soapkit can have believed."""
    root = etree.fromstring(data)
    dsig11, more = "{http://www.w3.org/2009/xmldsig11#}", "{http://www.w3.org/2001/04/xmldsig-more#}"
    curves = {"1.2.840.10045.3.1.7": ec.SECP256R1(), "1.3.132.0.34": ec.SECP384R1(), "1.3.132.0.35": ec.SECP521R1()}
    if (found := next(root.iter(f"{{{DS}}}RSAKeyValue"), None)) is not None:
        modulus, exponent = (int.from_bytes(base64.b64decode(entry.text), "big") for entry in found)
        return rsa.RSAPublicNumbers(exponent, modulus).public_key()
    if (found := next(root.iter(f"{{{DS}}}DSAKeyValue"), None)) is not None:
        p, q, g, y = (
            int.from_bytes(base64.b64decode(found.findtext(f"{{{DS}}}{name}")), "big") for name in ("P", "Q", "G", "Y")
        )
        return dsa.DSAPublicNumbers(y, dsa.DSAParameterNumbers(p, q, g)).public_key()
    if (found := next(root.iter(f"{dsig11}ECKeyValue"), None)) is not None:
        curve = curves[found.find(f"{dsig11}NamedCurve").get("URI").removeprefix("urn:oid:")]
        return ec.EllipticCurvePublicKey.from_encoded_point(
            curve, base64.b64decode(found.findtext(f"{dsig11}PublicKey"))
        )
    if (found := next(root.iter(f"{more}ECDSAKeyValue"), None)) is not None:
        named = next(found.iter(f"{more}NamedCurve"))
        x, y = (int(next(found.iter(more + name)).get("Value")) for name in "XY")
        curve = curves[(named.get("URN") or named.get("URI")).removeprefix("urn:oid:")]
        return ec.EllipticCurvePublicNumbers(x, y, curve).public_key()
    if (found := next(root.iter(f"{dsig11}DEREncodedKeyValue"), None)) is not None:
        return load_der_public_key(base64.b64decode(found.text))
    return _certificate_in(data)


# --- documents with encrypted parts -------------------------------------------------------------------------------


def encryption(root: Path) -> Iterator[Vector]:
    w3c, merlin, phaos = (root / name for name in ("xmlenc11-interop-2012", "merlin-xmlenc-five", "01-phaos-xmlenc-3"))
    bob, jed = b"abcdefghijklmnopqrstuvwx", b"abcdefghijklmnopqrstuvwxyz012345"
    keys = {path.stem: path.read_bytes() for path in w3c.glob("*.bin")}
    of_phaos = dict(_PHAOS_KEY.findall((phaos / "key.txt").read_text()))
    named = {name: bytes.fromhex(value) for name, value in of_phaos.items()}
    secrets = {
        "W3C, XML Encryption 1.1 (2012)": keys
        | {"Secret1": keys["dkey-concatkdf"], "": keys["dkey3-concatkdf"]}
        | {"Test Key 1": (w3c / "xenc11-example-AES128-GCM.key").read_bytes()},
        "Merlin, XML Encryption": {"bob": bob, "job": bob[:16], "jeb": bob, "jed": jed},
        "Phaos, XML Encryption": named | {"my-tripledes-key": named["my-3des-key"]},
    }
    rsa_pairs = [KeyPair.load(path, "passwd") for path in sorted(w3c.glob("RSA*RSA.p12"))]
    # the certificates beside the elliptic curve keys name ECDSA with parameters, which makes them none
    curves = [_certified(keys_in(path.read_bytes(), b"passwd")[0].key, path.stem) for path in w3c.glob("EC*-orig.p12")]
    pairs = {
        "W3C, XML Encryption 1.1 (2012)": rsa_pairs + curves,
        "Merlin, XML Encryption": [_bare_key(merlin / "rsapriv.pem.key.der")],
        "Phaos, XML Encryption": [_bare_key(phaos / "rsa-priv-key.der")],
    }
    for stack, folder in zip(secrets, (w3c, merlin, phaos), strict=True):
        for path in sorted(folder.glob("*.xml")):
            document = etree.parse(path).getroot()
            if next(document.iter(ENCRYPTED_DATA), None) is None:
                continue
            ask = _decrypting(pairs[stack], secrets[stack], path.with_suffix(".data"))
            data = etree.tostring(document)  # without its DOCTYPE, which is never read
            yield Vector(stack, path.name, data, ask, path.name.startswith("bad"))


_PHAOS_KEY = re.compile(r"key name = ([\w-]+)\):\n#-+\n((?:[0-9a-f]{2}\s+)+)")


def _decrypting(keys: list[KeyPair], secrets: dict[str, bytes], plain: Path) -> Callable[[bytes], set[str]]:
    """Decrypts, and holds what comes out against what its makers say was in it."""

    def ask(data: bytes) -> set[str]:
        found = xmlenc.decrypt(data, key=keys, secrets=secrets, algorithms=LEGACY)
        if plain.exists():
            octets = found.parts[0].octets if found.root.tag == ENCRYPTED_DATA else found.to_bytes()
            assert _canonical(octets) == _canonical(plain.read_bytes()), f"{plain.name} says something else"
        return {"decrypted"}

    return ask


def _canonical(octets: bytes) -> bytes:
    try:
        bare = etree.tostring(etree.fromstring(octets))  # without a DOCTYPE, beside which libxml2 adds xmlns=""
        return etree.tostring(etree.fromstring(bare), method="c14n")
    except etree.XMLSyntaxError:
        return octets


def _bare_key(path: Path) -> KeyPair:
    return _certified(load_der_private_key(path.read_bytes(), None), path.stem)


def _certified(key: object, name_: str) -> KeyPair:
    """A key with a certificate, which nobody looks at."""
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name_)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    return KeyPair(key, builder.sign(key, hashes.SHA256()))
