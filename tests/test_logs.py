"""What reaches the log."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from giftbot.logs import configure_logging, redact

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDE." + "x" * 38


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the log goes; afterwards logging is as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_no_secret_reaches_the_log_by_any_way(stream: io.StringIO, log_format: str) -> None:
    """As a message, a value, a library's record or in a traceback: tokens and credentials are taken out."""
    configure_logging("DEBUG", log_format, stream=stream)
    log = structlog.get_logger("test")
    event = f"login with {TOKEN}"
    log.info(event, uri="mongodb://me:hunter2@db.example/x", header=f"Bot {TOKEN}")
    logging.getLogger("library").warning("fetching %s", "https://user:hunter2@example.org/a")
    logging.getLogger("library").warning("POST /webhooks/123/%s", "a" * 60)
    try:
        raise ValueError(f"bad token {TOKEN} for mongodb://me:hunter2@db")
    except ValueError:
        log.exception("failed")
    written = stream.getvalue()
    assert TOKEN not in written
    assert "hunter2" not in written
    assert "a" * 60 not in written
    assert "db.example" in written
    assert "ValueError" in written
    if log_format == "json":
        assert all(json.loads(line)["event"] for line in written.splitlines())


def test_a_password_that_was_not_escaped_is_taken_out_whole() -> None:
    """`@` and `/` in the password of a MongoDB address do not let a part of it through."""
    assert redact("cannot reach mongodb://me:p@ss/word@host/db") == "cannot reach mongodb://<credentials>@host/db"


def test_redaction_leaves_ordinary_text_alone() -> None:
    """Addresses without credentials, ids and codes stay readable."""
    text = "posted FROST77 to https://example.org/a?b=c in 123456789012345678"
    assert redact(text) == text


def test_a_line_without_colours_looks_as_structlog_makes_it(stream: io.StringIO) -> None:
    """Columns, quotes, the order of values and a traceback are those of its own renderer."""
    values: dict[str, object] = {
        "raw": "20000 SUCCESS",
        "attempt": 1,
        "code": "FROST77",
        "none": None,
        "text": "a=b",
    }
    configure_logging("INFO", "console", stream=stream)
    structlog.get_logger("test").info("player redeemed", **values)
    try:
        raise ValueError("not this one")
    except ValueError:
        structlog.get_logger("test").exception(ValueError("an event that is no text"), player="\u4e00 \t'\"")
        logging.getLogger("library").exception("failed")
    written = stream.getvalue()
    now = written.partition(" ")[0]
    shown = structlog.dev.ConsoleRenderer(colors=False)(
        None, "info", {"timestamp": now, "level": "info", "logger": "test", "event": "player redeemed", **values}
    )
    assert written.splitlines()[0] == shown
    assert "[error    ] an event that is no text       [test] player='\u4e00 \\t\\'\"'\nTraceback" in written
    assert written.count("ValueError: not this one") == 2
