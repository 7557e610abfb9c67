"""What the owner and the servers' admins are told, once: by message, else in the log."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

import structlog

from giftbot.models.ids import CodeKey, GuildId
from giftbot.models.notice import Notice, NoticeKind
from giftbot.services.ports import Clock, NoticeStore, Notifier

_log = structlog.get_logger(__name__)


def subject_of(keys: Collection[str]) -> str:
    """A short subject for a notice on several codes: the same for the same codes, fit for a `custom_id`."""
    return hashlib.sha256("|".join(sorted(keys)).encode()).hexdigest()[:16]


class Notices:
    """Stores a notice before telling it, so that the same thing is told once, and not lost by a crash."""

    def __init__(self, *, store: NoticeStore, notifier: Notifier, clock: Clock) -> None:
        self._store = store
        self._notifier = notifier
        self._clock = clock

    async def tell(self, kind: NoticeKind, subject: str, text: str, *, codes: Sequence[CodeKey] = ()) -> bool:
        """Tell the owner (or, by its kind, an admin), unless the same was told before; whether it was new."""
        notice = Notice(
            notice_id=f"{kind}:{subject}", kind=kind, text=text, created_at=self._clock.now(), codes=tuple(codes)
        )
        if not await self._store.add_notice(notice):
            return False
        _log.warning("notice", kind=kind, subject=subject, text=text)
        await self._deliver(notice)
        return True

    async def forget(self, kind: NoticeKind, subject: str) -> None:
        """Let this subject be told again, because it was well in between."""
        await self._store.forget_notice(f"{kind}:{subject}")

    async def get(self, notice_id: str) -> Notice | None:
        """One notice, for its buttons."""
        return await self._store.get_notice(notice_id)

    async def tell_leftovers(self) -> int:
        """Deliver what a crash or an outage kept from being delivered; how many."""
        untold = await self._store.list_untold()
        for notice in untold:
            await self._deliver(notice)
        return len(untold)

    async def _deliver(self, notice: Notice) -> None:
        if notice.kind is NoticeKind.ADMIN:
            told = await self._notifier.tell_admin(GuildId(int(notice.subject.partition(":")[0])), notice.text)
        else:
            told = await self._notifier.tell_owner(notice)
        if told:
            await self._store.mark_told(notice.notice_id, self._clock.now())
        else:
            _log.warning("not told yet", notice=notice.notice_id)
