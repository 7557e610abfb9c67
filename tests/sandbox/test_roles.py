"""Roles that the bot makes, gives and takes."""

from __future__ import annotations

import hikari
import pytest

from giftbot.sandbox import Sandbox
from giftbot.sandbox.guild import Guild
from tests.sandbox.conftest import Connect
from tests.sandbox.doors import SEES_ALL


@pytest.fixture
def guild(sandbox: Sandbox) -> Guild:
    """A guild in which the bot may make roles."""
    return sandbox.world.add_guild(bot_permissions=SEES_ALL)


async def test_marker_role(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """A role without permissions can be made, linked to an invite, given, taken and deleted."""
    rest = (await connect(sandbox)).rest
    role = await rest.create_role(
        guild.id, name="Link of ada", permissions=hikari.Permissions.NONE, reason="staff link"
    )
    assert guild.roles[role.id].permissions == 0
    invite = await rest.create_invite(guild.channel("general").id, unique=True, role_ids=[role.id])
    member = sandbox.join(guild, code=invite.code)
    assert member.roles == (role.id,)
    await rest.remove_role_from_member(guild.id, member.user.id, role.id)
    assert guild.members[member.user.id].roles == ()
    await rest.add_role_to_member(guild.id, member.user.id, role.id)
    assert guild.members[member.user.id].roles == (role.id,)
    await rest.delete_role(guild.id, role.id)
    assert guild.members[member.user.id].roles == ()
    actions = [one["action_type"] for one in guild.audit.entries]
    assert actions == [30, 40, 25, 25]
    assert sandbox.join(guild, code=invite.code).roles == ()


async def test_denied(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """A role may not grant more than the bot may do, and needs Manage Roles; 250 are the most."""
    above = guild.add_role("Above", position=7)
    rest = (await connect(sandbox)).rest
    with pytest.raises(hikari.ForbiddenError):
        await rest.create_role(guild.id, name="Mighty", permissions=hikari.Permissions.BAN_MEMBERS)
    with pytest.raises(hikari.ForbiddenError):
        await rest.add_role_to_member(guild.id, guild.owner_id, above.id)
    for number in range(250 - len(guild.roles)):
        guild.add_role(f"r{number}")
    with pytest.raises(hikari.BadRequestError) as caught:
        await rest.create_role(guild.id, name="x", permissions=hikari.Permissions.NONE)
    assert caught.value.code == 30005
    guild.set_bot_permissions("VIEW_CHANNEL")
    with pytest.raises(hikari.ForbiddenError):
        await rest.create_role(guild.id, name="x", permissions=hikari.Permissions.NONE)
