"""Files that are replaced as a whole."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from giftbot.files import keep_one_before


@pytest.mark.parametrize("has_links", [True, False])
def test_the_file_before_is_kept(has_links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also on a disk without links, as FAT and some network disks are."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    if not has_links:
        monkeypatch.setattr(os, "link", refuse)
    path, backup = tmp_path / "copy.json", tmp_path / "copy.json.bak"
    keep_one_before(path, backup)
    assert not backup.exists()
    for number in ("1", "2"):
        path.write_text(number)
        keep_one_before(path, backup)
        path.with_suffix(".new").write_text("3")
        path.with_suffix(".new").replace(path)
        assert backup.read_text() == number
