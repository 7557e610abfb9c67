"""The demo's newcomers: who brings whom into one server, and what the bot makes of it."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

import attrs
from rich.markup import escape
from rich.table import Table

from giftbot.sandbox.answer import Answer
from giftbot.sandbox.arrivals import Way
from giftbot.sandbox.child import BotProcess
from giftbot.sandbox.driver import Actor
from giftbot.sandbox.nouns import Member
from giftbot.sandbox.pulse import WaitTimeoutError
from giftbot.sandbox.server import Sandbox

PERMISSIONS = (
    "VIEW_CHANNEL|SEND_MESSAGES|EMBED_LINKS|READ_MESSAGE_HISTORY"
    "|MANAGE_GUILD|VIEW_AUDIT_LOG|CREATE_INSTANT_INVITE|MANAGE_ROLES|MANAGE_CHANNELS"
)
"""What the bot may do in a server whose joins it attributes."""
CERTAIN = 3
"""From this level on the bot says who brought somebody; below, it names candidates at most."""
EACH = 4
"""How many people come by each invite in the same moment."""
PATIENCE = 15.0
"""Seconds that anything may take."""
_PAUSE = 0.1
_LINK = re.compile(r"https://discord\.gg/([\w-]+)")
_MENTION = re.compile(r" \(<@\d+>\)")
_MOMENT = re.compile(r"<t:\d+:R>")
_Answered = TypeVar("_Answered")


@attrs.frozen
class Truth:
    """How somebody really came."""

    code: str | None
    owner_id: int | None
    """Whom it counts for."""


class Newcomers:
    """One server with two staff members and somebody else who invites. People come, and the bot is asked."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.guild = sandbox.world.add_guild("Harbour", bot_permissions=PERMISSIONS)
        self._admin = sandbox.user(self.guild, name="Harbour's admin", permissions="MANAGE_GUILD")
        self._ada, self._bo, self._cleo = (sandbox.user(self.guild, name=name) for name in ("Ada", "Bo", "Cleo"))
        self._vip = self.guild.add_role("VIP")
        self._codes: dict[str, Actor] = {}
        """Whom each invite counts for."""
        self._came: list[Member] = []
        self._told: Mapping[int, Mapping[str, str]] = {}
        """What the bot's export says of each member, by user id."""

    async def tell(self, bot: BotProcess, say: Callable[[str], None]) -> None:
        """Their part of the story. Raises when something does not come about."""
        marked, adopted = await self._set_up()
        say(
            f"In {self.guild.name} an admin runs /setup_staff_invite: a new link for Ada ({marked}), which gives a "
            f"role to whoever follows it, and an old invite ({adopted}) that counts for Bo from now on."
        )
        await self._one_by_one()
        say(f"{len(self._came)} people join one by one, the last without an invite. /invites explain of one:")
        say(escape(await self._explained(adopted)))
        before = len(self._came)
        await self._at_once()
        burst = self._came[before:]
        unsure = sum(int(self._told[one.user.id]["level"]) < CERTAIN for one in burst)
        say(
            f"{len(burst)} people join in the same moment by three invites. {len(burst) - unsure} have Ada's role; "
            f"of {unsure} the bot names the inviters in question with their shares, and does not guess."
        )
        await self._redeploy(bot, say)
        say(f"The VIP role is given to somebody whom Ada brought. /staff stats: {escape(await self._become_vip())}")

    async def _redeploy(self, bot: BotProcess, say: Callable[[str], None]) -> None:
        await bot.stop()
        shutil.rmtree(bot.data)
        for code in list(self._codes)[:2]:
            self._join(code)
        say(
            "The bot is stopped, and its data directory is gone, as on hosts that keep no files. Two people join "
            "by Ada's and Bo's links. Starting it again: giftbot cloud has a copy of what concerns invites ..."
        )
        await bot.start()
        await self._known()
        say(f"... and all {len(self._came)} joins are known, with the two that the bot did not see.")

    async def _set_up(self) -> tuple[str, str]:
        """Let the admin choose a VIP role and make two staff links; Cleo makes an invite herself. The two links.

        The first gives a role to whoever follows it. The second is an invite that was there before.
        """
        await (await self._admin.command("vip role", role=self._vip)).shows("VIP credit")
        old = self.guild.invites.create(inviter=self._admin.member).code
        own = self.guild.invites.create(inviter=self._cleo.member).code
        made = await self._make(self._ada)
        adopted = await self._make(self._bo, existing_code=old)
        self._codes = {made: self._ada, adopted: self._bo, own: self._cleo}
        await (await self._admin.command("refresh_invite_cache")).shows("looked at and saved")
        return made, adopted

    async def _one_by_one(self) -> None:
        """Let one person come by each invite, and one by Discord's list of public servers."""
        for code in (*self._codes, None):
            self._join(code)
            await self._known()

    async def _at_once(self) -> None:
        """Let several people come by each invite, all in the same moment."""
        for _ in range(EACH):
            for code in self._codes:
                self._join(code)
        await self._known()

    async def _explained(self, code: str) -> str:
        """What `/invites explain` says of the first who came by that invite."""
        answer = await self._admin.command("invites explain", member=self._first_by(code))
        [shown] = (await answer.settled(timeout=PATIENCE)).embeds
        fields = {field["name"]: field["value"].replace("\n", " ") for field in shown["fields"]}
        words = f"{shown['description']} {fields['Level']} Evidence: {fields['Evidence']}"
        return _MOMENT.sub("just now", _MENTION.sub("", words)).replace("**", "").replace("`", "")

    async def _become_vip(self) -> str:
        """Give the VIP role to the first whom Ada brought; what `/staff stats` then says of her."""
        code, staff = next(iter(self._codes.items()))
        self.guild.give(self._first_by(code), self._vip)

        async def stats() -> str:
            answer = await self._admin.command("staff stats", member=staff.member)
            return (await answer.settled(timeout=PATIENCE)).text

        shown = await _until(stats, lambda words: "1 VIP" in words, "the credit")
        return next(line for line in shown.splitlines() if "1 VIP" in line).replace(f"<@{staff.id}> (Ada)", "Ada")

    def lost(self) -> int:
        """How many joins the bot does not know of."""
        return sum(one.user.id not in self._told for one in self._came)

    def wrong(self) -> int:
        """Of how many it says for certain what is not so."""
        return sum(not self._is_right(one) for one in self._came)

    def table(self) -> Table:
        """Who brought how many, and of how many of them the bot says so."""
        table = Table(title=f"Who brought members into {self.guild.name}")
        table.add_column("by")
        table.add_column("came", justify="right")
        table.add_column("known for certain", justify="right")
        for code, inviter in self._codes.items():
            came = [one for one in self._came if self._truth(one).code == code]
            table.add_row(f"{inviter.user.name} ({code})", str(len(came)), str(self._known_of(came, inviter.id)))
        others = [one for one in self._came if self._truth(one).code is None]
        table.add_row("no invite", str(len(others)), "-")
        return table

    async def _make(self, staff: Actor, **options: str) -> str:
        answer = await self._admin.command("setup_staff_invite", {"member": staff.member, **options})
        await answer.until(lambda: _LINK.search(answer.text), timeout=PATIENCE, what="the link")
        return _link_in(answer)

    def _join(self, code: str | None) -> None:
        way = Way.DISCOVERY if code is None else None
        self._came.append(self._sandbox.join(self.guild, code=code, way=way))

    def _first_by(self, code: str) -> Member:
        return next(one for one in self._came if self._truth(one).code == code)

    def _truth(self, member: Member) -> Truth:
        arrival = self._sandbox.world.arrivals.last(self.guild.id, member.user.id)
        code = arrival.code if arrival is not None else None
        return Truth(code, self._codes[code].id if code is not None else None)

    def _is_right(self, member: Member) -> bool:
        row = self._told.get(member.user.id)
        if row is None or int(row["level"]) < CERTAIN:
            return True
        truth = self._truth(member)
        codes = {truth.code or ""} if int(row["level"]) > CERTAIN else {"", truth.code or ""}
        return row["inviter_id"] == str(truth.owner_id or "") and row["code"] in codes

    def _known_of(self, members: Sequence[Member], owner_id: int) -> int:
        rows = [self._told[one.user.id] for one in members if one.user.id in self._told]
        return sum(int(row["level"]) >= CERTAIN and row["inviter_id"] == str(owner_id) for row in rows)

    async def _known(self) -> None:
        async def export() -> Mapping[int, Mapping[str, str]]:
            answer = await (await self._admin.command("invites export")).settled(timeout=PATIENCE)
            return _rows(answer)

        wanted = {one.user.id for one in self._came}
        self._told = await _until(export, lambda rows: wanted <= rows.keys(), "what is known of newcomers")


def _link_in(answer: Answer) -> str:
    found = _LINK.search(answer.text)
    return found[1] if found is not None else ""


def _rows(answer: Answer) -> Mapping[int, Mapping[str, str]]:
    """An export's lines by user id; none as long as there is nothing to export."""
    return {
        int(row["member_id"]): row
        for table in answer.files.values()
        for row in csv.DictReader(io.StringIO(table.decode("utf-8-sig")))
    }


async def _until(
    ask: Callable[[], Awaitable[_Answered]], is_done: Callable[[_Answered], bool], what: str
) -> _Answered:
    """Ask again and again until the answer is as it should be. Raises `WaitTimeoutError`."""
    deadline = time.monotonic() + PATIENCE
    while not is_done(answered := await ask()):
        if time.monotonic() > deadline:
            raise WaitTimeoutError(f"{what} did not come within {PATIENCE:g} s")
        await asyncio.sleep(_PAUSE)
    return answered
