"""What the tests of copies share: a server with everything, tables on disk, and the three layers over them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
from yarl import URL

from giftbot.clock import SystemClock
from giftbot.cloud.client import CloudClient
from giftbot.cloud.service import open_service
from giftbot.models.credit import Credit, CreditKind, CreditState, credit_id
from giftbot.models.ids import ChannelId, GuildId, InviteCode, RoleId, UserId
from giftbot.models.invite import Coverage, Gone, Invite, Tombstone, Unclaimed, Vanity
from giftbot.models.invite_batch import InviteBatch, Ledger
from giftbot.models.invite_settings import InviteSettings
from giftbot.models.join import Candidate, Join, Kind, Left, Level, Method, Reason, Source
from giftbot.models.ledger_document import LedgerDocument
from giftbot.models.staff import LinkState, StaffLink
from giftbot.services.invites.copies import Copies, CopyTimes
from giftbot.services.invites.payload import Records
from giftbot.services.invites.ports import CopyPlace
from giftbot.stores import invite_documents
from giftbot.stores.copy_file import COPY_NAME, CopyFile
from giftbot.stores.sqlite.store import SqliteStore, open_sqlite

TOKEN = "a token of the tests"
T0 = datetime(2026, 5, 31, 23, 30, 15, 123000, tzinfo=UTC)
"""An hour before a new month."""
HOUR = timedelta(hours=1)
NORTH = GuildId(900_000_000_000_000_001)
EMBER = GuildId(900_000_000_000_000_002)
STAFF, OTHER = UserId(2**62 + 1), UserId(2**53 + 1)
FAST = CopyTimes(settle=0.01, remote_settle=0.02, backoff=0.05, backoff_limit=0.2, patience=0.0, stop=5.0)


def invite(code: str, uses: int = 3, **more: object) -> Invite:
    """An invite with every detail."""
    made = Invite(
        InviteCode(code),
        uses,
        inviter_id=STAFF,
        inviter_name='Ünal 雪 "q" \\ \n',
        channel_id=ChannelId(77),
        max_uses=10,
        created_at=T0 - HOUR,
        expires_at=T0 + 24 * HOUR,
        is_temporary=True,
        role_ids=(RoleId(5), RoleId(6)),
    )
    return attrs.evolve(made, **more)  # type: ignore[arg-type] # checked by attrs


def join(guild_id: GuildId, user: int, *, at: datetime = T0, **more: object) -> Join:
    """A membership with every detail."""
    made = Join(
        guild_id=guild_id,
        user_id=UserId(user),
        joined_at=at,
        user_name="someone",
        source=Source.INVITE,
        level=Level.COUNTED,
        method=Method.COUNTED,
        code=InviteCode("aBcD1234"),
        owner_id=STAFF,
        owner_name="staff_one",
        inviter_id=OTHER,
        candidates=(Candidate(InviteCode("aBcD1234"), STAFF, 0.25), Candidate(None, None, 0.75)),
        evidence=("One use more, one join.",),
        uses_before=2,
        uses_after=3,
        batch=7,
        updated_at=at,
    )
    return attrs.evolve(made, **more)  # type: ignore[arg-type] # checked by attrs


def ledger(guild_id: GuildId, number: int = 7, **more: object) -> LedgerDocument:
    """What is known of a server's invites, with every detail."""
    made = Ledger(
        guild_id=guild_id,
        number=number,
        taken_at=T0,
        invites={InviteCode(code): invite(code) for code in ("aBcD1234", "zz-Y")},
        vanity=Vanity("north", 40),
        coverage=Coverage.CHANNELS,
        tombstones=(Tombstone(invite("gone"), T0, Gone.DELETED, final_uses=4, is_revoked=True),),
        unclaimed=(Unclaimed(InviteCode("zz-Y"), 2, T0),),
        owed={InviteCode("aBcD1234"): 1},
        archived={InviteCode("zz-Y"): 3},
        claimed={InviteCode("aBcD1234"): 9},
        anomalies=1,
        last_seq=123_456,
    )
    made = attrs.evolve(made, **more)  # type: ignore[arg-type] # checked by attrs
    return LedgerDocument(guild_id, number, invite_documents.to_document(made))


def records(guild_id: GuildId = NORTH) -> Records:
    """A server about which everything is known."""
    first = join(guild_id, 11)
    return Records(
        guild_id=guild_id,
        ledger=ledger(guild_id),
        settings=InviteSettings(
            guild_id,
            join_channel_id=ChannelId(8),
            join_template="{member} came",
            vip_role_id=RoleId(9),
            told_staff=frozenset({STAFF, OTHER}),
            told_missing=("Manage Server",),
            updated_at=T0,
            revision=1,
        ),
        links=(
            StaffLink(
                guild_id,
                InviteCode("aBcD1234"),
                STAFF,
                T0,
                staff_name="staff_one",
                channel_id=ChannelId(77),
                marker_role_id=RoleId(5),
                is_ours=True,
                notes={"email_template": "Hi", "vantage_ib_code": None},
                updated_at=T0,
                revision=1,
            ),
            StaffLink(
                guild_id, InviteCode("old"), OTHER, T0 - HOUR, valid_to=T0, state=LinkState.ENDED, revision=1
            ),
        ),
        credits=(
            Credit(
                credit_id(guild_id, UserId(11), CreditKind.VIP, first.join_id),
                guild_id,
                UserId(11),
                CreditKind.VIP,
                CreditState.PENDING,
                T0,
                T0,
                join_id=first.join_id,
                candidates=first.candidates,
            ).changed(CreditState.CREDITED, T0 + HOUR, staff_id=STAFF, by=None, note="level 4"),
        ),
        joins=(
            first,
            join(guild_id, 12, at=T0 + HOUR, left_at=T0 + 2 * HOUR, left=Left.TEMPORARY, kind=Kind.REJOIN_OTHER),
            Join(guild_id, UserId(13), T0 + 2 * HOUR, reason=Reason.AMBIGUOUS),
        ),
    )


async def fill(store: SqliteStore, one: Records) -> None:
    """Write all of it to the tables, as the bot's own services do."""
    assert one.ledger is not None
    assert one.settings is not None
    known_ledger = invite_documents.read_document(Ledger, one.ledger.document)
    assert known_ledger is not None
    batch = InviteBatch(one.guild_id, one.ledger.number, T0, one.joins, {}, None, known_ledger, ())
    assert await store.commit_batch(batch)
    for link in one.links:
        assert await store.save_link(attrs.evolve(link, revision=0))
    for credit in one.credits:
        assert await store.open_credit(credit)
    assert await store.save_invite_settings(attrs.evolve(one.settings, revision=0))


async def known(store: SqliteStore, guild_id: GuildId = NORTH) -> Records:
    """Everything that the tables know of a server."""
    settings = await store.get_invite_settings(guild_id)
    joins = [join async for page in store.scan_joins(guild_id) for join in page]
    return Records(
        guild_id=guild_id,
        ledger=await store.get_ledger_document(guild_id),
        settings=settings if settings.revision else None,
        links=tuple(sorted(await store.list_links(guild_id), key=lambda link: link.code)),
        credits=tuple(await store.list_credits(guild_id)),
        joins=tuple(sorted(joins, key=lambda join: join.joined_at)),
    )


@attrs.define
class Container:
    """A bot's process: a data directory with tables, and the layers over it."""

    directory: Path
    store: SqliteStore
    copies: Copies
    task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Let it copy what changes."""
        self.task = asyncio.create_task(self.copies.run())

    async def stop(self) -> None:
        """As the bot does at its end."""
        await self.copies.stop()
        if self.task is not None:
            await self.task

    async def crash(self) -> None:
        """End it as a killed process ends: nothing is written any more."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    def sequence(self, label: str) -> int | None:
        """The number of the copy that a layer has."""
        return next(one.sequence for one in self.copies.status() if one.label == label)

    async def settled(self, *labels: str) -> None:
        """Wait until these layers have the newest copy."""

        def is_settled() -> bool:
            tables, *places = self.copies.status()
            waited = [one for one in places if one.label in labels]
            return not tables.is_waiting and all(
                not one.is_waiting and one.sequence == tables.sequence for one in waited
            )

        await until(is_settled)


async def until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait for something that others do."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the layers tell nobody
            await asyncio.sleep(0.005)


def cloud_place(address: str, directory: Path, *, token: str = TOKEN) -> CloudClient:
    """The cloud as a process with this data directory sees it."""
    return CloudClient(URL(address), token=token, aside=directory / "cloud_backup.json", timeout_factor=0.2)


@asynccontextmanager
async def container(
    directory: Path, *, address: str | None = None, times: CopyTimes = FAST, restore: bool = True
) -> AsyncIterator[Container]:
    """A process on this data directory, with the cloud service at this address."""
    directory.mkdir(exist_ok=True)  # noqa: ASYNC240 - nobody waits
    remote: list[CopyPlace] = []
    client = None if address is None else cloud_place(address, directory)
    if client is not None:
        remote.append(client)
    async with open_sqlite(directory / "giftbot.sqlite") as store:
        copies = Copies(
            store=store,
            documents=invite_documents,
            local=CopyFile(directory / COPY_NAME),
            remote=remote,
            clock=SystemClock(),
            times=times,
        )
        made = Container(directory, store, copies)
        try:
            if restore:
                await copies.restore()
            yield made
        finally:
            await made.crash()
            if client is not None:
                await client.aclose()


@asynccontextmanager
async def cloud(directory: Path, *, port: int = 0) -> AsyncIterator[str]:
    """A cloud service on loopback."""
    async with open_service(directory, token=TOKEN, port=port) as address:
        yield address
