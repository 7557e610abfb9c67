"""What Discord told about one server, until a batch has dealt with it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from giftbot.models.ids import GuildId, UserId
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.models.join import Join
from giftbot.services.remembering_invites import InviteStore

_ABOUT_INVITES = frozenset({InviteEventKind.CREATED, InviteEventKind.DELETED, InviteEventKind.CHANNEL_GONE})


class Inbox:
    """Takes events at once, and stores them before anybody acts on them."""

    def __init__(self, guild_id: GuildId, store: InviteStore) -> None:
        self._guild_id = guild_id
        self._store = store
        self._new: list[InviteEvent] = []
        self._kept: dict[int, InviteEvent] = {}
        self._known: dict[UserId, Join] = {}
        self._asked: set[UserId] = set()

    def put(self, event: InviteEvent) -> None:
        """Take one; it is not stored yet."""
        self._new.append(event)

    async def keep(self) -> None:
        """Store what is new. What cannot be stored now stays new; raises `StoreError`."""
        while self._new:
            batch = tuple(self._new)
            await self._store.add_events(batch)
            del self._new[: len(batch)]
            self._kept |= {event.seq: event for event in batch}
            self._ask_again({event.user_id for event in batch if event.user_id is not None})

    def _ask_again(self, users: Collection[UserId]) -> None:
        """Others write memberships, too: what was read of these may be old by now."""
        self._asked.difference_update(users)
        for user_id in users:
            self._known.pop(user_id, None)

    def restart(self, events: Iterable[InviteEvent]) -> None:
        """Forget what was read, for what the store has: of the last start, or after somebody else decided."""
        self._kept = {event.seq: event for event in events}
        self._known, self._asked = {}, set()

    def drop(self, seqs: Collection[int], joins: Iterable[Join]) -> None:
        """A batch has dealt with these events, and made these memberships what they are."""
        for seq in seqs:
            self._kept.pop(seq, None)
        for join in joins:
            known = self._known.get(join.user_id)
            if known is None or known.joined_at <= join.joined_at:
                self._known[join.user_id] = join
        if not self._kept:
            self._known, self._asked = {}, set()

    async def known(self) -> dict[UserId, Join]:
        """The newest membership of everybody whom an event is about."""
        users = {event.user_id for event in self._kept.values() if event.user_id is not None} - self._asked
        if users:
            self._known = {**await self._store.last_joins(self._guild_id, users), **self._known}
            self._asked |= users
        return self._known

    def __len__(self) -> int:
        return len(self._new) + len(self._kept)

    @property
    def unstored(self) -> Sequence[InviteEvent]:
        """What was taken and is not stored yet."""
        return tuple(self._new)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._new and not self._kept

    @property
    def events(self) -> Sequence[InviteEvent]:
        """What is stored and waits, by `seq`."""
        return [self._kept[seq] for seq in sorted(self._kept)]

    @property
    def about_invites(self) -> Sequence[InviteEvent]:
        """Those of them that tell of invites."""
        return [event for event in self.events if event.kind in _ABOUT_INVITES]
