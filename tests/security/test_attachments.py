"""Signed and encrypted attachments (WSS SOAP Messages with Attachments Profile 1.1), and MTOM under a signature."""

from __future__ import annotations

import base64
import itertools
import os
from copy import copy

import pytest

from soapkit.attachment import Attachment
from soapkit.errors import SecurityError
from soapkit.security import SHARED, Encrypt, Require, Security, SharedKey, Sign, Timestamp, profile
from soapkit.soap.attachments import Package, pack_package, unpack_package
from soapkit.soap.envelope import Envelope
from soapkit.soap.xop import include, inline
from soapkit.xml.names import DS, SWA, XENC
from soapkit.xml.parse import parse_message

WHOLE, CONTENTS = "Attachments", "AttachmentContents"
PARTS = (WHOLE, CONTENTS)


def some() -> list[Attachment]:
    return [
        Attachment(b"one\ntwo\r\nthree", "text/plain; charset=UTF-8", "note@x"),
        Attachment(b"<a  b='1'><!-- c --><d/></a>", "application/xml", "data@x"),
        Attachment(b"\0\r\n\xff" * 500_000, "application/zip", "large@x"),
        Attachment(b"", "application/pdf", "empty@x", "where", {"Content-Disposition": 'attachment; filename="A.pdf"'}),
    ]


def over_the_wire(envelope: Envelope, *, xop: bool = False) -> Envelope:
    body, fields = pack_package(envelope.to_bytes(), envelope.version, "", envelope.attachments, xop=xop)
    package = unpack_package(b"".join(body), dict(fields)["Content-Type"])
    return package.envelope.with_attachments(package.attachments)


def sent(plain: Envelope, *steps, now, attachments=None) -> Envelope:
    beside = some() if attachments is None else attachments
    return over_the_wire(Security(outbound=steps).apply(plain.with_attachments(beside), now=now))


def received(envelope: Envelope, now, keys, **wanted):
    require = {"trust": keys.trust, "key": keys.bob, "replay": None} | wanted
    return Security(inbound=Require(**require)).verify(envelope, now=now)


def contents(envelope: Envelope) -> list[tuple[str, str, bytes, str]]:
    return [(one.content_id, one.content_type, one.read(), one.location) for one in envelope.attachments]


def changed(envelope: Envelope, which: int, **values) -> Envelope:
    """The same message with one attachment that says, or is, something else."""
    attachments = list(envelope.attachments)
    old = attachments[which]
    made = {name: getattr(old, name) for name in ("content_type", "content_id", "location", "headers")}
    attachments[which] = Attachment(**({"content": old.read()} | made | values))
    return envelope.with_attachments(attachments)


def element(envelope: Envelope, tag: str):
    return next(envelope.root.iter(tag))


# --- signed -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", PARTS)
def test_attachments_are_signed_and_come_as_they_were(part, plain, keys, now):
    result = received(sent(plain, Sign(keys.alice, parts=["Body", part]), now=now), now, keys, signed=["Body", part])
    assert contents(result.envelope) == contents(plain.with_attachments(some()))
    assert [(one.whole, one.signer_name) for one in result.signed_attachments] == [(part == WHOLE, "CN=alice")] * 4
    assert all(result.is_signed(one) for one in result.envelope.attachments)
    assert not result.is_signed(some()[0])  # by identity: an equal one is another
    assert not result.is_encrypted(result.envelope.attachments[0])


def test_attachments_are_signed_under_a_shared_key(plain, keys, now):
    steps = SharedKey(to=keys.bob, derived="2005/12"), Sign(SHARED, parts=[WHOLE]), Encrypt(to=SHARED, parts=[WHOLE])
    result = received(sent(plain, *steps, now=now), now, keys, signed=[WHOLE], encrypted=[WHOLE], shared_key=True)
    assert contents(result.envelope) == contents(plain.with_attachments(some()))


def test_a_message_without_attachments_keeps_the_same_settings(plain, keys, now):
    steps = Sign(keys.alice, parts=["Body", WHOLE]), Encrypt(to=keys.bob, parts=["Body", WHOLE])
    wanted = ["Body", WHOLE]
    result = received(sent(plain, *steps, now=now, attachments=[]), now, keys, signed=wanted, encrypted=wanted)
    assert result.signed_attachments == result.encrypted_attachments == result.envelope.attachments == ()


def test_a_signature_over_no_attachments_alone_is_not_made(plain, keys, now):
    with pytest.raises(SecurityError, match="would cover nothing"):
        sent(plain, Sign(keys.alice, parts=[WHOLE]), now=now, attachments=[])


@pytest.mark.parametrize(("part", "which"), [*itertools.product(PARTS, range(4))])
def test_altered_content_is_refused(part, which, plain, keys, now):
    message = sent(plain, Sign(keys.alice, parts=["Body", part]), now=now)
    content = message.attachments[which].read()
    with pytest.raises(SecurityError, match=r"altered after it was signed|cannot be canonicalised"):
        received(changed(message, which, content=content + b"<"), now, keys, signed=["Body"])


@pytest.mark.parametrize(
    ("which", "values"),
    [
        (0, {"content_type": "text/html", "headers": {}}),
        (2, {"headers": {"content-type": "application/zip", "content-description": "new"}}),
        (3, {"headers": {"content-type": "application/pdf", "content-disposition": "attachment; filename=b.exe"}}),
        (3, {"location": "elsewhere", "headers": {}}),
    ],
)
def test_an_altered_header_field_is_refused_where_it_is_signed(which, values, plain, keys, now):
    wanted = {"signed": ["Body", CONTENTS]}
    signed = changed(sent(plain, Sign(keys.alice, parts=["Body", WHOLE]), now=now), which, **values)
    with pytest.raises(SecurityError, match="altered after it was signed"):
        received(signed, now, keys, **wanted)
    alone = changed(sent(plain, Sign(keys.alice, parts=["Body", CONTENTS]), now=now), which, **values)
    assert received(alone, now, keys, **wanted).signed_attachments


def test_content_that_is_signed_alone_does_not_pass_for_a_whole_attachment(plain, keys, now):
    message = sent(plain, Sign(keys.alice, parts=["Body", CONTENTS]), now=now)
    with pytest.raises(SecurityError, match="'note@x' is not covered with its header fields"):
        received(message, now, keys, signed=[WHOLE])


def test_an_attachment_that_nobody_signed_is_refused_where_all_must_be(plain, keys, now):
    message = sent(plain, Sign(keys.alice, parts=["Body", WHOLE]), now=now)
    more = message.with_attachments([*message.attachments, Attachment(b"more", "text/plain", "more@x")])
    with pytest.raises(SecurityError, match="'more@x' is not covered"):
        received(more, now, keys, signed=["Body", WHOLE])
    assert not received(more, now, keys, signed=["Body"]).is_signed(more.attachments[-1])


def test_an_attachment_that_is_missing_exchanged_or_there_twice_is_refused(plain, keys, now):
    message = sent(plain, Sign(keys.alice, parts=["Body", WHOLE]), now=now)
    one, two, *others = message.attachments
    exchanged = [
        Attachment(two.content, two.content_type, one.content_id),
        Attachment(one.content, one.content_type, two.content_id),
    ]
    for attachments in ([two, *others], [*exchanged, *others], [one, one, two, *others], []):
        with pytest.raises(SecurityError):
            received(message.with_attachments(attachments), now, keys, signed=["Body"])


def test_two_identifiers_that_one_reference_could_mean_are_refused(plain, keys, now):
    attachment = Attachment(b"signed", "text/plain", "a%40b@x")
    message = sent(plain, Sign(keys.alice, parts=["Body", WHOLE]), now=now, attachments=[attachment])
    assert received(message, now, keys, signed=["Body", WHOLE])
    reference = next(one for one in message.root.iter(f"{{{DS}}}Reference") if one.get("URI").startswith("cid:"))
    assert reference.get("URI") == "cid:a%2540b@x"
    other = Attachment(b"signed", "text/plain", "a%2540b@x")
    with pytest.raises(SecurityError, match="2 attachments have the Content-ID"):
        received(message.with_attachments([*message.attachments, other]), now, keys, signed=["Body"])


@pytest.mark.parametrize("change", ["none", "c14n", "two"])
def test_a_reference_to_an_attachment_has_the_one_transform(change, plain, keys, now):
    message = sent(plain, Sign(keys.alice, parts=[WHOLE]), now=now)
    transforms = element(message, f"{{{DS}}}Transforms")
    if change == "none":
        transforms.getparent().remove(transforms)
    elif change == "c14n":
        transforms[0].set("Algorithm", "http://www.w3.org/2001/10/xml-exc-c14n#")
    else:
        transforms.append(parse_message(f'<t:Transform xmlns:t="{DS}" Algorithm="{SWA}#x"/>'.encode()))
    with pytest.raises(SecurityError, match=r"one transform|expected a Transforms"):
        received(message, now, keys)


# --- encrypted ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["aes128-gcm", "aes256-cbc", "tripledes-cbc"])
@pytest.mark.parametrize("part", PARTS)
def test_attachments_are_encrypted_and_come_as_they_were(part, algorithm, plain, keys, now):
    message = sent(plain, Encrypt(to=keys.bob, parts=[part], algorithm=algorithm), now=now)
    assert {one.content_type for one in message.attachments} == {"application/octet-stream"}
    assert ("content-disposition" in message.attachments[3].headers) is (part == CONTENTS)
    assert [one.content_id for one in message.attachments] == [one.content_id for one in some()]
    result = received(message, now, keys, encrypted=[part], algorithms=profile("legacy"))
    assert contents(result.envelope) == contents(plain.with_attachments(some()))
    assert all(result.is_encrypted(one) for one in result.envelope.attachments)
    assert result.envelope.attachments[3].headers["content-disposition"] == 'attachment; filename="A.pdf"'


@pytest.mark.parametrize(("signed", "encrypted", "first"), [*itertools.product(PARTS, PARTS, ["sign", "encrypt"])])
def test_attachments_are_signed_and_encrypted_in_both_orders(signed, encrypted, first, plain, keys, now):
    steps = [Sign(keys.alice, parts=["Body", signed]), Encrypt(to=keys.bob, parts=["Body", encrypted])]
    message = sent(plain, Timestamp(), *(steps if first == "sign" else reversed(steps)), now=now)
    result = received(message, now, keys, signed=["Body", signed], encrypted=["Body", encrypted])
    assert contents(result.envelope) == contents(plain.with_attachments(some()))
    assert [one.attachment for one in result.signed_attachments] == list(result.envelope.attachments)


def test_attachments_are_encrypted_to_two_one_after_the_other(plain, keys, now):
    message = sent(plain, Encrypt(to=keys.bob, parts=[WHOLE]), Encrypt(to=keys.alice, parts=[CONTENTS]), now=now)
    result = received(message, now, keys, encrypted=[WHOLE], key=[keys.alice, keys.bob])
    assert contents(result.envelope) == contents(plain.with_attachments(some()))


def test_a_plain_attachment_is_refused_where_all_must_be_encrypted(plain, keys, now):
    message = sent(plain, Encrypt(to=keys.bob, parts=[CONTENTS]), now=now)
    more = message.with_attachments([*message.attachments, Attachment(b"more", "text/plain", "more@x")])
    with pytest.raises(SecurityError, match="'more@x' did not come encrypted"):
        received(more, now, keys, encrypted=[CONTENTS])
    with pytest.raises(SecurityError, match="'note@x' did not come encrypted with its header fields"):
        received(message, now, keys, encrypted=[WHOLE])


@pytest.mark.parametrize("keep", [0, 11, 27, -1])
def test_an_altered_ciphertext_is_refused(keep, plain, keys, now):
    message = sent(plain, Encrypt(to=keys.bob, parts=[WHOLE]), now=now)
    with pytest.raises(SecurityError):
        received(changed(message, 0, content=message.attachments[0].read()[:keep]), now, keys, encrypted=[WHOLE])


def test_encrypted_data_of_an_attachment_is_read_as_the_profile_has_it(plain, keys, now):
    def damaged(change) -> Envelope:
        message = sent(plain, Encrypt(to=keys.bob, parts=[WHOLE]), now=now)
        change(message, element(message, f"{{{XENC}}}CipherReference"))
        return message

    for change in (
        lambda message, reference: reference.set("URI", "file:///etc/passwd"),
        lambda message, reference: reference.set("URI", "cid:nobody@x"),
        lambda message, reference: reference.set("URI", ""),
        lambda message, reference: reference.remove(reference[0]),
        lambda message, reference: reference[0][0].set("Algorithm", "urn:other"),
        lambda message, reference: reference[0].append(copy(reference[0][0])),
        lambda message, reference: message.body.append(reference.getparent().getparent()),
    ):
        with pytest.raises(SecurityError):
            received(damaged(change), now, keys)


def test_what_is_signed_as_ciphertext_cannot_be_taken_for_the_other_kind(plain, keys, now):
    """Header fields may not become content, nor content header fields."""
    like = [Attachment(b"Content-Type: text/html\r\n\r\n<b>pay</b>", "text/plain", "like@x")]
    for part, kind in ((WHOLE, "Attachment-Content-Only"), (CONTENTS, "Attachment-Complete")):
        steps = Encrypt(to=keys.bob, parts=[part]), Sign(keys.alice, parts=["Body", CONTENTS])
        message = sent(plain, *steps, now=now, attachments=like)
        element(message, f"{{{XENC}}}EncryptedData").set("Type", f"{SWA}#{kind}")
        with pytest.raises(SecurityError, match="altered after it was signed"):
            received(message, now, keys, signed=["Body", CONTENTS])


def test_a_peer_need_not_sign_the_encrypted_data_where_it_is_plain_what_it_is(plain, keys, now):
    """As WSS4J signs what was encrypted before: the ciphertext alone."""
    encrypting = Security(outbound=[Encrypt(to=keys.bob, parts=[WHOLE])])
    encrypted = encrypting.apply(plain.with_attachments(some()), now=now)
    sign = Sign(keys.alice, parts=["Body", CONTENTS])
    message = sent(encrypted, sign, now=now, attachments=encrypted.attachments)
    assert contents(received(message, now, keys, signed=[WHOLE]).envelope) == contents(plain.with_attachments(some()))
    message = sent(encrypted, sign, now=now, attachments=encrypted.attachments)
    element(message, f"{{{XENC}}}EncryptedData").set("Type", f"{SWA}#Attachment-Content-Only")
    with pytest.raises(SecurityError, match="has header fields is not signed"):
        received(message, now, keys, signed=["Body", CONTENTS])


def test_another_identifier_inside_than_outside_is_refused(plain, keys, now):
    attachment = Attachment(b"content", "text/plain", "inside@x")
    message = sent(plain, Encrypt(to=keys.bob, parts=[WHOLE]), now=now, attachments=[attachment])
    element(message, f"{{{XENC}}}CipherReference").set("URI", "cid:outside@x")
    with pytest.raises(SecurityError, match="another Content-ID inside than outside"):
        received(changed(message, 0, content_id="outside@x"), now, keys)


def test_cbc_is_decrypted_only_under_a_signature_over_both_halves(plain, keys, now):
    encrypt = Encrypt(to=keys.bob, parts=[CONTENTS], algorithm="aes256-cbc")
    wanted = {"signed": [CONTENTS], "encrypted": [CONTENTS]}
    assert received(sent(plain, encrypt, Sign(keys.alice, parts=[CONTENTS]), now=now), now, keys, **wanted)
    with pytest.raises(SecurityError, match="only under a signature"):
        received(sent(plain, Sign(keys.alice, parts=[CONTENTS]), encrypt, now=now), now, keys, **wanted)


def test_a_large_attachment_goes_from_file_to_file(plain, keys, now, tmp_path):
    path = tmp_path / "large"
    path.write_bytes(os.urandom(3_000_000))
    attachment = Attachment(path, "application/octet-stream", "large@x")
    steps = Sign(keys.alice, parts=[WHOLE]), Encrypt(to=keys.bob, parts=[WHOLE])
    message = sent(plain, *steps, now=now, attachments=[attachment])
    assert not isinstance(message.attachments[0].content, bytes)
    found = received(message, now, keys, signed=[WHOLE], encrypted=[WHOLE]).envelope.attachments[0]
    assert not isinstance(found.content, bytes)
    assert found.read() == path.read_bytes()


# --- MTOM ---------------------------------------------------------------------------------------------------------

PHOTO = Attachment(b"photo" * 100, "image/png", "photo@x")


def with_photo(plain: Envelope, attachment: Attachment = PHOTO) -> Envelope:
    plain.body.append(parse_message(f"<p>{include(attachment)}</p>".encode()))
    return plain.with_attachments([attachment])


def optimised(message: Envelope) -> Envelope:
    """What was signed whole, with the photo beside it again."""
    holder = element(message, "p")
    holder.text = None
    holder.append(parse_message(include(PHOTO).encode()))
    return message.with_attachments([*message.attachments, PHOTO])


def test_what_an_include_stands_for_is_signed_and_not_the_include(plain, keys, now):
    secured = Security(outbound=[Sign(keys.alice, parts=["Body", WHOLE])]).apply(with_photo(plain), now=now)
    assert secured.attachments == ()  # it went into the envelope
    result = received(over_the_wire(optimised(secured), xop=True), now, keys, signed=["Body", WHOLE])
    assert inline(Package(result.envelope)).body[-1].text == element(result.envelope, "p").text
    assert result.envelope.attachments == ()


def test_an_include_that_was_put_there_later_or_leads_elsewhere_is_refused(plain, keys, now):
    secured = Security(outbound=[Sign(keys.alice, parts=["Body"])]).apply(with_photo(plain), now=now)
    message = changed(optimised(secured), 0, content=b"another photo")
    with pytest.raises(SecurityError, match="altered after it was signed"):
        received(over_the_wire(message, xop=True), now, keys, signed=["Body"])
    with pytest.raises(SecurityError, match="no attachment for 'cid:photo@x'"):
        received(message.with_attachments([Attachment(b"", "image/png", "other@x")]), now, keys, signed=["Body"])


def test_a_signature_over_an_include_itself_does_not_cover_what_it_refers_to(plain, keys, now):
    """As CXF signs with expand.xop.include off: whoever exchanges the attachment has not touched what is signed."""
    plain.body.append(parse_message(f"<p>{include(PHOTO)}</p>".encode()))
    secured = Security(outbound=[Sign(keys.alice, parts=["Body"])]).apply(plain, now=now)
    for xop in (True, False):  # nobody signed what the package calls itself
        with pytest.raises(SecurityError):
            received(over_the_wire(secured.with_attachments([PHOTO]), xop=xop), now, keys, signed=["Body"])


def test_an_include_inside_of_what_was_encrypted_is_no_way_around_the_signature(plain, keys, now):
    plain.body.append(parse_message(f"<p>{include(PHOTO)}</p>".encode()))
    steps = [Encrypt(to=keys.bob), Sign(keys.alice, parts=["Body"])]
    for outbound in (steps, steps[::-1]):
        secured = Security(outbound=outbound).apply(plain, now=now)
        with pytest.raises(SecurityError):
            received(over_the_wire(secured.with_attachments([PHOTO]), xop=True), now, keys, signed=["Body"])


def test_a_cipher_value_may_travel_beside_the_message(plain, keys, now):
    """As WSS4J sends it with storeBytesInAttachment."""
    secured = Security(outbound=[Timestamp(), Sign(keys.alice), Encrypt(to=keys.bob)]).apply(plain, now=now)
    beside = []
    for number, value in enumerate(list(secured.root.iter(f"{{{XENC}}}CipherValue"))):
        attachment = Attachment(base64.b64decode(value.text or ""), "application/ciphervalue", f"{number}@x")
        value.text = None
        value.append(parse_message(include(attachment).encode()))
        beside.append(attachment)
    message = over_the_wire(secured.with_attachments(beside), xop=True)
    result = received(message, now, keys, signed=["Body", "Timestamp", WHOLE], encrypted=["Body", WHOLE])
    assert result.envelope.attachments == ()
    assert result.envelope.content[0].tag == "{urn:bank}transfer"


def test_an_include_may_refer_to_an_attachment_that_is_encrypted(plain, keys, now):
    """Signed as base64, taken out as MTOM does, encrypted as an attachment."""
    signed = Security(outbound=[Sign(keys.alice, parts=["Body"])]).apply(with_photo(plain), now=now)
    encrypting = Security(outbound=[Encrypt(to=keys.bob, parts=[WHOLE])])
    beside = encrypting.apply(signed.with_attachments([PHOTO]), now=now)
    message = over_the_wire(optimised(beside).with_attachments(beside.attachments), xop=True)
    result = received(message, now, keys, signed=["Body"], encrypted=[WHOLE])
    assert element(result.envelope, "p").text == element(signed, "p").text
