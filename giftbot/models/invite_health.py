"""How attribution stands in one server, for those who look for a fault."""

from __future__ import annotations

from datetime import datetime

import attrs

from giftbot.models.copy_status import CopyStatus
from giftbot.models.ids import ChannelId, InviteCode
from giftbot.models.invite import Coverage, Invite, Snapshot
from giftbot.models.invite_batch import Ledger
from giftbot.models.join import Join
from giftbot.models.staff import StaffLink


@attrs.frozen
class InviteLine:
    """One invite as it is cached, and whose it is."""

    invite: Invite
    link: StaffLink | None
    """The staff link that is valid now."""


@attrs.frozen
class Difference:
    """An invite that is not the same live and cached."""

    code: InviteCode
    cached: int | None
    """Uses; None where it is not cached."""
    live: int | None
    """Uses; None where Discord does not list it any more."""


@attrs.frozen
class Comparison:
    """The cache against one look."""

    equal: int
    different: tuple[Difference, ...]


@attrs.frozen
class BlindSpots:
    """Channels in which something cannot be seen or done."""

    untold: tuple[str, ...]
    """Where the bot is not told of invites that are made or deleted (Manage Channels)."""
    uncreatable: tuple[str, ...]
    """Where it cannot make invites (Create Invite)."""
    channels: int
    """How many channels can have invites."""


@attrs.frozen
class Audited:
    """What the last member search in a server came to."""

    at: datetime
    joins: int
    """How many were looked for."""
    contradicted: int
    """How many of them it says otherwise about."""


@attrs.frozen
class SearchState:
    """How the second look at joins, by Discord's member search, stands in one server."""

    waiting: int = 0
    """Joins that are to be looked for."""
    paused_until: datetime | None = None
    """None while it works."""
    why: str | None = None
    """Why it is left alone."""
    last: Audited | None = None
    """None while this process has not searched there."""


@attrs.frozen
class Health:
    """Everything but the invites one by one."""

    ledger: Ledger
    coverage: Coverage
    """How much a look would show now."""
    missing: tuple[str, ...]
    """Permissions that are missing for all of it."""
    blind: BlindSpots
    comparison: Comparison | None
    """None without a look."""
    look_failed: str | None
    """Why there was none, as a sentence."""
    lost: int
    """Entries of the look that could not be read."""
    links: int
    """Staff links that are valid."""
    waiting: int
    """Events that no batch has dealt with."""
    copies: tuple[CopyStatus, ...]
    pages: int
    """How many pages of invites there are."""
    search: SearchState | None = None
    """None where the member search is off."""


@attrs.frozen
class InvitePage:
    """Some of the invites, by code."""

    lines: tuple[InviteLine, ...]
    number: int
    """From 0."""
    pages: int
    invites: int
    taken_at: datetime | None
    """The baseline's moment."""


@attrs.frozen
class ChannelLine:
    """What the bot may do about invites in one channel, as that stands."""

    channel_id: ChannelId
    name: str
    is_told: bool
    """Whether it is told of invites that are made or deleted (Manage Channels)."""
    may_create: bool
    is_public: bool
    """Whether everybody who follows a link there sees the channel."""


@attrs.frozen
class ChannelPage:
    """Some of the channels, from top to bottom."""

    lines: tuple[ChannelLine, ...]
    number: int
    """From 0."""
    pages: int
    channels: int


@attrs.frozen
class Refreshed:
    """What a refresh found."""

    moved: tuple[Difference, ...]
    """Invites whose uses changed."""
    new: tuple[InviteCode, ...]
    gone: tuple[InviteCode, ...]
    vanity: int
    """How many more the server's own address counts."""
    joins: tuple[Join, ...]
    """Joins and leaves that were decided by it."""
    invites: int
    copies: tuple[CopyStatus, ...]


def compare(ledger: Ledger, snapshot: Snapshot) -> Comparison:
    """The cache against a look; of what the look does not cover, nothing is said."""
    codes = sorted({*ledger.invites, *snapshot.invites})
    different: list[Difference] = []
    equal = 0
    for code in codes:
        cached, live = ledger.invites.get(code), snapshot.invites.get(code)
        if live is None and cached is not None and not snapshot.covers(cached):
            continue
        if cached is not None and live is not None and (cached.uses == live.uses or not snapshot.covers(live)):
            equal += 1
        else:
            different.append(Difference(code, _uses(cached), _uses(live)))
    return Comparison(equal, tuple(different))


def _uses(invite: Invite | None) -> int | None:
    return None if invite is None else invite.uses
