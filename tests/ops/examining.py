"""What tests of `ops doctor` share: its checks, and a server to examine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from giftbot.models.guild import GuildSettings
from giftbot.models.ids import ChannelId, GuildId
from giftbot.sandbox import Sandbox
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.nouns import Channel
from tests.ops.installation import Installation, on_sqlite
from tests.ops.runs import Run, environ_of, run_ops

Checks = Mapping[str, tuple[str, str, str | None]]


def checks_of(run: Run) -> Checks:
    """Level, what and advice, by check."""
    document: dict[str, Any] = run.document
    assert document["ok"] + document["warning"] + document["failed"] == len(document["checks"])
    assert run.code == (1 if document["failed"] else 0)
    return {check["name"]: (check["level"], check["found"], check["advice"]) for check in document["checks"]}


def examined(installation: Installation) -> Checks:
    """The checks of an installation without Discord."""
    return checks_of(installation.run("doctor", "--json"))


@attrs.frozen
class Place:
    """A sandbox with a server, and an installation where that server chose its channel."""

    sandbox: Sandbox
    guild: Guild
    channel: Channel
    installation: Installation

    async def doctor(self, *options: str, **environ: str) -> Run:
        """Run the doctor as users do."""
        return await run_ops({**self.installation.environ, **environ}, "doctor", *options)

    async def live(self, **environ: str) -> tuple[str, str, str | None]:
        """What Discord says of the server's channel."""
        run = await self.doctor("--live", "--guild", str(self.guild.id), "--json", **environ)
        return checks_of(run)[f"live {self.guild.id}"]


async def make_place(sandbox: Sandbox, tmp_path: Path) -> Place:
    """A server whose channel is chosen, and a code that every source lists."""
    sandbox.sources.publish("FROST77")
    guild = sandbox.world.add_guild("north")
    channel = guild.channel("codes")
    installation = on_sqlite(tmp_path / "data", **environ_of(sandbox, tmp_path / "data"))
    settings = GuildSettings(guild_id=GuildId(guild.id), channel_id=ChannelId(channel.id))
    await installation.on_store(lambda store: store.save_guild(settings))
    return Place(sandbox, guild, channel, installation)
