"""A console for the sandbox: lines that somebody types become what people in a Discord do."""

from __future__ import annotations

import asyncio
import datetime
import os
import shlex
import sys
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from giftbot.sandbox.answer import Answer
from giftbot.sandbox.driver import Actor
from giftbot.sandbox.forms import SELECTS, walk
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.nouns import Member
from giftbot.sandbox.options import OptionValue
from giftbot.sandbox.payload import Payload
from giftbot.sandbox.refused import DriverRefused, DriverTimeout
from giftbot.sandbox.server import Sandbox
from giftbot.sandbox.uploads import Upload
from giftbot.sandbox.watch import describe, describe_form

ADMIN = "admin"
"""The person who may manage the server; everybody else is a member like others."""
ACCOUNT_AGE = datetime.timedelta(days=400)
"""Of those who come: the bot notes accounts that are younger than a day, and ranks without them."""
PATIENCE = 15.0
"""Seconds that an answer which was announced may take."""
HELP = """\
  code CODE                     the game publishes a gift code
  expire CODE                   the game ends it
  player ID KINGDOM             somebody plays the game
  strict                        nobody else plays it: other ids are no such player
  as NAME COMMAND OPTION=VALUE  NAME uses a slash command: as admin giftcodesettings,
                                as ada player add id=1001 kingdom=312; admin may manage the server
  as NAME                       NAME does what follows
  press BUTTON                  on the answer, or on the latest message that has it
  choose VALUE                  in a menu; channels as #codes, roles and people as @name
  fill FIELD=VALUE              fill in the form that opened
  look                          show the answer as it is now
  invite                        NAME makes an invite; its code is said
  join CODE NAME                somebody comes by it; join alone: by no invite
  leave NAME                    somebody leaves
  give NAME ROLE                somebody gets a role, which is made if there is none; take: they lose it
  server NUMBER                 go to another server
  quit                          end the sandbox
Quote what has spaces: press "Test post". A file is file:players.csv"""
_SERVER_LEVEL = {"#": frozenset({8}), "@": frozenset({5, 6, 7})}
"""Kinds of menus, by what the names of their values begin with."""


async def typed_lines() -> AsyncIterator[str]:
    """What is typed on standard input, line by line, until it ends; nothing in the background of a terminal."""
    if sys.stdin is None or (sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) != os.getpgrp()):
        return
    loop, lines = asyncio.get_running_loop(), asyncio.Queue[str]()

    def read() -> None:
        for line in iter(sys.stdin.readline, ""):
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, "")

    # A thread that nobody waits for: a read of a terminal cannot be cancelled.
    threading.Thread(target=read, daemon=True, name="sandbox console").start()
    while line := await lines.get():
        yield line


class Console:
    """Carries out one line after the other, and says what came of it."""

    def __init__(self, sandbox: Sandbox, say: Callable[[str], object]) -> None:
        self._sandbox = sandbox
        self._say = say
        self._guild = next(iter(sandbox.world.guilds.values()), None)
        self._name = ADMIN
        self._people: dict[tuple[int, str], Actor] = {}
        self._answers: dict[Actor, Answer] = {}

    async def carry_out(self, line: str) -> bool:
        """Do what a line says; False when it asks to end. Mistakes are said."""
        try:
            words = shlex.split(line)
            if words == ["quit"]:
                return False
            if words:
                await self._do(words[0], words[1:])
        except (DriverRefused, DriverTimeout, LookupError) as error:
            self._say(f"  {error.args[0]}")
        except OSError as error:
            self._say(f"  {error.filename} cannot be read: {error.strerror}")
        except ValueError:
            self._say("  that cannot be understood: type help")
        return True

    async def _do(self, verb: str, rest: list[str]) -> None:
        match verb, rest:
            case "help", _:
                self._say(HELP)
            case "code", [code]:
                self._sandbox.sources.publish(code)
            case "expire", [code]:
                self._sandbox.sources.expire(code)
                self._sandbox.game.expire_code(code)
            case "player", [player_id, kingdom]:
                self._sandbox.game.add_player(player_id, int(kingdom))
            case "strict", []:
                self._sandbox.game.strict = True
            case "server", [number]:
                self._guild = self._server(int(number))
                self._say(f"  {self._guild.name}")
            case "as", [name, *more]:
                self._name = name
                if more:
                    await self._act(more[0], more[1:])
            case _:
                if not self._change_members(verb, rest):
                    await self._act(verb, rest)

    def _change_members(self, verb: str, rest: list[str]) -> bool:
        """Let people come, go, or have roles; False when the line is about something else."""
        match verb, rest:
            case "invite", []:
                maker = self._actor(self._name)
                self._say(f"  {self._here().invites.create(inviter=maker.user).code}")
            case "join", [] | [_] | [_, _]:
                self._join(*rest)
            case "leave", [name]:
                self._sandbox.leave(self._here(), self._member(name))
                self._say(f"  {name} leaves")
            case (("give" | "take"), [name, role]):
                self._change_roles(verb, name, role.removeprefix("@"))
            case _:
                return False
        return True

    def _join(self, code: str | None = None, name: str | None = None) -> None:
        """Let somebody come, who is known by that name from then on, or was before they left."""
        guild = self._here()
        name = name or f"newcomer{len(self._sandbox.world.arrivals) + 1}"
        known = self._people.get((guild.id, name))
        user = self._sandbox.world.add_user(name, age=ACCOUNT_AGE) if known is None else known.user
        member = self._sandbox.join(guild, user, code=code)
        self._people[guild.id, name] = self._sandbox.actor(member)
        self._say(f"  {name} comes {'without an invite' if code is None else f'by {code}'}")

    def _change_roles(self, verb: str, name: str, role_name: str) -> None:
        guild, member = self._here(), self._member(name)
        role = next((one for one in guild.roles.values() if one.name == role_name), None)
        if verb == "give":
            guild.give(member, role or guild.add_role(role_name))
            self._say(f"  {name} has @{role_name}")
        elif role is None:
            raise DriverRefused(f"no role is called {role_name!r}")
        else:
            guild.take(member, role)
            self._say(f"  {name} has @{role_name} no more")

    def _member(self, name: str) -> Member:
        """Somebody who is in the server."""
        found = [one for one in self._here().members.values() if one.user.name == name]
        if not found:
            raise DriverRefused(f"nobody here is called {name!r}")
        return found[-1]

    async def _act(self, verb: str, rest: list[str]) -> None:
        actor = self._actor(self._name)
        if not self._sandbox.gateway.connected:
            raise DriverRefused("no bot is connected: start giftbot run with the settings that lead here")
        match verb, rest:
            case "press", [button]:
                answer = await actor.press(self._holder(actor, button), button)
            case "choose", [_, *_]:
                answer = await self._choose(actor, rest)
            case "fill", [_, *_]:
                answer = await self._last(actor).submit(dict(_pair(word) for word in rest))
            case "look", []:
                answer = self._last(actor)
            case (("press" | "choose" | "fill" | "look"), _):
                raise DriverRefused(f"{verb} takes {'nothing' if verb == 'look' else 'what to ' + verb}: type help")
            case _:
                path = [verb.removeprefix("/"), *(word for word in rest if "=" not in word)]
                options = {name: self._value(value) for name, value in map(_pair, (w for w in rest if "=" in w))}
                answer = await actor.command(" ".join(path), options)
        self._answers[actor] = answer
        await answer.settled(PATIENCE)
        self._show(answer)

    def _show(self, answer: Answer) -> None:
        if answer.modal is not None:
            lines = describe_form(answer.modal)
        else:
            shown = [answer.message, *answer.followups]
            lines = [line for one in shown if one is not None for line in describe(self._sandbox.world, one)]
        self._say(f"{self._name} sees{' (nobody else does)' if answer.ephemeral else ''}:")
        for line in lines or ["  nothing"]:
            self._say(line)

    async def _choose(self, actor: Actor, values: Sequence[str]) -> Answer:
        kinds = _SERVER_LEVEL.get(values[0][:1], frozenset({3}))
        for message in self._visible(actor):
            for menu in (one for one in walk(message["components"]) if one["type"] in SELECTS & kinds):
                labels = {one["label"] for one in menu.get("options") or []}
                if 3 not in kinds or labels.issuperset(values):
                    return await actor.select(message, menu["custom_id"], [self._value(one) for one in values])
        raise DriverRefused(f"no menu offers {', '.join(values)}")

    def _holder(self, actor: Actor, button: str) -> Payload:
        for message in self._visible(actor):
            if any(button in {one.get("label"), one.get("custom_id")} for one in walk(message["components"])):
                return message
        raise DriverRefused(f"no message has a button {button!r}")

    def _visible(self, actor: Actor) -> list[Payload]:
        """The actor's own answer, then the messages of the server, latest first."""
        answer = self._answers.get(actor)
        own = [] if answer is None else [*([answer.message] if answer.message else []), *answer.followups]
        channels = self._here().channels
        posts = [one for channel in channels for one in self._sandbox.world.messages(channel)]
        return own + sorted(posts, key=lambda message: int(message["id"]), reverse=True)

    def _last(self, actor: Actor) -> Answer:
        if actor not in self._answers:
            raise DriverRefused(f"{self._name} has done nothing yet")
        return self._answers[actor]

    def _server(self, number: int) -> Guild:
        guilds = list(self._sandbox.world.guilds.values())
        if not 1 <= number <= len(guilds):
            raise DriverRefused(f"there are {len(guilds)} servers, numbered from 1")
        return guilds[number - 1]

    def _here(self) -> Guild:
        if self._guild is None:
            raise DriverRefused("there is no server: start the sandbox with --guilds 1")
        return self._guild

    def _actor(self, name: str) -> Actor:
        guild = self._here()
        if (guild.id, name) not in self._people:
            permissions = "MANAGE_GUILD" if name == ADMIN else 0
            self._people[guild.id, name] = self._sandbox.user(guild, name=name, permissions=permissions)
        return self._people[guild.id, name]

    def _value(self, word: str) -> OptionValue:
        """What a word stands for: a channel, a role, a person, a file, yes or no, or itself."""
        guild = self._here()
        if word.startswith("#"):
            return guild.channel(word[1:])
        if word.startswith("@"):
            roles = [role for role in guild.roles.values() if role.name == word[1:]]
            return roles[0] if roles else self._actor(word[1:]).user
        if word.startswith("file:"):
            path = Path(word.removeprefix("file:"))
            return Upload(path.name, path.read_bytes())
        return {"true": True, "false": False}.get(word, word)


def _pair(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals:
        raise DriverRefused(f"{word!r} lacks its “=”")
    return name, value
