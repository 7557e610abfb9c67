"""`giftbot cloud`: the backup service as a process."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import structlog

from giftbot.cloud.service import open_service

_log = structlog.get_logger(__name__)


async def serve(directory: Path, *, token: str, host: str, port: int, keep: int) -> None:
    """Run until SIGINT or SIGTERM. Raises `StartupError`."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with open_service(directory, token=token, host=host, port=port, keep=keep) as address:
        _log.info("ready", address=address, directory=str(directory), keep=keep)
        await stopped.wait()
    _log.info("stopped")
