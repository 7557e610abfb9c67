"""Checks requests against Discord's own OpenAPI description.

jsonschema is imported only when a description is given: it is a dependency of the tests, not of the bot.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from giftbot.sandbox.payload import Payload

Check = Callable[[object], list[str]]
"""Returns what is wrong with a body."""

ALLOWED: dict[str, str] = {
    r"^POST /guilds/\{guild_id\}/members-search: the route is not": "Discord has it but does not describe it",
    r"attachments\[\d+\]\.id: \d+ is not of type 'string'": "hikari numbers files with integers",
}
"""Deviations of hikari that Discord takes, as patterns of sentences, and the reason for each."""

_PARAMETER = re.compile(r"\{\w+\}")
_BODIES = ("application/json", "multipart/form-data")


class Spec:
    """An OpenAPI description, with validators that are compiled on first use and kept."""

    def __init__(self, path: Path) -> None:
        self._document: Payload = json.loads(path.read_text(encoding="utf-8"))
        self._operations: dict[tuple[str, str], Payload] = {}
        self._checks: dict[tuple[str, str], Check] = {}
        self._keys: dict[tuple[str, str], frozenset[str] | None] = {}
        for template, item in self._document["paths"].items():
            for method, operation in item.items():
                if method == "parameters":
                    continue
                parameters = [*item.get("parameters", []), *operation.get("parameters", [])]
                key = (method.upper(), _PARAMETER.sub("{}", template))
                self._operations[key] = {**operation, "parameters": parameters}

    def check(
        self, method: str, route: str, query: Mapping[str, str], body: Payload | list[Payload] | None
    ) -> list[str]:
        """Return what deviates from the description, one sentence each."""
        key = (method, _PARAMETER.sub("{}", route))
        operation = self._operations.get(key)
        if operation is None:
            found = ["the route is not in the description"]
        else:
            found = [*self._check_query(operation, query), *self._check_body(key, operation, body)]
        name = f"{method} {route}"
        return [one for one in (f"{name}: {each}" for each in found) if not _allowed(one)]

    def _check_query(self, operation: Payload, query: Mapping[str, str]) -> list[str]:
        declared = {
            one["name"]: self._resolve(one["schema"]) for one in operation["parameters"] if one["in"] == "query"
        }
        found = [f"query parameter {name!r} is unknown" for name in query if name not in declared]
        for name, schema in declared.items():
            value = query.get(name)
            if value is None:
                continue
            kinds = schema.get("type")
            if kinds == "integer" and not value.lstrip("-").isdecimal():
                found.append(f"query parameter {name!r} is no integer: {value!r}")
            if kinds == "boolean" and value not in {"true", "false"}:
                found.append(f"query parameter {name!r} is no boolean: {value!r}")
        return found

    def _check_body(self, key: tuple[str, str], operation: Payload, body: object) -> list[str]:
        schema = self._body_schema(operation)
        if schema is None:
            return [] if body is None else ["a body is sent where none is described"]
        if body is None:
            return ["the body is missing"] if operation["requestBody"].get("required") else []
        if key not in self._checks:
            self._checks[key] = self._compile(schema)
            self._keys[key] = self._known_keys(schema)
        check, known = self._checks[key], self._keys[key]
        found = check(body)
        if known is not None and isinstance(body, dict):
            found += [f"field {name!r} is unknown" for name in body if name not in known]
        return found

    def _body_schema(self, operation: Payload) -> Payload | None:
        content = operation.get("requestBody", {}).get("content", {})
        for media_type in _BODIES:
            if media_type in content:
                schema: Payload = content[media_type]["schema"]
                return schema
        return None

    def _compile(self, schema: Payload) -> Check:
        from jsonschema import Draft202012Validator  # noqa: PLC0415 - only with a description
        from jsonschema.exceptions import best_match  # noqa: PLC0415 - only with a description

        validator = Draft202012Validator({**schema, "components": self._document["components"]})

        def check(body: object) -> list[str]:
            if validator.is_valid(body):
                return []
            errors = [best_match([error]) for error in validator.iter_errors(body)]
            return [f"{error.json_path}: {error.message}" for error in errors]

        return check

    def _resolve(self, schema: Payload) -> Payload:
        while "$ref" in schema:
            target: Payload = self._document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            schema = target
        return schema

    def _known_keys(self, schema: Payload) -> frozenset[str] | None:
        """Return the names of the fields an object may have, None if it may have any."""
        schema = self._resolve(schema)
        parts = [part for name in ("allOf", "anyOf", "oneOf") for part in schema.get(name, [])]
        keys = set(schema.get("properties", {}))
        for part in parts:
            known = self._known_keys(part)
            if known is None and self._resolve(part).get("type") != "null":
                return None
            keys |= known or frozenset()
        return frozenset(keys) if keys else None


def _allowed(deviation: str) -> bool:
    return any(re.search(pattern, deviation) for pattern in ALLOWED)
