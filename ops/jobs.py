"""`ops jobs`: stop, resume and try again what is redeemed. A running bot finds what is decided here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import attrs
import typer

from giftbot.errors import InvalidInputError
from giftbot.models.code import CodeStatus, fold
from giftbot.models.ids import CodeKey, GuildId
from giftbot.models.job import JobState
from ops.options import DryRun, OneCode, OneGuild
from ops.process import Process, inspecting, ops_process

if TYPE_CHECKING:  # imported where they are used: `ops --help` must not wait for them
    from giftbot.app import Services
    from giftbot.services.inspection import Standing

    Act = Callable[[Services, GuildId, CodeKey], Awaitable[bool]]
    Say = Callable[[Standing], str]

app = typer.Typer(
    help="Stop, resume or try again what is redeemed.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

REASON = "The bot's operator stopped it."
"""What the server's admins read in the progress message."""
_STATES = {JobState.OPEN: "not stopped", JobState.STOPPED: "stopped already", JobState.DONE: "finished"}


@attrs.frozen
class _Change:
    """Moving a job from one state to another."""

    before: JobState
    after: JobState
    act: Act
    would: Say
    did: Say


@app.command("stop")
def stop(guild: OneGuild, code: OneCode, dry_run: DryRun = False) -> None:
    """Stop redeeming a code in a server. Who was not asked stays open, until it is resumed."""
    with ops_process() as process:
        change = _Change(
            before=JobState.OPEN,
            after=JobState.STOPPED,
            act=lambda services, guild_id, key: services.redemptions.stop(guild_id, key, REASON),
            would=lambda job: f"Would stop {_name(job)}. Not asked yet: {_at_most(job)}.",
            did=lambda job: f"Stopped {_name(job)}. Not asked yet: {_at_most(job)}; to go on: ops jobs resume.",
        )
        _move(process, guild, code, change, dry_run=dry_run)


@app.command("resume")
def resume(guild: OneGuild, code: OneCode, dry_run: DryRun = False) -> None:
    """Go on redeeming a code that was stopped, where it was."""
    with ops_process() as process:
        change = _Change(
            before=JobState.STOPPED,
            after=JobState.OPEN,
            act=lambda services, guild_id, key: services.redemptions.resume(guild_id, key),
            would=lambda job: f"Would resume {_name(job)}: {_left(job)} would be asked for.",
            did=lambda job: (
                f"Resumed {_name(job)}: {_left(job)} will be asked for, by the running bot or when it starts."
            ),
        )
        _move(process, guild, code, change, dry_run=dry_run)


@app.command("retry")
def retry(guild: OneGuild, code: OneCode, dry_run: DryRun = False) -> None:
    """Ask again for everybody in a server who did not get a code, once the cause is gone."""
    with ops_process() as process:
        guild_id, key = GuildId(guild), fold(code)

        async def work(services: Services) -> tuple[Standing, int]:
            job = await _find(services, guild_id, key)
            await _require_active(services, key)
            lacking = job.counts.total - job.counts.granted
            return job, lacking if dry_run else await services.redemptions.retry(guild_id, key)

        job, count = process.run(work)
        if not count:
            process.output.say(f"Nobody lacks {_name(job)}.")
        elif dry_run:
            process.output.say(f"Would be asked for again: {_players(count)} without {_name(job)}.")
        else:
            process.output.say(f"Will be asked for again: {_players(count)} without {_name(job)}.")
        if count and job.job.state is JobState.STOPPED:
            process.output.say("It is stopped: go on with ops jobs resume.")
        _end(process, dry_run=dry_run)


def _move(process: Process, guild: int, code: str, change: _Change, *, dry_run: bool) -> None:
    """Change a job's state. Exit code 1 when it is neither in the state before nor in the one after."""
    guild_id, key = GuildId(guild), fold(code)

    async def work(services: Services) -> tuple[Standing, bool]:
        job = await _find(services, guild_id, key)
        if job.job.state is not change.before:
            return job, False
        if dry_run or await change.act(services, guild_id, key):
            return job, True
        return await _find(services, guild_id, key), False  # it ended a moment ago

    job, is_changed = process.run(work)
    if is_changed:
        process.output.say(change.would(job) if dry_run else change.did(job))
    else:
        process.output.say(f"{_name(job)} is {_STATES[job.job.state]}.")
        if job.job.state is JobState.DONE and change.after is JobState.OPEN:
            process.output.say(_after_the_end(job))
    _end(process, dry_run=dry_run)
    if not is_changed and job.job.state is not change.after:
        raise typer.Exit(1)


async def _find(services: Services, guild_id: GuildId, key: CodeKey) -> Standing:
    job = await inspecting(services).job(guild_id, key)
    if job is None:
        raise InvalidInputError(f"{key} is not redeemed in server {guild_id}. What is: ops inspect jobs.")
    return job


async def _require_active(services: Services, key: CodeKey) -> None:
    code = (await services.codes.get([key])).get(key)
    if code is None or code.status is not CodeStatus.ACTIVE or code.is_over(services.clock.now()):
        state = "not known" if code is None else "over" if code.status is CodeStatus.ACTIVE else code.status.value
        raise InvalidInputError(f"{key} is {state}, so nobody can be asked for it. Nothing was changed.")


def _after_the_end(job: Standing) -> str:
    """What is left to do for a job that cannot be resumed, because it ran to its end."""
    lacking = job.counts.total - job.counts.granted
    if not lacking:
        return "Everybody in it has the code: there is nothing to resume."
    return (
        f"There is nothing to resume. To ask again for {_players(lacking)} without the code, while it is active:"
        f" ops jobs retry --guild {job.job.guild_id} --code {job.job.code}."
    )


def _end(process: Process, *, dry_run: bool) -> None:
    if dry_run:
        process.output.say("Nothing was changed (dry run).")


def _name(job: Standing) -> str:
    return f"{job.job.code} in server {job.job.guild_id}"


def _left(job: Standing) -> str:
    return _players(job.counts.open) + (" or more" if job.job.enrolling else "")


def _at_most(job: Standing) -> str:
    """Whoever is being asked at this very moment still gets their answer."""
    return _left(job) if job.job.enrolling else f"{_left(job)} at most"


def _players(count: int) -> str:
    from giftbot.text.words import counted  # noqa: PLC0415

    return counted(count, "player")
