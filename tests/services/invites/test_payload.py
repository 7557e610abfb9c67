"""What a copy holds, there and back."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest

from giftbot.errors import CopyError, CopyRefusedError
from giftbot.models.ids import GuildId, InviteCode, UserId
from giftbot.models.join import Level, Method
from giftbot.services.invites import envelope
from giftbot.services.invites.archive import Archive, Change
from giftbot.services.invites.envelope import ForeignCopyError, read_copy, render_copy, render_file
from giftbot.services.invites.merging import Merging
from giftbot.services.invites.parts import plain
from giftbot.services.invites.payload import LEDGER, OURS, STATE, pack_records, read_records
from giftbot.services.invites.ports import Copy
from giftbot.stores import invite_documents
from giftbot.stores.sqlite.store import open_sqlite
from tests.services.invites.copying import EMBER, HOUR, NORTH, T0, fill, invite, join, known, ledger, records

DATA: dict[str, object] = {OURS: {}}


def sections(guild_id: GuildId = NORTH) -> dict[str, Any]:
    """A server's sections as they are read from JSON."""
    packed = pack_records(records(guild_id), invite_documents)
    return {name: orjson.loads(section.own.text) for name, section in packed.items()}


async def copy_of(path: Path, *guild_ids: GuildId, carried: dict[str, object] | None = None) -> Copy:
    """A copy of tables that know these servers."""
    async with open_sqlite(path) as store:
        for guild_id in guild_ids:
            await fill(store, records(guild_id))
        archive = Archive(store, invite_documents)
        await archive.read_everything()
        return Copy("series", 5, T0, archive.data(carried or {}, T0))


def test_everything_comes_back_as_it_was() -> None:
    """Every detail of every model: moments, ids beyond 2^53, names with quotes, tombstones, histories."""
    found, refused = read_records(str(NORTH), sections(), invite_documents)
    assert found == records()
    assert refused == []


def test_joins_are_by_month() -> None:
    """A change of one month writes that month only."""
    assert list(sections()) == [LEDGER, STATE, "joins 2026-05", "joins 2026-06"]


@pytest.mark.parametrize("guild", ["x", "", "-5", "٣", "0", str(2**63), "1 2"])
def test_a_server_whose_id_is_none_is_refused(guild: str) -> None:
    """The rest of the copy is used."""
    found, refused = read_records(guild, sections(), invite_documents)
    assert found is None
    assert len(refused) == 1


def test_entries_that_cannot_be_used_are_refused_one_by_one() -> None:
    """Each with its reason; all others are used."""
    given = sections()
    given["joins 2026-05"] += [
        {"guild_id": NORTH, "user_id": "no number", "joined_at": "yesterday"},
        {**given["joins 2026-05"][0], "guild_id": EMBER},
        {**given["joins 2026-05"][0], "evidence": ["x" * 300_000]},
        "text",
    ]
    given[LEDGER]["invites"]["bad"] = {"code": "bad", "uses": -1}
    given[LEDGER]["invites"]["other"] = {"code": "another", "uses": 1}
    given[STATE]["credits"].append({"guild_id": NORTH})
    given[STATE]["settings"] = []
    given["strange"] = {}
    found, refused = read_records(str(NORTH), given, invite_documents)
    assert found == attrs.evolve(records(), settings=None)
    reasons = "\n".join(refused)
    for words in (
        "joins 2026-05 2: cannot be read",
        "joins 2026-05 3: is of another server",
        "joins 2026-05 4: is too large",
        "joins 2026-05 5: is no row",
        "invite bad: cannot be read",
        "invite other: cannot be read",
        "credit 2: cannot be read",
        "settings: is no row",
        "strange: is not known",
    ):
        assert words in reasons
    assert len(refused) == 9


async def test_cloud_and_file_hold_the_same_copy(tmp_path: Path) -> None:
    """Both are read back as what was written, carried tables too, and again when a service wrote it anew."""
    carried: dict[str, object] = {"onboarding_analytics": [{"id": 1, "metadata": '{"a": 1.5}', "x": None}]}
    copy = await copy_of(tmp_path / "a.sqlite", NORTH, EMBER, carried=carried)
    told = plain(copy.data)
    for body in (render_copy(copy), json.dumps(json.loads(render_copy(copy)), indent=1).encode()):
        assert read_copy(body) == attrs.evolve(copy, data=told)
    from_file = read_copy(render_file(copy))
    assert from_file.data[OURS] == told[OURS]
    assert from_file.data["onboarding_analytics"] == carried["onboarding_analytics"]
    assert (from_file.epoch, from_file.sequence, from_file.taken_at) == ("series", 5, T0)


async def test_earlier_bots_find_their_tables(tmp_path: Path) -> None:
    """Shapes and keys are theirs, with no inviter as 0 and System."""
    async with open_sqlite(tmp_path / "a.sqlite") as store:
        widget = invite("wid", inviter_id=None, inviter_name=None)
        known_invites = {InviteCode("aBcD1234"): invite("aBcD1234"), InviteCode("wid"): widget}
        await fill(store, attrs.evolve(records(), ledger=ledger(NORTH, invites=known_invites)))
        archive = Archive(store, invite_documents)
        await archive.read_everything()
        copy = Copy("series", 5, T0, archive.data({}, T0))
    file = json.loads(render_file(copy))
    assert datetime.fromisoformat(file["timestamp"]).astimezone() == T0
    assert file["cache"][str(NORTH)]["wid"] == {
        "uses": 3,
        "inviter_id": 0,
        "inviter_name": "System",
        "code": "wid",
    }
    data = json.loads(render_copy(copy))["discord_data"]
    assert data["invite_cache"]["cache"] == file["cache"]
    assert [row["invite_code"] for row in data["staff_invites"]] == ["aBcD1234"]
    assert data["staff_invites"][0]["email_template"] == "Hi"
    assert {row["user_id"] for row in data["invite_tracking"]} == {11, 13}
    assert data["invite_tracking"][0]["joined_at"] == "2026-05-31 23:30:15.123000"
    (request,) = data["vip_requests"]
    assert (request["status"], request["request_type"], request["user_id"]) == ("completed", "role_promotion", 11)


def test_what_is_not_ours_or_not_whole_says_why() -> None:
    """A reason for each."""
    whole = render_copy(Copy("series", 5, T0, DATA))
    document = json.loads(whole)

    def changed(**more: object) -> bytes:
        table = {**document["discord_data"]["giftbot_copy"], **more}
        return json.dumps({"discord_data": {**document["discord_data"], "giftbot_copy": table}}).encode()

    for body, words in (
        (whole[:-20], "no whole JSON"),
        (b"", "no whole JSON"),
        (changed(sequence=6), "checksum"),
        (changed(epoch="another"), "checksum"),
        (changed(checksum=None), "checksum"),
        (changed(sequence=-1), "which copy"),
        (changed(sequence=True), "which copy"),
        (changed(epoch=""), "which copy"),
        (changed(taken_at="2026-05-01T00:00:00"), "when it was taken"),
        (changed(format=2), "format 2"),
    ):
        with pytest.raises(CopyRefusedError, match=words):
            read_copy(body)
    for body in (b"[]", b"{}", b'{"discord_data": {"staff_invites": []}}', b'{"discord_data": []}'):
        with pytest.raises(ForeignCopyError):
            read_copy(body)


def test_too_large_a_copy_is_neither_written_nor_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit holds in both directions."""
    whole = render_copy(Copy("series", 5, T0, DATA))
    monkeypatch.setattr(envelope, "LARGEST_COPY", len(whole) - 1)
    with pytest.raises(CopyError, match="more than"):
        render_copy(Copy("series", 5, T0, DATA))
    with pytest.raises(CopyRefusedError, match="more than"):
        read_copy(whole)


async def test_only_what_changed_is_read_again(tmp_path: Path) -> None:
    """One server's state and the joins that are named; the others stay as they were read."""
    async with open_sqlite(tmp_path / "a.sqlite") as store:
        await fill(store, records(NORTH))
        await fill(store, records(EMBER))
        archive = Archive(store, invite_documents)
        await archive.read_everything()
        late, other = join(NORTH, 77, at=T0 + 3 * HOUR), join(EMBER, 78, at=T0 + 3 * HOUR)
        await store.insert_joins([late, other])
        await archive.read_again([Change(NORTH, frozenset({late.join_id}))])
        guilds: Any = plain(archive.data({}, T0))[OURS]
        fresh = Archive(store, invite_documents)
        await fresh.read_everything()
        everything: Any = plain(fresh.data({}, T0))[OURS]
    assert guilds[str(NORTH)] == everything[str(NORTH)]
    assert guilds[str(EMBER)] != everything[str(EMBER)]


async def test_a_merge_keeps_whatever_is_newer(tmp_path: Path) -> None:
    """Row by row: a newer row of the copy replaces, an older one does not; taking it in again changes nothing."""
    copy = await copy_of(tmp_path / "a.sqlite", NORTH)
    copy = attrs.evolve(copy, data=plain(copy.data))
    first, second, third = records().joins
    older = attrs.evolve(first, updated_at=T0 - HOUR, owner_id=None)
    newer = attrs.evolve(second, updated_at=T0 + 9 * HOUR, user_name="renamed")
    async with open_sqlite(tmp_path / "b.sqlite") as store:
        await store.insert_joins([older, newer])
        await store.save_link(attrs.evolve(records().links[0], revision=0, updated_at=T0 + HOUR, staff_name="new"))
        merging = Merging(store, invite_documents)
        trial = await merging.take_in(copy, ledgers=True, dry_run=True)
        assert (await known(store)).ledger is None
        taken = await merging.take_in(copy, ledgers=True)
        assert taken.written == trial.written
        found = await known(store)
        assert found.joins == (first, newer, third)
        assert found.links[0].staff_name == "new"
        assert found.ledger == records().ledger
        assert not +(await merging.take_in(copy, ledgers=True)).written
        assert await known(store) == found


async def test_a_merge_lowers_no_level(tmp_path: Path) -> None:
    """Whichever row is newer: a person's word stays, and what only the older row knows is added."""
    copy = await copy_of(tmp_path / "a.sqlite", NORTH)
    copy = attrs.evolve(copy, data=plain(copy.data))
    first, second, third = records().joins
    guessed = attrs.evolve(first, level=Level.UNKNOWN, owner_id=None, updated_at=T0 + 9 * HOUR)
    recorded = attrs.evolve(
        second,
        level=Level.CONFIRMED,
        method=Method.MANUAL,
        owner_id=UserId(9),
        decided_by=UserId(8),
        left_at=None,
        left=None,
        updated_at=T0 - HOUR,
    )
    async with open_sqlite(tmp_path / "b.sqlite") as store:
        await store.insert_joins([guessed, recorded])
        merging = Merging(store, invite_documents)
        trial = await merging.take_in(copy, dry_run=True)
        assert (await merging.take_in(copy)).written == trial.written
        found = (await known(store)).joins
        assert (found[0].level, found[0].owner_id) == (first.level, first.owner_id)
        assert found[1] == attrs.evolve(
            recorded, left_at=second.left_at, left=second.left, updated_at=second.updated_at
        )
        assert found[2] == third
        assert not +(await merging.take_in(copy)).written


def test_users_beyond_2_53_stay_exact() -> None:
    """Ids are JSON integers."""
    one = attrs.evolve(records(), joins=(join(NORTH, 2**63 - 1),))
    packed = pack_records(one, invite_documents)
    texts = {name: json.loads(section.own.text) for name, section in packed.items()}
    found, _ = read_records(str(NORTH), texts, invite_documents)
    assert found is not None
    assert found.joins[0].user_id == UserId(2**63 - 1)
