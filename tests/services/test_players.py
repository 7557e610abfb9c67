"""Players: proved when they are registered, looked after by those whom they belong to."""

from __future__ import annotations

import asyncio

import attrs
import pytest

from giftbot.errors import InvalidInputError, NotAllowedError, UserError
from giftbot.models.code import display_form
from giftbot.models.ids import PlayerId
from giftbot.models.player import PlayerState
from giftbot.models.redemption import RedemptionOutcome
from giftbot.models.registration import Proof
from giftbot.services.players import MOST_OWNED, PROBES
from giftbot.services.proving import IMPOSSIBLE_CODE
from giftbot.text import players as texts
from tests.services.playing import ADA, BOB, GUILD, ONE, TWO, Club


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
    assert "2 active codes will be redeemed" in texts.registered(done)


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
    assert "not checked yet" in texts.registered(done)
    assert (await club.stored(ONE)).state is PlayerState.UNPROVED
    assert club.enrolled.ids == [ONE]


async def test_a_game_that_never_answers_is_not_waited_for(impatient_club: Club) -> None:
    """The same as a game that is away."""
    impatient_club.oracle.silent = True
    done = await impatient_club.players.add(GUILD, ONE, 312, ADA)
    assert done.proof is Proof.UNANSWERED
    assert "not checked yet" in texts.registered(done)
    assert impatient_club.enrolled.ids == [ONE]


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
    club.oracle.outcome = RedemptionOutcome.RETRY
    with pytest.raises(UserError, match="belongs to nobody yet"):
        await club.players.add(GUILD, ONE, 312, ADA)
    assert (await club.stored(ONE)).owner_id is None
    club.oracle.outcome = None
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
    assert "not any more; /player pause" in texts.registered(done)
    await club.put(TWO, PlayerState.PAUSED, kingdom=5)
    club.oracle.halted = True
    assert "not any more; /player pause" in texts.registered(await club.players.add(GUILD, TWO, 5, ADA))
    assert "paused" not in texts.registered(await club.players.add(GUILD, PlayerId("10000003"), 5, ADA))


async def test_an_admin_decides_whose_a_player_is(club: Club) -> None:
    """The way out when somebody registered another person's player."""
    await club.put(ONE)
    assert (await club.players.assign(GUILD, ONE, BOB)).owner_id == BOB
    assert [player.player_id for player in await club.players.owned(GUILD, BOB)] == [ONE]
    with pytest.raises(InvalidInputError, match="not registered"):
        await club.players.assign(GUILD, TWO, BOB)
