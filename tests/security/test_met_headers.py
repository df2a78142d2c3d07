"""A header like one that was met before is not read anew; what it takes to believe it is done as ever."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from xml.sax.saxutils import escape

import pytest
from lxml import etree

from soapkit.attachment import Attachment
from soapkit.errors import SecurityError, SoapkitError
from soapkit.exchange.message_security import believed
from soapkit.security import Encrypt, Require, Security, Sign, SignatureConfirmation, Timestamp, TrustStore
from soapkit.security.markup import DS_REFERENCE
from soapkit.security.met import _CREDIT, _KEPT, MetHeaders
from soapkit.security.sender import FromSender, Sender
from soapkit.soap.attachments import Package
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.soap.wire import unpack
from soapkit.soap.xop import inline
from tests.both_ways import both_ways


def message(amount: str = "1", to: str = "bank") -> Draft:
    content = f'<b:transfer xmlns:b="urn:bank"><b:amount>{amount}</b:amount><note>1</note></b:transfer>'
    return Draft(SOAP_1_1, content, (f'<a:To xmlns:a="urn:addressing">{to}</a:To>',))


def signed_by(keypair, now, draft=None, **how) -> bytes:
    steps = [Timestamp(), Sign(keypair, **how)]
    return Security(outbound=steps).apply_draft(draft or message(), now=now).to_bytes()


def receiver(keys, **more) -> Security:
    settings = {"signed": ["Body", "Timestamp"], "trust": keys.trust, "replay": None} | more
    return Security(inbound=Require(**settings))


@pytest.fixture
def reads(monkeypatch) -> list[etree._Element]:
    """Each SignedInfo that was read."""
    from soapkit.security import verify

    found: list[etree._Element] = []
    read = verify.read_signed_info
    monkeypatch.setattr(
        verify, "read_signed_info", lambda element, *rest: found.append(element) or read(element, *rest)
    )
    return found


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"parts": ["Body", "Timestamp", "To", "BinarySecurityToken"]},
        {"parts": ["Body", "Timestamp"], "key_reference": "thumbprint"},
        {"key_reference": "issuer-serial"},
        {"key_reference": "embedded"},
        {"key_reference": "path"},
    ],
    ids=str,
)
def test_of_messages_with_one_outline_the_first_alone_is_read(how, keys, now, reads) -> None:
    security = receiver(keys, certificates=[keys.alice.certificate])
    for amount in ("1", "2", "3"):
        result = security.verify(signed_by(keys.alice, now, message(amount), **how), now=now)
        assert result.envelope.content[0][0].text == amount
        assert result.signer_name == "CN=alice"
        assert [each.name for each in result.signed][:1] in (["Body"], ["Timestamp"])
    assert len(reads) == 1


def test_a_message_that_a_service_received_is_one_of_these(keys, now, reads) -> None:
    security = receiver(keys)
    for amount in ("1", "2"):
        envelope = unpack(signed_by(keys.alice, now, message(amount)), "text/xml")
        assert security.verify(envelope, now=now).envelope.content[0][0].text == amount
    assert len(reads) == 1


@pytest.mark.parametrize("other", ["elsewhere", "here & there", "a > b", 'the "bank"', "a\rb", "a\nb"])
def test_a_header_block_may_say_something_else(other, keys, now, reads) -> None:
    security = receiver(keys, signed=["Body", "To"])
    for to in ("bank", other, "bank"):
        data = signed_by(keys.alice, now, message(to=escape(to, {"\r": "&#xD;"})), parts=["Body", "To"])
        assert (security.verify(data, now=now).envelope.headers[0].text or "") == to
        with pytest.raises(SecurityError, match="altered after it was signed"):
            security.verify(data.replace(b"</a:To>", b"x</a:To>"), now=now)
    assert len(reads) == 1


def test_a_header_block_of_another_name_is_read_anew(keys, now, reads) -> None:
    security = receiver(keys)
    for name in (b"To", b"To", b"From", b"To"):
        data = signed_by(keys.alice, now).replace(b"a:To", b"a:" + name)
        assert security.verify(data, now=now).envelope.headers[0].tag == "{urn:addressing}" + name.decode()
    assert len(reads) == 2


def test_a_signature_over_elements_inside_the_body_is_read_anew(keys, now, reads) -> None:
    """What stands where in a Body is another thing in each message."""
    security = receiver(keys, signed=["Timestamp", "//note"])
    for amount in ("1", "2"):
        data = signed_by(keys.alice, now, message(amount), parts=["Timestamp", "//note"])
        assert security.verify(data, now=now).envelope.content[0][0].text == amount
    assert len(reads) == 2


def test_a_body_that_is_not_canonical_in_its_text_is_believed_by_its_tree(keys, now, reads) -> None:
    """As of a peer who signs a tree, and writes it in another way."""
    security = receiver(keys)
    for amount in ("1", "2"):
        data = signed_by(keys.alice, now, message(amount)).replace(b"<b:amount>", b"<b:amount >")
        assert security.verify(data, now=now).envelope.content[0][0].text == amount
    assert len(reads) == 1


def test_no_octet_can_be_changed_that_could_not_in_the_first_message(keys, now) -> None:
    """Each octet of a message, one after the other."""
    security = receiver(keys)
    verify = both_ways(security, signed_by(keys.alice, now), now)
    data = signed_by(keys.alice, now, message("7"))
    verify(data)
    believed = 0
    for position, octet in enumerate(data):
        changed = data[:position] + (b"1" if octet != ord("1") else b"2") + data[position + 1 :]
        try:
            result = verify(changed)
        except SoapkitError:
            continue
        believed += 1
        assert result.envelope.content[0][0].text == "7", changed
    assert believed < 200  # what nobody signed: of the header block, of ids that nobody refers to


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<b:amount>", '<b:amount Id="{id}">'),
        ("<b:amount>", '<b:amount xml:id="{id}">'),
        ("</soap:Body>", '</soap:Body><x:x xmlns:x="urn:x" ID="{id}"/>'),
        ("</soap:Body>", '</soap:Body><x:x xmlns:x="urn:x" ID="&#105;{rest}"/>'),
        ("</soap:Body>", '</soap:Body><!-- {id} --><x:x xmlns:x="urn:x" AssertionID="{id}"/>'),
        ("<soap:Header>", '<soap:Header><x:x xmlns:x="urn:x" Id="{id}"/>'),
        ("<soap:Header>", '<soap:Header><x:x xmlns:x="urn:x"><soap:Body>'),
        ("<soap:Body", '<soap:Body xmlns="urn:forged"'),
        ("<soap:Envelope", '<soap:Envelope xmlns="urn:forged"'),
        ("<soap:Body", "<soap:Body><soap:Forged/></soap:Body><soap:Body"),
        ("rsa-sha256", "rsa-sha1"),
        ("xml-exc-c14n#", "xml-exc-c14n#WithComments"),
        ("</soap:Body>", "</soap:Body><soap:Body/>"),
    ],
)
def test_what_is_refused_in_the_first_message_is_refused_in_the_next(old, new, keys, now) -> None:
    verify = both_ways(receiver(keys), signed_by(keys.alice, now), now)
    text = signed_by(keys.alice, now, message("2")).decode()
    name = text.partition("<soap:Body")[2].partition('Id="')[2].partition('"')[0]
    with pytest.raises(SoapkitError):
        verify(text.replace(old, new.format(id=name, rest=name[1:]), 1).encode())


def test_ids_that_change_places_are_not_those_of_the_outline(keys, now) -> None:
    """The reference to the Timestamp names the Body, and the other way round: the digests are of the wrong ones."""
    verify = both_ways(receiver(keys), signed_by(keys.alice, now), now)
    root = etree.fromstring(signed_by(keys.alice, now))
    references = list(root.iter(DS_REFERENCE))
    first, second = references[0].get("URI"), references[1].get("URI")
    references[0].set("URI", second)
    references[1].set("URI", first)
    with pytest.raises(SecurityError):
        verify(etree.tostring(root))


def test_another_key_in_the_name_of_the_first_is_not_believed(keys, now) -> None:
    """The header is as that of the first, but for digests and the value of the signature."""
    verify = both_ways(receiver(keys), signed_by(keys.alice, now), now)
    text = signed_by(keys.mallory, now).decode()
    tokens = [re.search(r"(?<=>)[^<]*(?=</wsse:BinarySecurityToken>)", each)[0] for each in (text, genuine(keys, now))]
    with pytest.raises(SecurityError):
        verify(text.replace(*tokens).encode())


def genuine(keys, now) -> str:
    return signed_by(keys.alice, now).decode()


@pytest.mark.parametrize("later", [timedelta(seconds=400), timedelta(days=9_000)])
def test_the_time_is_asked_each_time(later, keys, now) -> None:
    security = receiver(keys)
    for _ in range(2):
        security.verify(signed_by(keys.alice, now), now=now)
    with pytest.raises(SecurityError, match="over 300 seconds before"):
        security.verify(signed_by(keys.alice, now), now=now + later)


def test_a_certificate_is_no_longer_believed_when_its_time_is_over(keys, now) -> None:
    security, later = receiver(keys), now + timedelta(days=9_000)
    security.verify(signed_by(keys.alice, now), now=now)
    with pytest.raises(SecurityError, match="certificate CN=alice"):
        security.verify(signed_by(keys.alice, later), now=later)


def test_a_message_of_a_header_that_was_met_is_believed_once(keys, now) -> None:
    security = Security(inbound=Require(signed=["Body", "Timestamp"], trust=keys.trust))
    security.verify(signed_by(keys.alice, now), now=now)
    again = signed_by(keys.alice, now)
    security.verify(again, now=now)
    with pytest.raises(SecurityError, match="seen before"):
        security.verify(again, now=now)


def test_what_was_refused_is_not_remembered(keys, now, reads) -> None:
    security = Security(inbound=Require(signed=["Body", "Timestamp", "To"], trust=keys.trust, replay=None))
    for _ in range(2):
        with pytest.raises(SecurityError, match="To at its place is not covered"):
            security.verify(signed_by(keys.alice, now), now=now)
    assert len(reads) == 2


def test_a_tree_that_its_holder_changed_is_verified_as_it_is(keys, now) -> None:
    security = receiver(keys)
    data = signed_by(keys.alice, now)
    believed = security.verify(data, now=now).envelope
    assert believed.received is None
    for envelope in (Envelope.parse(data), believed):
        envelope.content[0][0].text = "1000000"
        with pytest.raises(SecurityError, match="altered after it was signed"):
            security.verify(envelope, now=now)


def test_a_message_that_is_encrypted_too_is_read_each_time(keys, now, reads) -> None:
    security = receiver(keys, encrypted=["Body"], key=keys.bob)
    steps = [Timestamp(), Sign(keys.alice), Encrypt(to=keys.bob)]
    for amount in ("1", "2"):
        data = Security(outbound=steps).apply_draft(message(amount), now=now).to_bytes()
        assert security.verify(data, now=now).envelope.content[0][0].text == amount
    assert len(reads) == 2


def test_a_few_headers_are_kept_and_none_any_more_where_no_two_are_alike(keys, now) -> None:
    security = receiver(keys)
    met: MetHeaders = security._met
    for number in range(_CREDIT + 5):
        draft = message(to=f"<bank xmlns='{number}'/>")
        security.verify(signed_by(keys.alice, now, draft), now=now)
    assert (len(met._kept), met._credit) == (_KEPT, 0)


def test_each_of_several_senders_is_met_by_itself(keys, now, reads) -> None:
    security = receiver(keys, trust=TrustStore.of(keys.alice, keys.bob))
    for _ in range(3):
        for keypair in (keys.alice, keys.bob):
            assert security.verify(signed_by(keypair, now), now=now).signer == keypair.certificate
    assert len(reads) == 2


def test_an_envelope_that_attachments_go_into_has_its_bytes_no_more() -> None:
    """They would not tell what the tree has then."""
    text = b'<photo><x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:photo"/></photo>'
    envelope = Envelope.parse(Draft(SOAP_1_1, (text,)).to_bytes(), hold=True)
    assert envelope.received is not None
    whole = inline(Package(envelope, (Attachment(b"1", "image/png", content_id="photo"),)))
    assert (whole.content[0].text, whole.received) == ("MQ==", None)
    assert envelope.with_attachments([]).received is None


class Mending(Security):
    """Settings that write something else into each message before they verify it."""

    def verify(self, envelope, **how):
        envelope.content[0][0].text = "1000000"
        return super().verify(envelope, **how)


class Wrapped:
    """The same by somebody else's class."""

    def __init__(self, security: Security) -> None:
        self.apply, self.security = security.apply, security

    def verify(self, envelope, **how):
        envelope.content[0][0].text = "1000000"
        return self.security.verify(envelope, **how)


@pytest.mark.parametrize("made", [lambda security: Mending(inbound=security.inbound), Wrapped])
def test_what_is_changed_on_the_journey_before_it_is_verified_is_verified_as_it_is(made, keys, now) -> None:
    envelope = unpack(signed_by(keys.alice, now), "text/xml")
    with pytest.raises(SecurityError, match="altered after it was signed"):
        believed(envelope, made(receiver(keys)), (), now)


def test_on_the_journey_of_a_message_its_text_is_gone_by(keys, now, reads) -> None:
    security = receiver(keys)
    for asked in (security, FromSender(security, Sender())):
        for _ in range(2):
            assert believed(unpack(signed_by(keys.alice, now), "text/xml"), asked, (), now) is not None
    assert len(reads) == 1


def test_of_answers_that_confirm_their_requests_the_first_alone_is_read(keys, now, reads) -> None:
    """Each call of a client has settings of its own then; each answer confirms another signature."""
    confirming = Require(signed=["Body", "SignatureConfirmation"], trust=keys.trust, confirmed=True)
    client = Security(outbound=[Timestamp(), Sign(keys.alice)], inbound=confirming)
    parts = ["Body", "Timestamp", "SignatureConfirmation"]
    steps = [Timestamp(), SignatureConfirmation(), Sign(keys.bob, parts=parts)]
    service = Security(steps, Require(signed=["Body"], trust=keys.trust, replay=None))
    answers = []
    for _ in range(2):
        call = client.of_one_call()
        request = service.verify(call.apply_draft(message(), now=now).to_bytes(), now=now)
        answers.append(service.apply_draft(message(), now=now, request=request).to_bytes())
        assert call.verify(answers[-1], now=now).signer_name == "CN=bob"
    assert len(reads) == 2  # a request, an answer
    other = client.of_one_call()
    other.apply_draft(message(), now=now)
    with pytest.raises(SecurityError, match="the signatures of one request"):
        other.verify(answers[0], now=now)


def test_threads_share_what_was_met(keys, now) -> None:
    """More senders than headers are kept, and forgeries among them."""
    security = receiver(keys)

    def ask(number: int) -> bool:
        data = signed_by(keys.alice, now, message(str(number), to=f"<bank n='{number % (_KEPT + 4)}'/>"))
        forged = number % 3 == 0
        if forged:
            data = data.replace(b"<b:amount>", b"<b:amount>9")
        try:
            return security.verify(data, now=now).envelope.content[0][0].text == str(number) and not forged
        except SecurityError:
            return forged

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, range(120)))
