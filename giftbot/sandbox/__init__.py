"""A Discord on loopback: for `giftbot demo`, `giftbot sandbox` and the tests.

It is good enough for an unmodified hikari bot: REST, gateway, interactions, rate limits, permissions, the
deduplication of messages by nonce, sources of gift codes, and faults on demand.
"""

from __future__ import annotations

from giftbot.sandbox.faults import FaultKind
from giftbot.sandbox.limits import Limits
from giftbot.sandbox.server import Sandbox

__all__ = ["FaultKind", "Limits", "Sandbox"]
