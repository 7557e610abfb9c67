"""Redemption jobs: progress, summaries, and the answers to those who run them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from giftbot.models.ids import ChannelId
from giftbot.models.job import Counts, Job, JobState
from giftbot.models.pace import BreakerState, Pace
from giftbot.models.redemption import Redemption, RedemptionOutcome
from giftbot.text.words import counted, full, plain, relative

OUTCOME_NAMES = {
    RedemptionOutcome.WAITING: "waiting",
    RedemptionOutcome.REDEEMED: "redeemed",
    RedemptionOutcome.ALREADY: "had it already",
    RedemptionOutcome.EXPIRED: "code expired",
    RedemptionOutcome.NOT_FOUND: "code not known",
    RedemptionOutcome.EXHAUSTED: "code used up",
    RedemptionOutcome.INELIGIBLE: "not eligible yet",
    RedemptionOutcome.WRONG_KINGDOM: "wrong kingdom",
    RedemptionOutcome.NO_SUCH_PLAYER: "no such player",
    RedemptionOutcome.RETRY: "to be asked again",
    RedemptionOutcome.REFUSED_SIGNATURE: "game refused the bot",
    RedemptionOutcome.BY_HAND: "by hand only",
    RedemptionOutcome.UNKNOWN: "unknown answer",
}
"""What people read for each outcome; also a column of exported results."""

_ADVICE = {
    RedemptionOutcome.WAITING: "The game is asked once the player is resumed, if the code is still valid then.",
    RedemptionOutcome.EXPIRED: "The code's time is over. There is nothing left to do.",
    RedemptionOutcome.NOT_FOUND: "The game does not know this code. Check how it is written.",
    RedemptionOutcome.EXHAUSTED: "The code was claimed as often as it may be. There is nothing left to do.",
    RedemptionOutcome.INELIGIBLE: (
        "Level or spending in the game is too low. The game is asked again daily until the code expires."
    ),
    RedemptionOutcome.WRONG_KINGDOM: (
        "The kingdom is wrong, or none is known. /player add again with the right one; then auto-redeem, where it "
        "is on, or else /redeem gets the active codes."
    ),
    RedemptionOutcome.NO_SUCH_PLAYER: "The game does not know the player id. /player add with the right one.",
    RedemptionOutcome.RETRY: "The game was busy. It is asked again by itself.",
    RedemptionOutcome.REFUSED_SIGNATURE: "The game does not accept the bot at present. Its owner was told.",
    RedemptionOutcome.UNKNOWN: "The game said something that the bot does not know. The bot's owner was told.",
}
_BAR = 20
"""Characters of the bar."""

NO_REDEEM_CHANNEL = "No channel for progress is chosen. Choose one with /giftcodesettings, Redemption."
AUTO_REDEEM_ENDED = "Auto-redeem was turned off."
NO_JOBS = "Nothing is being redeemed in this server."
NO_HISTORY = "No job has finished in this server yet."
NOBODY_REGISTERED = "No player is registered in this server yet. /player add registers one, /player import many."
NOT_OWN_PLAYER = "This is none of your players. /player mine shows yours."
JOBS_TITLE = "Redemption in this server"
HISTORY_TITLE = "Finished redemptions"
GAME_FIELD = "The game"
AUTO_FIELD = "Auto-redeem"
CSV_COLUMNS = (
    "player_id",
    "nickname",
    "kingdom",
    "outcome",
    "meaning",
    "answer",
    "attempts",
    "redeemed_at",
    "next_attempt_at",
)
RESULTS_EXPORTED = "The results of every player, as a table."
NO_RESULTS = "There are no results of this job any more."


def progress_title(display: str, job: Job, *, rests: bool) -> str:
    """Headline of a progress message."""
    name = plain(display)
    if job.state is JobState.STOPPED:
        return f"{name}: stopped"
    if job.state is JobState.DONE:
        return f"{name}: finished"
    return f"{name}: waiting" if rests else f"Redeeming {name}"


def bar(done: int, total: int) -> str:
    """How far it is, as a bar and in numbers."""
    filled = _BAR * done // total if total else 0
    return f"`{'█' * filled}{'░' * (_BAR - filled)}` {done:,} of {total:,}"


def counts_line(counts: Counts) -> str:
    """The counts by kind."""
    by = counts.by_outcome
    parts = [
        ("redeemed", by.get(RedemptionOutcome.REDEEMED, 0)),
        ("had it already", by.get(RedemptionOutcome.ALREADY, 0)),
        ("waiting", counts.open),
        ("failed", counts.failed),
    ]
    return " · ".join(f"**{count:,}** {name}" for name, count in parts)


ENROLLING = "Looking up who has the code already."
NOBODY_IN_JOB = "There was nobody to redeem it for."


def done_about(moment: datetime) -> str:
    """When a job will be done, as far as can be told."""
    return f"Done about {relative(moment)}"


def goes_on(moment: datetime) -> str:
    """When a resting job goes on."""
    return f"Goes on {relative(moment)}"


def finished_at(moment: datetime) -> str:
    """When a job ended."""
    return f"Finished {full(moment)}"


def how_to_resume(display: str) -> str:
    """What stopped jobs say."""
    return f"What was not asked stays open. /autoredeem resume {plain(display)} goes on where it was."


def failure_name(outcome: RedemptionOutcome, count: int) -> str:
    """Heading of the players of one kind of failure."""
    name = "paused" if outcome is RedemptionOutcome.WAITING else OUTCOME_NAMES[outcome]
    return f"{name.capitalize()}: {counted(count, 'player')}"


def advice(outcome: RedemptionOutcome, site: str) -> str:
    """What to do about one kind of failure; `site` is where players redeem by hand."""
    if outcome is RedemptionOutcome.BY_HAND:
        return f"The game gives this code to players only who redeem it themselves: {site}"
    return _ADVICE.get(outcome, "")


def job_line(display: str, job: Job, counts: Counts, ends_at: datetime | None, *, rests: bool) -> str:
    """One job in a line of a list."""
    parts = [f"**{plain(display)}** {_state(job, rests=rests)}: {counts.granted:,} of {counts.total:,} have it"]
    if counts.failed:
        parts.append(f"{counts.failed:,} failed")
    if job.state is JobState.DONE and job.finished_at is not None:
        parts.append(relative(job.finished_at))
    elif rests and job.due_at is not None:
        parts.append(f"goes on {relative(job.due_at)}")
    elif ends_at is not None:
        parts.append(f"done about {relative(ends_at)}")
    return ", ".join(parts)


def _state(job: Job, *, rests: bool) -> str:
    if job.state is JobState.OPEN:
        return "waits" if rests else "runs"
    return "finished" if job.state is JobState.DONE else "stopped"


def game_line(pace: Pace) -> str:
    """How the game is asked at present, in plain words."""
    queue = ""
    if pace.waiting:
        queue = f" {counted(pace.waiting, 'question waits for its turn', 'questions wait for their turn')}."
    if pace.halted is not None:
        return pace.halted
    if pace.store_away is not None:
        return f"Nobody is asked while the bot's store is away.{queue}"
    if pace.breaker is not BreakerState.CLOSED:
        again = f" It is tried again {relative(pace.canary_at)}." if pace.canary_at else " It is being tried."
        return f"The game seems to be out of order and is left alone for a while.{again}{queue}"
    if pace.paused_until is not None:
        return f"The game asked for a pause; it goes on {relative(pace.paused_until)}.{queue}"
    slower = "" if pace.rate >= pace.per_minute else f" (usually {pace.per_minute:.3g}; it asked for less)"
    return f"It is asked up to {pace.rate:.3g} times a minute{slower}.{queue}"


def auto_redeem_line(*, is_on: bool, channel_id: ChannelId | None) -> str:
    """The settings of redemption in a line."""
    where = f"progress in <#{channel_id}>" if channel_id else "progress is shown nowhere"
    return f"{'on' if is_on else 'off'}, {where}"


def nothing_now(halted: str, codes: int = 0) -> str:
    """That nothing is redeemed at present, why, and what to do (`halted`); so many codes wait for its end."""
    waiting = f" {counted(codes, 'active code waits', 'active codes wait')} for that." if codes else ""
    return f"Nothing is redeemed now: {halted[:1].lower()}{halted[1:]}{waiting}"


def auto_redeem_on(started: int, channel_id: ChannelId | None, halted: str | None = None) -> str:
    """After auto-redeem was turned on; `halted` is why nothing is redeemed now."""
    hint = "" if channel_id else f" {NO_REDEEM_CHANNEL}"
    if halted is not None:
        return f"Auto-redeem is on, but has no effect yet. {nothing_now(halted, started)}{hint}"
    now = (
        f"{counted(started, 'active code')} will be redeemed now." if started else "There is nothing to redeem now."
    )
    return f"Auto-redeem is on: new codes are redeemed for every player of this server. {now}{hint}"


def auto_redeem_off(stopped: int) -> str:
    """After auto-redeem was turned off."""
    off = "Auto-redeem is off: nothing is redeemed by itself in this server any more."
    if not stopped:
        return off
    return f"{off} {counted(stopped, 'running job was', 'running jobs were')} stopped; /autoredeem resume goes on."


def job_started(display: str, halted: str | None = None) -> str:
    """After a job was started by hand; `halted` is why nothing is redeemed now."""
    if halted is not None:
        return f"**{plain(display)}** waits. {nothing_now(halted)}"
    return f"**{plain(display)}** is being redeemed for every player of this server who does not have it yet."


def jobs_started(count: int, halted: str | None = None) -> str:
    """After jobs for all active codes were started; `halted` is why nothing is redeemed now."""
    if halted is not None:
        return nothing_now(halted, count)
    if not count:
        return (
            "There is nothing to start: every active code is being redeemed already, there is none, "
            "or no player is registered yet."
        )
    return f"{counted(count, 'active code')} will be redeemed for every player of this server."


def job_running(display: str, halted: str | None = None) -> str:
    """When a job that was asked for runs already; `halted` is why nothing is redeemed now."""
    if halted is not None:
        return f"**{plain(display)}** waits already. {nothing_now(halted)}"
    return f"**{plain(display)}** is already running. /autoredeem status shows how far it is."


def job_stopped(display: str) -> str:
    """After a job was stopped."""
    return f"**{plain(display)}** is stopped; other codes go on. {how_to_resume(display)}"


def not_running(display: str) -> str:
    """When a job that is to be stopped does not run."""
    return f"**{plain(display)}** is not being redeemed in this server. /autoredeem status shows what is."


def job_resumed(display: str, halted: str | None = None) -> str:
    """After a job was resumed; `halted` is why nothing is redeemed now."""
    if halted is not None:
        return f"**{plain(display)}** is not stopped any more. {nothing_now(halted)}"
    return f"**{plain(display)}** goes on where it was."


def not_stopped(display: str) -> str:
    """When a job that is to be resumed is not stopped."""
    return f"**{plain(display)}** is not stopped in this server. /autoredeem run starts a code anew."


def export_button(display: str) -> str:
    """Label of the button that exports a job's results."""
    return f"Results of {display}"


def code_not_active(raw: str) -> str:
    """When a code cannot be redeemed (any more)."""
    return f"**{plain(raw)}** is not an active code. /giftcode shows those that are."


def player_name(player_id: str, nickname: str | None) -> str:
    """A player as people know them."""
    return f"{plain(nickname)} ({player_id})" if nickname else player_id


def redeemed_now(row: Redemption, display: str, site: str) -> str:
    """What became of one code for one player, as a sentence without the player."""
    name = f"**{plain(display)}**"
    if row.outcome is RedemptionOutcome.REDEEMED:
        when = f" ({relative(row.redeemed_at)})" if row.redeemed_at else ""
        return f"{name} is redeemed{when}. Look into your mail in the game."
    if row.outcome is RedemptionOutcome.ALREADY:
        return f"{name} was redeemed before."
    if row.outcome in (RedemptionOutcome.INELIGIBLE, RedemptionOutcome.RETRY):
        is_low = row.outcome is RedemptionOutcome.INELIGIBLE
        why = "level or spending is too low yet" if is_low else "the game did not decide"
        following = (
            f"The next attempt is {relative(row.next_attempt_at)}."
            if row.next_attempt_at is not None
            else "Try again in some minutes: /redeem, or the button."
        )
        return f"{name} is not redeemed yet: {why}. {following}"
    return f"{name} is not redeemed ({OUTCOME_NAMES[row.outcome]}). {advice(row.outcome, site)}".rstrip()


def results_of(player: str, sentences: Sequence[str]) -> str:
    """The results of one player, one a line."""
    return f"{player}: " + ("\n- " if len(sentences) > 1 else "") + "\n- ".join(sentences)
