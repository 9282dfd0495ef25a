import pytest
import redis
from sqlalchemy import create_engine, inspect, text

pytestmark = pytest.mark.integration


def tables_of(url: str) -> list[str]:
    engine = create_engine(url)
    names = inspect(engine).get_table_names()
    engine.dispose()
    return names


def leave_a_mark(url: str) -> bool:
    """Whether the mark was new."""
    engine = create_engine(url)
    with engine.begin() as connection:
        found = connection.execute(text("SELECT to_regclass('mark')")).scalar_one()
        connection.execute(text("CREATE TABLE IF NOT EXISTS mark (id int)"))
    engine.dispose()
    return found is None


@pytest.mark.parametrize("nth", [1, 2])
def test_every_test_gets_a_migrated_database_of_its_own(database_url: str, nth: int) -> None:
    assert "jobs" in tables_of(database_url)
    assert leave_a_mark(database_url)


def test_an_empty_database_has_no_table(empty_database_url: str) -> None:
    assert tables_of(empty_database_url) == []


def test_the_database_of_a_module_is_migrated(module_database_url: str) -> None:
    assert "jobs" in tables_of(module_database_url)


@pytest.mark.parametrize("nth", [1, 2])
def test_every_test_starts_with_an_empty_redis(
    redis_client: redis.Redis, redis_url: str, nth: int
) -> None:
    with redis.Redis.from_url(redis_url) as other:
        assert other.dbsize() == 0
        other.set("mark", nth)
    assert redis_client.get("mark") == str(nth).encode()
