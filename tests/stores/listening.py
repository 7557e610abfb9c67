"""What a store asks of MongoDB: the commands that the driver sends, and what the server does for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from giftbot.stores.mongo.driver import MongoDatabase


class Listener(CommandListener):
    """Notes the commands that the driver sends."""

    def __init__(self) -> None:
        self.commands: list[dict[str, object]] = []

    def started(self, event: CommandStartedEvent) -> None:
        """Note a command."""
        self.commands.append({**event.command, "name": event.command_name})

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to note."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to note."""

    def take(self) -> list[str]:
        """The names of the commands since the last call."""
        names = [str(command["name"]) for command in self.commands]
        self.commands.clear()
        return names


def stages(plan: object) -> Iterator[dict[str, object]]:
    """Every stage of a query plan."""
    if isinstance(plan, dict):
        if "stage" in plan:
            yield plan
        for value in plan.values():
            yield from stages(value)
    elif isinstance(plan, list):
        for value in plan:
            yield from stages(value)


async def explained(database: MongoDatabase, commands: list[dict[str, object]]) -> list[tuple[set[str], int]]:
    """For each command that looks for rows: the indexes it uses, and how many rows it looks at."""
    found = []
    for command in commands:
        name = str(command["name"])
        body = {key: value for key, value in command.items() if key not in {"name", "lsid", "$db", "txnNumber"}}
        if name == "insert":
            continue
        body = {key: value for key, value in body.items() if not key.startswith("$") and key != "writeConcern"}
        if name == "update":
            body["updates"] = cast("list[object]", body["updates"])[:1]  # explain takes one
        explain = cast("dict[str, object]", {"explain": body, "verbosity": "executionStats"})
        result = await database.command(explain)  # type: ignore[arg-type]  # a document instead of a name
        plans = list(stages(result.get("queryPlanner", result)))
        indexes = {str(stage.get("indexName", stage["stage"])) for stage in plans if "SCAN" in str(stage["stage"])}
        indexes |= {str(stage["stage"]) for stage in plans if "IDHACK" in str(stage["stage"])}
        statistics = cast("dict[str, int]", result.get("executionStats", {}))
        found.append((indexes, statistics.get("totalDocsExamined", 0)))
    return found
