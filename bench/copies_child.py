"""Copies of many servers in a process of their own: `python -m bench.copies_child`; its store is a setting."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import orjson

from bench.lateness import Probe, probing
from bench.link import serve
from giftbot.clock import SystemClock
from giftbot.collector import spare_what_was_imported
from giftbot.logs import configure_logging
from giftbot.models.ids import ChannelId, GuildId, InviteCode, UserId
from giftbot.models.invite import Coverage, Invite
from giftbot.models.invite_batch import Ledger
from giftbot.models.ledger_document import LedgerDocument
from giftbot.sandbox.payload import Payload
from giftbot.services.invites.copies import Copies
from giftbot.services.invites.payload import pack_records
from giftbot.services.ports import Store
from giftbot.settings import load_settings
from giftbot.stores import invite_documents
from giftbot.stores.copy_file import COPY_NAME, CopyFile
from tests.services.invites.copying import join, records

T0 = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
FIRST = 10**17
HANDLERS = ("fill", "one", "back_up", "restore", "bare", "known")


def ledger(number: int, invites: int, dice: random.Random) -> LedgerDocument:
    """What is known of a server's invites, with names, moments and ids that differ."""
    guild_id = GuildId(FIRST + number)
    made = [
        Invite(
            InviteCode(f"{dice.getrandbits(47):010x}"[:10]),
            dice.randrange(500),
            inviter_id=UserId(dice.getrandbits(62)),
            inviter_name=f"player {dice.randrange(10**6)}",
            channel_id=ChannelId(dice.getrandbits(62)),
            created_at=T0 - timedelta(seconds=dice.randrange(10**7)),
            expires_at=T0 + timedelta(seconds=dice.randrange(10**6)),
        )
        for _ in range(invites)
    ]
    whole = Ledger(guild_id, 7, T0, {one.code: one for one in made}, coverage=Coverage.FULL, since=T0)
    return LedgerDocument(guild_id, 7, invite_documents.to_document(whole))


class Keeper:
    """What the benchmark asks of copies."""

    def __init__(self, store: Store, directory: Path, probe: Probe) -> None:
        self._store = store
        self._file = directory / COPY_NAME
        self._probe = probe
        self._copies = self._new()

    def _new(self) -> Copies:
        file = CopyFile(self._file)
        return Copies(store=self._store, documents=invite_documents, local=file, remote=(), clock=SystemClock())

    async def _timed(self, work: Awaitable[object]) -> Payload:
        self._probe.take()
        cpu, began = time.process_time(), time.perf_counter()
        await work
        seconds, computing = time.perf_counter() - began, time.process_time() - cpu
        return {"seconds": seconds, "cpu": computing, "late": self._probe.take()}

    async def fill(self, wanted: Payload) -> Payload:
        """Fill the tables: each server has invites, settings, two links, a join and a credit."""
        dice = random.Random(5)
        for number in range(wanted["guilds"]):
            given = ledger(number, wanted["invites"], dice)
            one = records(given.guild_id)
            await self._store.restore_ledgers([given], decided_at=T0)
            await self._store.insert_joins([join(given.guild_id, 5)])
            for link in one.links:
                await self._store.save_link(attrs.evolve(link, revision=0))
            for credit in one.credits:
                await self._store.open_credit(credit)
            if one.settings is not None:
                await self._store.save_invite_settings(attrs.evolve(one.settings, revision=0))
        await self._copies.restore()
        return {}

    async def one(self, wanted: Payload) -> Payload:
        """Serialise one server, and its bare document, so many times; the computing of each."""
        guild_id = GuildId(FIRST)
        given = attrs.evolve(records(guild_id), joins=(), ledger=await self._store.get_ledger_document(guild_id))
        assert given.ledger is not None
        plain = {name: orjson.loads(one.own.text) for name, one in pack_records(given, invite_documents).items()}
        ours, bare = [], []
        for _ in range(wanted["times"]):
            began = time.thread_time()
            pack_records(given, invite_documents)
            middle = time.thread_time()
            orjson.dumps(plain)
            ours.append(middle - began)
            bare.append(time.thread_time() - middle)
        return {"cpu": ours, "bare": bare}

    async def back_up(self, _: Payload) -> Payload:
        """Write a whole copy."""
        done = await self._timed(self._copies.back_up())
        return {**done, "size": self._file.stat().st_size}

    async def restore(self, _: Payload) -> Payload:
        """Restore what the file has, as at a start."""
        self._copies = self._new()
        return await self._timed(self._copies.restore())

    async def bare(self, wanted: Payload) -> Payload:
        """Parse and render the same document, so many times; the computing of each."""
        body = self._file.read_bytes()
        parsing, rendering = [], []
        for _ in range(wanted["times"]):
            began = time.thread_time()
            document = orjson.loads(body)
            middle = time.thread_time()
            orjson.dumps(document)
            parsing.append(middle - began)
            rendering.append(time.thread_time() - middle)
            del document
        return {"parsing": parsing, "rendering": rendering}

    async def known(self, _: Payload) -> Payload:
        """How many invites the tables know, and a digest of all ledgers."""
        count, digest = 0, 0
        async for page in self._store.scan_ledger_documents():
            for one in page:
                count += one.size
                text = orjson.dumps(one.document, option=orjson.OPT_SORT_KEYS)
                digest = (digest * 31 + int.from_bytes(text, "big") % (2**61 - 1)) % (2**61 - 1)
            await asyncio.sleep(0)
        return {"invites": count, "digest": digest}


async def open_store(stack: AsyncExitStack) -> tuple[Store, Path]:
    """The store that the settings name, and the directory beside it."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    directory = settings.giftbot_data_dir
    directory.mkdir(parents=True, exist_ok=True)
    if settings.mongo_uri:
        from giftbot.stores.mongo.store import open_mongo  # noqa: PLC0415 - as the bot does

        opened = open_mongo(settings.mongo_uri.get_secret_value(), settings.mongo_db_name)
        return await stack.enter_async_context(opened), directory
    from giftbot.app import SQLITE_NAME  # noqa: PLC0415
    from giftbot.stores.sqlite.store import open_sqlite  # noqa: PLC0415 - as the bot does

    return await stack.enter_async_context(open_sqlite(directory / SQLITE_NAME)), directory


async def main() -> None:
    """Work until standard input is closed."""
    async with AsyncExitStack() as stack:
        store, directory = await open_store(stack)
        probe = await stack.enter_async_context(probing())
        keeper = Keeper(store, directory, probe)
        await serve({name: getattr(keeper, name) for name in HANDLERS})


if __name__ == "__main__":
    spare_what_was_imported()
    asyncio.run(main())
