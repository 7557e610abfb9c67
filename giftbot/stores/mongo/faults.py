"""What PyMongo raises, told in our own errors. No message holds a password."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    ExecutionTimeout,
    InvalidURI,
    OperationFailure,
    PyMongoError,
    WriteConcernError,
)

from giftbot.errors import StoreError, StoreUnavailableError

DUPLICATE_KEY = 11000
_LOGIN = {18, 8000}
FORBIDDEN = frozenset({13})
"""Server codes for: this user may not."""

_PASSING = {6, 7, 50, 64, 89, 91, 112, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436}
"""Server codes for "not now": host unreachable, timeouts, shutting down, stepping down, conflicts."""

_CREDENTIALS = re.compile(r"(?<=//)[^/@\s]*@")


def redacted(text: str) -> str:
    """`text` without the user and password of any URI in it."""
    return _CREDENTIALS.sub("***@", text)


@contextmanager
def translated() -> Iterator[None]:
    """Turn what PyMongo raises into `StoreUnavailableError`, or `StoreError` where trying again cannot help."""
    try:
        yield
    except PyMongoError as error:
        # The cause is left out where it may repeat the URI.
        raise explained(error) from (None if isinstance(error, ConfigurationError) else error)


def explained(error: PyMongoError) -> StoreError:
    """The error to raise for one of PyMongo's."""
    if isinstance(error, (InvalidURI, ConfigurationError)):
        return unusable(error)
    code = error.code if isinstance(error, OperationFailure) else None
    if code in _LOGIN:
        return StoreError("MongoDB refuses the user name or password of MONGO_URI.")
    if code in FORBIDDEN:
        return StoreError(
            "MongoDB does not allow this user to read and write the database: give it readWrite on it."
        )
    if is_passing(error):
        return StoreUnavailableError(f"MongoDB is out of reach ({_name(error)}).")
    return StoreError(f"MongoDB refused an operation ({_name(error)}): {redacted(str(error))[:300]}")


def unusable(error: Exception) -> StoreError:
    """The error to raise for a URI that cannot be used."""
    return StoreError(f"MONGO_URI cannot be used: {redacted(str(error))}")


def is_passing(error: PyMongoError) -> bool:
    """Whether the fault may pass by itself: the operation may or may not have happened."""
    if isinstance(error, (ConnectionFailure, ExecutionTimeout, WriteConcernError)) or error.timeout:
        return True
    if isinstance(error, BulkWriteError):
        return bool(error.details and error.details.get("writeConcernErrors"))
    return error.has_error_label("RetryableWriteError") or (
        isinstance(error, OperationFailure) and error.code in _PASSING
    )


def duplicates(error: BulkWriteError) -> Mapping[int, object]:
    """The positions of the writes that failed because the row exists; raises what else went wrong."""
    details = error.details or {}
    failed = details.get("writeErrors", [])
    others = [item for item in failed if item.get("code") != DUPLICATE_KEY]
    if others or is_passing(error):
        raise explained(error) from error
    return {int(item["index"]): item for item in failed}


def _name(error: PyMongoError) -> str:
    details = error.details if isinstance(error, OperationFailure) else None
    name = details.get("codeName") if details else None
    return str(name or type(error).__name__)
