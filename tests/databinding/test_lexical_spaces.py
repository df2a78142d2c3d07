# ruff: noqa: ISC004  the tables below are one text in several lines
"""Each built-in type accepts its lexical space and nothing else; libxml2 and xmlschema are asked too."""

from __future__ import annotations

from functools import cache

import pytest
import xmlschema
from lxml import etree

from soapkit.databinding.builtins import BUILTINS
from soapkit.databinding.shape import Atomic
from soapkit.databinding.simple import simple_codec

# type: (valid texts, invalid texts), separated by |
SPACES = {
    "boolean": ("true|false|1|0| true |\n1\t", "True|TRUE|yes|2|01|tru|t rue||-1|1.0|on|true false"),
    "decimal": (
        "0|1|-1|+1|1.0|.5|5.|-.5|+.5|-5.|00012.500|123456789012345678901234567890.123456789| 1.5 |-0|0.0|+0.00",
        "1e5|1E5|NaN|INF|infinity|1_0|1,5|.|+|-|--1|+-1|1.2.3|0x10|٣|１||1 2|- 1|1.5f|$1|1-",
    ),
    "integer": (
        "0|1|-1|+1|007|-007|+0|-0|123456789012345678901234567890| 12 ",
        "1.0|1.|.|1e3|1_000|٣|0x1F||+|-|--1|1 2|one|1,000|+-5|½|²",
    ),
    "nonPositiveInteger": ("0|-0|+0|-1|-99999999999999999999|-007", "1|+1|0.0|-1.0|"),
    "negativeInteger": ("-1|-007|-99999999999999999999", "0|-0|1|+1|-1.0|"),
    "nonNegativeInteger": ("0|-0|+0|1|+7|99999999999999999999", "-1|1.0||-7"),
    "positiveInteger": ("1|+1|007|99999999999999999999", "0|-0|+0|-1|1.0|"),
    "long": ("9223372036854775807|-9223372036854775808|0|+5", "9223372036854775808|-9223372036854775809|1.0"),
    "int": ("2147483647|-2147483648|+0|-0|0000000000000001", "2147483648|-2147483649|1.0|1e3|0x1"),
    "short": ("32767|-32768|0", "32768|-32769|1.5"),
    "byte": ("127|-128|+127|-0", "128|-129|1.0"),
    "unsignedLong": ("18446744073709551615|0|+1|-0", "18446744073709551616|-1"),
    "unsignedInt": ("4294967295|0", "4294967296|-1"),
    "unsignedShort": ("65535|0", "65536|-1"),
    "unsignedByte": ("255|0|+255", "256|-1|1.0"),
    "double": (
        "0|-0|1|1.5|-1.5E10|1e5|1E-5|+1.5|.5|5.|.5e+3|INF|-INF|NaN|1E400|-1e-400|12678967.543233| 1 ",
        "inf|Infinity|infinity|nan|NAN|+NaN|-NaN|1_0|1e|e5|1e5.0|0x1p3|1,5||+|.|1 5|1d|--1|1e+-5|٣",
    ),
    "float": (
        "0|-0|1|1.5|-1.5E10|1e5|1E-5|+1.5|.5|5.|INF|-INF|NaN|3.4e38| 1 ",
        "inf|Infinity|nan|NAN|1_0|1e|e5|1e5.0|0x1p3|1,5||+|.|1 5|1f|٣",
    ),
    "duration": (
        "P1Y|P1M|P1D|PT1H|PT1M|PT1S|PT1.5S|P1Y2M3DT4H5M6.7S|-P1D|P0D|PT0S|P1Y1D|P400D|PT36H|-PT0.000S|P12345678901Y",
        "P|PT|P1YT|P1S|P1H|PT1Y|1Y|P-1D|+P1D|P1.5D|PT1.5H|PT1.S|PT.5S|P1M1Y|PT1S1M|P1DT|p1d|P 1D||P1W|PT1,5S|--P1D",
    ),
    "dateTime": (
        "2026-11-23T15:04:05|2026-11-23T15:04:05Z|2026-11-23T15:04:05+02:00|2026-11-23T15:04:05-14:00"
        "|2026-11-23T15:04:05+14:00|2026-11-23T15:04:05.1|2026-11-23T15:04:05.123456789012Z|2026-11-23T24:00:00"
        "|2026-12-31T24:00:00Z|12026-11-23T15:04:05|-0044-03-15T12:00:00|2024-02-29T00:00:00|0001-01-01T00:00:00"
        "|9999-12-31T24:00:00|2000-02-29T23:59:59.999Z|2026-11-23T15:04:05-00:00|-12026-01-01T00:00:00"
        "| 2026-11-23T15:04:05 |2026-11-23T00:00:00.0000000",
        "2026-11-23|2026-11-23 15:04:05|20261123T150405Z|2026-11-23T15:04|2026-11-23T15:04:05+0200"
        "|2026-11-23T15:04:05+02|2026-11-23T15:04:05,5|2026-11-23T15:04:05.|2026-W01-1T00:00:00|2026-001T00:00:00"
        "|2026-11-23t15:04:05|2026-11-23T15:04:05z|2026-02-30T00:00:00|2025-02-29T00:00:00|2026-13-01T00:00:00"
        "|2026-00-10T00:00:00|2026-01-00T00:00:00|2026-01-32T00:00:00|2026-11-23T24:00:01|2026-11-23T24:01:00"
        "|2026-11-23T25:00:00|2026-11-23T15:60:05|2026-11-23T15:04:60|2026-11-23T15:04:05+14:01"
        "|2026-11-23T15:04:05+15:00|2026-11-23T15:04:05-02:60|026-11-23T15:04:05|02026-11-23T15:04:05"
        "|0000-01-01T00:00:00|+2026-11-23T15:04:05|2026-11-23T15:04:05Z+02:00|2026-1-23T15:04:05"
        "|2026-11-3T15:04:05|2026-11-23T5:04:05|2026-11-23T15:4:05|２０２６-11-23T15:04:05||T15:04:05"
        "|2026-11-23T15:04:05+02:00:00|1900-02-29T00:00:00|2026-11-23T15:04:05 Z|26-11-23T15:04:05|2026-11-23T150405",
    ),
    "date": (
        "2026-11-23|2026-11-23Z|2026-11-23+02:00|2026-11-23-14:00|12026-11-23|-0044-03-15|2024-02-29| 2026-11-23 ",
        "20261123|2026-11-23T00:00:00|2026-W01-1|2026-1-1|2026-02-30|0000-01-01|02026-01-01|26-01-01|2026-11|2026/11/23"
        "|2026-11-23z|2026-11-23+2:00|2026-11-23+14:30||2026-327|+2026-11-23|2025-02-29|2026-11-31",
    ),
    "time": (
        "15:04:05|15:04:05Z|15:04:05.5|15:04:05.1234567890+02:00|24:00:00|00:00:00|24:00:00Z|23:59:59.999999999",
        "15:04|150405|15:04:05,5|24:00:01|25:00:00|15:60:00|15:04:60|5:04:05|15:04:05.|T15:04:05|15:04:05+0200||15:04:05z",
    ),
    "gYear": ("2026|2026Z|2026+02:00|-0044|12026|0001", "26|026|02026|0000|+2026|2026-01||2026 Z|20 26"),
    "gYearMonth": ("2026-11|2026-11Z|-0044-03|12026-01", "2026-13|2026-00|2026-1|0000-01|2026|2026-11-01||02026-01"),
    "gMonth": ("--11|--01Z|--12-05:00", "--13|--00|11|-11|--1||--11-"),
    "gMonthDay": ("--11-23|--02-29|--12-31Z", "--02-30|--11-31|--13-01|--00-01|--01-00|11-23|--1-1|--1123||-11-23"),
    "gDay": ("---23|---01Z|---31+02:00", "---32|---00|--23|23|---1||---023"),
    "hexBinary": ("|0F|0f|00FF|abCDef| 0F ", "0|0G|0x0F|F|00 FF|0F0|FF-|é0"),
    "base64Binary": (
        "|AAAA|YQ==|YWI=|YWJj|YW Jj|Y Q = =|YWJj\nYWJj| YQ== |A B C D|++//",
        "A|AA|AAA|AAA==|A===|====|AA=A|YR==|YWJ=A|Y-Jj|Y_Jj|YQ=|YWJj=|YWI|=AAA|AA==AAAA|é===",
    ),
    "language": (
        "en|en-GB|x-klingon|i-default|de-1996| en ",
        "|e n|englishlanguage|en_GB|1en|en-|-en|en--GB|en-abcdefghi|é",
    ),
    "NMTOKEN": ("a|1|a.b-c_d:e|é|-a|.a| a ", "|a b|a/b|a@b|a,b|<"),
    "Name": ("a|_a|a:b|:a|é|a.b-c1", "|1a|-a|.a|a b|a/b"),
    "NCName": ("a|_a|a1|é|a.b-c", "|1a|a:b|:a|-a|a b|a/b"),
    "NMTOKENS": ("a|a b|a  b\nc|1 2", "|a/b| |a <"),
    "string": ("||a| a |a\nb|\t|é😀", ""),
    "normalizedString": ("|a| a |a\nb|\t", ""),
    "token": ("|a| a |a\nb|a  b", ""),
    "anyURI": ("|http://example.com/|urn:x:y|a b|../x#y|é|http://example.com/?a=b&c=d", ""),
}

# Where an oracle is wrong, and how.
LIBXML2_DIFFERS = {
    ("dateTime", " 2026-11-23T15:04:05 "): "does not collapse white space here",
    ("date", " 2026-11-23 "): "does not collapse white space here",
    ("double", "1e"): "takes an exponent without digits",
    ("float", "1e"): "takes an exponent without digits",
    ("duration", "PT1.S"): "takes a point without digits after it",
    ("duration", "PT.5S"): "takes a point without digits before it",
    ("duration", "P12345678901Y"): "refuses counts beyond its integers",
    ("NMTOKENS", ""): "takes a list without items (minLength is 1)",
    ("NMTOKENS", " "): "takes a list without items (minLength is 1)",
}
XMLSCHEMA_DIFFERS = {
    ("duration", "P12345678901Y"): "overflows",
    ("decimal", "1 2"): "takes what Decimal() takes once blanks are gone",
    ("decimal", "- 1"): "takes what Decimal() takes once blanks are gone",
    ("integer", "1_000"): "takes what int() takes",
    ("integer", "\u0663"): "takes what int() takes",
}


def cases(valid: bool) -> list[tuple[str, str]]:
    found = []
    for name, texts in SPACES.items():
        text = texts[0 if valid else 1]
        if text or valid:
            found += [(name, literal) for literal in text.split("|")]
    return found


def accepts(name: str, literal: str) -> bool:
    try:
        simple_codec(Atomic(name)).decode(literal, dict)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(("name", "literal"), cases(valid=True))
def test_a_valid_text_is_read_and_its_canonical_form_reads_as_the_same(name: str, literal: str) -> None:
    codec = simple_codec(Atomic(name))
    value = codec.decode(literal, dict)
    written = codec.encode(value, str, True)
    again = codec.decode(written, dict)
    assert again == value or value != value
    assert codec.encode(again, str, True) == written


@pytest.mark.parametrize(("name", "literal"), cases(valid=False))
def test_an_invalid_text_is_refused(name: str, literal: str) -> None:
    assert not accepts(name, literal)


def schema_of(name: str) -> str:
    return f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="v" type="xs:{name}"/></xs:schema>'


@cache
def libxml2(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.fromstring(schema_of(name)))


@cache
def oracle(name: str) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(schema_of(name))


def element(literal: str) -> etree._Element:
    made = etree.Element("v")
    made.text = literal
    return made


@pytest.mark.parametrize(("name", "literal"), cases(valid=True) + cases(valid=False))
def test_libxml2_agrees(name: str, literal: str) -> None:
    if (name, literal) in LIBXML2_DIFFERS:
        return
    assert libxml2(name).validate(element(literal)) == accepts(name, literal)


@pytest.mark.parametrize(("name", "literal"), cases(valid=True) + cases(valid=False))
def test_xmlschema_agrees(name: str, literal: str) -> None:
    if (name, literal) in XMLSCHEMA_DIFFERS:
        return
    assert oracle(name).is_valid(element(literal)) == accepts(name, literal)


def test_every_built_in_type_is_there() -> None:
    assert len(BUILTINS) == 45  # 19 primitive, 25 derived, anySimpleType
