"""Figure 23: what `ops export` and `ops import` of a million rows need, from SQLite to MongoDB."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import time
from pathlib import Path

from bench.figures import Figure
from bench.places import MONGODB, SQLITE, STORES, Place
from bench.rows import CODES, fill
from bench.session import Session

AT_MOST = 150.0
"""Megabytes, at any time of a run."""
_RUN = """
import sys
from ops.__main__ import app
try:
    app(sys.argv[1:])
finally:
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            print(line, file=sys.stderr)
"""


async def measure(session: Session) -> list[Figure]:
    """Figure 23: out of SQLite into MongoDB, and back."""
    guilds = 200 if session.quick else 2000
    places = [session.places.new(kind) for kind in (SQLITE, MONGODB, SQLITE)]
    await asyncio.to_thread(fill, places[0], guilds)
    figures = []
    for number, (before, after) in enumerate(itertools.pairwise(places)):
        archive = session.root / f"archive-{number}.zip"
        figures.append(await _of(before, "export", archive, guilds * CODES))
        figures.append(await _of(after, "import", archive, guilds * CODES))
    return sorted(figures, key=lambda figure: STORES.index(figure.name.partition(":")[0]))


async def _of(place: Place, command: str, archive: Path, rows: int) -> Figure:
    place.directory.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _RUN,
        command,
        str(archive),
        env={**os.environ, **place.environ},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    if process.returncode:
        raise ChildProcessError(said.decode())
    seconds = time.monotonic() - began
    megabytes = int(said.decode().rpartition("VmHWM:")[2].split()[0]) / 1024
    return Figure(
        "23",
        f"{place.kind}: ops {command} of {rows:,} rows: memory at its highest",
        f"< {AT_MOST:.0f} MB",
        f"{megabytes:.1f} MB, in {seconds:.0f} s = {rows / seconds:,.0f} rows a second",
        megabytes < AT_MOST,
        {"megabytes": megabytes, "seconds": seconds},
    )
