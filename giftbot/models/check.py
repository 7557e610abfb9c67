"""One thing that was looked at to see whether the bot can work, and what came of it."""

from __future__ import annotations

import enum

import attrs


class Level(enum.StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    """The bot works, or it could not be found out."""
    FAILED = "failed"
    """The bot cannot do its work."""


@attrs.frozen
class Check:
    """A line of the report."""

    name: str
    level: Level
    found: str
    """What was found, without secrets."""
    advice: str | None = None
    """What to do; None where nothing is to be done."""


def ok(name: str, found: str) -> Check:
    """All is well."""
    return Check(name, Level.OK, found)


def warning(name: str, found: str, advice: str | None = None) -> Check:
    """Somebody should know."""
    return Check(name, Level.WARNING, found, advice)


def failed(name: str, found: str, advice: str | None = None) -> Check:
    """Somebody has to do something."""
    return Check(name, Level.FAILED, found, advice)
