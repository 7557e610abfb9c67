"""Every error of this project, drawn once.

```
GiftbotError                      what went wrong, as one sentence
├── UserError                     the sentence is meant for the user who asked
│   ├── InvalidCodeError          not a gift code
│   ├── InvalidInputError         any other input that cannot be used
│   ├── NotAllowedError           the user may not do this
│   └── GameHaltedError           nothing is redeemed at present, and why
├── StartupError                  the process cannot start (exit code 1)
│   ├── SettingsError             settings are missing or wrong (exit code 78, EX_CONFIG)
│   ├── TokenError                Discord refuses the token (exit code 78)
│   └── DataDirectoryError        the data directory is in use or not writable (exit code 73, EX_CANTCREAT)
├── StoreError                    the store did not do what it was asked
│   └── StoreUnavailableError     the store is out of reach; the write may or may not have happened (exit code 69)
├── SourceError                   a source of codes gave nothing that can be used
├── LegacyError                   what an earlier bot left cannot be read
├── InviteLookError               Discord did not show a server's invites
│   ├── SearchNotReadyError       the member search asks to come again later
│   └── SearchRefusedError        the member search is not what it was, or not for us
├── ArchiveError                  an archive of the whole bot cannot be written or used
└── CopyError                     a copy could not be written or read
    └── CopyRefusedError          what is there is damaged, too large, or not ours
```
"""

from __future__ import annotations

from typing import ClassVar


class GiftbotError(Exception):
    """Root of all errors raised on purpose; `str()` of it is one sentence a person can read."""

    exit_code: ClassVar[int] = 1
    """What a command-line process ends with when this error ends it."""


class UserError(GiftbotError):
    """The user can do something about it, and `str()` says what."""

    exit_code = 2


class InvalidCodeError(UserError):
    """A text that is not a gift code."""


class InvalidInputError(UserError):
    """Any other input that cannot be used."""


class NotAllowedError(UserError):
    """The user lacks the right to do this."""


class GameHaltedError(UserError):
    """Redemption is switched off, or was halted until an operator looks at it."""


class StartupError(GiftbotError):
    """The process cannot start."""


class SettingsError(StartupError):
    """A setting is missing or wrong; the sentence names it."""

    exit_code = 78


class TokenError(StartupError):
    """Discord does not accept the token or what it asks for."""

    exit_code = 78


class DataDirectoryError(StartupError):
    """The data directory is in use by another process, or cannot be written."""

    exit_code = 73


class StoreError(GiftbotError):
    """The store did not do what it was asked."""

    exit_code = 74


class StoreUnavailableError(StoreError):
    """The store is out of reach. A write that was under way may or may not have happened: read it again."""

    exit_code = 69


class SourceError(GiftbotError):
    """A source gave nothing that can be used.

    `retry_after` is the pause in seconds that the source asked for (HTTP Retry-After), if it did.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LegacyError(GiftbotError):
    """A source of an earlier bot's data cannot be read, or not to its end."""


class InviteLookError(GiftbotError):
    """Discord did not show what was asked for; `permitted` says whether it was asked at all."""

    def __init__(self, message: str, *, permitted: bool = True) -> None:
        """Say whether the bot was allowed to ask at all."""
        super().__init__(message)
        self.permitted = permitted


class SearchNotReadyError(InviteLookError):
    """The member search has no index yet; `retry_after` is how many seconds it asks to wait."""

    def __init__(self, message: str, *, retry_after: float = 0.0) -> None:
        """Say how long to wait."""
        super().__init__(message)
        self.retry_after = retry_after


class SearchRefusedError(InviteLookError):
    """The member search does not work as it is known; `is_everywhere` says whether that is so in all servers."""

    def __init__(self, message: str, *, is_everywhere: bool) -> None:
        """Say whether other servers need not be tried."""
        super().__init__(message)
        self.is_everywhere = is_everywhere


class ArchiveError(GiftbotError):
    """An archive of the whole bot cannot be written or used."""


class CopyError(GiftbotError):
    """A copy could not be written or read; it may work later."""


class CopyRefusedError(CopyError):
    """A copy that must not be used."""
