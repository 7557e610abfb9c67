"""Credits on which somebody has to decide: shown to admins, decided by them, or settled by what is learnt later."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from contextlib import suppress

import attrs
import structlog

from giftbot.errors import InvalidInputError, StoreError
from giftbot.models.credit import Credit, CreditState
from giftbot.models.ids import ChannelId, CreditId, GuildId, JoinId, MessageId, UserId
from giftbot.models.invite_batch import InviteBatch
from giftbot.models.join import Join, Level
from giftbot.models.staff import StaffLink
from giftbot.services.invites.choices import InviteChoices
from giftbot.services.invites.claims import Claim, claim_of, first_touches
from giftbot.services.invites.ports import StaffDesk
from giftbot.services.ports import Clock
from giftbot.services.remembering_invites import InviteStore
from giftbot.text import vip as texts

_log = structlog.get_logger(__name__)
SHOWN_ONE_BY_ONE = 5
"""So many at once get a message each; more get one message that says how many."""
MOST = 100_000
_TRIES = 5


class Reviews:
    """The queue of credits that are not certain. Decisions are taken once: the first one counts."""

    def __init__(
        self,
        *,
        store: InviteStore,
        choices: InviteChoices,
        desk: StaffDesk,
        clock: Clock,
        changed: Callable[[GuildId], None] = lambda _guild_id: None,
    ) -> None:
        """Take the ports. `changed` is told of servers with new rows."""
        self._store = store
        self._choices = choices
        self._desk = desk
        self._clock = clock
        self.changed = changed

    async def pending(self, guild_id: GuildId) -> list[Credit]:
        """Those that wait, oldest first."""
        rows = await self._store.list_credits(guild_id, states=[CreditState.PENDING], limit=MOST)
        return sorted(rows, key=lambda row: (row.created_at, row.credit_id))

    async def get(self, guild_id: GuildId, credit_id: CreditId) -> Credit:
        """One of this server's credits. Raises `InvalidInputError` when there is none."""
        row = (await self._store.get_credits([credit_id])).get(credit_id)
        if row is None or row.guild_id != guild_id:
            raise InvalidInputError(texts.NO_SUCH_REVIEW)
        return row

    async def staff_for(self, credit: Credit) -> list[StaffLink]:
        """One link of each staff member whom it could count for: candidates first, then who has a link now."""
        links = await self._store.list_links(credit.guild_id)
        order = [candidate.owner_id for candidate in credit.candidates]
        order += [link.staff_id for link in links if link.valid_to is None]
        newest = {link.staff_id: link for link in links}
        ids = dict.fromkeys(one for one in order if one is not None and one != credit.user_id)
        return [newest[staff_id] for staff_id in ids if staff_id in newest]

    async def show(self, guild_id: GuildId, rows: Sequence[Credit]) -> None:
        """Show new ones to the admins, where they wanted that; all of them are in the queue anyway."""
        if not rows:
            return
        channel_id = (await self._choices.get(guild_id)).review_channel_id
        _log.info("credits to review", guild=guild_id, count=len(rows), shown=channel_id is not None)
        if channel_id is None:
            return
        if len(rows) > SHOWN_ONE_BY_ONE:
            await self._desk.warn(channel_id, texts.many_to_review(len(rows)), None)
            return
        for credit in rows:
            message_id = await self._desk.ask(channel_id, credit)
            if message_id is not None:
                await self._remember(credit, channel_id, message_id)

    async def close(self, credit: Credit, *, answered: MessageId | None = None) -> None:
        """Let the message that asked say where the credit stands; not the one that was `answered` itself."""
        channel_id, message_id = credit.review_channel_id, credit.review_message_id
        if channel_id is not None and message_id is not None and message_id != answered:
            await self._desk.close(channel_id, message_id, credit)

    async def _remember(self, credit: Credit, channel_id: ChannelId, message_id: MessageId) -> None:
        """Keep where a decision was asked for; it may have been taken since."""
        for _ in range(_TRIES):
            row = await self.get(credit.guild_id, credit.credit_id)
            changed = attrs.evolve(row, review_channel_id=channel_id, review_message_id=message_id)
            if await self._store.save_credit(changed):
                self.changed(credit.guild_id)
                if row.state is not CreditState.PENDING:
                    await self.close(changed)
                return
        raise StoreError(texts.BEING_CHANGED)

    async def approve(self, guild_id: GuildId, credit_id: CreditId, *, by: UserId) -> Credit:
        """Let it count for the staff member it names. Raises `InvalidInputError` when it names none."""

        def approved(row: Credit) -> Credit:
            if row.staff_id is None:
                raise InvalidInputError(texts.NOBODY_TO_APPROVE)
            return self._step(row, CreditState.CREDITED, row.staff_id, by, texts.NOTE_APPROVED)

        return await self._decide(guild_id, credit_id, approved)

    async def choose(self, guild_id: GuildId, credit_id: CreditId, staff_id: UserId, *, by: UserId) -> Credit:
        """Let it count for this staff member. Raises `InvalidInputError` when they are none, or the member."""
        row = await self.get(guild_id, credit_id)
        link = next((link for link in await self.staff_for(row) if link.staff_id == staff_id), None)
        if link is None:
            raise InvalidInputError(texts.NOT_STAFF)

        def chosen(row: Credit) -> Credit:
            row = attrs.evolve(row, staff_name=link.staff_name)
            return self._step(row, CreditState.CREDITED, staff_id, by, texts.NOTE_CHOSEN)

        return await self._decide(guild_id, credit_id, chosen)

    async def reject(self, guild_id: GuildId, credit_id: CreditId, *, by: UserId) -> Credit:
        """Let it count for nobody."""
        return await self._decide(
            guild_id,
            credit_id,
            lambda row: self._step(row, CreditState.REJECTED, row.staff_id, by, texts.NOTE_REJECTED),
        )

    async def reject_untracked(self, guild_id: GuildId, *, by: UserId) -> list[Credit]:
        """Let those of members from before the bot's time count for nobody; those that this decided."""
        rejected = []
        for row in await self.pending(guild_id):
            if row.join_id is None and not row.candidates:
                with suppress(InvalidInputError):  # another admin was faster
                    rejected.append(await self.reject(guild_id, row.credit_id, by=by))
        return rejected

    async def on_decided(self, batch: InviteBatch) -> None:
        """Settle what waited for joins that are certain now."""
        await self.settle(batch.guild_id, batch.joins)

    async def settle(self, guild_id: GuildId, known: Iterable[Join]) -> None:
        """Settle what waited for these joins, as far as they are certain; they are stored like that."""
        decided = {join.join_id for join in known if join.level >= Level.OWNER}
        if decided:
            await self._settle_all(guild_id, await self.pending(guild_id), decided)

    async def catch_up(self, guild_id: GuildId) -> None:
        """Settle what became certain while nobody was there to hear it, or before it was dealt with."""
        rows = await self.pending(guild_id)
        if rows:
            await self._store.repair_batches(guild_id)
            await self._settle_all(guild_id, rows, None)

    async def _settle_all(self, guild_id: GuildId, rows: Sequence[Credit], decided: Set[JoinId] | None) -> None:
        """Settle those of these rows that wait for joins that were decided now, or whenever that was."""
        ids = {row.join_id for row in rows if row.join_id is not None}
        if not ids:
            return
        joins = await self._store.get_joins(ids)
        touches = await first_touches(self._store, list(joins.values()))
        links = await self._store.list_links(guild_id)
        for row in rows:
            join = joins.get(row.join_id) if row.join_id is not None else None
            if join is None:
                continue
            if decided is not None and decided.isdisjoint({join.join_id, touches[join.join_id].join_id}):
                continue
            if any(step.note == texts.NOTE_AGAIN for step in row.history):
                continue  # an admin decided against this member before
            await self._settle(row, claim_of(touches[join.join_id], join, links))

    async def _settle(self, row: Credit, claim: Claim) -> None:
        if not (claim.is_settled or claim.is_excluded):
            return
        state = CreditState.CREDITED if claim.is_settled else CreditState.REJECTED
        note = texts.NOTE_RAISED if claim.is_settled else texts.NOTE_EXCLUDED
        changed = attrs.evolve(row, staff_name=claim.staff_name, code=claim.code, level=claim.level)
        changed = self._step(changed, state, claim.staff_id, None, note)
        if await self._store.save_credit(changed):
            self.changed(row.guild_id)
            _log.info("review settled", guild=row.guild_id, member=row.user_id, state=state.value)
            await self.close(changed)

    async def _decide(
        self, guild_id: GuildId, credit_id: CreditId, transition: Callable[[Credit], Credit]
    ) -> Credit:
        for _ in range(_TRIES):
            row = await self.get(guild_id, credit_id)
            if row.state is not CreditState.PENDING:
                raise InvalidInputError(texts.decided_already(row))
            changed = transition(row)
            if await self._store.save_credit(changed):
                self.changed(guild_id)
                return changed
        raise StoreError(texts.BEING_CHANGED)

    def _step(
        self, row: Credit, state: CreditState, staff_id: UserId | None, by: UserId | None, note: str
    ) -> Credit:
        return row.changed(state, self._clock.now(), staff_id=staff_id, by=by, note=note)
