"""An office of its own for each test."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from infra.database import engine
from tests.pushes.office import Office


@pytest.fixture
def db(database_url: str) -> Iterator[Engine]:
    made = engine(database_url, application_name="tests", pool_size=5)
    yield made
    made.dispose()


@pytest.fixture
def office(db: Engine) -> Office:
    """A practice with one visit that both sides know."""
    made = Office(db)
    made.book.books("a-1")
    made.sync()
    return made
