"""Members on request over the gateway.

Source: https://docs.discord.com/developers/events/gateway-events#request-guild-members
"""

from __future__ import annotations

import time

from giftbot.sandbox import shapes
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.intents import MEMBERS
from giftbot.sandbox.nouns import Member
from giftbot.sandbox.payload import Payload
from giftbot.sandbox.session import REQUEST_MEMBERS, Session
from giftbot.sandbox.world import World

_CHUNK = 1_000
_MOST_NAMED = 100


class Chunks:
    """Answers requests for members."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.spacing = 0.0
        """Seconds that must lie between two requests for all members of one guild; Discord's are 30."""

        self._asked: dict[int, float] = {}

    def send(self, session: Session, data: Payload) -> None:
        """Send what a session asks for; for all members it needs the members intent, or nothing comes."""
        given = data["guild_id"]
        guild = self._world.guilds.get(int(given[0] if isinstance(given, list) else given))
        if guild is None or not guild.available:
            return
        named, query, limit = data.get("user_ids"), data.get("query") or "", data.get("limit") or 0
        if named is None and not (query and limit):
            if not session.intents & MEMBERS:
                self._world.findings.append("all members are asked for without the members intent")
                return
            if self._too_soon(session, guild, data.get("nonce")):
                return
        ids = [int(one) for one in (named if isinstance(named, list) else [named] if named is not None else [])]
        if len(ids) > _MOST_NAMED:
            self._world.findings.append(f"more than {_MOST_NAMED} members are asked for by id")
        members = _found(guild, ids if named is not None else None, query.lower(), limit)
        _send_pages(session, guild, members, [one for one in ids if one not in guild.members], data.get("nonce"))

    def _too_soon(self, session: Session, guild: Guild, nonce: str | None) -> bool:
        now = time.monotonic()
        wait = self._asked.get(guild.id, -self.spacing) + self.spacing - now
        if wait > 0:
            meta = {"guild_id": str(guild.id), **({"nonce": nonce} if nonce is not None else {})}
            session.dispatch("RATE_LIMITED", {"opcode": REQUEST_MEMBERS, "retry_after": wait, "meta": meta})
            return True
        self._asked[guild.id] = now
        return False


def _found(guild: Guild, ids: list[int] | None, prefix: str, limit: int) -> list[Member]:
    if ids is not None:
        return [guild.members[one] for one in ids if one in guild.members]
    members = [one for one in guild.members.values() if one.user.name.lower().startswith(prefix)]
    return members[: limit or None]


def _send_pages(
    session: Session, guild: Guild, members: list[Member], absent: list[int], nonce: str | None
) -> None:
    pages = [members[start : start + _CHUNK] for start in range(0, len(members), _CHUNK)] or [[]]
    for index, page in enumerate(pages):
        chunk: Payload = {
            "guild_id": str(guild.id),
            "members": [shapes.member(one) for one in page],
            "chunk_index": index,
            "chunk_count": len(pages),
            "not_found": [str(one) for one in absent],
        }
        if nonce is not None:
            chunk["nonce"] = nonce
        session.dispatch("GUILD_MEMBERS_CHUNK", chunk)
