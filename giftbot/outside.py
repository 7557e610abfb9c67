"""The outside world as the services need it: one value for Discord, one for everything else."""

from __future__ import annotations

import attrs

from giftbot.services.invites.copies import Copies
from giftbot.services.invites.greetings import GreetingOutlet
from giftbot.services.invites.ports import InviteDirectory, MemberSearch, StaffDesk
from giftbot.services.migration.first_start import OpenLegacy, OpenReport
from giftbot.services.ports import (
    Announcer,
    Channels,
    Clock,
    Game,
    Journal,
    Notifier,
    OwnerDirectory,
    ProgressBoard,
    Source,
    StateFile,
    Store,
)


@attrs.frozen
class Discord:
    """Discord, as the services need it."""

    announcer: Announcer
    channels: Channels
    notifier: Notifier
    owners: OwnerDirectory
    board: ProgressBoard
    invites: InviteDirectory | None = None
    """None unless attribution is switched on."""
    greeter: GreetingOutlet | None = None
    """The same."""
    desk: StaffDesk | None = None
    """The same."""
    search: MemberSearch | None = None
    """None unless joins are to be confirmed by it."""


@attrs.frozen
class Legacy:
    """What earlier bots left, and where the rows are listed that cannot be used."""

    open_sources: OpenLegacy
    open_report: OpenReport


@attrs.frozen
class Outside:
    """Everything outside of the services but Discord. Tests wrap single ports of it."""

    store: Store
    journal: Journal
    state_file: StateFile
    sources: tuple[Source, ...]
    game: Game
    clock: Clock
    copies: Copies | None = None
    """What keeps copies of invites; None unless attribution is switched on."""
    legacy: Legacy | None = None
    """What earlier bots left; None in a process that is no bot."""
