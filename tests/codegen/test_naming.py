"""XML names become Python names: plain, the same each time, never one that is taken."""

from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soapkit.client.client import AsyncClient, Client
from soapkit.codegen.naming import (
    CLIENT_MEMBERS,
    Names,
    class_name,
    constant_name,
    field_name,
    member_name,
    method_name,
    module_names,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bookingDate", "booking_date"),
        ("IBANCode", "iban_code"),
        ("IPv4Address", "ipv4_address"),
        ("URLs", "urls"),
        ("two-part.name", "two_part_name"),
        ("class", "class_"),
        ("from", "from_"),
        ("self", "self_"),
        ("None", "none"),
        ("_value", "value"),
        ("__init__", "init"),
        ("2nd", "n2nd"),
        ("_", "field"),
        ("转账", "转账"),
        ("ﬁeld", "field"),
    ],
)
def test_an_element_becomes_a_field(name: str, expected: str) -> None:
    assert field_name(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("accountKind", "AccountKind"),
        ("tAccount", "TAccount"),
        ("account-kind_2", "AccountKind2"),
        ("ACCOUNT", "ACCOUNT"),
        ("转账", "T转账"),
        ("True", "True_"),
        ("2nd", "T2nd"),
    ],
)
def test_a_type_becomes_a_class(name: str, expected: str) -> None:
    assert class_name(name) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("current", "CURRENT"),
        ("2-day", "VALUE_2_DAY"),
        ("", "EMPTY"),
        ("+1", "PLUS_1"),
        ("-1", "MINUS_1"),
        ("€", "VALUE"),
        ("None", "NONE"),
        ("a b", "A_B"),
    ],
)
def test_a_value_becomes_a_member(value: str, expected: str) -> None:
    assert member_name(value) == expected


@pytest.mark.parametrize("name", sorted(CLIENT_MEMBERS))
def test_a_method_never_hides_what_a_client_has(name: str) -> None:
    assert method_name(name) == f"{name}_"


def test_every_public_member_of_the_clients_is_kept_clear_of() -> None:
    members = {name for cls in (Client, AsyncClient) for name in dir(cls) if not name.startswith("_")}
    assert members <= CLIENT_MEMBERS


@given(st.text(max_size=30))
def test_whatever_comes_in_an_identifier_comes_out(name: str) -> None:
    for naming in (field_name, class_name, method_name, constant_name, member_name):
        found = naming(name)
        assert found.isidentifier()
        assert not keyword.iskeyword(found)
        assert not found.startswith("_")
        assert naming(name) == found


@given(st.text(max_size=30))
def test_a_class_never_has_the_name_of_a_field(name: str) -> None:
    assert class_name(name)[0].isupper()
    assert not field_name(name)[0].isupper()


@pytest.mark.parametrize(
    ("namespace", "expected"),
    [
        ("http://www.onvif.org/ver10/device/wsdl", "device"),
        ("http://www.onvif.org/ver10/schema", "onvif"),
        ("http://schemas.microsoft.com/exchange/services/2006/messages", "messages"),
        ("http://schemas.microsoft.com/exchange/services/2006/types", "services_types"),
        ("urn:ec.europa.eu:taxud:vies:services:checkVat:types", "check_vat_types"),
        ("urn:partner.soap.sforce.com", "partner_soap_sforce_com"),
        ("http://tempuri.org/", "tempuri"),
        ("", "no_namespace"),
        ("urn:services", "services_"),
        ("转账", "namespace"),
        ("../../etc/passwd", "passwd"),
        ("urn:__init__", "init"),
    ],
)
def test_a_namespace_becomes_a_module(namespace: str, expected: str) -> None:
    assert module_names([namespace])[namespace] == expected


def test_namespaces_that_end_alike_get_different_modules() -> None:
    names = module_names(["http://a.example/types", "http://b.example/types", "http://b.example/types/"])
    assert len(set(names.values())) == 3


@given(st.lists(st.text(max_size=40), max_size=6, unique=True))
def test_a_module_name_is_a_plain_file_name(namespaces: list[str]) -> None:
    names = list(module_names(namespaces).values())
    assert len({name.lower() for name in names}) == len(namespaces)
    assert all(name.isidentifier() and name.isascii() and not name.startswith("_") for name in names)


def test_a_name_is_handed_out_once() -> None:
    names = Names({"a"})
    assert [names.take("a"), names.take("a"), names.take("b", "b_2"), names.take("b", "b_other")] == [
        "a_2",
        "a_3",
        "b",
        "b_other",
    ]
