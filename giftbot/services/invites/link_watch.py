"""Whether staff links still work, and telling somebody once when one does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
import structlog

from giftbot.models.ids import GuildId
from giftbot.models.invite import Coverage
from giftbot.models.invite_batch import Ledger
from giftbot.models.notice import NoticeKind
from giftbot.models.staff import LinkState, StaffLink
from giftbot.services.invites.choices import InviteChoices
from giftbot.services.invites.ports import ChannelSight, InviteDirectory, StaffDesk
from giftbot.services.notices import Notices
from giftbot.services.ports import Clock
from giftbot.services.remembering_invites import InviteStore
from giftbot.text import staff as texts

_log = structlog.get_logger(__name__)
BROKEN = frozenset({LinkState.VANISHED, LinkState.HIDDEN})


def state_of(link: StaffLink, ledger: Ledger | None, sights: Sequence[ChannelSight]) -> LinkState:
    """How a link is, as the last look and the channels say; as it was, where they say nothing.

    A link that was not in any look yet, or whose channel cannot be looked into, has not vanished.
    """
    if link.valid_to is not None:
        return LinkState.ENDED
    invite = ledger.invites.get(link.code) if ledger is not None else None
    if invite is None and _is_gone(link, ledger):
        return LinkState.VANISHED
    channel_id = invite.channel_id if invite is not None and invite.channel_id is not None else link.channel_id
    sight = next((sight for sight in sights if sight.channel_id == channel_id), None)
    return LinkState.HIDDEN if sight is not None and not sight.is_public else LinkState.LIVE


def _is_gone(link: StaffLink, ledger: Ledger | None) -> bool:
    """Whether an invite that is not among those of the ledger does not exist, as far as anybody knows."""
    if ledger is None or ledger.taken_at is None:
        return link.state is LinkState.VANISHED
    if ledger.vanity is not None and ledger.vanity.code == link.code:
        return False
    if any(stone.invite.code == link.code for stone in ledger.tombstones):
        return True
    sees_all = ledger.coverage in {Coverage.FULL, Coverage.BARE} and ledger.taken_at > link.valid_from
    return sees_all or link.state is LinkState.VANISHED


class LinkWatch:
    """Compares the links of a server with the last look."""

    def __init__(
        self,
        *,
        store: InviteStore,
        directory: InviteDirectory,
        choices: InviteChoices,
        desk: StaffDesk,
        notices: Notices,
        clock: Clock,
        changed: Callable[[GuildId], None] = lambda _guild_id: None,
    ) -> None:
        """Take the ports. `changed` is told of servers with new rows."""
        self._store = store
        self._directory = directory
        self._choices = choices
        self._desk = desk
        self._notices = notices
        self._clock = clock
        self._changed = changed

    async def check(self, guild_id: GuildId) -> list[StaffLink]:
        """Note how each valid link is, and tell of those that newly do not work; the valid links, oldest first."""
        links = await self._store.list_links(guild_id, valid_only=True)
        if not links:
            return []
        ledger, sights = await self._store.get_ledger(guild_id), self._directory.sights(guild_id)
        return [await self._noted(link, state_of(link, ledger, sights)) for link in links]

    async def _noted(self, link: StaffLink, state: LinkState) -> StaffLink:
        now = self._clock.now()
        changed = attrs.evolve(link, state=state, told_at=link.told_at if state is link.state else None)
        if state in BROKEN and changed.told_at is None and await self._tell(changed):
            changed = attrs.evolve(changed, told_at=now)
        if state is LinkState.LIVE and link.state in BROKEN:
            for broken in BROKEN:
                await self._notices.forget(NoticeKind.ADMIN, _subject(attrs.evolve(link, state=broken)))
        if changed == link:
            return link
        changed = attrs.evolve(changed, updated_at=now)
        if not await self._store.save_link(changed):
            return link
        self._changed(link.guild_id)
        if state is not link.state:
            _log.info("staff link", guild=link.guild_id, code=link.code, state=state.value)
        return attrs.evolve(changed, revision=changed.revision + 1)

    async def _tell(self, link: StaffLink) -> bool:
        """Tell the admins: where they wanted to read it, else the server's owner."""
        words = texts.broken_link(link)
        channel_id = (await self._choices.get(link.guild_id)).review_channel_id
        if channel_id is not None and await self._desk.warn(channel_id, words, link.code):
            return True
        await self._notices.tell(NoticeKind.ADMIN, _subject(link), words)
        return True


def _subject(link: StaffLink) -> str:
    return f"{link.guild_id}:link:{link.code}:{link.state.value}"
