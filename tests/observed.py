"""A real store whose calls a test can see, and make fail as an outage does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from giftbot.errors import StoreUnavailableError
from giftbot.services.ports import Store


class ObservedStore:
    """Passes every call on to a real store, unless it was told to fail."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._failing: dict[str, Exception] = {}
        self.calls: list[str] = []
        """Names of the methods called so far."""

    def fail_next(self, method: str, error: Exception | None = None) -> None:
        """Let the next call of this method fail without reaching the store, as an outage does unless told else."""
        self._failing[method] = error or StoreUnavailableError("The store is out of reach (a test says so).")

    def __getattribute__(self, name: str) -> Any:
        """The store's own methods, observed."""
        if name.startswith("_") or name in ("calls", "fail_next"):
            return super().__getattribute__(name)
        return self._observed(name, getattr(self._store, name))

    def _observed(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: object, **named: object) -> Any:
            self.calls.append(name)
            if name in self._failing:
                raise self._failing.pop(name)
            return method(*args, **named)

        return call


def observe(store: Store) -> tuple[Store, ObservedStore]:
    """The store for the services, and the same for the test to look at."""
    observed = ObservedStore(store)
    return cast("Store", observed), observed
