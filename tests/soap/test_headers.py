"""Header blocks: whom they are for, and which must be understood."""

import pytest

from soapkit.errors import MessageError
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.headers import (
    check_understood,
    is_for_us,
    is_forwarded,
    not_understood_blocks,
    read_headers,
    read_not_understood,
    read_upgrade,
    upgrade_block,
)
from soapkit.soap.version import SOAP_1_1, SOAP_1_2, Version

NEXT11 = "http://schemas.xmlsoap.org/soap/actor/next"
ROLE12 = "http://www.w3.org/2003/05/soap-envelope/role/"


def envelope(version: Version, *blocks: str) -> Envelope:
    return Draft(version, headers=blocks).to_envelope()


def block(attributes: str = "", name: str = "h") -> str:
    return f'<x:{name} xmlns:x="urn:x" {attributes}/>'


def test_a_message_without_header_needs_no_understanding() -> None:
    check_understood(envelope(SOAP_1_1))


def test_a_mandatory_block_that_is_not_understood_is_named() -> None:
    with pytest.raises(MessageError, match=r"\{urn:x\}h") as caught:
        check_understood(envelope(SOAP_1_1, block('soap:mustUnderstand="1"'), block('soap:mustUnderstand="1"', "i")))
    assert caught.value.code == "MustUnderstand"
    assert caught.value.not_understood == ("{urn:x}h", "{urn:x}i")


def test_a_block_that_came_twice_is_named_once() -> None:
    with pytest.raises(MessageError) as caught:
        check_understood(envelope(SOAP_1_2, *[block('soap:mustUnderstand="true"')] * 2))
    assert caught.value.not_understood == ("{urn:x}h",)


def test_a_block_that_is_understood_passes() -> None:
    mandatory = envelope(SOAP_1_1, block('soap:mustUnderstand="1"'))
    check_understood(mandatory, {"{urn:x}h"})
    check_understood(mandatory, lambda element: element.tag == "{urn:x}h")


@pytest.mark.parametrize("value", ["0", "false", " 0 ", "false\n"])
@pytest.mark.parametrize("version", [SOAP_1_1, SOAP_1_2])
def test_a_block_that_is_not_mandatory_passes(version: Version, value: str) -> None:
    check_understood(envelope(version, block(f'soap:mustUnderstand="{value}"'), block()))


@pytest.mark.parametrize("value", ["1", "true", "\n true"])
@pytest.mark.parametrize("version", [SOAP_1_1, SOAP_1_2])
def test_every_spelling_of_true_is_mandatory(version: Version, value: str) -> None:
    with pytest.raises(MessageError) as caught:
        check_understood(envelope(version, block(f'soap:mustUnderstand="{value}"')))
    assert caught.value.code == "MustUnderstand"


@pytest.mark.parametrize("value", ["yes", "TRUE", "2", ""])
def test_a_mandatory_that_is_no_boolean_is_the_senders_fault(value: str) -> None:
    with pytest.raises(MessageError, match="allowed are 0, 1, false and true") as caught:
        check_understood(envelope(SOAP_1_2, block(f'soap:mustUnderstand="{value}"')))
    assert caught.value.code == "Sender"


def test_the_attribute_of_the_other_version_says_nothing() -> None:
    check_understood(envelope(SOAP_1_1, block(f'xmlns:t="{SOAP_1_2.namespace}" t:mustUnderstand="1"')))


def test_the_action_block_of_wcf_is_understood_and_ignored() -> None:
    check_understood(
        envelope(
            SOAP_1_1,
            '<Action soap:mustUnderstand="1" xmlns="http://schemas.microsoft.com/ws/2005/05/addressing/none">urn:a</Action>',
        )
    )


@pytest.mark.parametrize(
    ("version", "role", "endpoint", "intermediary"),
    [
        (SOAP_1_1, "", True, False),
        (SOAP_1_1, NEXT11, True, True),
        (SOAP_1_1, "urn:audit", False, False),
        (SOAP_1_2, "", True, False),
        (SOAP_1_2, f"{ROLE12}next", True, True),
        (SOAP_1_2, f"{ROLE12}ultimateReceiver", True, False),
        (SOAP_1_2, f"{ROLE12}none", False, False),
        (SOAP_1_2, NEXT11, False, False),
    ],
)
def test_a_role_tells_whom_a_block_is_for(version: Version, role: str, endpoint: bool, intermediary: bool) -> None:
    attribute = "actor" if version is SOAP_1_1 else "role"
    (read,) = read_headers(envelope(version, block(f'soap:{attribute}="{role}"')))
    assert is_for_us(read, version) is endpoint
    assert is_for_us(read, version, ultimate=False) is intermediary


def test_a_node_plays_the_roles_it_is_given() -> None:
    (read,) = read_headers(envelope(SOAP_1_2, block('soap:role="urn:audit"')))
    assert is_for_us(read, SOAP_1_2, {"urn:audit"})


def test_a_mandatory_block_for_another_role_does_not_concern_us() -> None:
    check_understood(envelope(SOAP_1_2, block('soap:role="urn:audit" soap:mustUnderstand="true"')))


def test_a_block_for_nobody_is_never_processed_even_if_we_claim_the_role() -> None:
    (read,) = read_headers(envelope(SOAP_1_2, block(f'soap:role="{ROLE12}none"')))
    assert not is_for_us(read, SOAP_1_2, {f"{ROLE12}none"})


@pytest.mark.parametrize(
    ("attributes", "processed", "forwarded"),
    [
        (f'soap:role="{ROLE12}next"', True, False),
        (f'soap:role="{ROLE12}next"', False, False),
        (f'soap:role="{ROLE12}next" soap:relay="true"', True, False),
        (f'soap:role="{ROLE12}next" soap:relay="true"', False, True),
        (f'soap:role="{ROLE12}none"', False, True),
        (f'soap:role="{ROLE12}ultimateReceiver"', False, True),
        ("", False, True),
        ('soap:role="urn:other"', False, True),
    ],
)
def test_an_intermediary_forwards_what_table_4_says(attributes: str, processed: bool, forwarded: bool) -> None:
    (read,) = read_headers(envelope(SOAP_1_2, block(attributes)))
    assert is_forwarded(read, SOAP_1_2, processed) is forwarded


def test_a_block_that_its_own_rules_put_back_is_forwarded() -> None:
    (read,) = read_headers(envelope(SOAP_1_2, block(f'soap:role="{ROLE12}next"')))
    assert is_forwarded(read, SOAP_1_2, True, inserted=True)


def test_not_understood_blocks_tell_the_names_they_were_made_of() -> None:
    names = ("{urn:x}h", "{urn:a&b}i")
    assert read_not_understood(envelope(SOAP_1_2, *not_understood_blocks(names))) == names


def test_an_upgrade_block_offers_both_envelopes_even_in_soap_11() -> None:
    offered = read_upgrade(envelope(SOAP_1_1, upgrade_block()))
    assert offered == (SOAP_1_2.envelope, SOAP_1_1.envelope)
