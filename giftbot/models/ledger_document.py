"""A ledger as it is written down, for those who only carry it from one place to another."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from giftbot.models.ids import GuildId


@attrs.frozen
class LedgerDocument:
    """What `invite_documents` makes of a `Ledger`. Of what is in it, only these two are looked at."""

    guild_id: GuildId
    number: int
    """Of the last batch."""
    document: Mapping[str, object]
    """As JSON has it. In tables, an entry of `invites` may be damaged; in what is written there, none."""

    @property
    def size(self) -> int:
        """How many invites are in it."""
        invites = self.document.get("invites")
        return len(invites) if isinstance(invites, Mapping) else 0
