"""`ops completion`, as a shell uses it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ops.runs import run_here

_ASK = """
set -eu
source <(ops completion bash)
complete -p ops
for words in "$@"; do
    COMP_WORDS=($words)
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _ops_completion ops
    echo "${COMPREPLY[*]}"
done
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes() -> None:
    """Commands, commands of groups, options and the words of an option, once the script was sourced."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    asked = ("ops sta", "ops codes rele", "ops inspect sent --sta", "ops inspect sent --state unkn", "ops nothing")
    done = subprocess.run(
        ["bash", "-c", _ASK, "bash", *asked],
        env={**os.environ, "PATH": path, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "complete -o default -F _ops_completion ops",
        "stats",
        "release",
        "--state",
        "unknown",
        "",
    ]
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("shell", "begins"), [("zsh", "#compdef ops\n"), ("fish", "complete --command ops ")], ids=["zsh", "fish"]
)
def test_other_shells(shell: str, begins: str) -> None:
    """Each has a script of its own, which asks the same command."""
    run = run_here({}, "completion", shell)
    assert run.code == 0
    assert run.out.startswith(begins)
    assert f"_OPS_COMPLETE=complete_{shell}" in run.out


def test_a_shell_that_is_not_known() -> None:
    """It is answered with those that are."""
    run = run_here({}, "completion", "tcsh")
    assert (run.code, run.out) == (2, "")
    for shell in ("bash", "zsh", "fish"):
        assert shell in run.err
