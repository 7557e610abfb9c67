"""A Discord on loopback: for `giftbot demo`, `giftbot sandbox` and the tests.

It is good enough for an unmodified hikari bot: REST, gateway, interactions, rate limits, permissions, the
deduplication of messages by nonce, invites and the members who come by them, sources of gift codes, and faults on
demand.
"""

from __future__ import annotations

from giftbot.sandbox.answer import Answer, text_of
from giftbot.sandbox.arrivals import Arrival, Way
from giftbot.sandbox.driver import Actor
from giftbot.sandbox.faults import FaultKind
from giftbot.sandbox.habits import DeleteNotice
from giftbot.sandbox.invite_shapes import Blemish
from giftbot.sandbox.limits import Limits
from giftbot.sandbox.member_search import SearchMood
from giftbot.sandbox.pulse import WaitTimeoutError
from giftbot.sandbox.refused import DriverRefused, DriverTimeout
from giftbot.sandbox.server import Sandbox
from giftbot.sandbox.uploads import Upload

__all__ = [
    "Actor",
    "Answer",
    "Arrival",
    "Blemish",
    "DeleteNotice",
    "DriverRefused",
    "DriverTimeout",
    "FaultKind",
    "Limits",
    "Sandbox",
    "SearchMood",
    "Upload",
    "WaitTimeoutError",
    "Way",
    "text_of",
]
