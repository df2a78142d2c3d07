"""RequestSecurityToken and its responses: values and elements, both ways."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from soapkit.errors import MessageError
from soapkit.ws.trust import (
    BY_LABEL,
    TRUST_1_3,
    TRUST_2005_02,
    TokenRequest,
    TokenResponse,
    context_request,
)
from soapkit.ws.trust_read import read_request, read_responses
from soapkit.ws.trust_write import write_request, write_responses
from soapkit.xml.parse import parse_message

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
TOKEN = parse_message(b'<a:Assertion xmlns:a="urn:saml" ID="_1"><a:who xmlns="urn:x">alice</a:who></a:Assertion>')


def exact(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True)


def texts(value: object) -> object:
    """A value whose elements are told by their bytes, to be compared."""
    return {
        name: exact(found) if isinstance(found, etree._Element) else found
        for name in value.__dataclass_fields__
        for found in (getattr(value, name),)
        if name != "parameters"
    } | {"parameters": [exact(each) for each in getattr(value, "parameters", ())]}


REQUESTS = {
    "issue": TokenRequest(
        token_type="urn:saml#2.0",
        applies_to="https://bank.example/?a=1&b=2",
        key_type="symmetric",
        key_size=256,
        entropy=bytes(32),
        created=NOW,
        expires=NOW + timedelta(hours=1),
        on_behalf_of=TOKEN,
        act_as=TOKEN,
        renewing=True,
        context="urn:1",
    ),
    "a bearer token": TokenRequest(key_type="bearer", token_type="urn:saml#2.0"),
    "a public key": TokenRequest(key_type="public", use_key=TOKEN),
    "renew": TokenRequest("renew", target=TOKEN),
    "validate": TokenRequest("validate", target=TOKEN, token_type="urn:status"),
    "cancel": TokenRequest("cancel", target=TOKEN),
}


@pytest.mark.parametrize("version", BY_LABEL.values(), ids=BY_LABEL)
@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_read_as_it_was_written(name, version):
    written = write_request(REQUESTS[name], version)
    assert texts(read_request(parse_message(written.encode()))) == texts(REQUESTS[name])


RESPONSES = {
    "computed": TokenResponse(
        "urn:saml#2.0",
        TOKEN,
        TOKEN,
        TOKEN,
        "https://bank.example/",
        "symmetric",
        256,
        computed_key=f"{TRUST_1_3.namespace}/CK/PSHA1",
        entropy=bytes(range(32)),
        created=NOW,
        expires=NOW + timedelta(minutes=5),
        context="urn:1",
    ),
    "a secret": TokenResponse(token=TOKEN, proof=bytes(range(16))),
    "an encrypted secret": TokenResponse(token=TOKEN, proof_key=TOKEN),
    "valid": TokenResponse(status="valid"),
    "invalid": TokenResponse(status="invalid", reason="it has expired"),
    "cancelled": TokenResponse(cancelled=True),
}


@pytest.mark.parametrize("version", BY_LABEL.values(), ids=BY_LABEL)
@pytest.mark.parametrize("name", RESPONSES)
def test_a_response_is_read_as_it_was_written(name, version):
    written = parse_message(write_responses([RESPONSES[name]], version).encode())
    (read,) = read_responses(written)
    assert texts(read) == texts(RESPONSES[name])
    collection = version.name("RequestSecurityTokenResponseCollection")
    assert (written.tag == collection) is version.collection


def test_a_token_goes_into_a_request_with_the_prefixes_it_has():
    signed = parse_message(
        b'<x:r xmlns:x="urn:x" xmlns:wst="urn:other"><x:token kind="wst:a"><x:y xmlns:x="urn:x"/></x:token></x:r>'
    )[0]
    read = read_request(parse_message(write_request(TokenRequest("cancel", target=signed), TRUST_1_3).encode()))
    assert read.target is not None
    assert read.target.nsmap["wst"] == "urn:other"


def test_a_template_goes_where_the_version_wants_it():
    request = TokenRequest(parameters=(TOKEN,))
    newer = parse_message(write_request(request, TRUST_1_3).encode())
    assert newer[-1].tag == TRUST_1_3.name("SecondaryParameters")
    assert parse_message(write_request(request, TRUST_2005_02).encode())[-1].tag == TOKEN.tag


@pytest.mark.parametrize("version", BY_LABEL.values(), ids=BY_LABEL)
def test_an_action_tells_which_request_for_a_context_it_is(version):
    assert context_request(f"{version.namespace}/RST/SCT") == (version, "issue")
    assert context_request(f"{version.namespace}/RST/SCT/Renew") == (version, "renew")
    assert context_request(f"{version.namespace}/RST/SCT/Cancel") == (version, "cancel")
    assert context_request(f"{version.namespace}/RST/Issue") is None
    assert version.response_action("cancel", context=True) == f"{version.namespace}/RSTR/SCT/Cancel"


def test_the_actions_of_a_token_service():
    assert TRUST_1_3.request_action("validate") == f"{TRUST_1_3.namespace}/RST/Validate"
    assert TRUST_1_3.response_action("issue") == f"{TRUST_1_3.namespace}/RSTRC/IssueFinal"
    assert TRUST_2005_02.response_action("renew") == f"{TRUST_2005_02.namespace}/RSTR/Renew"


RST = '<t:RequestSecurityToken xmlns:t="http://schemas.xmlsoap.org/ws/2005/02/trust">%s</t:RequestSecurityToken>'
ISSUE = "<t:RequestType>http://schemas.xmlsoap.org/ws/2005/02/trust/Issue</t:RequestType>"


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ("", "no RequestType ''"),
        ("<t:RequestType>urn:Give</t:RequestType>", "no RequestType 'urn:Give'"),
        (ISSUE + ISSUE, "RequestType stands there twice"),
        (ISSUE.replace("Issue", "Cancel"), "names none"),
        (ISSUE.replace("Issue", "Cancel") + "<t:CancelTarget/>", "holds one token or reference, found 0"),
        (ISSUE + "<t:KeySize>many</t:KeySize>", "KeySize is a number of bits"),
        (ISSUE + "<t:KeySize>999999</t:KeySize>", "KeySize is a number of bits"),
        (ISSUE + "<t:KeyType>urn:none</t:KeyType>", "no KeyType"),
        (ISSUE + "<t:Entropy><t:BinarySecret>***</t:BinarySecret></t:Entropy>", "base64"),
        (ISSUE + "<t:Entropy><t:BinarySecret/></t:Entropy>", "1 to 1024 bytes"),
        (ISSUE + "<t:Entropy><t:Other/></t:Entropy>", "is not understood"),
        (ISSUE + "<t:TokenType><t:x/></t:TokenType>", "holds a short text"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_with_its_place(inside, said):
    with pytest.raises(MessageError, match=said) as caught:
        read_request(parse_message((RST % inside).encode()))
    assert "RequestSecurityToken" in str(caught.value.place)


def test_what_is_not_of_ws_trust_is_refused():
    with pytest.raises(MessageError, match="expected an element of WS-Trust"):
        read_request(parse_message(b"<x/>"))
    with pytest.raises(MessageError, match="expected a RequestSecurityTokenResponse"):
        read_responses(parse_message((RST % ISSUE).encode()))
    with pytest.raises(MessageError, match="expected a RequestSecurityToken, found"):
        read_request(parse_message(write_responses([TokenResponse()], TRUST_2005_02).encode()))


def test_a_moment_may_have_any_zone():
    text = write_responses([TokenResponse(expires=NOW)], TRUST_1_3).replace("12:00:00.000Z", "13:00:00.1234567+01:00")
    (read,) = read_responses(parse_message(text.encode()))
    assert read.expires == NOW.replace(microsecond=123456)
    with pytest.raises(MessageError, match="expected a dateTime"):
        read_responses(parse_message(text.replace("13:00", "soon").encode()))


def test_secrets_are_in_no_repr():
    shown = repr((TokenRequest(entropy=b"secret!"), TokenResponse(proof=b"secret!", entropy=b"secret!")))
    assert "secret!" not in shown
