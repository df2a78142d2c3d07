"""SecurityContextToken: a name for a secret that both sides have agreed on, to sign and encrypt under."""

from __future__ import annotations

from datetime import timedelta

import pytest

from soapkit.errors import SecurityError, UsageError
from soapkit.security import (
    REQUEST,
    SHARED,
    Contexts,
    Conversation,
    Encrypt,
    Require,
    Security,
    SecurityContext,
    SharedKey,
    Sign,
    Timestamp,
)
from soapkit.security.markup import REFERENCE, REFERENCE_LIST, SIGNATURE, TIMESTAMP
from soapkit.security.shared import OwnSignatures
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.xml.parse import parse_message

NAMESPACES = {
    "2005/12": "http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512",
    "2005/02": "http://schemas.xmlsoap.org/ws/2005/02/sc",
}
SECRET = bytes(range(32))


def message(text: str) -> Envelope:
    return Draft(SOAP_1_1, f"<x>{text}</x>").to_envelope()


def on_the_wire(envelope: Envelope) -> Envelope:
    return Envelope.read(parse_message(envelope.to_bytes()))


def context(**changes) -> SecurityContext:
    return SecurityContext(**{"identifier": "urn:uuid:1", "secret": SECRET, **changes})


def side(own: SecurityContext, *, to=None, derived="2005/12", carried=True, require=None) -> Security:
    """One of two that have agreed on a context."""
    return Security(
        outbound=[
            Timestamp(),
            SharedKey(to=to or own, derived=derived, carried=carried),
            Sign(SHARED),
            Encrypt(to=SHARED),
        ],
        inbound=require or Require(signed=["Body", "Timestamp"], encrypted=["Body"], contexts=Contexts([own])),
    )


@pytest.mark.parametrize("version", NAMESPACES)
@pytest.mark.parametrize("derived", [True, False], ids=["derived keys", "the key itself"])
@pytest.mark.parametrize("carried", [True, False], ids=["token carried", "token named"])
def test_a_request_and_its_answer_under_a_context(version, derived, carried, now):
    own = context(version=version)
    uses = version if derived else ""
    client = side(own, derived=uses, carried=carried)
    server = side(own, to=REQUEST, derived=uses)
    request = server.verify(on_the_wire(client.apply(message("ask"), now=now)), now=now)
    assert (request.envelope.content[0].text, request.context) == ("ask", "urn:uuid:1")
    assert {entry.name for entry in request.signed} == {"Body", "Timestamp"}
    answer = client.verify(on_the_wire(server.apply(message("answer"), now=now, request=request)), now=now)
    assert (answer.envelope.content[0].text, answer.context) == ("answer", "urn:uuid:1")


@pytest.mark.parametrize("version", NAMESPACES)
def test_the_token_stands_before_the_keys_that_are_derived_from_it(version, now):
    (header,) = side(context(version=version), derived=version).apply(message("ask"), now=now).headers
    token, derived = (f"{{{NAMESPACES[version]}}}{name}" for name in ("SecurityContextToken", "DerivedKeyToken"))
    assert [each.tag for each in header] == [TIMESTAMP, token, derived, REFERENCE_LIST, derived, SIGNATURE]
    assert header[1][0].text == "urn:uuid:1"
    reference = next(header[2].iter(REFERENCE))
    assert reference.get("ValueType") == f"{NAMESPACES[version]}/sct"
    assert reference.get("URI") == f"#{header[1].get(next(iter(header[1].attrib)))}"


def test_a_token_that_is_not_carried_is_named_by_its_identifier(now):
    (header,) = side(context(), derived="", carried=False).apply(message("ask"), now=now).headers
    assert {each.get("URI") for each in header.iter(REFERENCE)} == {"urn:uuid:1"}


def test_another_secret_under_the_same_name_is_refused(now):
    forged = side(context(secret=bytes(32))).apply(message("ask"), now=now)
    with pytest.raises(SecurityError, match="altered, or encrypted under another key"):
        side(context()).verify(on_the_wire(forged), now=now)
    require = Require(signed=["Body"], contexts=Contexts([context()]))
    signed = Security(outbound=[Timestamp(), SharedKey(to=context(secret=bytes(32))), Sign(SHARED)])
    with pytest.raises(SecurityError, match="is not that of the shared key"):
        Security(inbound=require).verify(on_the_wire(signed.apply(message("ask"), now=now)), now=now)


def test_a_context_that_nobody_knows_is_refused(now):
    sent = on_the_wire(side(context(identifier="urn:uuid:other")).apply(message("ask"), now=now))
    with pytest.raises(SecurityError, match="no security context 'urn:uuid:other' is at hand"):
        side(context()).verify(sent, now=now)


def test_a_context_that_has_expired_is_refused_both_ways(now):
    past, later = now + timedelta(minutes=1), now + timedelta(minutes=2)
    sent = side(context()).apply(message("ask"), now=later)
    with pytest.raises(SecurityError, match="it has expired"):
        side(context(expires=past)).verify(on_the_wire(sent), now=later)
    with pytest.raises(SecurityError, match="urn:uuid:1 expired at 2026-11-23 15:05 UTC"):
        side(context(expires=past)).apply(message("ask"), now=later)
    with pytest.raises(SecurityError, match="no security context that is valid now"):
        side(context(), to=Contexts([context(expires=past)])).apply(message("ask"), now=later)


def test_our_own_message_sent_back_is_not_an_answer(now):
    client = side(context())
    with pytest.raises(SecurityError, match="our own, sent back"):
        client.verify(on_the_wire(client.apply(message("ask"), now=now)), now=now)


def test_a_message_under_a_context_is_believed_once(now):
    server = side(context())
    sent = side(context()).apply(message("ask"), now=now).to_bytes()
    server.verify(Envelope.read(parse_message(sent)), now=now)
    with pytest.raises(SecurityError, match="was seen before"):
        server.verify(Envelope.read(parse_message(sent)), now=now)


def test_the_other_side_is_who_it_was_when_the_context_was_agreed_on(keys, now):
    theirs = context(holder=keys.bob.certificate, username="bob")
    result = side(theirs).verify(on_the_wire(side(context()).apply(message("ask"), now=now)), now=now)
    assert (result.signer, result.username) == (keys.bob.certificate, "bob")


def test_parts_signed_under_two_contexts_are_not_signed_by_one(now):
    one, other = context(), context(identifier="urn:uuid:2", secret=bytes(32))
    sent = Security(
        outbound=[
            Timestamp(),
            SharedKey(to=one),
            Sign(SHARED, parts=["Body"]),
            SharedKey(to=other),
            Sign(SHARED, parts=["Timestamp"]),
        ]
    ).apply(message("ask"), now=now)
    require = Require(signed=["Body", "Timestamp"], contexts=Contexts([one, other]))
    with pytest.raises(SecurityError, match="not signed"):
        Security(inbound=require).verify(on_the_wire(sent), now=now)


def test_a_renewed_context_is_found_by_its_instance(now):
    renewed = context(instance="2", secret=bytes(range(32, 64)))
    held = Contexts([context(), renewed])
    require = Require(signed=["Body", "Timestamp"], contexts=held, replay=None)
    for sender in (side(context()), side(renewed), side(renewed, carried=False)):
        sent = on_the_wire(sender.apply(message("ask"), now=now))
        assert Security(inbound=require).verify(sent, now=now).envelope.content[0].text == "ask"
    assert held.find("urn:uuid:1", None, now) is renewed  # a reference without an instance means the latest
    assert held.find("urn:uuid:1", "3", now) is None


def test_a_context_that_was_removed_is_gone_with_all_its_instances(now):
    held = Contexts([context(), context(instance="2")])
    held.remove("urn:uuid:1")
    assert held.find("urn:uuid:1", "", now) is None
    assert held.current(now) is None


def test_the_current_context_is_the_latest_that_lasts(now):
    soon = context(identifier="urn:uuid:2", expires=now + timedelta(seconds=30))
    held = Contexts([context(), soon])
    assert held.current(now) is soon
    assert held.current(now, timedelta(minutes=1)) is None


def test_a_context_needs_a_name_and_a_secret_that_cannot_be_guessed():
    with pytest.raises(UsageError, match="identifier"):
        SecurityContext("", SECRET)
    with pytest.raises(UsageError, match="at least 16 bytes"):
        SecurityContext("urn:uuid:1", b"short")
    with pytest.raises(UsageError, match="2005/12 or 2005/02"):
        context(version="2004/04")


def test_the_secret_is_in_no_repr(now):
    own = context()
    client = side(own)
    assert repr(SECRET) not in repr((own, client, client.inbound, Contexts([own])))


def test_few_contexts_and_signatures_are_remembered(now):
    held = Contexts((context(identifier=f"urn:{number}") for number in range(5)), capacity=2)
    assert [each.identifier for each in held.held()] == ["urn:3", "urn:4"]
    own = OwnSignatures(capacity=1)
    own.add(["one", "two"])
    assert "one" not in own
    assert "two" in own


@pytest.mark.parametrize("algorithm", ["aes128-gcm", "aes192-gcm"])
def test_a_secret_that_is_longer_than_the_cipher_takes_is_cut(algorithm, now):
    own = context()
    both = Security(
        outbound=[Timestamp(), SharedKey(to=own), Sign(SHARED), Encrypt(to=SHARED, algorithm=algorithm)],
        inbound=Require(signed=["Body"], encrypted=["Body"], contexts=Contexts([own])),
    )
    sent = on_the_wire(both.apply(message("ask"), now=now))
    assert Security(inbound=both.inbound).verify(sent, now=now).envelope.content[0].text == "ask"


def test_a_token_is_sent_as_it_was_issued_with_what_its_service_needs(now):
    """.NET keeps nothing of a context where it puts all into a cookie beside the Identifier."""
    namespace = NAMESPACES["2005/12"]
    cookie = "http://schemas.microsoft.com/ws/2006/05/security"
    token = f'<c:SecurityContextToken xmlns:c="{namespace}"><c:Identifier>urn:uuid:1</c:Identifier>'
    token += f'<n:Cookie xmlns:n="{cookie}">AAEC</n:Cookie></c:SecurityContextToken>'
    (header,) = side(context(token=token.encode())).apply(message("ask"), now=now).headers
    assert [each.tag for each in header[1]] == [f"{{{namespace}}}Identifier", f"{{{cookie}}}Cookie"]


def test_what_secures_the_request_for_a_context_is_asked_whether_it_can(keys, now):
    bootstrap = Security(outbound=[Timestamp(), Sign(keys.alice)])
    security = Security(conversation=Conversation(Contexts(), bootstrap))
    assert security.problems(now=now) == ()
    (told,) = security.problems(now=now, margin=timedelta(days=400))
    assert "CN=alice" in told
