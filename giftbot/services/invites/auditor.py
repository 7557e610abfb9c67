"""A second look at joins, by Discord's member search: it raises levels, and everything works without it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta

import attrs
import structlog

from giftbot.errors import InviteLookError, SearchNotReadyError, SearchRefusedError, StoreError
from giftbot.logs import new_reference
from giftbot.models.audit_times import AuditTimes
from giftbot.models.ids import GuildId, JoinId, UserId
from giftbot.models.invite_batch import InviteBatch
from giftbot.models.invite_health import Audited, SearchState
from giftbot.models.join import Join, Level
from giftbot.services.invites.breaker import Breaker
from giftbot.services.invites.origins import SAME_MOMENT, Origins, origin_of
from giftbot.services.invites.ports import InviteDirectory, MemberOrigin, MemberSearch
from giftbot.services.ports import Clock
from giftbot.services.remembering_invites import InviteStore

_log = structlog.get_logger(__name__)

TRIES = 6
"""So often somebody is looked for who is not found."""
MOST = 10_000
"""Joins of one server that wait at most; of more the oldest are left as they are."""
LOOK_BACK = timedelta(hours=1)
"""At start, joins of this time are taken up again."""
_UNCERTAIN = tuple(level for level in Level if level < Level.CONFIRMED)


@attrs.define
class _Waiting:
    """A join that waits for its search."""

    decided: float
    """Monotonic, as `due`."""
    due: float
    tries: int = 0


class Auditor:
    """`on_decided` never waits; `run` is the worker. One search for all joins of a server that are due."""

    def __init__(
        self,
        *,
        store: InviteStore,
        search: MemberSearch,
        directory: InviteDirectory,
        clock: Clock,
        times: AuditTimes,
        changed: Callable[[GuildId, Iterable[Join]], None] = lambda _guild_id, _joins: None,
    ) -> None:
        """Take the ports, and whom to tell of joins that changed."""
        self._store = store
        self._search = search
        self._directory = directory
        self._clock = clock
        self._times = times
        self._changed = changed
        self._waiting: dict[GuildId, dict[JoinId, _Waiting]] = {}
        self._searched: dict[GuildId, float] = {}
        self._last: dict[GuildId, Audited] = {}
        self._breaker = Breaker(clock, times)

    async def on_decided(self, batch: InviteBatch) -> None:
        """Note the joins of a batch that are not confirmed."""
        self._note(batch.joins)

    def state(self, guild_id: GuildId) -> SearchState:
        """How it stands in a server."""
        until, why = self._breaker.pause(guild_id) or (None, None)
        return SearchState(len(self._waiting.get(guild_id, ())), until, why, self._last.get(guild_id))

    def _note(self, joins: Iterable[Join]) -> None:
        now = self._clock.monotonic()
        for join in joins:
            if not join.is_open or join.level >= Level.CONFIRMED:
                continue
            waiting = self._waiting.setdefault(join.guild_id, {})
            waiting.setdefault(join.join_id, _Waiting(now, now + self._times.delay))
            if len(waiting) > MOST:
                del waiting[next(iter(waiting))]

    async def run(self) -> None:
        """Search what is due, until it is cancelled."""
        await self._take_up()
        while True:
            for guild_id in self._due():
                await self._turn(guild_id)
            await self._clock.sleep(self._times.turn)

    async def _take_up(self) -> None:
        """Note what the process before left."""
        while True:
            try:
                since = self._clock.now() - LOOK_BACK
                self._note(await self._store.list_joins(levels=_UNCERTAIN, since=since, limit=MOST))
            except StoreError as error:
                _log.warning("the audit of joins waits for the store", why=str(error))
                await self._clock.sleep(self._times.pause)
            else:
                return

    def _due(self) -> list[GuildId]:
        """Servers in which it is time for a search."""
        now = self._clock.monotonic()
        found = []
        for guild_id, waiting in self._waiting.items():
            free_at = self._searched.get(guild_id, now - self._times.pause) + self._times.pause
            is_due = any(one.due <= now for one in waiting.values())
            if is_due and free_at <= now and not self._breaker.is_open(guild_id):
                found.append(guild_id)
        return found

    async def _turn(self, guild_id: GuildId) -> None:
        if self._breaker.is_open(guild_id):
            return
        now = self._clock.monotonic()
        waiting = self._waiting[guild_id]
        chosen = [
            join_id
            for join_id, one in waiting.items()
            if one.due <= now or (not one.tries and one.decided + self._times.lag <= now)
        ]
        retry_after = 0.0
        done: set[JoinId] = set()
        try:
            done = await self._audit(guild_id, chosen)
        except SearchRefusedError as error:
            self._breaker.trip(None if error.is_everywhere else guild_id, str(error))
            return
        except SearchNotReadyError as error:
            retry_after = error.retry_after
            _log.info("member search is not ready", guild=guild_id, retry_after=retry_after)
        except InviteLookError as error:
            if not error.permitted:
                done = set(chosen)
            else:
                _log.warning("member search failed", guild=guild_id, why=str(error))
        except StoreError as error:
            _log.warning("the audit of joins waits for the store", guild=guild_id, why=str(error))
        except Exception:
            _log.exception("the audit of joins failed", guild=guild_id, ref=new_reference())
        self._put_back(guild_id, chosen, done, retry_after)

    def _put_back(self, guild_id: GuildId, chosen: Iterable[JoinId], done: set[JoinId], retry_after: float) -> None:
        """Let those wait again who are not done; drop those who were looked for often enough."""
        waiting = self._waiting[guild_id]
        now = self._clock.monotonic()
        for join_id in chosen:
            one = waiting.get(join_id)
            if one is None:
                continue
            one.tries += 1
            one.due = now + max(retry_after, self._times.pause * 2.0 ** (one.tries - 1))
            if join_id in done or one.tries >= TRIES:
                del waiting[join_id]
        if not waiting:
            del self._waiting[guild_id]

    async def _audit(self, guild_id: GuildId, join_ids: Sequence[JoinId]) -> set[JoinId]:
        """Search these; which of them are done with."""
        joins = (await self._store.get_joins(join_ids)).values()
        open_ones = [join for join in joins if join.is_open and join.level < Level.CONFIRMED]
        done = set(join_ids) - {join.join_id for join in open_ones}
        if not open_ones:
            return done
        moments = [join.joined_at for join in open_ones]
        self._searched[guild_id] = self._clock.monotonic()
        found = await self._search.joined(guild_id, min(moments) - SAME_MOMENT, max(moments) + SAME_MOMENT)
        self._breaker.reset(guild_id)
        seen = {origin.user_id: origin for origin in found}
        changed, settled = await self._compare(guild_id, open_ones, seen)
        if changed:
            self._changed(guild_id, changed)
        contradicted = sum(join.level is not Level.CONFIRMED for join in changed)
        self._last[guild_id] = Audited(self._clock.now(), len(open_ones), contradicted)
        _log.info(
            "joins audited",
            guild=guild_id,
            count=len(open_ones),
            confirmed=len(changed) - contradicted,
            contradicted=contradicted,
            not_found=len(open_ones) - len(settled),
        )
        return done | settled

    async def _compare(
        self, guild_id: GuildId, joins: Sequence[Join], seen: Mapping[UserId, MemberOrigin]
    ) -> tuple[list[Join], set[JoinId]]:
        """Write what the search says; joins that changed, and joins that are done with."""
        origins = Origins(
            await self._store.get_ledger(guild_id),
            await self._store.list_links(guild_id),
            self._directory.bot_id,
            self._clock.now(),
        )
        before = await self._store.get_joins({join.previous for join in joins if join.previous is not None})
        moving = {event.user_id for event in await self._store.list_events(guild_id)}
        changed: list[Join] = []
        settled: set[JoinId] = set()
        for join in joins:
            origin = origin_of(join, seen)
            if origin is None or join.user_id in moving:
                continue
            audited = origins.audited(join, origin, before.get(join.previous) if join.previous else None)
            if audited is not join:
                if not await self._store.save_join(audited, before=join):
                    continue
                changed.append(audited)
                if audited.level < Level.CONFIRMED:
                    _warn(audited, origin)
            settled.add(join.join_id)
        return changed, settled


def _warn(join: Join, origin: MemberOrigin) -> None:
    _log.warning(
        "member search contradicts a join",
        guild=join.guild_id,
        user=join.user_id,
        join_level=int(join.level),
        code=join.code,
        owner=join.owner_id,
        way=origin.way.name.lower(),
        search_code=origin.code,
        search_inviter=origin.inviter_id,
    )
