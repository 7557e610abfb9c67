"""Publishing the commands to Discord. Tanjun's own way is broken on hikari 2.2 and later."""

from __future__ import annotations

import hikari
import stamina
import structlog
import tanjun

_log = structlog.get_logger(__name__)

_PASSING = (hikari.RateLimitTooLongError, hikari.InternalServerError)


async def declare(client: tanjun.Client, rest: hikari.api.RESTClient, application_id: hikari.Snowflake) -> int:
    """Replace the application's global commands with those of this client; how many there are.

    They are for servers only, and for installations to servers. Raises hikari's errors when Discord refuses.
    """
    builders = []
    for command in client.iter_slash_commands(global_only=True):
        builder = command.build()
        builder.set_context_types([hikari.ApplicationContextType.GUILD])
        builder.set_integration_types([hikari.ApplicationIntegrationType.GUILD_INSTALL])
        builders.append(builder)
    async for attempt in stamina.retry_context(on=_PASSING, attempts=5, timeout=60):
        with attempt:
            declared = await rest.set_application_commands(application_id, builders)
    _log.info("commands declared", commands=sorted(command.name for command in declared))
    return len(declared)
