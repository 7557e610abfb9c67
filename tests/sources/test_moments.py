"""Moments as sources write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from giftbot.sources.moments import parse_expiry, parse_listed, parse_mail_date


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("2026-03-04T05:06:07Z", datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("2026-03-04T05:06:07.123456Z", datetime(2026, 3, 4, 5, 6, 7, 123000, tzinfo=UTC)),
        ("2026-03-04T05:06:07+02:00", datetime(2026, 3, 4, 3, 6, 7, tzinfo=UTC)),
        ("2026-03-04T05:06", datetime(2026, 3, 4, 5, 6, tzinfo=UTC)),
        (" 2026-03-04 05:06 ", datetime(2026, 3, 4, 5, 6, tzinfo=UTC)),
        ("2026-03-04 05:06 UTC", datetime(2026, 3, 4, 5, 6, tzinfo=UTC)),
        ("2026-03-04 05:06:07 Z", datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("04.03.2026", datetime(2026, 3, 4, 23, 59, 59, tzinfo=UTC)),
        ("04.03.2026 05:06", datetime(2026, 3, 4, 5, 6, tzinfo=UTC)),
        ("2026-03-04", datetime(2026, 3, 4, 23, 59, 59, tzinfo=UTC)),
        (1772600767, datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)),
        (1772600767000, datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)),
        (1772600767.5, datetime(2026, 3, 4, 5, 6, 7, 500000, tzinfo=UTC)),
        ("1772600767", datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("1772600767000", datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)),
    ],
)
def test_expiry_is_read(raw: object, expected: datetime) -> None:
    """Each form that a source uses is read; without a zone it is UTC, without a time the end of the day."""
    assert expected == parse_expiry(raw)


@pytest.mark.parametrize(
    "raw",
    [
        *(
            "Unknown",
            "",
            "   ",
            "soon",
            "Permanent",
            "N/A",
            "03/04/2026",
            "4 March 2026",
            "2026-13-01",
            "31.02.2026",
        ),
        *("2026-03-04T25:00", "0000-00-00", "1970-01-01", "9999-12-31", "20260304", "in 3 days", "12:30"),
        *("2026-03-04T05:06:07Z and more", "٢٠٢٦-٠٣-٠٤", "2026-03-04" * 50, "0001-01-01T00:00:00+14:00"),
        *(None, True, 0, -1, 10**400, 1e308, float("nan"), float("inf"), [], {}, b"2026-03-04"),
    ],
)
def test_what_cannot_be_read_is_unknown(raw: object) -> None:
    """An expiry is never guessed: what is not exactly one of the forms, or implausible, is None."""
    assert parse_expiry(raw) is None


def test_listing_date_is_the_start_of_its_day() -> None:
    """A code was listed from the first moment of the day on, and expires with its last."""
    assert datetime(2026, 3, 4, tzinfo=UTC) == parse_listed("04.03.2026")


def test_mail_dates() -> None:
    """RSS dates are read with any zone; what is none is None."""
    assert datetime(2026, 3, 4, 3, 6, 7, tzinfo=UTC) == parse_mail_date("Wed, 04 Mar 2026 05:06:07 +0200")
    assert datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC) == parse_mail_date("Wed, 04 Mar 2026 05:06:07 GMT")
    assert parse_mail_date("yesterday") is None
    assert parse_mail_date(None) is None


@given(st.one_of(st.text(), st.integers(), st.floats(), st.from_regex(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.{0,9}")))
def test_moments_are_aware_utc_in_milliseconds_or_none(raw: object) -> None:
    """Whatever is given, what comes out can be stored."""
    for parse in (parse_expiry, parse_listed, parse_mail_date):
        moment = parse(raw)
        assert moment is None or (moment.tzinfo is UTC and moment.microsecond % 1000 == 0)
