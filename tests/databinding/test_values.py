"""soapkit's own value types: exact, frozen, hashable; as good as the standard library's where they extend it."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soapkit.databinding.builtins import BUILTINS
from soapkit.databinding.dates.temporal import parse_date, parse_datetime, parse_duration, parse_time
from soapkit.databinding.lexical import parse_base64
from soapkit.databinding.shape import Atomic
from soapkit.databinding.simple import no_scope, simple_codec
from soapkit.databinding.values import Duration, GMonthDay, GYear, QName, Raw, XmlDate, XmlDateTime, XmlTime
from soapkit.errors import UsageError, XmlError

CEST = timezone(timedelta(hours=2))
SAMPLES = [
    XmlDateTime(2026, 11, 23, 15, 4, 5, fraction="1234567", tzinfo=CEST),
    XmlDateTime(12026, 1, 1),
    XmlDateTime(-44, 3, 15, tzinfo=UTC),
    XmlDate(2026, 11, 23, CEST),
    XmlDate(12026, 1, 1),
    XmlTime(15, 4, 5, fraction="12345678"),
    Duration(14, Decimal("93.5")),
    GYear(2026, 120),
    QName("urn:x", "a"),
    Raw("<a xmlns='urn:x'><b/></a>"),
]


@pytest.mark.parametrize("value", SAMPLES, ids=str)
def test_a_value_survives_pickle_and_copy_and_can_be_a_key(value: object) -> None:
    assert pickle.loads(pickle.dumps(value)) == value
    assert copy.deepcopy(value) == value
    assert {value: 1}[copy.copy(value)] == 1
    assert not isinstance(repr(value), bytes)


def test_seven_digits_are_kept_and_it_is_a_datetime() -> None:
    value = parse_datetime("2026-11-23T15:04:05.1234567Z")
    assert isinstance(value, datetime)
    assert str(value) == "2026-11-23T15:04:05.1234567Z"
    assert value.microsecond == 123456
    assert value > datetime(2026, 11, 23, 15, 4, 5, 123456, UTC)
    assert datetime(2026, 11, 23, 15, 4, 5, 123457, UTC) > value
    assert value != datetime(2026, 11, 23, 15, 4, 5, 123456, UTC)
    assert str(value + timedelta(seconds=1)) == "2026-11-23T15:04:06.1234567Z"
    assert value - datetime(2026, 11, 23, 15, 4, 5, tzinfo=UTC) == timedelta(microseconds=123456)
    assert str(value.astimezone(CEST)) == "2026-11-23T17:04:05.1234567+02:00"
    assert f"{value:%H:%M}" == "15:04"
    with pytest.raises(OverflowError, match="does not fit a datetime"):
        value.to_datetime()  # type: ignore[attr-defined]  # an XmlDateTime


def test_what_a_datetime_can_hold_is_a_datetime() -> None:
    assert type(parse_datetime("2026-11-23T15:04:05.123456000Z")) is datetime
    assert parse_datetime("2026-12-31T24:00:00") == datetime(2027, 1, 1)
    assert XmlDateTime(2026, 1, 1) == datetime(2026, 1, 1)
    assert hash(XmlDateTime(2026, 1, 1)) == hash(datetime(2026, 1, 1))
    assert XmlDateTime(2026, 1, 1).to_datetime() == datetime(2026, 1, 1)


def test_a_far_year_compares_and_does_not_lie() -> None:
    far = parse_datetime("12026-01-01T00:00:00")
    assert far.year == 12026
    assert far > datetime.max
    assert parse_datetime("-0044-03-15T00:00:00") < datetime.min
    assert parse_datetime("9999-12-31T24:00:00").year == 10000
    for reckon in (lambda: far + timedelta(1), lambda: far.timestamp(), lambda: far.strftime("%Y"), far.date):
        with pytest.raises(OverflowError):
            reckon()
    assert parse_datetime("12026-01-02T00:00:00") - far == timedelta(days=1)


def test_zones_make_dates_differ() -> None:
    plain, zoned = parse_date("2026-11-23"), parse_date("2026-11-23Z")
    assert type(plain) is date
    assert isinstance(zoned, date)
    assert plain != zoned
    assert parse_date("2002-10-10+13:00") == parse_date("2002-10-09-11:00")  # XSD part 2, 3.2.9
    assert parse_date("2026-11-24Z") > zoned
    with pytest.raises(TypeError):
        assert plain < zoned
    assert str(zoned + timedelta(days=1)) == "2026-11-24Z"


def test_times_keep_their_digits() -> None:
    assert type(parse_time("15:04:05.5")) is time
    value = parse_time("15:04:05.1234567Z")
    assert str(value) == "15:04:05.1234567Z"
    assert value > time(15, 4, 5, 123456, UTC)
    assert parse_time("24:00:00") == time(0)


def test_durations_keep_months_and_seconds_apart() -> None:
    assert str(parse_duration("P1Y2M3DT4H5M6.7S")) == "P1Y2M3DT4H5M6.7S"
    assert parse_duration("P12M") == parse_duration("P1Y")
    assert parse_duration("PT36H") == Duration(0, Decimal(129600))
    assert str(Duration.from_timedelta(timedelta(days=-1, microseconds=1))) == "-PT23H59M59.999999S"
    assert parse_duration("PT1.5S").to_timedelta() == timedelta(seconds=1.5)
    with pytest.raises(OverflowError):
        parse_duration("P1M").to_timedelta()
    with pytest.raises(ValueError, match="one sign"):
        Duration(1, Decimal(-1))


def test_values_are_checked_when_they_are_born() -> None:
    for make in (
        lambda: GYear(0),
        lambda: GMonthDay(2, 30),
        lambda: GYear(2026, 900),
        lambda: QName("urn:x", "a b"),
        lambda: XmlDate(2026, 2, 29),
        lambda: XmlDateTime(2026, 1, 1, 25),
        lambda: XmlTime(1, 2, 3, fraction="x"),
    ):
        with pytest.raises(ValueError):
            make()


def test_raw_is_one_whole_element() -> None:
    assert Raw("<a xmlns='urn:x'/>") == Raw(b"<a  xmlns='urn:x'></a>")
    assert Raw("<a b='1' c='2'/>") == Raw(b"<a  c='2' b='1'></a>")
    assert Raw("<a/>") != Raw("<b/>")
    with pytest.raises(XmlError):
        Raw("<a/><b/>")
    with pytest.raises(UsageError):
        Raw(3)  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match="frozen"):
        Raw("<a/>").xml = b""


@given(st.datetimes(timezones=st.none() | st.timezones()), st.integers(0, 10**9))
def test_any_datetime_is_written_and_read_back(value: datetime, _seed: int) -> None:
    codec = simple_codec(Atomic("dateTime"))
    try:
        text = codec.encode(value, str, True)
    except ValueError:
        offset = value.utcoffset()  # XSD part 2, 3.2.7.3: whole minutes, at most 14 hours
        assert offset is not None
        assert offset.seconds % 60 or offset.microseconds or abs(offset) > timedelta(hours=14)
        return
    again = codec.decode(text, no_scope)
    assert again.replace(tzinfo=None) == value.replace(tzinfo=None)
    assert again.utcoffset() == value.utcoffset()


@given(st.floats())
def test_any_float_is_written_and_read_back(value: float) -> None:
    codec = simple_codec(Atomic("double"))
    again = codec.decode(codec.encode(value, str, True), no_scope)
    assert repr(again) == repr(value)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_any_decimal_is_written_without_exponent_and_read_back(value: Decimal) -> None:
    codec = simple_codec(Atomic("decimal"))
    text = codec.encode(value, str, True)
    assert "E" not in text
    assert codec.decode(text, no_scope) == value


@given(st.integers(-(10**12), 10**12), st.decimals(0, 10**9, allow_nan=False, places=7))
def test_any_duration_is_written_and_read_back(months: int, seconds: Decimal) -> None:
    value = Duration(months, seconds if months >= 0 else -seconds)
    assert parse_duration(str(value)) == value


@given(st.binary())
def test_any_bytes_are_written_and_read_back(value: bytes) -> None:
    for name in ("base64Binary", "hexBinary"):
        assert BUILTINS[name].parse(BUILTINS[name].format(value)) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("int", True),
        ("int", 1.0),
        ("int", 2**31),
        ("unsignedByte", -1),
        ("boolean", 1),
        ("decimal", 1.5),
        ("decimal", Decimal("NaN")),
        ("date", datetime(2026, 1, 1)),
        ("dateTime", date(2026, 1, 1)),
        ("string", 1),
        ("string", b"x"),
        ("token", " a"),
        ("normalizedString", "a\nb"),
        ("NCName", "a:b"),
        ("language", "english-"),
        ("base64Binary", "not base64!"),
        ("QName", "no clark name"),
        ("NMTOKENS", []),
        ("float", "1_0"),
        ("gYear", 2026),
    ],
)
def test_a_value_of_another_type_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"expected|not a name"):
        simple_codec(Atomic(name)).encode(value, str, False)


def test_the_seconds_of_a_duration_may_be_an_int_and_never_a_float() -> None:
    assert Duration(seconds=3) == Duration(0, Decimal(3))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not float"):
        Duration(seconds=1.5)  # type: ignore[arg-type]


def test_a_duration_of_many_days_is_written_exactly() -> None:
    text = "-P999997999999999999999999999999D"
    assert str(parse_duration(text)) == text


def test_base64_with_a_no_break_space_is_refused() -> None:
    assert parse_base64("AA EC\tAw==") == b"\0\1\2\3"
    with pytest.raises(ValueError, match="base64"):
        parse_base64("AAEC\u00a0Aw==")
