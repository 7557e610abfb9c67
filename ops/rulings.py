"""`ops codes add`, `expire`, `verify` and `announce-again`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from giftbot.errors import InvalidInputError
from giftbot.models.ids import GuildId
from ops.options import DryRun, Guild, Json, Yes
from ops.process import Process, ops_process, require_known

if TYPE_CHECKING:  # imported where they are used: `ops --help` must not wait for them
    from giftbot.app import Services
    from giftbot.models.code import GiftCode
    from giftbot.models.redemption import GameAnswer
    from giftbot.models.report import Report
    from giftbot.services.rulings import Added, Again

One = Annotated[str, typer.Argument(metavar="CODE", help="The gift code; in any casing where it is known already.")]
Rewards = Annotated[str | None, typer.Option("--rewards", metavar="WORDS", help="What it gives.")]
Expires = Annotated[
    str | None,
    typer.Option("--expires", metavar="MOMENT", help="Until when, in UTC: 2026-12-31, or '2026-12-31 23:59'."),
]
REPORTER = "the bot's operator"
"""Who the owner reads that a code comes from."""


def add(
    code: One, rewards: Rewards = None, expires: Expires = None, guild: Guild = None, dry_run: DryRun = False
) -> None:
    """Announce a code in every server that posts, on your word; with --guild in that one only.

    With --guild all others wait until a source lists the code, or you release it.
    """
    with ops_process() as process:
        from giftbot.services.moments import parse_expiry  # noqa: PLC0415

        expires_at = parse_expiry(expires) if expires else None
        if guild is None:
            added, result = process.run(
                lambda services: services.rulings.add(code, rewards=rewards, expires_at=expires_at, dry_run=dry_run)
            )
            process.output.say(_of_added(added, result, dry_run=dry_run))
        else:
            guild_id = GuildId(guild)
            report = process.run(
                lambda services: _report(services, guild_id, code, rewards, expires_at, dry_run=dry_run)
            )
            process.output.say(_of_report(report, guild_id, dry_run=dry_run))
        _end(process, dry_run=dry_run)


def expire(code: One, dry_run: DryRun = False) -> None:
    """End a code: it is neither posted nor redeemed any more, and posts of it that wait are dropped."""
    with ops_process() as process:
        ended, is_news, waiting = process.run(lambda services: _expire(services, code, dry_run=dry_run))
        if is_news:
            verb = "Would be ended" if dry_run else "Ended"
            process.output.say(f"{verb}: {ended.display}. Servers that still waited for its post: {waiting}.")
        else:
            process.output.say(f"{ended.display} is {ended.status.value} already.")
        _end(process, dry_run=dry_run)


def verify(code: One, dry_run: DryRun = False, json: Json = False) -> None:
    """Ask the game now whether a code is good, with the player of GAME_VERIFY_PLAYER, who gets it then.

    The code is released or ended where the answer says so. The exit code is 1 when the game does not give it.
    """
    with ops_process() as process:
        answer, before, after = process.run(
            lambda services: _verify(services, code, dry_run=dry_run), asks_game=not dry_run
        )
        if json:
            process.output.document(_document(answer, before, after, dry_run=dry_run))
        else:
            _say_answer(process, answer, before, after)
            _end(process, dry_run=dry_run)
        if answer is not None and not _is_good(answer):
            raise typer.Exit(1)


def announce_again(code: One, guild: Guild = None, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Post a code once more in every server that posts, also where it was posted; with --guild in that one only.

    A code that is over counts as valid again, and is redeemed again.
    """
    with ops_process() as process:
        from ops.process import agreed  # noqa: PLC0415

        guild_id = None if guild is None else GuildId(guild)
        again = process.run(lambda services: _preview(services, code, guild_id))
        process.output.say(_plan(again))
        if dry_run:
            _end(process, dry_run=True)
            return
        if not yes and not agreed(process, f"Announce {again.code.display} again?"):
            raise typer.Exit(1)
        servers = process.run(lambda services: services.rulings.announce_again(again))
        process.output.say(f"Done. {_servers(servers)} will be posted to by the running bot, or when it starts.")


async def _report(
    services: Services,
    guild_id: GuildId,
    code: str,
    rewards: str | None,
    expires_at: datetime | None,
    *,
    dry_run: bool,
) -> Report:
    await require_known(services, guild_id)
    await services.rulings.require_usable(code, expires_at)
    guild = await services.guilds.get(guild_id)
    return await services.reports.report(
        guild, code, rewards=rewards, expires_at=expires_at, reporter=REPORTER, dry_run=dry_run
    )


async def _expire(services: Services, code: str, *, dry_run: bool) -> tuple[GiftCode, bool, int]:
    ended, is_news = await services.rulings.expire(code, dry_run=dry_run)
    return ended, is_news, await services.rulings.waiting(ended.key) if is_news else 0


async def _verify(
    services: Services, raw: str, *, dry_run: bool
) -> tuple[GameAnswer | None, GiftCode, GiftCode | None]:
    """The game's answer, the code as it was (made up where it is not stored), and as it is now."""
    from giftbot.models.code import Finding, display_form, fold  # noqa: PLC0415
    from giftbot.text.rulings import NO_PLAYER_TO_ASK_WITH  # noqa: PLC0415

    if services.verification is None:
        raise InvalidInputError(NO_PLAYER_TO_ASK_WITH)
    key = fold(raw)
    stored = (await services.codes.get([key])).get(key)
    asked = stored or services.codes.affirmed(Finding(key, display_form(raw)))
    answer = None if dry_run else await services.verification.ask_now(asked)
    return answer, asked, (await services.codes.get([key])).get(key)


async def _preview(services: Services, code: str, guild_id: GuildId | None) -> Again:
    if guild_id is not None:
        await require_known(services, guild_id)
    return await services.rulings.preview_again(code, guild_id)


def _of_added(code: GiftCode, result: Added, *, dry_run: bool) -> str:
    from giftbot.services.rulings import Added  # noqa: PLC0415

    if result is Added.KNOWN:
        return f"{code.display} is active already. To post it once more: ops codes announce-again {code.key}."
    verb = "Would be announced" if dry_run else "Announced"
    held = ", which was held" if result is Added.RELEASED else ""
    return f"{verb} in every server that posts: {code.display}{held}."


def _of_report(report: Report, guild_id: GuildId, *, dry_run: bool) -> str:
    from giftbot.models.report import ReportResult  # noqa: PLC0415

    if report.result is ReportResult.ALREADY_SENT:
        return (
            f"{report.code.display} was posted in server {guild_id} before. To post it once more:"
            f" ops codes announce-again {report.code.key} --guild {guild_id}."
        )
    rest = ""
    if report.result is ReportResult.POSTED_AND_HELD:
        rest = f" All others wait: ops codes release {report.code.key}."
    return (
        f"{'Would be posted' if dry_run else 'Will be posted'} in server {guild_id}: {report.code.display}.{rest}"
    )


def _is_good(answer: GameAnswer) -> bool:
    """Whether the game gives the code."""
    from giftbot.models.redemption import GRANTED, RedemptionOutcome  # noqa: PLC0415

    return answer.outcome in {*GRANTED, RedemptionOutcome.INELIGIBLE}


def _say_answer(process: Process, answer: GameAnswer | None, before: GiftCode, after: GiftCode | None) -> None:
    from giftbot.text.rulings import meaning  # noqa: PLC0415

    if answer is None:
        process.output.say(f"Would ask the game about {before.display}.")
    else:
        process.output.say(meaning(answer))
    if after is None:
        process.output.say(f"{before.display} is not known here. To announce it: ops codes add {before.display}.")
    elif after.status is before.status:
        process.output.say(f"{after.display} is {after.status.value}, as before.")
        if answer is not None and _is_good(answer) and after.is_ended:
            process.output.say(f"To announce it: ops codes announce-again {after.key}.")
    else:
        process.output.say(f"{after.display} was {before.status.value} and is {after.status.value} now.")


def _document(
    answer: GameAnswer | None, before: GiftCode, after: GiftCode | None, *, dry_run: bool
) -> dict[str, object]:
    return {
        "code": before.key,
        "outcome": None if answer is None else answer.outcome.value,
        "raw": None if answer is None else answer.raw,
        "before": None if after is None else before.status.value,
        "after": None if after is None else after.status.value,
        "dry_run": dry_run,
    }


def _plan(again: Again) -> str:
    from giftbot.models.code import CodeStatus  # noqa: PLC0415

    if again.guild is not None:
        before = "where it was posted before" if again.had_it else "where it was not posted yet"
        place = f"server {again.guild.guild_id}, {before}"
        return f"{again.code.display} will be posted in {place}. Other servers are not touched."
    over = ""
    if again.code.status is not CodeStatus.ACTIVE:
        over = f" It is {again.code.status.value}: it will count as valid again, and be redeemed again."
    had = f"{_servers(again.had_it)} that had it once"
    return f"{again.code.display} will be posted in {_servers(again.servers)}, also in the {had}.{over}"


def _servers(count: int) -> str:
    from giftbot.text.words import counted  # noqa: PLC0415

    return counted(count, "server")


def _end(process: Process, *, dry_run: bool) -> None:
    if dry_run:
        process.output.say("Nothing was changed (dry run).")
