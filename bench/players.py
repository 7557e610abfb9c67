"""Players of a server, and redemptions of earlier codes, as they lie in a store."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime

import attrs

from giftbot.models.guild import GuildSettings
from giftbot.models.ids import ChannelId, CodeKey, GuildId, PlayerId
from giftbot.models.player import Player, PlayerState
from giftbot.models.redemption import Redemption, RedemptionOutcome
from giftbot.services.ports import Store

KINGDOM = 312
FIRST = 10_000_000


def player_ids(count: int) -> list[PlayerId]:
    """So many ids, in text order."""
    return [PlayerId(str(FIRST + number)) for number in range(count)]


def redeeming(settings: Sequence[GuildSettings]) -> list[GuildSettings]:
    """The servers with auto-redeem, progress shown where codes are posted."""
    return [
        attrs.evolve(
            one,
            auto_redeem=True,
            default_kingdom=KINGDOM,
            redeem_channel_id=None if one.channel_id is None else ChannelId(one.channel_id),
        )
        for one in settings
    ]


async def enlist(store: Store, guild_id: GuildId, count: int, *, proved: bool = True) -> None:
    """Register so many players in a server; as an import does when they are not `proved`."""
    now = datetime.now(UTC).replace(microsecond=0)
    state = PlayerState.ACTIVE if proved else PlayerState.UNPROVED
    players = [
        Player(guild_id, player_id, state, now, now, kingdom=KINGDOM, proved_at=now if proved else None)
        for player_id in player_ids(count)
    ]
    assert len(await store.insert_players(players)) == count


async def redeem_before(
    store: Store, guild_id: GuildId, codes: Collection[CodeKey], players: Sequence[PlayerId], *, every: int = 1
) -> None:
    """Note that the first of each `every` players has these codes, and that the others do not."""
    now = datetime.now(UTC).replace(microsecond=0)

    def rows(code: CodeKey) -> Iterator[Redemption]:
        for number, player_id in enumerate(players):
            has = number % every == 0
            yield Redemption(
                guild_id=guild_id,
                code=code,
                player_id=player_id,
                outcome=RedemptionOutcome.REDEEMED if has else RedemptionOutcome.WAITING,
                created_at=now,
                updated_at=now,
                raw="20000 SUCCESS" if has else "",
                attempts=int(has),
                redeemed_at=now if has else None,
                next_attempt_at=None if has else now,
            )

    for code in codes:
        await store.open_redemptions(list(rows(code)))
