"""A rig on a database of each test alone."""

from collections.abc import Iterator

import pytest

from adapters.storage.ledger import Ledger
from infra.database import engine
from tests.storage.rig import Rig


@pytest.fixture
def rig(database_url: str) -> Iterator[Rig]:
    db = engine(database_url, application_name="tests", pool_size=12)
    yield Rig(db, Ledger(db, worker="tests"))
    db.dispose()
