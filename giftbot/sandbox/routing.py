"""From a method and a path to the function that carries the request out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import attrs

from giftbot.sandbox import refusals
from giftbot.sandbox.payload import Payload
from giftbot.sandbox.world import World

Body = Payload | Sequence[Payload | None] | None
"""A JSON body; an entry of a list that is None is a fault on demand."""

Reply = tuple[int, Body]
"""A status and a JSON body."""


@attrs.define
class Call:
    """A request on its way to its function."""

    world: World
    method: str
    path: str
    route: str
    params: dict[str, str]
    query: dict[str, str]
    body: Payload | list[Payload] | None
    files: int
    """How many files came with a multipart form."""

    host: str
    """The address the request was sent to, for addresses in answers."""

    reason: str | None = None
    """For the audit log."""

    def id(self, name: str) -> int:
        """Return a parameter of the path as an id.

        Raises:
            ApiError: It is not a number (50035).
        """
        return _number(name, self.params[name])

    def query_id(self, name: str) -> int | None:
        """Return a parameter of the query as a number, None if absent."""
        return _number(name, self.query[name]) if name in self.query else None

    def form(self) -> Payload:
        """Return the body as a JSON object.

        Raises:
            ApiError: It is something else (50109).
        """
        if not isinstance(self.body, dict):
            raise refusals.ApiError(400, 50109, "The request body contains invalid JSON.")
        return self.body


def _number(name: str, text: str) -> int:
    if not text.isdecimal():
        raise refusals.invalid_form(name, "NUMBER_TYPE_COERCE", f'Value "{text}" is not snowflake.')
    return int(text)


Handler = Callable[[Call], Reply]
Route = tuple[str, str, Handler]
"""Method, template, function."""


@attrs.define
class _Node:
    fixed: dict[str, _Node] = attrs.Factory(dict)
    variable: _Node | None = None
    name: str = ""
    template: str = ""
    handlers: dict[str, Handler] = attrs.Factory(dict)


class Router:
    """Finds routes by the segments of a path; fixed segments win over parameters."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for method, template, handler in routes:
            self._add(method, template, handler)

    def _add(self, method: str, template: str, handler: Handler) -> None:
        node = self._root
        for segment in template.strip("/").split("/"):
            if segment.startswith("{"):
                if node.variable is None:
                    node.variable = _Node()
                    node.variable.name = segment[1:-1]
                node = node.variable
            else:
                node = node.fixed.setdefault(segment, _Node())
        node.template = template
        node.handlers[method] = handler

    def find(self, method: str, path: str) -> tuple[str, Handler, dict[str, str]] | None:
        """Return template, function and parameters, or None if there is no such route."""
        node = self._root
        params: dict[str, str] = {}
        for segment in path.strip("/").split("/"):
            following = node.fixed.get(segment)
            if following is None:
                following = node.variable
                if following is None:
                    return None
                params[following.name] = segment
            node = following
        handler = node.handlers.get(method)
        return (node.template, handler, params) if handler is not None else None
