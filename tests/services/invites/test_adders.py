"""Who added a bot: asked once for each time it is added."""

from __future__ import annotations

from giftbot.models.ids import GuildId, UserId
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.services.invites.adders import Adders
from giftbot.services.invites.evidence import Arrival
from tests.fakes import START
from tests.services.invites.staffing import ADA, ADMIN, GUILD, FakeDiscord

BOT = UserId(900)


class Log(FakeDiscord):
    """An audit log with one entry."""

    added_by: UserId | None = None
    reads = 0

    async def adder(self, guild_id: GuildId, bot_id: UserId) -> UserId | None:
        """That entry."""
        self.reads += 1
        return self.added_by


def added(seq: int) -> Arrival:
    """The bot is added."""
    event = InviteEvent(GUILD, seq, InviteEventKind.JOINED, START, user_id=BOT, is_bot=True, joined_at=START)
    return Arrival(event)


async def test_a_bot_that_is_added_again_is_asked_about_again() -> None:
    """Somebody else may have done it; and what the log does not say yet is not said from memory."""
    log = Log()
    adders = Adders(GUILD, log)
    for person in (ADA, ADMIN, None):
        log.added_by = person
        seq = log.reads + 1
        for _ in range(2):
            assert (await adders.of([added(seq)])).get(BOT) == person
    assert log.reads == 3
