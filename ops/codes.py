"""`ops codes`: add codes, end them, ask about them, and decide on those that are held."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import attrs
import typer

from giftbot.errors import InvalidInputError
from giftbot.models.code import CodeStatus, GiftCode, fold
from giftbot.models.ids import CodeKey
from ops import rulings
from ops.listing import show
from ops.options import DryRun, Json
from ops.process import Process, inspecting, ops_process

if TYPE_CHECKING:  # imported where they are used: `ops --help` must not wait for them
    from giftbot.app import Services

    Decide = Callable[[Services, Sequence[CodeKey]], Awaitable[list[GiftCode]]]

app = typer.Typer(
    help="Add codes, end them, ask the game about them, decide on those that are held.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
app.command("add")(rulings.add)
app.command("expire")(rulings.expire)
app.command("verify")(rulings.verify)
app.command("announce-again")(rulings.announce_again)

Named = Annotated[list[str] | None, typer.Argument(metavar="CODE...", help="Held codes, in any casing.")]
All = Annotated[bool, typer.Option("--all", help="All codes that are held now.")]


@app.command("held")
def held(json: Json = False) -> None:
    """Show the codes that wait for a decision."""
    with ops_process() as process:
        from ops import forms  # noqa: PLC0415

        found = process.run(_held)
        show(process, attrs.evolve(forms.CODES, nothing="No code is held."), found, json=json)


@app.command("release")
def release(codes: Named = None, all_: All = False, dry_run: DryRun = False) -> None:
    """Announce held codes in every server that posts."""
    with ops_process() as process:
        _decide(
            process,
            codes or [],
            all_,
            dry_run,
            decide=lambda services, keys: services.reports.release(keys),
            after=CodeStatus.ACTIVE,
            words=("Would be released", "Released"),
        )


@app.command("discard")
def discard(codes: Named = None, all_: All = False, dry_run: DryRun = False) -> None:
    """Refuse held codes for good."""
    with ops_process() as process:
        _decide(
            process,
            codes or [],
            all_,
            dry_run,
            decide=lambda services, keys: services.reports.discard(keys),
            after=CodeStatus.INVALID,
            words=("Would be discarded", "Discarded"),
        )


async def _held(services: Services) -> list[GiftCode]:
    return await inspecting(services).codes([CodeStatus.HELD])


def _decide(
    process: Process,
    named: Sequence[str],
    every: bool,
    dry_run: bool,
    *,
    decide: Decide,
    after: CodeStatus,
    words: tuple[str, str],
) -> None:
    """Decide on codes. Exit code 1 when one of those that were named is neither held nor decided like this before.

    Raises `InvalidInputError`, before anything is changed, for a text that is no code or a code that is not known.
    """
    wanted = _wanted(named, every)
    would, done = words

    async def work(services: Services) -> tuple[list[GiftCode], list[GiftCode]]:
        if every:
            chosen = await _held(services)
        else:
            chosen = await _known(services, [fold(word) for word in wanted])
        waiting = [code for code in chosen if code.status is CodeStatus.HELD]
        others = [code for code in chosen if code.status is not CodeStatus.HELD]
        if dry_run or not waiting:
            return waiting, others
        return await decide(services, [code.key for code in waiting]), others

    decided, others = process.run(work)
    if decided:
        process.output.say(f"{would if dry_run else done}: {', '.join(code.display for code in decided)}.")
    for code in others:
        process.output.say(f"{code.display} is not held: it is {code.status.value}.")
    if not decided and not others:
        process.output.say("No code is held.")
    if dry_run:
        process.output.say("Nothing was changed (dry run).")
    if any(code.status is not after for code in others):
        raise typer.Exit(1)


def _wanted(named: Sequence[str], every: bool) -> Sequence[str]:
    if every and named:
        raise InvalidInputError("Name codes, or say --all, not both.")
    if not every and not named:
        raise InvalidInputError("Name the codes, or say --all. The held ones: ops codes held.")
    return named


async def _known(services: Services, keys: Sequence[CodeKey]) -> list[GiftCode]:
    """These codes in the order in which they were named, each once."""
    found = await services.codes.get(keys)
    unknown = [key for key in dict.fromkeys(keys) if key not in found]
    if unknown:
        raise InvalidInputError(f"Not known: {', '.join(unknown)}. Nothing was changed. See ops codes held.")
    return [found[key] for key in dict.fromkeys(keys)]
