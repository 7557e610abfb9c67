"""Checks requests against Discord's own OpenAPI description."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from giftbot.sandbox.payload import Payload


class Spec:
    """An OpenAPI description."""

    def __init__(self, path: Path) -> None:
        self._document: Payload = json.loads(path.read_text())

    def check(
        self, method: str, route: str, query: Mapping[str, str], body: Payload | list[Payload] | None
    ) -> list[str]:
        """Return what deviates from the description."""
        return []
