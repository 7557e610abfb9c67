"""`giftbot demo`: the whole bot on a Discord of its own. No account, no token, no network."""

from __future__ import annotations

import asyncio
import logging
import secrets
import shlex
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from rich.console import Console

from giftbot.cloud.service import open_service
from giftbot.sandbox.answer import text_of
from giftbot.sandbox.child import BotProcess
from giftbot.sandbox.demo_invites import Newcomers
from giftbot.sandbox.demo_players import Place, Players
from giftbot.sandbox.demo_posts import Posts
from giftbot.sandbox.limits import Limits
from giftbot.sandbox.pulse import WaitTimeoutError
from giftbot.sandbox.refused import DriverTimeout
from giftbot.sandbox.server import Sandbox
from giftbot.sandbox.watch import readable

MESSAGES = "/channels/{channel_id}/messages"
SCALE = 1 / 20
"""How much faster than in production leases and windows run in the demo."""
NONCE_WINDOW = 300.0 * SCALE
PATIENCE = 15.0
"""Seconds that the demo waits for anything before it gives up."""
RATE = 480
"""Calls of the game a minute: sixteen times as many as a real one allows, so that nobody has to wait."""


class Demo:
    """The story that is told. Everything in it really happens: only Discord, the sources and the game are local."""

    def __init__(self, sandbox: Sandbox, directory: Path, console: Console, **environ: str) -> None:
        self._sandbox = sandbox
        self._console = console
        self._began = time.monotonic()
        self._bot = BotProcess(
            sandbox,
            directory,
            time_scale=SCALE,
            GAME_RATE_PER_MINUTE=str(RATE),
            GAME_PLAYER_SPACING="0.25",
            GIFTBOT_INVITES="true",
            **environ,
        )
        self.places = [self._place(name) for name in ("Northwind", "Frostfire", "Ember")]
        self.posts = Posts(sandbox, self.places)
        self.players = Players(sandbox, self.places)
        self.newcomers = Newcomers(sandbox)

    async def tell(self) -> None:
        """The story from beginning to end. Raises when something does not come about."""
        self._say("A Discord with four servers runs on this machine. Starting the bot on an empty data directory.")
        self._sandbox.sources.publish("WELCOME2026", rewards="100 gems", expires_at=_in_days(3))
        self._sandbox.sources.publish("Frost77", rewards="Speed-ups, 2 keys")
        await self._bot.start()
        self._say(
            "The bot is online, has declared its commands, and has found 2 codes. No server is configured yet."
        )
        await self._configure()
        await self._new_code()
        await self._failing_source()
        await self._crash()
        await self._register()
        await self._redeem()
        await self._status()
        await self.newcomers.tell(self._bot, self._say)

    async def close(self) -> None:
        """Stop the bot."""
        await self._bot.stop()

    @property
    def log(self) -> Path:
        """Where the bot's own log went."""
        return self._bot.log

    @property
    def data(self) -> Path:
        """The bot's data directory."""
        return self._bot.data

    def ops(self, words: str) -> str:
        """A line for a shell that runs `ops` on this bot's data, whatever is set there and wherever it is typed."""
        settings = (shlex.quote(f"{name}={value}") for name, value in self._bot.settings.items())
        inside = shlex.quote(str(self.data.parent))
        return f'(cd {inside} && env -i PATH="$PATH" {" ".join(settings)} ops {words})'

    async def _configure(self) -> None:
        north, frost, ember = self.places
        for place in self.places:
            panel = await place.admin.command("giftcodesettings")
            await panel.select("set-channel:", [place.channel.id])
            await panel.shows("from now on")
            if place is north:
                await panel.press("set-backfill:post")
            else:
                await panel.press("set-backfill:skip")
        self._say(
            f"Admins ran /giftcodesettings: {north.guild.name} wants the 2 codes active now, "
            f"{frost.guild.name} and {ember.guild.name} only new ones."
        )
        self.posts.expect("WELCOME2026", 1)
        self.posts.expect("Frost77", 1)
        await self._settle()
        self._say(f"{north.guild.name} got both codes in one message.")

    async def _new_code(self) -> None:
        self._sandbox.sources.publish("SNOW2026", rewards="500 wood", expires_at=_in_days(1))
        self._say("The game publishes SNOW2026 ...")
        self.posts.expect("SNOW2026", 3)
        await self._settle()
        self._say("... and all three servers have it.")

    async def _failing_source(self) -> None:
        self._sandbox.sources.fail("json", status=503)
        self._sandbox.sources.drop("page")
        self._say("The code API answers 503 now, and the web page drops every connection.")
        self._sandbox.sources.publish("AURORA9", on={"rss"}, rewards="1 hero shard")
        self.posts.expect("AURORA9", 3)
        await self._settle()
        self._say("AURORA9 came through the RSS feed alone, and nothing expired because a source failed.")
        self._sandbox.sources.heal()
        self._sandbox.sources.publish("THAW2026", on={"json"}, rewards="1 teleport")
        self.posts.expect("THAW2026", 3)
        await self._settle()
        self._say("The sources are well again: THAW2026, which only the code API lists, has arrived.")

    async def _crash(self) -> None:
        lost = self._sandbox.faults.hold(MESSAGES, method="POST", after_store=True)
        self._sandbox.sources.publish("GLACIER5", rewards="10 keys")
        self.posts.expect("GLACIER5", 3)
        await lost.held(timeout=PATIENCE)
        self._say("GLACIER5 is being posted: Discord has stored a message, its answer is still on the way ...")
        self._bot.kill()
        lost.drop()
        self._say("... and the bot's process is killed (SIGKILL). Does it know what it sent? Starting it again.")
        await self._bot.start()
        await self._settle()
        await self._sandbox.sources.wait("json", self._sandbox.sources.hits["json"] + 3)
        self._say("All three servers have GLACIER5, each once: the message sent before the crash was recognised.")

    async def _register(self) -> None:
        await self.players.register()
        self._say(
            f"Players run /player add: {self.players.count} of them, one in two servers. The game has confirmed id "
            "and kingdom of each."
        )
        await self.players.turn_on()
        self.players.expect(*self.posts.codes)
        self._say(
            f"Admins run /autoredeem on: all {len(self.posts.codes)} active codes are redeemed for everybody ..."
        )

    async def _redeem(self) -> None:
        lost = self._sandbox.game.faults.hold(after_grant=True, player_id=1006)
        await lost.held(timeout=PATIENCE)
        half = self.players.granted() + self.players.count
        await self._sandbox.until(lambda: self.players.granted() >= half, timeout=PATIENCE, what="half of it")
        self._bot.kill()
        lost.drop()
        left = self.players.missing()
        self._say(f"... and in the middle of it, in the middle of a call, the bot is killed. {left} are left.")
        await self._bot.start()
        self._say("Started again, it goes on where it was. The game publishes TUNDRA8 meanwhile.")
        self._sandbox.sources.publish("TUNDRA8", rewards="2 keys")
        self.posts.expect("TUNDRA8", 3)
        self.players.expect("TUNDRA8")
        await self._settle()
        await self._sandbox.until(
            lambda: not self.players.missing(), timeout=PATIENCE, what="the codes of all players"
        )
        place = self.places[0]
        await self._sandbox.until(
            lambda: any(
                "TUNDRA8: finished" in text_of(one) for one in self._sandbox.world.messages(place.progress)
            ),
            timeout=PATIENCE,
            what="the end of the progress",
        )
        [shown] = [
            text_of(one).splitlines()[:3]
            for one in self._sandbox.world.messages(place.progress)
            if "TUNDRA8" in text_of(one)
        ]
        self._say(f"Everybody has every code. The progress message in {place.guild.name}: {' / '.join(shown)}")

    async def _status(self) -> None:
        place = self.places[0]
        answer = await place.admin.command("giftcode_status")
        lines = [
            f"{field['name']}: {str(field['value']).splitlines()[0]}"
            for field in (await answer.settled()).embeds[0]["fields"]
        ]
        self._say("/giftcode_status says: " + readable(self._sandbox.world, "; ".join(lines)))

    async def _settle(self) -> None:
        await self._sandbox.until(lambda: self.posts.missing() <= 0, timeout=PATIENCE, what="the posts")

    def _place(self, name: str) -> Place:
        guild = self._sandbox.world.add_guild(name)
        admin = self._sandbox.user(guild, name=f"{name}'s admin", permissions="MANAGE_GUILD")
        channels = {one.name: one for one in guild.channels.values()}
        return Place(guild, channels["codes"], channels["general"], admin)

    def _say(self, words: str) -> None:
        self._console.print(f"[dim]{time.monotonic() - self._began:5.1f} s[/dim]  {words}", highlight=False)


@asynccontextmanager
async def _stage(console: Console) -> AsyncIterator[Demo]:
    with tempfile.TemporaryDirectory(prefix="giftbot-demo-") as directory:
        token = secrets.token_hex(16)
        async with (
            Sandbox(nonce_window=NONCE_WINDOW, limits=Limits(), privileged=["GUILD_MEMBERS"]) as sandbox,
            open_service(Path(directory, "copies"), token=token) as address,
        ):
            demo = Demo(sandbox, Path(directory), console, CLOUD_API_URL=address, CLOUD_API_TOKEN=token)
            try:
                yield demo
            finally:
                await demo.close()


async def run_demo(*, keep: bool) -> int:
    """Tell the story; 0 when all of it came about, else 1. With `keep` it goes on until it is interrupted."""
    console = Console()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    running = asyncio.current_task()
    if running is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    async with _stage(console) as demo:
        try:
            await demo.tell()
        except (WaitTimeoutError, DriverTimeout, OSError) as error:
            console.print(f"The demo stopped: {error}. The end of the bot's log:", highlight=False)
            console.print("\n".join(demo.log.read_text().splitlines()[-20:]), highlight=False, markup=False)
            return 1
        console.print(demo.posts.table())
        duplicates, missing = demo.posts.duplicates(), demo.posts.missing()
        console.print(f"Posted twice: {duplicates}. Missing: {missing}.", highlight=False)
        console.print(demo.players.table())
        twice, without = demo.players.twice(), demo.players.missing()
        console.print(f"Redeemed twice: {twice}. Missing: {without}.", highlight=False)
        console.print(demo.newcomers.table())
        wrong, lost = demo.newcomers.wrong(), demo.newcomers.lost()
        console.print(f"Wrong at level 3 or more: {wrong}. Joins lost: {lost}.", highlight=False)
        if keep:
            console.print(
                f"The bot's data directory, gone when this ends: {demo.data}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )
            console.print("To look at it, type this line in another shell, also with other commands of ops:")
            console.print(demo.ops("inspect joins"), highlight=False, markup=False, soft_wrap=True)
            console.print("Still running; interrupt with Ctrl-C.")
            await asyncio.Event().wait()
    return 1 if any((duplicates, missing, twice, without, wrong, lost)) else 0


def _in_days(days: int) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
