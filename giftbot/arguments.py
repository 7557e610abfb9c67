"""Arguments of the command lines: numbers, and the sentence that somebody reads who gave none."""

from __future__ import annotations

import re
from collections.abc import Callable

import typer

_DIGITS = re.compile(r"[0-9]{1,19}")


def whole_number(what: str, *, least: int, most: int, advice: str = "") -> Callable[[str | int], int]:
    """A parser for an option that takes `what`, a whole number in these bounds; `advice` follows the sentence."""

    def parse(given: str | int) -> int:
        text = str(given).strip()
        if not _DIGITS.fullmatch(text) or not least <= int(text) <= most:
            raise typer.BadParameter(f"{what} is a whole number from {least} to {most}, not “{text}”.{advice}")
        return int(text)

    return parse
