"""What all sentences share: escaping, moments, counts, names of sources."""

from __future__ import annotations

from datetime import datetime

_MARKDOWN = str.maketrans({char: "\\" + char for char in "\\*_~`|>#[]()<@"})
SOURCE_NAMES = {
    "json": "code API",
    "rss": "RSS feed",
    "page": "web page",
    "api": "shared list",
    "manual": "reported by hand",
}


def plain(words: str) -> str:
    """`words` as they are, with nothing that Discord would format or take for a mention."""
    return words.translate(_MARKDOWN)


def relative(moment: datetime) -> str:
    """A moment as Discord shows it to each reader, relative to now."""
    return f"<t:{int(moment.timestamp())}:R>"


def full(moment: datetime) -> str:
    """A moment as Discord shows it to each reader, with date and time."""
    return f"<t:{int(moment.timestamp())}:f>"


def source_name(name: str) -> str:
    """What people call a source."""
    return SOURCE_NAMES.get(name, name)


def counted(count: int, one: str, many: str | None = None) -> str:
    """`1 code`, `2 codes`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
