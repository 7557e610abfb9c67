"""The option `--guild` of the commands that look."""

from __future__ import annotations

import pytest

from tests.ops.installation import QUIET, UNKNOWN, Installation
from tests.ops.runs import run_here

LOOKING = (
    ["stats"],
    ["inspect", "guilds"],
    ["inspect", "sent"],
    ["inspect", "players"],
    ["inspect", "jobs"],
    ["inspect", "redemptions"],
)


@pytest.mark.parametrize("command", LOOKING, ids=" ".join)
def test_a_server_that_is_not_known_is_no_server_without_posts(
    installation: Installation, command: list[str]
) -> None:
    """Zeros and empty lists are for known servers; for any other a sentence says how to list the known ones."""
    run = installation.run(*command, "--guild", str(UNKNOWN))
    assert (run.code, run.out) == (2, "")
    assert run.err == f"ops: Server {UNKNOWN} is not known here. The known ones: ops inspect guilds.\n"
    assert installation.run(*command, "--guild", str(UNKNOWN), "--json").code == 2
    assert installation.run(*command, "--guild", str(QUIET)).code == 0


@pytest.mark.parametrize("given", ["abc", "0", "-1", "1.5", "", "١٢", "9" * 19, "9" * 5_000])
@pytest.mark.parametrize("command", [["stats"], ["inspect", "sent"], ["reset"], ["doctor", "--live"]], ids=" ".join)
def test_what_is_no_id_is_named_with_what_is_allowed(command: list[str], given: str) -> None:
    """One sentence with the option, what it takes and what was given."""
    run = run_here({}, *command, f"--guild={given}")
    assert (run.code, run.out) == (2, "")
    assert run.err.splitlines()[-1] == (
        "Error: Invalid value for '--guild': A server's id is a whole number from 1 to 9223372036854775807, "
        f"not “{given}”. The servers that are known: ops inspect guilds."
    )


@pytest.mark.parametrize("given", ["x", "0", "1000001"])
def test_a_limit_that_is_no_number(given: str) -> None:
    """The sentence says what a limit may be."""
    run = run_here({}, "inspect", "sent", "--limit", given)
    assert run.code == 2
    assert f"The limit is a whole number from 1 to 1000000, not “{given}”." in run.err
