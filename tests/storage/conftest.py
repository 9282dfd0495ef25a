"""A rig on a database of each test alone."""

from collections.abc import Iterator

import pytest

from infra.sealing import Keyring, Sealer
from tests.storage.desk import Desk, desk_of
from tests.storage.rig import Rig, rig_on


@pytest.fixture
def rig(database_url: str) -> Iterator[Rig]:
    with rig_on(database_url) as made:
        yield made


@pytest.fixture
def desk(rig: Rig) -> Desk:
    return desk_of(rig.engine, Sealer(Keyring.from_hex("0f" * 32)), rig.connect("site"))
