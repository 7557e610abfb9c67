"""What is known of the places where copies are kept."""

from __future__ import annotations

from datetime import datetime

import attrs


@attrs.frozen
class CopyStatus:
    """One layer: the tables, the local file, the cloud."""

    label: str
    epoch: str | None = None
    """The series of what is there; None when nothing of ours is known to be there."""
    sequence: int | None = None
    """Its number in the series."""
    taken_at: datetime | None = None
    is_waiting: bool = False
    """Whether something newer is to be written there."""
    refused: str | None = None
    """Why what was found there is not used, as a sentence."""
    held: str | None = None
    """Why nothing is written there at present, as a sentence."""
    failed: str | None = None
    """What went wrong last, as a sentence; None once it went well."""
    refused_entries: tuple[str, ...] = ()
    """Entries of the copy that was used which could not be, with their reasons."""
    replaced: str | None = None
    """Why what was found there before was not used, as a sentence; it has been replaced since."""
