"""A port that differs from the real one in some of its methods."""

from __future__ import annotations


class Different:
    """A port that differs in what a subclass defines."""

    def __init__(self, inner: object) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)
