"""The database is gone just as a call is stored: what a caller hears is what became of it."""

import pytest
import redis

from tests.cutting import cut_at_commit
from tests.voice.line import line

pytestmark = pytest.mark.integration


def test_a_call_whose_storing_was_not_heard_of_is_looked_for_before_anything_is_said(
    database_url: str, redis_client: redis.Redis, redis_url: str
) -> None:
    with (
        cut_at_commit(database_url, of=b"INSERT INTO deliveries") as url,
        line(url, redis_client, redis_url) as phone,
        phone.worker(),
    ):
        said = phone.ask(
            "book-appointment", date=phone.day.isoformat(), time="9:30 am", type="cleaning"
        )

        assert "is confirmed for" in said
        assert [one.patient_id for one in phone.desk.book] == ["PAT-1001"]
        assert phone.value("SELECT count(*) FROM tool_calls") == 1
        assert phone.value("SELECT times FROM deliveries") == 2
