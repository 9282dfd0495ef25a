"""A rig on a database of each test alone."""

from collections.abc import Iterator

import pytest

from tests.storage.rig import Rig, rig_on


@pytest.fixture
def rig(database_url: str) -> Iterator[Rig]:
    with rig_on(database_url) as made:
        yield made
