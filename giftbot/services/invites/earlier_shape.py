"""The tables of a copy that earlier bots read: what they stored, made from what is known now.

Whatever they have no word for is left out; the whole of it stands beside. Moments are as they wrote them, without
an offset: in UTC, but for the moment of the invites' cache, which is local.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from giftbot.models.credit import Credit, CreditState
from giftbot.models.join import Join
from giftbot.models.staff import StaffLink

STAFF_TABLE = "staff_invites"
JOINS_TABLE = "invite_tracking"
VIP_TABLE = "vip_requests"
CACHE_TABLE = "invite_cache"

_STATUS = {
    CreditState.PENDING: "pending",
    CreditState.CREDITED: "completed",
    CreditState.REVERSED: "cancelled",
    CreditState.REJECTED: "denied",
}


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def state_tables(links: Iterable[StaffLink], credits_: Iterable[Credit]) -> dict[str, object]:
    """One server's share of `staff_invites` and `vip_requests`."""
    return {
        STAFF_TABLE: [_staff_row(link) for link in links if link.valid_to is None],
        VIP_TABLE: [_vip_row(credit) for credit in credits_],
    }


def cached_invites(ledger: Mapping[str, object]) -> dict[str, object]:
    """One server's share of `invite_cache`, from the document of its ledger."""
    invites = ledger.get("invites")
    return {
        code: {
            "uses": invite.get("uses", 0),
            "inviter_id": invite.get("inviter_id") or 0,
            "inviter_name": (invite.get("inviter_name") or "") if invite.get("inviter_id") else "System",
            "code": code,
        }
        for code, invite in (invites.items() if isinstance(invites, dict) else ())
        if isinstance(invite, dict)
    }


def _staff_row(link: StaffLink) -> dict[str, object]:
    notes = link.notes
    return {
        "staff_id": link.staff_id,
        "staff_username": link.staff_name,
        "invite_code": link.code,
        "vantage_referral_link": notes.get("vantage_referral_link"),
        "vantage_ib_code": notes.get("vantage_ib_code"),
        "email_template": notes.get("email_template"),
        "created_at": _moment(link.valid_from),
        "updated_at": _moment(link.updated_at or link.valid_from),
    }


def _vip_row(credit: Credit) -> dict[str, object]:
    number = int.from_bytes(hashlib.sha256(credit.credit_id.encode()).digest()[:6], "big")
    return {
        "id": number,
        "user_id": credit.user_id,
        "username": credit.user_name,
        "request_type": "role_promotion",
        "staff_id": credit.staff_id,
        "status": _STATUS[credit.state],
        "vantage_email": None,
        "request_data": f"Became a VIP after joining by {credit.code or 'unknown'}",
        "created_at": _moment(credit.created_at),
        "updated_at": _moment(credit.updated_at),
    }


def join_rows(joins: Sequence[Join]) -> list[dict[str, object]]:
    """Rows of `invite_tracking`: who is there now, as earlier bots dropped who had left."""
    return [
        {
            "user_id": join.user_id,
            "username": join.user_name,
            "invite_code": join.code or "unknown",
            "inviter_id": join.owner_id or 0,
            "inviter_username": join.owner_name or "Unknown",
            "joined_at": _moment(join.joined_at),
            "invite_uses_before": join.uses_before or 0,
            "invite_uses_after": join.uses_after or 0,
        }
        for join in joins
        if join.is_open
    ]
