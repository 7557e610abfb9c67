"""One claimed message on its way to Discord: send, classify, resend, recover, mark."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import attrs
import structlog

from giftbot.errors import StoreError, TokenError
from giftbot.models.announcement import Announcement, AnnouncementState, Attempt, Mark
from giftbot.models.ids import AnnouncementId, ChannelId, GuildId, MessageId
from giftbot.models.post import Delivery, Outcome, Post, Search
from giftbot.models.times import PostingTimes
from giftbot.services.aftermath import Aftermath
from giftbot.services.marks import Marks
from giftbot.services.pacer import Pacer
from giftbot.services.ports import AnnouncementStore, Announcer, Clock

_log = structlog.get_logger(__name__)

CLOCK_SLACK = timedelta(minutes=5)
"""How far this machine's clock may be off Discord's, which dates the messages in a channel's history."""


@attrs.frozen
class Dispatch:
    """A prepared anchor with everything that is needed to send it."""

    anchor: Announcement
    joined: tuple[AnnouncementId, ...]
    post: Post
    lease_ends: float
    """When the lease ends, on the monotonic clock, counted from before it was asked for."""

    @property
    def channel_id(self) -> ChannelId:
        """The pinned channel."""
        if self.anchor.channel_id is None:
            raise ValueError(f"{self.anchor.announcement_id} was not prepared")
        return self.anchor.channel_id


class Deliveries:
    """Sends dispatches. Whoever holds a claim is the only one that sends for it, and only while the lease lasts."""

    def __init__(
        self,
        *,
        store: AnnouncementStore,
        marks: Marks,
        announcer: Announcer,
        clock: Clock,
        pacer: Pacer,
        times: PostingTimes,
        aftermath: Aftermath,
    ) -> None:
        self._store = store
        self._marks = marks
        self._announcer = announcer
        self._clock = clock
        self._pacer = pacer
        self._times = times
        self._aftermath = aftermath
        self._posted: dict[tuple[str, ...], dict[GuildId, MessageId | None]] = {}
        """Messages by servers, by the codes they show, that are marked and not logged yet."""

    async def deliver(
        self, dispatch: Dispatch, may_send: Callable[[], bool], *, may_have_arrived: bool = False
    ) -> None:
        """Send a prepared message; after unknown outcomes again with the same nonce, within the window.

        `may_have_arrived` says that an earlier claim may have sent it: then it is sent within the window only.
        Raises `TokenError` when Discord does not know the bot any more, and `OSError` when the end of an attempt
        can be written neither to the store nor to the journal.
        """
        for pause in (0.0, *self._times.backoff):
            if pause:
                may_have_arrived = True
                await self._clock.sleep(pause)
                if not self._in_window(dispatch.anchor):
                    break
            await self._pacer.wait()
            renewed = await self._guard(dispatch, renew=pause > 0)
            if renewed is None or not may_send():
                await self._give_back(dispatch)
                return
            dispatch = renewed
            if may_have_arrived and not self._in_window(dispatch.anchor):
                break  # the pacer or the store took too long
            delivery = await self._attempt(dispatch)
            if delivery.outcome is not Outcome.UNKNOWN:
                await self._settle(dispatch, delivery)
                return
            _log.warning(
                "outcome unknown",
                id=dispatch.anchor.announcement_id,
                why=delivery.detail,
                attempt=dispatch.anchor.attempts,
            )
        # Left claimed: when the lease ends, whoever claims it next recovers it.

    async def recover(self, dispatch: Dispatch, may_send: Callable[[], bool]) -> None:
        """Go on with a message that an earlier claim may have sent."""
        if self._in_window(dispatch.anchor):
            await self._send_again(dispatch, may_send, may_have_arrived=True)
            return
        anchor = dispatch.anchor
        began = anchor.first_attempt_at or anchor.updated_at
        trusted_at = (anchor.last_attempt_at or began) + timedelta(seconds=self._times.grace)
        looked_at = self._clock.now()
        found = await self._announcer.search(
            dispatch.channel_id, dispatch.post.reference, began - CLOCK_SLACK, trusted_at + CLOCK_SLACK
        )
        if found.search is Search.FOUND:
            _log.info("already sent (found in history)", id=anchor.announcement_id, message=found.message_id)
            await self._settle(dispatch, Delivery(Outcome.SENT, found.message_id))
        elif found.search is Search.UNREADABLE:
            _log.warning("cannot tell whether it was sent", id=anchor.announcement_id)
            await self._end(dispatch, AnnouncementState.UNKNOWN, reason="the channel's history cannot be read")
        elif found.search is Search.FAILED:
            await self._end(dispatch, AnnouncementState.CLAIMED, wait=self._times.search_again)
        elif looked_at < trusted_at:
            await self._end(dispatch, AnnouncementState.CLAIMED, wait=(trusted_at - looked_at).total_seconds())
        else:
            _log.info("not found in history: sending again", id=anchor.announcement_id)
            fresh_window = attrs.evolve(dispatch, anchor=attrs.evolve(anchor, window_at=None))
            await self._send_again(fresh_window, may_send, may_have_arrived=False)

    async def _send_again(
        self, dispatch: Dispatch, may_send: Callable[[], bool], *, may_have_arrived: bool
    ) -> None:
        renewed = await self._renew(dispatch)
        if renewed is not None:
            await self.deliver(renewed, may_send, may_have_arrived=may_have_arrived)

    def _in_window(self, anchor: Announcement) -> bool:
        window = timedelta(seconds=self._times.window)
        return anchor.window_at is not None and self._clock.now() < anchor.window_at + window

    async def _guard(self, dispatch: Dispatch, *, renew: bool) -> Dispatch | None:
        """The dispatch with enough of its lease left for an attempt; None when it is no longer ours.

        After a wait for the pacer of more than `times.margin` the attempt is written anew: recovery believes a
        history without the message once the grace since `last_attempt_at` is over, so that has to be recent.
        """
        fresh = self._times.lease - self._times.margin
        if not renew and dispatch.lease_ends - self._clock.monotonic() > max(fresh, self._times.needed):
            return dispatch
        renewed = await self._renew(dispatch)
        if renewed is None or renewed.lease_ends - self._clock.monotonic() <= self._times.needed:
            return None
        return renewed

    async def _renew(self, dispatch: Dispatch) -> Dispatch | None:
        """Write the next attempt into the anchor, with a new lease; None when the claim is lost or may be."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        anchor = attrs.evolve(
            dispatch.anchor,
            lease_until=now + self._times.lease_span,
            due_at=now + self._times.lease_span,
            window_at=dispatch.anchor.window_at or now,
            last_attempt_at=now,
            attempts=dispatch.anchor.attempts + 1,
            updated_at=now,
        )
        try:
            written = await self._store.prepare([Attempt(anchor, dispatch.joined)])
        except StoreError as error:
            _log.warning("lease not renewed", id=anchor.announcement_id, why=str(error))
            return None
        if not written:
            return None
        return attrs.evolve(dispatch, anchor=anchor, lease_ends=monotonic + self._times.lease)

    async def _attempt(self, dispatch: Dispatch) -> Delivery:
        if dispatch.anchor.nonce is None:
            raise ValueError(f"{dispatch.anchor.announcement_id} was not prepared")
        try:
            async with asyncio.timeout(self._times.send):
                return await self._announcer.send(dispatch.channel_id, dispatch.post, dispatch.anchor.nonce)
        except TimeoutError:
            return Delivery(Outcome.UNKNOWN, detail="no answer in time")

    async def _settle(self, dispatch: Dispatch, delivery: Delivery) -> None:
        anchor = dispatch.anchor
        if delivery.outcome in (Outcome.SENT, Outcome.DELETED):
            await self._end(dispatch, AnnouncementState.SENT, message=delivery)
            self._note_posted(anchor, delivery.message_id)
        elif delivery.outcome is Outcome.NOT_SENT:
            await self._end(dispatch, AnnouncementState.CLAIMED, wait=delivery.retry_after)
        elif delivery.outcome is Outcome.REFUSED:
            reason = delivery.detail or "refused"
            await self._end(dispatch, AnnouncementState.FAILED, reason=reason)
            await self._aftermath.refused(anchor, reason)
        elif delivery.outcome is Outcome.BUG:
            reason = delivery.detail or "malformed"
            _log.error("parked", id=anchor.announcement_id, why=reason)
            await self._end(dispatch, AnnouncementState.FAILED, reason=reason)
            await self._aftermath.malformed(anchor, reason)
        else:
            await self._give_back(dispatch)
            raise TokenError(delivery.detail or "Discord does not accept the bot's token any more.")

    def _note_posted(self, anchor: Announcement, message_id: MessageId | None) -> None:
        """Log it together with what else was marked in the same group: a line costs as much as a message does."""
        if not self._posted:
            asyncio.get_running_loop().call_soon(self._log_posted)
        self._posted.setdefault(anchor.codes, {})[anchor.guild_id] = message_id

    def _log_posted(self) -> None:
        posted, self._posted = self._posted, {}
        for codes, messages in posted.items():
            _log.info("posted", codes=codes, messages=messages)

    async def _give_back(self, dispatch: Dispatch) -> None:
        """Let the claim go without an attempt; whoever takes it next goes on with the same nonce."""
        await self._end(dispatch, AnnouncementState.CLAIMED)

    async def _end(
        self,
        dispatch: Dispatch,
        state: AnnouncementState,
        *,
        message: Delivery | None = None,
        reason: str | None = None,
        wait: float = 0.0,
    ) -> None:
        now = self._clock.now()
        mark = Mark(
            anchor=dispatch.anchor,
            joined=dispatch.joined,
            state=state,
            at=now,
            message_id=message.message_id if message else None,
            reason=reason,
            due_at=now + timedelta(seconds=wait) if state is AnnouncementState.CLAIMED else None,
        )
        if not await self._marks.write(mark):
            _log.warning("claim lost", id=dispatch.anchor.announcement_id, state=state)
