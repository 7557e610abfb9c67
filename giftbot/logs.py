"""Logging: structlog over the standard library's, one pipeline for all records, with every secret taken out."""

from __future__ import annotations

import logging
import re
import secrets
import sys
from typing import TextIO

import stamina.instrumentation
import structlog

_SECRETS = (
    (re.compile(r"[MNO][A-Za-z\d_-]{17,}\.[A-Za-z\d_-]{6}\.[A-Za-z\d_-]{25,}"), "<token>"),
    (re.compile(r"(\bmongodb(?:\+srv)?://)[^\s\"']+@", re.IGNORECASE), r"\1<credentials>@"),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/@\"']+@", re.IGNORECASE), r"\1<credentials>@"),
    (re.compile(r"(/(?:webhooks|interactions)/\d+/)[\w.-]{20,}"), r"\1<token>"),
    (re.compile(r"((?:Bot|Bearer)\s+)[\w.~+/-]{20,}=*"), r"\1<token>"),
)


def redact(text: str) -> str:
    """`text` without Discord tokens, interaction tokens and the credentials of addresses."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def new_reference() -> str:
    """A short id that a user's message and the log line share, e.g. `9f3c1a`."""
    return secrets.token_hex(3)


class _RedactingFormatter(structlog.stdlib.ProcessorFormatter):
    """Formats a record, traceback and all, and redacts the finished text: nothing can slip past it."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def configure_logging(level: str = "INFO", log_format: str = "console", *, stream: TextIO | None = None) -> None:
    """Send all records of this process to `stream` (standard error), once, in the chosen form."""
    stream = stream or sys.stderr
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    rendering = [structlog.processors.format_exc_info] if log_format == "json" else []
    formatter = _RedactingFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering, renderer],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
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
