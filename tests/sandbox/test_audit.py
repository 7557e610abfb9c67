"""The audit log, as hikari reads it."""

from __future__ import annotations

import hikari
import pytest

from giftbot.sandbox import Sandbox
from giftbot.sandbox.guild import Guild
from tests.sandbox.conftest import Connect
from tests.sandbox.doors import SEES_ALL

KIND, KEY = hikari.AuditLogEventType, hikari.AuditLogChangeKey


@pytest.fixture
def guild(sandbox: Sandbox) -> Guild:
    """A guild in which the bot may see everything about invites."""
    return sandbox.world.add_guild(bot_permissions=SEES_ALL)


async def test_deleted_invite_shows_its_last_uses(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """An entry of a deleted invite has what it counted; nothing is written of one that is used up or expires."""
    moderator = guild.add_user("mod")
    invite = guild.invites.create(max_uses=5)
    for _ in range(3):
        sandbox.join(guild, code=invite.code)
    sandbox.join(guild, code=guild.invites.create(max_uses=1).code)
    guild.invites.expire(guild.invites.create())
    guild.invites.revoke(invite, moderator)
    rest = (await connect(sandbox)).rest
    (log,) = [one async for one in rest.fetch_audit_log(guild.id, event_type=KIND.INVITE_DELETE)]
    (entry,) = log.entries.values()
    assert entry.user_id == moderator.user.id
    old = {change.key: change.old_value for change in entry.changes}
    assert (old[KEY.INVITE_CODE], old[KEY.USES], old[KEY.MAX_USES]) == (invite.code, 3, 5)
    assert moderator.user.id in log.users


async def test_deletion_without_uses(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """Should Discord keep the uses to itself, the entry is there without them."""
    sandbox.world.habits.deletions_show_uses = False
    guild.invites.revoke(guild.invites.create())
    rest = (await connect(sandbox)).rest
    (log,) = [one async for one in rest.fetch_audit_log(guild.id, event_type=KIND.INVITE_DELETE)]
    (entry,) = log.entries.values()
    assert KEY.USES not in {change.key for change in entry.changes}


async def test_who_added_a_bot(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """A bot's entry names the bot and who added it."""
    owner = guild.members[guild.owner_id]
    bot = sandbox.join(guild, bot=True, by=owner)
    guild.invites.create()
    rest = (await connect(sandbox)).rest
    (log,) = [one async for one in rest.fetch_audit_log(guild.id, event_type=KIND.BOT_ADD)]
    (entry,) = log.entries.values()
    assert (entry.target_id, entry.user_id) == (bot.user.id, owner.user.id)


async def test_pages(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """The newest come first, 100 at most in one page, and hikari walks through all of them."""
    made = [guild.invites.create().code for _ in range(130)]
    rest = (await connect(sandbox)).rest
    codes: list[object] = []
    async for log in rest.fetch_audit_log(guild.id, event_type=KIND.INVITE_CREATE):
        for entry in log.entries.values():
            codes += [change.new_value for change in entry.changes if change.key == KEY.INVITE_CODE]
    assert codes == made[::-1]
    assert sandbox.requests.count(route="/guilds/{guild_id}/audit-logs") == 3


async def test_denied(sandbox: Sandbox, connect: Connect) -> None:
    """It needs View Audit Log."""
    guild = sandbox.world.add_guild(bot_permissions="VIEW_CHANNEL|MANAGE_GUILD")
    rest = (await connect(sandbox)).rest
    with pytest.raises(hikari.ForbiddenError) as caught:
        await rest.fetch_audit_log(guild.id)
    assert caught.value.code == 50013
