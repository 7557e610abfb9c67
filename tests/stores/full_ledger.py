"""A ledger in which nothing is empty."""

from __future__ import annotations

import attrs

from giftbot.models.ids import InviteCode, RoleId
from giftbot.models.invite import Coverage, Gone, Invite, Tombstone, Unclaimed, Vanity
from giftbot.models.invite_batch import Ledger
from tests.stores.build import CHANNEL, GUILD, NOW, later
from tests.stores.build_invites import CODE, STAFF


def full_ledger(number: int = 1) -> Ledger:
    """A ledger with something in every field."""
    invite = Invite(
        CODE,
        5,
        STAFF,
        "Ünal 雪",
        CHANNEL,
        max_uses=7,
        created_at=NOW,
        expires_at=later(60),
        is_temporary=True,
        role_ids=(RoleId(1), RoleId(2)),
        is_guest=True,
    )
    return Ledger(
        GUILD,
        number,
        NOW,
        {CODE: invite, InviteCode("$odd.one"): attrs.evolve(invite, code=InviteCode("$odd.one"))},
        vanity=Vanity("frost", 12),
        coverage=Coverage.CHANNELS,
        tombstones=(Tombstone(invite, later(1), Gone.VANISHED, final_uses=6, is_revoked=False),),
        unclaimed=(Unclaimed(CODE, 2, NOW),),
        owed={CODE: 1},
        archived={CODE: 3},
        claimed={CODE: 9},
        anomalies=4,
        last_seq=10**15,
    )
