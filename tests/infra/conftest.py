"""A home in which the servers have run before."""

from pathlib import Path

import pytest

from tests.clusters import furnish


@pytest.fixture
def used_home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    furnish(home)
    return home
