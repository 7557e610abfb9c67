"""`/debug_invites` and `/refresh_invite_cache`, and the notice of a missing permission."""

from __future__ import annotations

from collections.abc import Sequence

from giftbot.models.copy_status import CopyStatus
from giftbot.models.ids import GuildId
from giftbot.models.invite import Coverage, Gone, Tombstone
from giftbot.models.invite_health import (
    BlindSpots,
    ChannelLine,
    ChannelPage,
    Comparison,
    Difference,
    Health,
    InviteLine,
    InvitePage,
    Refreshed,
    SearchState,
)
from giftbot.text.invites import code, person, who
from giftbot.text.words import counted, plain, relative

DEBUG_TITLE = "Invites: how attribution stands"
INVITES_TITLE = "Invites, as cached"
REFRESHED_TITLE = "Invites, looked at anew"
BUTTON_OVERVIEW = "Overview"
BUTTON_INVITES = "Invites"
BUTTON_CHANNELS = "Channels"
CHANNELS_TITLE = "Invites: what I may do in each channel"
NO_CHANNELS = "I see no channel that can have invites."
NO_INVITES = "No invites are cached."
SEARCH_OFF = "off (the host turns it on with GIFTBOT_MEMBER_SEARCH)"
STILL_LOOKING = "I am still looking: Discord answers slowly. Try /debug_invites in a minute."
COVERAGE_SENTENCES = {
    Coverage.FULL: "I see all invites with their uses.",
    Coverage.CHANNELS: "I see only invites of the channels in which I have Manage Channels; joins by others stay"
    " unknown. With Manage Server I would see all.",
    Coverage.BARE: "I see which invites there are, but not their uses. With Manage Server I would see them.",
    Coverage.NONE: "I may not see invites, so who brought whom stays unknown. Give me Manage Server.",
}
GONE_WORDS = {
    Gone.DELETED: "deleted",
    Gone.EXPIRED: "expired",
    Gone.CHANNEL: "its channel was deleted",
    Gone.VANISHED: "not listed any more",
}
_MOST = 8
_FIELD = 1000


def permission_notice(guild_id: GuildId, missing: Sequence[str]) -> str:
    """What a server's admin reads, once."""
    return (
        f"I cannot tell who brings new members in your server ({guild_id}): I lack {_names(missing)}. Give it to my"
        " role; from then on joins are attributed. Until then each join is stored as unknown. /debug_invites shows"
        " how it stands."
    )


def not_permitted(missing: Sequence[str]) -> str:
    """A look that was not tried."""
    return f"I may not see this server's invites: I lack {_names(missing or ('Manage Server',))}."


def look_failed(why: str) -> str:
    """A look that Discord did not answer."""
    return f"Nothing was changed: {plain(why[:300])} It is tried again by itself; or try again in a minute."


def overview(health: Health) -> list[tuple[str, str]]:
    """Everything but the invites one by one, as titles and texts within Discord's limits."""
    ledger = health.ledger
    fields = [
        ("Permissions", _permissions(health)),
        ("Blind spots", _blind(health.blind)),
        ("Baseline", _baseline(health)),
        ("Live against cached", _comparison(health)),
    ]
    if health.waiting:
        fields.append(("Waiting", f"{counted(health.waiting, 'event')} to be decided."))
    fields.append(("Unclaimed uses", _unclaimed(health)))
    fields.append(("Gone invites", _lines([_tombstone(one) for one in ledger.tombstones]) or "none that matter"))
    fields.append(("Member search", SEARCH_OFF if health.search is None else search_state(health.search)))
    fields.append(("Copies", _lines([copy_line(one) for one in health.copies]) or "none are kept"))
    return [(name, words[:_FIELD]) for name, words in fields]


def search_state(search: SearchState) -> str:
    """How the second look at joins stands."""
    if search.paused_until is None:
        words = "on"
    else:
        why = plain((search.why or "")[:300])
        words = f"on, but it does not work: {why} It is asked again {relative(search.paused_until)}."
    lines = [words]
    if search.waiting:
        lines.append(f"{counted(search.waiting, 'join')} to look for")
    if search.last is None:
        lines.append("no search in this server since my start")
    else:
        lines.append(
            f"last search {relative(search.last.at)}: {counted(search.last.joins, 'join')},"
            f" {search.last.contradicted:,} of them contradicted"
        )
    return "\n".join(lines)


def invite_line(line: InviteLine) -> str:
    """One invite: its uses, its owner, and the staff member that it counts for."""
    invite, link = line.invite, line.link
    limit = f" of {invite.max_uses:,}" if invite.max_uses else ""
    parts = [f"{code(invite.code)} **{invite.uses:,}**{limit} {'use' if invite.uses == 1 else 'uses'}"]
    made = person(invite.inviter_id, invite.inviter_name) if invite.inviter_id else "no inviter (widget)"
    parts.append(f"made by {made}")
    if link is not None:
        marker = f", gives <@&{link.marker_role_id}>" if link.marker_role_id else ""
        parts.append(f"counts for {person(link.staff_id, link.staff_name)}{marker}")
    if invite.channel_id:
        parts.append(f"in <#{invite.channel_id}>")
    if invite.expires_at is not None:
        parts.append(f"ends {relative(invite.expires_at)}")
    return ", ".join(parts)


def invites_footer(page: InvitePage) -> str:
    """Where the reader is."""
    return f"{counted(page.invites, 'invite')}, page {page.number + 1} of {page.pages}"


def channel_line(line: ChannelLine) -> str:
    """One channel: what the bot may do there, and what it does not see."""
    told = "told of new and deleted invites" if line.is_told else "**not told of new and deleted invites**"
    made = "can make invites" if line.may_create else "**cannot make invites**"
    seen = "" if line.is_public else ", hidden from new members"
    return f"<#{line.channel_id}> ({plain(line.name)}): {told}, {made}{seen}"


def channels_footer(page: ChannelPage) -> str:
    """What the words stand for, and where the reader is."""
    return (
        f"told: Manage Channels; make: Create Invite · {counted(page.channels, 'channel')},"
        f" page {page.number + 1} of {page.pages}"
    )


def refreshed(done: Refreshed) -> list[tuple[str, str]]:
    """What changed, as titles and texts."""
    fields = []
    if done.moved:
        fields.append(("Uses that moved", _lines([_moved(one) for one in done.moved])))
    if done.vanity:
        fields.append(("Own address", f"{counted(done.vanity, 'use')} more"))
    if done.new:
        fields.append(("New invites", _lines([code(one) for one in done.new])))
    if done.gone:
        fields.append(("Gone invites", _lines([code(one) for one in done.gone])))
    if done.joins:
        fields.append(("Joins decided", _lines([who(join) for join in done.joins])))
    if not fields:
        fields.append(("Changes", "Nothing had changed."))
    if done.copies:
        fields.append(("Copies", _lines([copy_line(one) for one in done.copies])))
    return [(name, words[:_FIELD]) for name, words in fields]


def refreshed_summary(done: Refreshed) -> str:
    """The first line."""
    return f"{counted(done.invites, 'invite')} looked at and saved."


def copy_line(status: CopyStatus) -> str:
    """One layer: what is there, how old it is, and what is wrong with it."""
    if status.sequence is None:
        there = "nothing known to be there"
    else:
        age = f", {relative(status.taken_at)}" if status.taken_at is not None else ""
        there = f"number {status.sequence:,}{age}"
    notes = ["something newer waits to be written"] if status.is_waiting else []
    for what, why in (
        ("refused", status.refused),
        ("one before was refused", status.replaced),
        ("not written", status.held),
        ("failed", status.failed),
    ):
        if why:
            notes.append(f"{what}: {plain(why[:200])}")
    if status.refused_entries:
        shown = "; ".join(plain(one[:100]) for one in status.refused_entries[:3])
        notes.append(f"{counted(len(status.refused_entries), 'entry', 'entries')} refused: {shown}")
    return f"**{plain(status.label)}**: {there}" + (f" ({'; '.join(notes)})" if notes else "")


def _permissions(health: Health) -> str:
    words = COVERAGE_SENTENCES[health.coverage]
    return f"{words} Missing: {_names(health.missing)}." if health.missing else words


def _blind(blind: BlindSpots) -> str:
    if not blind.channels:
        return "I see no channel."
    lines = []
    if blind.untold:
        lines.append(
            f"Not told of new and deleted invites (Manage Channels) in {len(blind.untold)} of"
            f" {counted(blind.channels, 'channel')}: {_channels(blind.untold)}"
        )
    if blind.uncreatable:
        lines.append(f"Cannot make invites (Create Invite) in: {_channels(blind.uncreatable)}")
    return "\n".join(lines) or f"none in {counted(blind.channels, 'channel')}"


def _baseline(health: Health) -> str:
    ledger = health.ledger
    if ledger.taken_at is None:
        return "There is none yet: joins before the first look stay unknown."
    parts = [
        f"taken {relative(ledger.taken_at)}, {counted(len(ledger.invites), 'invite')}"
        f" ({counted(health.links, 'staff link')}), decision {ledger.number:,}"
    ]
    if ledger.vanity is not None:
        parts.append(f"own address {code_text(ledger.vanity.code)}: {counted(ledger.vanity.uses, 'use')}")
    if ledger.anomalies:
        parts.append(f"{counted(ledger.anomalies, 'anomaly', 'anomalies')} so far")
    return "\n".join(parts)


def code_text(words: str) -> str:
    """An address of a server, with nothing that Discord would format."""
    return f"`{words.replace('`', '')}`"


def _comparison(health: Health) -> str:
    if health.comparison is None:
        return plain(health.look_failed or "not looked at")
    comparison: Comparison = health.comparison
    head = f"{comparison.equal:,} equal, {len(comparison.different):,} different"
    if health.lost:
        head += f", {counted(health.lost, 'entry', 'entries')} of Discord's list could not be read"
    return "\n".join([head, *filter(None, [_lines([_different(one) for one in comparison.different])])])


def _different(one: Difference) -> str:
    if one.cached is None:
        return f"{code(one.code)}: {counted(one.live or 0, 'use')} live, not cached"
    if one.live is None:
        return f"{code(one.code)}: {counted(one.cached, 'use')} cached, not listed any more"
    return f"{code(one.code)}: {one.live:,} live, {one.cached:,} cached"


def _moved(one: Difference) -> str:
    before, after = one.cached or 0, one.live or 0
    return f"{code(one.code)}: {before:,} to {after:,} ({after - before:+,})"


def _unclaimed(health: Health) -> str:
    ledger = health.ledger
    open_ones = [f"{code(one.code)}: {one.count:,} since {relative(one.since)}" for one in ledger.unclaimed]
    archived = sum(ledger.archived.values())
    words = _lines(open_ones) or "none open"
    return f"{words}\n{counted(archived, 'use')} that nobody will claim any more" if archived else words


def _tombstone(stone: Tombstone) -> str:
    uses = stone.final_uses if stone.final_uses is not None else stone.invite.uses
    return f"{code(stone.invite.code)}: {GONE_WORDS[stone.gone]} {relative(stone.gone_at)}, {counted(uses, 'use')}"


def _channels(names: Sequence[str]) -> str:
    shown = ", ".join(f"#{plain(name)}" for name in names[:_MOST])
    return f"{shown} and {len(names) - _MOST} more" if len(names) > _MOST else shown


def _names(names: Sequence[str]) -> str:
    return " and ".join(names)


def _lines(lines: Sequence[str]) -> str:
    """Lines within one field."""
    shown: list[str] = []
    for line in lines[:_MOST]:
        if sum(map(len, shown)) + len(shown) + len(line) > _FIELD - 50:
            break
        shown.append(line)
    more = len(lines) - len(shown)
    return "\n".join([*shown, f"and {more} more"] if more else shown)
