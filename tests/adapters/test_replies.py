"""Everybody who waits for an answer is woken, also where it came before they began to wait."""

import asyncio
from uuid import uuid4

import pytest
import redis
import structlog
from structlog.testing import capture_logs

from adapters.replies import KEPT_SECONDS, Replies, Teller
from infra.redis import connect
from tests.silence import line_to

pytestmark = pytest.mark.integration


def test_all_who_wait_for_one_answer_are_woken(redis_url: str, redis_client: redis.Redis) -> None:
    row_id, replies = uuid4(), Replies(redis_url)
    replies.start()

    async def scene() -> None:
        first, gone, last = (replies.expect(row_id) for _ in range(3))
        assert gone is first
        replies.forget(row_id)
        await asyncio.to_thread(Teller(redis_client).tell, replies.name, row_id)
        await asyncio.wait_for(asyncio.gather(first.wait(), last.wait()), timeout=10)

    asyncio.run(scene())
    replies.stop()


def test_an_answer_that_was_quicker_than_the_question_is_heard(
    redis_url: str, redis_client: redis.Redis
) -> None:
    early, later, replies = uuid4(), uuid4(), Replies(redis_url)
    replies.start()

    async def scene() -> bool:
        known = replies.expect(later)
        for row_id in (early, later):
            await asyncio.to_thread(Teller(redis_client).tell, replies.name, row_id)
        await asyncio.wait_for(known.wait(), timeout=10)
        return replies.expect(early).is_set()

    assert asyncio.run(scene())
    replies.stop()


def test_what_nobody_hears_is_forgotten(redis_client: redis.Redis) -> None:
    Teller(redis_client).tell("gone", uuid4())

    [kept] = redis_client.keys("*:answered:gone")
    assert 0 < redis_client.ttl(kept) <= KEPT_SECONDS


def test_that_nobody_could_be_told_is_a_line_of_the_log() -> None:
    structlog.reset_defaults()

    with capture_logs() as lines:
        Teller(connect("redis://127.0.0.1:1/0", retries=0)).tell("gone", uuid4())

    [told] = lines
    assert (told["event"], told["log_level"]) == ("reply.not_told", "warning")
    assert told["error"] == "ConnectionError"


def test_answers_are_heard_over_a_new_line_where_the_old_one_fell_silent(
    redis_url: str, redis_client: redis.Redis
) -> None:
    before, after = uuid4(), uuid4()
    with line_to(redis_url) as line:
        replies = Replies(line.url, wait=0.2)
        replies.start()

        async def scene() -> None:
            first, later = replies.expect(before), replies.expect(after)
            await asyncio.to_thread(Teller(redis_client).tell, replies.name, before)
            await asyncio.wait_for(first.wait(), timeout=10)
            line.fall_silent()
            await asyncio.to_thread(_nobody_listens, redis_client)
            await asyncio.to_thread(Teller(redis_client).tell, replies.name, after)
            await asyncio.wait_for(later.wait(), timeout=20)

        asyncio.run(scene())
        replies.stop()


def _nobody_listens(client: redis.Redis) -> None:
    """The server has noticed by now, so that nothing is told to a line that is gone."""
    while any(one["cmd"] == "blpop" for one in client.client_list(_type="normal")):
        continue
