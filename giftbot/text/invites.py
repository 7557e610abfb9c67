"""Who brought whom, as admins read it: `/invites who|explain|by|leaderboard|record|export`."""

from __future__ import annotations

from collections.abc import Sequence

from giftbot.models.ids import InviteCode, UserId
from giftbot.models.join import Candidate, Join, Kind, Left, Level, Method, Reason, Source
from giftbot.text.words import counted, full, plain, relative

LEVEL_NAMES = {
    Level.CONFIRMED: "confirmed (5 of 5)",
    Level.COUNTED: "counted (4 of 5)",
    Level.OWNER: "inviter certain (3 of 5)",
    Level.CANDIDATES: "one of several (2 of 5)",
    Level.INFERRED: "inferred (1 of 5)",
    Level.UNKNOWN: "unknown (0 of 5)",
}
LEVEL_MEANINGS = {
    Level.CONFIRMED: "Discord itself said so, or an admin did.",
    Level.COUNTED: "As many joined as this one invite counted.",
    Level.OWNER: "Several invites were counted, and all of them are this inviter's.",
    Level.CANDIDATES: "Several joined at once by invites of several people. Who came by which cannot be known; how"
    " many each of them brought can.",
    Level.INFERRED: "Only by elimination.",
    Level.UNKNOWN: "Nothing tells.",
}
METHOD_NAMES = {
    Method.COUNTED: "counting the uses of invites",
    Method.MARKER: "the role that the link gives",
    Method.MEMBER_SEARCH: "Discord's member search",
    Method.AUDIT_LOG: "the audit log",
    Method.CATCH_UP: "counting over a time in which the bot was away",
    Method.MANUAL: "recorded by an admin",
    Method.IMPORTED: "taken over from an earlier bot",
    Method.NONE: "none",
}
REASON_SENTENCES = {
    Reason.NO_PERMISSION: "The bot may not see this server's invites: it needs Manage Server.",
    Reason.NO_BASELINE: "The bot had not looked at the invites before.",
    Reason.FETCH_FAILED: "Discord did not show the invites for too long.",
    Reason.OFFLINE_GAP: "It happened while the bot was away.",
    Reason.NOT_COUNTED: "No invite that the bot can see was used.",
    Reason.AMBIGUOUS: "Too much happened at once.",
}
KIND_SENTENCES = {
    Kind.SELF: "They came by an invite of their own: it counts for nobody.",
    Kind.REJOIN_SAME: "They were here before, by the same inviter.",
    Kind.REJOIN_OTHER: "They were here before, by somebody else.",
}
LEFT_SENTENCES = {
    Left.LEFT: "Left",
    Left.TEMPORARY: "Their temporary membership ended",
    Left.AWAY: "Left while the bot was away; that was noticed",
    Left.UNSEEN: "Left unseen, before",
}
WHO_TITLE = "Who brought them"
EXPLAIN_TITLE = "How that is known"
BY_TITLE = "Who came by them"
NOBODY_CAME = "Nobody came by them, as far as I know."
INVALID_CODE = "That is no invite code: give the last part of the link, like `aBc123`, or the whole link."
RECORD_NOT_THERE = (
    "They are not here, and I never saw them join, so there is nothing to record. Choose somebody who is a member."
)
RECORD_PENDING = "I am still finding out how they came. Try again in a minute: what you record would be lost now."
RECORD_CHANGED = "Their record changed at this very moment. Try again."
RECORD_BOT = "Bots come by an authorisation, not by an invite; there is nothing to record."
EXPORT_TOO_LARGE = "That is too much for one file. Choose a shorter period."
NOTHING_TO_EXPORT = "I saw nobody join in that time, so there is nothing to export."
HELP = (
    "**/invites** says who brought whom and how certain that is, ranks inviters, and sets up join and leave"
    " messages\n"
    "**/setup_staff_invite** and **/staff** look after links of staff, **/vip** after what they are credited for\n"
    "**/debug_invites** and **/refresh_invite_cache** help when something about invites seems wrong"
)
_MOST_LISTED = 8


def person(user_id: UserId | None, name: str | None = None) -> str:
    """Somebody by name and mention; by their id where no name is known."""
    if user_id is None:
        return "nobody"
    return f"**{plain(name)}** (<@{user_id}>)" if name else f"<@{user_id}> (id {user_id})"


def code(invite: InviteCode) -> str:
    """An invite's code, with nothing that Discord would format."""
    return f"`{invite.replace('`', '')}`"


def percent(share: float) -> str:
    """`40 %`; a share that is not nothing is never shown as 0 %."""
    return "under 1 %" if 0 < share < 0.01 else f"{share:.0%}".replace("%", " %")


def nothing_known(user_id: UserId, name: str | None) -> str:
    """Somebody whose join was never seen."""
    return (
        f"I know nothing of how {person(user_id, name)} came: they joined before I watched this server, or never."
        " If you know who brought them: /invites record."
    )


def pending(user_id: UserId, name: str | None) -> str:
    """Somebody whose join is being decided."""
    return f"I am still finding out how {person(user_id, name)} came. Ask again in a minute."


def who(join: Join) -> str:
    """One membership in a sentence or two."""
    ended = f" {_left(join)}" if join.left_at is not None else ""
    return f"{person(join.user_id, join.user_name)} joined {relative(join.joined_at)} {_way(join)}.{ended}"


def earlier(joins: Sequence[Join]) -> str:
    """The memberships before, a line each."""
    return _listed([f"{full(join.joined_at)}: {_way(join)}" for join in joins])


def explanation(join: Join) -> list[tuple[str, str]]:
    """Everything that is known of a join, as titles and texts."""
    fields = [
        ("Level", f"{LEVEL_NAMES[join.level].capitalize()}. {LEVEL_MEANINGS[join.level]}"),
        ("Method", _method(join)),
    ]
    if join.reason is not None:
        fields.append(("Reason", REASON_SENTENCES[join.reason]))
    if join.evidence:
        fields.append(("Evidence", _listed([plain(sentence) for sentence in join.evidence])))
    if join.candidates:
        fields.append(("Candidates", _listed([_candidate(one) for one in _by_weight(join.candidates)])))
    if join.uses_before is not None and join.uses_after is not None:
        fields.append(("Uses", f"{join.uses_before:,} before, {join.uses_after:,} after"))
    remarks = [KIND_SENTENCES[join.kind]] if join.kind in KIND_SENTENCES else []
    if join.has_disagreement:
        remarks.append("Two pieces of evidence contradict each other.")
    if join.is_temporary:
        remarks.append("Without a role they are removed when they disconnect.")
    if remarks:
        fields.append(("Note", " ".join(remarks)))
    return fields


def explain_footer(join: Join) -> str:
    """The decision's number, and its evidence's age."""
    return f"decision {join.batch}" if join.batch is not None else "not decided by counting"


def by_line(join: Join) -> str:
    """A line of the list of somebody's joins."""
    way = code(join.code) if join.code else "one of several invites"
    notes = [] if join.is_open else ["left"]
    if join.kind is Kind.SELF:
        notes.append("own invite")
    elif join.kind in (Kind.REJOIN_SAME, Kind.REJOIN_OTHER):
        notes.append("came again")
    if not join.is_certain:
        notes.append("not certain")
    return f"{relative(join.joined_at)} {person(join.user_id, join.user_name)} by {way}" + (
        f" ({', '.join(notes)})" if notes else ""
    )


def recorded(join: Join, before: Join | None, code_owner: UserId | None = None) -> str:
    """What recording changed; `code_owner` is somebody else whose invite it is."""
    done = _recorded(join, before)
    if code_owner is None or join.code is None:
        return done
    return f"{done} Mind that {code(join.code)} is an invite of <@{code_owner}>; it counts as you recorded it."


def _recorded(join: Join, before: Join | None) -> str:
    link = f" by {code(join.code)}" if join.code else ""
    done = (
        f"Recorded: {person(join.user_id, join.user_name)} was brought{link} by"
        f" {person(join.owner_id, join.owner_name)}."
    )
    if before is None:
        return f"{done} I had not seen them join."
    if before.owner_id == join.owner_id:
        return f"{done} That was known already, at level {LEVEL_NAMES[before.level]}; now it is confirmed."
    return f"{done} Before, it was: {_way(before)}. That is kept in /invites explain."


def record_evidence(by: UserId, moment: str, before: str) -> str:
    """What the record says of itself, for `/invites explain`."""
    return f"Recorded by user {by} on {moment}. Before: {before}"


def evidence_before(join: Join | None) -> str:
    """What was known before an admin decided, in plain words."""
    if join is None:
        return "the join had not been seen."
    owner = f"inviter {join.owner_id}" if join.owner_id is not None else "no inviter"
    link = f", invite {join.code}" if join.code else ""
    return f"level {int(join.level)} by {join.method.value}, {owner}{link}."


def exported(count: int) -> str:
    """With the file."""
    return f"{counted(count, 'join')}, one line each. Times are UTC."


def _way(join: Join) -> str:
    """How somebody came, to follow "joined"."""
    match join.source:
        case Source.BOT:
            return f"as a bot that {_owner(join)} added" if join.owner_id else "as a bot"
        case Source.VANITY:
            credit = f", which counts for {_owner(join)}" if join.owner_id else ""
            return f"by the server's own address{credit}{_doubt(join)}"
        case Source.OTHER:
            return f"without an invite: discovery, an application or another integration{_doubt(join)}"
        case _:
            return _by_invite(join) if join.owner_id or join.code else _by_guess(join)


def _by_invite(join: Join) -> str:
    if join.owner_id is None:
        widget = "the server's widget, invite" if join.source is Source.WIDGET else "the invite"
        return f"by {widget} {code(join.code or InviteCode('?'))}, which has no inviter{_doubt(join)}"
    if join.code is not None:
        return f"by the invite {code(join.code)} of {_owner(join)}{_doubt(join)}"
    if join.method is Method.MANUAL:
        return f"brought by {_owner(join)}"
    return f"by an invite of {_owner(join)}; which of them is not certain{_doubt(join)}"


def _by_guess(join: Join) -> str:
    if join.candidates:
        ways = [_candidate(one) for one in _by_weight(join.candidates)[:4]]
        return f"by one of several ways: {'; '.join(ways)}"
    reason = f". {REASON_SENTENCES[join.reason].rstrip('.')}" if join.reason is not None else ""
    return f"in a way that I could not make out{reason}"


def _owner(join: Join) -> str:
    return person(join.owner_id, join.owner_name)


def _doubt(join: Join) -> str:
    return "" if join.level >= Level.OWNER else f" ({LEVEL_NAMES[join.level]})"


def _left(join: Join) -> str:
    moment = relative(join.left_at) if join.left_at is not None else ""
    return f"{LEFT_SENTENCES[join.left or Left.LEFT]} {moment}."


def _method(join: Join) -> str:
    if join.decided_by is not None:
        return f"{METHOD_NAMES[join.method].capitalize()}: <@{join.decided_by}>."
    return f"{METHOD_NAMES[join.method].capitalize()}."


def _candidate(candidate: Candidate) -> str:
    if candidate.code is None and candidate.owner_id is None:
        way = "another way"
    elif candidate.owner_id is None:
        way = f"{code(candidate.code)} (no inviter)" if candidate.code else "another way"
    else:
        link = f"{code(candidate.code)} of " if candidate.code else ""
        way = f"{link}<@{candidate.owner_id}>"
    return f"{percent(candidate.weight)} {way}"


def _by_weight(candidates: Sequence[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda one: (-one.weight, one.code or "", one.owner_id or 0))


def _listed(lines: Sequence[str]) -> str:
    """Lines, at most so many, within a field's 1,024 characters."""
    shown: list[str] = []
    for line in lines[:_MOST_LISTED]:
        cut = line if len(line) <= 300 else f"{line[:299]}…"
        if sum(map(len, shown)) + len(shown) + len(cut) > 950:
            break
        shown.append(cut)
    more = len(lines) - len(shown)
    return "\n".join([*shown, f"and {more} more"] if more else shown)
