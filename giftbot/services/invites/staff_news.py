"""Direct messages to staff members about joins by their links, for those who want them."""

from __future__ import annotations

import attrs
import structlog

from giftbot.models.ids import GuildId, JoinId, UserId
from giftbot.models.invite_batch import InviteBatch
from giftbot.models.join import Join, Kind
from giftbot.services.invites.choices import InviteChoices
from giftbot.services.invites.ports import StaffDesk
from giftbot.services.ports import Clock
from giftbot.text import staff as texts

_log = structlog.get_logger(__name__)
PAUSE = 30.0
"""Seconds between two messages to one person; joins in between are told together."""
_REMEMBERED = 10_000


@attrs.define
class _Mail:
    names: list[str] = attrs.Factory(list)
    not_before: float = 0.0


class StaffNews:
    """Tells of joins whose owner is certain. Nothing is told twice; what a crash interrupts is not told."""

    def __init__(self, *, choices: InviteChoices, desk: StaffDesk, clock: Clock) -> None:
        self._choices = choices
        self._desk = desk
        self._clock = clock
        self._mail: dict[tuple[GuildId, UserId], _Mail] = {}
        self._told: dict[JoinId, None] = {}

    async def turn(self, guild_id: GuildId, staff_id: UserId, *, on: bool) -> None:
        """Tell this staff member of joins from now on, or no longer."""
        await self._choices.change(
            guild_id,
            lambda settings: attrs.evolve(
                settings, told_staff=settings.told_staff | {staff_id} if on else settings.told_staff - {staff_id}
            ),
        )

    async def on_decided(self, batch: InviteBatch) -> None:
        """Remember whom to tell of what."""
        fresh = [join for join in batch.joins if _is_news(join) and join.join_id not in self._told]
        if not fresh:
            return
        wanting = (await self._choices.get(batch.guild_id)).told_staff
        for join in fresh:
            self._told[join.join_id] = None
            if join.owner_id is not None and join.owner_id in wanting:
                mail = self._mail.setdefault((batch.guild_id, join.owner_id), _Mail())
                mail.names.append(join.user_name or str(join.user_id))
        while len(self._told) > _REMEMBERED:
            del self._told[next(iter(self._told))]

    async def send(self) -> None:
        """Send what is due."""
        now = self._clock.monotonic()
        for (_, staff_id), mail in list(self._mail.items()):
            if not mail.names or now < mail.not_before:
                continue
            names, mail.names, mail.not_before = mail.names, [], now + PAUSE
            if not await self._desk.write(staff_id, texts.joined_by_your_link(names)):
                _log.info("staff member not told", staff=staff_id, joins=len(names))


def _is_news(join: Join) -> bool:
    return join.is_certain and join.is_open and join.kind not in {Kind.SELF, Kind.BOT}
