"""Private keys that stay in a device: an object that asks it is enough, and nothing asks for the key itself."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from soapkit import xmldsig, xmlenc
from soapkit.errors import SecurityError, UsageError
from soapkit.security import Encrypt, KeyPair, Require, Security, Sign, Timestamp, XmlsecProvider
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1

PLAIN = Draft(SOAP_1_1, "<x>1</x>").to_envelope()


class Device:
    """What every key in a device has in common: the device does what it is asked, and hands nothing out."""

    def __init__(self, inside: Any) -> None:
        self.inside = inside
        self.asked: list[str] = []

    def _ask(self, name: str, *arguments: Any) -> Any:
        self.asked.append(name)
        return getattr(self.inside, name)(*arguments)

    def _stays(self, *_: object) -> NoReturn:
        raise NotImplementedError("the key stays in the device")

    private_numbers = private_bytes = __copy__ = __deepcopy__ = _stays

    def public_key(self) -> Any:
        return self.inside.public_key()

    @property
    def key_size(self) -> int:
        return self.inside.key_size

    def sign(self, *arguments: Any) -> bytes:
        return self._ask("sign", *arguments)


class RsaDevice(Device, rsa.RSAPrivateKey):
    def decrypt(self, *arguments: Any) -> bytes:
        return self._ask("decrypt", *arguments)


class CurveDevice(Device, ec.EllipticCurvePrivateKey):
    def exchange(self, *arguments: Any) -> bytes:
        return self._ask("exchange", *arguments)

    @property
    def curve(self) -> ec.EllipticCurve:
        return self.inside.curve


@pytest.fixture(params=["rsa", "curve"])
def owner(request, keys):
    pair = {"rsa": keys.alice, "curve": keys.curve}[request.param]
    kind = {"rsa": RsaDevice, "curve": CurveDevice}[request.param]
    return KeyPair(kind(pair.private_key), pair.certificate)


def test_a_message_is_signed_and_decrypted_with_a_key_in_a_device(owner, keys, now):
    secured = Security([Timestamp(), Sign(owner), Encrypt(to=owner)]).apply(PLAIN, now=now)
    require = Require(signed=["Body"], encrypted=["Body"], trust=keys.trust, key=owner)
    result = Security(inbound=require).verify(Envelope.parse(secured.to_bytes()), now=now)
    assert result.signer == owner.certificate
    assert owner.private_key.asked == ["sign", "decrypt" if isinstance(owner.private_key, RsaDevice) else "exchange"]


def test_documents_are_signed_and_decrypted_with_it_too(owner, keys, now):
    signed = xmldsig.sign(b"<a/>", owner)
    assert xmldsig.verify(signed, trust=keys.trust, at=now).signed[0].tag == "a"
    sealed = xmlenc.encrypt(b"<a/>", to=keys.alice.certificate)
    device = RsaDevice(keys.alice.private_key)
    assert xmlenc.decrypt(sealed, key=KeyPair(device, keys.alice.certificate)).root.tag == "a"
    assert device.asked == ["decrypt"]


def test_libxmlsec_needs_the_key_itself_and_that_is_told(owner, now):
    with pytest.raises(SecurityError, match="is not handed out, as xmlsec needs it"):
        Security([Sign(owner, parts=["Body"])], provider=XmlsecProvider()).apply(PLAIN, now=now)


def test_a_key_and_the_certificate_of_another_are_no_pair(keys):
    with pytest.raises(UsageError, match="the private key is not that of certificate CN=bob"):
        KeyPair(keys.alice.private_key, keys.bob.certificate)
    with pytest.raises(UsageError, match=r"KeyPair\(private_key=\.\.\.\) is a private key of .*, not a str"):
        KeyPair("alice.key", keys.alice.certificate)
