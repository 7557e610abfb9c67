"""How invites, joins, staff links and credits read: as JSON with stable keys, and as cells of a table."""

from __future__ import annotations

from collections.abc import Sequence

from giftbot.models.credit import Credit
from giftbot.models.invite import Invite
from giftbot.models.invite_batch import Ledger
from giftbot.models.join import Candidate, Join
from giftbot.models.staff import StaffLink
from ops.forms import NOTHING, Document, moment, number, shown
from ops.listing import Form

INVITE_HEADINGS = ("SERVER", "CODE", "USES", "LIMIT", "CLAIMED", "INVITER", "NAME", "CHANNEL", "ENDS", "SEEN")
JOIN_HEADINGS = (
    "SERVER",
    "USER",
    "NAME",
    "JOINED",
    "LEFT",
    "SOURCE",
    "CODE",
    "OWNER",
    "OWNER NAME",
    "LEVEL",
    "METHOD",
    "KIND",
    "REASON",
)
LINK_HEADINGS = ("SERVER", "CODE", "STAFF", "NAME", "STATE", "FROM", "UNTIL", "CHANNEL", "ROLE", "MADE BY")
CREDIT_HEADINGS = ("SERVER", "USER", "NAME", "KIND", "STATE", "STAFF", "STAFF NAME", "CODE", "LEVEL", "CHANGED")


def of_invite(ledger: Ledger, invite: Invite) -> Document:
    """An invite as the last look saw it."""
    return {
        "guild_id": number(ledger.guild_id),
        "code": invite.code,
        "uses": invite.uses,
        "max_uses": invite.max_uses or None,
        "claimed": ledger.claimed.get(invite.code, 0),
        "unclaimed": sum(one.count for one in ledger.unclaimed if one.code == invite.code),
        "archived": ledger.archived.get(invite.code, 0),
        "inviter_id": number(invite.inviter_id),
        "inviter_name": invite.inviter_name,
        "channel_id": number(invite.channel_id),
        "created_at": moment(invite.created_at),
        "expires_at": moment(invite.expires_at),
        "is_temporary": invite.is_temporary,
        "role_ids": [str(role_id) for role_id in invite.role_ids],
        "seen_at": moment(ledger.taken_at),
    }


def of_join(join: Join) -> Document:
    """A membership."""
    return {
        "join_id": join.join_id,
        "guild_id": number(join.guild_id),
        "user_id": number(join.user_id),
        "user_name": join.user_name,
        "joined_at": moment(join.joined_at),
        "left_at": moment(join.left_at),
        "left": join.left.value if join.left else None,
        "source": join.source.value,
        "level": int(join.level),
        "method": join.method.value,
        "reason": join.reason.value if join.reason else None,
        "code": join.code,
        "owner_id": number(join.owner_id),
        "owner_name": join.owner_name,
        "inviter_id": number(join.inviter_id),
        "candidates": _candidates(join.candidates),
        "evidence": list(join.evidence),
        "kind": join.kind.value,
        "has_disagreement": join.has_disagreement,
        "previous": join.previous,
        "batch": join.batch,
        "decided_by": number(join.decided_by),
        "updated_at": moment(join.updated_at),
    }


def of_link(link: StaffLink) -> Document:
    """A staff link."""
    return {
        "guild_id": number(link.guild_id),
        "code": link.code,
        "staff_id": number(link.staff_id),
        "staff_name": link.staff_name,
        "state": link.state.value,
        "valid_from": moment(link.valid_from),
        "valid_to": moment(link.valid_to),
        "channel_id": number(link.channel_id),
        "marker_role_id": number(link.marker_role_id),
        "is_ours": link.is_ours,
        "replaces": link.replaces,
        "told_at": moment(link.told_at),
        "updated_at": moment(link.updated_at),
    }


def of_credit(credit: Credit) -> Document:
    """A credit with its history."""
    return {
        "credit_id": credit.credit_id,
        "guild_id": number(credit.guild_id),
        "user_id": number(credit.user_id),
        "user_name": credit.user_name,
        "kind": credit.kind.value,
        "state": credit.state.value,
        "staff_id": number(credit.staff_id),
        "staff_name": credit.staff_name,
        "code": credit.code,
        "level": int(credit.level),
        "join_id": credit.join_id,
        "candidates": _candidates(credit.candidates),
        "created_at": moment(credit.created_at),
        "updated_at": moment(credit.updated_at),
        "history": [
            {
                "at": moment(change.at),
                "state": change.state.value,
                "staff_id": number(change.staff_id),
                "by": number(change.by),
                "note": change.note,
            }
            for change in credit.history
        ],
    }


def invite_row(ledger: Ledger, invite: Invite) -> tuple[str, ...]:
    """An invite under `INVITE_HEADINGS`."""
    return (
        str(ledger.guild_id),
        invite.code,
        str(invite.uses),
        str(invite.max_uses) if invite.max_uses else NOTHING,
        str(ledger.claimed.get(invite.code, 0)),
        number(invite.inviter_id) or NOTHING,
        invite.inviter_name or NOTHING,
        number(invite.channel_id) or NOTHING,
        shown(invite.expires_at),
        shown(ledger.taken_at),
    )


def join_row(join: Join) -> tuple[str, ...]:
    """A membership under `JOIN_HEADINGS`."""
    return (
        str(join.guild_id),
        str(join.user_id),
        join.user_name or NOTHING,
        shown(join.joined_at),
        shown(join.left_at),
        join.source.value,
        join.code or NOTHING,
        number(join.owner_id) or NOTHING,
        join.owner_name or NOTHING,
        str(int(join.level)),
        join.method.value,
        join.kind.value,
        join.reason.value if join.reason else NOTHING,
    )


def link_row(link: StaffLink) -> tuple[str, ...]:
    """A staff link under `LINK_HEADINGS`."""
    return (
        str(link.guild_id),
        link.code,
        str(link.staff_id),
        link.staff_name or NOTHING,
        link.state.value,
        shown(link.valid_from),
        shown(link.valid_to),
        number(link.channel_id) or NOTHING,
        number(link.marker_role_id) or NOTHING,
        "the bot" if link.is_ours else "somebody",
    )


def credit_row(credit: Credit) -> tuple[str, ...]:
    """A credit under `CREDIT_HEADINGS`."""
    return (
        str(credit.guild_id),
        str(credit.user_id),
        credit.user_name or NOTHING,
        credit.kind.value,
        credit.state.value,
        number(credit.staff_id) or NOTHING,
        credit.staff_name or NOTHING,
        credit.code or NOTHING,
        str(int(credit.level)),
        shown(credit.updated_at),
    )


def _candidates(candidates: Sequence[Candidate]) -> list[Document]:
    return [{"code": one.code, "owner_id": number(one.owner_id), "weight": one.weight} for one in candidates]


INVITES: Form[tuple[Ledger, Invite]] = Form(
    "invites", INVITE_HEADINGS, lambda pair: of_invite(*pair), lambda pair: invite_row(*pair), "No such invites."
)
JOINS = Form("joins", JOIN_HEADINGS, of_join, join_row, "No such joins.")
LINKS = Form("staff", LINK_HEADINGS, of_link, link_row, "No such staff.")
CREDITS = Form("credits", CREDIT_HEADINGS, of_credit, credit_row, "No such credits.")
