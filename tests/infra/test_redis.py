"""Connections to a real Valkey, and the boot check of its policy."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import ConnectionError as RedisConnectionError
from redis import Redis

from infra.redis import Line, connect, policy_problem, room_problem

pytestmark = pytest.mark.integration


@pytest.fixture
def policy(redis_client: Redis) -> Iterator[Redis]:
    before = redis_client.info("memory")["maxmemory_policy"]
    yield redis_client
    redis_client.config_set("maxmemory-policy", before)


def test_bytes_come_back_as_bytes_unless_text_is_asked_for(redis_url: str) -> None:
    with connect(redis_url) as plain, connect(redis_url, decode=True) as reading:
        plain.set("greeting", "g'day")

        assert plain.get("greeting") == b"g'day"
        assert reading.get("greeting") == "g'day"


def test_a_socket_outwaits_what_waits_at_the_server_and_not_for_ever(redis_url: str) -> None:
    with connect(redis_url, waits=30) as waiting, connect(redis_url) as plain:
        assert waiting.connection_pool.connection_kwargs["socket_timeout"] == 35.0
        assert plain.connection_pool.connection_kwargs["socket_timeout"] == 5.0
        begun = time.monotonic()

        assert waiting.blpop(["nothing-comes"], timeout=0.2) is None
        assert time.monotonic() - begun >= 0.19


def test_nobody_waits_for_a_line_that_is_taken(redis_url: str, redis_client: Redis) -> None:
    with connect(redis_url, waits=30) as client, ThreadPoolExecutor(1) as pool:
        line = Line(client)
        taken = pool.submit(line.execute, "BLPOP", "a-word", 30)
        while not any(one["cmd"] == "blpop" for one in redis_client.client_list(_type="normal")):
            assert not taken.done()

        line.execute("RPUSH", "a-word", "go on")

        assert taken.result(timeout=10)[1] == b"go on"


def test_a_line_outlives_its_connection(redis_url: str, redis_client: Redis) -> None:
    line = Line(connect(redis_url))
    line.execute("SET", "kept", "1")
    redis_client.client_kill_filter(_type="normal", skipme=True)

    assert line.execute("GET", "kept") == b"1"


def test_a_server_that_evicts_nothing_may_carry_queues(policy: Redis) -> None:
    policy.config_set("maxmemory-policy", "noeviction")

    assert policy_problem(policy) is None


@pytest.mark.parametrize("name", ["allkeys-lru", "volatile-ttl", "allkeys-random"])
def test_a_server_that_evicts_is_refused_with_what_to_do(policy: Redis, name: str) -> None:
    policy.config_set("maxmemory-policy", name)

    problem = policy_problem(policy)

    assert problem is not None
    assert name in problem
    assert "set maxmemory-policy to noeviction" in problem


def test_a_full_server_is_named_with_what_to_do(full: Redis) -> None:
    problem = room_problem(full)

    assert problem is not None
    assert problem.startswith("Redis is full")
    assert "raise its maxmemory" in problem


def test_a_server_that_cannot_save_is_named_with_what_to_do(without_disk: Redis) -> None:
    problem = room_problem(without_disk)

    assert problem is not None
    assert problem.startswith("Redis takes nothing in until it can write to its disk again")
    without_disk.config_set("save", "")
    assert room_problem(without_disk) is None


@pytest.mark.parametrize("most", [0, 1024**3])
def test_a_server_with_room_or_without_a_limit_is_fine(full: Redis, most: int) -> None:
    full.config_set("maxmemory", most)

    assert room_problem(full) is None


def test_a_server_that_is_away_is_noticed_soon() -> None:
    client = connect("redis://127.0.0.1:1/0", retries=0, seconds=0.5)

    with pytest.raises(RedisConnectionError):
        client.ping()
