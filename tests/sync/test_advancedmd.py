"""An office at AdvancedMD: read by its columns and days, and equal to what is true there."""

from collections.abc import Iterator

import pytest
import redis

from tests.sync.amd import Office, office

pytestmark = pytest.mark.integration


@pytest.fixture
def clinic(database_url: str, redis_client: redis.Redis) -> Iterator[Office]:
    with office(database_url, redis_client) as connected:
        yield connected


def test_the_sheet_is_what_is_true_at_the_office(clinic: Office) -> None:
    run = clinic.sync()

    assert run["status"] == "success"
    assert len(clinic.rows()) > 50
    assert clinic.wrong() == []
