"""Figure 17: copies of a thousand servers with a hundred invites each, and the restore."""

from __future__ import annotations

import os
import shutil
from contextlib import AbstractAsyncContextManager

from bench.figures import Figure, median, ms
from bench.link import Child, child
from bench.places import STORES, Place
from bench.session import Session
from giftbot.sandbox.payload import Payload
from giftbot.stores.copy_file import COPY_NAME

ONE, WHOLE = 0.005, 2.0
"""Seconds of computing."""
INVITES = 100


async def measure(session: Session) -> list[Figure]:
    """Figure 17, on both stores."""
    guilds = 200 if session.quick else 1000
    figures = []
    for kind in STORES:
        place, empty = session.places.new(kind), session.places.new(kind)
        async with _keeper(session, place) as keeper:
            await keeper.ask("fill", guilds=guilds, invites=INVITES)
            one = await keeper.ask("one", times=50)
            before = await keeper.ask("known")
            await session.watch.begin()
            first = await keeper.ask("back_up")
            await session.watch.end(f"first whole copy of {guilds} servers, {kind}", first["late"])
            await session.watch.begin()
            later = await keeper.ask("back_up")
            await session.watch.end(f"later whole copy of {guilds} servers, {kind}", later["late"])
            bare = await keeper.ask("bare", times=3)
        empty.directory.mkdir(parents=True)
        shutil.copy(place.directory / COPY_NAME, empty.directory)
        async with _keeper(session, empty) as keeper:
            restored = await keeper.ask("restore")
            after = await keeper.ask("known")
        assert after == before
        assert before["invites"] == guilds * INVITES
        figures += _figures(kind, guilds, one, [first, later, restored], bare)
    return figures


def _keeper(session: Session, place: Place) -> AbstractAsyncContextManager[Child]:
    return child(
        "bench.copies_child", session.root, environ={**os.environ, **place.environ, "DISCORD_TOKEN": "none"}
    )


def _figures(kind: str, guilds: int, one: Payload, whole: list[Payload], bare: Payload) -> list[Figure]:
    first, later, restored = whole
    ours, plain = median(one["cpu"]), median(one["bare"])
    rendering, parsing = median(bare["rendering"]), median(bare["parsing"])
    name = f"{kind}: {guilds} servers of {INVITES} invites"
    return [
        Figure(
            "17",
            f"{name}: computing to serialise one",
            f"< {ms(ONE)}",
            f"{ms(ours)} = {ours / plain:.1f} x {ms(plain)}, orjson.dumps alone",
            ours < ONE,
            {"seconds": ours, "bare_seconds": plain},
        ),
        Figure(
            "17",
            f"{name}, {first['size'] / 1e6:.0f} MB: computing for the first whole copy",
            f"< {ms(WHOLE)}",
            f"{_both(first)} = {first['cpu'] / rendering:.1f} x {ms(rendering)}, orjson.dumps alone;"
            f" a later one {_both(later)}",
            max(first["cpu"], later["cpu"]) < WHOLE,
            {"seconds": first["cpu"], "later_seconds": later["cpu"], "bare_seconds": rendering},
        ),
        Figure(
            "17",
            f"{name}: computing for the restore into empty tables",
            f"< {ms(WHOLE)}",
            f"{_both(restored)} = {restored['cpu'] / parsing:.1f} x {ms(parsing)}, orjson.loads alone",
            restored["cpu"] < WHOLE,
            {"seconds": restored["cpu"], "bare_seconds": parsing},
        ),
    ]


def _both(done: Payload) -> str:
    return f"{ms(done['cpu'])} (in {ms(done['seconds'])})"
