"""The public face is pinned: what it hands out, and what it does not load."""

from __future__ import annotations

import subprocess
import sys

import soapkit

FACE = [
    "AsyncClient",
    "Attachment",
    "BlockingInterceptor",
    "BlockingNext",
    "Call",
    "Client",
    "DeclaredFault",
    "Exchange",
    "Fault",
    "Interceptor",
    "Next",
    "Preview",
    "Raw",
    "SoapkitError",
    "__version__",
    "asgi",
    "decode",
    "encode",
    "errors",
    "given_with",
    "header",
    "iter_decode",
    "load_contract",
    "nil",
    "operation",
    "security",
    "service",
    "testing",
    "typed",
    "validator_for",
    "wsgi",
]

SECURITY = [
    "BinarySecurityToken",
    "Encrypt",
    "KeyPair",
    "Require",
    "Security",
    "Sign",
    "Timestamp",
    "TrustStore",
    "UsernameToken",
]


XMLDSIG = [
    "AlgorithmPolicy",
    "HmacKey",
    "KeyPair",
    "SignedOctets",
    "SignedPart",
    "TrustStore",
    "Verified",
    "load_certificate",
    "profile",
    "sign",
    "verify",
    "verify_all",
]
XMLENC = [
    "AlgorithmPolicy",
    "Decrypted",
    "DecryptedPart",
    "KeyPair",
    "decrypt",
    "encrypt",
    "load_certificate",
    "profile",
]


def test_xmldsig_hands_out_exactly_this() -> None:
    from soapkit import xmldsig

    assert sorted(xmldsig.__all__) == XMLDSIG


def test_xmlenc_hands_out_exactly_this() -> None:
    from soapkit import xmlenc

    assert sorted(xmlenc.__all__) == XMLENC


def test_the_face_hands_out_exactly_this() -> None:
    assert sorted(soapkit.__all__) == FACE


def test_every_name_of_the_face_is_there() -> None:
    for name in FACE:
        assert getattr(soapkit, name) is not None


def test_security_hands_out_what_the_samples_import() -> None:
    for name in SECURITY:
        assert hasattr(soapkit.security, name)


def loaded_by(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_importing_soapkit_loads_no_crypto_http_or_server_library() -> None:
    heavy = {"xmlsec", "cryptography", "urllib3", "aiohttp", "asyncio", "uvicorn", "rich", "jinja2", "click", "zeep"}
    assert not loaded_by("import soapkit") & heavy


def test_a_service_from_code_answers_calls_without_what_contracts_and_pages_need() -> None:
    code = """
import soapkit, sys
from soapkit.testing import loopback
from soapkit.transport.values import Headers, Request

def half(a: int) -> float:
    return a / 2

app = soapkit.asgi(soapkit.service("urn:x", name="Sums", operations=[half]))
body = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><half xmlns="urn:x"><a>3</a></half>'
    b"</s:Body></s:Envelope>"
)
reply = loopback(app).send(Request("http://x/", body, Headers({"Content-Type": "text/xml"})))
assert b">1.5<" in reply.body, reply.body
needless = ("soapkit.wsdl.load", "soapkit.wsdl.write11", "soapkit.xsd", "soapkit.server.page")
print([name for name in sys.modules if name.startswith(needless)])
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told == "[]\n"


def test_making_a_client_class_loads_no_http_library() -> None:
    assert not loaded_by("from soapkit import Client, asgi") & {"xmlsec", "cryptography", "urllib3", "aiohttp"}
