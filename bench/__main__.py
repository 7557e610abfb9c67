"""`python -m bench [--quick] [--only NAME] [--json FILE]`: measure everything, and say what misses its target."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from bench import archives, fanout, hostile, idle, invites, lookups, loop, memory, migrate, redeem, startup, stats
from bench.figures import Figure, table, write_json
from bench.link import child
from bench.machine import machine_facts
from bench.places import open_places
from bench.session import Session, Watch

Measure = Callable[[Session], Awaitable[list[Figure]]]
PARTS: Mapping[str, Measure] = {
    "lookups": lookups.measure,
    "idle": idle.measure,
    "fanout": fanout.measure,
    "loop": loop.measure,
    "hostile": hostile.measure,
    "memory": memory.measure,
    "redeem": redeem.measure,
    "invites": invites.measure,
    "stats": stats.measure,
    "startup": startup.measure,
    "archives": archives.measure,
    "migrate": migrate.measure,
}


async def measure(root: Path, names: list[str], *, quick: bool, json: Path | None) -> None:
    """Run these parts, print their figures as they come, and all of them in the end."""
    with open_places(root) as places:
        facts = machine_facts(places.version)
        for name, value in facts.items():
            print(f"{name}: {value}")
        figures: list[Figure] = []
        async with child("bench.idle_child", root) as idle:
            session = Session(root, places, Watch(idle), quick)
            for name in names:
                began = time.monotonic()
                found = await PARTS[name](session)
                figures += found
                tell(found)
                print(f"       ({name}: {time.monotonic() - began:.0f} s)", flush=True)
            watched = loop.verdicts(session)
            figures = sorted(figures + watched, key=lambda figure: int(figure.group))
            tell(watched)
    print(f"\n{table(figures)}\n")
    missed = [figure for figure in figures if not figure.is_met]
    print(f"{len(figures) - len(missed)} of {len(figures)} figures met, {len(missed)} missed")
    if json is not None:
        write_json(json, figures, facts)


def tell(figures: list[Figure]) -> None:
    """Print them, a line each."""
    for one in figures:
        print(f"{one.verdict:6} {one.group}  {one.name}: {one.measured} ({one.target})", flush=True)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rows, servers and repetitions")
    parser.add_argument("--only", choices=PARTS, action="append", help="one part; may be given several times")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures for machines, too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="giftbot-bench-", ignore_cleanup_errors=True) as root:
        names = [name for name in PARTS if given.only is None or name in given.only]
        asyncio.run(measure(Path(root), names, quick=given.quick, json=given.json))


if __name__ == "__main__":
    main()
