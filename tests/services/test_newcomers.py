"""Players whom a crash kept from their codes: nobody stays without them."""

from __future__ import annotations

import attrs
import pytest

from giftbot.errors import StoreUnavailableError
from giftbot.models.ids import GuildId, PlayerId
from giftbot.models.job import JobState, Trigger
from giftbot.models.player import PlayerState
from giftbot.models.redemption import RedemptionOutcome as Out
from giftbot.models.registration import Proof
from giftbot.models.roster import LineResult
from giftbot.services.players import Players
from giftbot.services.proving import Proving
from giftbot.services.rosters import Rosters
from tests.services.playing import ADA, BOB, SITE, Oracle
from tests.services.redeeming import GUILD, OTHER, Workshop

OFF = GuildId(3)
ONE, TWO = PlayerId("100"), PlayerId("200")
CODES = ("FIRST11", "SECOND1")


def players_of(shop: Workshop) -> Players:
    """Who registers players in the workshop; the game knows two."""
    return Players(
        store=shop.store,
        results=shop.store,
        guilds=shop.store,
        proving=Proving(governor=Oracle({ONE: 312, TWO: 312}), clock=shop.clock),
        rosters=Rosters(store=shop.store, guilds=shop.store, redemptions=shop.redemptions, clock=shop.clock),
        redemptions=shop.redemptions,
        clock=shop.clock,
        site=SITE,
    )


async def outcomes(shop: Workshop, player_id: str, guild_id: GuildId = GUILD) -> list[str | None]:
    """What is stored of both codes for a player."""
    rows = [await shop.row(code, player_id, guild_id) for code in CODES]
    return [None if row is None else row.outcome.value for row in rows]


async def test_who_was_stored_when_the_process_died_gets_every_active_code(shop: Workshop) -> None:
    """In servers with auto-redeem, if they may be asked for; what somebody has is left as it is."""
    for guild_id, on in ((GUILD, True), (OTHER, True), (OFF, False)):
        await shop.server(guild_id, auto_redeem=on)
    first, _ = [await shop.code(name) for name in CODES]
    await shop.player("1")
    await shop.store.record([attrs.evolve(shop.waiting(first, "1"), outcome=Out.REDEEMED, next_attempt_at=None)])
    await shop.player("2")
    await shop.player("3", state=PlayerState.PAUSED)
    await shop.player("4", guild_id=OTHER)
    await shop.player("5", guild_id=OFF)
    assert await shop.redemptions.make_up_if_due() == 2
    assert await outcomes(shop, "1") == ["redeemed", "waiting"]
    assert await outcomes(shop, "2") == ["waiting", "waiting"]
    assert await outcomes(shop, "3") == [None, None]
    assert await outcomes(shop, "4", OTHER) == ["waiting", "waiting"]
    assert await outcomes(shop, "5", OFF) == [None, None]
    jobs = await shop.store.list_jobs(states=(JobState.OPEN,))
    assert sorted((job.guild_id, job.code) for job in jobs) == [
        (at, code) for at in (GUILD, OTHER) for code in CODES
    ]
    assert all(job.due_at is not None and job.due_at <= shop.clock.now() for job in jobs)


async def test_whoever_was_repaired_when_the_process_died_is_asked_for_again(shop: Workshop) -> None:
    """A row may rest for a reason that is gone by now; one that the game answered otherwise stays."""
    await shop.server()
    first, second = [await shop.code(name) for name in CODES]
    await shop.player("1")
    parked = [
        attrs.evolve(shop.waiting(first, "1"), outcome=Out.WRONG_KINGDOM, next_attempt_at=None),
        attrs.evolve(shop.waiting(second, "1"), outcome=Out.UNKNOWN, raw="odd", next_attempt_at=None),
    ]
    await shop.store.record(parked)
    await shop.redemptions.make_up_if_due()
    assert await outcomes(shop, "1") == ["waiting", "unknown"]
    assert await shop.job("SECOND1") is None


@pytest.mark.parametrize("had_job", [True, False])
async def test_a_row_that_was_stored_when_the_process_died_gets_its_job(shop: Workshop, had_job: bool) -> None:
    """`/redeem` noted that the game was busy, and did not wake the job, which is done or was never there."""
    await shop.server()
    code, stopped = await shop.code("FIRST11"), await shop.code("SECOND1")
    await shop.player("1", state=PlayerState.ACTIVE)
    if had_job:
        await shop.redemptions.start(GUILD, code, Trigger.AUTO)
        now = shop.clock.now()
        [job] = await shop.store.claim_jobs("me", now, now, limit=1)
        done = attrs.evolve(job, state=JobState.DONE, due_at=None, lease_until=None, enrolling=False)
        assert await shop.store.save_job(done)
    await shop.redemptions.start(GUILD, stopped, Trigger.AUTO)
    await shop.redemptions.stop(GUILD, stopped.key)
    busy = [attrs.evolve(shop.waiting(one, "1"), outcome=Out.RETRY, attempts=1) for one in (code, stopped)]
    await shop.store.record(busy)
    assert await shop.redemptions.make_up_if_due() == 1
    woken, left = await shop.job("FIRST11"), await shop.job("SECOND1")
    assert woken is not None
    assert left is not None
    assert woken.state is JobState.OPEN
    assert woken.due_at is not None
    assert woken.due_at <= shop.clock.now()
    assert left.state is JobState.STOPPED
    assert await outcomes(shop, "1") == ["retry", "retry"]


async def test_looking_costs_three_queries_a_server_and_writes_nothing_when_all_is_well(shop: Workshop) -> None:
    """However many players and codes there are; and only once an hour."""
    await shop.server(GUILD)
    await shop.server(OTHER)
    for name in CODES:
        await shop.code(name)
    for number in range(40):
        guild_id = GUILD if number % 2 else OTHER
        await shop.redemptions.enrol_player(await shop.player(str(number), guild_id=guild_id))
    shop.observed.calls.clear()
    assert await shop.redemptions.make_up_if_due() == 0
    assert sorted(shop.observed.calls) == [
        "get_jobs",
        "get_jobs",
        "get_redemptions",
        "get_redemptions",
        "list_codes",
        "list_players",
        "list_players",
        "scan_redeeming_guilds",
    ]
    await shop.player("999")
    assert await shop.redemptions.make_up_if_due() == 0
    shop.advance(minutes=61)
    assert await shop.redemptions.make_up_if_due() == 1
    assert await outcomes(shop, "999") == ["waiting", "waiting"]


async def test_what_a_fan_out_or_a_job_is_still_to_give_is_left_to_it(shop: Workshop) -> None:
    """A job that were opened before its fan-out would start over, and show itself twice."""
    await shop.server()
    await shop.code("FIRST11", redeem=True)
    await shop.player("1")
    assert await shop.redemptions.make_up_if_due() == 0
    assert await shop.job("FIRST11") is None
    await shop.redemptions.fan_out()
    before = await shop.job("FIRST11")
    shop.advance(hours=2)
    assert await shop.redemptions.make_up_if_due() == 0
    assert await shop.job("FIRST11") == before


async def test_players_without_any_kingdom_are_not_made_up_for_over_and_over(shop: Workshop) -> None:
    """Nobody can be asked for them: their rows rest until there is a kingdom."""
    await shop.server(kingdom=None)
    await shop.code("FIRST11")
    await shop.player("1", kingdom=None)
    assert await shop.redemptions.make_up_if_due() == 0


async def test_registering_again_makes_up_for_what_a_crash_cut_short(shop: Workshop) -> None:
    """The player was stored, and redeeming for them failed; the second time only what is missing is opened."""
    players = players_of(shop)
    await shop.server()
    codes = [await shop.code(name) for name in CODES]
    shop.observed.fail_next("list_codes")
    with pytest.raises(StoreUnavailableError):
        await players.add(GUILD, ONE, 312, ADA)
    assert (await shop.stored_player(ONE)).owner_id == ADA
    assert await outcomes(shop, ONE) == [None, None]
    await shop.store.record([attrs.evolve(shop.waiting(codes[0], ONE), outcome=Out.UNKNOWN, next_attempt_at=None)])
    again = await players.add(GUILD, ONE, 312, ADA)
    assert (again.proof, again.codes) == (Proof.NOT_ASKED, 1)
    assert await outcomes(shop, ONE) == ["unknown", "waiting"]
    job = await shop.job("SECOND1")
    assert job is not None
    assert (job.state, job.trigger) == (JobState.OPEN, Trigger.REGISTRATION)
    assert (await players.add(GUILD, ONE, 312, ADA)).codes == 0


async def test_importing_again_makes_up_for_what_a_crash_cut_short(shop: Workshop) -> None:
    """Lines that are known already count, too."""
    players = players_of(shop)
    await shop.server()
    for name in CODES:
        await shop.code(name)
    shop.observed.fail_next("list_codes")
    with pytest.raises(StoreUnavailableError):
        await players.import_csv(GUILD, "100,312\n200,312\n", BOB)
    again = await players.import_csv(GUILD, "100,312\n200,312\n", BOB)
    assert again.counts == {LineResult.KNOWN: 2}
    assert again.codes == 2
    assert await outcomes(shop, ONE) == await outcomes(shop, TWO) == ["waiting", "waiting"]
    assert (await players.import_csv(GUILD, "100,312\n200,312\n", BOB)).codes == 0
