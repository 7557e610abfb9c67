"""What mongomock-motor lacks: marks of tests that it cannot run."""

from __future__ import annotations

import pytest

bulk_updates = pytest.mark.mock_lacks("bulk_write with UpdateOne")
