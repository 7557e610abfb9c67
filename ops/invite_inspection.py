"""`ops inspect invites`, `joins`, `staff` and `credits`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from giftbot.arguments import whole_number
from giftbot.models.ids import GuildId, UserId
from giftbot.models.invite import Invite
from giftbot.models.invite_batch import Ledger
from ops.listing import look, show
from ops.options import LARGEST_ID, Guild, Json, Limit
from ops.process import ops_process

if TYPE_CHECKING:  # imported where they are used: `ops --help` must not wait for them
    from giftbot.app import Services

_user_id = whole_number("A user's id", least=1, most=LARGEST_ID)
UserOption = Annotated[
    int | None, typer.Option("--user", parser=_user_id, metavar="ID", help="Only this member, by their id.")
]
StaffOption = Annotated[
    int | None,
    typer.Option("--staff", parser=_user_id, metavar="ID", help="Only what counts for this user, by their id."),
]


def invites(guild: Guild = None, limit: Limit = 100, json: Json = False) -> None:
    """Show the invites as the last look saw them, by server, the most used first."""
    with ops_process() as process:
        from ops import invite_forms as forms  # noqa: PLC0415

        found = look(process, guild, lambda services, guild_id: _invites(services, guild_id, limit + 1))
        show(process, forms.INVITES, found, limit, json=json)


def joins(
    *,
    guild: Guild = None,
    user: UserOption = None,
    staff: StaffOption = None,
    limit: Limit = 100,
    json: Json = False,
) -> None:
    """Show who joined, who brought them and how certain that is, the newest first."""
    with ops_process() as process:
        from ops import invite_forms as forms  # noqa: PLC0415

        found = look(
            process,
            guild,
            lambda services, guild_id: services.store.list_joins(
                guild_id, user_id=_id(user), owner_id=_id(staff), limit=limit + 1
            ),
        )
        show(process, forms.JOINS, found, limit, json=json)


def staff(guild: Guild = None, staff: StaffOption = None, limit: Limit = 100, json: Json = False) -> None:
    """Show the staff links, those that ended as well, oldest first."""
    with ops_process() as process:
        from ops import invite_forms as forms  # noqa: PLC0415

        found = look(
            process,
            guild,
            lambda services, guild_id: services.store.list_links(guild_id, staff_id=_id(staff)),
        )[: limit + 1]
        show(process, forms.LINKS, found, limit, json=json)


def credits_(
    *,
    guild: Guild = None,
    user: UserOption = None,
    staff: StaffOption = None,
    limit: Limit = 100,
    json: Json = False,
) -> None:
    """Show the credits of staff with their history, the newest first."""
    with ops_process() as process:
        from ops import invite_forms as forms  # noqa: PLC0415

        found = look(
            process,
            guild,
            lambda services, guild_id: services.store.list_credits(
                guild_id, user_id=_id(user), staff_id=_id(staff), limit=limit + 1
            ),
        )
        show(process, forms.CREDITS, found, limit, json=json)


async def _invites(services: Services, guild_id: GuildId | None, most: int) -> list[tuple[Ledger, Invite]]:
    found: list[tuple[Ledger, Invite]] = []
    if guild_id is not None:
        ledger = await services.store.get_ledger(guild_id)
        return _of_ledger(ledger)[:most] if ledger is not None else []
    async for ledgers in services.store.scan_ledgers():
        for ledger in ledgers:
            found += _of_ledger(ledger)
        if len(found) >= most:
            break
    return found[:most]


def _of_ledger(ledger: Ledger) -> list[tuple[Ledger, Invite]]:
    invites = sorted(ledger.invites.values(), key=lambda invite: (-invite.uses, invite.code))
    return [(ledger, invite) for invite in invites]


def _id(number: int | None) -> UserId | None:
    return None if number is None else UserId(number)
