"""Logging: structlog over the standard library's, one pipeline for all records, with every secret taken out."""

from __future__ import annotations

import logging
import re
import secrets
import sys
from collections.abc import Sequence
from typing import TextIO, cast

import stamina.instrumentation
import structlog

_SECRETS = (
    (".", re.compile(r"[MNO][A-Za-z\d_-]{17,}\.[A-Za-z\d_-]{6}\.[A-Za-z\d_-]{25,}"), "<token>"),
    ("://", re.compile(r"(\bmongodb(?:\+srv)?://)[^\s\"']+@", re.IGNORECASE), r"\1<credentials>@"),
    ("://", re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/@\"']+@", re.IGNORECASE), r"\1<credentials>@"),
    ("/", re.compile(r"(/(?:webhooks|interactions)/\d+/)[\w.-]{20,}"), r"\1<token>"),
    ("B", re.compile(r"((?:Bot|Bearer)\s+)[\w.~+/-]{20,}=*"), r"\1<token>"),
)
"""What has to be in a text for the pattern to be found there, the pattern, and what takes its place."""


def redact(text: str) -> str:
    """`text` without Discord tokens, interaction tokens and the credentials of addresses."""
    for sign, pattern, replacement in _SECRETS:
        if sign in text:
            text = pattern.sub(replacement, text)
    return text


def new_reference() -> str:
    """A short id that a user's message and the log line share, e.g. `9f3c1a`."""
    return secrets.token_hex(3)


class _RedactingFormatter(structlog.stdlib.ProcessorFormatter):
    """Formats a record, traceback and all, and redacts the finished text: nothing can slip past it.

    Our own records are prepared already, and rendered as they are: a job logs every answer.
    """

    def __init__(
        self,
        rendering: Sequence[structlog.typing.Processor],
        foreign_pre_chain: Sequence[structlog.typing.Processor],
    ) -> None:
        super().__init__(processors=[self.remove_processors_meta, *rendering], foreign_pre_chain=foreign_pre_chain)
        self._rendering = rendering

    def format(self, record: logging.LogRecord) -> str:
        if not isinstance(record.msg, dict):
            return redact(super().format(record))
        event: structlog.typing.ProcessorReturnValue = dict(record.msg)
        for processor in self._rendering:
            event = processor(None, record.levelname.lower(), cast("structlog.typing.EventDict", event))
        return redact(str(event))


def _plain_value(key: str, value: object) -> str:
    """`key=value`, quoted where it would not be one word otherwise."""
    if isinstance(value, str) and not _QUOTED.intersection(value):
        return f"{key}={value}"
    return f"{key}={value!r}"


_QUOTED = frozenset(" \t=\r\n\"'")
_PLAIN_COLUMNS = (
    structlog.dev.Column("", _plain_value),
    structlog.dev.Column("timestamp", lambda _, value: str(value)),
    structlog.dev.Column("level", lambda _, value: f"[{value!s:<9}]"),
    structlog.dev.Column("event", lambda _, value: f"{value!s:<30}"),
    structlog.dev.Column("logger", lambda _, value: f"[{value}]"),
)
"""A line without colours: what `ConsoleRenderer` makes by itself, in a fraction of the time."""


def _console(*, colours: bool) -> structlog.dev.ConsoleRenderer:
    traceback = structlog.dev.plain_traceback
    if colours:
        return structlog.dev.ConsoleRenderer(colors=True, exception_formatter=traceback)
    return structlog.dev.ConsoleRenderer(columns=list(_PLAIN_COLUMNS), exception_formatter=traceback)


def configure_logging(level: str = "INFO", log_format: str = "console", *, stream: TextIO | None = None) -> None:
    """Send all records of this process to `stream` (standard error), once, in the chosen form."""
    stream = stream or sys.stderr
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendering: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if log_format == "json"
        else [_console(colours=stream.isatty())]
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_RedactingFormatter(rendering, shared))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in ("hikari", "aiohttp.access", "pymongo", "aiosqlite"):
        logging.getLogger(name).setLevel(max(logging.getLevelName(level), logging.WARNING))
    stamina.instrumentation.set_on_retry_hooks(())  # who retries logs it, with names instead of addresses
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
