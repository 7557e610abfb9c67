"""Credit for VIPs whose join is not decided yet: it follows the decision, whatever happens in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import cast

import pytest

from giftbot.errors import StoreUnavailableError
from giftbot.models.credit import CreditState
from giftbot.models.ids import UserId
from giftbot.models.invite_batch import InviteBatch
from giftbot.services.invites.credits import Credits
from giftbot.services.remembering_invites import InviteStore
from tests.services.invites.staffing import ADA, BOB, GUILD, VIP, Office, joined, member, open_office


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """The services over a real store; Ada and Bob have links, and there is a VIP role."""
    async with open_office(tmp_path) as office:
        await office.choose(vip_role_id=VIP)
        await office.link("adas")
        await office.link("bobs", BOB)
        yield office


class Interrupted:
    """A store at one of whose calls something happens, once, after it was answered."""

    def __init__(self, store: InviteStore) -> None:
        self._store = store
        self.call = ""
        self.happens: Callable[[], Awaitable[object]] = asyncio.Event().wait

    def __getattr__(self, name: str) -> object:
        return self._interrupted if name == self.call else getattr(self._store, name)

    async def _interrupted(self, *args: object, **more: object) -> object:
        name, self.call = self.call, ""
        answer: object = await getattr(self._store, name)(*args, **more)
        await self.happens()
        return answer


@pytest.fixture
def interrupted(office: Office) -> Interrupted:
    """That store."""
    return Interrupted(office.store)


@pytest.fixture
def ledger(office: Office, interrupted: Interrupted) -> Credits:
    """The service over that store."""
    return Credits(
        store=cast("InviteStore", interrupted),
        directory=office.discord,
        choices=office.choices,
        reviews=office.reviews,
        clock=office.clock,
    )


async def states(office: Office, user: int) -> list[tuple[CreditState, UserId | None]]:
    """A member's credits and for whom they are."""
    return [(row.state, row.staff_id) for row in await office.store.list_credits(GUILD, user_id=UserId(user))]


async def test_a_join_that_is_not_decided_yet_is_waited_for(office: Office) -> None:
    """The role may come faster than the decision; the credit follows it."""
    await office.commit()
    office.clock.advance(seconds=60)
    done = await office.credits.gained(GUILD, [member(1, seconds=30)])
    assert (done.waiting, done.credited, done.pending) == (1, (), ())
    await office.commit(joined(1, seconds=30))
    assert await states(office, 1) == [(CreditState.CREDITED, ADA)]


async def test_a_join_that_is_never_decided_is_asked_about(office: Office) -> None:
    """After a quarter of an hour; and its late decision makes no second credit."""
    await office.commit()
    office.clock.advance(seconds=60)
    await office.credits.gained(GUILD, [member(1, seconds=30)])
    await office.credits.stop_waiting()
    assert await states(office, 1) == []
    office.clock.advance(minutes=16)
    await office.credits.stop_waiting()
    assert await states(office, 1) == [(CreditState.PENDING, None)]
    await office.commit(joined(1, seconds=30))
    await office.credits.gained(GUILD, [member(1, seconds=30)])
    assert len(await states(office, 1)) == 1


async def test_who_waits_is_not_forgotten_while_the_store_is_away(
    office: Office, interrupted: Interrupted, ledger: Credits
) -> None:
    """The join is decided, and the store is away just then: the credit is opened once it is back."""

    async def fails() -> None:
        raise StoreUnavailableError("The store is out of reach (a test says so).")

    await office.commit()
    office.clock.advance(seconds=60)
    assert (await ledger.gained(GUILD, [member(1, seconds=30)])).waiting == 1
    batch = await office.commit(joined(1, seconds=30))
    interrupted.call, interrupted.happens = "list_credits", fails
    with pytest.raises(StoreUnavailableError):
        await ledger.on_decided(batch)
    await ledger.on_decided(batch)
    assert await states(office, 1) == [(CreditState.CREDITED, ADA)]


@pytest.mark.parametrize("call", ["list_credits", "last_joins", "get_ledger", "list_links"])
async def test_a_join_that_is_decided_just_then_is_not_asked_about(
    call: str, office: Office, interrupted: Interrupted, ledger: Credits
) -> None:
    """Wherever the decision falls while a VIP is looked up, nobody takes them for one of whom nothing is known."""
    decided: list[InviteBatch] = []

    async def is_decided() -> None:
        decided.append(await office.commit(joined(1, seconds=30)))

    await office.commit()
    office.clock.advance(seconds=60)
    interrupted.call, interrupted.happens = call, is_decided
    await ledger.gained(GUILD, [member(1, seconds=30)])
    await ledger.on_decided(decided[0])
    assert await states(office, 1) == [(CreditState.CREDITED, ADA)]
