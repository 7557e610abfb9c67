"""The one type that all JSON documents of the sandbox have."""

from __future__ import annotations

from typing import Any

Payload = dict[str, Any]
"""A decoded JSON object with Discord's field names."""
