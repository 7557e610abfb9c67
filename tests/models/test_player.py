"""Players: what people type, and what the game shows of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from giftbot.errors import InvalidInputError
from giftbot.models.ids import GuildId, PlayerId
from giftbot.models.player import (
    HIGHEST_KINGDOM,
    NICKNAME_LENGTH,
    Player,
    PlayerState,
    parse_kingdom,
    parse_nickname,
    parse_player_id,
)
from tests.fakes import START


@pytest.mark.parametrize(("typed", "read"), [("1", "1"), (" 12345678\n", "12345678"), ("0" * 20, "0" * 20)])
def test_an_id_is_1_to_20_digits(typed: str, read: str) -> None:
    """Blanks around it do not matter."""
    assert parse_player_id(typed) == read


@pytest.mark.parametrize("typed", ["", "1" * 21, "-1", "1.0", "12 34", "١٢٣", "0x10", "1e5", "abc", "²"])
def test_what_is_no_id_is_refused_with_a_sentence(typed: str) -> None:
    """Foreign digits, too."""
    with pytest.raises(InvalidInputError, match="1 to 20 digits"):
        parse_player_id(typed)


@pytest.mark.parametrize(("typed", "read"), [("1", 1), ("9999", HIGHEST_KINGDOM), (" #312 ", 312), ("0312", 312)])
def test_a_kingdom_is_a_number_up_to_9999(typed: str, read: int) -> None:
    """As people write it, with or without the sign for numbers."""
    assert parse_kingdom(typed) == read


@pytest.mark.parametrize("typed", ["", "0", "10000", "-1", "##1", "1.5", "٣", "K312"])
def test_what_is_no_kingdom_is_refused_with_a_sentence(typed: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(InvalidInputError, match=r"1 to 9,999"):
        parse_kingdom(typed)


@given(st.text())
def test_a_nickname_is_a_short_line_without_invisible_characters(typed: str) -> None:
    """Whatever is typed; reading it twice changes nothing."""
    name = parse_nickname(typed)
    if name is not None:
        assert 0 < len(name) <= NICKNAME_LENGTH
        assert name.isprintable()
        assert name == name.strip()
        assert parse_nickname(name) == name


@pytest.mark.parametrize("state", list(PlayerState))
def test_only_a_paused_player_keeps_their_state(state: PlayerState) -> None:
    """The game showed that id and kingdom belong together: that is noted for all."""
    player = Player(GuildId(1), PlayerId("1"), state, START, START)
    seen = player.seen_as(PlayerState.ACTIVE, START)
    assert seen.state is (PlayerState.PAUSED if state is PlayerState.PAUSED else PlayerState.ACTIVE)
    assert seen.proved_at == START
    assert player.seen_as(PlayerState.WRONG_KINGDOM, START).proved_at is None
