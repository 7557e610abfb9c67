"""The data directory: one process at a time writes it."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from giftbot.errors import DataDirectoryError

LOCK_NAME = "giftbot.lock"
_LOCKS_OF_THE_SYSTEM = Path("/proc/locks")


@contextmanager
def lock_directory(path: Path) -> Iterator[None]:
    """Create the directory (for its owner alone) and hold its lock; the system gives it back when the process ends.

    Raises `DataDirectoryError` when another process holds it, or when it cannot be written.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DataDirectoryError(
            f"The data directory {path} cannot be written ({error.strerror}): check its owner and permissions, or"
            " set GIFTBOT_DATA_DIR to another one."
        ) from error
    try:
        _lock(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {socket.gethostname()}\n".encode(), 0)
    except OSError as error:
        if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
            raise DataDirectoryError(f"The data directory {path} cannot be locked ({error.strerror}).") from error
        pid, _, host = os.pread(descriptor, 200, 0).decode(errors="replace").strip().partition(" ")
        holder = f"process {pid} on {host}" if pid else "another process"
        raise DataDirectoryError(
            f"The data directory {path} is in use by {holder}: stop that giftbot first, or give this one a"
            " GIFTBOT_DATA_DIR of its own."
        ) from error


@attrs.frozen
class Holder:
    """The process whose bot works on a data directory."""

    pid: int
    host: str
    is_certain: bool
    """False when it runs where this process cannot see it (another container or machine): it may have ended."""


def lock_holder(path: Path) -> Holder | None:
    """Who holds the lock of a data directory; None when nobody does. Raises `OSError` when it cannot be read.

    The lock is not touched: a bot that starts at this very moment must not find it held by who only looks.
    """
    file = path / LOCK_NAME
    try:
        status = file.stat()
        words = file.read_text(encoding="utf-8", errors="replace").split()
    except FileNotFoundError:
        return None
    pid, host = (int(words[0]), words[1]) if len(words) == 2 and words[0].isdecimal() else (0, "")
    for holding, device, inode in _held_locks():
        if inode == status.st_ino and (device == status.st_dev or holding == pid):
            return Holder(holding, host or socket.gethostname(), is_certain=True)
    if not pid:
        return None
    if host != socket.gethostname():
        return Holder(pid, host, is_certain=False)
    if _LOCKS_OF_THE_SYSTEM.exists():
        return None
    return Holder(pid, host, is_certain=False) if _is_running(pid) else None


def _held_locks() -> Iterator[tuple[int, int, int]]:
    """Process, device and inode of each lock of this kind that this process can see (Linux, see proc_locks(5))."""
    try:
        lines = _LOCKS_OF_THE_SYSTEM.read_text(encoding="ascii").splitlines()
    except OSError:
        return
    for line in lines:
        words = line.split()
        if len(words) == 8 and words[1] == "FLOCK":
            major, minor, inode = words[5].split(":")
            yield int(words[4]), os.makedev(int(major, 16), int(minor, 16)), int(inode)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
