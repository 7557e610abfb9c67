"""How a call is signed: `sign` is the MD5 of the fields and a constant that the game's page carries."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from urllib.parse import quote_plus


def signature(fields: Mapping[str, str], salt: str) -> str:
    """Lowercase hexadecimal MD5: the fields sorted, joined as `k=v` with `&`, not URL-encoded, then `salt`."""
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
    return hashlib.md5((text + salt).encode(), usedforsecurity=False).hexdigest()


def signed_form(fields: Mapping[str, str], salt: str) -> bytes:
    """The body of a call, `application/x-www-form-urlencoded`: `sign` and the fields, whose names are plain."""
    values = "&".join([f"{name}={quote_plus(value)}" for name, value in fields.items()])
    return f"sign={signature(fields, salt)}&{values}".encode("ascii")
