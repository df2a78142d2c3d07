"""Messages that are made to look like one that was met: by their bytes no more is believed of them than by their tree.

Whoever can send a message of somebody's again may write it in another way, and add to it what nobody signed. What is
remembered of it must not be of use for another.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from soapkit.errors import SoapkitError
from soapkit.security import Require, Security, Sign, Timestamp
from soapkit.soap.envelope import Draft
from soapkit.soap.version import SOAP_1_1
from soapkit.xml.names import DS, WSSE, WSU
from tests.both_ways import both_ways

Change = Callable[[bytes], bytes]


def signed(keys, now, amount: str = "1") -> bytes:
    """With a Timestamp, a Body and a header block of Alice's."""
    content = f'<b:transfer xmlns:b="urn:bank"><b:amount>{amount}</b:amount></b:transfer>'
    draft = Draft(SOAP_1_1, content, ('<a:To xmlns:a="urn:addressing">bank</a:To>',))
    steps = [Timestamp(), Sign(keys.alice, parts=["Body", "Timestamp", "To"])]
    return Security(outbound=steps).apply_draft(draft, now=now).to_bytes()


def receiver(keys) -> Security:
    return Security(inbound=Require(signed=["Body"], trust=keys.trust, replay=None))


def id_of(data: bytes, name: str = "soap:Body") -> bytes:
    """The id that an element carries."""
    found = re.search(rf"<{name}[^>]*\sw?s?u?:?Id=.([^\"']*)".encode(), data)
    assert found is not None
    return found[1]


def with_block(block: bytes) -> Change:
    return lambda data: data.replace(b"<soap:Header>", b"<soap:Header>" + block)


def with_token(token: bytes) -> Change:
    """First in the security header."""
    return lambda data: re.sub(rb"<wsse:Security[^>]*>", lambda found: found[0] + token, data, count=1)


def after_body(block: bytes) -> Change:
    return lambda data: data.replace(b"</soap:Body>", b"</soap:Body>" + block)


def with_token_id(name: bytes) -> Change:
    """What names the key is signed by nobody."""
    return lambda data: data.replace(id_of(data, "wsse:BinarySecurityToken"), name)


def named_in_single_quotes(data: bytes) -> bytes:
    """Which makes no difference to what was signed."""
    return data.replace(b'URI="#%b"' % id_of(data), b"URI = '#%b'" % id_of(data))


def both(*changes: Change) -> Change:
    def change(data: bytes) -> bytes:
        for each in changes:
            data = each(data)
        return data

    return change


def same(data: bytes) -> bytes:
    return data


X = b'<x:x xmlns:x="urn:x" '
TWICE = {
    "as a reference with an apostrophe in it": (
        with_token_id(b"a'b"),
        both(with_token_id(b"a'b"), after_body(X + b'Id="a&apos;b"/>')),
    ),
    "with a blank that is read as another": (
        with_token_id(b"a b"),
        both(with_token_id(b"a b"), after_body(X + b'Id="a\nb"/>')),
    ),
    "with nothing in it": (same, with_token_id(b"")),
    "that is no id": (same, with_token_id(b"a(b")),
}


@pytest.mark.parametrize("how", TWICE)
def test_an_id_is_told_from_another_however_it_is_written(how, keys, now) -> None:
    first, second = TWICE[how]
    security = receiver(keys)
    genuine = first(signed(keys, now))
    security.verify(genuine, now=now)
    with pytest.raises(SoapkitError):
        both_ways(security, genuine, now)(second(signed(keys, now, "2")))


def test_an_id_that_a_block_carries_as_a_reference_is_that_of_a_later_message(keys, now) -> None:
    """The block stands in the first message, and does no harm there."""
    security, later = receiver(keys), signed(keys, now, "2")
    name = id_of(later)
    add = with_block(X + b'Id="&#%d;%b"/>' % (name[0], name[1:]))
    genuine = add(signed(keys, now))
    security.verify(genuine, now=now)
    with pytest.raises(SoapkitError):
        both_ways(security, genuine, now)(add(later))


@pytest.mark.parametrize("where", [after_body, with_block], ids=["after the Body", "in the Header"])
def test_what_a_reference_in_single_quotes_names_may_stand_nowhere_else(where, keys, now) -> None:
    security = receiver(keys)
    data = named_in_single_quotes(signed(keys, now))
    genuine = where(X + b'Id="another"/>')(data)
    security.verify(genuine, now=now)
    with pytest.raises(SoapkitError):
        both_ways(security, genuine, now)(where(X + b'Id="%b"/>' % id_of(data))(data))


def test_the_namespace_of_a_prefix_is_no_id_though_the_prefix_is_called_so(keys, now) -> None:
    """In the first message the token means nothing."""
    security = receiver(keys)
    token = '<Id:UsernameToken xmlns:Id="{}"><Id:Username>mallory</Id:Username></Id:UsernameToken>'
    genuine = with_token(token.format("urn:x").encode())(signed(keys, now))
    assert not security.verify(genuine, now=now).warnings
    forged = with_token(token.format(WSSE).encode())(signed(keys, now, "2"))
    found = both_ways(security, genuine, now)(forged)
    assert "a UsernameToken was not checked" in found.warnings[0]


@pytest.mark.parametrize("quote", ["'", '"'])
def test_what_looks_like_an_id_in_the_value_of_another_attribute_is_none(quote, keys, now) -> None:
    """Two certificates change places, by ids that stand in other ids."""
    security = receiver(keys)
    data = signed(keys, now)
    name = id_of(data, "wsse:BinarySecurityToken")
    inner = b"' Id=\"%b\"'" if quote == "'" else b"\" Id='%b'\""

    def renamed(data: bytes, new: bytes) -> bytes:
        data = data.replace(b'Id="%b"' % name, b"Id=" + inner % new)
        return data.replace(b'URI="#%b"' % name, b"URI=" + (inner % new).replace(b" ", b"# ", 1))

    genuine = renamed(data, b"one")
    security.verify(genuine, now=now)
    verify = both_ways(security, genuine, now)
    verify(renamed(data, b"two"))
    with pytest.raises(SoapkitError):
        verify(after_body(X + b"Id=" + inner % b"two" + b"/>")(renamed(data, b"two")))


def test_a_token_in_a_header_block_is_not_one_of_the_texts_that_may_differ(keys, now) -> None:
    """It is Alice's in the first message, and Mallory's in the next, which Alice signed all the same."""
    security = receiver(keys)

    def moved(data: bytes) -> bytes:
        token = re.search(rb"<wsse:BinarySecurityToken.*?</wsse:BinarySecurityToken>", data)
        assert token is not None
        declared = f'<x:x xmlns:x="urn:x" xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}">'.encode()
        return with_block(declared + token[0] + b"</x:x>")(data.replace(token[0], b""))

    genuine = moved(signed(keys, now))
    assert security.verify(genuine, now=now).signer_name == "CN=alice"
    steps = [Sign(keys.mallory, parts=["Body"])]
    hers = moved(Security(outbound=steps).apply_draft(Draft(SOAP_1_1), now=now).to_bytes())
    tokens = [re.search(rb"(?<=>)[^<]*(?=</wsse:BinarySecurityToken>)", each) for each in (genuine, hers)]
    assert tokens[0] is not None and tokens[1] is not None
    with pytest.raises(SoapkitError):
        both_ways(security, genuine, now)(genuine.replace(tokens[0][0], tokens[1][0]))


@pytest.mark.parametrize("number", ["0", "1", "99", "9" * 5000])
def test_a_header_block_that_says_what_we_mark_values_with_is_what_it_says(number, keys, now) -> None:
    security = receiver(keys)
    steps = [Sign(keys.alice, parts=["Body", "To"])]
    for _ in range(2):
        draft = Draft(SOAP_1_1, "<a>1</a>", (f'<To><b n="soapkit-value-{number}-"/></To>',))
        data = Security(outbound=steps).apply_draft(draft, now=now).to_bytes()
        assert both_ways(security, data, now)(data).signer_name == "CN=alice"


@pytest.mark.parametrize("namespace", [DS, WSSE])
def test_a_security_header_whose_prefixes_are_bound_anew_is_another(namespace, keys, now) -> None:
    security = receiver(keys)
    genuine = signed(keys, now)
    prefix = {DS: b"ds", WSSE: b"wsse"}[namespace]
    forged = signed(keys, now, "2").replace(
        b'xmlns:%b="%b"' % (prefix, namespace.encode()), b'xmlns:%b="urn:x"' % prefix
    )
    with pytest.raises(SoapkitError):
        both_ways(security, genuine, now)(forged)
