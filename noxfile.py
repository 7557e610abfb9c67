"""What is run on every change: `nox`; and what is run now and then: `nox -s bench`, `nox -s lock`."""

import os
from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "tests"]
nox.options.reuse_existing_virtualenvs = True
nox.options.default_venv_backend = "venv"

REQUIREMENTS = Path("requirements")
GROUPS = ("lint", "types", "tests")


def install(session: nox.Session, group: str) -> None:
    """Install a group's locked packages, checked by hash, and this project without resolving anything."""
    session.install("--require-hashes", "-r", str(REQUIREMENTS / f"{group}.txt"))
    if group != "lint":
        session.install("--no-deps", "-e", ".")


@nox.session
def lint(session: nox.Session) -> None:
    """Style, format, and which module may import which."""
    install(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports", env={"PYTHONPATH": "."})


@nox.session
def types(session: nox.Session) -> None:
    """Strict types."""
    install(session, "types")
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """Unit and contract tests, and whole runs on the sandbox.

    A test that fails is run up to twice more, for a machine that starves processes; the summary names it (R), and
    it is to be mended as if it had failed.
    """
    install(session, "tests")
    workers = os.environ.get("TEST_WORKERS", "3")
    session.run("pytest", "-n", workers, "--dist", "worksteal", "--reruns", "2", "-r", "aR", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Speed and memory, as ratios to the bare thing in the same run; see docs/benchmarks.md."""
    install(session, "tests")
    session.run("python", "-m", "bench", *session.posargs)


@nox.session(venv_backend="none")
def lock(session: nox.Session) -> None:
    """Lock all dependencies again, with hashes and without addresses; needs uv."""
    session.run("uv", "lock", "--upgrade", external=True)
    export = ("uv", "export", "--quiet", "--locked", "--no-emit-project", "--no-emit-index-url", "--no-header")
    session.run(*export, "--no-default-groups", "-o", str(REQUIREMENTS / "run.txt"), external=True)
    for group in GROUPS:
        project = ("--only-group",) if group == "lint" else ("--no-default-groups", "--group")
        session.run(*export, *project, group, "-o", str(REQUIREMENTS / f"{group}.txt"), external=True)
