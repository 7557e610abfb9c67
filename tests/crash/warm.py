"""Imported once by the process that forks the bots: what every start would otherwise pay for again."""

from __future__ import annotations

import gc
import os
from pathlib import Path

os.environ.setdefault("MOTOR_MAX_WORKERS", "64")  # motor reads it when it is imported
os.environ["SSL_CERT_FILE"] = os.devnull  # everything is on loopback, without TLS

import motor.motor_asyncio

from giftbot.settings import load_settings
from tests.crash import child

load_settings({}, directory=Path(os.devnull).parent)  # it imports its converters on first use
gc.freeze()

__all__ = ["child", "motor"]
