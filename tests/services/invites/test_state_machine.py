"""Anything may happen in any order: the real actors on a real store against a server and a network without mercy.

What counting cannot see through, by its nature, is noted as a surprise of that server (`Town.surprises`): a use
without a join, a join that comes late or unheard, a limited invite deleted while the audit log cannot be read. From
then on only what marker roles say has to be right there; everything else holds all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from giftbot.models.invite import Coverage
from tests.services.invites.server import HOME, OTHER
from tests.services.invites.town import Town
from tests.services.invites.upheaval import OWNERS, SETTLED, STAFF, WEATHERS, Upheaval

T = TypeVar("T")

bounded = settings(
    max_examples=50,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
PLACE = st.integers(0, 1)
NUMBER = st.integers(0, 99)
RARELY = st.sampled_from([False, False, False, True])
PAUSE = st.sampled_from([0.0, 0.02, 0.1, 0.3, 1.0, 5.0, 70.0])


def pick(choices: Sequence[T], number: int) -> T:
    """One of them."""
    return choices[number % len(choices)]


class Days(RuleBasedStateMachine):
    """What may happen."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.run = Upheaval(file)
        self.is_whole = True
        self.is_plain = False
        """Whether every use is of somebody who is heard in time, as long as the session holds."""

    @initialize(is_plain=st.booleans())
    def begin(self, is_plain: bool) -> None:
        """In half of the runs nothing is done to a server that is a surprise by itself."""
        self.is_plain = is_plain

    def _town(self, place: int) -> Town:
        return self.run.towns[place]

    @rule(place=PLACE, number=NUMBER, pause=PAUSE, role_lag=st.sampled_from([0.0, 0.0, 0.5, 1.0]))
    def join_by_invite(self, place: int, number: int, pause: float, role_lag: float) -> None:
        """Somebody comes by an invite."""
        town = self._town(place)
        if town.usable():
            self.run.act(lambda: self.run.join(town, pick(town.usable(), number), None, role_lag), pause)

    @rule(place=PLACE, pause=PAUSE, is_home=st.booleans())
    def join_otherwise(self, place: int, pause: float, is_home: bool) -> None:
        """Somebody comes by the server's own address, or by nothing that is counted."""
        town = self._town(place)
        way = HOME if is_home and town.has_vanity else OTHER
        self.run.act(lambda: self.run.join(town, way, None, 0.0), pause)

    @rule(place=PLACE, first=NUMBER, second=NUMBER, gap=st.sampled_from([0.0, 0.05, 0.2]), pause=PAUSE)
    def join_together(self, place: int, first: int, second: int, gap: float, pause: float) -> None:
        """Two come at once."""
        town = self._town(place)
        for number, after in ((first, gap), (second, pause)):
            ways = [*town.usable(), OTHER]
            self.run.act(partial(self.run.join, town, pick(ways, number), None, 0.0), after)

    @precondition(lambda self: not self.is_plain)
    @rule(place=PLACE, number=NUMBER, delay=st.sampled_from([0.5, 3.0, 20.0, 80.0]), pause=PAUSE)
    def join_unheard_for_long(self, place: int, number: int, delay: float, pause: float) -> None:
        """Somebody comes, and the event is late."""
        town = self._town(place)
        if not town.usable():
            return
        self.run.gale.delay = delay
        town.surprises.append("an event was late")
        self.run.act(lambda: town.join(pick(town.usable(), number)), 0.0)
        self.run.gale.delay = 0.0
        self.run.act(lambda: None, pause)

    @rule(place=PLACE, number=NUMBER, pause=PAUSE)
    def leave(self, place: int, number: int, pause: float) -> None:
        """Somebody goes who has been there for a while."""
        town = self._town(place)
        old = [user for user in town.members if self.run.age(town, user) > SETTLED]
        if old:
            self.run.act(lambda: self.run.leave(town, pick(old, number)), pause)

    @rule(place=PLACE, number=NUMBER, pause=PAUSE)
    def rejoin(self, place: int, number: int, pause: float) -> None:
        """Somebody comes again."""
        town = self._town(place)
        people = {one.user_id: one for one in town.memberships if one.way != "bot"}
        gone = [user for user in people if user not in town.members]
        if gone:
            ways = [*town.usable(), OTHER]
            self.run.act(lambda: self.run.join(town, pick(ways, number // 3), pick(gone, number), 0.0), pause)

    @precondition(lambda self: not self.is_plain)
    @rule(place=PLACE, number=NUMBER, pause=PAUSE)
    def accept(self, place: int, number: int, pause: float) -> None:
        """A member accepts an invite."""
        town = self._town(place)
        known = [
            user for user in town.members if self.run.age(town, user) > SETTLED and self.run.is_stored(town, user)
        ]
        if known and town.usable():
            town.surprises.append("a member accepted an invite")
            self.run.act(lambda: town.accept_as(pick(town.usable(), number), pick(known, number)), pause)

    @precondition(lambda self: not self.is_plain)
    @rule(place=PLACE, number=NUMBER, pause=PAUSE)
    def welcome_guest(self, place: int, number: int, pause: float) -> None:
        """A guest comes by an invite."""
        town = self._town(place)
        if town.usable():
            town.surprises.append("a guest came")
            self.run.act(lambda: town.welcome_guest(pick(town.usable(), number)), pause)

    @rule(place=PLACE, pause=PAUSE)
    def add_bot(self, place: int, pause: float) -> None:
        """Somebody adds a bot."""
        self.run.act(self._town(place).add_bot, pause)

    @rule(place=PLACE, number=NUMBER, pause=PAUSE, is_moved=st.booleans())
    def say_again(self, place: int, number: int, pause: float, is_moved: bool) -> None:
        """Discord tells of a member once more."""
        town = self._town(place)
        people = [user for user, member in town.members.items() if not member.is_bot]
        if people:
            again = town.repeat_later if is_moved else town.repeat
            self.run.act(lambda: again(pick(people, number)), pause)

    @rule(
        number=NUMBER,
        limit=st.sampled_from([0, 0, 1, 2]),
        lives=st.sampled_from([None, None, 10.0, 60.0]),
        pause=PAUSE,
    )
    def add_code(self, number: int, limit: int, lives: float | None, pause: float) -> None:
        """Somebody makes an invite, perhaps one that ends by itself."""
        town, now = self._town(0), self.run.stage.clock.now()
        ends = None if lives is None else now + timedelta(seconds=lives)
        self.run.more_looks[town.guild_id] += 1 if ends is None else 3
        channel = pick(sorted(town.channels), number // 3)
        self.run.act(
            lambda: town.add_code(
                self.run.name(), pick(OWNERS, number), max_uses=limit, expires_at=ends, channel_id=channel
            ),
            pause,
        )

    @rule(place=PLACE, number=NUMBER, pause=PAUSE)
    def add_link(self, place: int, number: int, pause: float) -> None:
        """A staff member gets a link with a marker role."""
        self.run.do(self.run.add_marked(self._town(place), pick(STAFF, number)))
        self.run.act(lambda: None, pause)

    @rule(place=PLACE, number=NUMBER, pause=PAUSE)
    def remap(self, place: int, number: int, pause: float) -> None:
        """An invite is given to another staff member."""
        town = self._town(place)
        if town.usable():
            name = pick(town.usable(), number)
            self.run.do(self.run.remap(town, name, pick(STAFF, number // 2), town.codes[name].role))
            self.run.act(lambda: None, pause)

    @rule(place=PLACE, number=NUMBER, pause=PAUSE)
    def revoke(self, place: int, number: int, pause: float) -> None:
        """Somebody deletes an invite."""
        town = self._town(place)
        if len(town.usable()) > 1:
            self.run.act(lambda: town.revoke(pick(town.usable(), number)), pause)

    @rule(number=NUMBER, pause=PAUSE)
    def delete_channel(self, number: int, pause: float) -> None:
        """Somebody deletes a channel, and its invites with it."""
        town = self._town(0)
        if len(town.channels) == 1:
            return
        channel = pick(sorted(town.channels), number)
        self.run.act(lambda: town.delete_channel(channel), pause)

    @rule(kind=st.sampled_from(sorted(WEATHERS)), is_garbled=RARELY, is_refusing=RARELY, pause=PAUSE)
    def change_weather(self, kind: str, is_garbled: bool, is_refusing: bool, pause: float) -> None:
        """The network becomes better or worse."""
        gale = self.run.gale
        gale.weather, gale.is_garbled, gale.is_refusing = WEATHERS[kind], is_garbled, is_refusing
        self.run.act(lambda: None, pause)

    @precondition(lambda self: not self.run.is_dark)
    @rule(is_holding=st.booleans(), pause=PAUSE)
    def go_out(self, is_holding: bool, pause: float) -> None:
        """The session breaks."""
        self.run.begin_dark("the session broke", is_crash=False)
        self.run.act(lambda: self.run.gale.go_out(holding=is_holding), pause)

    @precondition(lambda self: self.run.gale.is_out)
    @rule(pause=PAUSE)
    def come_back(self, pause: float) -> None:
        """It is resumed with what was missed, or is a new one."""

        def come_back() -> None:
            self.run.gale.resume()
            if not self.run.gale.is_holding:
                self.run.begin_watch()
                for process in self.run.stage.processes:
                    process.catch_up()

        self.run.act(come_back, pause)

    @precondition(lambda self: self.run.stage.processes)
    @rule(pause=PAUSE)
    def crash(self, pause: float) -> None:
        """The bot dies."""
        self.run.begin_dark("a crash", is_crash=True)
        self.run.gale.is_holding = False
        self.run.do(self.run.stage.crash(self.run.stage.processes[0]))
        self.run.act(lambda: None, pause)

    @precondition(lambda self: not self.run.stage.processes)
    @rule(pause=PAUSE)
    def start(self, pause: float) -> None:
        """The bot starts again."""
        self.run.begin_watch()
        self.run.act(self.run.stage.start, pause)

    @rule(place=PLACE, may=st.sampled_from([True, True, False]), pause=PAUSE)
    def permit(self, place: int, may: bool, pause: float) -> None:
        """The bot gets its permission, or loses it."""
        town = self._town(place)
        before, town.coverage = town.coverage, Coverage.FULL if may else Coverage.NONE
        town.was_hidden = town.was_hidden or not may

        def catch_up() -> None:
            if may and before is Coverage.NONE:
                self.run.begin_watch()
                for process in self.run.stage.processes:
                    process.actors.catch_up(town.guild_id)

        self.run.act(catch_up, pause)

    @rule(pause=st.sampled_from([0.05, 0.5, 4.0, 30.0, 130.0, 800.0]))
    def wait(self, pause: float) -> None:
        """Nothing happens."""
        self.run.act(lambda: None, pause)

    @invariant()
    def holds(self) -> None:
        """What is true at any moment."""
        self.is_whole = False
        self.run.do(self.run.check_now())
        self.is_whole = True

    def teardown(self) -> None:
        """What is true in the end."""
        try:
            if self.is_whole:
                self.run.do(self.run.settle())
                self.run.do(self.run.check_end())
        finally:
            self.run.close()


def test_whatever_happens(new_file: Callable[[], Path]) -> None:
    """Nothing certain is wrong, each use and each membership counts once, nobody waits for ever, nothing fails."""
    run_state_machine_as_test(lambda: Days(new_file()), settings=bounded)  # type: ignore[arg-type]  # any factory
