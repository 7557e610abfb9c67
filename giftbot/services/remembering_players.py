"""What redemption needs to remember: players, redemptions, jobs and budgets; part of `giftbot.services.ports`.

The rules of `giftbot.services.remembering` hold here, too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from typing import Protocol

from giftbot.models.budget import Budget
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import ChannelId, CodeKey, GuildId, JobId, MessageId, PlayerId, RedemptionId, UserId
from giftbot.models.job import Counts, Job, JobState
from giftbot.models.player import Player, PlayerState
from giftbot.models.redemption import Redemption, RedemptionOutcome


class PlayerStore(Protocol):
    """The registered players (`players`)."""

    async def get_players(self, guild_id: GuildId, player_ids: Collection[PlayerId]) -> dict[PlayerId, Player]:
        """Those of a server's players that exist."""
        ...

    async def list_owned(self, guild_id: GuildId, owner_id: UserId) -> list[Player]:
        """A Discord user's players in one server, oldest first."""
        ...

    async def list_players(
        self,
        *,
        guild_id: GuildId | None = None,
        states: Collection[PlayerState] = (),
        after: PlayerId | None = None,
        limit: int = 100,
    ) -> list[Player]:
        """Players by ascending id (text order; over all servers by row id), from after `after` of one server on."""
        ...

    async def count_players(self, guild_id: GuildId | None = None) -> dict[PlayerState, int]:
        """How many players are in each state, in one server or in all."""
        ...

    async def insert_players(self, players: Sequence[Player]) -> set[PlayerId]:
        """Store players of one server who are not there yet; those that were new. Others stay as they are."""
        ...

    async def save_player(self, player: Player) -> bool:
        """Replace a player, if the stored revision is still the same; then that is raised by one."""
        ...

    async def remove_player(self, guild_id: GuildId, player_id: PlayerId) -> bool:
        """Forget a player and what of them is still open (rows that were never granted); False if there was none.

        What was granted stays: the game remembers it, too.
        """
        ...


class RedemptionStore(Protocol):
    """What the game answered (`auto_redeemed_codes`)."""

    async def granted_players(self, code: CodeKey, player_ids: Collection[PlayerId]) -> set[PlayerId]:
        """Those of the players who have this code already, through whichever server. One round trip."""
        ...

    async def open_redemptions(self, rows: Sequence[Redemption], *, revive: bool = False) -> int:
        """Insert rows that are absent; how many rows are now as given.

        With `revive` rows that were not granted are replaced as well. A granted row is never changed.
        """
        ...

    async def due_redemptions(
        self, guild_id: GuildId, code: CodeKey, now: datetime, *, limit: int
    ) -> list[Redemption]:
        """A job's rows whose `next_attempt_at` has come, longest due first."""
        ...

    async def next_attempt(self, guild_id: GuildId, code: CodeKey) -> datetime | None:
        """When the earliest of a job's rows is to be asked; None when none is."""
        ...

    async def record(self, rows: Sequence[Redemption]) -> int:
        """Write what the game answered, in one round trip; how many rows changed. A row that is absent is inserted.

        A granted row is never changed, but that `redeemed` replaces `already`. All other rows become as given.
        """
        ...

    async def close_redemptions(
        self, guild_id: GuildId, code: CodeKey, outcome: RedemptionOutcome, raw: str, now: datetime
    ) -> int:
        """End all open rows of a job with this outcome (the code is dead); how many."""
        ...

    async def count_outcomes(self, guild_id: GuildId, code: CodeKey) -> Counts:
        """How many rows of a job have which outcome. One round trip."""
        ...

    async def get_redemptions(self, ids: Collection[RedemptionId]) -> dict[RedemptionId, Redemption]:
        """Those of the rows that exist."""
        ...

    async def list_redemptions(
        self,
        *,
        guild_id: GuildId | None = None,
        code: CodeKey | None = None,
        player_id: PlayerId | None = None,
        outcomes: Collection[RedemptionOutcome] = (),
        after: RedemptionId | None = None,
        limit: int = 100,
    ) -> list[Redemption]:
        """Rows that match: with `after`, or a server and a code, by ascending id; else newest first."""
        ...


class JobStore(Protocol):
    """The redemption jobs (`redemption_jobs`)."""

    async def open_jobs(self, jobs: Sequence[Job], *, reopen: Collection[JobState] = ()) -> set[JobId]:
        """Insert jobs that are absent; the ids of those that are now as given.

        A present job in one of the states `reopen` starts over as given, but keeps its progress message, and its
        fence goes on rising. Any other stays as it is.
        """
        ...

    async def wake_job(self, job_id: JobId, now: datetime) -> bool:
        """Let an open job be looked at now, or reopen one that is done, without enrolling anew; False if none.

        For new rows of a job. A claim is not taken from its owner: it stays, and the owner finds the new rows.
        A stopped job stays stopped.
        """
        ...

    async def claim_jobs(
        self,
        owner: str,
        now: datetime,
        lease_until: datetime,
        *,
        limit: int,
        besides: Collection[JobId] = (),
    ) -> list[Job]:
        """Take up to `limit` open jobs that are due, by `created_at`, newest first, but none of `besides`.

        Each gets `owner`, `fence + 1`, `lease_until` and `due_at = lease_until` by a conditional write, so that of
        several processes one gets it. A job whose lease ran out is due again.
        """
        ...

    async def save_job(self, job: Job) -> bool:
        """Write a claimed job (all but its message), if owner and fence still match and it is open.

        False when it was stopped, or is somebody else's by now: then the worker lets go of it.
        """
        ...

    async def stop_job(self, job_id: JobId, reason: str, now: datetime) -> bool:
        """Stop an open job, whoever works on it; False if it was not open."""
        ...

    async def resume_job(self, job_id: JobId, now: datetime) -> bool:
        """Open a stopped job again, due now, where it was; False if it was not stopped."""
        ...

    async def expire_claims(self, owner: str, now: datetime, free_at: datetime) -> int:
        """Make every other owner's jobs due now, and the players whom they hold free then; how many of both.

        `free_at` is the latest moment for players: the game may still be at work on a dead process's call. Only
        for whoever is certain to be the one process.
        """
        ...

    async def get_jobs(self, ids: Collection[JobId]) -> dict[JobId, Job]:
        """Those of the jobs that exist."""
        ...

    async def list_jobs(
        self,
        *,
        guild_id: GuildId | None = None,
        states: Collection[JobState] = (),
        code: CodeKey | None = None,
        limit: int = 100,
    ) -> list[Job]:
        """Jobs that match, newest `updated_at` first."""
        ...

    async def set_job_message(
        self, job_id: JobId, channel_id: ChannelId, message_id: MessageId | None, now: datetime
    ) -> None:
        """Note where the progress message of a job is."""
        ...

    def scan_redeeming_guilds(self, *, chunk: int = 500) -> AsyncIterator[list[GuildSettings]]:
        """Servers with auto-redeem on that the bot has not left, in chunks, by ascending id."""
        ...


class BudgetStore(Protocol):
    """What all processes together may ask of a game (`leases`)."""

    async def take_slot(self, name: str, now: datetime, *, per_minute: float, earned: float) -> Budget:
        """Reserve the next moment at which the game may be asked; one atomic write.

        The moments are `60 / rate` seconds apart. `rate` begins at `per_minute`, grows by `earned` (never above
        `per_minute`), and is halved by `slow_down`. The returned budget's `slot` is the reserved moment, not before
        `now` and not before `paused_until`.
        """
        ...

    async def slow_down(self, name: str, now: datetime, *, until: datetime) -> Budget:
        """Halve the rate (never below 1 a minute), and let no slot lie before `until`; one atomic write."""
        ...

    async def peek_budget(self, name: str) -> Budget | None:
        """The budget as it is; None when it was never used."""
        ...

    async def hold_player(self, name: str, owner: str, now: datetime, until: datetime) -> datetime | None:
        """Reserve a player (`name`) for a call; None when that worked, else when they are free at the latest."""
        ...

    async def release_player(self, name: str, owner: str, free_at: datetime) -> None:
        """End a call: from `free_at` on the player may be asked again. Nothing if it is not held by `owner`."""
        ...


class RedeemingStore(PlayerStore, RedemptionStore, JobStore, BudgetStore, Protocol):
    """All that redemption remembers."""
