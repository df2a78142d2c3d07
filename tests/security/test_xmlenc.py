"""Plain XML encryption: what is encrypted comes back in its place; keys as documents name them; what is refused."""

from __future__ import annotations

import base64

import pytest
import xmlsec
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from soapkit.cli.main import main
from soapkit.errors import SecurityError, UsageError, XmlError
from soapkit.security.crypto.algorithms import CIPHERS
from soapkit.security.crypto.with_cryptography import CryptographyProvider
from soapkit.security.throwaway import make_keypair
from soapkit.xml.names import XENC
from soapkit.xmlenc import decrypt, encrypt, profile

ORDER = (
    b'<o:order xmlns:o="urn:order"><!-- kept --><o:item n="1">bread &amp; butter</o:item> tail <o:card>4711</o:card>'
    b"</o:order>"
)
SECRET = bytes(range(32))
HEAD = (
    '<x:EncryptedData xmlns:x="http://www.w3.org/2001/04/xmlenc#" xmlns:d="http://www.w3.org/2000/09/xmldsig#"'
    ' xmlns:x11="http://www.w3.org/2009/xmlenc11#" Type="http://www.w3.org/2001/04/xmlenc#Element">'
    '<x:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/>'
)


def data(key_info: str, secret: bytes = SECRET, plain: bytes = b"<a>1</a>") -> bytes:
    """An EncryptedData whose KeyInfo says what we want it to."""
    cipher = CIPHERS["http://www.w3.org/2009/xmlenc11#aes256-gcm"]
    value = base64.b64encode(CryptographyProvider().encrypt(cipher, secret, plain)).decode()
    return (
        f"{HEAD}<d:KeyInfo>{key_info}</d:KeyInfo>"
        f"<x:CipherData><x:CipherValue>{value}</x:CipherValue></x:CipherData></x:EncryptedData>"
    ).encode()


def wrapped(kek: bytes, name: str, algorithm: str = "kw-aes256", extra: str = "") -> str:
    """An EncryptedKey: SECRET under `kek`, which is called `name`."""
    value = base64.b64encode(aes_key_wrap(kek, SECRET)).decode()
    return (
        f'<x:EncryptedKey><x:EncryptionMethod Algorithm="{XENC}{algorithm}"/>'
        f"<d:KeyInfo><d:KeyName>{name}</d:KeyName></d:KeyInfo>"
        f"<x:CipherData><x:CipherValue>{value}</x:CipherValue></x:CipherData>{extra}</x:EncryptedKey>"
    )


# --- out and back -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [False, True])
@pytest.mark.parametrize("path", ["", "{urn:order}card", "{urn:order}item", "*"])
def test_what_is_encrypted_comes_back_in_its_place(path, content, keys):
    sealed = encrypt(ORDER, to=keys.bob.certificate, path=path, content=content)
    assert (b"4711" in sealed) is (path == "{urn:order}item")
    assert etree.tostring(decrypt(sealed, key=keys.bob).root, method="c14n", with_comments=True) == etree.tostring(
        etree.fromstring(ORDER), method="c14n", with_comments=True
    )


@pytest.mark.parametrize("content", [False, True])
@pytest.mark.parametrize("path", ["", "{urn:r}item"])
def test_what_comes_back_is_the_root_of_a_document_of_its_own(path, content):
    order = b'<root xmlns="urn:r"><item><a>1</a></item></root>'
    sealed = encrypt(order, secret=SECRET, path=path, content=content)
    root = decrypt(sealed, secrets={"": SECRET}).root
    assert root.getroottree().getroot() is root
    assert etree.tostring(root, method="c14n") == order
    assert etree.tostring(root.getroottree(), method="c14n") == order


@given(text=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")))
def test_any_text_comes_back(text):
    root = etree.Element("a")
    etree.SubElement(root, "b").text = text
    sealed = encrypt(root, secret=SECRET, path="b", content=True)
    assert (decrypt(sealed, secrets={"": SECRET}).root.findtext("b") or "") == text


@pytest.mark.parametrize("how", ["certificate", "issuer-serial", "subject", "key-name", "none"])
def test_the_key_is_found_however_it_is_named(how, keys):
    sealed = encrypt(ORDER, to=keys.bob, key_info=how)
    assert decrypt(sealed, key=[keys.alice, keys.bob]).root.tag == "{urn:order}order"


def test_what_is_encrypted_twice_is_opened_twice(keys):
    once = encrypt(ORDER, secret=SECRET, name="k", path="{urn:order}card")
    found = decrypt(encrypt(once, to=keys.bob), key=keys.bob, secrets={"k": SECRET})
    assert [part.path for part in found.parts] == ["EncryptedData", "order/EncryptedData"]
    assert found.root.findtext("{urn:order}card") == "4711"


def test_octets_that_are_no_xml_are_told_and_not_put_into_the_document():
    element = etree.fromstring(data("<d:KeyName>k</d:KeyName>", plain=b"\x00\xff no XML"))
    element.attrib.pop("Type")
    element.set("MimeType", "image/png")
    found = decrypt(element, secrets={"k": SECRET})
    assert (found.parts[0].octets, found.parts[0].mime_type) == (b"\x00\xff no XML", "image/png")
    assert found.root.tag == f"{{{XENC}}}EncryptedData"


def test_xmlsec_opens_what_we_encrypt_and_we_what_it_encrypts(keys):
    pem = keys.bob.certificate.public_key(), keys.bob.private_key
    manager = xmlsec.KeysManager()
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = xmlsec.Key.from_memory(
        pem[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), xmlsec.KeyFormat.PEM
    )
    manager.add_key(key)
    sealed = etree.fromstring(
        encrypt(ORDER, to=keys.bob, key_transport="rsa-oaep-mgf1p", oaep_digest="sha1", key_info="none")
    )
    opened = xmlsec.EncryptionContext(manager).decrypt(sealed)
    assert opened.findtext("{urn:order}card") == "4711"

    root = etree.fromstring(ORDER)
    template = xmlsec.template.encrypted_data_create(
        root, xmlsec.Transform.AES256_GCM, type=xmlsec.EncryptionType.ELEMENT, ns="xenc"
    )
    xmlsec.template.encrypted_data_ensure_cipher_value(template)
    info = xmlsec.template.encrypted_data_ensure_key_info(template, ns="ds")
    carried = xmlsec.template.add_encrypted_key(info, xmlsec.Transform.RSA_OAEP)
    xmlsec.template.encrypted_data_ensure_cipher_value(carried)
    context = xmlsec.EncryptionContext(manager)
    context.key = xmlsec.Key.generate(xmlsec.KeyData.AES, 256, xmlsec.KeyDataType.SESSION)
    context.encrypt_xml(template, root.find("{urn:order}card"))
    assert decrypt(root, key=keys.bob).root.findtext("{urn:order}card") == "4711"


# --- how documents name their keys --------------------------------------------------------------------------------


def test_a_mask_function_that_is_said_is_the_one_though_the_name_of_the_algorithm_has_another(keys):
    sealed = encrypt(b"<a>secret</a>", to=keys.bob.certificate, key_transport="rsa-oaep", oaep_mgf="sha256")
    renamed = sealed.replace(b"http://www.w3.org/2009/xmlenc11#rsa-oaep", f"{XENC}rsa-oaep-mgf1p".encode())
    assert decrypt(renamed, key=keys.bob).root.text == "secret"


def test_a_key_may_be_wrapped_by_one_that_both_sides_have():
    assert decrypt(data(wrapped(bytes(32), "kek")), secrets={"kek": bytes(32)}).root.text == "1"


@pytest.mark.parametrize("kind", ["ec", "ec-p521", "x25519"])
@pytest.mark.parametrize("how", ["certificate", "key-name", "none"])
def test_a_key_is_agreed_on_with_a_certificate_of_an_elliptic_curve(kind, how, keys):
    reader = make_keypair("reader", keys.authority, kind=kind)
    sealed = encrypt(b"<a>1</a>", to=reader, key_info=how)
    assert b"AgreementMethod" in sealed
    assert decrypt(sealed, key=[keys.bob, reader]).root.text == "1"
    with pytest.raises(SecurityError):
        decrypt(sealed, key=[keys.bob, make_keypair("other", keys.authority, kind=kind)])


def test_a_key_is_found_by_its_id_and_by_the_name_it_carries():
    elsewhere = wrapped(bytes(32), "kek", extra="<x:CarriedKeyName>the key</x:CarriedKeyName>").replace(
        "<x:EncryptedKey", '<x:EncryptedKey Id="ek"'
    )
    for info in (
        f'<d:RetrievalMethod Type="{XENC}EncryptedKey" URI="#ek"/>',
        "<d:KeyName>the key</d:KeyName>",
    ):
        sealed = data(info).decode()
        whole = sealed.replace("<x:EncryptedData ", "<x:EncryptedData ", 1)
        scope = 'xmlns:x="http://www.w3.org/2001/04/xmlenc#" xmlns:d="http://www.w3.org/2000/09/xmldsig#"'
        document = f"<r {scope}>{whole}<keys>{elsewhere}</keys></r>".encode()
        assert decrypt(document, secrets={"kek": bytes(32)}).root.findtext("a") == "1"


DERIVED = "<x11:DerivedKey><x11:KeyDerivationMethod Algorithm='http://www.w3.org/2009/xmlenc11#{0}'>{1}</x11:KeyDerivationMethod><x11:MasterKeyName>m</x11:MasterKeyName></x11:DerivedKey>"
PBKDF2 = (
    "<x11:PBKDF2-params><x11:Salt><x11:Specified>c2FsdA==</x11:Specified></x11:Salt>"
    "<x11:IterationCount>{0}</x11:IterationCount><x11:KeyLength>32</x11:KeyLength>"
    "<x11:PRF Algorithm='http://www.w3.org/2001/04/xmldsig-more#hmac-sha256'/></x11:PBKDF2-params>"
)


def test_a_key_may_be_derived_of_a_password():
    # RFC 7914, 11: PBKDF2-HMAC-SHA256 of "passwd" with "salt", one iteration
    secret = bytes.fromhex("55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc")
    sealed = data(DERIVED.format("pbkdf2", PBKDF2.format(1)), secret)
    assert decrypt(sealed, secrets={"m": b"passwd"}).root.text == "1"


# --- what is refused ----------------------------------------------------------------------------------------------

CONCAT = "<x11:ConcatKDFParams AlgorithmID='{0}'><d:DigestMethod Algorithm='http://www.w3.org/2001/04/xmlenc#sha256'/></x11:ConcatKDFParams>"


@pytest.mark.parametrize(
    ("key_info", "said"),
    [
        ("<d:KeyName>other</d:KeyName>", "no key is called 'other'"),
        ("<d:KeyName>short</d:KeyName>", "a key of 3 bytes is given where 32 are needed"),
        ("<d:KeyValue/>", "its KeyInfo has KeyValue"),
        (wrapped(bytes(range(1, 33)), "kek"), "wrapped under another key"),
        (wrapped(bytes(32), "kek", "kw-tripledes"), "kw-tripledes' is not allowed by the policy 'modern'"),
        ('<d:RetrievalMethod URI="http://192.0.2.1/key"/>', "by its id"),
        ('<d:RetrievalMethod URI="#none"/>', "none"),
        (DERIVED.format("pbkdf2", PBKDF2.format(2_000_001)), "from 1 to 2,000,000"),
        (DERIVED.format("pbkdf2", PBKDF2.format("\u0661")), "IterationCount"),
        (DERIVED.format("hkdf", ""), "xmlenc11#hkdf' is not understood"),
        (DERIVED.format("ConcatKDF", CONCAT.format("09FF")), "shorter than it says"),
        (DERIVED.format("ConcatKDF", CONCAT.format("xyz")), "not hexadecimal"),
    ],
)
def test_a_key_that_is_not_ours_is_told(key_info, said):
    with pytest.raises(SecurityError) as caught:
        decrypt(data(key_info), secrets={"kek": bytes(32), "short": b"abc", "m": b"passwd"})
    assert said in str(caught.value)


def test_keys_that_lead_to_each_other_end():
    loop = (
        f'<x:EncryptedKey Id="k"><x:EncryptionMethod Algorithm="{XENC}kw-aes256"/><d:KeyInfo>'
        '<d:RetrievalMethod URI="#k"/></d:KeyInfo>'
        "<x:CipherData><x:CipherValue>AAAA</x:CipherValue></x:CipherData></x:EncryptedKey>"
    )
    with pytest.raises(SecurityError, match="deep"):
        decrypt(data(loop), secrets={"": SECRET})


@pytest.mark.parametrize("how", ["certificate", "issuer-serial", "subject", "ski", "key-name"])
def test_of_several_keys_the_one_is_taken_that_the_document_names(how, keys):
    """RSA 1.5 makes a secret of anything, under a wrong key a wrong one."""
    sealed = encrypt(ORDER, to=keys.bob.certificate, key_transport="rsa-1_5", algorithm="aes128-cbc", key_info=how)
    ours = [keys.alice, keys.mallory, keys.bob]
    assert decrypt(sealed, key=ours, algorithms=profile("legacy")).to_bytes() == ORDER


def test_many_encrypted_keys_are_not_all_tried(keys):
    one = wrapped(bytes(32), "other")
    with pytest.raises(SecurityError, match="more than 64 encrypted keys"):
        decrypt(b"<r>" + data(one) * 65 + b"</r>", secrets={"other": bytes(32)})


def test_cbc_is_decrypted_under_a_profile_that_says_so_alone(keys):
    sealed = encrypt(ORDER, to=keys.bob, algorithm="aes256-cbc")
    with pytest.raises(SecurityError, match="legacy"):
        decrypt(sealed, key=keys.bob)
    assert decrypt(sealed, key=keys.bob, algorithms=profile("legacy")).root.tag == "{urn:order}order"


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        (b"</o><o>", "decrypted"),
        (b"<a/><b/>", "expected one element"),
        (b"text", "expected one element"),
        (b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', "decrypted"),
        (b"<a>" * 300 + b"</a>" * 300, "decrypted"),
    ],
)
def test_what_comes_out_must_fit_in_its_place(plain, said):
    with pytest.raises(SecurityError, match=said):
        decrypt(b"<r>" + data("<d:KeyName>k</d:KeyName>", plain=plain) + b"</r>", secrets={"k": SECRET})


def test_a_damaged_document_is_refused(keys):
    sealed = encrypt(ORDER, to=keys.bob)
    at = sealed.rindex(b"</xenc:CipherValue>") - 8
    with pytest.raises(SecurityError):
        decrypt(sealed[:at] + (b"A" if sealed[at : at + 1] != b"A" else b"B") + sealed[at + 1 :], key=keys.bob)
    with pytest.raises(SecurityError):
        decrypt(sealed, key=keys.alice)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({}, UsageError),
        ({"to": None, "secret": None}, UsageError),
        ({"secret": b"short"}, SecurityError),
        ({"secret": SECRET, "path": "nowhere"}, SecurityError),
        ({"secret": SECRET, "path": "]["}, UsageError),
        ({"secret": SECRET, "algorithm": "rot13"}, UsageError),
        ({"secret": SECRET, "path": ".//*"}, SecurityError),
    ],
)
def test_settings_that_make_no_sense_are_told(options, error):
    with pytest.raises(error):
        encrypt(b"<a><b><c/></b></a>", **options)


def test_a_document_in_which_nothing_is_encrypted_says_so(keys):
    with pytest.raises(SecurityError, match="nothing in the document is encrypted"):
        decrypt(ORDER, key=keys.bob)
    with pytest.raises(XmlError):
        decrypt(b"<a>", key=keys.bob)


# --- the command --------------------------------------------------------------------------------------------------


def test_the_commands_encrypt_and_decrypt(tmp_path, monkeypatch, capsysbinary):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOAPKIT_PASSWORD", "pw")
    (tmp_path / "order.xml").write_bytes(ORDER)

    def run(*arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        return int(ended.value.code or 0)

    assert run("cert", "keys", "--name", "bob", "--password", "pw") == 0
    assert run("xmlenc", "encrypt", "order.xml", "--to", "keys/bob.pem", "--path", ".//*", "-o", "sealed.xml") == 0
    assert b"4711" not in (tmp_path / "sealed.xml").read_bytes()
    capsysbinary.readouterr()
    assert run("xmlenc", "decrypt", "sealed.xml", "--key", "keys/bob.p12") == 0
    assert b"4711" in capsysbinary.readouterr().out
    assert run("xmlenc", "encrypt", "order.xml") == 2
    assert run("xmlenc", "decrypt", "order.xml", "--key", "keys/bob.p12") == 1
