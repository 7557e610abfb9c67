"""A gift code: how it is folded, what is known of it, and how that knowledge grows."""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

import attrs

from giftbot.errors import InvalidCodeError
from giftbot.models.ids import CodeKey

_KEY = re.compile(r"[A-Z0-9_-]{3,32}", re.ASCII)
_SHOWN = 40

MANUAL = "manual"
"""The name under which a code reported by hand is kept among its sources."""
HINT = "api"
"""The name of the shared code-distribution service, which is believed no more than a report by hand."""
TAKEN_OVER = "migration"
"""The name under which a code that an earlier bot knew is kept among its sources."""
UNCONFIRMING = frozenset({MANUAL, HINT, TAKEN_OVER})
"""Sources whose word alone confirms nothing."""


def escaped(raw: str) -> str:
    """`raw` made harmless for logs and answers: ASCII with escapes, at most 40 characters."""
    text = raw[: _SHOWN + 1].encode("ascii", "backslashreplace").decode("ascii")
    text = "".join(char if char.isprintable() and char not in "`@<>" else f"\\x{ord(char):02x}" for char in text)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _harmless(raw: str) -> str:
    """`raw` for the answer to whoever typed it: short, printable, without mentions and formatting."""
    shown = "".join(char if char.isprintable() and char not in "`@<>*_~|[]()#\\" else "?" for char in raw[:_SHOWN])
    return shown if len(raw) <= _SHOWN else shown + "…"


def display_form(raw: str) -> str:
    """The form to post and to redeem: NFKC, trimmed, in its original casing.

    Raises `InvalidCodeError` when it is not 3 to 32 letters (A to Z), digits, `_` or `-` (ASCII).
    """
    if len(raw) <= 200:
        text = unicodedata.normalize("NFKC", raw).strip()
        if _KEY.fullmatch(text.upper()) and text.isascii():
            return text
    raise InvalidCodeError(
        f"“{_harmless(raw)}” is not a gift code: a code has 3 to 32 letters (A to Z), digits, “_” or “-”."
    )


def fold(raw: str) -> CodeKey:
    """The key by which codes are compared. Raises `InvalidCodeError` as `display_form` does."""
    return CodeKey(display_form(raw).upper())


class CodeStatus(enum.StrEnum):
    """Whether a code is offered to players."""

    ACTIVE = "active"
    EXPIRED = "expired"
    INVALID = "invalid"
    """The game does not know it, or the owner discarded it."""
    HELD = "held"
    """Known from hints only, or from a listing that looked wrong: waits for the game or the owner."""


@attrs.frozen
class Finding:
    """What a source says of one code, already checked and folded."""

    key: CodeKey
    display: str
    rewards: str | None = None
    expires_at: datetime | None = None
    listed_at: datetime | None = None
    """When the source says that it listed the code; not when it expires."""


@attrs.frozen
class Sighting:
    """One source's view of one code."""

    first_seen: datetime
    last_seen: datetime
    """The last moment at which the listing that has this code was new. Not touched while nothing changes."""
    absent_since: datetime | None = None
    """Since when the source, while healthy, has left the code out; None while it lists it."""

    @property
    def is_doubted(self) -> bool:
        """Whether only a listing that looked wrong had it so far: as good as left out from the first moment on."""
        return self.absent_since == self.first_seen


def _read_only(sources: Mapping[str, Sighting]) -> Mapping[str, Sighting]:
    return MappingProxyType(dict(sources))


@attrs.frozen
class GiftCode:
    """Everything that is known of one gift code."""

    key: CodeKey
    display: str
    status: CodeStatus
    created_at: datetime
    updated_at: datetime
    rewards: str | None = None
    expires_at: datetime | None = None
    expired_at: datetime | None = None
    """When it was found to be expired; None while it is not."""
    verified_at: datetime | None = None
    """When the game said that it exists; None when it was not asked before the code was announced."""
    sources: Mapping[str, Sighting] = attrs.field(factory=dict, converter=_read_only)
    """Provenance by source name; `"manual"` is a report by hand."""
    epoch: int = 0
    """Raised each time a code comes back: a code is announced once per server and epoch."""
    fan_out: bool = False
    """True until every configured server has its outbox row for this epoch."""
    redeem: bool = False
    """True until every server with auto-redeem has its job for this epoch."""
    revision: int = 0
    """Raised by the store with each write; a write with an old revision is refused."""

    @property
    def is_listed(self) -> bool:
        """Whether at least one source lists it now."""
        return any(sighting.absent_since is None for sighting in self.sources.values())

    def is_over(self, now: datetime) -> bool:
        """Whether it cannot be used any more, as far as is known."""
        return self.is_ended or (self.expires_at is not None and self.expires_at <= now)

    @property
    def is_ended(self) -> bool:
        """Whether it was found to be over, or refused."""
        return self.status in (CodeStatus.EXPIRED, CodeStatus.INVALID)

    @property
    def is_confirmed(self) -> bool:
        """Whether a trusted source has ever listed it."""
        return not self.sources.keys() <= UNCONFIRMING

    @property
    def is_vouched(self) -> bool:
        """Whether a trusted source has ever listed it in a listing that was believed."""
        return any(name not in UNCONFIRMING and not seen.is_doubted for name, seen in self.sources.items())

    @property
    def is_doubted(self) -> bool:
        """Whether it came with a listing that looked wrong, and no trusted source has vouched for it since."""
        return not self.is_vouched and any(seen.is_doubted for seen in self.sources.values())

    def confirmed(self, source: str, finding: Finding, now: datetime) -> GiftCode:
        """This code after a trusted source listed it for the first time: only what that says is kept of it."""
        details = attrs.evolve(
            self,
            display=finding.display,
            rewards=finding.rewards,
            expires_at=finding.expires_at,
        )
        return details.seen(source, finding, now)

    def prolonged(self, finding: Finding, now: datetime) -> GiftCode:
        """This code after a trusted source named a later end than was known."""
        if finding.expires_at is None or (self.expires_at is not None and finding.expires_at <= self.expires_at):
            return self
        return attrs.evolve(self, expires_at=finding.expires_at, updated_at=now)

    def seen(self, source: str, finding: Finding, now: datetime) -> GiftCode:
        """This code after `source` listed it (again): provenance and missing details are filled in."""
        known = self.sources.get(source)
        sighting = Sighting(first_seen=known.first_seen if known else now, last_seen=now)
        return attrs.evolve(
            self,
            rewards=self.rewards or finding.rewards,
            expires_at=self.expires_at or finding.expires_at,
            sources={**self.sources, source: sighting},
            updated_at=now,
        )

    def missing(self, source: str, now: datetime) -> GiftCode:
        """This code after `source`, while healthy, left it out."""
        known = self.sources.get(source)
        if known is None or known.absent_since is not None:
            return self
        sighting = attrs.evolve(known, absent_since=now)
        return attrs.evolve(self, sources={**self.sources, source: sighting}, updated_at=now)

    def expired(self, now: datetime) -> GiftCode:
        """This code once it is over."""
        return attrs.evolve(
            self, status=CodeStatus.EXPIRED, expired_at=now, fan_out=False, redeem=False, updated_at=now
        )

    def released(self, now: datetime) -> GiftCode:
        """This code once it may be announced everywhere."""
        return attrs.evolve(
            self, status=CodeStatus.ACTIVE, expired_at=None, fan_out=True, redeem=True, updated_at=now
        )

    def held_back(self, now: datetime) -> GiftCode:
        """This code, which a source calls valid (again), until the game was asked."""
        return attrs.evolve(
            self,
            status=CodeStatus.HELD,
            verified_at=None,
            expired_at=None,
            fan_out=False,
            redeem=False,
            updated_at=now,
        )

    def returned(self, now: datetime) -> GiftCode:
        """This code once it is valid again after it was over: a new epoch, announced once more."""
        return attrs.evolve(self.released(now), epoch=self.epoch + 1, expires_at=None)

    def discarded(self, now: datetime) -> GiftCode:
        """This code once the owner or the game refused it."""
        return attrs.evolve(self, status=CodeStatus.INVALID, fan_out=False, redeem=False, updated_at=now)


def discovered(
    source: str, finding: Finding, status: CodeStatus, now: datetime, *, is_doubted: bool = False
) -> GiftCode:
    """A code seen for the first time; `is_doubted` is whether the listing looked wrong."""
    sighting = Sighting(first_seen=now, last_seen=now, absent_since=now if is_doubted else None)
    return GiftCode(
        key=finding.key,
        display=finding.display,
        status=status,
        rewards=finding.rewards,
        expires_at=finding.expires_at,
        sources={source: sighting},
        fan_out=status is CodeStatus.ACTIVE,
        redeem=status is CodeStatus.ACTIVE,
        created_at=now,
        updated_at=now,
    )
