"""The check against Discord's OpenAPI description."""

from __future__ import annotations

import json
from pathlib import Path

import aiohttp
import pytest

from giftbot.sandbox import Limits, Sandbox
from giftbot.sandbox.spec import Spec

DOCUMENT = {
    "paths": {
        "/things/{thing_id}": {
            "parameters": [{"name": "thing_id", "in": "path", "schema": {"type": "string"}}],
            "post": {
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer"}}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                },
            },
        }
    },
    "components": {
        "schemas": {
            "Thing": {"type": "object", "properties": {"name": {"$ref": "#/components/schemas/Name"}}},
            "Name": {"type": "string", "maxLength": 3},
        }
    },
}


@pytest.fixture
def spec(tmp_path: Path) -> Spec:
    """A small description."""
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(DOCUMENT))
    return Spec(path)


def test_valid_request(spec: Spec) -> None:
    """A request as described has no findings, whatever the parameter's name."""
    assert spec.check("POST", "/things/{id}", {"limit": "3"}, {"name": "abc"}) == []


@pytest.mark.parametrize(
    ("method", "query", "body", "finding"),
    [
        ("GET", {}, None, "route is not in the description"),
        ("POST", {}, None, "body is missing"),
        ("POST", {}, {"name": "abcd"}, "$.name: 'abcd' is too long"),
        ("POST", {}, {"nick": "abc"}, "field 'nick' is unknown"),
        ("POST", {"limit": "x"}, {}, "'limit' is no integer"),
        ("POST", {"offset": "1"}, {}, "'offset' is unknown"),
    ],
)
def test_deviations(
    spec: Spec, method: str, query: dict[str, str], body: dict[str, object] | None, finding: str
) -> None:
    """Each deviation is one sentence that names the route and the place."""
    (found,) = spec.check(method, "/things/{thing_id}", query, body)
    assert found.startswith(f"{method} /things/{{thing_id}}: ")
    assert finding in found


async def test_deviation_from_discord_is_found(tmp_path: Path) -> None:
    """A sandbox with a description notes what deviates; without one it does not look."""
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(DOCUMENT))
    for given, count in ((path, 1), (None, 0)):
        async with Sandbox(spec=given, limits=Limits.none()) as sandbox, aiohttp.ClientSession() as session:
            headers = {"Authorization": f"Bot {sandbox.token}"}
            async with session.get(f"{sandbox.api_url}/users/@me", headers=headers) as response:
                assert response.status == 200
            assert len(sandbox.findings) == count


async def test_unknown_route_is_found() -> None:
    """A route that the sandbox lacks is refused and noted."""
    async with Sandbox() as sandbox, aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bot {sandbox.token}"}
        async with session.get(f"{sandbox.api_url}/sku/1", headers=headers) as response:
            assert response.status == 404
        assert sandbox.findings == ["GET /sku/1: no such route in the sandbox"]
