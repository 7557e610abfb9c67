"""Players: proved when they are registered, looked after by those whom they belong to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import attrs
import pytest

from giftbot import text
from giftbot.discord.player_lists import mine_components, mine_embed
from giftbot.errors import InvalidInputError, NotAllowedError, StoreUnavailableError, UserError
from giftbot.models.code import CodeStatus, Finding, GiftCode, discovered, display_form, fold
from giftbot.models.ids import CodeKey, GuildId, PlayerId
from giftbot.models.player import Player, PlayerState
from giftbot.models.redemption import Redemption, RedemptionOutcome
from giftbot.models.registration import Proof
from giftbot.services.players import MOST_OWNED, PROBES
from giftbot.services.ports import Store
from giftbot.services.proving import IMPOSSIBLE_CODE
from tests.fakes import START
from tests.services.playing import ADA, BOB, GUILD, SITE, Club
from tests.services.playing import club as make_club

ONE, TWO = PlayerId("10000001"), PlayerId("10000002")


@pytest.fixture
def club(store: Store) -> Club:
    """A server whose players live in 312 and 77."""
    made = make_club(store)
    made.oracle.homes |= {ONE: 312, TWO: 77}
    return made


async def test_a_player_is_proved_with_a_code_that_cannot_exist_before_they_are_stored(club: Club) -> None:
    """The game is asked at once, and nothing is granted; then all active codes are redeemed."""
    done = await club.players.add(GUILD, ONE, 312, ADA)
    assert club.oracle.asked == [(ONE, 312, IMPOSSIBLE_CODE, True)]
    assert display_form(IMPOSSIBLE_CODE) == IMPOSSIBLE_CODE
    assert (done.proof, done.codes, done.is_new) == (Proof.PROVED, 2, True)
    stored = await club.stored(ONE)
    assert (stored.state, stored.kingdom, stored.owner_id, stored.added_by) == (PlayerState.ACTIVE, 312, ADA, ADA)
    assert stored.proved_at == club.clock.now()
    assert club.enrolled.ids == [ONE]
    assert "2 active codes will be redeemed" in text.registered(done)


@pytest.mark.parametrize(
    ("player_id", "kingdom", "said"),
    [(ONE, 313, "not in kingdom 313"), (PlayerId("999"), 312, "does not know a player 999")],
)
async def test_what_the_game_says_is_wrong_is_not_stored(
    club: Club, player_id: PlayerId, kingdom: int, said: str
) -> None:
    """A wrong kingdom and an unknown player are told apart."""
    with pytest.raises(InvalidInputError, match=said):
        await club.players.add(GUILD, player_id, kingdom, ADA)
    assert not await club.is_stored(player_id)
    assert club.enrolled.players == []


@pytest.mark.parametrize(
    ("trouble", "proof"),
    [
        ({"silent": True}, Proof.UNANSWERED),
        ({"outcome": RedemptionOutcome.RETRY}, Proof.UNANSWERED),
        ({"outcome": RedemptionOutcome.UNKNOWN}, Proof.UNANSWERED),
        ({"outcome": RedemptionOutcome.BY_HAND}, Proof.UNANSWERED),
        ({"outcome": RedemptionOutcome.REFUSED_SIGNATURE}, Proof.HALTED),
        ({"halted": True}, Proof.HALTED),
    ],
)
async def test_without_an_answer_a_player_is_stored_unproved_and_that_is_said(
    club: Club, trouble: dict[str, object], proof: Proof
) -> None:
    """A game that is away costs nobody their registration: the first redemption shows the rest."""
    for name, value in trouble.items():
        setattr(club.oracle, name, value)
    done = await club.players.add(GUILD, ONE, 312, ADA)
    assert done.proof is proof
    assert "not checked yet" in text.registered(done)
    assert (await club.stored(ONE)).state is PlayerState.UNPROVED
    assert club.enrolled.ids == [ONE]


@pytest.mark.parametrize("outcome", [RedemptionOutcome.EXPIRED, RedemptionOutcome.NOT_FOUND])
async def test_a_code_that_is_not_there_proves_the_player(club: Club, outcome: RedemptionOutcome) -> None:
    """The game looks for the player before it looks at the code."""
    club.oracle.outcome = outcome
    assert (await club.players.add(GUILD, ONE, 312, ADA)).proof is Proof.PROVED


async def test_the_default_kingdom_counts_where_none_is_given(club: Club) -> None:
    """Once it is proved it is the player's own, and stays when the default changes."""
    await club.default_kingdom(312)
    assert (await club.players.add(GUILD, ONE, None, ADA)).player.kingdom == 312
    with pytest.raises(InvalidInputError, match="kingdom 312, this server's default"):
        await club.players.add(GUILD, TWO, None, ADA)
    club.oracle.halted = True
    assert (await club.players.add(GUILD, TWO, None, ADA)).player.kingdom is None


async def test_without_any_kingdom_the_game_is_not_asked(club: Club) -> None:
    """There is nothing to ask it with."""
    with pytest.raises(InvalidInputError, match="no default kingdom"):
        await club.players.add(GUILD, ONE, None, ADA)
    assert club.oracle.asked == []


async def test_somebody_elses_player_is_refused_with_the_way_to_claim_them(club: Club) -> None:
    """Nobody learns anything from the game about a player that is not theirs."""
    await club.put(ONE, owner=BOB)
    with pytest.raises(NotAllowedError, match="/player assign"):
        await club.players.add(GUILD, ONE, 312, ADA)
    assert club.oracle.asked == []
    assert (await club.stored(ONE)).owner_id == BOB


async def test_an_imported_player_is_claimed_with_the_right_kingdom_only(club: Club) -> None:
    """The stored kingdom does not count as the claimer's word, and neither does a game that is away."""
    await club.put(ONE, PlayerState.UNPROVED, owner=None, nickname="Imported")
    with pytest.raises(InvalidInputError, match="no default kingdom"):
        await club.players.add(GUILD, ONE, None, ADA)
    with pytest.raises(InvalidInputError, match="not in kingdom 5"):
        await club.players.add(GUILD, ONE, 5, ADA)
    club.oracle.silent = True
    with pytest.raises(UserError, match="belongs to nobody yet"):
        await club.players.add(GUILD, ONE, 312, ADA)
    assert (await club.stored(ONE)).owner_id is None
    club.oracle.silent = False
    done = await club.players.add(GUILD, ONE, 312, ADA)
    assert (done.is_new, done.player.owner_id, done.player.nickname) == (False, ADA, "Imported")
    assert done.player == await club.stored(ONE)


async def test_a_repaired_kingdom_makes_the_player_active_and_gives_them_all_codes(club: Club) -> None:
    """The owner adds the player again with the right one."""
    await club.put(ONE, PlayerState.WRONG_KINGDOM, kingdom=5)
    done = await club.players.add(GUILD, ONE, 312, ADA)
    assert (done.player.state, done.player.kingdom, done.codes) == (PlayerState.ACTIVE, 312, 2)
    assert club.enrolled.ids == [ONE]


async def test_a_wrong_repair_leaves_everything_as_it_was(club: Club) -> None:
    """A proved player is not lost by a slip of the finger."""
    before = await club.put(ONE)
    with pytest.raises(InvalidInputError, match="Nothing was stored"):
        await club.players.add(GUILD, ONE, 313, ADA)
    assert await club.stored(ONE) == before


async def test_what_was_proved_is_not_asked_for_again(club: Club) -> None:
    """Adding one's own player once more costs no call; a new nickname is taken all the same."""
    await club.put(ONE)
    done = await club.players.add(GUILD, ONE, 312, ADA, "Ada")
    assert (done.proof, done.player.nickname) == (Proof.NOT_ASKED, "Ada")
    assert done.player == await club.stored(ONE)
    assert club.oracle.asked == []


async def test_of_two_who_register_the_same_player_at_once_one_gets_them(club: Club) -> None:
    """Who comes second is refused, though nobody had the player when they began."""
    results = await asyncio.gather(
        club.players.add(GUILD, ONE, 312, ADA), club.players.add(GUILD, ONE, 312, BOB), return_exceptions=True
    )
    assert sum(isinstance(result, NotAllowedError) for result in results) == 1
    assert (await club.stored(ONE)).owner_id in (ADA, BOB)


async def test_a_player_who_was_changed_while_the_game_was_asked_is_read_again(club: Club) -> None:
    """A redemption that notes something about the player does not undo a registration, and is not undone."""
    player = await club.put(ONE, PlayerState.UNPROVED, kingdom=312)

    async def elsewhere() -> None:
        club.oracle.meanwhile = None
        assert await club.store.save_player(attrs.evolve(player, nickname="Changed"))

    club.oracle.meanwhile = elsewhere
    done = await club.players.add(GUILD, ONE, 312, ADA)
    assert (done.player.state, done.player.nickname) == (PlayerState.ACTIVE, "Changed")


async def test_one_person_may_have_so_many_players(club: Club) -> None:
    """A server is not filled by one person; imports are not concerned."""
    for number in range(MOST_OWNED):
        await club.put(str(number + 1))
    with pytest.raises(InvalidInputError, match="as many as one person may"):
        await club.players.add(GUILD, ONE, 312, ADA)
    assert (await club.players.add(GUILD, ONE, 312, BOB)).is_new


async def test_one_person_cannot_use_up_everybodys_calls(club: Club) -> None:
    """After some proofs in a minute the next one has to wait; others need not."""
    for number in range(PROBES):
        with pytest.raises(InvalidInputError):
            await club.players.add(GUILD, PlayerId(str(number)), 1, ADA)
    with pytest.raises(UserError, match="Wait 60 seconds"):
        await club.players.add(GUILD, ONE, 312, ADA)
    assert (await club.players.add(GUILD, TWO, 77, BOB)).is_new
    club.clock.advance(seconds=60)
    assert (await club.players.add(GUILD, ONE, 312, ADA)).is_new


async def test_players_are_removed_by_their_owners_and_by_admins(club: Club) -> None:
    """Nobody else may; what is not there is said."""
    await club.put(ONE)
    await club.put(TWO, owner=None)
    with pytest.raises(NotAllowedError, match="somebody else"):
        await club.players.remove(GUILD, ONE, BOB, is_admin=False)
    with pytest.raises(NotAllowedError, match="claim them first"):
        await club.players.remove(GUILD, TWO, BOB, is_admin=False)
    await club.players.remove(GUILD, ONE, ADA, is_admin=False)
    await club.players.remove(GUILD, TWO, BOB, is_admin=True)
    assert await club.store.list_players(guild_id=GUILD) == []
    with pytest.raises(InvalidInputError, match="not registered"):
        await club.players.remove(GUILD, ONE, ADA, is_admin=False)


async def test_pausing_again_resumes_and_makes_up_for_what_was_missed(club: Club) -> None:
    """Nothing is redeemed for who is paused; who is resumed gets the active codes."""
    await club.put(ONE)
    paused, codes = await club.players.toggle_pause(GUILD, ONE, ADA, is_admin=False)
    assert (paused.state, codes, club.enrolled.ids) == (PlayerState.PAUSED, 0, [])
    resumed, codes = await club.players.toggle_pause(GUILD, ONE, ADA, is_admin=False)
    assert (resumed.state, codes, club.enrolled.ids) == (PlayerState.ACTIVE, 2, [ONE])
    assert resumed == await club.stored(ONE)


async def test_an_unproved_player_is_unproved_again_after_a_pause(club: Club) -> None:
    """A pause proves nothing; and who cannot be asked for needs no pause but a repair."""
    await club.put(ONE, PlayerState.PAUSED)
    resumed, _ = await club.players.toggle_pause(GUILD, ONE, BOB, is_admin=True)
    assert resumed.state is PlayerState.UNPROVED
    await club.put(TWO, PlayerState.WRONG_KINGDOM)
    with pytest.raises(InvalidInputError, match="/player add"):
        await club.players.toggle_pause(GUILD, TWO, ADA, is_admin=False)
    with pytest.raises(NotAllowedError):
        await club.players.toggle_pause(GUILD, ONE, BOB, is_admin=False)


async def test_who_registers_a_paused_player_again_reads_that_the_pause_is_over(club: Club) -> None:
    """Whether the game was asked or not; and nobody else reads of a pause."""
    club.oracle.homes[ONE] = 5
    await club.put(ONE, PlayerState.PAUSED, kingdom=5)
    done = await club.players.add(GUILD, ONE, 5, ADA)
    assert done.player.state is PlayerState.ACTIVE
    assert "not any more; /player pause" in text.registered(done)
    await club.put(TWO, PlayerState.PAUSED, kingdom=5)
    club.oracle.halted = True
    assert "not any more; /player pause" in text.registered(await club.players.add(GUILD, TWO, 5, ADA))
    assert "paused" not in text.registered(await club.players.add(GUILD, PlayerId("10000003"), 5, ADA))


async def test_an_admin_decides_whose_a_player_is(club: Club) -> None:
    """The way out when somebody registered another person's player."""
    await club.put(ONE)
    assert (await club.players.assign(GUILD, ONE, BOB)).owner_id == BOB
    assert [player.player_id for player in await club.players.owned(GUILD, BOB)] == [ONE]
    with pytest.raises(InvalidInputError, match="not registered"):
        await club.players.assign(GUILD, TWO, BOB)


def row(player_id: str, code: str, outcome: RedemptionOutcome, **details: object) -> Redemption:
    """What the game answered."""
    made = Redemption(GUILD, CodeKey(code), PlayerId(player_id), outcome, START, START)
    return attrs.evolve(made, **details)  # type: ignore[arg-type]


async def test_owners_see_state_results_the_next_attempt_and_why_something_failed(club: Club) -> None:
    """Newest first; a player without a kingdom of their own has the server's."""
    await club.default_kingdom(40)
    await club.put(ONE, PlayerState.UNPROVED, kingdom=None, nickname="*Ada*")
    soon = START + timedelta(hours=1)
    await club.store.record(
        [
            row(ONE, "FROST1", RedemptionOutcome.REDEEMED, redeemed_at=START),
            row(ONE, "FROST2", RedemptionOutcome.RETRY, next_attempt_at=soon, updated_at=soon),
            row(ONE, "FROST3", RedemptionOutcome.UNKNOWN, raw="40010 *odd*", updated_at=START - timedelta(days=1)),
        ]
    )
    [view] = await club.players.mine(GUILD, ADA)
    assert view.kingdom == 40
    assert [found.code for found in view.redemptions] == ["FROST2", "FROST1", "FROST3"]
    name, lines = text.own_player(view, "https://redeem.example")
    assert name == r"\*Ada\* (10000001)"
    assert "Not checked yet" in lines
    assert "Kingdom 40, this server's default" in lines
    assert f"**FROST1**: redeemed, <t:{int(START.timestamp())}:R>" in lines
    assert f"next attempt <t:{int(soon.timestamp())}:R>" in lines
    assert r"The game said “40010 \*odd\*”" in lines
    assert await club.players.mine(GUILD, BOB) == []


async def test_what_is_left_to_do_by_hand_says_where(club: Club) -> None:
    """The page on which players redeem themselves; and a wrong kingdom promises nothing that may be off."""
    await club.put(ONE)
    await club.store.record([row(ONE, "HAND1", RedemptionOutcome.BY_HAND)])
    await club.store.record([row(ONE, "KING1", RedemptionOutcome.WRONG_KINGDOM)])
    views = await club.players.mine(GUILD, ADA)
    shown = mine_embed(views, 7, club.players.site)  # a page that is gone leads to the last one
    assert SITE in shown.fields[0].value
    assert "where it is on, or else /redeem" in shown.fields[0].value


async def test_a_page_that_is_no_more_leads_to_the_last_one(club: Club) -> None:
    """Players were removed since the button was drawn."""
    for number in range(1, 8):
        await club.put(str(number))
    views = await club.players.mine(GUILD, ADA)
    assert [field.name for field in mine_embed(views, 99, SITE).fields] == ["6", "7"]
    [row_of_buttons] = mine_components(views, 99)
    back, following = row_of_buttons.build()[0]["components"]
    assert back["custom_id"].endswith(":0")
    assert following["disabled"]
    assert mine_embed([], 3, SITE).description == text.NO_PLAYERS
    page = await club.pages.after(GUILD, None, PlayerId("5"), start=10**30)
    assert page.start == 5


def gift(name: str) -> GiftCode:
    """An active code."""
    return discovered("json", Finding(fold(name), display_form(name)), CodeStatus.ACTIVE, START)


async def test_one_player_who_fails_does_not_hide_the_results_of_others(club: Club) -> None:
    """Each player has results or a sentence that says why not."""
    players = [await club.put(str(number)) for number in range(1, 5)]

    async def now(player: Player, codes: Sequence[GiftCode]) -> list[Redemption]:
        match player.player_id:
            case "1":
                return [row("1", code.key, RedemptionOutcome.REDEEMED) for code in codes]
            case "2":
                raise InvalidInputError("This player is in another kingdom.")
            case "3":
                raise StoreUnavailableError("it is away")
        await asyncio.Event().wait()
        return []

    club.enrolled.now = now
    one, two, three, four = await club.players.redeem_now(players, [gift("Frost1"), gift("FROST2")])
    assert [found.outcome for found in one.redemptions] == [RedemptionOutcome.REDEEMED] * 2
    assert two.problem == "This player is in another kingdom."
    assert three.problem == text.STORE_AWAY
    assert four.problem == text.REDEEMING_TOOK_TOO_LONG
    answer = text.redeemed_for([one, two, three, four], {CodeKey("FROST1"): "Frost1"}, "https://example.test")
    assert "**Frost1** is redeemed" in answer
    assert "another kingdom" in answer


async def test_a_second_press_does_not_ask_for_the_same_player_again(club: Club) -> None:
    """Impatience costs no calls; when the first one ended, the next may."""
    player = await club.put(ONE)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def now(player: Player, codes: Sequence[GiftCode]) -> list[Redemption]:
        begun.set()
        await go_on.wait()
        return []

    club.enrolled.now = now
    first = asyncio.create_task(club.players.redeem_now([player], [gift("FROST1")]))
    await begun.wait()
    [second] = await club.players.redeem_now([player], [gift("FROST1")])
    assert second.problem == text.REDEEMING_ALREADY
    go_on.set()
    assert (await first)[0].problem is None
    assert (await club.players.redeem_now([player], [gift("FROST1")]))[0].problem is None


async def test_answers_fit_into_a_message_however_many_players_and_codes(club: Club) -> None:
    """Discord takes 2,000 characters; what does not fit is said to be missing."""
    codes = [gift(f"FROST{number}") for number in range(10)]

    async def now(player: Player, codes: Sequence[GiftCode]) -> list[Redemption]:
        return [row(player.player_id, code.key, RedemptionOutcome.INELIGIBLE) for code in codes]

    club.enrolled.now = now
    players = [await club.put(str(number), nickname="n" * 40) for number in range(1, 26)]
    answer = text.redeemed_for(await club.players.redeem_now(players, codes), {}, "https://example.test")
    assert 1_500 < len(answer) <= 2_000
    assert answer.endswith("…")


async def test_the_list_is_turned_forward_and_back_and_filtered(club: Club) -> None:
    """Every player is on exactly one page; the counts are of the whole server."""
    for number in range(45):
        await club.put(f"{number:03}", PlayerState.PAUSED if number % 3 == 0 else PlayerState.ACTIVE)
    first = await club.pages.after(GUILD, None)
    second = await club.pages.after(GUILD, None, first.players[-1].player_id, start=20)
    third = await club.pages.after(GUILD, None, second.players[-1].player_id, start=40)
    seen = [player.player_id for page in (first, second, third) for player in page.players]
    assert seen == [f"{number:03}" for number in range(45)]
    assert [page.has_more for page in (first, second, third)] == [True, True, False]
    assert await club.pages.before(GUILD, None, third.players[0].player_id, start=40) == second
    assert await club.pages.before(GUILD, None, second.players[0].player_id, start=20) == first
    paused = await club.pages.after(GUILD, PlayerState.PAUSED)
    assert (len(paused.players), paused.total, paused.has_more) == (15, 15, False)
    assert text.list_footer(third) == "41 to 45 of 45 · 30 active, 15 paused"
    assert "nobody is registered" in text.list_footer(await club.pages.after(GuildId(9), None))


async def test_players_are_suggested_by_the_beginning_of_their_id(club: Club) -> None:
    """An id that begins others comes with them; what is no number suggests nobody."""
    for player_id in ("12", "120", "13", "2"):
        await club.put(player_id)
    assert [player.player_id for player in await club.pages.suggest(GUILD, "12")] == ["12", "120"]
    assert len(await club.pages.suggest(GUILD, " ")) == 4
    assert await club.pages.suggest(GUILD, "Ada") == []
