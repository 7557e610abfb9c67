"""From entries to a listing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import structlog
from structlog.testing import capture_logs

from giftbot.models.code import Finding, fold
from giftbot.sources.listing import CODE_LIMIT, Collector, Entry, Refused
from giftbot.web.faults import UnreadableError

HOSTILE = [
    *(
        "@everyone",
        "<@&1>",
        "`code`",
        "[gift](https://evil.example)",
        "FREE\u200bGEMS",
        "\u202eSMEG",
        "AB\x00C",
        "🎁🎁🎁",
    ),
    *("A" * 10_000, "", "ab", "a:b", "$where", "..", "../../etc", "two words", "ſßß", "İİİ", "\ud800\ud800\ud800"),
]


@pytest.mark.parametrize("raw", HOSTILE)
def test_hostile_codes_are_refused(raw: str) -> None:
    """What is not a code is counted, and logged as harmless ASCII."""
    with capture_logs() as logs:
        listing = Collector("json").collect([Entry(raw), Entry("GOOD1")])
    assert [finding.display for finding in listing.findings] == ["GOOD1"]
    assert listing.refused == 1
    [line] = logs
    assert (line["event"], line["source"]) == ("code refused", "json")
    assert line["value"].isascii()
    assert not set(line["value"]) & set("`@<>\x00")
    assert len(line["value"]) <= 43


@pytest.mark.parametrize("raw", ["None", "UNKNOWN", "null", "Expired", "Code", "TBA", "undefined"])
def test_placeholders_are_refused(raw: str) -> None:
    """What pages print where a code would be is not announced as one."""
    listing = Collector("page").collect([Entry(raw)])
    assert (listing.findings, listing.refused) == ((), 1)


@pytest.mark.parametrize("value", [None, 12345, 1.5, True, ["CODE1"], {"a": 1}])
def test_values_of_other_types_are_refused(value: object) -> None:
    """A number or a list is not a code, whatever it looks like."""
    assert Collector("json").collect([Refused(value)]).refused == 1


def test_display_form_keeps_the_casing() -> None:
    """Codes are compared folded and shown as they were written; full-width letters are ordinary ones."""
    assert Collector("json").collect([Entry(" Frost77 "), Entry("ＧＥＭＳ")]).findings == (
        Finding(key=fold("FROST77"), display="Frost77"),
        Finding(key=fold("GEMS"), display="GEMS"),
    )


def test_duplicates_merge() -> None:
    """Of entries with the same key the first wins, and later ones fill in what it lacks."""
    soon, later = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    listing = Collector("json").collect(
        [Entry("Gift1"), Entry("GIFT1", "10 gems", soon), Entry("gift1", "20 gems", later, later)]
    )
    assert listing.findings == (Finding(fold("GIFT1"), "Gift1", "10 gems", soon, later),)


def test_a_refused_value_is_logged_once() -> None:
    """Sources are read every few seconds: each distinct refused value is one line, not one per check."""
    collector = Collector("json")
    with capture_logs() as logs:
        for _ in range(3):
            assert collector.collect([Entry("@everyone"), Entry("@everyone"), Entry("@here")]).refused == 3
    assert [line["value"] for line in logs] == ["\\x40everyone", "\\x40here"]


def test_a_flood_of_refused_values_stays_bounded() -> None:
    """Ever new refused values neither fill the log nor the memory."""
    collector = Collector("json")
    with capture_logs() as logs:
        for number in range(100):
            collector.collect([Entry(f"@{number}-{item}") for item in range(100)])
    assert len(logs) == 100 * 20
    assert len(collector._logged) == 1000


def test_too_many_codes_are_a_fault() -> None:
    """A listing has at most 500 codes; duplicates do not count, and nobody can list without end."""
    codes = [Entry(f"CODE{number}") for number in range(CODE_LIMIT)]
    assert len(Collector("json").collect(codes + codes).findings) == CODE_LIMIT
    with pytest.raises(UnreadableError, match="more than 500 codes"):
        Collector("json").collect([*codes, Entry("ONEMORE")])
    with pytest.raises(UnreadableError, match="more than 500 codes"):
        Collector("json").collect(Entry("SAME") for _ in iter(int, 1))


def test_nothing_listed_is_an_empty_listing() -> None:
    """A source that lists nothing says so; what that means is judged elsewhere."""
    structlog.reset_defaults()
    assert Collector("json").collect([]).findings == ()
