"""The garbage collector: what lives as long as the process is not looked through again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


def spare_what_was_imported() -> None:
    """Drop what importing left behind, and never look at the rest again.

    To be called before the event loop runs: a full pass takes some 40 ms then, and later ones a few.
    """
    gc.collect()
    gc.freeze()


def drop_what_starting_left() -> None:
    """Look once more, through what is young alone: a few milliseconds, and two megabytes of a start's garbage."""
    gc.collect()


@contextmanager
def resting() -> Iterator[None]:
    """Look through nothing while the block lasts: for much that is built, used and dropped, before work begins."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
