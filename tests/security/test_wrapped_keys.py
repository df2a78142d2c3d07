"""Keys that are wrapped under secrets: by name, under shared keys, derived keys and security contexts."""

from __future__ import annotations

import pytest
from lxml import etree

from soapkit.errors import SecurityError, UsageError
from soapkit.security import (
    SHARED,
    Contexts,
    Encrypt,
    KeyPair,
    PasswordKey,
    Require,
    SecretKey,
    Security,
    SecurityContext,
    SharedKey,
    Sign,
    Timestamp,
    XmlsecProvider,
    profile,
)
from soapkit.security.crypto.algorithms import wrap_named
from soapkit.security.crypto.with_cryptography import CryptographyProvider
from soapkit.security.encrypted_key import cipher_value
from soapkit.security.explain import explain
from soapkit.security.markup import (
    CIPHER_VALUE,
    ENCRYPTED_DATA,
    ENCRYPTED_KEY,
    ENCRYPTION_METHOD,
    KEY_INFO,
    KEY_NAME,
    REFERENCE,
)
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.xml.parse import parse_message

ROOT = SecretKey("root of 2026", bytes(range(32)))
SECRETS = {ROOT.name: ROOT.value}


def message(text: str = "secret") -> Envelope:
    return Draft(SOAP_1_1, f"<x>{text}</x>").to_envelope()


def on_the_wire(envelope: Envelope) -> Envelope:
    return Envelope.read(parse_message(envelope.to_bytes()))


def made(*steps) -> Envelope:
    return on_the_wire(Security(outbound=list(steps)).apply(message()))


def opened(envelope: Envelope, **require) -> str:
    result = Security(inbound=Require(encrypted=["Body"], replay=None, **require)).verify(on_the_wire(envelope))
    return result.envelope.content[0].text


def refused(envelope: Envelope, **require) -> str:
    with pytest.raises(SecurityError) as caught:
        opened(envelope, **require)
    return str(caught.value)


@pytest.mark.parametrize("size", [16, 24, 32])
def test_a_key_is_wrapped_under_a_secret_that_both_sides_know_by_name(size):
    secret = SecretKey("ours", bytes(range(size)))
    secured = made(Encrypt(to=secret))
    method = secured.root.find(f".//{ENCRYPTED_KEY}/{ENCRYPTION_METHOD}").get("Algorithm")
    assert method == f"http://www.w3.org/2001/04/xmlenc#kw-aes{8 * size}"
    assert secured.root.findtext(f".//{ENCRYPTED_KEY}/{KEY_INFO}/{KEY_NAME}") == "ours"
    assert opened(secured, secrets={"another": bytes(16), "ours": secret.value}) == "secret"


def test_a_shared_key_under_a_named_secret_signs_and_encrypts():
    secured = made(Timestamp(), SharedKey(to=ROOT), Sign(SHARED), Encrypt(to=SHARED))
    assert opened(secured, secrets=SECRETS, signed=["Body", "Timestamp"], shared_key=True) == "secret"


@pytest.mark.parametrize("derived", ["", "2005/12"])
def test_a_fresh_key_is_wrapped_under_the_shared_one(derived, keys):
    secured = made(SharedKey(to=keys.bob, derived=derived), Encrypt(to=SHARED, key_wrap="kw-aes256"))
    assert len(list(secured.root.iter(ENCRYPTED_KEY))) == 2
    assert opened(secured, key=keys.bob) == "secret"


def test_a_fresh_key_is_wrapped_under_that_of_a_security_context():
    context = SecurityContext("urn:uuid:1", bytes(range(32)))
    secured = made(SharedKey(to=context), Encrypt(to=SHARED, key_wrap="kw-aes128"))
    assert opened(secured, contexts=Contexts([context])) == "secret"
    assert "no security context" in refused(secured, contexts=Contexts())


def test_a_fresh_key_is_wrapped_under_that_of_a_password():
    key = PasswordKey("alice", "correct horse", iterations=1000)
    secured = made(Timestamp(), SharedKey(to=key), Sign(SHARED), Encrypt(to=SHARED, key_wrap="kw-aes128"))
    wanted = {"signed": ["Body"], "password_keys": True}
    assert opened(secured, username={"alice": "correct horse"}, **wanted) == "secret"
    with pytest.raises(SecurityError, match="needs a key of 32 bytes, not 20"):
        made(SharedKey(to=key), Encrypt(to=SHARED, key_wrap="kw-aes256"))


def test_data_that_is_encrypted_under_a_named_secret_itself_is_read():
    """Without an EncryptedKey, as plain XML Encryption has it."""
    secured = made(Encrypt(to=ROOT))
    data, key = secured.root.find(f".//{ENCRYPTED_DATA}"), secured.root.find(f".//{ENCRYPTED_KEY}")
    value = CryptographyProvider().unwrap_key(ROOT.wrap, ROOT.value, cipher_value(key))
    key.getparent().remove(key)
    info = data.find(KEY_INFO)
    del info[:]
    etree.SubElement(info, KEY_NAME).text = "of the data"
    assert opened(secured, secrets={"of the data": value}) == "secret"


def test_a_secret_that_is_not_named_is_tried():
    secured = made(Encrypt(to=ROOT))
    info = secured.root.find(f".//{ENCRYPTED_KEY}/{KEY_INFO}")
    info.getparent().remove(info)
    assert opened(secured, secrets={"x": bytes(32), **SECRETS}) == "secret"


def test_a_wrong_secret_a_damaged_key_and_an_unknown_name_are_refused_in_the_same_words():
    told = {refused(made(Encrypt(to=ROOT)), secrets={ROOT.name: bytes(32)})}
    told.add(refused(made(Encrypt(to=ROOT)), secrets={"another": ROOT.value}))
    told.add(refused(made(Encrypt(to=ROOT)), secrets={ROOT.name: ROOT.value[:16]}))
    damaged = made(Encrypt(to=ROOT))
    value = damaged.root.find(f".//{ENCRYPTED_KEY}//{CIPHER_VALUE}")
    value.text = "AAAA" + value.text[4:]
    told.add(refused(damaged, secrets=SECRETS))
    value.text = "AAAA"
    told.add(refused(damaged, secrets=SECRETS))
    assert len(told) == 1
    assert "wrapped under another key" in told.pop()


def test_a_certificate_does_not_stand_for_a_secret(keys):
    """Key confusion: the public key, or its name, is never taken for what wraps."""
    secured = made(Encrypt(to=keys.bob))
    secured.root.find(f".//{ENCRYPTED_KEY}/{ENCRYPTION_METHOD}").set(
        "Algorithm", "http://www.w3.org/2001/04/xmlenc#kw-aes128"
    )
    assert "under another key" in refused(secured, key=keys.bob, secrets=SECRETS)


def test_keys_that_are_wrapped_under_each_other_are_refused(keys):
    secured = made(SharedKey(to=keys.bob), Encrypt(to=SHARED, key_wrap="kw-aes256"))
    shared, wrapped = secured.root.iter(ENCRYPTED_KEY)
    for method in (shared.find(ENCRYPTION_METHOD),):
        method.set("Algorithm", "http://www.w3.org/2001/04/xmlenc#kw-aes256")
        del method[:]
    info = shared.find(KEY_INFO)
    del info[:]
    info.append(etree.fromstring(etree.tostring(wrapped.find(KEY_INFO)[0])))
    info.find(f".//{REFERENCE}").set("URI", f"#{wrapped.get('Id')}")
    assert "lead back to themselves" in refused(secured, key=keys.bob)


def test_a_long_way_of_wrapped_keys_is_refused(keys):
    """Each EncryptedKey inside the KeyInfo of the one before."""
    secured = made(Encrypt(to=ROOT))
    key = secured.root.find(f".//{ENCRYPTED_KEY}")
    for _ in range(200):
        inner = etree.fromstring(etree.tostring(key))
        for reference in list(inner):
            if reference.tag.endswith("ReferenceList"):
                inner.remove(reference)
        inner.attrib.pop("Id", None)
        info = key.find(KEY_INFO)
        del info[:]
        info.append(inner)
        key = inner
        if len(list(secured.root.iter(ENCRYPTED_KEY))) > 40:
            break
    assert "too far" in refused(secured, secrets=SECRETS)


def test_a_named_secret_alone_opens_nothing_else(keys):
    assert "Require(key=...)" in refused(made(Encrypt(to=keys.bob)), secrets=SECRETS)


@pytest.mark.parametrize("name", ["kw-aes128", "kw-aes192", "kw-aes256", "kw-tripledes"])
def test_both_providers_wrap_alike(name):
    wrap = wrap_named(name)
    key, secret = bytes(range(wrap.key_size)), bytes(range(24))
    ours, theirs = CryptographyProvider(), XmlsecProvider()
    assert theirs.unwrap_key(wrap, key, ours.wrap_key(wrap, key, secret)) == secret
    assert ours.unwrap_key(wrap, key, theirs.wrap_key(wrap, key, secret)) == secret
    for provider in (ours, theirs):
        with pytest.raises(SecurityError, match="wrapped under another key"):
            provider.unwrap_key(wrap, key, bytes(40))


def test_3des_wraps_under_the_legacy_profile_alone(keys):
    secured = made(SharedKey(to=keys.bob), Encrypt(to=SHARED, key_wrap="kw-tripledes", algorithm="tripledes-cbc"))
    assert "kw-tripledes' is not allowed" in refused(secured, key=keys.bob)
    assert opened(secured, key=keys.bob, algorithms=profile("legacy")) == "secret"


def test_settings_that_cannot_be_meant_are_refused():
    with pytest.raises(UsageError, match="16, 24 or 32 bytes"):
        SecretKey("x", bytes(20))
    with pytest.raises(UsageError, match="a name"):
        SecretKey("", bytes(16))
    assert "\\x" not in repr((ROOT, Require(secrets=SECRETS), Encrypt(to=ROOT)))


def test_it_is_told_in_words():
    told = "\n".join(explain(made(Encrypt(to=ROOT))))
    assert "key: wrapped with kw-aes256 under the secret called root of 2026" in told


def test_a_bob_without_secrets_is_told_what_is_missing(keys):
    bob: KeyPair = keys.bob
    assert "under another key" in refused(made(Encrypt(to=ROOT)), key=bob)
