"""A row of `migrations` as a plain document of JSON values, the same in both stores."""

from __future__ import annotations

from datetime import datetime

from cattrs import Converter
from cattrs.errors import BaseValidationError

from giftbot.models.migration import Migration
from giftbot.stores.documents import Document, read_moment, without_nones


def _moment(value: object, _: object) -> datetime:
    moment = read_moment(value)
    if moment is None:
        raise ValueError(f"not a moment: {value!r}")
    return moment


_CONVERTER = Converter()
_CONVERTER.register_unstructure_hook(datetime, lambda moment: moment.isoformat(timespec="milliseconds"))
_CONVERTER.register_structure_hook(datetime, _moment)


def migration_document(migration: Migration) -> Document:
    """What is stored of a source, without its name, which is the row's id."""
    document: Document = _CONVERTER.unstructure(migration)
    del document["name"]
    return without_nones(document)


def read_migration(name: str, document: Document) -> Migration | None:
    """What is known of a source; None for a row that cannot be read: then the source is new."""
    fields = {key: value for key, value in document.items() if key != "_id"}
    try:
        return _CONVERTER.structure({**fields, "name": name}, Migration)
    except (BaseValidationError, KeyError, TypeError, ValueError):
        return None
