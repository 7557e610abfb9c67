"""What the driver raises."""

from __future__ import annotations

from giftbot.sandbox.pulse import WaitTimeoutError


class DriverRefused(Exception):  # noqa: N818 - reads as what happened to the user
    """A client would not have let the user do this; the message says why."""


class DriverTimeout(WaitTimeoutError):  # noqa: N818 - reads as what happened to the user
    """The bot did not answer in time; the message names what was waited for."""
