"""Figure 23: how long `ops --help` takes, beside an interpreter that does nothing."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from bench.figures import Figure, median, ms
from bench.session import Session

AT_MOST = 0.25
"""Seconds above the bare interpreter."""
_TIMES = 21
_BARE = (sys.executable, "-c", "pass")
_HELP = (sys.executable, "-m", "ops", "--help")


async def measure(session: Session) -> list[Figure]:
    """Figure 23."""
    return [await asyncio.to_thread(_measure, session.root, 7 if session.quick else _TIMES)]


def _measure(directory: Path, times: int) -> Figure:
    """One after the other, so that what else the machine does hits both alike."""
    bare, shown = [], []
    for command in (_BARE, _HELP):
        _run(directory, command)  # compiles what was not compiled yet
    for _ in range(times):
        bare.append(_run(directory, _BARE))
        shown.append(_run(directory, _HELP))
    seconds, nothing = median([clock for clock, _ in shown]), median([clock for clock, _ in bare])
    computing = median([cpu for _, cpu in shown]) - median([cpu for _, cpu in bare])
    return Figure(
        "23",
        f"ops --help, {times} times",
        f"<= {ms(AT_MOST)} above a bare interpreter",
        f"{ms(seconds)} = +{ms(seconds - nothing)} = {seconds / nothing:.1f} x {ms(nothing)}"
        f" (computing +{ms(computing)})",
        seconds - nothing <= AT_MOST,
        {"seconds": seconds, "bare_seconds": nothing, "computing": computing},
    )


def _run(directory: Path, command: tuple[str, ...]) -> tuple[float, float]:
    """Seconds by the clock, and of computing, that a command takes."""
    paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=directory, env=environ)
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
