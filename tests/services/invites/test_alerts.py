"""One notice for a permission that is missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import pytest

from giftbot.models.invite import Coverage
from giftbot.services.invites.alerts import Alerts
from giftbot.services.invites.choices import InviteChoices
from giftbot.services.notices import Notices
from giftbot.services.ports import Store
from tests.fakes import ListeningPeople, ManualClock
from tests.services.invites.joining import GUILD
from tests.services.invites.watching import SeenInvites, batch, ledger


@attrs.frozen
class Post:
    """The service and everything around it."""

    store: Store
    directory: SeenInvites
    people: ListeningPeople
    choices: InviteChoices

    def alerts(self) -> Alerts:
        """As after a start."""
        notices = Notices(store=self.store, notifier=self.people, clock=ManualClock())
        return Alerts(directory=self.directory, choices=self.choices, notices=notices)


@pytest.fixture
def post(store: Store) -> Post:
    """A server in which the bot may see nothing."""
    directory = SeenInvites(seen=Coverage.NONE, lacks=("Manage Server",))
    return Post(store, directory, ListeningPeople(), InviteChoices(store=store, clock=ManualClock()))


@asynccontextmanager
async def working(alerts: Alerts) -> AsyncIterator[None]:
    """The worker, until it has done all that was noted."""
    task = asyncio.create_task(alerts.run())
    try:
        yield
        async with asyncio.timeout(5):
            await alerts.settled()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_missing_permission_is_told_once(post: Post) -> None:
    """However often somebody joins, and also after a restart."""
    alerts = post.alerts()
    async with working(alerts):
        for _ in range(100):
            alerts.complain(GUILD)
    async with working(alerts):
        alerts.complain(GUILD)
    after_restart = post.alerts()
    async with working(after_restart):
        after_restart.complain(GUILD)
    [(guild_id, words)] = post.people.admins
    assert guild_id == GUILD
    assert "I lack Manage Server" in words
    assert (await post.choices.get(GUILD)).told_missing == ("Manage Server",)


async def test_it_is_told_again_after_it_was_there(post: Post) -> None:
    """A batch that was decided with the permission ends the complaint."""
    alerts = post.alerts()
    async with working(alerts):
        alerts.complain(GUILD)
    await alerts.on_decided(batch())
    assert (await post.choices.get(GUILD)).told_missing == ("Manage Server",)
    post.directory.seen, post.directory.lacks = Coverage.FULL, ()
    await alerts.on_decided(batch(known=ledger(2)))
    assert (await post.choices.get(GUILD)).told_missing == ()
    post.directory.seen, post.directory.lacks = Coverage.NONE, ("Manage Server",)
    async with working(alerts):
        alerts.complain(GUILD)
    assert len(post.people.admins) == 2


async def test_nothing_is_told_while_nothing_is_known_to_be_missing(post: Post) -> None:
    """The bot's roles are told after the server itself; what is missing then is told then."""
    post.directory.lacks = ()
    alerts = post.alerts()
    async with working(alerts):
        alerts.complain(GUILD)
    assert post.people.admins == []
    post.directory.lacks = ("Manage Server",)
    async with working(alerts):
        alerts.complain(GUILD)
    assert len(post.people.admins) == 1


async def test_what_a_copy_says_was_told_is_not_told_again(post: Post) -> None:
    """Notices are not in the copies from which a lost data directory comes back; what a server chose is."""
    await post.choices.change(GUILD, lambda settings: attrs.evolve(settings, told_missing=("Manage Server",)))
    alerts = post.alerts()
    async with working(alerts):
        alerts.complain(GUILD)
    assert post.people.admins == []
