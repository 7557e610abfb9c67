"""What is posted in the matrix, and how the outbox and Discord are when the bot starts."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import attrs

from giftbot.models.announcement import Origin
from giftbot.models.code import CodeStatus, Finding, discovered
from giftbot.models.guild import Backfill
from giftbot.models.ids import CodeKey, GuildId
from giftbot.sandbox import FaultKind
from tests.crash.cases import Case
from tests.crash.runs import Scenario


async def _lose_first_answer(case: Case) -> None:
    """Discord stores the first message, and the answer is lost: the claim's owner sends again."""
    path = re.compile(f"^/channels/{case.channels[0].id}/messages$")
    case.sandbox.faults.add(kind=FaultKind.DROP, method="POST", route=path, after_store=True)


async def _know_codes(case: Case) -> None:
    """The codes were found long ago, and every server has just asked for them."""
    now = datetime.now(UTC)
    findings = [Finding(key=CodeKey(code), display=code) for code in case.codes]
    known = [discovered("json", finding, CodeStatus.ACTIVE, now) for finding in findings]
    await case.store.insert_codes([attrs.evolve(code, fan_out=False) for code in known])
    ids = [GuildId(guild.id) for guild in case.guilds]
    for settings in (await case.store.get_guilds(ids)).values():
        asking = attrs.evolve(settings, backfill=Backfill.POST, backfill_at=now)
        await case.store.save_guild(asking)


async def _reset(case: Case) -> None:
    """Everything was sent in an earlier epoch, and every server was reset: all codes are to be sent again."""
    await _know_codes(case)
    for guild in case.guilds:
        await case.store.mark_codes_sent(
            GuildId(guild.id), [CodeKey(code) for code in case.codes], Origin.API, datetime.now(UTC)
        )
        await case.store.raise_epoch(GuildId(guild.id), Backfill.POST, datetime.now(UTC))


SPREAD = Scenario("one code to three servers", servers=3)
JOINED = Scenario("four codes in one message", codes=4)
ONE = Scenario("one code to one server")
REPEATED = Scenario("an answer is lost, and the owner sends again", codes=2, prepare=_lose_first_answer)
BACKFILL = Scenario("codes that a server asked for", codes=2, prepare=_know_codes)
RESET = Scenario("codes sent again after a reset", codes=2, prepare=_reset)
