from collections.abc import Iterator

import pytest

from tests.simulators.desk import Desk, opened


@pytest.fixture
def desk() -> Iterator[Desk]:
    with opened() as desk:
        yield desk
