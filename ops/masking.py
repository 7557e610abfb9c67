"""Keeping secrets out of everything that is printed: by their shape, and those of the settings by their value."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from giftbot.logs import redact
from giftbot.settings import Settings

MASK = "<secret>"
_SHORTEST = 8
"""A shorter one, alone, would mask ordinary words."""


class Mask:
    """Takes the settings' own secrets out of a text, whatever their shape, and whatever else looks like one."""

    def __init__(self, settings: Settings | None = None) -> None:
        found = set(_secrets(settings)) if settings is not None else set()
        self._secrets = sorted((one for one in found if len(one) >= _SHORTEST), key=len, reverse=True)
        """The longest first: one may be a part of another."""

    def __call__(self, text: str) -> str:
        """`text` without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return redact(text)


def _secrets(settings: Settings) -> Iterator[str]:
    yield settings.discord_token.get_secret_value().strip()
    yield settings.giftcode_api_key.get_secret_value().strip()
    yield settings.cloud_api_token.get_secret_value().strip()
    yield settings.cloud_object_url.get_secret_value().strip()
    for uri in (settings.mongo_uri, settings.mongo_uri_fallback):
        credentials, at, _ = uri.get_secret_value().partition("://")[2].rpartition("@")
        if at:
            password = credentials.partition(":")[2]
            yield from (f"{credentials}@", password, unquote(password))
